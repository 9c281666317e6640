"""PyTorch's way to make an optimizer: its class, called with the parameters."""

import copy
import pickle
from typing import Any

import pytest

from autograd.errors import OptionError
from nn import MLP, Optimizer, Parameter, optim

SGD: Any = optim.SGD  # for the type checker, a transform's first argument is its rate


@pytest.mark.parametrize(
    "make",
    [
        lambda m: SGD(m.parameters(), 0.1, momentum=0.9),
        lambda m: SGD(params=m.parameters(), lr=0.1, momentum=0.9),
        lambda m: SGD(iter(m.parameters()), lr=0.1, momentum=0.9),
        lambda m: SGD(m, lr=0.1, momentum=0.9),
        lambda m: Optimizer(m, optim.SGD(0.1, 0.9)),
    ],
)
def test_parameters_in_the_first_place_give_the_shell(make):
    model = MLP([2, 3, 1], rng=0)
    shell = make(model)
    assert isinstance(shell, Optimizer)
    assert repr(shell.transform) == repr(optim.SGD(0.1, momentum=0.9))
    assert [id(p) for p in shell.params] == [id(p) for p in model.parameters()]


def test_every_optimizer_takes_parameters_and_copies_without():
    for name, kind in optim.OPTIMIZERS.items():
        assert isinstance(kind(MLP([1, 1], rng=0).parameters()), Optimizer), name
        assert repr(copy.deepcopy(kind())) == repr(pickle.loads(pickle.dumps(kind()))) == repr(kind())


def test_groups_are_refused():
    with pytest.raises(OptionError, match="groups of parameters have an Optimizer each"):
        SGD([{"params": [Parameter([1.0])]}])
