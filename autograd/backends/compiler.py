"""Compile generated Python by numba, and keep what was compiled on disk; the one file that imports numba.

Source text is written into a folder of the user's own, named by its hash, so that numba's cache finds it again
in the next process. numba reads its cache by pickle, so a folder that anybody else can write to is never used.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import MissingExtraError

__all__ = ["available", "cache_folder", "compile_source"]

_FOLDER = "CHAINRULE_CACHE_DIR"
_compiled: dict[tuple[str, str, bool], Any] = {}


def available() -> bool:
    """Whether numba can be imported.

    >>> isinstance(available(), bool)
    True
    """
    try:
        import numba
    except ImportError:
        return False
    return bool(numba)


def cache_folder() -> Path | None:
    """Return the folder of compiled code, made if need be; `None` where no safe one can be had.

    ``$CHAINRULE_CACHE_DIR`` if set (empty switches the cache off), else ``chainrule`` in the user's cache folder.
    """
    chosen = os.environ.get(_FOLDER)
    if chosen == "":
        return None
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~").expanduser() / ".cache")
    folder = Path(chosen) if chosen else Path(base) / "chainrule"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fault = _unsafe(folder)
    except OSError as exc:
        fault = str(exc)
    if fault:
        warnings.warn(
            f"compiled code is not cached: {folder} {fault}; set {_FOLDER} to a folder of your own", stacklevel=3
        )
        return None
    return folder


def _unsafe(folder: Path) -> str:
    """Say why code found in ``folder`` can't be trusted; empty if it can."""
    info = folder.stat()
    if hasattr(os, "getuid") and info.st_uid != os.getuid():
        return "belongs to another user"
    if sys.platform != "win32" and info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written by other users"
    return "" if os.access(folder, os.W_OK | os.X_OK) else "can't be written to"


def _store(source: str) -> Path | None:
    """Write ``source`` under its hash, whole or not at all."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"chainrule_{hashlib.sha256(source.encode()).hexdigest()[:32]}.py"
    if not path.exists() or path.read_text(encoding="utf-8") != source:
        handle, name = tempfile.mkstemp(dir=folder, suffix=".tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(source)
        Path(name).replace(path)
    return path


def compile_source(source: str, name: str, *, nogil: bool = True) -> Callable[..., Any]:
    """Compile the function ``name`` that ``source`` defines.

    Division and domain errors give inf and nan, as numpy does.

    Args:
        source: the text of a module, with its imports.
        name: the function to return.
        nogil: release the interpreter lock while it runs.

    Raises:
        MissingExtraError: numba is not installed.
    """
    key = (source, name, nogil)
    if key not in _compiled:
        _compiled[key] = _compile(source, name, nogil)
    function: Callable[..., Any] = _compiled[key]
    return function


def _compile(source: str, name: str, nogil: bool) -> Any:
    try:
        import numba
    except ImportError as exc:
        raise MissingExtraError("numba", "fast", "compiling a program") from exc
    path = _store(source)
    module = _module(source, path)
    function = getattr(module, name)
    options: dict[str, Any] = {"error_model": "numpy", "nogil": nogil}
    fresh = numba.njit(**options)(function)
    return fresh if path is None else _guarded(numba.njit(cache=True, **options)(function), fresh, path)


def _module(source: str, path: Path | None) -> Any:
    """Run ``source`` as a module of its own name, by which numba's cache refers to what it defines."""
    name = path.stem if path else f"chainrule_{hashlib.sha256(source.encode()).hexdigest()[:32]}"
    if name not in sys.modules:
        module = types.ModuleType(name)
        module.__file__ = str(path) if path else f"<{name}>"
        sys.modules[name] = module
        exec(compile(source, module.__file__, "exec"), module.__dict__)  # noqa: S102  (generated here, not read)
    return sys.modules[name]


def _guarded(cached: Any, fresh: Any, path: Path) -> Any:
    """Return ``cached``, or ``fresh`` for good once the cache has turned out to be damaged."""
    state = {"function": cached}

    def call(*args: Any) -> Any:
        function = state["function"]
        if function is fresh or function.signatures:
            return function(*args)
        try:
            return function(*args)
        except Exception as exc:
            if not _from_cache(exc):
                raise
            warnings.warn(f"the compiled code beside {path} is damaged and is ignored: {exc}", stacklevel=2)
            state["function"] = fresh
            return fresh(*args)

    return call


def _from_cache(exc: BaseException) -> bool:
    """Whether ``exc`` came up while numba read or wrote its cache."""
    trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "numba.core.caching":
            return True
        trace = trace.tb_next
    return False
