"""Draw eleven computations, from one neuron to a graph of 10,000 nodes, and one page to step through.

The pictures in docs/gallery are this program's.
"""

import argparse
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd import Tensor, Value, draw, explain, record, sigmoid, softmax, to_html, value_and_grad
from autograd.export.diagram import Box, Diagram, Edge
from autograd.export.drawing import Drawing
from autograd.passes import optimise

Case = Callable[[], Any]


def neuron() -> tuple[Any, list[Value]]:
    """One neuron with two inputs, the weights that make its output 1/√2."""
    x = [Value(2.0, label="x1"), Value(0.0, label="x2")]
    w = [Value(-3.0, label="w1"), Value(1.0, label="w2")]
    z = x[0] * w[0] + x[1] * w[1] + Value(6.8813735870195432, label="b")
    z.label = "z"
    y = z.tanh()
    y.label = "y"
    y.backward()
    return y, x


def one_neuron() -> Any:
    """Draw one neuron."""
    y, x = neuron()
    return draw(y, inputs=x)


def square() -> Any:
    """Draw x · x: one operand, two edges."""
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    return draw(y)


def xor() -> tuple[Any, list[Value]]:
    """The loss of a 2-2-1 network of scalars on one point of XOR."""
    x = [Value(1.0, label="x1"), Value(-1.0, label="x2")]
    hidden = []
    for i, (b, row) in enumerate([(0.1, (0.5, -0.4)), (-0.2, (0.3, 0.8))], start=1):
        z = Value(b, label=f"b{i}")
        for j, w in enumerate(row, start=1):
            z = z + Value(w, label=f"w{i}{j}") * x[j - 1]
        hidden.append(z.tanh())
    out = (hidden[0] * Value(0.7, label="u1") + hidden[1] * Value(-0.6, label="u2")).tanh()
    loss = (out - 1.0) ** 2
    loss.label = "J"
    loss.backward()
    return loss, x


def scalar_network() -> Any:
    """Draw the 2-2-1 network."""
    loss, x = xor()
    return draw(loss, inputs=x)


def modules() -> Any:
    """Draw an MLP of `nn`, a frame for every module."""
    x = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)
    return nn.draw(nn.MLP([4, 8, 3], "tanh", rng=0), x)


def both_sweeps() -> Any:
    """Draw a program forward and backward, a frame for each."""
    x = np.random.default_rng(0).normal(size=(5, 3))
    return draw(record(lambda x, w: (np.tanh(x @ w) ** 2).mean(), x, np.ones((3, 2))), sweep="both")


def _weight(rng: np.random.Generator, name: str, *shape: int) -> Tensor:
    return Tensor(rng.normal(size=shape) / np.sqrt(shape[0]), label=name)


def attention() -> Any:
    """Draw one head of attention with a residual connection."""
    rng = np.random.default_rng(0)
    x = Tensor(rng.normal(size=(6, 8)), label="x")
    q, k, v = (x @ _weight(rng, f"attention.{name}.weight", 8, 8) for name in ("query", "key", "value"))
    mixed = softmax(q @ k.T / np.sqrt(8.0)) @ v
    out = x + mixed @ _weight(rng, "attention.out.weight", 8, 8)
    loss = (out**2).mean()
    loss.backward()
    return draw(loss, inputs=[x])


def lstm_cell() -> Any:
    """Draw one step of an LSTM cell."""
    rng = np.random.default_rng(0)
    x, h, c = (Tensor(rng.normal(size=(2, n)), label=name) for name, n in (("x", 3), ("h", 4), ("c", 4)))
    gates = x @ _weight(rng, "W", 3, 16) + h @ _weight(rng, "U", 4, 16) + Tensor(np.zeros(16), label="b")
    forget, enter, emit, new = gates[:, :4], gates[:, 4:8], gates[:, 8:12], gates[:, 12:]
    for gate, name in ((forget, "f"), (enter, "i"), (emit, "o"), (new, "g")):
        gate.label = f"z_{name}"
    cell = sigmoid(forget) * c + sigmoid(enter) * np.tanh(new)
    cell.label = "c′"
    out = sigmoid(emit) * np.tanh(cell)
    out.label = "h′"
    out.sum().backward()
    return draw(out, inputs=[x, h, c])


def recurrent() -> Any:
    """Draw three steps of a recurrent network: shared weights, unrolled in time."""
    rng = np.random.default_rng(0)
    w, u = _weight(rng, "W", 2, 3), _weight(rng, "U", 3, 3)
    h: Any = Tensor(np.zeros((1, 3)), label="h0")
    inputs = [h]
    for t in range(1, 4):
        x = Tensor(rng.normal(size=(1, 2)), label=f"x{t}")
        inputs.append(x)
        h = np.tanh(x @ w + h @ u)
        h.label = f"h{t}"
    loss = (h**2).sum()
    loss.backward()
    return draw(loss, inputs=inputs)


def deep_model() -> Any:
    """Draw a network of twenty layers with its modules closed."""
    x = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
    return nn.draw(nn.MLP([4, *[8] * 9, 1], "tanh", rng=0), x, depth=0)


def ten_thousand() -> Any:
    """Draw 10,000 scalar operations: bands of levels with counts and the steepest gradient."""
    rng = random.Random(0)  # noqa: S311  (numbers for a picture)
    weights = [Value(rng.uniform(-1.2, 1.2)) for _ in range(50)]
    s = z = Value(1.0)
    for k in range(6000):
        z = z * weights[k % 50] + s if k % 3 else z.tanh()
    z.backward()
    return draw(z)


def compiled() -> Any:
    """Draw what `jit` does to a function: recorded as a program, which a backend runs."""
    program = optimise(record(value_and_grad(lambda x: np.sum(np.tanh(x) ** 2)), np.ones(3)))
    inner = draw(program).diagram
    inside = [replace(box, group=("program: value and gradient",)) for box in inner.boxes]
    boxes = [Box("f(x)", "leaf", detail=("sum(tanh(x) ** 2)", "recorded once"))]
    boxes += [*inside, *(Box(name, "op", detail=lines) for name, lines in BACKENDS.items())]
    sources = {edge.source for edge in inner.edges}
    first = [k for k, box in enumerate(inside, 1) if box.role == "input"]
    last = [k for k in range(1, len(inside) + 1) if k - 1 not in sources]
    edges = [Edge(e.source + 1, e.target + 1, e.slot, e.label) for e in inner.edges]
    edges += [Edge(0, k) for k in first]
    edges += [Edge(k, len(boxes) - n, slot) for slot, k in enumerate(last) for n in (3, 2, 1)]
    return Drawing(Diagram(tuple(boxes), tuple(sorted(edges, key=lambda e: (e.target, e.slot)))), "right")


BACKENDS = {
    "numpy": ("calls into memory", "planned beforehand"),
    "numba": ("one compiled function,", "loops fused"),
    "tape": ("one interpreter for", "programs of scalars"),
}
CASES: dict[str, Case] = {
    "neuron": one_neuron,
    "square": square,
    "xor": scalar_network,
    "modules": modules,
    "both-sweeps": both_sweeps,
    "compiled": compiled,
    "attention": attention,
    "lstm-cell": lstm_cell,
    "recurrent": recurrent,
    "deep-model": deep_model,
    "ten-thousand": ten_thousand,
}


def main() -> None:
    """Write every picture as SVG, and the page and the derivation of one neuron and of the 2-2-1 network."""
    parser = argparse.ArgumentParser(prog="python -m demos.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/gallery"), help="folder to write to")
    parser.add_argument("--quick", action="store_true", help="the same; the whole takes seconds")
    parser.add_argument("--seed", type=int, default=0, help="not used: the pictures are fixed")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in CASES.items():
        drawing = make()
        print(f"{drawing.save(folder / f'{name}.svg')}: {drawing!r}")
    loss, x = xor()
    (folder / "xor.html").write_text(
        to_html(loss, inputs=x, title="Backward through a 2-2-1 network"), encoding="utf-8"
    )
    (folder / "xor.txt").write_text(explain(loss).text, encoding="utf-8")
    print(f"{folder / 'xor.html'}: open it in a browser and press the arrow keys")


if __name__ == "__main__":
    main()
