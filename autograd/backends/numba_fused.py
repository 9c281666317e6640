"""A whole small program as one compiled function, by numba.

Small programs are bound by the calls, half a microsecond each, and not by the arithmetic: compiled as one function
they cost one call. Large arrays stay with numpy, whose vectorised functions and matrix products are as fast, or
faster, and need no compiling.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .._liveness import VIEWS
from .._text import execute
from ..passes import optimise
from ..program import Program
from . import compiler
from ._blas import GEMM_TEXT, gemm_address
from ._native import Native, Unsupported
from ._native_text import CASTS, named, rows
from ._takeover import TakeOver
from .numba_groups import Grouped
from .numpy_replay import Replay
from .vector_math import SINGLE, VECTOR, WIDE

__all__ = ["Fused", "compile_fused", "compile_soon"]

_STEPS = 1500  # steps up to which a function compiles in seconds
_WORK = 8_000_000  # entries up to which one thread's loops beat numpy's calls; a multiplication counts as an eighth
_MOST = 0.5  # of a program's entries from which kernels on two threads beat one function on one
_LARGEST = 2**20  # entries of one value from which numpy in blocks, on two threads, is faster

_HEAD = f"""
from numba import carray

f4, f8, i8, b1 = np.float32, np.float64, np.int64, np.bool_
WIDE = {WIDE!r}


@intrinsic
def address(context, number, kind):
    pointer = types.CPointer(kind)

    def write(c, builder, s, args):
        return builder.inttoptr(args[0], c.get_value_type(pointer))

    return pointer(types.int64, kind), write


"""
_TYPES = {"float32": "float32", "float64": "float64", "int64": "int64", "bool": "boolean"}


class Fused(TakeOver):
    """A whole program as one compiled function, on one thread.

    numpy replays it for arguments beyond what the loops are exact for (a sine of more than 800,000), too.

    Raises:
        Unsupported: a step has no loop, or the program is too large to gain.
    """

    def __init__(self, program: Program, wait: bool) -> None:
        """Check that it pays."""
        if work(program) >= _WORK or len(program.steps) > _STEPS:
            raise Unsupported("too large")
        self._native: Native | None = None
        super().__init__(program, wait)

    def _by_numpy(self, *leaves: Any) -> Any:
        return self._replay(*leaves)

    def _prepare(self) -> compiler.Compiled:
        native = self._native = Native(self._program)
        program = self._program
        arrays = [k for k, i in enumerate(program.outputs) if program.avals[i].shape]
        names = [f"a{k}" for k in range(len(program.inputs))] + [f"o{k}" for k in arrays]
        names += [*(f"m_{name}" for name in native.sizes), "pointers"]
        kinds = [_argument(program.avals[i]) for i in program.inputs]
        kinds += [_argument(program.avals[program.outputs[k]]) for k in arrays]
        kinds += [*(f"{_TYPES[name]}[::1]" for name in native.sizes), "int64[::1]"]
        returned = [_TYPES[program.avals[i].dtype.name] for i in program.outputs if not program.avals[i].shape]
        answer = f"Tuple(({', '.join(['boolean', *returned])},))"
        flat = [f"a{k}" for k, i in enumerate(program.inputs) if len(program.avals[i].shape) > 1]
        flat += [f"o{k}" for k in arrays if len(program.avals[program.outputs[k]].shape) > 1]
        body = ["wide = False", *(f"{name}f = {name}.ravel()" for name in flat), *native.lines]
        single = any("_single" in name for name in native.called)
        helpers = "\n".join(rows(name) for name in sorted(native.called))
        body, constants = named(body)
        text = "\n".join([f"def run({', '.join(names)}):", *(f"    {line}" for line in body), ""])
        return compiler.Compiled.shared(
            VECTOR + _HEAD + SINGLE * single + GEMM_TEXT * bool(native.products) + helpers + constants + text,
            {"run": f"{answer}({', '.join(kinds)})"},
        )

    def _begin(self, functions: dict[str, Any]) -> Any:
        assert self._native is not None  # noqa: S101  (prepared before)
        return _runner(self._program, self._native, functions["run"], self._by_numpy)


def _argument(aval: Any) -> str:
    return f"{_TYPES[aval.dtype.name]}[{':,' * (len(aval.shape) - 1)}::1]" if aval.shape else _TYPES[aval.dtype.name]


def _runner(program: Program, native: Native, function: Any, replay: Callable[..., Any]) -> Any:
    """Return the Python function around the compiled one: memory of its own for each thread, fresh results."""
    scope: dict[str, Any] = {
        "empty": np.empty,
        "function": function,
        "replay": replay,
        "memory": [],
        "fresh": native.memory,
    }
    inputs = [f"a{k}" for k in range(len(program.inputs))]
    outputs, parts, lines, scalars = [], [], [], 0
    for k, i in enumerate(program.outputs):
        aval = program.avals[i]
        scope[f"t{k}"] = (int if aval.dtype.kind == "i" else float) if aval.weak else aval.dtype.type
        if aval.shape:
            lines.append(f"    o{k} = empty({aval.shape!r}, t{k})")
            outputs.append(f"o{k}")
            parts.append(f"o{k}")
        else:
            scalars += 1
            parts.append(f"t{k}(answer[{scalars}])")
    scope["plain"] = _plain
    copies = [f"plain({name})" for name in inputs]
    call = "        answer = function({})"
    lines = [f"def run({', '.join(inputs)}):", *lines, "    try:", "        held = memory.pop()"]
    lines += ["    except IndexError:", "        held = fresh()", "    try:"]
    lines += [call.format(", ".join([*inputs, *outputs, "*held"]))]
    lines += ["    except TypeError:  # an argument whose entries do not lie in order", "        try:"]
    lines += [f"    {call.format(', '.join([*copies, *outputs, '*held']))}", "        except TypeError:"]
    lines += [f"            return replay({', '.join(inputs)})", "    finally:", "        memory.append(held)"]
    if native.wide:
        lines += ["    if answer[0]:", f"        return replay({', '.join(inputs)})"]
    lines.append(f"    return ({', '.join(parts)}{',' if parts else ''})")
    return execute("\n".join(lines), scope, f"<call of {program.name}>", "run")


def _plain(leaf: Any) -> Any:
    """Return an array whose entries lie in order and can be written to, as the signature has it."""
    if isinstance(leaf, np.ndarray):
        return np.require(leaf, requirements=("C", "A", "W", "E")) if leaf.ndim else leaf[()]
    return leaf


def work(program: Program) -> int:
    """Return how many entries a program computes, `_WORK` and more where one of its values is large.

    Products of matrices cost nothing here where a library computes them, as numpy has it do; otherwise an eighth
    of an entry for each multiplication.
    """
    total = 0
    for step in program.steps:
        aval = program.avals[step.output]
        size = math.prod(aval.shape)
        if step.op.name in VIEWS:
            continue
        if size >= _LARGEST:
            return _WORK
        if step.op.name == "matmul":
            inner = math.prod(program.avals[step.inputs[0]].shape[-1:])
            total += 0 if gemm_address(aval.dtype.name) else size * inner // 8
        else:
            total += size
    return total


def _compile(program: Program, wait: bool) -> Any:
    if wait and not compiler.available():
        return None
    program = optimise(program)
    if not compiler.available():
        return Replay(program)
    grouped = _attempt(Grouped, program, wait)
    if grouped is not None and grouped.share > _MOST:
        return grouped
    return _attempt(Fused, program, wait) or grouped or (None if wait else Replay(program))


def _attempt(kind: Any, program: Program, wait: bool) -> Any:
    try:
        return kind(program, wait)
    except Unsupported:
        return None


def compile_fused(program: Program) -> Any:
    """Compile ``program`` at its first call, `None` where numba is missing or can't serve it.

    Args:
        program: what `record` gave.

    >>> from autograd.program import record
    >>> run = compile_fused(record(lambda x: np.exp(x) * 2.0, np.zeros(2)))
    >>> run is None or bool(np.all(run(np.zeros(2))[0] == 2.0))
    True
    """
    return _compile(program, wait=True)


def compile_soon(program: Program) -> Any:
    """Return the numpy replay of ``program``, which compiled code takes over from when it has been called often.

    Args:
        program: what `record` gave.

    >>> from autograd.program import record
    >>> compile_soon(record(lambda x: np.exp(x) * 2.0, np.zeros(2)))(np.zeros(2))
    (array([2., 2.]),)
    """
    return _compile(program, wait=False)


assert set(_TYPES) == set(CASTS)  # noqa: S101  (two tables of one set of dtypes)
