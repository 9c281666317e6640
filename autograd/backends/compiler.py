"""Compile generated Python by numba, and keep what was compiled on disk; the one file that imports numba.

Source text is written into a folder of the user's own, named by its hash, so that numba's cache finds it again
in the next process. numba reads its cache by pickle, so a folder that anybody else can write to is never used.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import stat
import sys
import threading
import types
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .._forking import keep_lock
from ..errors import MissingExtraError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Compiled", "available", "cache_folder", "choose"]

_FOLDER = "CHAINRULE_CACHE_DIR"
_BACKGROUND = "CHAINRULE_BACKGROUND"


def available() -> bool:
    """Whether numba can be imported.

    >>> isinstance(available(), bool)
    True
    """
    return importlib.util.find_spec("numba") is not None


def cache_folder() -> Path | None:
    """Return the folder of compiled code, made if need be; `None` where no safe one can be had.

    ``$CHAINRULE_CACHE_DIR`` if set (empty switches the cache off), else ``chainrule`` in the user's cache folder.
    """
    from pathlib import Path  # this and what else is imported below would be a fifth of what `import autograd` takes

    chosen = os.environ.get(_FOLDER)
    if chosen == "":
        return None
    base = os.environ.get("XDG_CACHE_HOME") or str(Path("~").expanduser() / ".cache")
    folder = Path(chosen) if chosen else Path(base) / "chainrule"
    try:
        for place in (folder, folder / "__pycache__"):  # numba writes into the second
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        fault = _fault(folder)
    except OSError as exc:
        fault = f"{folder}: {exc.strerror or exc}"
    if fault:
        _say(fault)
        return None
    return folder


def _say(fault: str) -> None:
    warnings.warn(
        f"compiled code is not cached, and compiled anew in each process: {fault}; set {_FOLDER} to a folder of your "
        'own, or to "" to go without',
        stacklevel=4,
    )


def _fault(folder: Path) -> str:
    """Say why code found in ``folder`` can't be trusted, or none be put there; empty if all is well."""
    from pathlib import Path

    places = [folder, folder / "__pycache__"]
    if numbas := os.environ.get("NUMBA_CACHE_DIR"):  # numba prefers it to the folder of the source
        places.append(Path(numbas))
    for place in places:
        if place.exists() and (fault := _unsafe(place)):
            return f"{place} {fault}"
    above = {*folder.absolute().parents, *folder.resolve().parents}
    for place in sorted(above, key=lambda path: len(path.parts), reverse=True):
        if fault := _open(place):
            return f"{folder} lies in {place}, which {fault}"
    return ""


def _unsafe(folder: Path) -> str:
    """Say why a folder can't be used."""
    info = folder.stat()
    if not stat.S_ISDIR(info.st_mode):
        return "is no folder"
    if hasattr(os, "getuid") and info.st_uid != os.getuid():
        return "belongs to another user"
    if sys.platform != "win32" and info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written by other users"
    return "" if os.access(folder, os.W_OK | os.X_OK) else "can't be written to"


def _open(folder: Path) -> str:
    """Say why others could put a folder of theirs in the place of one in ``folder``; empty if they can't."""
    if not hasattr(os, "getuid"):
        return ""
    info, mine = folder.stat(), os.getuid()
    if info.st_uid not in {0, mine} and folder != folder.parent:
        return "belongs to another user"
    # With the sticky bit set only its owner renames a file; a group called like a user has that one member.
    others = info.st_mode & stat.S_IWOTH or (info.st_mode & stat.S_IWGRP and info.st_gid not in {0, mine})
    return "can be written by other users" if others and not info.st_mode & stat.S_ISVTX else ""


def _store(source: str) -> Path | None:
    """Write ``source`` under its hash, whole or not at all."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"{_name(source)}.py"
    try:
        if not path.exists() or path.read_bytes() != source.encode():
            _write(path, source)
    except OSError as exc:
        _say(f"{path}: {exc.strerror or exc}")
        return None
    return path


def _write(path: Path, source: str) -> None:
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(source.encode())
        os.replace(name, path)  # noqa: PTH105  (a name from mkstemp is no Path)
    except OSError:
        os.unlink(name)  # noqa: PTH108  (likewise)
        raise


def _name(source: str) -> str:
    """Return the name of the module that ``source`` becomes: its hash."""
    import hashlib

    return f"chainrule_{hashlib.sha256(source.encode()).hexdigest()[:32]}"


class Compiled:
    r"""Functions of one source text, compiled when they are first needed.

    Division and domain errors give inf and nan, as numpy does, and the interpreter lock is released.

    Args:
        source: the text of a module, with its imports.
        signatures: numba's signature of each function that is wanted, by its name.

    >>> twice = Compiled("def twice(x):\n    return x + x\n", {"twice": "float64(float64)"})
    >>> twice.get()["twice"](2.0) if available() else 4.0
    4.0
    """

    def __init__(self, source: str, signatures: Mapping[str, str]) -> None:
        """Keep the text; nothing is compiled yet."""
        self.source, self.signatures = source, dict(signatures)
        self._functions: dict[str, Callable[..., Any]] | None = None
        self._error: Exception | None = None
        self._thread: threading.Thread | None = None
        self._lock: Any
        keep_lock(self)

    @classmethod
    def shared(cls, source: str, signatures: Mapping[str, str]) -> Compiled:
        """Return the one object of a text in this process, so that equal programs are compiled once."""
        return _shared.setdefault(source, cls(source, signatures))

    def get(self) -> dict[str, Callable[..., Any]]:
        """Return the functions, compiling them or waiting for the thread that does.

        Raises:
            MissingExtraError: numba is not installed.
        """
        with self._lock:
            if self._functions is None:
                if self._error is not None:
                    raise self._error
                self._build()
        assert self._functions is not None  # noqa: S101  (built above)
        return self._functions

    def soon(self) -> dict[str, Callable[..., Any]] | None:
        """Return the functions if they are compiled; otherwise start a thread that sees to it, and return `None`.

        With ``CHAINRULE_BACKGROUND=0`` in the environment no thread is started.
        """
        if self._functions is None and self._thread is None and os.environ.get(_BACKGROUND) != "0" and available():
            self._thread = threading.Thread(target=self._attempt, name="chainrule compiler")
            self._thread.start()
        return self._functions

    def _forked(self) -> None:
        """Forget the thread of the process this one was forked from: it is not here."""
        if self._functions is None and self._error is None:
            self._thread = None

    def _attempt(self) -> None:
        if not _compiled_apart(self.source, self.signatures):
            return
        with self._lock:
            if self._functions is None:
                try:
                    self._build()
                except Exception as exc:  # noqa: BLE001  (numpy goes on serving; get() raises it)
                    self._error = exc
                    warnings.warn(f"compiling failed, numpy is used instead: {exc}", RuntimeWarning, stacklevel=1)

    def _build(self) -> None:
        with _building:
            path = _store(self.source)
            module = _module(self.source, path)
            found = {}
            for name, signature in self.signatures.items():
                found[name] = _compile(getattr(module, name), signature, path)
            self._functions = found


_shared: dict[str, Compiled] = {}
_building = threading.RLock()  # a fork waits for it: numba has locks of its own, which a child would find taken
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_building.acquire, after_in_parent=_building.release, after_in_child=_building.release)

_APART = """import json, sys
job = json.load(sys.stdin)
sys.path[:] = job["path"]
from autograd.backends.compiler import Compiled
Compiled(job["source"], job["signatures"]).get()
"""


def _compiled_apart(source: str, signatures: Mapping[str, str]) -> bool:
    """Fill the disk cache by another Python, and return whether to go on here: not if the program is ending.

    A compiler in a thread of this process would be waited for when the program ends, hold the interpreter's lock and,
    by `warnings.catch_warnings`, alter the filters of everybody's warnings. It is used all the same where there is no
    cache or no Python to start, and where the other Python fails, so that it says why.
    """
    path = _store(source)
    python = os.path.basename(sys.executable or "").lower().startswith("python")  # noqa: PTH119  (pathlib: as above)
    if path is None or not python or any(path.parent.glob(f"__pycache__/{path.stem}*.nbi")):
        return True
    import json
    import subprocess

    job = json.dumps({"path": sys.path, "source": source, "signatures": dict(signatures)})
    command, quiet = [sys.executable, "-P", "-c", _APART], subprocess.DEVNULL
    try:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet)  # noqa: S603  (this Python, and a text of this file)
    except OSError:
        return True
    given: bytes | None = job.encode()
    while True:
        try:
            child.communicate(given, timeout=0.05)
        except subprocess.TimeoutExpired:
            given = None  # it goes on writing what it has begun with
            if not threading.main_thread().is_alive():  # the interpreter waits for its threads now
                child.kill()
                child.wait()
                return False
        else:
            return True


def choose(compiled: Compiled, backend: str, patient: bool) -> dict[str, Callable[..., Any]] | None:
    """Return compiled functions, or `None` where numpy is to be used: always, or until a thread has compiled them.

    Args:
        compiled: what may be compiled.
        backend: "numpy", "numba", or "auto": compiled as soon as a thread is done.
        patient: with "auto", wait for the compiler; for work that takes numpy longer than that.
    """
    if backend == "numpy" or (backend == "auto" and not available()):
        return None
    return compiled.get() if backend == "numba" or patient else compiled.soon()


def _compile(function: Any, signature: str, path: Path | None) -> Any:
    try:
        import numba
    except ImportError as exc:
        raise MissingExtraError("numba", "fast", "compiling a program") from exc
    options: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    if path is not None:
        try:
            return numba.njit(signature, cache=True, **options)(function)
        except Exception as exc:
            if not _from_cache(exc):
                raise
            _clear(path)
            warnings.warn(
                f"the compiled code of {path} can't be read or written, and is compiled anew: "
                f"{type(exc).__name__}: {exc}",
                stacklevel=4,
            )
    return numba.njit(signature, **options)(function)


def _clear(path: Path) -> None:
    """Remove what numba has written for a source, so that the next process may write it again."""
    for file in path.parent.glob(f"__pycache__/{path.stem}*"):
        with contextlib.suppress(OSError):
            file.unlink()


def _module(source: str, path: Path | None) -> Any:
    """Run ``source`` as a module of its own name, by which numba's cache refers to what it defines."""
    name = path.stem if path else _name(source)
    if name not in sys.modules:
        module = types.ModuleType(name)
        module.__file__ = str(path) if path else f"<{name}>"
        try:
            exec(compile(source, module.__file__, "exec"), module.__dict__)  # noqa: S102  (generated here, not read)
            sys.modules[name] = module
        except ImportError as exc:
            raise MissingExtraError("numba", "fast", "compiling a program") from exc
    return sys.modules[name]


def _from_cache(exc: BaseException) -> bool:
    """Whether ``exc`` came up while numba read or wrote its cache."""
    trace = exc.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "numba.core.caching":
            return True
        trace = trace.tb_next
    return False
