"""Data: loaders, splits, scaling, generators, files; metrics on the same data."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor
from autograd.errors import DataError, MissingExtraError, OptionError
from nn import data, metrics


@given(st.integers(1, 40), st.integers(1, 50), st.booleans(), st.booleans())
def test_a_pass_holds_every_row_once(count, batch_size, shuffle, drop_last):
    x = np.arange(count)
    loader = data.DataLoader(x, -x, batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, rng=0)
    batches = list(loader)
    assert len(batches) == len(loader)
    assert all((a == -b).all() for a, b in batches)
    seen = np.concatenate([a for a, _ in batches]) if batches else x[:0]
    left_out = count % batch_size if drop_last else 0
    assert len(seen) == len(set(seen.tolist())) == count - left_out
    if not shuffle:
        np.testing.assert_array_equal(seen, x[: count - left_out])


@given(st.integers(1, 40), st.integers(1, 12), st.booleans(), st.booleans(), st.integers(8, 400))
def test_batches_gathered_ahead_are_the_same(count, batch_size, shuffle, drop_last, room):
    plain, ahead = (
        data.DataLoader(
            np.arange(count), np.ones((count, 2)), batch_size=batch_size, shuffle=shuffle, drop_last=drop_last, rng=1
        )
        for _ in range(2)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data.sets, "_AHEAD", room)
        for _ in range(2):
            for mine, theirs in zip(ahead.ahead(), plain, strict=True):
                for a, b in zip(mine, theirs, strict=True):
                    np.testing.assert_array_equal(a, b)
                assert ahead.state_dict() == plain.state_dict()


def test_orders_differ_between_passes_and_repeat_with_the_seed():
    def orders(seed):
        loader = data.DataLoader(np.arange(20), batch_size=20, rng=seed)
        return [next(iter(loader)).tolist() for _ in range(3)]

    assert orders(0) == orders(0) != orders(1)
    assert len({tuple(order) for order in orders(0)}) == 3


@pytest.mark.parametrize("taken", range(6))
def test_a_pass_resumes_with_the_very_next_batch(taken):
    def loader():
        return data.DataLoader(np.arange(10), batch_size=3, rng=7)

    def run(source, count):
        found: list[list[int]] = []
        while len(found) < count:
            for batch in source:
                found.append(batch.tolist())
                if len(found) == count:
                    break
        return found

    whole = run(loader(), 12)
    first = loader()
    found: list[list[int]] = []
    iterator = iter(first)
    while len(found) < taken:
        batch = next(iterator, None)
        if batch is None:
            iterator = iter(first)
        else:
            found.append(batch.tolist())
    second = loader()
    second.load_state_dict(first.state_dict())
    rest: list[list[int]] = []
    while len(found) + len(rest) < 12:
        rest += [batch.tolist() for batch in second]
    assert found + rest[: 12 - taken] == whole


def test_loader_refuses():
    with pytest.raises(DataError, match="no arrays"):
        data.DataLoader()
    with pytest.raises(DataError, match="3 and 2 examples"):
        data.DataLoader(np.ones(3), np.ones(2))
    with pytest.raises(DataError, match="no examples"):
        data.DataLoader(np.ones((0, 2)))
    with pytest.raises(DataError, match="no examples"):
        data.DataLoader(np.float64(1.0))
    with pytest.raises(OptionError, match="batch_size"):
        data.DataLoader(np.ones(3), batch_size=-1)
    with pytest.raises(OptionError, match="not a state"):
        data.DataLoader(np.ones(3)).load_state_dict({"position": 1})


@given(st.integers(2, 50), st.floats(0.01, 0.99))
def test_split_parts_are_disjoint_whole_and_in_step(count, share):
    x = np.arange(count)
    a, b, ya, yb = data.split(x, x * 2, test=share, rng=0)
    assert sorted([*a, *b]) == x.tolist()
    assert len(a) >= 1
    assert len(b) >= 1
    assert abs(len(b) - count * share) <= 1
    np.testing.assert_array_equal(ya, a * 2)
    np.testing.assert_array_equal(yb, b * 2)


@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5, float("nan")])
def test_split_refuses_empty_parts(share):
    with pytest.raises(OptionError, match="above 0 and below 1"):
        data.split(np.arange(4), test=share)
    with pytest.raises(DataError, match="one example"):
        data.split(np.arange(1))


def test_scaler():
    rng = np.random.default_rng(0)
    x = rng.normal(5.0, 10.0, (1000, 3)) * [1.0, 2.0, 0.0]
    scaler = data.StandardScaler()
    z = scaler.fit_transform(x)
    np.testing.assert_allclose(z.mean(0), 0.0, atol=1e-12)
    np.testing.assert_allclose(z.std(0), [1.0, 1.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(scaler.inverse_transform(z), x)
    assert scaler.fit(x.astype(np.float32)).transform(x.astype(np.float32)).dtype == np.float32
    with pytest.raises(OptionError, match="fit it first"):
        data.StandardScaler().transform(x)


def test_generators():
    x, y = data.xor(1000, noise=0.05, rng=0)
    corner = x.round().astype(int)
    np.testing.assert_array_equal(y[:, 0], np.where(corner[:, 0] != corner[:, 1], 1, -1))
    x, y = data.moons(201, noise=0.0, rng=0)
    assert np.bincount(y).tolist() == [100, 101]
    np.testing.assert_allclose(np.hypot(*x[y == 0].T), 1.0)
    np.testing.assert_allclose(np.hypot(x[y == 1, 0] - 1, x[y == 1, 1] - 0.5), 1.0)
    np.testing.assert_array_equal(data.moons(10, rng=3)[0], data.moons(10, rng=3)[0])
    for make in (data.xor, data.moons):
        with pytest.raises(DataError, match="count"):
            make(0)


def test_digits_are_scikit_learns():
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    x, y = data.digits()
    assert x.shape == (1797, 64)
    assert x.dtype == np.float32
    assert (x.min(), x.max()) == (0.0, 1.0)
    assert np.bincount(y).min() > 170


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(MissingExtraError, match=r'pip install "chainrule\[demos\]"'):
        data.digits()


# --- IDX files


def idx(array, kind=0x08, dtype=">u1"):
    return (
        bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(dtype).tobytes()
    )


def write_mnist(folder, images, labels, pack):
    for part in ("train", "t10k"):
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            raw = idx(array)
            (folder / (name + ".gz" * pack)).write_bytes(gzip.compress(raw, mtime=0) if pack else raw)


@pytest.mark.parametrize("pack", [False, True])
def test_mnist_from_a_folder(tmp_path, pack):
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28))
    write_mnist(tmp_path, images, np.arange(5), pack)
    (x, y), (x_test, _) = data.mnist(tmp_path)
    np.testing.assert_allclose(x.reshape(5, 28, 28) * 255, images, atol=1e-4)
    assert x.dtype == x_test.dtype == np.float32
    np.testing.assert_array_equal(y, np.arange(5))


def test_idx_of_other_types(tmp_path):
    a = np.array([[1.5, -2.0]])
    (tmp_path / "a").write_bytes(idx(a, 0x0E, ">f8"))
    np.testing.assert_array_equal(data.read_idx(tmp_path / "a"), a)


GOOD = idx(np.zeros((2, 3, 3)))


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        (b"", "begins with nothing"),
        (b"PK\x03\x04rest", "is no IDX file: it begins with 50 4b 03 04"),
        (GOOD[:7], "ends inside its header"),
        (GOOD[:-1], "has 33 bytes where its header says (2, 3, 3), 34 bytes"),
        (GOOD + b"x", "has 35 bytes"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**31, 2**31, 2**31), "has 16 bytes where"),
        (gzip.compress(GOOD, mtime=0)[:-9], "can't be read"),
    ],
)
def test_damaged_files_are_named(tmp_path, contents, words):
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(contents)
    with pytest.raises(DataError) as caught:
        data.read_idx(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_and_mismatched_mnist(tmp_path):
    with pytest.raises(DataError, match="holds neither train-images-idx3-ubyte nor"):
        data.mnist(tmp_path)
    write_mnist(tmp_path, np.zeros((5, 2, 2)), np.arange(4), False)
    with pytest.raises(DataError, match=r"images are .* and labels"):
        data.mnist(tmp_path)


# --- metrics


def test_metrics_equal_scikit_learns():
    reference = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 4, 200), rng.standard_normal((200, 4))
    p = z.argmax(1)
    assert metrics.accuracy(y, z) == metrics.accuracy(np.eye(4)[y], Tensor(z)) == reference.accuracy_score(y, p)
    np.testing.assert_array_equal(metrics.confusion_matrix(y, z), reference.confusion_matrix(y, p))
    np.testing.assert_allclose(metrics.mae(z[:, 0], z[:, 1]), reference.mean_absolute_error(z[:, 0], z[:, 1]))


@pytest.mark.parametrize("target", [np.array([0, 1, 1]), np.array([[0.0], [1.0], [1.0]]), np.array([-1.0, 1.0, 1.0])])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_accuracy_of_two_classes(target, shape):
    assert metrics.accuracy(target, np.array([-2.0, 0.5, -0.1]).reshape(shape)) == 2 / 3


def test_confusion_matrix_sizes_and_refusals():
    assert metrics.confusion_matrix([0, 1], [1, 1], classes=3).shape == (3, 3)
    for call in (
        lambda: metrics.confusion_matrix([0, 5], [0, 1], classes=3),
        lambda: metrics.confusion_matrix([0, -1], [0, 1]),
        lambda: metrics.accuracy([0, 1], [0]),
        lambda: metrics.accuracy([], []),
        lambda: metrics.mae(np.ones(2), np.ones((2, 1))),
    ):
        with pytest.raises(DataError):
            call()
