"""Which values share memory, and for how long each is needed."""

import numpy as np
import pytest

from autograd import tree
from autograd._liveness import VIEWS
from autograd.ops import OWN
from tests.autograd import table


@pytest.mark.parametrize("call", table.row_calls(), ids=str)
def test_only_rows_named_as_views_answer_with_memory_of_an_operand(call):
    values = call.values()
    answers = [a for a in tree.leaves(call.op(*values, **call.params)) if isinstance(a, np.ndarray)]
    shared = any(np.may_share_memory(a, v) for a in answers for v in tree.leaves(values) if isinstance(v, np.ndarray))
    assert call.op.name in VIEWS or call.op.name not in OWN or not shared
