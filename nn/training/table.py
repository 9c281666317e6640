"""A model's layers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd import no_grad

from ..calling import in_mode
from ..module import Module, verb

__all__ = ["summary"]

Array = np.ndarray[Any, Any]


@verb
def summary(model: Module, input_shape: Sequence[int] | None = None) -> str:
    """Return a table of the model's layers with their numbers of parameters.

    Args:
        model: the model.
        input_shape: the shape of one example; with it, output shapes are worked out by running one.

    >>> from nn import MLP
    >>> print(summary(MLP([20, 32, 10], rng=0)))
    layer      kind    parameters
    0          Linear         672
    1          ReLU             0
    2          Linear         330
    total                   1,002
    """
    shapes = _shapes(model, input_shape) if input_shape is not None else {}
    rows = [("layer", "kind", "output" if shapes else "", "parameters")]
    total = 0
    counted: set[int] = set()
    for name, module in model.named_modules():
        own = [p for _, p in module.own_parameters()]
        if not own and module.children():
            continue
        size = sum(p.size for p in own if id(p) not in counted)
        counted |= {id(p) for p in own}
        total += size
        rows.append((name or "model", type(module).__name__, shapes.get(name, ""), f"{size:,}"))
    rows.append(("total", "", "", f"{total:,}"))
    widths = [max(10 if i == 0 else 0, *(len(row[i]) for row in rows)) for i in range(4)]
    lines = []
    for row in rows:
        cells = [f"{row[0]:{widths[0]}}", f"{row[1]:{widths[1]}}"]
        cells += [f"{row[2]:{widths[2]}}"] if shapes else []
        lines.append(" ".join([*cells, f"  {row[3]:>{widths[3]}}"]))
    return "\n".join(lines)


def _shapes(model: Module, input_shape: Sequence[int]) -> dict[str, str]:
    """Return each module's output shape by name, from one run on zeros."""
    found: dict[str, str] = {}

    def listen(name: str, module: Module) -> Callable[..., Any]:
        def forward(*args: Any, **kwargs: Any) -> Any:
            answer = type(module).forward(module, *args, **kwargs)
            found[name] = str(getattr(answer, "shape", "")).replace("(1,", "(-,", 1)
            return answer

        return forward

    named = list(model.named_modules())
    dtype = next((p.dtype for p in model.parameters()), np.float32)
    try:
        for name, module in named:
            vars(module)["forward"] = listen(name, module)
        with in_mode(model, False), no_grad():
            model(np.zeros((1, *input_shape), dtype))
    finally:
        for _, module in named:
            vars(module).pop("forward", None)
    return found
