"""Random nets with their gradients derived by hand, as the notes derive them, and with a slip planted in them."""

import numpy as np

import autograd
from autograd import Tensor, elementwise_grad, log_softmax, sigmoid, softmax, softplus

HIDDEN = ("relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "softsign", "gelu", "silu")
COSTS = {  # of the last layer's z and the targets, entry by entry
    "squared": lambda z, y: (sigmoid(z) - y) ** 2,
    "half squared": lambda z, y: 0.5 * (sigmoid(z) - y) ** 2,
    "absolute": lambda z, y: np.abs(z - y),
    "logistic": lambda z, y: -(y * np.log(sigmoid(z)) + (1.0 - y) * np.log(1.0 - sigmoid(z))),
    "entropy": lambda z, y: -y * np.log(softmax(z)),
    "logits": lambda z, y: y * softplus(-z) + (1.0 - y) * softplus(z),
    "softmax logits": lambda z, y: -y * log_softmax(z),
}
LOSSES = tuple(COSTS)
LABELS = {
    "sign": "sign",
    "N": "factor N",
    "1/N": "factor 1/N",
    "2": "factor 2",
    "1/2": "factor ½",
    "no g'": "missing g′",
    "g' at y": "g′ at the target",
    "g' at a": "g′ at a",
    "parentheses": "parentheses lost",
    "rows": "transposed weights",
    "as a whole": "transposed",
    "no bias": "bias forgotten",
    "bias penalty": "bias regularised",
    "lambda": "λ not divided by n",
    "no penalty": "regulariser forgotten",
    "early": "updated before propagating",
    "other loss": "delta of another loss",
    "axis": "axis not summed",
}
RATE = 0.5


def function(name):
    return np.tanh if name == "tanh" else getattr(autograd, name)


def slope(name, z):
    """g′(z), or 1 for a linear unit."""
    return np.ones_like(z) if name == "linear" else np.asarray(elementwise_grad(function(name))(z))


class Net:
    """Layers of ``width`` units, ``examples`` rows (0 for a vector), and a loss that is a mean over the rows."""

    def __init__(self, seed, depth, width, examples, hidden, loss, penalty=0.0, dtype=np.float64):
        self.drawn = (seed, depth, width, examples, hidden, loss, penalty, dtype)
        rng = np.random.default_rng(seed)
        self.depth, self.hidden, self.loss, self.penalty, self.dtype = depth, hidden, loss, penalty, dtype
        self.rows, self.n = examples > 0, max(examples, 1)
        shape = (examples, width) if self.rows else (width,)
        self.x = rng.normal(size=shape).astype(dtype)
        self.y = self.targets(rng, shape).astype(dtype)
        self.params = {}
        for i in range(1, depth + 1):
            w = rng.normal(size=(width, width)) / np.sqrt(width)
            self.params[f"W{i}"] = Tensor(w.astype(dtype), label=f"W{i}")
            self.params[f"b{i}"] = Tensor(rng.normal(size=width).astype(dtype), label=f"b{i}")

    def __repr__(self):
        return f"Net{self.drawn}"

    def targets(self, rng, shape):
        y = rng.uniform(0.05, 0.95, size=shape)
        return y / y.sum(-1, keepdims=True) if self.loss in {"entropy", "softmax logits"} else y

    def cost(self, p):
        a = self.x
        for i in range(1, self.depth + 1):
            z = (a @ p[f"W{i}"].T if self.rows else p[f"W{i}"] @ a) + p[f"b{i}"]
            a = function(self.hidden)(z) if i < self.depth else z
        total = COSTS[self.loss](z, self.y).sum() / self.n
        if self.penalty:
            total = total + self.penalty / (2 * self.n) * sum((p[f"W{i}"] ** 2).sum() for i in range(1, self.depth + 1))
        return total

    def delta(self, z, slip):
        """The output δ of one example times the number of examples."""
        if self.loss == "absolute":
            return np.sign(z - self.y)
        a = np.asarray((softmax if self.loss in {"entropy", "softmax logits"} else sigmoid)(z))
        error = a - self.y
        if self.loss not in {"squared", "half squared"}:
            return error * a * (1.0 - a) if slip == "other loss" else error
        c = 2.0 if self.loss == "squared" else 1.0
        if slip == "parentheses":
            return c * (a - self.y * a * (1.0 - a))
        s = np.asarray(sigmoid(a))
        slopes = {"g' at y": self.y * (1.0 - self.y), "g' at a": s * (1.0 - s), "other loss": 1.0}
        return c * error * slopes.get(slip, a * (1.0 - a))

    def by_hand(self, slip=None):
        """Every gradient by the notes' formulas, with one slip in them."""
        p = {name: leaf.data.astype(np.float64) for name, leaf in self.params.items()}
        a, z = [np.atleast_2d(self.x).astype(np.float64)], [np.zeros(0)]
        for i in range(1, self.depth + 1):
            z.append(a[-1] @ p[f"W{i}"].T + p[f"b{i}"])
            a.append(np.asarray(function(self.hidden)(z[-1])) if i < self.depth else z[-1])
        decay = {"lambda": self.penalty, "no penalty": 0.0}.get(slip, self.penalty / self.n)
        delta, g = np.atleast_2d(self.delta(z[-1] if self.rows else z[-1][0], slip)), {}
        for i in range(self.depth, 0, -1):
            w = p[f"W{i}"]
            g[f"W{i}"] = delta.T @ a[i - 1] / self.n + decay * w
            g[f"b{i}"] = delta / self.n if slip == "axis" and i == 1 else delta.sum(0) / self.n
            if i > 1:
                through = {"rows": w.T, "early": w - RATE * g[f"W{i}"]}.get(slip, w)
                slopes = {"no g'": 1.0, "g' at a": slope(self.hidden, a[i - 1])}
                delta = delta @ through * slopes.get(slip, slope(self.hidden, z[i - 1]))
        return {name: value.astype(self.dtype) for name, value in self.changed({n: g[n] for n in p}, p, slip).items()}

    def changed(self, g, p, slip):
        """Plant the slips that change the gradient afterwards."""
        factor = {"N": self.n, "1/N": 1 / self.n, "2": 2.0, "1/2": 0.5, "sign": -1.0}.get(slip, 1.0)
        g = {name: factor * value for name, value in g.items()}
        for name in g:
            if name[0] == "W" and slip == "as a whole":
                g[name] = g[name].T
            if name[0] == "b" and slip == "no bias":
                g[name] = np.zeros_like(g[name])
            if name[0] == "b" and slip == "bias penalty":
                g[name] = g[name] + self.penalty / self.n * p[name]
        return g

    def applies(self, slip):
        """Whether a slip can be made in this net at all."""
        squared = self.loss in {"squared", "half squared"}
        return {
            "N": self.n > 2,
            "1/N": self.n > 2,
            "lambda": self.penalty > 0 and self.n > 1,
            "no penalty": self.penalty > 0,
            "bias penalty": self.penalty > 0,
            "no g'": self.depth > 1,
            "rows": self.depth > 1,
            "early": self.depth > 1,
            "g' at a": squared or self.depth > 1,
            "g' at y": squared,
            "parentheses": squared,
            "other loss": self.loss != "absolute",
            "axis": self.n > 1,
        }.get(slip, True)
