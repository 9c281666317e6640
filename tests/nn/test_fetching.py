"""MNIST's files fetched from mirrors on this machine: kept when they are right, and never when they are not."""

import gzip
import hashlib
import struct
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from autograd.errors import DataError
from nn import data
from nn.data import files

SETS = {"mnist": data.mnist, "fashion-mnist": data.fashion_mnist}


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Serve a small set in MNIST's form as the only mirror of both sets; return its folder and what is asked for."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    rng = np.random.default_rng(0)
    table = []
    for file in files.FILES["mnist"]:
        array = rng.integers(0, 10, (5, 4, 4) if "images" in file.name else (5,))
        raw = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype("u1").tobytes()
        contents = gzip.compress(raw)
        (folder / file.name).write_bytes(contents)
        table.append(files.Packed(file.name, len(contents), hashlib.sha256(contents).hexdigest()))
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "cache"))
    for name in SETS:
        monkeypatch.setitem(files.FILES, name, tuple(table))
        monkeypatch.setitem(files.MIRRORS, name, (f"http://127.0.0.1:{server.server_port}/",))
    yield folder, asked
    server.shutdown()
    server.server_close()
    thread.join()


def names(folder: Path) -> list[str]:
    """Return the files of a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


@pytest.mark.parametrize("name", SETS)
def test_fetched_once_and_then_read_from_the_cache(mirror, tmp_path, name):
    folder, asked = mirror
    first = SETS[name]()
    assert first[0][0].shape == (5, 16)
    assert names(tmp_path / "cache" / name) == names(folder)
    assert len(asked) == 4
    again = SETS[name]()
    assert len(asked) == 4
    for (x, y), (x_again, y_again) in zip(first, again, strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)


def test_a_folder_is_read_without_asking_anybody(mirror):
    folder, asked = mirror
    data.mnist(folder)
    assert asked == []


def test_a_damaged_file_is_named_with_both_checksums_and_nothing_is_kept(mirror, tmp_path):
    folder, _ = mirror
    path = folder / "t10k-images-idx3-ubyte.gz"
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DataError) as caught:
        data.mnist()
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert all(words in str(caught.value) for words in ("t10k-images-idx3-ubyte.gz", "damaged", right, found))
    cache = tmp_path / "cache" / "mnist"
    assert names(cache) == ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]  # those before it are right


def test_a_file_too_long_is_not_read_to_its_end(mirror):
    folder, _ = mirror
    path = folder / "train-images-idx3-ubyte.gz"
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"x" * 10_000)
    assert len(files._read(path.as_uri(), size)) == size + 1
    with pytest.raises(DataError, match="damaged"):
        data.mnist()


def test_the_next_mirror_is_asked(mirror, tmp_path, monkeypatch):
    folder, asked = mirror
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in names(folder):
        (broken / name).write_bytes(b"a page that says something else")
    nowhere = (tmp_path / "nowhere").as_uri()
    monkeypatch.setitem(files.MIRRORS, "mnist", (f"{nowhere}/", f"{broken.as_uri()}/", *files.MIRRORS["mnist"]))
    data.mnist()
    assert len(asked) == 4


def test_a_file_damaged_in_the_cache_is_fetched_anew(mirror, tmp_path):
    folder, asked = mirror
    data.mnist()
    path = tmp_path / "cache" / "mnist" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(b"")
    data.mnist()
    assert path.read_bytes() == (folder / path.name).read_bytes()
    assert len(asked) == 5


def test_without_a_connection_the_error_says_what_was_tried_and_what_to_do(mirror, tmp_path, monkeypatch):
    monkeypatch.setitem(files.MIRRORS, "fashion-mnist", ("http://127.0.0.1:9/a/", (tmp_path / "b").as_uri() + "/"))
    with pytest.raises(DataError) as caught:
        data.fashion_mnist()
    lines = str(caught.value).splitlines()
    assert lines[0] == "fashion-mnist: train-images-idx3-ubyte.gz can't be fetched:"
    assert "http://127.0.0.1:9/a/train-images-idx3-ubyte.gz: " in lines[1]
    assert lines[-1].endswith("give their folder: fashion_mnist('folder')")
    assert names(tmp_path / "cache" / "fashion-mnist") == []


def test_an_interrupted_write_leaves_no_file(tmp_path, monkeypatch):
    def interrupted(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files._keep(tmp_path / "cache" / "a.gz", b"contents")
    assert names(tmp_path / "cache") == []


def test_a_cache_that_cannot_be_written_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"can't be written.*CHAINRULE_CACHE"):
        files._keep(tmp_path / "file" / "mnist" / "a.gz", b"contents")


def test_the_published_table_is_whole():
    for name in SETS:
        assert len(files.MIRRORS[name]) >= 2
        assert [file.name for file in files.FILES[name]] == [file.name for file in files.FILES["mnist"]]
        assert len({file.sha256 for file in files.FILES[name]}) == 4
        assert all(len(file.sha256) == 64 and file.size > 4000 for file in files.FILES[name])
