"""From the first neurons to deep networks.

Seven decades in small programs: a threshold, a rule of growth, a rule of correction, a rule of slopes, the problem that
needs a hidden layer; then backpropagation, and the networks it trains.
"""

from typing import Any

import numpy as np

from autograd import Tensor, cost
from autograd.testing import check_gradients
from demos import common
from demos.common import Array
from demos.notes.nets import Net, entropy, logistic, squared
from demos.notes.registry import Evidence, Setting, row
from nn import Module, data, functional_call, losses, optim
from nn.layers import LSTM, MLP, RNN, Conv2d, Flatten, JordanRNN, Linear, MaxPool2d, Sequential

SQUARE = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])


@row("S2-1", "S2-2")
def thresholds_and_growth(e: Evidence, s: Setting) -> None:
    """McCulloch and Pitts' neuron computes and, or, not; Hebb's rule makes weights grow.

    The first neuron has fixed weights and computes; the first rule has no target and strengthens what is active
    together.
    """
    del s
    e.formula("y = 1 if wᵀx ≥ θ, else 0;     Δw = η x y")
    gates = {"and": ((1.0, 1.0), 2.0, [0, 0, 0, 1]), "or": ((1.0, 1.0), 1.0, [0, 1, 1, 1])}
    for name, (w, threshold, truth) in gates.items():
        e.equal(f"{name} of 00, 01, 10, 11", np.array(truth), (SQUARE @ w >= threshold) * 1)
    e.equal("not of 0, 1", np.array([1, 0]), (np.array([0.0, 1.0]) * -1.0 >= 0.0) * 1)
    grown, eta = np.zeros(2), 0.1
    for x in SQUARE:
        grown = grown + eta * x * float(x.min())
    y = SQUARE.min(1)
    correlation = Tensor(np.zeros(2))
    (eta * (SQUARE @ correlation * y).sum()).backward()
    e.equal("Hebb's Δw over four examples is the slope of Σ y wᵀx", grown, correlation.grad)


@row("S2-4")
def adaline(e: Evidence, s: Setting) -> None:
    """Adaline: Widrow and Hoff's rule is descent on the squared error of the linear output.

    The error is taken before the threshold, where the output is still linear. So it has a gradient, and the rule
    follows it.
    """
    e.formula("w ← w + η (y − wᵀx) x")
    rng = np.random.default_rng(s.seed)
    x = rng.standard_normal((80, 2))
    y, w, errors = np.sign(x @ np.array([2.0, -1.0])), np.zeros(2), []
    for _ in range(10):
        errors.append(float(np.mean((y - x @ w) ** 2)))
        for xi, yi in zip(x, y, strict=True):
            leaf = Tensor(w)
            (0.5 * (yi - xi @ leaf) ** 2).backward()
            assert leaf.grad is not None  # noqa: S101  (backward has just filled it)
            by_hand, w = w + 0.01 * (yi - xi @ w) * xi, w - 0.01 * leaf.grad
    e.equal("the last step, by the rule and by the graph", by_hand, w)
    e.holds("the error of the linear output falls", errors[-1] < 0.7 * errors[0], errors[0], errors[-1])
    made, axes = common.figure(1, 1, 6)
    axes[0, 0].plot(errors, ".-", color=common.BLUE)
    axes[0, 0].set(xlabel="epoch", ylabel="mean squared error")
    e.picture(made)


def rosenblatt(y: Array, epochs: int = 200) -> Array:
    """Train a perceptron on the square's corners; returns its answers."""
    x, w = np.column_stack([np.ones(4), SQUARE]), np.zeros(3)
    for _ in range(epochs):
        for xi, yi in zip(x, y, strict=True):
            w += (yi - float(w @ xi > 0)) * xi
    return (x @ w > 0) * 1.0


@row("S2-3", "S2-5")
def limit_of_one_layer(e: Evidence, s: Setting) -> None:
    """The perceptron learns what a line separates; the exclusive or needs a hidden layer.

    One neuron answers by the side of a line. No line has 01 and 10 on one side and 00 and 11 on the other.
    """
    e.uses(rosenblatt)
    for name, truth in (("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1])):
        e.equal(f"{name}, learnt", np.array(truth), rosenblatt(np.array(truth)))
    y = np.array([0, 1, 1, 0])
    right = float(np.mean(rosenblatt(y) == y))
    e.holds("exclusive or: at most 75 % right", right <= 0.75, right)
    net = Net.random([2, 4, 1], s.seed)
    for _ in range(1500):
        entropy(net.forward(SQUARE), y[:, None]).backward()
        net.step(2.0)
    e.equal("with four hidden units, by backpropagation: all right", y, (net.forward(SQUARE).data.ravel() > 0.5) * 1)


def sweep(net: Net, y: Array) -> list[Array]:
    """δ of every layer under ½ squared error: one rule, from the output to the first layer."""
    a = [np.asarray(getattr(v, "data", v)) for v in net.a]
    delta = (a[-1] - y) * a[-1] * (1 - a[-1])
    found = [delta]
    for l in range(len(a) - 2, 0, -1):
        delta = delta @ net.thetas[l].data * a[l] * (1 - a[l])
        found.insert(0, delta)
    return found


@row("S2-6")
def backpropagation(e: Evidence, s: Setting) -> None:
    """Multi-layer perceptrons and backpropagation (Werbos, 1974; Rumelhart, Hinton and Williams, 1986).

    One rule, applied from the output inwards, gives the δ of any number of layers. The graph does the same for any
    computation. What it is good for: two spirals, which no line separates, learnt by two hidden layers.
    """
    e.formula("δ⁽ˡ⁾ = (Θ⁽ˡ⁾ᵀ δ⁽ˡ⁺¹⁾) ⊙ g′(z⁽ˡ⁾),   l = L − 1, …, 2")
    e.uses(sweep)
    for sizes in ([2, 3, 1], [4, 5, 5, 3], [3, 4, 4, 4, 4, 2]):
        net, rng = Net.random(sizes, s.seed), np.random.default_rng(s.seed)
        x, y = rng.standard_normal((7, sizes[0])), rng.random((7, sizes[-1]))
        squared(net.forward(x), y).backward()
        by_hand = np.concatenate([(d / 7).ravel() for d in sweep(net, y)])
        by_graph = np.concatenate([np.ravel(z.grad) for z in net.z])
        e.equal(f"all δ of the net {'-'.join(map(str, sizes))}", by_hand, by_graph)
    x, y = data.spirals(300, 0.2, rng=s.seed)
    x = x / np.std(x)
    right = {}
    for name, sizes in (("no hidden layer", [2, 2]), ("two hidden layers", [2, 24, 24, 2])):
        model = MLP(sizes, "tanh", rng=s.seed, dtype=np.float64)
        model.fit(x, y, epochs=80, optimizer=optim.Adam(0.02), loss="cross_entropy", rng=s.seed, verbose=False)
        right[name] = float(np.mean(model.predict(x).argmax(1) == y))
    e.holds("without a hidden layer: right at most 85 %", right["no hidden layer"] < 0.85, right["no hidden layer"])
    share = right["two hidden layers"]
    e.holds("with two hidden layers, 24 tanh units each: more than 97 %", share > 0.97, share)
    made, axes = common.figure(1, 1, 5)
    common.regions(axes[0, 0], lambda points: np.diff(model.predict(points), axis=1), x, 2 * y[:, None] - 1)
    axes[0, 0].set(title=f"two spirals, net 2-24-24-2: {share:.1%} right")
    e.picture(made)


def jordan_by_hand(net: JordanRNN, x: Array, targets: Array) -> dict[str, Array]:
    """Backpropagation through time for ½ Σₜ |yₜ − target|²: what reaches yₜ₋₁ comes back from hₜ through U."""
    W, U, b, V, a = (p.numpy() for p in (net.weight_ih, net.weight_oh, net.bias_h, net.weight_ho, net.bias_o))
    y, h = [np.zeros(len(a))], []
    for xt in x:
        h.append(np.tanh(W @ xt + U @ y[-1] + b))
        y.append(logistic(V @ h[-1] + a))
    found = {name: np.zeros(p.shape) for name, p in net.named_parameters()}
    back = np.zeros(len(a))
    for t in range(len(x) - 1, -1, -1):
        out = (y[t + 1] - targets[t] + back) * y[t + 1] * (1 - y[t + 1])
        hidden = (V.T @ out) * (1 - h[t] ** 2)
        back = U.T @ hidden
        found["weight_ho"] += np.outer(out, h[t])
        found["bias_o"] += out
        found["weight_ih"] += np.outer(hidden, x[t])
        found["weight_oh"] += np.outer(hidden, y[t])
        found["bias_h"] += hidden
    return found


@row("S2-7")
def jordan(e: Evidence, s: Setting) -> None:
    """Jordan's recurrent network (1986): the last output is an input of the next step.

    Backpropagation through time is backpropagation: the same weights are met at every time, and their gradients add
    up. With its feedback the net learns a running average; a net of equal size without feedback cannot remember.
    """
    e.formula("hₜ = tanh(W xₜ + U yₜ₋₁ + b),   yₜ = σ(V hₜ + a)")
    e.uses(jordan_by_hand)
    rng = np.random.default_rng(s.seed)
    net, x, target = JordanRNN(3, 4, 2, rng=s.seed, dtype=np.float64), rng.standard_normal((6, 3)), rng.random((6, 2))
    (0.5 * ((net(x[:, None])[0][:, 0] - target) ** 2).sum()).backward()
    for name, by_hand in jordan_by_hand(net, x, target).items():
        e.equal(f"{name}, by hand over 6 times", by_hand, dict(net.named_parameters())[name].grad)
    x = rng.random((100, 12, 1))
    y = np.zeros_like(x)
    for t in range(12):
        y[:, t] = 0.7 * y[:, t - 1] + 0.3 * x[:, t]
    ends = {}
    models: dict[str, Module] = {
        "Jordan": JordanRNN(1, 8, 1, batch_first=True, returns="sequences", rng=s.seed, dtype=np.float64),
        "no feedback": MLP([1, 8, 1], "tanh", rng=s.seed, dtype=np.float64),
    }
    for name, model in models.items():
        optimizer = optim.Optimizer(model, optim.Adam(0.02))
        for _ in range(150 if s.quick else 300):
            optimizer.zero_grad()
            loss = losses.mse(model(x), y)
            loss.backward()
            optimizer.step()
        ends[name] = loss.item()
    e.holds(
        "running average, error with feedback: below a third of that without",
        ends["Jordan"] < ends["no feedback"] / 3,
        ends["Jordan"],
        ends["no feedback"],
    )


@row("S2-8")
def convolutional(e: Evidence, s: Setting) -> None:
    """A convolutional network reads digits (LeCun, 1989).

    A filter is a small window of weights, the same at every place. Two layers of them, each followed by a maximum over
    2 × 2 places, and one linear layer. The images are the 1,797 of 8 × 8 pixels that scikit-learn ships.
    """
    e.formula("z_{o,p,q} = b_o + Σ_c Σ_i Σ_j w_{o,c,i,j} x_{c,p+i,q+j}")
    rng = np.random.default_rng(s.seed)
    layer, patch = Conv2d(2, 3, 3, rng=rng, dtype=np.float64), rng.standard_normal((1, 2, 5, 6))
    w, b = (p.numpy() for p in layer.parameters())
    loops = np.array(
        [
            [[(w[o] * patch[0, :, p : p + 3, q : q + 3]).sum() + b[o] for q in range(4)] for p in range(3)]
            for o in (0, 1, 2)
        ]
    )
    e.equal("the sum written out, and the layer", loops, layer(patch)[0])
    images, labels = data.digits()
    x, x_test, y, y_test = data.split(images.reshape(-1, 1, 8, 8), labels, rng=s.seed)
    model = Sequential(
        Conv2d(1, 16, 3, padding="same", rng=rng, weight_init="he_normal"), "relu", MaxPool2d(2),
        Conv2d(16, 32, 3, padding="same", rng=rng, weight_init="he_normal"), "relu", MaxPool2d(2),
        Flatten(), Linear(128, 10, rng=rng),
    )  # fmt: skip
    e.show("the model", model.summary((1, 8, 8)))
    count, epochs, wanted = (500, 8, 0.8) if s.quick else (len(x), 20, 0.95)
    fit = {"optimizer": optim.Adam(3e-3), "loss": "cross_entropy", "metrics": ["accuracy"], "verbose": False}
    model.fit(x[:count], y[:count], epochs=epochs, rng=s.seed, **fit)
    right = model.evaluate(x_test, y_test)["accuracy"]
    e.holds(f"share of new images read rightly, after {epochs} epochs: above {wanted:.0%}", right > wanted, right)
    first = model[0].weight.numpy()[:, 0]  # type: ignore[attr-defined]
    made, axes = common.figure(2, 8, 1.1, 1.1)
    for ax, kernel in zip(axes.flat, first, strict=True):
        ax.imshow(kernel, cmap="RdBu", vmin=-np.abs(kernel).max(), vmax=np.abs(kernel).max())
        ax.axis("off")
    made.suptitle("the 16 filters of the first layer, learnt (blue: positive)", fontsize=9)
    e.picture(made)


def lstm_by_hand(layer: LSTM, x: Array) -> Array:
    """The state h after each time, gate by gate."""
    n = layer.hidden_size
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    W, U, b, c = (getattr(layer, name).numpy() for name in names)
    h, cell, found = np.zeros(n), np.zeros(n), []
    for xt in x:
        i, f, g, o = np.split(W @ xt + U @ h + b + c, 4)
        cell = logistic(f) * cell + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(cell)
        found.append(h)
    return np.array(found)


def remember(count: int, times: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Sequences of noise whose first entry, marked, is to be told at the end: ±1."""
    x = np.zeros((count, times, 2), np.float32)
    x[:, 1:, 0] = 0.5 * rng.standard_normal((count, times - 1))
    y = rng.integers(0, 2, (count, 1)).astype(np.float32)
    x[:, 0] = np.concatenate([2 * y - 1, np.ones_like(y)], axis=1)
    return x, y


def reach(model: Module, x: Array) -> Array:
    """The mean size of ∂(answer)/∂(input) at each time."""
    at = Tensor(x)
    model(at).sum().backward()
    norms: Array = np.sqrt(np.square(at.grad).sum((0, 2)) / len(x))
    return norms


def recalled(model: Module, times: int, steps: int, rng: np.random.Generator) -> list[float]:
    """Train on fresh sequences at every step; return the losses."""
    optimizer, curve = optim.Optimizer(model, optim.Chain(optim.ClipByNorm(1.0), optim.Adam(0.01))), []
    for _ in range(steps):
        x, y = remember(32, times, rng)
        optimizer.zero_grad()
        loss = losses.binary_cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        curve.append(loss.item())
    return curve


@row("S2-9")
def long_short_term_memory(e: Evidence, s: Setting) -> None:
    """The LSTM (Hochreiter and Schmidhuber, 1997): a cell that keeps, and gates that say when.

    An open forget gate lets the cell's gradient pass a step unchanged, where a plain recurrent net multiplies by its
    weights and slopes at every step. The task: tell at the end what the first input was.
    """
    e.formula("c ← σ(f) c + σ(i) tanh(g),   h ← σ(o) tanh(c),   [i f g o] = W x + U h + b")
    e.uses(lstm_by_hand, remember, reach, recalled)
    rng = np.random.default_rng(s.seed)
    cell, x = LSTM(3, 4, rng=s.seed, dtype=np.float64), rng.standard_normal((5, 3))
    e.equal("h at 5 times, gate by gate", lstm_by_hand(cell, x), cell(x[:, None])[0][:, 0])
    tree = cell.parameter_tree()
    verdict = check_gradients(lambda p: (functional_call(cell, p, x[:, None])[0] ** 2).sum(), tree)
    e.show("the gradient of all parameters, checked", str(verdict))
    e.holds("it is right", verdict)
    times, steps = (10, 120) if s.quick else (20, 400)
    probe, answers = remember(500, times, np.random.default_rng(s.seed + 1))
    made, axes = common.figure(1, 2)
    near: dict[str, Array] = {}
    for kind, colour in ((LSTM, common.BLUE), (RNN, common.RED)):
        layer: Any = kind(2, 16, batch_first=True, returns="last", rng=rng)
        if kind is LSTM:
            layer.bias_ih_l0.data[16:32] = 3.0  # forget gates start open
        model = Sequential(layer, Linear(16, 1, rng=rng))
        near[kind.__name__] = reach(model, probe[:100])
        curve = recalled(model, times, steps, rng)
        axes[0, 0].plot(curve, color=colour, label=kind.__name__)
        axes[0, 1].semilogy(near[kind.__name__], color=colour, label=kind.__name__)
        if kind is LSTM:
            right = float(np.mean((model.predict(probe) > 0) == (answers > 0)))
            e.holds(f"lag {times - 1}: the LSTM's answer is right, of 500: above 95 %", right > 0.95, right)
    kept, lost = (float(v[0] / v[-1]) for v in (near["LSTM"], near["RNN"]))
    e.holds(
        "before training, gradient at the first input over that at the last: LSTM, RNN", kept > 10 * lost, kept, lost
    )
    axes[0, 0].set(xlabel="step", ylabel="cross-entropy", title=f"tell the first of {times} inputs")
    axes[0, 1].set(xlabel="time", ylabel="size of ∂answer/∂input", title="before training")
    for ax in axes[0]:
        ax.legend(frameon=False)
    e.picture(made)


# AlexNet's layers (Krizhevsky, Sutskever and Hinton, 2012): inputs, outputs, kernel, places, groups.
ALEXNET = {
    "conv 1": (3, 96, 11, 55, 1), "conv 2": (96, 256, 5, 27, 2), "conv 3": (256, 384, 3, 13, 1),
    "conv 4": (384, 384, 3, 13, 2), "conv 5": (384, 256, 3, 13, 2), "dense 6": (9216, 4096, 1, 1, 1),
    "dense 7": (4096, 4096, 1, 1, 1), "dense 8": (4096, 1000, 1, 1, 1),
}  # fmt: skip


@row("S2-10")
def deep(e: Evidence, s: Setting) -> None:
    """Deep convolutional networks (2012): why they needed other machines.

    The network that won ImageNet's contest, counted: 61 million parameters, nearly all in the dense layers, and 1.4
    billion floating operations for one image, nearly all in the convolutions. Chainrule runs on the CPU, through numpy;
    at that size the rate of the hardware decides whether training takes a year, days or hours.
    """
    del s
    e.formula("parameters: c_out (c_in k² / groups + 1);   operations: 2 · places² · c_out · c_in k² / groups")
    rows = {
        name: (o * (c * k * k // g + 1), 2 * p * p * o * c * k * k // g) for name, (c, o, k, p, g) in ALEXNET.items()
    }
    for name in ("conv 3", "conv 5"):
        c, o, k, p, g = ALEXNET[name]
        layer = Conv2d(c, o, k, padding=1, groups=g, rng=0)
        x = np.zeros((1, c, p, p), np.float32)
        found = cost(
            lambda *v, layer=layer: functional_call(layer, {"weight": v[0], "bias": v[1]}, v[2]),
            *layer.parameters(),
            x,
        )
        work = sum(step.flops for step in found.steps if "convolve" in step.line)
        e.equal(
            f"{name}: parameters, by the formula and in the layer",
            rows[name][0],
            sum(p.size for p in layer.parameters()),
        )
        e.equal(f"{name}: operations, by the formula and in the recorded program", rows[name][1], work)
    parameters, work = (sum(v) for v in zip(*rows.values(), strict=True))
    e.show(
        "layer: parameters, operations for one image",
        "\n".join(f"{n}: {p:>12,} {w:>15,}" for n, (p, w) in rows.items()),
    )
    e.equal("parameters in all", 60_965_224, parameters)
    dense = sum(p for name, (p, _) in rows.items() if name.startswith("dense"))
    e.holds("share of the parameters in the three dense layers", dense / parameters > 0.9, dense / parameters)
    convolved = sum(w for name, (_, w) in rows.items() if name.startswith("conv"))
    e.holds("share of the work in the five convolutions", convolved / work > 0.9, convolved / work)
    training = 3.0 * work * 1.2e6 * 90
    e.show("operations of 90 epochs over 1.2 million images, forward and back", training)
    days = {rate: training / rate / 86400 for rate in (1e10, 1e12, 1e14)}
    e.show("at 10¹⁰, 10¹², 10¹⁴ operations a second: days", np.array(list(days.values())))


@row("S2-11")
def log_linear(e: Evidence, s: Setting) -> None:
    """A log-linear classifier: log-odds are linear, with a sigmoid or with a tanh.

    A neuron whose output is read as a probability. Its border is still a line; how sure it is grows with the
    distance from it.
    """
    e.formula("log(p / (1 − p)) = wᵀx + b;     tanh(z/2) = 2σ(z) − 1")
    rng = np.random.default_rng(s.seed)
    x = rng.standard_normal((100, 2))
    y = (x[:, :1] + x[:, 1:] > 0.3) * 1.0
    net = Net([Tensor(np.zeros((1, 2)))], [Tensor(np.zeros(1))])
    for _ in range(300):
        losses.binary_cross_entropy(net.forward(x) * 0 + net.z[0], y).backward()
        net.step(1.0)
    p = net.forward(x).data
    e.equal("log-odds", x @ net.thetas[0].data.T + net.biases[0].data, np.log(p / (1 - p)), 1e-8)
    e.equal("the tanh form", np.tanh(net.z[0].data / 2), 2 * p - 1)
    e.holds("share right", np.mean((p > 0.5) == y) > 0.95, np.mean((p > 0.5) == y))
