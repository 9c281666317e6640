"""The backends by name: each compiles a `Program` to a function from input to output leaves."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import unknown_name
from ..program import Program

__all__ = ["BACKENDS", "check_name", "compile_program"]

# name -> module and function that compile a program, or answer None for one they can't serve; "auto" asks them in
# this order. A backend is imported when it is first asked: that keeps `import autograd` short.
BACKENDS: dict[str, tuple[str, str]] = {"numpy": ("autograd.backends.numpy_replay", "compile_replay")}


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
        backend: a name of ``BACKENDS``; "auto" takes the first that serves the program.

    >>> from autograd.program import record
    >>> compile_program(record(lambda x: x + 1.0, 2.0))(3.0)
    (4.0,)
    """
    names = list(BACKENDS) if backend == "auto" else [backend, "numpy"]
    for name in names:
        module, function = BACKENDS[name]
        compiled = getattr(import_module(module), function)(program)
        if compiled is not None:
            return compiled
    return None
