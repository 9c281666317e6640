"""L-BFGS and BFGS: a step that computes the loss at several points, all of the same examples."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autograd.errors import OptionError, unknown_name

from .optimizers import OPTIMIZERS
from .searching import Point, strong_wolfe
from .transform import State, Transform, Tree
from .transforms import at_least, stored

__all__ = ["BFGS", "LBFGS", "QuasiNewton"]

Array = np.ndarray[Any, Any]
Evaluate = Callable[[Array], tuple[float, Array]]
SEARCHES = ("strong_wolfe", None)
LARGEST = 10_000  # parameters of BFGS: its matrix then has 800 MB in float64


class QuasiNewton(Transform):
    """The base of methods that learn the loss's curvature from its gradients; subclasses write what they keep of it.

    One step is up to ``max_iter`` moves θ ← θ + t d. It can't be an `update` of gradients, since it asks for the loss
    at points of its own choice: `Optimizer.step` is given a function for that, and `fit` sees to it. A batch is all
    examples, or the changes of gradients tell of the batches; without dropout and other noise.
    """

    joinable: ClassVar[bool] = False
    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        OPTIMIZERS[cls.name] = cls

    def __init__(
        self,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        line_search_fn: str | None = "strong_wolfe",
    ) -> None:
        owner = type(self).__name__
        if callable(lr):
            raise OptionError(f"{owner}: lr must be a number, got a schedule; the line search finds how far to go")
        at_least(owner, 0.0, lr=lr, tolerance_grad=tolerance_grad, tolerance_change=tolerance_change)
        at_least(owner, 1, max_iter=max_iter, max_eval=1 if max_eval is None else max_eval)
        if line_search_fn not in SEARCHES:
            raise unknown_name(f"line search of {owner}", line_search_fn, ("strong_wolfe",))
        self.lr, self.max_iter, self.max_eval = lr, max_iter, max_eval
        self.tolerance_grad, self.tolerance_change, self.line_search_fn = (
            tolerance_grad,
            tolerance_change,
            line_search_fn,
        )

    def update(self, grads: Tree, state: State, params: Tree) -> tuple[Tree, State]:
        """Refuse: gradients at one point are not enough."""
        raise self.alone()

    def alone(self) -> OptionError:
        """Return the error that says what this needs."""
        return OptionError(
            f"{type(self).__name__} computes the loss at several points a step, so gradients alone don't do: write "
            "optimizer.step(closure), where closure() computes the loss, calls loss.backward() and returns the loss; "
            "model.fit does. It can't be a part of a Chain"
        )

    # ---- what subclasses say
    def memory(self, size: int, dtype: Any) -> dict[str, Any]:
        """Return what is kept of the curvature, before the first move, for ``size`` parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no memory: write def memory(self, size, dtype)")

    def learn(self, state: State, s: Array, y: Array) -> None:
        """Take in that the gradient changed by y as the parameters changed by s; s · y > 0."""
        raise NotImplementedError(f"{type(self).__name__} has no learn: write def learn(self, state, s, y)")

    def direction(self, state: State, g: Array) -> Array:
        """Return -H g, with H the approximate inverse of the Hessian."""
        raise NotImplementedError(f"{type(self).__name__} has no direction: write def direction(self, state, g)")

    # ---- the step
    def init(self, params: Tree) -> State:
        """Return the state before the first step; its arrays keep their shapes."""
        size = sum(np.size(p) for p in params)
        dtype = np.result_type(*params)
        return {
            "lr": stored(self.lr),
            "iterations": np.array(0),
            "evaluations": np.array(0),
            "t": np.array(0.0),
            "d": np.zeros(size, dtype),
            "gradient": np.zeros(size, dtype),
            **self.memory(size, dtype),
        }

    def search(self, evaluate: Evaluate, x: Array, state: State) -> tuple[Array, State, float]:
        """Do one step from x.

        Args:
            evaluate: returns the loss and its gradient at a vector of parameters.
            x: the parameters, as one vector.
            state: as `init` returned it, or the last step.

        Returns:
            The new parameters, the next state, and the loss at x.
        """
        state = {key: np.array(value) for key, value in state.items()} | {"lr": state["lr"]}
        first, g = evaluate(x)
        loss, count = first, 1
        most = self.max_eval or self.max_iter * 5 // 4
        for move in range(1, self.max_iter + 1):
            if not math.isfinite(loss) or np.abs(g).max() <= self.tolerance_grad:
                break
            point = self._start(state, g, loss)
            if point.slope > -self.tolerance_change:
                break
            before = loss
            x, loss, g, used = self._move(evaluate, x, state, point, most - count, move == self.max_iter)
            count += used
            moved = float(np.abs(state["d"] * float(state["t"])).max())
            if count >= most or moved <= self.tolerance_change or abs(loss - before) < self.tolerance_change:
                break
        state["evaluations"] += count
        return x, state, first

    def _start(self, state: State, g: Array, loss: float) -> Point:
        """Learn from the last move, choose the next direction and its first trial, and return the line's start."""
        state["iterations"] += 1
        if state["iterations"] == 1:
            state["d"] = -g
            state["t"][...] = min(1.0, 1.0 / float(np.abs(g).sum())) * float(state["lr"])
        else:
            s, y = state["d"] * float(state["t"]), g - state["gradient"]
            if float(y @ s) > 1e-10:
                self.learn(state, s, y)
            state["d"] = self.direction(state, g)
            state["t"][...] = state["lr"]
        state["gradient"] = g
        return Point(0.0, loss, g, float(g @ state["d"]))

    def _move(
        self, evaluate: Evaluate, x: Array, state: State, start: Point, most: int, last: bool
    ) -> tuple[Array, float, Array, int]:
        """Go along the direction, and return the new parameters, the loss and gradient there, and the evaluations."""
        d, t = state["d"], float(state["t"])

        def at(t: float) -> Point:
            loss, g = evaluate(x + d * t)
            return Point(t, loss, g, float(g @ d))

        if self.line_search_fn is not None:
            point, used = strong_wolfe(at, start, t, float(np.abs(d).max()), self.tolerance_change, most)
        elif last:  # the next step computes the loss there anyway
            point, used = start._replace(t=t), 0
        else:
            point, used = at(t), 1
        state["t"][...] = point.t
        return x + d * point.t, point.loss, point.gradient, used


class LBFGS(QuasiNewton):
    """L-BFGS: Newton's method with an inverse Hessian known from the last ``history_size`` moves (Nocedal, 1980).

    PyTorch's steps, to the bits that the order of sums leaves. The defaults differ in two points: steps search for the
    strong Wolfe conditions, without which the method may diverge, and 10 moves are kept, as scipy does, not 100, since
    the model's file holds two vectors of all parameters for each.

    Args:
        lr: the first trial of a search, as a multiple of the direction; 1 is right but for no line search.
        max_iter: moves a step.
        max_eval: losses a step, max_iter · 5/4 if left out.
        tolerance_grad: stop where no entry of the gradient is larger.
        tolerance_change: stop where neither the loss nor a parameter changes by more.
        history_size: moves kept.
        line_search_fn: "strong_wolfe", or None to go lr times the direction.

    Raises:
        OptionError: a number below its range, a schedule, an unknown line search.

    >>> from nn import MLP
    >>> x = np.linspace(-1.0, 1.0, 20)[:, None]
    >>> model = MLP([1, 8, 1], "tanh", rng=0, dtype=np.float64).compile("lbfgs", "mse")
    >>> model.fit(x, np.sin(3.0 * x), epochs=20, verbose=False)["loss"][-1] < 1e-4
    True
    """

    name = "lbfgs"

    def __init__(
        self,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 10,
        line_search_fn: str | None = "strong_wolfe",
    ) -> None:
        super().__init__(lr, max_iter, max_eval, tolerance_grad, tolerance_change, line_search_fn)
        at_least("LBFGS", 1, history_size=history_size)
        self.history_size = int(history_size)

    def memory(self, size: int, dtype: Any) -> dict[str, Any]:
        """Return room for the moves, oldest first, and how many there are."""
        shape = (self.history_size, size)
        return {"kept": np.array(0), "s": np.zeros(shape, dtype), "y": np.zeros(shape, dtype)}

    def learn(self, state: State, s: Array, y: Array) -> None:
        """Keep the move, in the place of the oldest one if there is no more room."""
        kept = int(state["kept"])
        if kept == self.history_size:
            for name in ("s", "y"):
                state[name][:-1] = state[name][1:]
            kept -= 1
        state["s"][kept], state["y"][kept] = s, y
        state["kept"][...] = kept + 1

    def direction(self, state: State, g: Array) -> Array:
        """Return -H g by the two loops over the moves (Nocedal and Wright, algorithm 7.4)."""
        kept = int(state["kept"])
        moves = [(s, y, 1.0 / float(y @ s)) for s, y in zip(state["s"][:kept], state["y"][:kept], strict=True)]
        q, shares = -g, []
        for s, y, rho in reversed(moves):
            shares.append(float(s @ q) * rho)
            q -= shares[-1] * y
        if moves:
            _, y, rho = moves[-1]
            q *= 1.0 / rho / float(y @ y)
        for s, y, rho in moves:
            q += (shares.pop() - float(y @ q) * rho) * s
        return q


class BFGS(QuasiNewton):
    """BFGS: Newton's method with an inverse Hessian H learnt from all moves.

    H ← (I - ρ s yᵀ) H (I - ρ y sᵀ) + ρ s sᵀ with ρ = 1/(yᵀs), from (yᵀs / yᵀy) I at the first move (Broyden,
    Fletcher, Goldfarb, Shanno, 1970; Nocedal and Wright, algorithm 6.1). It needs fewer moves than L-BFGS, and n²
    numbers for n parameters.

    Args:
        lr: the first trial of a search, as a multiple of the direction.
        max_iter: moves a step.
        max_eval: losses a step, max_iter · 5/4 if left out.
        tolerance_grad: stop where no entry of the gradient is larger.
        tolerance_change: stop where neither the loss nor a parameter changes by more.
        line_search_fn: "strong_wolfe", or None to go lr times the direction.

    Raises:
        OptionError: a number below its range, a schedule, an unknown line search, more than 10,000 parameters.

    >>> from nn import MLP
    >>> x = np.linspace(-1.0, 1.0, 20)[:, None]
    >>> model = MLP([1, 8, 1], "tanh", rng=0, dtype=np.float64).compile("bfgs", "mse")
    >>> model.fit(x, np.sin(3.0 * x), epochs=20, verbose=False)["loss"][-1] < 1e-4
    True
    """

    name = "bfgs"

    def memory(self, size: int, dtype: Any) -> dict[str, Any]:
        """Return H."""
        if size > LARGEST:
            raise OptionError(
                f"BFGS keeps a matrix of {size:,} times {size:,} numbers for {size:,} parameters; above {LARGEST:,} "
                "use LBFGS"
            )
        return {"learnt": np.array(0), "inverse": np.eye(size, dtype=dtype)}

    def learn(self, state: State, s: Array, y: Array) -> None:
        """Change H so that H y = s."""
        inverse, curve = state["inverse"], float(y @ s)
        if state["learnt"] == 0:
            inverse = inverse * (curve / float(y @ y))
        state["learnt"] += 1
        hy = inverse @ y
        outer = np.outer(hy / curve, s)
        state["inverse"] = inverse - outer - outer.T + np.outer(s * ((1.0 + float(y @ hy) / curve) / curve), s)

    def direction(self, state: State, g: Array) -> Array:
        """Return -H g."""
        answer: Array = -(state["inverse"] @ g)
        return answer
