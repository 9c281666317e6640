"""The switch that runs tested functions jitted as well: ``CHAINRULE_JIT=numpy,tape pytest``, backends apart by commas.

Once installed, whatever `grad` and its kin return, and every function given to `check_gradients`, is run by the
backends named too whenever it is called with plain arrays and numbers, and compared with the eager answer. What a
recorded function may not do is refused, and then there is nothing to compare.
"""

import contextvars
import functools
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value, _graph, errors, jit, testing, tree

SWITCH = "CHAINRULE_JIT"
BACKENDS = tuple(name for name in os.environ.get(SWITCH, "").split(",") if name)
TOLERANCE = {"numpy": 0.0}  # replay by numpy gives the same bits
# What takes a function and returns another.
RETURN = ("grad", "value_and_grad", "grad_and_aux", "elementwise_grad", "jacobian", "hessian", "hvp", "vmap",
          "hessian_vector_product")  # fmt: skip
_INSIDE = contextvars.ContextVar("inside", default=False)  # whether a comparison is going on


def compare(
    fun: Callable[..., Any], args: tuple[Any, ...], backend: str, eager: Any = None, least: float = 0.0
) -> None:
    """Hold the jitted function against the eager one, at its first and at a later call."""
    eager = fun(*args) if eager is None else eager
    fast = jit(fun, backend=backend)
    tolerance = TOLERANCE.get(backend, 1e-6)
    for _ in range(2):
        mine, wanted = ([_plain(x) for x in tree.leaves(answer)] for answer in (fast(*args), eager))
        assert len(mine) == len(wanted)
        for a, b in zip(mine, wanted, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            _close(a, b, max(tolerance, least))


def _close(a: Any, b: Any, tolerance: float) -> None:
    if a.dtype.kind in "OSU":
        assert a.tolist() == b.tolist()
    else:
        with np.errstate(all="ignore"):
            scale = np.max(np.abs(b[np.isfinite(b)]), initial=1.0)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


def _plain(x: Any) -> Any:
    return np.asarray(x.data if isinstance(x, Tensor | Value) else x)


def _eager(args: tuple[Any, ...]) -> bool:
    """Whether a call is the test's own, with plain numbers: not one inside another, and nobody records or compares."""
    return not (
        _INSIDE.get() or _graph.tracer() is not None or any(isinstance(x, Tensor | Value) for x in tree.leaves(args))
    )


def also(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``fun``, checked against its jitted self at each call with plain arrays while the switch is on."""
    if not BACKENDS:
        return fun

    @functools.wraps(fun)
    def both(*args: Any, **named: Any) -> Any:
        answer = fun(*args, **named)
        if _eager((args, named)) and not any(map(callable, tree.leaves((args, answer)))):
            _compare_all(functools.partial(fun, **named), args, answer)
        return answer

    return both


def _compare_all(fun: Callable[..., Any], args: tuple[Any, ...], answer: Any = None) -> None:
    token = _INSIDE.set(True)
    try:
        for backend in BACKENDS:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # the eager call has warned
                    compare(fun, args, backend, answer, 1e-10)
            except (errors.TraceError, errors.UnsupportedError):  # what needs its numbers is refused, never wrong
                continue
    finally:
        _INSIDE.reset(token)


def off() -> contextvars.Token[bool]:
    """Leave functions alone until ``on``; for tests that count calls, or what is kept alive."""
    return _INSIDE.set(True)


def on(token: contextvars.Token[bool]) -> None:
    """Undo `off`."""
    _INSIDE.reset(token)


def install() -> None:
    """Put the switch between the tests and the functions they call, before they import them."""
    if BACKENDS:
        for name in RETURN:
            setattr(autograd, name, _returning(getattr(autograd, name)))
        for home, name in ((autograd, "vjp"), (testing, "check_gradients"), (testing, "assert_gradients")):
            setattr(home, name, _running(getattr(home, name)))


def _returning(transform: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(transform)
    def switched(fun: Any, *args: Any, **named: Any) -> Any:
        return also(transform(fun, *args, **named))

    return switched


def _running(check: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(check)
    def switched(fun: Any, *args: Any, **named: Any) -> Any:
        answer = check(fun, *args, **named)
        if _eager(args) and callable(fun):
            _compare_all(fun, args)
        return answer

    return switched
