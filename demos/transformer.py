"""Teach a transformer's encoder layer to reverse sequences of digits, and draw where it looks.

Nothing tells it which place an answer comes from: attention finds the mirrored place by the embeddings of the places.
"""

import argparse
from typing import Any

import numpy as np

from autograd import no_grad
from demos import common
from demos.common import Array
from nn import Embedding, Linear, Module, MultiheadAttention, TransformerEncoderLayer, losses, optim

SYMBOLS = 10


class Reverser(Module):
    """Embeddings of symbols and places, encoder layers, and a linear layer to the symbols.

    Args:
        places: the length of the sequences.
        width: the size of the embeddings.
        heads: heads of attention.
        layers: encoder layers.
        rng: what the weights are drawn from.
    """

    def __init__(self, places: int, width: int, heads: int, layers: int, rng: np.random.Generator) -> None:
        self.places = np.arange(places)
        self.symbol, self.place = Embedding(SYMBOLS, width, rng=rng), Embedding(places, width, rng=rng)
        self.encoder = [
            TransformerEncoderLayer(width, heads, 2 * width, 0.0, batch_first=True, rng=rng) for _ in range(layers)
        ]
        self.head = Linear(width, SYMBOLS, rng=rng)

    def forward(self, x: Any) -> Any:
        """Return the scores of the symbols at each place of x, (examples, places)."""
        h = self.symbol(x) + self.place(self.places)
        for layer in self.encoder:
            h = layer(h)
        return self.head(h)

    def looks(self, x: Array) -> Array:
        """Return the first layer's attention, (examples, places, places), as a mean over the heads."""
        attention = self.encoder[0].self_attn
        assert isinstance(attention, MultiheadAttention)  # noqa: S101  (for the type checker)
        with no_grad():
            weights: Array = attention(self.symbol(x) + self.place(self.places))[1].numpy()
        return weights


def accuracy(model: Reverser, x: Array) -> tuple[float, float]:
    """Return the shares of right symbols and of sequences that are right as a whole."""
    right = model.predict(x).argmax(-1) == x[:, ::-1]
    return float(right.mean()), float(right.all(1).mean())


def main() -> None:
    """Run the demo."""
    parser = common.options("transformer", __doc__)
    parser.add_argument("--places", type=int, default=12, help="the length of a sequence")
    parser.add_argument("--steps", type=int, help="training steps")
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    """Train on fresh sequences, test and draw."""
    options.out.mkdir(parents=True, exist_ok=True)
    places, steps = options.places, options.steps or (60 if options.quick else 800)
    rng = np.random.default_rng(options.seed)
    model = Reverser(places, 32, 2, 1, rng)
    optimizer = optim.Optimizer(model, optim.Adam(optim.cosine(5e-3, steps)))
    tested = np.random.default_rng(999).integers(0, SYMBOLS, (500, places))
    found = []
    for step in range(steps):
        x = rng.integers(0, SYMBOLS, (64, places))
        optimizer.zero_grad()
        loss = losses.cross_entropy(model(x).reshape(-1, SYMBOLS), x[:, ::-1].reshape(-1))
        loss.backward()
        optimizer.step()
        found.append(loss.item())
        if (step + 1) % max(1, steps // 8) == 0:
            symbols, whole = accuracy(model, tested)
            print(
                f"step {step + 1:5}: loss {loss.item():.4f}, {symbols:.1%} of symbols, {whole:.1%} of sequences right"
            )
    figure, axes = common.figure(1, 2, 4.4)
    axes[0, 0].plot(range(1, steps + 1), found, color=common.BLUE)
    axes[0, 0].axhline(np.log(SYMBOLS), color=common.GREY, lw=1)
    axes[0, 0].set(xlabel="step", ylabel="cross-entropy", yscale="log", title="reversing sequences")
    axes[0, 0].grid(alpha=0.3)
    axes[0, 1].imshow(model.looks(tested[:200]).mean(0), cmap="Blues", vmin=0)
    axes[0, 1].set(xlabel="place looked at", ylabel="place that asks", title="attention, mean over heads")
    common.save(figure, options.out / "reversing.png")


if __name__ == "__main__":
    main()
