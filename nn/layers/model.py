"""Models written as a graph: `Input`, calls of layers, and `Model(inputs, outputs)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograd import Tensor, no_grad
from autograd.errors import GraphError, OptionError, ShapeError, describe

from ..module import Module

__all__ = ["Input", "Model", "Spot", "Symbol", "exchanged", "item"]


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that a model will get or compute: layers, operators and numpy's functions take it, and write it down.

    Attributes:
        shape: of one example, the examples left out.
        dtype: of the numbers.

    >>> x = Input(4)
    >>> y = np.tanh(x) + 1.0
    >>> y.shape
    (4,)
    """

    def __init__(self, call: Any, args: tuple[Any, ...], kwargs: dict[str, Any], example: Any) -> None:
        """Keep how it is computed, and what two examples of zeros give."""
        self.call, self.args, self.kwargs, self.example = call, args, kwargs, example

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return tuple(np.shape(self.example)[1:])

    @property
    def dtype(self) -> Any:
        """The dtype of the numbers."""
        return self.example.dtype

    def called_by(self, module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what stands for the answer of a module or function."""
        modes = [(m, m.training) for m in module.modules()] if isinstance(module, Module) else []
        try:
            for m, _ in modes:
                m.training = False
            with no_grad():
                example = module(*exchanged(args, _example), **exchanged(kwargs, _example))
        finally:
            for m, mode in modes:
                m.training = mode
        return Symbol(module, args, kwargs, example)

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        """Write down a ufunc."""
        return self.called_by(ufunc if method == "__call__" else getattr(ufunc, method), args, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Write down a numpy function."""
        return self.called_by(function, args, kwargs)

    def __getitem__(self, index: Any) -> Any:
        """Write down an index; the examples are axis 0."""
        return self.called_by(item, (self, index), {})

    def __iter__(self) -> Iterator[Any]:
        """Yield the parts of a layer's answer that is a tuple."""
        if not isinstance(self.example, tuple | list):
            raise GraphError(
                f"a Symbol of {describe(self.example)} can't be looped over: its examples are not known yet"
            )
        return (self[i] for i in range(len(self.example)))

    def __repr__(self) -> str:
        """Name shape and dtype."""
        return f"Symbol({getattr(self.example, 'dtype', '')}{list(self.shape)})"


def item(x: Any, index: Any) -> Any:
    """Return x[index]: what indexing a Symbol writes down.

    >>> item([5, 6], 1)
    6
    """
    return x[index]


def _example(symbol: Symbol) -> Any:
    return symbol.example


def exchanged(tree: Any, exchange: Callable[[Symbol], Any]) -> Any:
    """Return nested arguments with each Symbol exchanged.

    >>> exchanged(((Input(3), 2.0), [Input(4)]), lambda symbol: symbol.shape)
    (((3,), 2.0), [(4,)])
    """
    if isinstance(tree, Symbol):
        return exchange(tree)
    if type(tree) in (list, tuple):
        return type(tree)(exchanged(part, exchange) for part in tree)
    if type(tree) is dict:
        return {key: exchanged(item, exchange) for key, item in tree.items()}
    return tree


def _symbols(tree: Any) -> list[Symbol]:
    found: list[Symbol] = []
    exchanged(tree, found.append)
    return found


def Input(shape: int | Sequence[int] = (), dtype: Any = np.float32) -> Symbol:  # noqa: N802  (Keras's name)
    """Return a Symbol for an input of a model.

    Args:
        shape: of one example; an integer is one axis.
        dtype: of the numbers.

    Raises:
        OptionError: a shape that isn't one.

    >>> Input((28, 28))
    Symbol(float32[28, 28])
    """
    sizes: tuple[Any, ...] = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    if not all(isinstance(n, int | np.integer) and n >= 0 for n in sizes):
        raise OptionError(f"Input: shape must hold integers of 0 or more, without the examples, got {shape!r}")
    return Symbol(None, (), {}, np.zeros((2, *sizes), dtype))


class Model(Module):
    """A model written as a graph: any directed acyclic one, with shared layers, several inputs and outputs.

    Args:
        inputs: an `Input`, or a list of them.
        outputs: what was made of them, or a list or dict of such.

    Attributes:
        layers: the layers, each once, in the order of their first call.
        starts: the places of the inputs among the values.
        steps: the calls in order: the place of the answer, the function or the number of the layer, and the arguments,
            in which a `Spot` stands for the value at that place.
        results: what is returned, likewise.

    Raises:
        GraphError: an output that needs an Input not listed, an input no output needs, something that isn't one.
        ShapeError: called with another number of inputs, or another shape than the Input's.

    >>> from nn import Linear
    >>> a, b = Input(3), Input(3)
    >>> shared = Linear(3, 4, rng=0)
    >>> model = Model([a, b], np.concatenate([shared(a), shared(b)], axis=-1))
    >>> model([np.ones((5, 3), np.float32), np.zeros((5, 3), np.float32)]).shape, len(model.parameters())
    ((5, 8), 2)
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.inputs = list(inputs) if isinstance(inputs, list | tuple) else [inputs]
        self.layers: list[Module] = []
        for symbol in self.inputs:
            if not isinstance(symbol, Symbol) or symbol.call is not None:
                raise GraphError(f"Model: inputs must be made by nn.Input, got {describe(symbol)}")
        order = _sorted(_symbols(outputs))
        spots = {id(symbol): i for i, symbol in enumerate(order)}
        self._check(order, spots, outputs)
        self.starts = [spots[id(symbol)] for symbol in self.inputs]
        places: dict[int, int] = {}
        self.steps: list[Any] = []
        for spot, symbol in enumerate(order):
            if symbol.call is None:
                continue
            call: Any = symbol.call
            if isinstance(call, Module):
                if id(call) not in places:
                    places[id(call)] = len(self.layers)
                    self.layers.append(call)
                call = places[id(call)]
            refer = _reference(spots)
            self.steps.append((spot, call, exchanged(symbol.args, refer), exchanged(symbol.kwargs, refer)))
        self.results = exchanged(outputs, _reference(spots))

    def _check(self, order: list[Symbol], spots: dict[int, int], outputs: Any) -> None:
        if not order:
            raise GraphError(f"Model: outputs must be made of nn.Input by layers, got {describe(outputs)}")
        listed = {id(symbol) for symbol in self.inputs}
        for symbol in order:
            if symbol.call is None and id(symbol) not in listed:
                raise GraphError(f"Model: the outputs need {symbol!r}, an Input that is not among the inputs; list it")
        for place, symbol in enumerate(self.inputs):
            if id(symbol) not in spots:
                raise GraphError(f"Model: no output needs input {place}, {symbol!r}; leave it out")

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield ("0", layer), ("1", layer), …, in the order of their first call."""
        for index, layer in enumerate(self.layers):
            yield str(index), layer

    def forward(self, *xs: Any) -> Any:
        """Return the outputs, arranged as given to the constructor.

        Args:
            *xs: an array for each input, or one list of them.
        """
        given = tuple(xs[0]) if len(xs) == 1 and isinstance(xs[0], list | tuple) else xs
        if len(given) != len(self.inputs):
            raise ShapeError(f"Model: expected {len(self.inputs)} inputs, got {len(given)}")
        values: dict[int, Any] = {}
        for place, (spot, symbol, array) in enumerate(zip(self.starts, self.inputs, given, strict=True)):
            x = array if isinstance(array, Tensor) else np.asarray(array)
            if x.shape[1:] != symbol.shape:
                raise ShapeError(f"Model: input {place} must be (examples, *{symbol.shape}), got {describe(x)}")
            values[spot] = x
        for spot, call, args, kwargs in self.steps:
            function = self.layers[call] if isinstance(call, int) else call
            values[spot] = function(*_filled(args, values), **_filled(kwargs, values))
        return _filled(self.results, values)

    def extra_repr(self) -> str:
        """Return nothing: the layers are printed."""
        return ""


class Spot(int):
    """The place of a value among those of a call.

    >>> Spot(2)
    2
    """


def _reference(spots: dict[int, int]) -> Callable[[Symbol], Any]:
    return lambda symbol: Spot(spots[id(symbol)])


def _filled(tree: Any, values: dict[int, Any]) -> Any:
    if isinstance(tree, Spot):
        return values[tree]
    if type(tree) in (list, tuple):
        return type(tree)(_filled(part, values) for part in tree)
    if type(tree) is dict:
        return {key: _filled(item, values) for key, item in tree.items()}
    return tree


def _sorted(roots: list[Symbol]) -> list[Symbol]:
    """Return the Symbols that ``roots`` are made of, operands first; iterative, for models of any depth."""
    order: list[Symbol] = []
    seen: set[int] = set()
    stack: list[tuple[Symbol, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        symbol, ready = stack.pop()
        if ready:
            order.append(symbol)
        elif id(symbol) not in seen:
            seen.add(id(symbol))
            stack.append((symbol, True))
            stack += [(s, False) for s in reversed(_symbols((symbol.args, symbol.kwargs)))]
    return order
