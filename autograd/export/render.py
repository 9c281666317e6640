"""Pictures in formats that only graphviz's ``dot`` program writes; the one file that imports `graphviz`."""

from __future__ import annotations

import re
import shutil

from ..errors import MissingExtraError, UnsupportedError

__all__ = ["has_dot", "render"]


def has_dot() -> bool:
    """Whether the ``dot`` program and the library that calls it are there."""
    try:
        import graphviz
    except ImportError:
        return False
    return bool(graphviz.__version__) and shutil.which("dot") is not None


def render(dot: str, form: str) -> bytes:
    """Return DOT source as a picture.

    Args:
        dot: the source.
        form: what ``dot -T`` takes: ``"png"``, ``"pdf"``.

    Raises:
        MissingExtraError: the graphviz library is not installed.
        UnsupportedError: the ``dot`` program is not installed, or fails on this graph.
    """
    try:
        import graphviz
    except ImportError as exc:
        raise MissingExtraError("graphviz", "draw", f"a drawing as {form}") from exc
    try:
        picture: bytes = graphviz.Source(dot).pipe(format=form)
    except graphviz.ExecutableNotFound as exc:
        raise UnsupportedError(
            f"a drawing as {form} needs graphviz's program dot, which is not installed: install graphviz, "
            "or save as .svg, which needs nothing"
        ) from exc
    except graphviz.CalledProcessError as exc:  # some versions lose an edge on the way to a box's corner
        plain = re.sub(r"headport=\w+", "", dot)
        if plain != dot:
            return render(plain, form)
        raise UnsupportedError(
            f"a drawing as {form}: graphviz's program dot failed on this graph; save as .svg, which needs no program"
        ) from exc
    return picture
