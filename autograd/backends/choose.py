"""The backends by name: each compiles a `Program` to a function from input to output leaves."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import unknown_name
from ..program import Program, Step

__all__ = ["BACKENDS", "check_name", "compile_program"]

# name -> module and function that compile a program, or answer None for one they can't serve. A backend is
# imported when it is first asked: that keeps `import autograd` short.
BACKENDS: dict[str, tuple[str, str]] = {
    "numpy": ("autograd.backends.numpy_replay", "compile_replay"),
    "numba": ("autograd.backends.numba_fused", "compile_fused"),
    "tape": ("autograd.backends.scalar_tape", "compile_tape"),
}
_SOON = ("autograd.backends.numba_fused", "compile_soon")
_WALKS = {"lanes", "tape"}  # metadata of steps that walk a tape
_MANY = 150  # steps of a program of scalars from which walking flat arrays beats a line of Python each


def check_name(backend: str) -> None:
    """Raise for a backend that is none.

    Raises:
        OptionError: with the nearest names.

    >>> check_name("numpy")
    """
    if backend != "auto" and backend not in BACKENDS:
        raise unknown_name("backend", backend, ("auto", *BACKENDS))


def compile_program(program: Program, backend: str = "auto") -> Any:
    """Return ``program`` as a function of its inputs' leaves that returns its outputs' leaves as a tuple.

    Args:
        program: what `record` gave.
        backend: a name of ``BACKENDS``; numpy serves what the one named can't. "auto" takes the tape for a program of
            many scalars, and else starts with numpy, while numba compiles small programs that are called often in
            a thread; it takes over when it is done, and results may then differ by 1e-6.

    >>> from autograd.program import record
    >>> compile_program(record(lambda x: x + 1.0, 2.0))(3.0)
    (4.0,)
    """
    program = _on(program, backend)
    wanted = [BACKENDS[backend], BACKENDS["numpy"]] if backend != "auto" else [_SOON]
    if backend == "auto" and len(program.steps) > _MANY:
        wanted.insert(0, BACKENDS["tape"])
    for module, function in wanted:
        compiled = getattr(import_module(module), function)(program)
        if compiled is not None:
            return compiled
    return None


def _on(program: Program, backend: str) -> Program:
    """Let the steps that choose between compiled code and numpy themselves know the backend."""
    return program.replaced(steps=tuple([_step_on(step, backend) for step in program.steps]))


def _step_on(step: Step, backend: str) -> Step:
    for key in _WALKS & step.params.keys():
        return step._replace(params={**step.params, key: step.params[key].on(backend)})
    return step
