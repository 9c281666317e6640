"""Every exception Chainrule raises, and the words they say.

Each class also derives from the builtin a numpy user would catch, so ``except ValueError``
keeps working. A message names the operation, the argument, what was given and what to write.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

__all__ = [
    "NO_BACKWARD",
    "AutogradError",
    "DataError",
    "DtypeError",
    "GradientError",
    "GraphError",
    "InPlaceError",
    "MissingExtraError",
    "NoPathError",
    "NonFiniteError",
    "OptionError",
    "SeedError",
    "ShapeError",
    "TraceError",
    "UnsupportedError",
    "describe",
    "from_numpy",
    "unknown_name",
]

NO_BACKWARD = "backward() fills .grad, which a recorded program can't; write grad or value_and_grad"


class AutogradError(Exception):
    """The base of every error raised by `autograd` and `nn`."""


class ShapeError(AutogradError, ValueError):
    """Shapes that do not fit together."""


class DtypeError(AutogradError, TypeError):
    """A dtype or Python type that has no gradient here, an integer for example."""


class SeedError(AutogradError, ValueError):
    """`backward` or a vjp without a cotangent, or with one of the wrong shape."""


class NoPathError(AutogradError, ValueError):
    """The result does not depend on the argument it should be differentiated by."""


class InPlaceError(AutogradError, TypeError):
    """An attempt to overwrite numbers that a recorded graph still needs."""


class UnsupportedError(AutogradError, TypeError, NotImplementedError):
    """A numpy function, or a form of one, that has no gradient rule."""


class GraphError(AutogradError, RuntimeError):
    """A graph, or an operation row, that contradicts itself."""


class GradientError(AutogradError, AssertionError):
    """A gradient check whose verdict is not "right"; ``verdict`` holds the whole of it."""

    def __init__(self, message: str, verdict: Any) -> None:
        """Keep the ``verdict`` beside the ``message``."""
        super().__init__(message)
        self.verdict = verdict


class TraceError(AutogradError, TypeError):
    """A computation that cannot be recorded once and replayed."""


class DataError(AutogradError, ValueError):
    """Training data that cannot be right: empty, NaN, out of range, mismatched."""


class NonFiniteError(AutogradError, ArithmeticError):
    """A NaN or infinity, found by `autograd.debug` where it first appeared.

    Attributes:
        op: the name of the operation that made it.
        node: the node it appeared at.
        where: file, line and text of the user's code.
        path: the names of the operations between it and the result (or, on the way forward, the leaves).
    """

    def __init__(self, message: str, op: str, node: Any, where: str, path: list[str]) -> None:
        """Keep what `autograd.debug` found out."""
        super().__init__(message)
        self.op, self.node, self.where, self.path = op, node, where, path


class OptionError(AutogradError, ValueError):
    """An option or a name outside the allowed ones."""


class MissingExtraError(AutogradError, ImportError):
    """An optional library is not installed."""

    def __init__(self, library: str, extra: str, purpose: str) -> None:
        """Say which ``library`` is missing for which ``purpose`` and which ``extra`` brings it."""
        super().__init__(
            f'{purpose} needs {library}, which is not installed: pip install "chainrule[{extra}]"',
            name=library,
        )


def describe(value: Any) -> str:
    """Return a few words on ``value``: dtype and shape where it has them, else its type.

    >>> describe(3.0)
    'float 3.0'
    """
    shape = getattr(value, "shape", None)
    if shape is not None and not isinstance(value, type) and hasattr(value, "dtype"):
        kind = "Tensor " if type(value).__name__ == "Tensor" else ""
        return f"{kind}{value.dtype}{list(shape)}"
    if isinstance(value, int | float | complex | str | bool):
        return f"{type(value).__name__} {value!r}"
    return type(value).__name__


def from_numpy(op: str, inputs: Iterable[Any], params: dict[str, Any], exc: Exception) -> AutogradError:
    """Turn what numpy raised inside ``op`` into an error that names the op and its operands."""
    given = ", ".join(describe(value) for value in inputs)
    extra = "".join(f", {key}={value!r}" for key, value in params.items() if value is not None)
    kind: Callable[[str], AutogradError] = DtypeError if isinstance(exc, TypeError) else ShapeError
    if type(exc).__name__ == "LinAlgError":  # numpy's own, which this module does not import
        theirs: Any = type(exc)
        kind = _alike(theirs)
    return kind(f"{op}({given}{extra}): {_plain(exc)}")


@functools.cache
def _alike(theirs: Any) -> Any:
    """Return an error class that is caught as a `ShapeError` and by numpy's name."""
    return type(theirs.__name__, (ShapeError, theirs), {"__doc__": theirs.__doc__})


def _plain(exc: Exception) -> str:
    text = str(exc)
    if "could not be broadcast together" in text:
        return (
            "these shapes do not broadcast; sizes must match, or be 1, axis by axis counted from the "
            "right: reshape or expand_dims one of them"
        )
    if "mismatch in its core dimension" in text or "not aligned" in text:
        return (
            "the inner sizes differ; the last axis of the first operand must equal the second-to-last "
            "(or only) axis of the second: transpose one of them"
        )
    return text


def unknown_name(what: str, name: object, known: Iterable[str]) -> OptionError:
    """Build the error for a string that names nothing, with the nearest names that do.

    >>> str(unknown_name("activation", "rlu", ["relu", "tanh"]))
    "unknown activation 'rlu'; did you mean 'relu'? Known: relu, tanh"
    """
    from difflib import get_close_matches

    names = sorted(known)
    near = [n for n in names if n.lower() == str(name).lower()] or get_close_matches(str(name), names, n=2, cutoff=0.5)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else "."
    return OptionError(f"unknown {what} {name!r}{hint} Known: {', '.join(names)}")
