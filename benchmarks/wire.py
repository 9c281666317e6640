"""The JSON-lines protocol between the runner and a peer's worker: one request, one reply, a line each.

This module runs in every peer's environment, so it needs numpy and the standard library only.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Answer = dict[str, Array]
Message = dict[str, Any]


def dumps(message: Message) -> str:
    """One message as one line of JSON, without the line's end."""
    return json.dumps(message, separators=(",", ":"))


def loads(line: str) -> Message:
    """The message in one line of JSON."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise TypeError(f"a message is a JSON object, not {type(message).__name__}")
    return message


def pack(answer: Mapping[str, Any]) -> Message:
    """Named arrays as JSON: dtype, shape, and the bytes in base 64, so that no digit is lost."""
    packed = {}
    for name, value in answer.items():
        array = np.asarray(value)
        packed[name] = {
            "dtype": array.dtype.str,
            "shape": list(array.shape),
            "data": base64.b64encode(array.tobytes()).decode("ascii"),
        }
    return packed


def unpack(packed: Message) -> Answer:
    """The named arrays that :func:`pack` wrote."""
    return {
        name: np.frombuffer(base64.b64decode(item["data"]), item["dtype"]).reshape(item["shape"])
        for name, item in packed.items()
    }
