"""Reductions where there is nothing to reduce."""

import numpy as np
import pytest

from autograd import Tensor


@pytest.mark.parametrize(("shape", "axis"), [((0, 3), 1), ((0, 3), 0), ((3, 0), 0), ((0,), None), ((0, 0), (0, 1))])
@pytest.mark.parametrize("keepdims", [False, True])
def test_product_of_an_empty_array_has_an_empty_gradient(shape, axis, keepdims):
    x = Tensor(np.ones(shape))
    y = np.prod(x, axis=axis, keepdims=keepdims)
    np.testing.assert_array_equal(y.data, np.prod(np.ones(shape), axis=axis, keepdims=keepdims))
    y.sum().backward()
    assert x.grad.shape == shape
