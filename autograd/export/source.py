"""`to_source`: a recorded computation as a plain numpy module that needs nothing of this project."""

from __future__ import annotations

import ast
import inspect
import keyword
import linecache
import math
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ops.dynamic import DRAW
from ..program import Program, record
from .programs import forward_steps, with_backward

__all__ = ["program_of", "to_source"]

_HOMES = (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft))


def program_of(f: Any, examples: tuple[Any, ...], name: str) -> Program:
    """Return ``f`` where it is a program, else what recording it on examples gives.

    Raises:
        UnsupportedError: a function without examples.
    """
    if isinstance(f, Program):
        return f
    if not examples:
        raise UnsupportedError(
            f"{name}(f): a function is recorded on examples: write {name}(f, x, ...), or give a Program"
        )
    return record(f, *examples)


def to_source(f: Any, *examples: Any, grad: bool = False) -> str:
    r"""Return a numpy module that computes what ``f`` does, and its gradients, with the same bits.

    The module has one function, named as ``f``, of the flat list of array arguments; arrays of the
    surroundings are its keyword arguments. With ``grad`` it returns ``(value, gradients)``, gradients of the float
    arguments, then of the keyword arguments. Each line is commented with the program's line it came
    from, and each group of lines with the line of the caller's code.

    Args:
        f: a function, or a `Program`.
        *examples: arguments of the shapes and dtypes to take, for a function.
        grad: add the backward sweep of the one result.

    Raises:
        UnsupportedError: an operation that can't be written in plain numpy (a random draw, a closure).

    >>> import numpy as np
    >>> print("\n".join(to_source(lambda x: np.exp(x) * 2.0, np.ones(3)).splitlines()[-3:]))
        b = np.exp(a)  # b: float64[3] = exp(a)
        c = np.multiply(b, 2.0)  # c: float64[3] = multiply(b, 2.0)
        return c
    """
    program = program_of(f, examples, "to_source")
    kept = len(program.parameters)
    whole = with_backward(program) if grad else program
    return _Writer(whole, program, kept).module()


class _Writer:
    """Writes one program, and the functions its operations need."""

    def __init__(self, program: Program, original: Program, kept: int) -> None:
        self.program, self.original, self.kept = program, original, kept
        self.names = {i: n if n.isidentifier() else f"v{i}" for i, n in program._names().items()}
        if program is not original and kept:
            for i, tensor in zip(program.inputs[-kept:], original.parameters.values(), strict=True):
                if tensor.label.isidentifier() and tensor.label not in self.names.values():
                    self.names[i] = tensor.label
        for i, n in self.names.items():  # letters soon spell words: as, if, np
            if keyword.iskeyword(n) or n in ("np", "math", "float") or n.endswith("_forward"):
                self.names[i] = f"{n}_"
        self.helpers: dict[str, str] = {}
        self.arrays: list[str] = []

    def module(self) -> str:
        """Return the module's text."""
        p = self.program
        name = p.name if p.name.isidentifier() else "f"
        body = self.body()
        body.append(f"return {self.result()}")
        for i, constant in p.constants.items():
            if isinstance(constant, np.ndarray):
                self.arrays.append(f"{self.value(i)} = {_array(constant)}")
        parameters = [*p.inputs[len(p.inputs) - self.kept :]] if p is not self.original and self.kept else []
        names = [self.names[i] for i in p.inputs if i not in parameters]
        for i, tensor in zip(parameters or p.parameters, self.original.parameters.values(), strict=True):
            self.arrays.append(f"{self.names[i]}_0 = {_array(np.asarray(tensor.peek()))}")
            names.append(f"{self.names[i]}={self.names[i]}_0")
        head = f'"""{p.name}, written out from its recorded program; needs numpy only."""'
        parts = [
            head,
            "import math\n\nimport numpy as np"
            if any("math." in h for h in self.helpers.values())
            else "import numpy as np",
        ]
        parts += self.arrays + list(self.helpers.values())
        listing = "\n".join(f"    {row}" for row in body)
        return "\n\n".join([*parts, f"def {name}({', '.join(names)}):\n{listing}"]) + "\n"

    def body(self) -> list[str]:
        """Return the lines of the steps, each run of them under the user's line that they came from."""
        first = forward_steps(self.program) if self.program is not self.original else None
        origins, rows, here = list(self.original.steps), list[str](), ("", 0)
        backward = False
        for step in self.program.steps:
            if first is None or step.output in first:
                if origins and origins[0].op is step.op:  # recording the backward sweep adds a few steps of its own
                    origin = origins.pop(0)
                    if origin.where != here and origin.where[0]:
                        here = origin.where
                        rows.append(_comment(*here))
            elif not backward:
                backward = True
                rows.append("# ---- backward")
            rows.append(self.line(step))
        return rows

    def value(self, i: int) -> str:
        """Return a value's name, or the number itself."""
        constant = self.program.constants.get(i)
        if constant is None or isinstance(constant, np.ndarray):
            return self.names[i] if constant is None else f"c{i}"
        if isinstance(constant, np.generic):
            return f"np.{constant.dtype}({_number(constant.item())})"
        return _number(constant)

    def line(self, step: Any) -> str:
        """Return the line of one step."""
        op, inputs, params, output, _ = step
        if op is DRAW:
            raise UnsupportedError("to_source: the program draws random numbers; hand them in as an argument")
        operands = [self.value(i) for i in inputs]
        operands += [f"{key}={self.param(op.name, value)}" for key, value in params.items()]
        text = f"{self.function(op.forward, op.name)}({', '.join(operands)})"
        if self.program.avals[output].weak:
            text = f"np.asarray({text}).item()"
        return f"{self.names[output]} = {text}  # {self.program._line(step, self.names_of_listing)}"

    @property
    def names_of_listing(self) -> dict[int, str]:
        """The names that the comments use: the same, and numbers as numbers."""
        return {**self.names, **{i: self.value(i) for i in self.program.constants}}

    def result(self) -> str:
        """Return what the function returns."""
        outputs = [self.value(i) for i in self.program.outputs]
        if self.program is not self.original:
            return f"{outputs[0]}, ({''.join(o + ', ' for o in outputs[1:]).rstrip()})"
        return outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"

    def param(self, op: str, value: Any) -> str:
        """Return metadata as Python text."""
        if isinstance(value, np.ndarray):
            return _array(value)
        if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
            return f'np.dtype("{np.dtype(value)}")'
        if isinstance(value, tuple | list):
            inner = ", ".join(self.param(op, item) for item in value)
            return f"({inner},)" if isinstance(value, tuple) else f"[{inner}]"
        if isinstance(value, np.generic):
            return _number(value.item())
        if callable(value):
            raise UnsupportedError(f"to_source: {op} has a function among its metadata, which has no text")
        return _number(value) if isinstance(value, float) else repr(value)

    # ---- functions
    def function(self, forward: Callable[..., Any], op: str) -> str:
        """Return how the module calls an operation's forward function."""
        home = _home(forward)
        if home:
            return home
        plain = inspect.unwrap(forward)
        name = plain.__name__
        own = name == "<lambda>" or bool(getattr(plain, "__closure__", None))
        return self.copy(plain, f"{op}_forward" if own else name, op)

    def copy(self, function: Callable[..., Any], name: str, op: str) -> str:
        """Copy a function of ours into the module under ``name``, with everything it needs."""
        if name in self.helpers:
            return name
        if not isinstance(function, types.FunctionType):
            raise UnsupportedError(f"to_source: {op} is computed by a function without a text of its own")
        tree = _tree_of(function, name, op)
        arguments = {a.arg for a in (*tree.args.args, *tree.args.kwonlyargs)}
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        outside = {**function.__globals__, **{word: cell.cell_contents for word, cell in cells}}
        self.helpers[name] = ""
        names = sorted((n for n in ast.walk(tree) if isinstance(n, ast.Name)), key=lambda n: n.id)
        for node in names:
            if node.id in outside and node.id not in arguments:
                home = _home(outside[node.id])
                if home:
                    node.id = home
                else:
                    self.need(node.id, outside[node.id], op)
        self.helpers.pop(name)
        self.helpers[name] = ast.unparse(tree)
        return name

    def need(self, word: str, value: Any, op: str) -> None:
        """Provide one global name that a copied function uses."""
        if value is np or value is math or word in ("Any", "Callable", "Sequence"):
            return  # annotations inside a function are never evaluated
        if isinstance(value, type) and issubclass(value, Exception):
            self.helpers.setdefault(f"={word}", f"{word} = ValueError")
        elif callable(value) and isinstance(inspect.unwrap(value), types.FunctionType):
            self.copy(inspect.unwrap(value), word, op)
        elif isinstance(value, float | int | str | tuple | list | frozenset | set):
            self.helpers.setdefault(f"={word}", f"{word} = {value!r}")
        elif isinstance(value, np.ndarray):
            self.helpers.setdefault(f"={word}", f"{word} = {_array(value)}")
        else:
            raise UnsupportedError(f"to_source: {op} needs {word}, a {type(value).__name__} without a text of its own")


def _home(function: Any) -> str:
    """Return numpy's name of a function of numpy's, else nothing."""
    name = getattr(function, "__name__", "")
    return next((f"{home}.{name}" for home, module in _HOMES if name and getattr(module, name, None) is function), "")


def _tree_of(function: types.FunctionType, name: str, op: str) -> ast.FunctionDef:
    """Return the definition of a function or lambda as plain code named ``name``: no decorator, docstring or types."""
    module = inspect.getmodule(function)
    line = function.__code__.co_firstlineno
    kind: Any = ast.Lambda if function.__name__ == "<lambda>" else ast.FunctionDef
    words = list(function.__code__.co_varnames[: function.__code__.co_argcount])
    for node in ast.walk(ast.parse(inspect.getsource(module))) if module is not None else ():
        if not isinstance(node, kind) or [a.arg for a in node.args.args] != words:
            continue
        lines = [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]
        if line not in lines:
            continue
        body = [ast.Return(node.body)] if isinstance(node, ast.Lambda) else node.body
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            body = body[1:]
        tree = ast.FunctionDef(name, node.args, body, [], None)
        for inner in ast.walk(tree):
            if isinstance(inner, ast.arg):
                inner.annotation = None
        return ast.fix_missing_locations(tree)
    raise UnsupportedError(f"to_source: {op} is computed by a function without a text of its own")


def _number(x: Any) -> str:
    if isinstance(x, float) and not math.isfinite(x):
        return f'float("{x}")'
    return repr(x)


def _array(a: Any) -> str:
    a = np.asarray(a)
    return f'np.array({_nested(a.tolist())}, dtype="{a.dtype}").reshape({a.shape})'


def _nested(x: Any) -> str:
    return f"[{', '.join(map(_nested, x))}]" if isinstance(x, list) else _number(x)


def _comment(name: str, line: int) -> str:
    """Return a comment that quotes a line of the user's."""
    text = linecache.getline(name, line).strip()
    return f"# {Path(name).name}:{line}" + (f": {text}" if text else "")
