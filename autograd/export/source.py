"""`to_source`: a recorded computation as a plain numpy module that needs nothing of this project."""

from __future__ import annotations

import builtins
import keyword
import linecache
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import UnsupportedError
from ..ops.dynamic import DRAW
from ..passes import lower
from ..program import Program, Step, record
from .copying import Copier, array_source, number_source
from .programs import forward_steps, with_backward

__all__ = ["program_of", "to_source"]


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
    arguments, then of the keyword arguments. A function that draws random numbers becomes one with a keyword argument
    ``rng``, a `numpy.random.Generator` or a seed; given a generator in the same state it draws the same numbers. Each
    line is commented with the program's line it came from, and each group of lines with the line of the caller's code.

    Args:
        f: a function, or a `Program`. A program's updates become assignments into the arrays it holds.
        *examples: arguments of the shapes and dtypes to take, for a function.
        grad: add the backward sweep of the one result.

    Raises:
        UnsupportedError: an operation computed by something that has no source text, and that numpy's functions
            don't make up.

    >>> import numpy as np
    >>> print("\n".join(to_source(lambda x: np.exp(x) * 2.0, np.ones(3)).splitlines()[-3:]))
        b = np.exp(a)  # b: float64[3] = exp(a)
        c = np.multiply(b, 2.0)  # c: float64[3] = multiply(b, 2.0)
        return c
    """
    program = program_of(f, examples, "to_source")
    whole = with_backward(program) if grad else program
    whole = lower(whole, only=lambda step: not _has_text(step))
    return _Writer(whole, program, grad).module()


def _has_text(step: Step) -> bool:
    """Whether a step can be written as one call."""
    if step.op is DRAW:
        return True
    try:
        copier = Copier()
        copier.function(step.op.forward, step.op.name)
        for value in step.params.values():
            _param(copier, step.op.name, value)
    except UnsupportedError:
        return False
    return True


def _param(copier: Copier, op: str, value: Any) -> str:
    """Return metadata as Python text."""
    if isinstance(value, np.ndarray):
        return array_source(value)
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return f'np.dtype("{np.dtype(value)}")'
    if isinstance(value, tuple):
        inner = "".join(f"{_param(copier, op, item)}, " for item in value)
        plain = f"({inner.removesuffix(' ' if len(value) == 1 else ', ')})"
        return plain if type(value) is tuple else f"{copier.named(type(value), type(value).__name__, op)}({plain})"
    if isinstance(value, list):
        return f"[{', '.join(_param(copier, op, item) for item in value)}]"
    if isinstance(value, np.generic):
        return number_source(value.item())
    if callable(value):
        raise UnsupportedError(f"to_source: {op} has a function among its metadata, which has no text")
    return number_source(value)


class _Writer:
    """Writes one program, and the functions its operations need."""

    def __init__(self, program: Program, original: Program, grad: bool) -> None:
        self.program, self.grad = program, grad
        self.captured = list(original.parameters.values())
        count = len(program.inputs) - len(self.captured) if grad else len(program.inputs)
        self.inputs = program.inputs[:count]
        self.parameters = program.inputs[count:] if grad else tuple(program.parameters)
        self.copier = Copier()
        self.functions = {
            step.output: self.copier.function(step.op.forward, step.op.name)
            for step in program.steps
            if step.op is not DRAW
        }
        self.generators: dict[int, str] = {}
        for step in program.draws:
            n = len(self.generators)
            self.generators.setdefault(id(step.params["rng"]), f"rng_{n + 1}" if n else "rng")
        self.names = self._named()

    def _named(self) -> dict[int, str]:
        """Return a name for every value: its letter or its label, unless that is taken."""
        wishes = self.program._names()
        labels = dict(zip(self.parameters, (node.label for node in self.captured), strict=True))
        constants = {f"c{i}" for i in self.program.constants}
        taken = {"np", "math", *dir(builtins), *keyword.kwlist, *self.copier.texts, *constants}
        taken |= set(self.generators.values())
        names: dict[int, str] = {}
        for i in sorted(wishes, key=lambda i: not labels.get(i)):  # the user's own names first
            wish = labels.get(i) or wishes[i]
            name = wish = wish if wish.isidentifier() else f"v{i}"
            while name in taken:
                name += "_"
            taken.add(name)
            names[i] = name
        return names

    def module(self) -> str:
        """Return the module's text."""
        p = self.program
        name = p.name if p.name.isidentifier() and not keyword.iskeyword(p.name) else "f"
        rows = [f"{r} = np.random.default_rng({r})  # a Generator is taken as it is" for r in self.generators.values()]
        rows += [*self.body(), *self.updates(), f"return {self.result()}"]
        arrays = [f"{self.value(i)} = {array_source(c)}" for i, c in p.constants.items() if isinstance(c, np.ndarray)]
        words = [self.names[i] for i in self.inputs]
        for i, node in zip(self.parameters, self.captured, strict=True):
            arrays.append(f"{self.names[i]}_0 = {array_source(np.asarray(node.peek()))}")
            words.append(f"{self.names[i]}={self.names[i]}_0")
        words += ["*", *self.generators.values()] if self.generators else []
        texts = list(self.copier.texts.values())
        head = f'"""{p.name}, written out from its recorded program; needs numpy only."""'
        imports = "import math\n\n" * any("math." in text for text in texts) + "import numpy as np"
        listing = "\n".join(f"    {row}" for row in rows)
        return "\n\n".join([head, imports, *arrays, *texts, f"def {name}({', '.join(words)}):\n{listing}"]) + "\n"

    def body(self) -> list[str]:
        """Return the lines of the steps, each run of them under the user's line that they came from."""
        first = forward_steps(self.program) if self.grad else None
        rows, here = list[str](), ("", 0)
        backward = False
        for step in self.program.steps:
            if first is None or step.output in first:
                if step.where != here and step.where[0]:
                    here = step.where
                    rows.append(_comment(*here))
            elif not backward:
                backward = True
                rows.append("# ---- backward")
            rows.append(self.line(step))
        return rows

    def updates(self) -> list[str]:
        """Return the assignments of new values to the arrays that the module holds."""
        pairs = [(self.names[old], self.value(new)) for old, new in self.program.updates]
        rows = [f"{old}_1 = np.array({new})" for old, new in pairs]  # all are computed before one is written over
        return rows + [f"{old}[...] = {old}_1" for old, _ in pairs]

    def value(self, i: int) -> str:
        """Return a value's name, or the number itself."""
        constant = self.program.constants.get(i)
        if constant is None or isinstance(constant, np.ndarray):
            return self.names[i] if constant is None else f"c{i}"
        if isinstance(constant, np.generic):
            return f"np.{constant.dtype}({number_source(constant.item())})"
        return number_source(constant)

    def line(self, step: Step) -> str:
        """Return the line of one step."""
        op, inputs, params, output, _ = step
        comment = self.program._line(step, {**self.names, **{i: self.value(i) for i in self.program.constants}})
        if op is DRAW:
            kind = _param(self.copier, op.name, params["dtype"])
            rng = self.generators[id(params["rng"])]
            return f"{self.names[output]} = {rng}.{params['method']}({params['shape']}, {kind})  # random"
        operands = [self.value(i) for i in inputs]
        operands += [f"{key}={_param(self.copier, op.name, value)}" for key, value in params.items()]
        text = f"{self.functions[output]}({', '.join(operands)})"
        if self.program.avals[output].weak:
            text = f"np.asarray({text}).item()"
        return f"{self.names[output]} = {text}  # {comment}"

    def result(self) -> str:
        """Return what the function returns."""
        outputs = [self.value(i) for i in self.program.outputs]
        if self.grad:
            return f"{outputs[0]}, ({''.join(o + ', ' for o in outputs[1:]).rstrip()})"
        return outputs[0] if len(outputs) == 1 else f"({', '.join(outputs)})"


def _comment(name: str, line: int) -> str:
    """Return a comment that quotes a line of the user's."""
    text = linecache.getline(name, line).strip()
    return f"# {Path(name).name}:{line}" + (f": {text}" if text else "")
