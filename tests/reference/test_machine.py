"""Random sessions with Values and Tensors, compared step by step with the reference engine.

A session makes leaves, computes with them (mixed, reused, under no_grad, detached), overwrites leaves,
tries to overwrite what it may not, runs backward again and again, and resets gradients.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from autograd import Tensor, Value, errors, no_grad
from autograd._op import TABLE
from autograd.testing import strategies as ours
from tests.reference import engine

UNARY = sorted(n for n, (_, *slopes) in engine.FUNCTIONS.items() if len(slopes) == 1)
BINARY = sorted(n for n, (_, *slopes) in engine.FUNCTIONS.items() if len(slopes) == 2)
PICK = st.integers(0, 1000)
FLOATS = st.floats(-2.0, 2.0, width=16)
TOP = 20.0  # larger results are not kept, so that sums stay comparable


class Pair:
    """One result in both engines, and the gradient it should have."""

    def __init__(self, node, number):
        self.node, self.number, self.grad = node, number, None
        assert node.is_leaf or node.op is not None


class Machine(RuleBasedStateMachine):
    """A session in both engines at once."""

    def __init__(self):
        super().__init__()
        self.pairs = []

    def pick(self, i):
        return self.pairs[i % len(self.pairs)]

    def keep(self, node, number):
        assert isinstance(node, Value | Tensor)
        if number.size and np.all(np.absolute(engine.numbers(number)) <= TOP):
            self.pairs.append(Pair(node, number))

    @initialize(x=FLOATS)
    def start(self, x):
        self.keep(Value(x), engine.leaves(x))

    # ---- leaves
    @rule(x=FLOATS)
    def value(self, x):
        self.keep(Value(x), engine.leaves(x))

    @rule(x=ours.arrays("real", ours.shapes(max_dims=2, max_side=3)))
    def tensor(self, x):
        self.keep(Tensor(x), engine.leaves(x))

    # ---- computing
    @rule(names=st.lists(st.sampled_from(UNARY), min_size=1, max_size=3), i=PICK)
    def unary(self, names, i):
        p = self.pick(i)
        for name in names:
            self.keep(TABLE[name](p.node), engine.everywhere(name, p.number))

    @rule(name=st.sampled_from(BINARY), i=PICK, j=PICK, constant=st.none() | FLOATS, swap=st.booleans())
    def binary(self, name, i, j, constant, swap):
        p, q = self.pick(i), self.pick(j)
        right, number = (q.node, q.number) if constant is None else (constant, np.array(constant, dtype=object))
        nodes, numbers = [p.node, right], [p.number, number]
        if swap:
            nodes.reverse()
            numbers.reverse()
        try:
            np.broadcast_shapes(*(n.shape for n in numbers))
        except ValueError:
            with pytest.raises(errors.ShapeError):
                TABLE[name](*nodes)
            return
        divisor = numbers[1] if constant is None or not swap else p.number
        low = [abs(n.data if isinstance(n, engine.Number) else n) for n in divisor.ravel()]
        if name != "divide" or min(low) > 0.2:
            self.keep(TABLE[name](*nodes), engine.everywhere(name, *numbers))

    @rule(i=PICK, axis=st.none() | st.integers(0, 1))
    def total(self, i, axis):
        p = self.pick(i)
        if isinstance(p.node, Tensor) and (axis is None or axis < p.node.ndim):
            self.keep(p.node.sum(axis), engine.fresh(p.number.sum(axis)))

    @rule(i=PICK, data=st.data())
    def index(self, i, data):
        p = self.pick(i)
        if isinstance(p.node, Tensor):
            index = data.draw(ours.indices(p.node.shape))
            self.keep(p.node[index], engine.fresh(p.number[index]))

    @rule(i=PICK)
    def transpose(self, i):
        p = self.pick(i)
        if isinstance(p.node, Tensor):
            self.keep(p.node.T, engine.fresh(p.number.T))

    @rule(i=PICK, j=PICK)
    def matmul(self, i, j):
        p, q = self.pick(i), self.pick(j)
        if p.number.ndim and q.number.ndim and p.number.shape[-1] == q.number.shape[0]:
            self.keep(p.node @ q.node, engine.fresh(np.dot(p.number, q.number)))

    # ---- cutting
    @rule(i=PICK)
    def detach(self, i):
        p = self.pick(i)
        self.keep(p.node.detach(), engine.leaves(engine.numbers(p.number)))

    @rule(i=PICK, name=st.sampled_from(UNARY))
    def unrecorded(self, i, name):
        p = self.pick(i)
        with no_grad():
            node = TABLE[name](p.node)
        self.keep(node, engine.leaves(engine.numbers(engine.everywhere(name, p.number))))

    # ---- overwriting
    @rule(i=PICK, seed=st.integers(0, 99), whole=st.booleans())
    def overwrite_leaf(self, i, seed, whole):
        p = self.pick(i)
        if not p.node.is_leaf:
            return
        new = np.random.default_rng(seed).uniform(-2.0, 2.0, p.number.shape)
        if isinstance(p.node, Value):
            p.node.data = float(new)
        elif whole:
            p.node.data = new
        else:
            p.node.data[...] = new
        p.number = engine.leaves(new, keys=p.number)

    @rule(i=PICK, j=PICK)
    def forbidden(self, i, j):
        p, q = self.pick(i), self.pick(j)
        left: Any = p.node
        right: Any = q.node
        if isinstance(p.node, Tensor):
            with pytest.raises(errors.InPlaceError):
                p.node[...] = 0.0
            with pytest.raises(errors.InPlaceError):
                np.add(left, right, out=left)
            if not p.node.is_leaf:
                with pytest.raises(ValueError, match="read-only"):
                    p.node.data[...] = 0.0
                with pytest.raises(errors.InPlaceError):
                    p.node.data = np.zeros(p.node.shape)

    @rule(i=PICK, j=PICK)
    def augmented(self, i, j):
        p, q = self.pick(i), self.pick(j)
        if q.number.shape == p.number.shape:
            node = p.node
            node += q.node
            assert node is not p.node
            self.keep(node, engine.everywhere("add", p.number, q.number))

    # ---- gradients
    @rule(i=PICK, times=st.integers(1, 2))
    def backward(self, i, times):
        self.sweep(self.pick(i), times)

    def sweep(self, root, times=1):
        for _ in range(times):
            root.node.backward(*([np.ones(root.node.shape)] if isinstance(root.node, Tensor) else []))
            for p in self.pairs:
                g = engine.gradient(root.number, p.number)
                if g is not None:
                    p.grad = p.grad + g if p.node.is_leaf and p.grad is not None else g

    @rule(i=PICK)
    def zero_grad(self, i):
        p = self.pick(i)
        p.node.zero_grad()
        p.grad = None

    @precondition(lambda self: len(self.pairs) > 4)
    @rule(i=PICK)
    def forget(self, i):
        del self.pairs[i % len(self.pairs)]

    # ---- comparing
    @invariant()
    def agree(self):
        for p in self.pairs:
            np.testing.assert_allclose(np.asarray(p.node.data), engine.numbers(p.number), rtol=1e-10, atol=1e-10)
            nothing = 0.0 if isinstance(p.node, Value) else None
            if p.grad is None:
                assert p.node.grad == nothing or p.node.grad is nothing
            else:
                assert np.shape(p.node.grad) == p.number.shape
                np.testing.assert_allclose(p.node.grad, p.grad, rtol=1e-8, atol=1e-8)

    def teardown(self):
        for p in self.pairs:
            self.sweep(p)
        self.agree()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
