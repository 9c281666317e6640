"""Dropout, and weights that are shared.

Two ideas of the note's last pages: leave units out while training, and use one small set of weights at every place of
an image.
"""

import numpy as np

from autograd import Tensor
from autograd.testing import check_gradients
from demos import common
from demos.notes.registry import Evidence, Setting, row
from nn import Conv2d, Dropout, Linear, Sequential, functional_call


@row("S1-18")
def dropout(e: Evidence, s: Setting) -> None:
    """Dropout: units left out with probability p while training, all of them at test time.

    The layer knows two modes. Training, it sets each entry to 0 with probability p and divides the others by 1 − p, so
    that the mean stays what it was; at test time it changes nothing.
    """
    e.formula("training: E[a ⊙ M / (1 − p)] = a,   M = 1 with probability 1 − p, else 0;     test: a")
    rng = np.random.default_rng(s.seed)
    a, draws, made = rng.uniform(0.5, 2, 4), 100_000, common.figure(1, 1, 6)
    for p, colour in ((0.2, common.BLUE), (0.5, common.RED)):
        layer = Dropout(p, rng=s.seed)
        dropped = layer(np.tile(a, (draws, 1)))
        share = float(np.mean(dropped == 0))
        # five standard deviations of the mean of 400,000 draws, so that no seed fails by chance
        e.equal(f"p = {p}: share of entries left out", p, share, 5 * np.sqrt((1 - p) / (p * 4 * draws)))
        e.equal(f"p = {p}: mean over {draws:,} masks is a", a, dropped.mean(0), 5 * np.sqrt(p / ((1 - p) * draws)))
        kept = dropped != 0
        e.equal(f"p = {p}: what is kept is a / (1 − p)", np.tile(a / (1 - p), (draws, 1))[kept], dropped[kept])
        means = np.cumsum(dropped[:2000, 0]) / np.arange(1, 2001)
        made[1][0, 0].semilogx(np.arange(1, 2001), means / a[0], color=colour, label=f"p = {p}", linewidth=1)
        e.equal(f"p = {p}: at test time, a itself", a, layer.eval()(a))
    made[1][0, 0].axhline(1, color=common.GREY, linewidth=0.8)
    made[1][0, 0].set(xlabel="masks", ylabel="mean of an entry, as a share of a")
    made[1][0, 0].legend(frameon=False)
    e.picture(made[0])
    model = Sequential(
        Linear(4, 6, rng=s.seed, dtype=np.float64), Dropout(0.5, rng=s.seed), Linear(6, 1, rng=s.seed, dtype=np.float64)
    )
    once, again = model(a[None]).data, model(a[None]).data
    e.holds("in training two passes differ", not np.array_equal(once, again), once, again)
    model.eval()
    e.equal("at test time they don't", model(a[None]), model(a[None]))
    leaf, layer = Tensor(np.ones(1000)), Dropout(0.5, rng=s.seed)
    out = layer(leaf)
    out.sum().backward()
    e.equal("backward: the same mask, so the gradient is what the forward pass made of 1", out.data, leaf.grad)


@row("S1-21")
def shared_weights(e: Evidence, s: Setting) -> None:
    """Shared weights: the parameters of a dense and of a convolutional layer.

    A dense layer from a million pixels to ten thousand units has ten thousand million weights. A convolutional one has
    as many as its filters have, whatever the image's size; its stride says how far apart the places are.
    """
    e.formula("dense: n_in · n_out + n_out;     convolution: c_out (c_in k² + 1);     places: ⌊(n + 2p − k) / s⌋ + 1")
    lines = []
    for side, units, filters, k in ((28, 100, 8, 3), (64, 500, 16, 5)):
        dense, conv = Linear(side**2, units, rng=0), Conv2d(1, filters, k, rng=0)
        counts = [sum(p.size for p in layer.parameters()) for layer in (dense, conv)]
        e.equal(f"{side} × {side} to {units} units: the dense layer", side**2 * units + units, counts[0])
        e.equal(f"{filters} filters of {k} × {k}: the convolutional layer", filters * (k * k + 1), counts[1])
        lines.append(
            f"{side:5} × {side:<5} dense to {units:6,}: {counts[0]:>14,}   {filters} filters {k} × {k}: {counts[1]:,}"
        )
    million = 1000 * 1000 * 10_000
    lines.append(f"{1000:5} × {1000:<5} dense to 10,000: {million:>14,}   16 filters 5 × 5: {16 * 26:,}")
    e.show("parameters (the last dense layer is only counted: it would take 40 GB)", "\n".join(lines))
    e.equal("a million pixels to 10,000 units, without biases: 10¹⁰", 10.0**10, float(million))
    rng = np.random.default_rng(s.seed)
    for stride, padding in ((1, 0), (2, 0), (2, 1), (3, 2)):
        layer, x = (
            Conv2d(2, 3, 3, stride=stride, padding=padding, rng=rng, dtype=np.float64),
            rng.standard_normal((1, 2, 9, 8)),
        )
        sizes = [(n + 2 * padding - 3) // stride + 1 for n in (9, 8)]
        e.equal(f"9 × 8, kernel 3, stride {stride}, padding {padding}: places", sizes, list(layer(x).shape[2:]))
        w, b = (p.numpy() for p in layer.parameters())
        padded, by_hand = np.pad(x[0], ((0, 0), (padding,) * 2, (padding,) * 2)), np.zeros((3, *sizes))
        for o, p, q in np.ndindex(*by_hand.shape):
            seen = padded[:, stride * p : stride * p + 3, stride * q : stride * q + 3]
            by_hand[o, p, q] = (w[o] * seen).sum() + b[o]
        e.equal(f"stride {stride}, padding {padding}: the sums by loops, and the layer", by_hand, layer(x)[0])
        verdict = check_gradients(
            lambda tree, x, layer=layer: functional_call(layer, tree, x), layer.parameter_tree(), x
        )
        e.holds(
            f"stride {stride}, padding {padding}: its gradients are right",
            verdict,
            f"{verdict.checked} entries checked",
        )
