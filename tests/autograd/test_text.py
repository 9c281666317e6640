"""Generated text is compiled once, and each time it runs its names stand for what that scope holds."""

import numpy as np
import pytest

from autograd import _text
from autograd._text import execute

TEXT = "def scaled(x):\n    return factor * x\n"


def test_the_code_is_shared_and_the_scope_is_not():
    double, triple = (execute(TEXT, {"factor": k}, "<scaled>", "scaled") for k in (2.0, 3.0))
    assert (double(1.0), triple(1.0)) == (2.0, 3.0)
    assert double.__code__ is triple.__code__


def test_a_long_text_is_not_kept(monkeypatch):
    monkeypatch.setattr(_text, "_LONG", 10)
    one, other = (execute(TEXT, {"factor": np.ones(1)}, "<scaled>", "scaled") for _ in range(2))
    assert one.__code__ is not other.__code__


def test_a_fault_names_its_text():
    with pytest.raises(NameError) as caught:
        execute(TEXT, {}, "<scaled>", "scaled")(1.0)
    assert caught.traceback[-1].frame.code.raw.co_filename == "<scaled>"
