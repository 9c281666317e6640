"""`Parameter` and `Module`: where a network keeps its numbers, and how they are found, saved and swapped.

A module's parameters are the `Parameter` objects among its attributes, and those of the modules among its
attributes; lists, tuples and dicts of either are looked into. Names are PyTorch's: ``"0.weight"``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from autograd import Tensor, tree
from autograd.errors import OptionError, ShapeError, describe, unknown_name

__all__ = ["Module", "Parameter", "join", "positive_integer", "verb"]

Array = np.ndarray[Any, Any]
_VERBS: dict[str, Callable[..., Any]] = {}


def verb(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make ``function`` answer the `Module` method of its name.

    `Module` declares the methods that train, evaluate and summarise; the modules to its right define them. So
    a model has them all and imports still point one way.

    >>> verb.__name__
    'verb'
    """
    _VERBS[function.__name__] = function
    return function


def positive_integer(owner: str, name: str, value: Any) -> int:
    """Return an option that must be an integer of 1 or more.

    Raises:
        OptionError: it is not.

    >>> positive_integer("DataLoader", "batch_size", 32)
    32
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
        raise OptionError(f"{owner}: {name} must be a positive integer, got {describe(value)}")
    return int(value)


class Parameter(Tensor):
    """A Tensor that is trained: what `Module.parameters` finds.

    Args:
        data: anything `numpy.array` takes; it is copied.
        dtype: a dtype to convert to.
        label: a name for drawings.

    >>> (Parameter([1.0, 2.0]) * 2.0).sum().item()
    6.0
    """

    __slots__ = ()

    role: ClassVar[str] = "parameter"  # how drawings tell it from data

    def __copy__(self) -> Parameter:
        """Copy numbers, label and gradient."""
        twin = Parameter(self.peek(), label=self.label)
        twin.grad = None if self.grad is None else self.grad.copy()
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle numbers, label and gradient."""
        return _restore, (np.array(self.peek()), self.label, self.grad)


def _restore(data: Array, label: str, grad: Any) -> Parameter:
    parameter = Parameter(data, label=label)
    parameter.grad = grad
    return parameter


def _array(arg: Any) -> Any:
    """Return a list of numbers as an array, and anything else (a list of Tensors too) as it is."""
    if arg.__class__ is not list or any(isinstance(leaf, Tensor | np.ndarray) for leaf in tree.leaves(arg)):
        return arg
    try:
        array = np.asarray(arg)
    except ValueError as exc:
        raise ShapeError("the rows of the list differ in length: write rows of equal length, or an array") from exc
    return array if array.dtype.kind in "biufc" else arg


class Module:
    """A function with parameters; write ``__init__`` and ``forward``.

    Attributes:
        training: whether layers that differ (dropout, normalisation) act as in training.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(2.0)
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> scale = Scale()
    >>> scale(3.0).item(), [name for name, _ in scale.named_parameters()]
    (6.0, ['factor'])
    """

    training: bool = True
    history: Any  # of the last `fit`
    given: tuple[tuple[Any, ...], dict[str, Any]]  # what the constructor was called with
    buffer_names: tuple[str, ...] = ()

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make the object, and remember its constructor's arguments for copies and for saving."""
        self = object.__new__(cls)
        self.given = (args, kwargs)
        return self

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's function; every subclass writes it."""
        raise NotImplementedError(f"{type(self).__name__} has no forward: write def forward(self, x): ...")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the module's function; of `nn.Input` and what is made of it, write the call down.

        A list of numbers, or of lists of them, is taken as an array.
        """
        for arg in args:
            if hasattr(arg, "called_by"):
                return arg.called_by(self, args, kwargs)
            if arg.__class__ is list:
                return self.forward(*map(_array, args), **kwargs)
        return self.forward(*args, **kwargs)

    # ---- what it is made of
    def register_buffer(self, name: str, array: Any) -> None:
        """Keep an array that is saved with the module and not trained, as attribute ``name``.

        Assign a new array to change it; don't write into it: functional calls share it.

        Args:
            name: the attribute's name.
            array: anything `numpy.array` takes.
        """
        setattr(self, name, np.array(array))
        if name not in self.buffer_names:
            self.buffer_names = (*self.buffer_names, name)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield ``(name, module)`` of the modules directly inside, in the order assigned."""
        for name, value in vars(self).items():
            for path, leaf in _look(name, value):
                if isinstance(leaf, Module):
                    yield path, leaf

    def children(self) -> list[Module]:
        """Return the modules directly inside."""
        return [child for _, child in self.named_children()]

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield ``(name, module)`` of this module and all inside it, each once."""
        seen: set[int] = set()
        for name, module in _modules(self, prefix):
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self) -> list[Module]:
        """Return this module and all inside it, each once."""
        return [module for _, module in self.named_modules()]

    def own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield ``(name, parameter)`` of this module without those of the modules inside it."""
        for name, value in vars(self).items():
            for path, leaf in _look(name, value):
                if isinstance(leaf, Parameter):
                    yield path, leaf

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Yield ``(name, parameter)`` of all parameters, a shared one once, under its first name.

        >>> from nn import Linear
        >>> [(name, p.shape) for name, p in Linear(2, 3, rng=0).named_parameters()]
        [('weight', (3, 2)), ('bias', (3,))]
        """
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, parameter in module.own_parameters():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield join(prefix, name), parameter

    def parameters(self) -> list[Parameter]:
        """Return all parameters, a shared one once."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, Array]]:
        """Yield ``(name, array)`` of the arrays saved and not trained."""
        for prefix, module in self.named_modules():
            for name in module.buffer_names:
                yield join(prefix, name), getattr(module, name)

    # ---- state
    def train(self, mode: bool = True) -> Self:
        """Set ``training`` on this module and all inside it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Set ``training`` to False on this module and all inside it."""
        return self.train(False)

    def label_parameters(self) -> Self:
        """Label each parameter with its name, so that drawings show the modules as boxes.

        >>> from nn import Linear
        >>> Linear(2, 1, rng=0).label_parameters().weight.label
        'weight'
        """
        for name, parameter in self.named_parameters():
            parameter.label = name
        return self

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def astype(self, dtype: Any) -> Self:
        """Convert all parameters, and buffers of floats, to a floating ``dtype``."""
        for parameter in self.parameters():
            parameter.data = parameter.peek().astype(dtype)
            parameter.grad = None
        for module in self.modules():
            for name in module.buffer_names:
                array = getattr(module, name)
                if array.dtype.kind == "f":
                    setattr(module, name, array.astype(dtype))
        return self

    def parameter_tree(self) -> dict[str, Array]:
        """Return the parameters' numbers by name, copied: the tree `nn.functional_call` takes."""
        return {name: np.array(parameter.peek()) for name, parameter in self.named_parameters()}

    def state_dict(self) -> dict[str, Array]:
        """Return the numbers of parameters and buffers by PyTorch's names, copied."""
        return self.parameter_tree() | {name: np.array(array) for name, array in self.named_buffers()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Take numbers by name; all are checked before the first is changed.

        Args:
            state: name to array, as `state_dict` gives.
            strict: names must agree; otherwise missing and unknown ones are passed over.

        Raises:
            OptionError: a name is missing or unknown.
            ShapeError: an array of another shape.
        """
        state = {
            name: value.peek() if isinstance(value, Tensor) else np.asarray(value) for name, value in state.items()
        }
        have = dict(self.named_parameters()) | dict(self.named_buffers())
        if strict:
            _check_names(type(self).__name__, have, state)
        for name in have:
            if name in state and have[name].shape != state[name].shape:
                raise ShapeError(
                    f"load_state_dict: {name} has shape {have[name].shape} in this {type(self).__name__}, "
                    f"the state holds {describe(state[name])}; build the model with the sizes it was saved with"
                )
        for name, parameter in self.named_parameters():
            if name in state:
                parameter.data = state[name].astype(parameter.dtype)
        for prefix, module in self.named_modules():
            for name in module.buffer_names:
                if (path := join(prefix, name)) in state:
                    setattr(module, name, state[path].astype(getattr(module, name).dtype))

    # ---- printing
    def extra_repr(self) -> str:
        """Return what stands in the parentheses of the module's line; a subclass may override it."""
        args, kwargs = self.given
        shown = [repr(a) for a in args if not isinstance(a, list | tuple | Module)]
        return ", ".join(shown + [f"{k}={v!r}" for k, v in kwargs.items() if k not in {"rng", "layers", "dtype"}])

    def __repr__(self) -> str:
        """Print the tree of modules as PyTorch does."""
        head = f"{type(self).__name__}("
        lines = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        return head + self.extra_repr() + ")" if not lines else head + "\n  " + "\n  ".join(lines) + "\n)"

    # ---- what the modules to the right add
    def compile(self, *args: Any, **kwargs: Any) -> Self:
        """Choose optimizer, loss and metrics for `fit`; see `nn.training.compile`."""
        _VERBS["compile"](self, *args, **kwargs)
        return self

    def fit(self, *args: Any, **kwargs: Any) -> Any:
        """Train on data and return the history; see `nn.training.fit`."""
        return _VERBS["fit"](self, *args, **kwargs)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Return loss and metrics on data; see `nn.training.evaluate`."""
        answer: dict[str, float] = _VERBS["evaluate"](self, *args, **kwargs)
        return answer

    def predict(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs for data; see `nn.training.predict`."""
        return _VERBS["predict"](self, *args, **kwargs)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write architecture, weights and training state to a file; see `nn.serialize.save`."""
        _VERBS["save"](self, *args, **kwargs)

    def to_json(self, *args: Any, **kwargs: Any) -> str:
        """Return the architecture as JSON; see `nn.serialize.to_json`."""
        text: str = _VERBS["to_json"](self, *args, **kwargs)
        return text

    def save_weights(self, *args: Any, **kwargs: Any) -> None:
        """Write the weights to a file; see `nn.serialize.save_weights`."""
        _VERBS["save_weights"](self, *args, **kwargs)

    def load_weights(self, *args: Any, **kwargs: Any) -> None:
        """Take the weights of a file; see `nn.serialize.load_weights`."""
        _VERBS["load_weights"](self, *args, **kwargs)

    def summary(self, *args: Any, **kwargs: Any) -> str:
        """Return a table of layers, shapes and parameter counts; see `nn.training.summary`."""
        text: str = _VERBS["summary"](self, *args, **kwargs)
        return text


def _look(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the parameters and modules an attribute holds, with their names."""
    if isinstance(value, Module | Parameter):
        yield name, value
    elif name == "given":
        return
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _look(f"{name}.{index}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _look(f"{name}.{key}", item)


def _modules(module: Module, prefix: str) -> Iterator[tuple[str, Module]]:
    yield prefix, module
    for name, child in module.named_children():
        yield from _modules(child, join(prefix, name))


def join(prefix: str, name: str) -> str:
    """Return the name of a part inside a part.

    >>> join("0", "weight")
    '0.weight'
    """
    return f"{prefix}.{name}" if prefix else name


def _check_names(kind: str, have: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    for name in state:
        if name not in have:
            raise unknown_name(f"entry of the state for {kind}", name, have)
    missing = [name for name in have if name not in state]
    if missing:
        raise OptionError(
            f"load_state_dict: {', '.join(missing)} of {kind} {'is' if len(missing) == 1 else 'are'} not in the state; "
            "pass strict=False to keep the present numbers"
        )
