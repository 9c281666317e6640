"""MNIST and Fashion-MNIST: IDX files in a folder, or fetched once into a cache and checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd.errors import DataError, describe

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["fashion_mnist", "mnist", "read_idx"]

Array = np.ndarray[Any, Any]
Sets = tuple[tuple[Array, Array], tuple[Array, Array]]


class Packed(NamedTuple):
    """A file as its authors published it: its length in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


MIRRORS = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    "fashion-mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
}
FILES = {
    "mnist": (
        Packed(
            "train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        Packed("train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        Packed(
            "t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        Packed("t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
    "fashion-mnist": (
        Packed(
            "train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        Packed("train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        Packed(
            "t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        Packed("t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
}


def mnist(folder: str | os.PathLike[str] | None = None) -> Sets:
    """Load MNIST, 60,000 and 10,000 handwritten digits of 28×28 pixels, or a set in its form.

    The four IDX files are read from a folder, as they are or packed by gzip. Without one they are fetched from the
    first mirror that has them, at the first call: into ``mnist`` in the folder that the environment variable
    ``CHAINRULE_CACHE`` names, or ``~/.cache/chainrule``. A fetched file is kept only if its SHA-256 is the published
    one, which is looked at again whenever it is read from there.

    Args:
        folder: holds ``train-images-idx3-ubyte`` and its fellows, with or without ``.gz``.

    Returns:
        ``(x, y), (x_test, y_test)``: rows of pixels from 0 to 1, float32, and integer labels.

    Raises:
        DataError: a file is missing, can't be fetched, or is damaged.

    Source: LeCun, Bottou, Bengio and Haffner, Gradient-based learning applied to document recognition, 1998.
    """
    return _sets("mnist", folder)


def fashion_mnist(folder: str | os.PathLike[str] | None = None) -> Sets:
    """Load Fashion-MNIST, 60,000 and 10,000 articles of clothing in MNIST's form; as `mnist` does.

    Args:
        folder: holds the four IDX files; left out, they are fetched once.

    Returns:
        ``(x, y), (x_test, y_test)``: rows of pixels from 0 to 1, float32, and integer labels.

    Raises:
        DataError: a file is missing, can't be fetched, or is damaged.

    Source: Xiao, Rasul and Vollgraf, Fashion-MNIST, 2017.
    """
    return _sets("fashion-mnist", folder)


def _sets(name: str, folder: str | os.PathLike[str] | None) -> Sets:
    from pathlib import Path

    place = _fetched(name) if folder is None else Path(folder)
    parts = []
    for part in ("train", "t10k"):
        x = _idx_in(name, place, f"{part}-images-idx3-ubyte")
        y = _idx_in(name, place, f"{part}-labels-idx1-ubyte")
        if x.ndim != 3 or y.ndim != 1 or len(x) != len(y) or not len(x):
            raise DataError(f"{name}: {part} images are {describe(x)} and labels {describe(y)} in {place}")
        parts.append((x.reshape(len(x), -1).astype(np.float32) / np.float32(255), y.astype(np.int64)))
    return parts[0], parts[1]


def _idx_in(name: str, folder: Path, file: str) -> Array:
    for candidate in (folder / file, folder / f"{file}.gz"):
        if candidate.is_file():
            return read_idx(candidate)
    raise DataError(
        f"{name}: {folder} holds neither {file} nor {file}.gz; give the folder of the four IDX files, or none to fetch "
        "them"
    )


def _fetched(name: str) -> Path:
    """Return the folder of a set's files in the cache; those missing or damaged there are fetched."""
    from pathlib import Path

    cache = os.environ.get("CHAINRULE_CACHE")
    folder = (Path(cache) if cache else Path.home() / ".cache" / "chainrule") / name
    for file in FILES[name]:
        path = folder / file.name
        if not path.is_file() or _sha256(path.read_bytes()) != file.sha256:
            _keep(path, _download(name, file))
    return folder


def _download(name: str, file: Packed) -> bytes:
    """Return a file's contents from the first mirror that has the right ones."""
    failures = []
    for mirror in MIRRORS[name]:
        try:
            contents = _read(mirror + file.name, file.size)
        except OSError as exc:  # urllib's errors are some, too
            failures.append(f"{mirror}{file.name}: {exc}")
            continue
        found = _sha256(contents)
        if found == file.sha256:
            return contents
        failures.append(f"{mirror}{file.name}: damaged, its SHA-256 is {found} and should be {file.sha256}")
    listed = "".join(f"\n  {failure}" for failure in failures)
    raise DataError(
        f"{name}: {file.name} can't be fetched:{listed}\nWithout a connection, copy the four files from another one "
        f"and give their folder: {name.replace('-', '_')}('folder')"
    )


def _read(url: str, size: int) -> bytes:
    """Return what a URL holds, but never more than one byte above the size."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=15) as answer:  # noqa: S310 - URLs are those of the table above
            contents: bytes = answer.read(size + 1)
    except HTTPException as exc:  # the one kind of error that is no OSError
        raise OSError(f"{type(exc).__name__}: {exc}") from exc
    return contents


def _keep(path: Path, contents: bytes) -> None:
    """Write a file whole or not at all."""
    import tempfile
    from pathlib import Path

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as exc:
        raise DataError(
            f"the cache {path.parent} can't be written: {exc}; name another folder by CHAINRULE_CACHE"
        ) from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(contents)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _sha256(contents: bytes) -> str:
    import hashlib

    return hashlib.sha256(contents).hexdigest()


_IDX_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> Array:
    """Read an array from an IDX file, the format of MNIST, packed by gzip or not.

    Bytes 0 0, type, number of axes; one big-endian 32-bit size an axis; the numbers. Sizes are checked
    against the file's length before memory is asked for.

    Args:
        path: the file.

    Raises:
        DataError: it can't be read, or is no IDX file, or is cut off.
    """
    import gzip
    import struct
    import zlib
    from pathlib import Path

    path = Path(path)
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as exc:
        raise DataError(f"read_idx: {path} can't be read: {exc}") from exc
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _IDX_TYPES or not data[3]:
        raise DataError(f"read_idx: {path} is no IDX file: it begins with {data[:4].hex(' ') or 'nothing'}")
    axes, kind = data[3], np.dtype(_IDX_TYPES[data[2]])
    start = 4 + 4 * axes
    if len(data) < start:
        raise DataError(f"read_idx: {path} ends inside its header, after {len(data)} of {start} bytes")
    shape = struct.unpack(f">{axes}I", data[4:start])
    expected = start + int(np.prod(shape, dtype=object)) * kind.itemsize
    if len(data) != expected:
        raise DataError(f"read_idx: {path} has {len(data)} bytes where its header says {shape}, {expected} bytes")
    array: Array = np.frombuffer(data, kind, offset=start).reshape(shape).astype(kind.newbyteorder("="))
    return array
