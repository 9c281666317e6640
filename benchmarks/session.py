"""A peer's worker process, seen from the runner: requests out, replies in, and what went wrong."""

import contextlib
import queue
import subprocess
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks import wire
from benchmarks.environments import HERE, Peer, pin_to_cores

PATIENCE = 900.0


class PeerError(Exception):
    """A peer could not do what it was asked: it raised, died, or took too long."""


class Session:
    """One worker process, with an empty cache folder or the one given; leaving the context ends the process."""

    def __init__(self, peer: Peer, patience: float = PATIENCE, cache: Path | None = None) -> None:
        self.peer = peer
        self._patience = patience
        self._replies: queue.Queue[str] = queue.Queue()
        self._own_cache = tempfile.TemporaryDirectory()
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  (close() closes it)
        self._process = subprocess.Popen(  # noqa: S603  (the worker is this project's own)
            [peer.python, "-P", HERE / "bootstrap.py", peer.folder, peer.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=peer.variables(cache or Path(self._own_cache.name)),
            text=True,
        )
        pin_to_cores(self._process.pid)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, do: str, **arguments: object) -> wire.Message:
        """Send one request and wait for its reply; :class:`PeerError` says what the peer's error output said."""
        if self._process.stdin is None:
            raise PeerError("the worker has no input")
        try:
            print(wire.dumps({"do": do} | arguments), file=self._process.stdin, flush=True)
            line = self._replies.get(timeout=self._patience)
        except queue.Empty:
            raise PeerError(f"no reply to {do!r} in {self._patience:.0f} s") from None
        except OSError:
            line = ""
        if not line:
            # Its input may still take a line after its output has ended: let the next request find the end too.
            self._replies.put("")
            raise PeerError(f"the worker ended: {self.last_words()}")
        reply = wire.loads(line)
        if "error" in reply:
            raise PeerError(str(reply["error"]))
        return reply

    def last_words(self) -> str:
        """The last line of the worker's error output."""
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        return lines[-1] if lines else "without a word"

    def close(self) -> None:
        """End the worker: politely, then at once."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # the worker may be gone already
                self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()
        self._own_cache.cleanup()

    def _read(self) -> None:
        if self._process.stdout is not None:
            for line in self._process.stdout:
                self._replies.put(line)
        self._replies.put("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
