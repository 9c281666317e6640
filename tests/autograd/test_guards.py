"""What of a function's surroundings a guard watches: what the function can read, and no more."""

import time
import types

from autograd import jit
from autograd._guards import Guard

RATE, COUNT = 3.0, 1
PAIR = types.SimpleNamespace(chain=2.0, RATE=5.0)


def chain():
    return time.time()


def labels(fun):
    return {watch.label for watch in Guard(fun).watches}


def test_an_attribute_is_not_taken_for_a_global_of_its_name():
    assert jit(lambda x: x * PAIR.chain)(3.0) == 6.0
    watched = labels(lambda x: x * PAIR.chain * PAIR.RATE)
    assert {"PAIR.chain", "PAIR.RATE"} <= watched
    assert not {"chain", "RATE"} & watched


def test_a_global_is_watched_beside_an_attribute_of_its_name():
    assert {"PAIR.RATE", "RATE"} <= labels(lambda x: x * PAIR.RATE * RATE)


def test_names_read_by_functions_and_classes_inside_a_function_are_watched():
    def outer(x):
        class Local:
            rate = RATE

        def scaled():
            return x * COUNT * Local.rate

        return scaled()

    assert {"RATE", "COUNT"} <= labels(outer)
