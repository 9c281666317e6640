"""ndarray's methods on Tensors: the same numbers, a history where there is one, a clear refusal of those that write."""

import numpy as np
import pytest

from autograd import Tensor, errors, grad

X = np.array([[3.0, 1.0, 2.0], [4.0, 0.0, 5.0]])

CALLS = {
    "cumprod": lambda x: x.cumprod(axis=1),
    "conjugate": lambda x: x.conjugate(),
    "compress": lambda x: x.compress([True, False, True], axis=1),
    "nonzero": lambda x: x.nonzero(),
    "argpartition": lambda x: x.argpartition(1),
    "searchsorted": lambda x: x[0].searchsorted(2.5),
    "tobytes": lambda x: x.tobytes(),
    "nbytes": lambda x: x.nbytes,
    "itemsize": lambda x: x.itemsize,
    "divmod": lambda x: divmod(x, 2.0)[1],
    "reflected divmod": lambda x: divmod(7.0, x + 1.0)[1],
    "ravel in columns": lambda x: x.ravel("F"),
    "flatten in columns": lambda x: x.flatten(order="F"),
    "sum of a dtype": lambda x: x.sum(axis=0, dtype=np.float32),
    "a tuple": lambda x: x - (1.0, 2.0, 3.0),
    "a tuple on the left": lambda x: (1.0, 2.0, 3.0) * x,
    "a tuple compared": lambda x: x > (1.0, 2.0, 3.0),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_answer_is_numpys(name):
    found, expected = CALLS[name](Tensor(X)), CALLS[name](X)
    if isinstance(found, Tensor):
        assert not found.is_leaf
        assert found.dtype == expected.dtype
        grad(lambda x: np.sum(CALLS[name](x) ** 2))(X)
        found = found.data
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["fill", "partition", "put", "resize", "setfield", "sort"])
def test_what_writes_into_an_array_is_refused_with_what_to_write_instead(name):
    with pytest.raises(errors.InPlaceError, match=rf"x\.{name}\(.*float64\[2, 3\].*write .*x\.data\.{name}"):
        getattr(Tensor(X), name)(0)
    assert hasattr(X, name)


@pytest.mark.parametrize(
    ("act", "kind", "words"),
    [
        (lambda x: x.__delitem__(0), errors.InPlaceError, "np.delete"),
        (lambda x: x.sum(0, np.float32), errors.DtypeError, "keepdims.*dtype"),
        (lambda x: x.max(initial=3.0), errors.UnsupportedError, "initial"),
        (lambda x: x.mean(where=X > 1.0), errors.UnsupportedError, "where"),
        (lambda x: f"{x:.2f}", errors.ShapeError, r"\.2f.*\[2, 3\].*array2string"),
    ],
)
def test_bad_calls(act, kind, words):
    with pytest.raises(kind, match=words):
        act(Tensor(X))
