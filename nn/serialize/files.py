"""Files of named arrays and one text: safetensors, and HDF5 for names that end in .h5; written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.errors import DataError, MissingExtraError, OptionError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read", "replaced", "write"]

Array = np.ndarray[Any, Any]
TEXT = "chainrule"  # the entry of a file's metadata that holds the text


def _safetensors() -> Any:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError as exc:
        raise MissingExtraError("safetensors", "save", "reading and writing .safetensors files") from exc
    return safetensors


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as exc:
        raise MissingExtraError("h5py", "save", "reading and writing .h5 files") from exc
    return h5py


def _hdf(path: Path) -> bool:
    if path.suffix in {".h5", ".hdf5"}:
        return True
    if path.suffix == ".safetensors":
        return False
    raise OptionError(f"{path.name}: the name must end in .safetensors or .h5, which says how the file is written")


def write(path: str | Path, arrays: Mapping[str, Array], text: str = "") -> None:
    """Write arrays and a text; a file of that name is replaced when the new one is complete, and not before.

    Args:
        path: the file, ending in .safetensors or .h5.
        arrays: name to array.
        text: kept beside them.

    Raises:
        OptionError: another ending.
        MissingExtraError: the library is not installed.
    """
    from pathlib import Path  # slow to import, as tempfile

    path = Path(path)
    if _hdf(path):
        h5py = _h5py()

        def fill(target: str) -> None:
            with h5py.File(target, "w") as file:
                file.attrs[TEXT] = np.void(text.encode()) if text else ""
                for name, array in arrays.items():
                    file.create_dataset(name, data=array)
    else:
        library = _safetensors()
        packed = library.numpy.save(
            {name: np.ascontiguousarray(array).reshape(np.shape(array)) for name, array in arrays.items()},
            metadata={TEXT: text, "format": "np"},
        )

        def fill(target: str) -> None:
            Path(target).write_bytes(packed)

    replaced(path, fill)


def replaced(path: Path, fill: Callable[[str], None]) -> None:
    """Fill a file beside ``path``, make it durable, and let it take the name."""
    import tempfile

    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    half = type(path)(name)
    try:
        fill(name)
        with half.open("rb") as file:
            os.fsync(file.fileno())
        half.chmod(0o666 & ~_umask())
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read(path: str | Path) -> tuple[dict[str, Array], str]:
    """Return a file's arrays and text; sizes are checked against the file's length before memory is asked for.

    Args:
        path: the file, ending in .safetensors or .h5.

    Raises:
        DataError: it can't be read, is cut off or damaged.
        OptionError: another ending.
        MissingExtraError: the library is not installed.
    """
    from pathlib import Path

    path = Path(path)
    hdf = _hdf(path)
    if not path.is_file():
        raise DataError(f"load: there is no file {path}")
    return _read_hdf(path) if hdf else _read_safetensors(path)


def _read_safetensors(path: Path) -> tuple[dict[str, Array], str]:
    library = _safetensors()
    try:
        with library.safe_open(path, framework="np") as file:
            text = (file.metadata() or {}).get(TEXT, "")
            return {name: file.get_tensor(name) for name in file.keys()}, text  # noqa: SIM118 - it is no mapping
    except (OSError, ValueError, TypeError, library.SafetensorError) as exc:
        raise DataError(f"load: {path} is no whole .safetensors file ({path.stat().st_size} bytes): {exc}") from exc


def _read_hdf(path: Path) -> tuple[dict[str, Array], str]:
    h5py = _h5py()
    size = path.stat().st_size
    found: dict[str, Array] = {}

    def visit(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            claimed = item.nbytes + sum(array.nbytes for array in found.values())
            if claimed > size or item.dtype.kind not in "fiub":
                raise DataError(
                    f"load: {name} in {path} claims {item.nbytes} bytes of {item.dtype}, the file has {size} bytes; "
                    "only plain, uncompressed numbers are read"
                )
            if item.is_virtual or item.external:
                raise DataError(f"load: {name} in {path} lies in another file; only numbers of this one are read")
            found[name] = item[()]

    try:
        with h5py.File(path, "r") as file:
            text = file.attrs.get(TEXT, "")
            file.visititems(visit)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as exc:
        if isinstance(exc, DataError):
            raise
        raise DataError(f"load: {path} is no whole .h5 file ({size} bytes): {exc}") from exc
    plain = bytes(text.tobytes()).decode() if isinstance(text, np.void) else str(text)
    return {name: np.asarray(array) for name, array in found.items()}, plain
