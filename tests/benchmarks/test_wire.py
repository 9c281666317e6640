import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from benchmarks import wire

dtypes = hnp.floating_dtypes() | hnp.integer_dtypes() | hnp.boolean_dtypes()


@given(hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, min_side=0)))
def test_arrays_arrive_bit_by_bit(array):
    line = wire.dumps({"answer": wire.pack({"it": array})})
    assert "\n" not in line
    back = wire.unpack(wire.loads(line)["answer"])["it"]
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert back.tobytes() == array.tobytes()


def test_transposed_arrays_keep_their_order():
    array = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(wire.unpack(wire.pack({"it": array}))["it"], array)


def test_a_message_is_an_object():
    with pytest.raises(TypeError, match="not list"):
        wire.loads("[1]")
