"""Mini-batches and regularisation.

A network that fits its training data perfectly may still be wrong elsewhere. The gap between the two is what these
techniques are about.
"""

from typing import Any

import numpy as np

from autograd import Tensor
from demos import common
from demos.common import Array
from demos.notes.registry import Evidence, Setting, row
from nn import MLP, DataLoader, GaussianNoise, data, losses, optim


def noisy_sine(n: int, seed: int) -> tuple[Array, Array]:
    """Points of a sine with noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (n, 1))
    return x, np.sin(3 * x) + 0.3 * rng.standard_normal((n, 1))


@row("S3-3", "S3-11")
def mini_batches(e: Evidence, s: Setting) -> None:
    """Epochs of mini-batches, from random first weights.

    Each epoch sees every example once, in a new order; the mean of the mini-batches' gradients is the whole's.
    """
    e.formula("one epoch: N / B steps;   mean over batches of ∂J_B/∂θ = ∂J/∂θ")
    x, y = noisy_sine(60, s.seed)
    model = MLP([1, 8, 1], "tanh", rng=s.seed, dtype=np.float64)
    losses.mse(model(x), y).backward()
    whole = [p.grad for p in model.parameters()]
    parts: list[list[Any]] = []
    seen = 0
    for bx, by in DataLoader(x, y, batch_size=12, shuffle=True, rng=s.seed):
        model.zero_grad()
        losses.mse(model(bx), by).backward()
        parts.append([p.grad for p in model.parameters()])
        seen += len(bx)
    e.equal("examples seen in an epoch", 60, seen)
    for i in range(len(whole)):
        e.equal(f"parameter {i}: mean over the 5 batches", np.mean([part[i] for part in parts], axis=0), whole[i])
    history = model.fit(
        x, y, epochs=40, batch_size=12, optimizer=optim.Adam(0.02), loss="mse", rng=s.seed, verbose=False
    )
    e.holds("J falls over 40 epochs", history["loss"][-1] < history["loss"][0], history["loss"][0], history["loss"][-1])


@row("S3-12", "S3-15")
def generalisation(e: Evidence, s: Setting) -> None:
    """The generalisation error, and stopping before it rises.

    Ten points and a net of 100 hidden units: the training error goes on falling, the error on other points does not.
    Early stopping keeps the weights of the best epoch on validation data.
    """
    e.formula("stop once the validation error has not improved for so many epochs; return to the best weights")
    x, y = noisy_sine(10, s.seed + 3)
    vx, vy = noisy_sine(200, s.seed + 4)
    model = MLP([1, 100, 1], "relu", rng=s.seed, dtype=np.float64)
    optimizer, kept = optim.Optimizer(model, optim.Adam(0.02)), model.state_dict()
    train, valid, best, patience = [], [], np.inf, 200
    stopped = 0
    for epoch in range(1500):
        optimizer.zero_grad()
        loss = losses.mse(model(x), y)
        loss.backward()
        train.append(loss.item())
        valid.append(float(losses.mse(model(vx), vy).data))
        if valid[-1] < best:
            best, at, kept = valid[-1], epoch, {k: np.array(v) for k, v in model.state_dict().items()}
        stopped = stopped or (epoch if epoch - at >= patience else 0)
        optimizer.step()
    e.holds("the rule stops before the end", 0 < stopped < len(train) - 1, stopped)
    e.holds(
        "at the end there is a gap: training error, validation error, more than 0.05 above",
        train[-1] < valid[-1] - 0.05,
        train[-1],
        valid[-1],
    )
    e.holds("stopped early the validation error is lower: best, end", best < valid[-1], best, valid[-1])
    model.load_state_dict(kept)
    e.equal("the weights restored are those of the best epoch", best, float(losses.mse(model(vx), vy).data), 1e-9)
    made, axes = common.figure(1, 1, 6)
    axes[0, 0].semilogy(train, color=common.BLUE, label="training")
    axes[0, 0].semilogy(valid, color=common.RED, label="validation")
    axes[0, 0].axvline(at, color=common.GREY, label="best epoch")
    axes[0, 0].set(xlabel="epoch", ylabel="mean squared error")
    axes[0, 0].legend(frameon=False)
    e.picture(made)


def walk(transform: Any, penalty: float, steps: int = 20) -> Array:
    """Minimise a small cost with an L2 penalty in the cost, and return the weights."""
    theta, state = [np.array([2.0, -1.0, 0.5])], transform.init([np.zeros(3)])
    for _ in range(steps):
        leaf = Tensor(theta[0])
        (
            ((leaf - np.array([1.0, 1.0, -1.0])) ** 2 * np.array([0.1, 1.0, 3.0])).sum()
            + 0.5 * penalty * (leaf**2).sum()
        ).backward()
        updates, state = transform.update([leaf.grad], state, theta)
        theta = optim.transform.apply_updates(theta, updates)
    return theta[0]


@row("S3-13", "E70", "X4")
def weight_decay(e: Evidence, s: Setting) -> None:
    """L2 is weight decay for plain descent, and not for Adam.

    α is the penalty's weight and λ the rate in this note. β = λα makes both the same, as long as the step is λ times
    the gradient; Adam divides the penalty's part by its own scale.
    """
    e.formula("W ← (1 − β) W − λ ∂J/∂W,   β = λα")
    e.uses(walk)
    rate, alpha = 0.05, 0.4
    in_cost = walk(optim.SGD(rate), alpha)
    decayed = np.array([2.0, -1.0, 0.5])
    for _ in range(20):
        g = 2 * (decayed - np.array([1.0, 1.0, -1.0])) * np.array([0.1, 1.0, 3.0])
        decayed = (1 - rate * alpha) * decayed - rate * g
    e.equal("SGD: decay by hand, penalty in the graph", decayed, in_cost)
    e.equal("and the optimiser's weight_decay", in_cost, walk(optim.SGD(rate, weight_decay=alpha), 0.0))
    l2, decoupled = walk(optim.Adam(rate), alpha), walk(optim.AdamW(rate, weight_decay=alpha), 0.0)
    e.holds("Adam: L2 and decoupled decay end apart", np.abs(l2 - decoupled).max() > 1e-3, l2, decoupled)
    rng = np.random.default_rng(s.seed)
    w, b = Tensor(rng.standard_normal(3)), Tensor(1.5)
    (0.5 * alpha * ((w**2).sum() + b**2)).backward()
    why = "‖θ‖² holds b too, so b decays by the printed cost, not by the update; and dropout drops units, not weights"
    e.slip("E70", 0.0, alpha * 1.5, b.grad, why)
    swapped = walk(optim.SGD(alpha), rate)
    why = "the same letters, read by the other note's meaning, end elsewhere: name the rate and the penalty"
    differs = np.abs(swapped - in_cost).max() > 1e-2
    e.erratum("X4", "λ: penalty (notes 0, 1), rate (note 3); α the reverse", "one letter each", differs, why)


@row("S3-14")
def inverted_dropout(e: Evidence, s: Setting) -> None:
    """Inverted dropout: the mask is divided by what it keeps, and is used again on the way back.

    Here p is the share that is kept. What was left out going forward must be left out going back, so the same mask
    is used twice.
    """
    e.formula("h = f(u) ∗ M / p,  M ~ Bernoulli(p);   ∂J/∂f(u) = ∂J/∂h ∗ M / p;   E[h] = f(u)")
    rng, p = np.random.default_rng(s.seed), 0.8
    u, following = Tensor(rng.standard_normal((1, 6))), rng.standard_normal((6, 1))
    mask = (np.arange(6) % 3 > 0) * 1.0
    h = np.tanh(u) * mask / p
    ((h @ following) ** 2).sum().backward()
    out = (np.tanh(u.data) * mask / p) @ following
    by_hand = 2 * out * following.T * mask / p * (1 - np.tanh(u.data) ** 2)
    e.equal("the gradient, with the same mask", by_hand, u.grad)
    e.equal("units left out get none", np.zeros(2), u.grad[0, mask == 0])
    masks = (rng.random((200_000, 6)) < p) / p
    mean = (np.tanh(u.data) * masks).mean(0)
    e.equal("the mean over 200,000 masks is f(u), to a percent", np.tanh(u.data)[0], mean, 0.01)


@row("S3-16")
def more_from_the_same_data(e: Evidence, s: Setting) -> None:
    """The readings: bootstrap, data augmentation, noise injection.

    The bootstrap draws the data again with replacement, to see how far an estimate can be off. Augmentation shows a
    training image a little moved. Noise at the inputs is, to second order, a penalty on the slope.
    """
    e.formula(
        "never drawn: (1 − 1/n)ⁿ → e⁻¹;   spread of a mean: σ/√n",
        "E[(w(x + ε) − y)²] = (wx − y)² + σ²w²,  ε ~ N(0, σ²)",
    )
    rng, n, draws = np.random.default_rng(s.seed), 400, 2000
    sample = rng.exponential(2.0, n)
    means, left = [], []
    for _ in range(draws):
        drawn, never = data.bootstrap(n, rng)
        means.append(sample[drawn].mean())
        left.append(len(never) / n)
    e.equal("share of examples never drawn, over 2,000 samples", (1 - 1 / n) ** n, np.mean(left), 0.01)
    e.equal("spread of the mean: σ/√n, and over the samples", sample.std() / np.sqrt(n), np.std(means), 0.1)
    images = data.digits()[0][:8].reshape(-1, 8, 8)
    moved, noisy = data.shift(images, 2, rng), data.jitter(images, 0.2, rng)
    first = [m for m in np.ndindex(5, 5) if np.array_equal(_placed(images[0], m), moved[0])]
    e.equal("a moved image is the image moved, by one of 25 ways", 1, len(first))
    e.equal("noise added: its standard deviation", 0.2, (noisy - images).std(), 0.2)
    layer, w, x, y, sigma = GaussianNoise(0.5, rng=s.seed), 1.5, 0.8, 2.0, 0.5
    leaf = Tensor(np.array(w))
    ((layer(np.full(400_000, x)) * leaf - y) ** 2).mean().backward()
    e.equal(
        "noise injected: ∂/∂w of the mean loss, with the penalty's 2σ²w",
        2 * (w * x - y) * x + 2 * sigma**2 * w,
        leaf.grad,
        0.05,
    )
    e.equal("at test time the layer adds none", np.full(3, x), layer.eval()(np.full(3, x)))
    made, axes = common.figure(3, 8, 0.9, 0.9)
    for line, name, shown in zip(axes, ("as they are", "moved", "noisy"), (images, moved, noisy), strict=True):
        for ax, image in zip(line, shown, strict=True):
            ax.imshow(image, cmap="gray_r")
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, fontsize=8)
    e.picture(made)


def _placed(image: Array, at: tuple[int, ...]) -> Array:
    """An image in a frame of zeros, moved by up to two pixels each way."""
    padded = np.pad(image, 2)
    return padded[at[0] : at[0] + 8, at[1] : at[1] + 8]
