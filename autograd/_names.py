"""What code names: the attributes, globals and modules that its instructions can read.

An attribute that no code names can't be read, save by a computed name (`getattr`, `vars`, ``__dict__``, `eval`): which
code does that is told too.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["Import", "Names", "names_in", "names_of"]

_BY_NAME = {"getattr", "hasattr", "setattr", "delattr"}
_ANY_ATTRIBUTE = {"vars", "dir", "locals"}
_ANY_GLOBAL = {"globals", "eval", "exec", "compile"}
# Attributes of modules and objects through which others are read by a text.
_BY_TEXT = {"attrgetter", "methodcaller", "__getattribute__", "__getattr__", "__getstate__"}
_BY_TEXT |= {"__reduce__", "__reduce_ex__", "__dir__"}
_TEXTS = {
    "repr",
    "str",
    "format",
    "print",
    "ascii",
    "__repr__",
    "__str__",
    "__format__",
    "debug",
    "info",
    "warning",
    "warn",
}
_COMPARES = {
    "min",
    "max",
    "sorted",
    "sort",
    "index",
    "count",
    "remove",
    "eq",
    "ne",
    "lt",
    "gt",
    "le",
    "ge",
    "array_equal",
}
_SKIPPED = {"PUSH_NULL", "CACHE", "EXTENDED_ARG", "NOP"}


class Import(NamedTuple):
    """A module that code imports where it runs: its name, how many packages up, and what is taken from it."""

    name: str
    level: int
    taken: tuple[str, ...]


class Names(NamedTuple):
    """What a function's code names, the functions and classes written inside it counted.

    Attributes:
        attributes: read or written, of whatever object.
        globals: looked up in the module or among the builtins; with each the attributes taken of it at once, `None`
            where it is used in another way too.
        imports: what is imported inside.
        own: attributes that the first argument holds itself are read by computed names,
        inherited: and those it has from its class.
        others: so are those of other objects.
        everywhere: so are globals.
        texts: objects may be written as texts.
        compares: objects may be compared.
        constructs: the class of an object may be called.
    """

    attributes: frozenset[str]
    globals: dict[str, frozenset[str] | None]
    imports: tuple[Import, ...] = ()
    own: bool = False
    inherited: bool = False
    others: bool = False
    everywhere: bool = False
    texts: bool = False
    compares: bool = False
    constructs: bool = False


@functools.lru_cache(8192)
def names_of(code: types.CodeType) -> Names:
    """Return what code names.

    >>> names = names_of((lambda self, x: self.rate * abs(x)).__code__)
    >>> sorted(names.attributes), list(names.globals), names.others
    (['rate'], ['abs'], False)
    """
    reader = _Reader(code)
    for inner in _codes(code):
        reader.read(inner)
    attributes, loaded = reader.attributes, set(reader.globals)
    return Names(
        frozenset(attributes),
        {name: None if direct is None else frozenset(direct) for name, direct in reader.globals.items()},
        tuple(reader.imports),
        reader.own,
        reader.inherited,
        reader.others or bool((attributes | loaded) & _BY_TEXT),
        bool(loaded & _ANY_GLOBAL) or "f_globals" in attributes,
        reader.texts or bool((attributes | loaded) & _TEXTS),
        reader.compares or bool((attributes | loaded) & _COMPARES),
        "__class__" in attributes or "type" in loaded,
    )


def names_in(code: types.CodeType) -> frozenset[str]:
    """Return all names in code, of attributes, globals and modules, without a look at its instructions.

    >>> sorted(names_in((lambda self, x: self.rate * abs(x)).__code__))
    ['abs', 'rate']
    """
    return frozenset(name for inner in _codes(code) for name in inner.co_names)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield code, and that of the functions and classes written inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


class _Reader:
    """Goes through the instructions of one function, and of those inside it."""

    def __init__(self, outer: types.CodeType) -> None:
        self.outer = outer
        self.first = outer.co_varnames[0] if outer.co_argcount else None
        self.attributes: set[str] = set()
        self.globals: dict[str, set[str] | None] = {}
        self.imports: list[Import] = []
        self.own = self.inherited = self.others = self.texts = self.compares = False

    def read(self, code: types.CodeType) -> None:
        import dis  # only here, when a function is recorded: `import autograd` must not pay for it

        steps = [step for step in dis.get_instructions(code) if step.opname not in _SKIPPED]
        mine = code is self.outer or self.first in code.co_freevars
        if mine and any(step.opname.startswith("STORE") and step.argval == self.first for step in steps):
            self.first = None
        for k, step in enumerate(steps):
            if step.opname == "IMPORT_NAME":
                self.imported(steps, k)
            elif "GLOBAL" in step.opname or step.opname.endswith("_NAME"):
                self.loaded(steps, k, mine)
            elif step.opcode in dis.hasname:
                self.attributes.add(step.argval)
                self.attribute(step.argval, steps[k - 1] if k else step, mine)
            elif step.opcode in dis.hascompare or step.opname in {"CONTAINS_OP", "MATCH_MAPPING"}:
                self.compares = self.compares or not (k and steps[k - 1].opname == "LOAD_CONST")
            elif step.opname.startswith(("FORMAT_", "CONVERT_")) or step.argrepr in {"%", "%="}:
                self.texts = True
            elif step.opname == "MATCH_CLASS":
                self.others = self.others or step.argval > 0  # a class says what its positions mean
                self.attributes.update(n for n in steps[k - 1].argval or () if isinstance(n, str))
        if self.attributes & {"__setattr__", "__delattr__"}:  # ``object.__setattr__(self, "rate", 2.0)``
            self.attributes.update(text for text in code.co_consts if isinstance(text, str) and text.isidentifier())

    def is_first(self, step: Any) -> bool:
        loads = step.opname.startswith(("LOAD_FAST", "LOAD_DEREF", "LOAD_CLASSDEREF"))
        return self.first is not None and loads and step.argval == self.first

    def attribute(self, name: str, before: Any, mine: bool) -> None:
        """Note one through which others may be read; ``before`` makes what it is an attribute of."""
        if name == "__dict__":
            self.whole(mine and self.is_first(before))
        elif name in {"format", "format_map"}:  # "{0.rate}".format(self)
            text = before.argval if before.opname == "LOAD_CONST" else "."
            self.others = self.others or not isinstance(text, str) or "." in text

    def whole(self, own: bool) -> None:
        """Note that any attribute is read, of the first argument or of another object."""
        self.own, self.others = self.own or own, self.others or not own

    def imported(self, steps: Sequence[Any], k: int) -> None:
        taken = steps[k - 1].argval or ()
        level = steps[k - 2].argval
        self.imports.append(Import(steps[k].argval, level if isinstance(level, int) else 0, tuple(taken)))

    def loaded(self, steps: Sequence[Any], k: int, mine: bool) -> None:
        import dis

        name, after = steps[k].argval, steps[k + 1] if k + 1 < len(steps) else steps[k]
        direct = self.globals.setdefault(name, set())
        if after.opcode in dis.hasname and not ("GLOBAL" in after.opname or after.opname.endswith("_NAME")):
            if direct is not None:
                direct.add(after.argval)
        else:
            self.globals[name] = None
        if name in _BY_NAME:
            given = _arguments(steps[k + 1 :])
            text = given[1] if len(given) > 1 else None
            if text is not None and text.opname == "LOAD_CONST" and isinstance(text.argval, str):
                self.attributes.add(text.argval)
            else:
                self.whole(mine and bool(given) and given[0] is not None and self.is_first(given[0]))
                self.inherited = self.inherited or name != "setattr"
        elif name in _ANY_ATTRIBUTE:
            given = _arguments(steps[k + 1 :])
            self.whole(mine and bool(given) and given[0] is not None and self.is_first(given[0]))


def _arguments(steps: Sequence[Any]) -> list[Any]:
    """Return the instructions that alone make the arguments of a call; `None` for one that several make.

    Args:
        steps: what follows the instruction that loads the function; an empty list is returned where it is not called.
    """
    import dis

    made: list[Any] = []
    depth = 0
    for step in steps:
        if step.opname in {"PRECALL", "CALL"} and depth == step.argval:
            return made
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs or step.opname == "KW_NAMES":
            return []
        depth += dis.stack_effect(step.opcode, step.arg if step.opcode >= dis.HAVE_ARGUMENT else None)
        if depth <= 0:
            return []
        alone = depth == len(made) + 1
        made = [*made[: depth - 1], step if alone else None]
        made += [None] * (depth - len(made))
    return []
