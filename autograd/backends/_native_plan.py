"""What runs together in a compiled program, what is a view of what, and what is made at its final place."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._liveness import VIEWS
from ..ops import TABLE
from ..program import Aval, Program, Step
from ._native_text import ENTRYWISE, ROWS, Place

__all__ = ["Group", "Plan"]


@dataclass(eq=False)
class Group:
    """Steps that run together: a loop over one shape, or one other step."""

    shape: tuple[int, ...] | None
    steps: list[Step] = field(default_factory=list)


class Plan:
    """A program's steps in groups.

    Attributes:
        groups: the groups in order.
        at: the number of each value's group.
        roots: for a view, what it is a view of, perhaps a view itself.
    """

    def __init__(self, program: Program) -> None:
        """Sort the steps."""
        self.program = program
        self.wide = any(step.op.name in {"sin", "cos"} for step in program.steps)
        self.roots: dict[int, int] = {}
        self.views: dict[int, Step] = {}
        self.samples: dict[int, Any] = {}
        self.groups = self._grouped()
        self.at = {step.output: g for g, group in enumerate(self.groups) for step in group.steps}

    def aval(self, i: int) -> Aval:
        """Return the type of a value; a weak number counts as a scalar of its dtype."""
        return self.program.avals[i]

    def _grouped(self) -> list[Group]:
        groups: list[Group] = []
        made: dict[int, tuple[int, bool]] = {}
        for step in self.program.steps:
            shape = self.aval(step.output).shape
            if step.op.name in VIEWS and TABLE.get(step.op.name) is step.op and self._is_view(step):
                self.roots[step.output] = step.inputs[0]
                self.views[step.output] = step
                made[step.output] = (made.get(step.inputs[0], (-1, False))[0], True)
                continue
            if step.op.name not in ENTRYWISE or (step.op.name in ROWS and shape):
                groups.append(Group(None, [step]))
                made[step.output] = (len(groups) - 1, True)
                continue
            first = 0
            for i in step.inputs:
                g, apart = made.get(i, (-1, False))
                first = max(first, g + (apart or self.aval(i).shape != shape))
            for g in range(first, len(groups)):
                if groups[g].shape == shape:
                    break
            else:
                g = len(groups)
                groups.append(Group(shape))
            groups[g].steps.append(step)
            made[step.output] = (g, False)
        return groups

    def _is_view(self, step: Step) -> bool:
        """Whether a step answers with a view of its operand, which may be a view with strides of its own."""
        shape, dtype = self.aval(step.inputs[0])[:2]
        sample = self.samples.get(step.inputs[0])
        if sample is None:
            sample = np.empty(shape, dtype)
        view = step.op.forward(sample, **step.params)
        shared = isinstance(view, np.ndarray) and (np.may_share_memory(view, sample) or not sample.size)
        if shared and all(s % dtype.itemsize == 0 for s in view.strides):
            self.samples[step.output] = view
            return True
        return False

    def root(self, i: int) -> int:
        """Return the value that ``i`` is a view of in the end, ``i`` itself if it is none."""
        while i in self.roots:
            i = self.roots[i]
        return i

    def needed(self) -> set[int]:
        """Return the values that must be in memory: results, and what another group or a view reads."""
        needed = {self.root(i) for i in self.program.live}
        for g, group in enumerate(self.groups):
            for step in group.steps:
                needed |= {self.root(i) for i in step.inputs if self.at.get(self.root(i)) != g or i in self.roots}
        return needed

    def joined(self, needed: set[int]) -> dict[int, tuple[int, int]]:
        """Return the values that are made at their place in the vector they are joined to, and where that is."""
        found: dict[int, tuple[int, int]] = {}
        for step in self.program.steps:
            if step.op.name != "concatenate" or len(self.aval(step.output).shape) != 1:
                continue
            start = 0
            for i in step.inputs:
                root = self.root(i)
                if root in needed and root not in found and step.output not in found and self._fits(i, step):
                    found[root] = step.output, start
                start += math.prod(self.aval(i).shape)
        return found

    def _fits(self, i: int, join: Step) -> bool:
        """Whether a joined value is all that a step makes, in the order of memory, and is wanted nowhere else."""
        root, whole = self.root(i), self.aval(join.output)
        if root not in self.at or not self.aval(root).shape or self.aval(root).dtype != whole.dtype:
            return False
        if self.groups[self.at[root]].steps[0].op.name == "concatenate":
            return False
        return root not in {self.root(k) for k in self.program.live} and self.straight(i)

    def straight(self, i: int) -> bool:
        """Whether a view shows all entries of its root in their order."""
        if i not in self.roots:
            return True
        chain = []
        while i in self.roots:
            chain.append(i)
            i = self.roots[i]
        place = start = Place.plain("", 0, *self.aval(i)[:2])
        for view in reversed(chain):
            place = place.viewed(self.views[view])
        return place.offset == 0 and math.prod(place.shape) == math.prod(start.shape) and place == place.plain_like()

    def direct(self) -> dict[int, int]:
        """Return which new values of parameters may be written straight over the old ones."""
        found: dict[int, int] = {}
        last: dict[int, int] = {}
        for g, group in enumerate(self.groups):
            for step in group.steps:
                for i in step.inputs:
                    crossed = self.aval(i).shape != self.aval(step.output).shape or not self.straight(i)
                    last[self.root(i)] = max(last.get(self.root(i), -1), g + (0.5 if crossed else 0))  # type: ignore[assignment]
        outputs = {self.root(i) for i in self.program.outputs}
        kept = outputs | {self.root(new) for _, new in self.program.updates}  # another update may read the old numbers
        for old, new in self.program.updates:
            loop = new in self.at and self.groups[self.at[new]].shape is not None
            free = new not in found and new not in outputs and old not in kept
            if loop and free and not self.wide and last.get(old, -1) <= self.at[new]:
                found[new] = old
        return found
