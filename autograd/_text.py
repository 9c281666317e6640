"""Generated text: compiled once, however often it is written."""

from __future__ import annotations

import functools
from types import CodeType
from typing import Any

__all__ = ["execute"]

_LONG = 2**16  # characters above which a text is not kept: the code of many such would fill the memory


@functools.lru_cache(maxsize=256)
def _code(text: str, name: str) -> CodeType:
    return compile(text, name, "exec")


def execute(text: str, scope: dict[str, Any], name: str, wanted: str) -> Any:
    r"""Run a text that this package wrote, and return what it defines under the name ``wanted``.

    Models of one architecture have the same texts, which differ in what their names stand for alone: so text holds
    numbers and names, and ``scope`` the things.

    >>> execute("def double(x):\n    return two * x\n", {"two": 2.0}, "<example>", "double")(3.0)
    6.0
    """
    exec(_code(text, name) if len(text) < _LONG else compile(text, name, "exec"), scope)  # noqa: S102  (see above)
    return scope[wanted]
