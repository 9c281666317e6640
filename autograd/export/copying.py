"""Copies functions into a written-out module: their text, and whatever they need of the module they stand in."""

from __future__ import annotations

import ast
import builtins
import copy
import functools
import inspect
import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedError

__all__ = ["Copier", "array_source", "number_source"]

_HOMES = (("np", np), ("np.linalg", np.linalg), ("np.fft", np.fft))
_PLAIN = (float, int, bool, str, bytes, complex, type(None))
_TYPING = ("Any", "Callable", "Sequence", "Iterable", "Iterator")


class Copier:
    """The functions, classes and numbers that a written-out module carries with it.

    Attributes:
        texts: their texts in the order they have to stand in, by name.
    """

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._names: dict[Any, str] = {}  # the object copied, or the text of a number, -> its name in the module
        self._alive: list[Any] = []  # what an id above belongs to must not be freed

    def function(self, forward: Callable[..., Any], op: str) -> str:
        """Return how the module calls an operation's forward function, copying it where it isn't numpy's.

        Raises:
            UnsupportedError: the function, or something that it needs, has no text of its own.
        """
        home = _home(forward)
        if home:
            return home
        plain = inspect.unwrap(forward)
        name = getattr(plain, "__name__", "")
        own = name == "<lambda>" or bool(getattr(plain, "__closure__", None))
        return self._copy(plain, f"{op}_forward" if own else name, op)

    def named(self, value: Any, wish: str, op: str) -> str:
        """Return the name of an object in the module, ``wish`` if that is free, copying it if it is new.

        Raises:
            UnsupportedError: it has no text.
        """
        if callable(value) and isinstance(inspect.unwrap(value), types.FunctionType):
            return self._copy(inspect.unwrap(value), wish, op)
        text = "" if isinstance(value, type) else self._text(value, op)
        key = (wish, text) if text else id(value)
        if key in self._names:
            return self._names[key]
        name = self._names[key] = self._free(wish)
        self.texts[name] = f"{name} = {text}" if text else _class(value, name, op)
        self._alive.append(value)
        return name

    def _text(self, value: Any, op: str) -> str:
        """Return a number, an array, or a container of them as an expression."""
        kind = type(value)
        if kind is np.ndarray:
            return array_source(value)
        if isinstance(value, np.generic):
            return f'np.dtype("{value.dtype}").type({number_source(value.item())})'
        if kind in _PLAIN:
            return number_source(value)
        if kind in (tuple, list, set, frozenset):
            return f"{kind.__name__}([{', '.join(self._text(item, op) for item in value)}])"
        if kind is dict:
            return f"{{{', '.join(f'{self._text(k, op)}: {self._text(v, op)}' for k, v in value.items())}}}"
        raise UnsupportedError(f"to_source: {op} needs a {kind.__name__}, which has no text of its own")

    def _free(self, wish: str) -> str:
        """Return a name that nothing has yet."""
        wish = "".join(c if c.isidentifier() or c.isdigit() else "_" for c in wish)
        wish = wish if wish.isidentifier() else f"_{wish}"
        name, count = wish, 1
        while name in self.texts or hasattr(builtins, name):
            count += 1
            name = f"{wish}_{count}"
        return name

    def _copy(self, function: Any, wish: str, op: str) -> str:
        """Copy a function, with everything it needs, and return its name."""
        if id(function) in self._names:
            return self._names[id(function)]
        if not isinstance(function, types.FunctionType):
            raise UnsupportedError(f"to_source: {op} is computed by a function without a text of its own")
        name = self._names[id(function)] = self._free(wish)
        self._alive.append(function)
        self.texts[name] = ""  # taken
        tree = _tree_of(function, name, op)
        local = _local(tree) - {name}
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        outside = {**function.__globals__, **{word: cell.cell_contents for word, cell in cells}}
        names = [n for body in tree.body for n in ast.walk(body) if isinstance(n, ast.Name)]
        for node in sorted(names, key=lambda n: n.id):
            if node.id in outside and node.id not in local:
                node.id = self._outside(node.id, outside[node.id], op)
        self._defaults(tree.args, function, op)
        self.texts.pop(name)
        self.texts[name] = ast.unparse(tree)
        return name

    def _defaults(self, arguments: ast.arguments, function: types.FunctionType, op: str) -> None:
        """Write the values that defaults have, not the names they were computed from."""
        given = function.__defaults__ or ()
        arguments.defaults = [self._default(n, v, op) for n, v in zip(arguments.defaults, given, strict=True)]
        named = function.__kwdefaults__ or {}
        arguments.kw_defaults = [
            None if node is None else self._default(node, named[argument.arg], op)
            for argument, node in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ]

    def _default(self, node: ast.expr, value: Any, op: str) -> ast.expr:
        if isinstance(node, ast.Constant):
            return node
        return ast.Name(_home(value) or self.named(value, f"{op}_default", op), ast.Load())

    def _outside(self, word: str, value: Any, op: str) -> str:
        """Return what a copied function writes for a global or closed-over name."""
        if value is np or value is math:
            return "np" if value is np else "math"
        if word in _TYPING:
            return word  # annotations inside a function are never evaluated
        return _home(value) or self.named(value, word, op)


def _class(kind: type, name: str, op: str) -> str:
    """Return the text of an error of ours, or of a NamedTuple, which carries metadata."""
    if issubclass(kind, Exception):
        return f"{name} = ValueError"
    fields = getattr(kind, "_fields", None)
    if fields is None:
        raise UnsupportedError(f"to_source: {op} needs the class {kind.__name__}, which has no text of its own")
    rows = "\n".join(f"    {field} = property(lambda self: self[{k}])" for k, field in enumerate(fields))
    return f"class {name}(tuple):\n{rows}"


def _home(function: Any) -> str:
    """Return numpy's name of a function of numpy's, else nothing."""
    name = getattr(function, "__name__", "")
    return next((f"{home}.{name}" for home, module in _HOMES if name and getattr(module, name, None) is function), "")


@functools.lru_cache(maxsize=64)
def _functions(module: types.ModuleType) -> list[Any]:
    """Return the functions and lambdas in a module's source."""
    nodes = ast.walk(ast.parse(inspect.getsource(module)))
    return [node for node in nodes if isinstance(node, ast.Lambda | ast.FunctionDef)]


def _tree_of(function: types.FunctionType, name: str, op: str) -> ast.FunctionDef:
    """Return the definition of a function or lambda as plain code named ``name``: no decorator, docstring or types."""
    module = inspect.getmodule(function)
    try:
        nodes = _functions(module) if module is not None else []
    except (OSError, TypeError):
        nodes = []
    node = next((node for node in nodes if _is_text_of(node, function)), None)
    if node is None:
        raise UnsupportedError(f"to_source: {op} is computed by a function without a text of its own")
    body = [ast.Return(node.body)] if isinstance(node, ast.Lambda) else node.body
    if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
        body = body[1:]
    whole = copy.deepcopy(ast.FunctionDef(name, node.args, body, [], None))  # the module's tree is kept for others
    for inner in ast.walk(whole):
        if isinstance(inner, ast.arg):
            inner.annotation = None
    return ast.fix_missing_locations(whole)


def _is_text_of(node: ast.Lambda | ast.FunctionDef, function: types.FunctionType) -> bool:
    code = function.__code__
    lines = [node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]
    if code.co_firstlineno not in lines:
        return False
    if isinstance(node, ast.FunctionDef):
        return node.name == code.co_name
    body = node.body  # several lambdas may stand on one line: the columns tell them apart
    place = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
    return code.co_name == "<lambda>" and place in set(code.co_positions())


def _local(tree: ast.FunctionDef) -> set[str]:
    """Return the names that a function gives a value itself."""
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return stored | {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)} | {
        n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)
    }  # fmt: skip


def number_source(x: Any) -> str:
    """Return a number, string or `None` as Python text, NaN and infinity included.

    >>> number_source(float("-inf"))
    'float("-inf")'
    """
    if isinstance(x, float) and not math.isfinite(x):
        return f'float("{x}")'
    if isinstance(x, complex) and not (math.isfinite(x.real) and math.isfinite(x.imag)):
        return f"complex({number_source(x.real)}, {number_source(x.imag)})"
    return repr(x)


def array_source(a: Any) -> str:
    """Return an array as an expression of numpy's.

    >>> array_source([1.0, 2.0])
    'np.array([1.0, 2.0], dtype="float64").reshape((2,))'
    """
    a = np.asarray(a)
    return f'np.array({_nested(a.tolist())}, dtype="{a.dtype}").reshape({a.shape})'


def _nested(x: Any) -> str:
    return f"[{', '.join(map(_nested, x))}]" if isinstance(x, list) else number_source(x)
