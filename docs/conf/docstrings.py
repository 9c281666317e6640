"""A griffe extension: docstrings as they should be shown."""

import re
from typing import Any

import griffe

# A paragraph that starts with a prompt: the examples, which end at a blank line.
EXAMPLE = re.compile(r"^( *)>>> .*(?:\n(?! *$).*)*", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Show each doctest as a code block, and a class with one text instead of two."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Fence the examples of a docstring, which Markdown would take for quotations."""
        if obj.docstring:
            obj.docstring.value = EXAMPLE.sub(_fence, obj.docstring.value)

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Leave out the constructor's text where the class documents its arguments."""
        init = cls.members.get("__init__")
        if (
            cls.docstring
            and isinstance(init, griffe.Function)
            and init.docstring
            and "Args:" not in init.docstring.value
        ):
            init.docstring = None


def _fence(found: re.Match[str]) -> str:
    return f"{found[1]}```pycon\n{found[0]}\n{found[1]}```"
