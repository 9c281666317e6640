"""One recorded program of a jitted function: how to recognise a call that fits it, and how to run it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import _graph, tree
from ._custom import opaque
from ._graph import Node
from ._guards import Guard
from ._tensor import Tensor
from ._text import execute
from .functional import vjp
from .program import Aval, Program, record

__all__ = ["Entry", "arranger", "recogniser"]


class Entry:
    """A program, compiled when it first runs.

    Attributes:
        program: what was recorded.
        guard: what it depends on around it.
        enter: ``(args, kwargs) -> leaves`` for a call that fits, else `None`.
        finish: ``leaves -> result``.
        plain: whether neither arguments nor surroundings hold Values or Tensors.
    """

    def __init__(self, program: Program, guard: Guard, compile_program: Callable[[Program], Any]) -> None:
        """Prepare for calls like the one ``program`` was recorded at."""
        self.program, self.guard = program, guard
        self._compile = compile_program
        self._run: Any = None
        self._pull: Any = None
        self._op: Any = None
        self.plain = not program.parameters
        self.enter = recogniser(program)
        self.finish = arranger(program)

    @staticmethod
    def idle() -> bool:
        """Whether nobody traces or watches."""
        return (state := _graph.recording()) is True or state is False

    @property
    def run(self) -> Any:
        """The compiled program."""
        if self._run is None:
            self._run = self._compile(self.program)
        return self._run

    def moved(self) -> str | None:
        """Return the name of a captured Tensor whose shape or dtype is another now."""
        for i, holder in self.program.parameters.items():
            data = holder._peek()
            if getattr(data, "shape", ()) != self.program.avals[i].shape:
                return f"the shape of the captured Tensor {holder.label or i}"
            if not self.program.avals[i].weak and data.dtype != self.program.avals[i].dtype:
                return f"the dtype of the captured Tensor {holder.label or i}"
        return None

    def differentiable(self, leaves: Sequence[Any]) -> Any:
        """Run so that the result can be differentiated: one node with a compiled backward pass, or step by step."""
        program = self.program
        values = (*leaves, *program.parameters.values())
        if len(program.outputs) != 1 or any(program.avals[i].weak for i in program.outputs):
            return program.arrange(program.run(leaves))
        if self._op is None:
            self._op = opaque(f"jit({program.name})", self._forward, self._cotangents)
        return program.arrange([Tensor._record(self._op, values, {})])

    def _forward(self, *values: Any) -> Any:
        if any(isinstance(v, Node) for v in values):
            return self._of(*values)
        program = self.program
        if not program.parameters:
            return self.run(*values)[0]
        return self._flat("_run_flat", self._of)(*values)[0]

    def _of(self, *values: Any) -> Any:
        """Interpret, with the parameters given as arguments behind the inputs."""
        program = self.program
        flat = program.replaced(inputs=(*program.inputs, *program.parameters), parameters={})
        return flat.run(values)[0]

    _run_flat: Any = None

    def _flat(self, name: str, fun: Callable[..., Any]) -> Any:
        compiled = getattr(self, name)
        if compiled is None:
            program = self.program
            flat = program.replaced(inputs=(*program.inputs, *program.parameters), parameters={})
            compiled = self._compile(flat) if fun == self._of else None
            setattr(self, name, compiled)
        return compiled

    def _cotangents(self, g: Any, inputs: tuple[Any, ...]) -> Sequence[Any]:
        bare = [x for x in inputs if isinstance(x, Node)] or isinstance(g, Node)
        spots = self._spots()
        if bare:
            found = vjp(lambda *xs: self._of(*_filled(inputs, spots, xs)), *[inputs[i] for i in spots])[1](g)
        else:
            if self._pull is None:
                self._pull = self._compile(self._backward_program(spots, inputs))
            found = self._pull(g, *inputs)
        answer: list[Any] = [np.zeros((), float)] * len(inputs)
        for i, cotangent in zip(spots, found, strict=True):
            answer[i] = cotangent
        return answer

    def _spots(self) -> list[int]:
        order = (*self.program.inputs, *self.program.parameters)
        return [k for k, i in enumerate(order) if self.program.avals[i].dtype.kind in "fc"]

    def _backward_program(self, spots: list[int], inputs: Sequence[Any]) -> Program:
        avals = [self.program.avals[i] for i in (*self.program.inputs, *self.program.parameters)]
        examples = [np.asarray(x).item() if aval.weak else x for x, aval in zip(inputs, avals, strict=True)]
        out = self.program.avals[self.program.outputs[0]]

        def backward(g: Any, *inputs: Any) -> Any:
            return vjp(lambda *xs: self._of(*_filled(inputs, spots, xs)), *[inputs[i] for i in spots])[1](g)

        return record(backward, np.ones(out.shape, out.dtype), *examples)


def _filled(inputs: Sequence[Any], spots: Sequence[int], values: Sequence[Any]) -> list[Any]:
    full = list(inputs)
    for i, value in zip(spots, values, strict=True):
        full[i] = value
    return full


# ---- generated text: recognising a call and arranging a result cost more than a small program otherwise
class _Reader:
    """Writes the function that checks a call against a program and picks its leaves."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.scope: dict[str, Any] = {"ndarray": np.ndarray}
        self.lines: list[str] = []
        self.found: list[str] = []
        self.position = 0
        self.input = 0
        self.names = 0

    def part(self, structure: tree.TreeDef, name: str) -> None:
        kind = structure.kind
        if kind is None:
            self.leaf(name)
            return
        self.scope[f"kind{self.names}"] = kind
        test = f"{name}.__class__ is kind{self.names}"
        if issubclass(kind, dict):
            self.scope[f"keys{self.names}"] = structure.keys
            test += f" and tuple({name}) == keys{self.names}"
        else:
            test += f" and len({name}) == {len(structure.children)}"
        self.fail_unless(test)
        for key, child in zip(structure.keys, structure.children, strict=True):
            self.names += 1
            inner = f"x{self.names}"
            self.scope[f"key{self.names}"] = key
            self.lines.append(f"{inner} = {name}[{key if isinstance(key, int) else f'key{self.names}'}]")
            self.part(child, inner)

    def fail_unless(self, test: str) -> None:
        self.lines += [f"if not ({test}):", "    return None"]

    def leaf(self, name: str) -> None:
        static = self.program.static[0]
        self.position += 1
        if self.position - 1 in static:
            key = f"static{self.position}"
            self.scope[key] = static[self.position - 1]
            self.fail_unless(f"{name} is {key} or ({name}.__class__ is {key}.__class__ and {name} == {key})")
            return
        aval: Aval = self.program.avals[self.program.inputs[self.input]]
        self.input += 1
        self.found.append(name)
        if aval.weak:
            self.scope["number"] = {"f": float, "i": int, "c": complex}
            self.fail_unless(f"{name}.__class__ is number[{aval.dtype.kind!r}]")
        else:
            self.scope[f"dtype{self.input}"] = aval.dtype
            kind = f"{name}.__class__ is ndarray"
            self.fail_unless(f"{kind} and {name}.shape == {aval.shape!r} and {name}.dtype is dtype{self.input}")


def recogniser(program: Program) -> Callable[[Any, Any], Any]:
    """Return ``(args, kwargs) -> leaves`` for calls that a program fits, `None` for others.

    >>> enter = recogniser(record(lambda x: x, np.ones(2)))
    >>> enter((np.zeros(2),), {}), enter((np.zeros(3),), {})
    ((array([0., 0.]),), None)
    """
    reader = _Reader(program)
    args, kwargs = program.arguments.children
    reader.part(args, "args")
    if kwargs.children:
        reader.part(kwargs, "kwargs")
    else:
        reader.fail_unless("not kwargs")
    body = "\n    ".join([*reader.lines, f"return ({', '.join(reader.found)}{',' if reader.found else ''})"])
    source = f"def enter(args, kwargs):\n    {body}\n"
    enter: Callable[[Any, Any], Any] = execute(source, reader.scope, f"<arguments of {program.name}>", "enter")
    return enter


def arranger(program: Program) -> Callable[[Any], Any]:
    """Return `Program.arrange` as generated text, an eighth of the time for a dozen leaves.

    >>> arranger(record(lambda x: (x, {"y": x}), np.ones(2)))([1, 2])
    (1, {'y': 2})
    """
    if program.result.kind is None and not program.static[1]:
        return lambda leaves: leaves[0]
    scope: dict[str, Any] = {}
    names = [f"x{k}" for k in range(program.result.size)]
    scope |= {names[k]: leaf for k, leaf in program.static[1].items()}
    given = [name for k, name in enumerate(names) if k not in program.static[1]]
    text = _arranged(program.result, iter(names), scope)
    source = f"def finish(leaves):\n    {''.join(f'{n}, ' for n in given)} = leaves\n    return {text}\n"
    source = source if given else f"def finish(leaves):\n    return {text}\n"
    finish: Callable[[Any], Any] = execute(source, scope, f"<result of {program.name}>", "finish")
    return finish


def _arranged(structure: tree.TreeDef, names: Iterator[str], scope: dict[str, Any]) -> str:
    """Return the expression that builds a container from leaves with ``names``."""
    kind = structure.kind
    if kind is None:
        return next(names)
    below = [_arranged(child, names, scope) for child in structure.children]
    keys = [f"k{len(scope) + k}" for k in range(len(below))]
    made = f"t{len(scope)}"
    scope[made] = kind
    if issubclass(kind, dict):
        scope |= dict(zip(keys, structure.keys, strict=True))
        pairs = ", ".join(f"({key}, {part})" for key, part in zip(keys, below, strict=True))
        plain = "{" + ", ".join(f"{key}: {part}" for key, part in zip(keys, below, strict=True)) + "}"
        scope["mapping"] = tree.mapping
        return plain if kind is dict else f"mapping({made}, [{pairs}])"
    listed = ", ".join(below)
    if kind is tuple:
        return f"({listed}{',' if below else ''})"
    return f"[{listed}]" if kind is list else f"{made}({listed})" if hasattr(kind, "_fields") else f"{made}([{listed}])"
