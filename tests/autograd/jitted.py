"""The switch that runs tested functions jitted as well: ``CHAINRULE_JIT=numpy,tape,numba/50 pytest``.

Once installed, whatever `grad` and its kin return, what `vjp`, `jvp` and the gradient checks are given, modules, and
every graph that `backward` is called on are run by the backends named too whenever a test, and not the packages
themselves, calls them with plain arrays and numbers, and compared with the eager answer. ``numba/50`` takes one
comparison in fifty, chosen by ``CHAINRULE_JIT_SEED``. What raises eagerly has to raise when it is jitted. What a
recorded function may not do is refused, and then there is nothing to compare: tests/autograd/refusals.py names the
tests where that may happen.
"""

import contextvars
import functools
import logging
import os
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import autograd
from autograd import (
    Tensor,
    Value,
    _graph,
    _traced,
    differential_operators,
    errors,
    functional,
    jit,
    test_util,
    testing,
    tree,
)
from autograd._guards import Guard
from tests.autograd import refusals

# A guard refuses code that reads frames, and finds some here when it looks at a test; logging's own it does not read.
_here = logging.currentframe
SWITCH, SEED = "CHAINRULE_JIT", os.environ.get("CHAINRULE_JIT_SEED", "0")
_CHOSEN = [name.partition("/") for name in os.environ.get(SWITCH, "").split(",") if name]
BACKENDS = {name: int(every or 1) for name, _, every in _CHOSEN}  # name -> one comparison in how many
EXACT = "numpy"  # replay by numpy gives the same bits of the same layout
TOLERANCES = {True: (1e-4, 1e-4), False: (1e-10, 1e-6)}  # for single precision or double: by numpy, by others
_PACKAGES = tuple(str(Path(autograd.__file__).parents[1] / name) + os.sep for name in ("autograd", "nn"))
LARGEST = 2000  # nodes of a graph that is run again after `backward`
MANY, OF_MANY = 300, 10  # comparisons of one test, after which one in ten is made
# What takes a function and returns another.
RETURN = ("grad", "value_and_grad", "grad_and_aux", "elementwise_grad", "jacobian", "hessian", "hvp", "vmap",
          "hessian_vector_product")  # fmt: skip
HOMES: tuple[Any, ...] = (autograd, functional, differential_operators)
_INSIDE = contextvars.ContextVar("inside", default=False)  # whether a switched call or a comparison is going on
tally: Counter[tuple[str, str]] = Counter()  # (backend, what became of it) -> how often
_offered: Counter[str] = Counter()  # test -> comparisons


def compare(
    fun: Callable[..., Any],
    args: tuple[Any, ...],
    backend: str,
    eager: Any = None,
    least: float = 0.0,
    fast: Any = None,
    before: Callable[[], Any] = lambda: None,
) -> None:
    """Hold the jitted function against the eager one, at its first and at a later call.

    Args:
        fun: the function.
        args: what it is called with.
        backend: where it is jitted for.
        eager: its answer, where that is known.
        least: a relative tolerance; bits are compared where it is 0 and the backend is numpy.
        fast: the jitted function, where there is one.
        before: what to do before each call.
    """
    eager = fun(*args) if eager is None else eager
    fast = jit(fun, backend=backend) if fast is None else fast
    for _ in range(2):
        before()
        mine, wanted = ([_plain(x) for x in tree.leaves(answer)] for answer in (fast(*args), eager))
        assert len(mine) == len(wanted)
        for a, b in zip(mine, wanted, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            _close(a, b, max(0.0 if backend == EXACT else 1e-6, least))


def _close(a: Any, b: Any, tolerance: float) -> None:
    if a.dtype.kind in "OSU":
        assert a.tolist() == b.tolist()
    else:
        with np.errstate(all="ignore"):
            scale = np.max(np.abs(b[np.isfinite(b)]), initial=1.0)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale)


def _plain(x: Any) -> Any:
    return np.asarray(x.data if isinstance(x, Tensor | Value) else x)


def _single(answer: Any) -> bool:
    return any(x.dtype in {np.dtype(np.float32), np.dtype(np.complex64)} for x in map(_plain, tree.leaves(answer)))


def _eager(args: Any) -> bool:
    """Whether a call is the test's own, with plain numbers: not one inside another, and nobody records or compares."""
    busy = _INSIDE.get() or _graph.tracer() is not None or _graph.watching() is not None
    return (
        not busy
        and not _left_alone(_test())
        and not any(isinstance(x, Tensor | Value) or callable(x) for x in tree.leaves(args))
    )


@functools.cache
def _left_alone(test: str) -> bool:
    return refusals.names(refusals.EAGER, test)


def _ours(caller: FrameType | None) -> bool:
    """Whether the packages call: `fit`, say, whose steps are compiled anyhow."""
    return caller is not None and caller.f_code.co_filename.startswith(_PACKAGES)


@contextmanager
def inside() -> Iterator[None]:
    """Leave functions alone while one is compared."""
    token = _INSIDE.set(True)
    try:
        yield
    finally:
        _INSIDE.reset(token)


class _Draws:
    """The random generators that a function reads, to be put back before it runs again."""

    def __init__(self, fun: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = [g for _, g, _ in Guard(fun).generators if isinstance(g, np.random.Generator)]
        self._before = [(g, g.bit_generator.state) for g in found]

    def __call__(self) -> None:
        """Put the generators back."""
        for generator, state in self._before:
            generator.bit_generator.state = state


def also(fun: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``fun``, checked against its jitted self at each call with plain arrays while the switch is on."""
    if not BACKENDS:
        return fun
    made: dict[str, Any] = {}  # one jitted function for all calls, so that later ones replay what was recorded

    @functools.wraps(fun)
    def both(*args: Any, **named: Any) -> Any:
        if _ours(_here().f_back) or not _eager((args, named)):
            return fun(*args, **named)
        return _twice(fun, args, named, {} if named else made)

    return both


def _twice(fun: Callable[..., Any], args: tuple[Any, ...], named: dict[str, Any], made: dict[str, Any]) -> Any:
    """Call ``fun``, and compare: its answer, or that it raises."""
    draws = _Draws(fun)
    whole = functools.partial(fun, **named) if named else fun
    try:
        with inside():
            answer = fun(*args, **named)
    except errors.AutogradError:
        after = _Draws(fun)
        draws()
        _compare_all(whole, args, None, draws, made, raises=True)
        after()
        raise
    after = _Draws(fun)
    if not any(map(callable, tree.leaves(answer))):
        _compare_all(whole, args, answer, draws, made)
    after()
    return answer


def _compare_all(
    fun: Callable[..., Any],
    args: tuple[Any, ...],
    answer: Any = None,
    before: Callable[[], Any] = lambda: None,
    made: dict[str, Any] | None = None,
    *,
    raises: bool = False,
) -> None:
    made = {} if made is None else made
    with inside(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the eager call has warned
        for backend in filter(_due, BACKENDS):
            fast = made.setdefault(backend, jit(fun, backend=backend))
            tally[backend, (_raises if raises else _answers)(fun, args, backend, answer, fast, before)] += 1


def _answers(fun: Any, args: Any, backend: str, answer: Any, fast: Any, before: Any) -> str:
    answer = fun(*args) if answer is None else answer
    try:
        compare(fun, args, backend, answer, TOLERANCES[_single(answer)][backend != EXACT], fast, before)
    except (errors.TraceError, errors.UnsupportedError) as exc:  # what needs its numbers is refused, never wrong
        if not refusals.names(refusals.REFUSED, _test()):
            raise AssertionError(f"refused on {backend}, and not named in tests/autograd/refusals.py: {exc}") from exc
        return "refused, as tests/autograd/refusals.py has it"
    return "equal to the eager call"


def _raises(_: Any, args: Any, backend: str, __: Any, fast: Any, before: Any) -> str:
    before()
    try:
        fast(*args)
    except errors.AutogradError:
        return "raised, as the eager call did"
    if refusals.names(refusals.BY_NUMBERS, _test()):
        return "not raised, since a recorded function does not see the numbers"
    raise AssertionError(f"raises eagerly, and not on {backend}")


def _test() -> str:
    """Return the name of the running test."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def _due(backend: str) -> bool:
    """Whether this comparison is one of those a backend is to make: the same ones in every run of a seed."""
    test = _test()
    _offered[test] += 1
    every = BACKENDS[backend] * (1 if _offered[test] <= MANY else OF_MANY)
    return every == 1 or zlib.crc32(f"{SEED} {test} {_offered[test]}".encode()) % every == 0


# ---- what is switched
def install() -> None:
    """Put the switch between the tests and the functions they call, before they import them."""
    if not BACKENDS:
        return
    _traced._OWN = (*_traced._OWN, __file__)  # not the user's line
    for home in HOMES:
        for name in {*RETURN} & {*vars(home)}:
            setattr(home, name, _returning(getattr(home, name)))
        for name, pull in (("vjp", _pulled), ("jvp", _pushed)):
            if name in vars(home):
                setattr(home, name, pull(getattr(home, name)))
    for name in ("check_gradients", "assert_gradients"):
        setattr(testing, name, _running(getattr(testing, name)))
    checking = test_util.check_grads
    _put(test_util, "check_grads", lambda fun, *a, **named: _running(checking(fun, *a, **named), fun))
    for kind in (Tensor, Value):
        _put(kind, "backward", _walking(kind.backward))
    from nn import Module  # it imports what was switched above

    _put(Module, "__call__", _calling(Module.__call__))


def _put(home: Any, name: str, function: Callable[..., Any]) -> None:
    setattr(home, name, function)


def _returning(transform: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(transform)
    def switched(fun: Any, *args: Any, **named: Any) -> Any:
        return also(transform(fun, *args, **named))

    return switched


def _running(check: Callable[..., Any], fun: Any = None) -> Callable[..., Any]:
    """Return a check of a function, which is its first argument unless it is given here."""

    @functools.wraps(check)
    def switched(*args: Any, **named: Any) -> Any:
        checked, numbers = (args[0], args[1:]) if fun is None else (fun, args)
        on = _eager(numbers)
        with inside():
            answer = check(*args, **named)
        if on:
            _compare_all(functools.partial(checked, **named) if fun is not None else checked, numbers)
        return answer

    return switched


def _pulled(vjp: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(vjp)
    def switched(fun: Any, *args: Any, **named: Any) -> Any:
        value, pull, *more = vjp(fun, *args, **named)
        if _eager(args) and not named:
            ones = tree.map(lambda y: np.ones(np.shape(y), np.result_type(_plain(y))), value)

            def both(*args: Any) -> Any:
                y, back = vjp(fun, *args)
                return y, back(ones)

            _compare_all(both, args)
        return value, pull, *more

    return switched


def _pushed(jvp: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(jvp)
    def switched(fun: Any, args: Any, *tangents: Any, **named: Any) -> Any:
        answer = jvp(fun, args, *tangents, **named)
        if _eager((args, tangents)) and len(tangents) == 1 and not named:
            _compare_all(lambda *both: jvp(fun, *both), (args, *tangents))
        return answer

    return switched


def _calling(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def switched(module: Any, *args: Any, **named: Any) -> Any:
        moves = module.training and any(m.buffer_names for m in module.modules())
        other = not args or any(hasattr(a, "called_by") for a in args)  # a call that is written down
        if moves or other or _ours(_here().f_back) or not _eager((args, named)):
            return call(module, *args, **named)
        return _twice(functools.partial(call, module), args, named, {})

    return switched


def _walking(backward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(backward)
    def switched(root: Any, *seed: Any, **named: Any) -> Any:
        answer = backward(root, *seed, **named)
        if _eager(()) and not _graph.Node._hooked:
            given = seed[0] if seed else named.get("gradient")
            replay(root, None if given is None else _plain(given))
        return answer

    return switched


def replay(root: Any, seed: Any) -> None:
    """Run the graph below ``root`` again, as a function of its leaves, and pull ``seed`` back through it."""
    order = _graph.toposort((root,))
    leaves: list[Any] = [node for node in order if node.op is None]
    spots = [i for i, leaf in enumerate(leaves) if leaf.dtype.kind in "fc"]
    if len(order) > LARGEST or not spots or root.op is None:
        return
    seed = np.ones(root.shape, root.dtype) if seed is None else seed.astype(root.dtype)

    def again(numbers: list[Any]) -> Any:
        values = dict(zip(leaves, numbers, strict=True))
        for node in order:
            if node.op is not None:
                operands = [values[a] if isinstance(a, _graph.Node) else a for a in node.args]
                values[node] = node.op(*operands, **node.params)
        return values[root]

    def both(*numbers: Any) -> Any:
        def of(*chosen: Any) -> Any:
            full = list(numbers)
            for i, x in zip(spots, chosen, strict=True):
                full[i] = x
            return again(full)

        value, pull = functional.vjp(of, *[numbers[i] for i in spots])
        return value, pull(seed)

    _compare_all(both, tuple(leaf._peek() for leaf in leaves))
