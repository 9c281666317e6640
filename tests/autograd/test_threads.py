"""Threads and forked children: the same numbers, no deadlock, and nobody's mode in another thread."""

import multiprocessing
import sys
import threading
import warnings

import numpy as np
import pytest

from autograd import Tensor, Value, errors, grad, jit, no_grad, record, value_and_grad
from autograd.backends import _blocks, compiler
from autograd.backends.choose import BACKENDS

X = np.random.default_rng(0).standard_normal((6, 3))
LONG = 30.0  # seconds after which a thread is taken for hung
NAMES = ["auto", *BACKENDS]


@pytest.fixture(autouse=True)
def _switching():
    """Let threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def together(*jobs):
    """Run jobs in threads that start at once; raise what the first of them raised, or that one hangs."""
    start, failures = threading.Barrier(len(jobs)), []

    def run(job):
        start.wait()
        try:
            job()
        except BaseException as exc:  # noqa: BLE001  (raised below)
            failures.append(exc)

    threads = [threading.Thread(target=run, args=(job,), daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert not any(thread.is_alive() for thread in threads)
    if failures:
        raise failures[0]


def smooth(x):
    return np.sum(np.tanh(x) * x, axis=0)


@pytest.mark.parametrize("backend", NAMES)
def test_many_shapes_at_once(backend):
    fast = jit(smooth, backend=backend)

    def calls(k):
        rng = np.random.default_rng(k)
        for i in range(30):
            x = rng.standard_normal((1 + (i + k) % 4, 3))
            np.testing.assert_allclose(fast(x), smooth(x), rtol=1e-12)

    together(*[lambda k=k: calls(k) for k in range(6)])
    assert len(fast.programs) == 4


def test_a_first_call_is_recorded_once():
    never = threading.Event()

    def slow(x):
        never.wait(0.05)
        return x * 2.0

    fast = jit(slow)
    together(*[lambda: fast(X)] * 4)
    assert fast._recordings == 1


def test_modes_and_exceptions_stay_in_their_thread():
    fast, slope = jit(smooth), jit(value_and_grad(lambda x: np.sum(smooth(x))))
    wanted = slope(X)

    def quietly():
        for _ in range(50):
            with no_grad():
                assert fast(Tensor(X)).is_leaf

    def failing():
        for k in range(50):
            with pytest.raises(errors.ShapeError):
                jit(lambda x, k=k: x @ np.ones((k + 4, 2)))(X)

    def differentiated():
        for _ in range(50):
            x = Tensor(X)
            fast(x).sum().backward()
            np.testing.assert_allclose(x.grad, wanted[1], rtol=1e-12)
            np.testing.assert_array_equal(slope(X)[1], wanted[1])

    together(quietly, failing, differentiated, differentiated)


def test_no_grad_as_a_decorator_is_each_threads_own():
    x = Tensor(X)

    @no_grad()
    def quiet():
        return x * 2.0

    def calls():
        for _ in range(500):
            assert quiet().is_leaf
            assert not (x * 2.0).is_leaf

    together(calls, calls, calls)


def test_functions_that_jit_each_other_do_not_wait_in_a_circle():
    for _ in range(5):
        even, odd = a_pair()
        together(*[lambda f=f, n=n: f(1.0, n) for f in (even, odd) for n in (3, 4, 5)])
        assert even(1.0, 4) == ((1.0 * 2.0 + 1.0) * 2.0) + 1.0


def a_pair():
    even = jit(lambda x, n: x if n == 0 else odd(x * 2.0, n - 1), static_argnums=1)
    odd = jit(lambda x, n: x if n == 0 else even(x + 1.0, n - 1), static_argnums=1)
    return even, odd


def test_a_lock_of_the_users_is_not_waited_for_for_good(monkeypatch):
    monkeypatch.setattr("autograd._jit._PATIENCE", 0.1)
    lock, held, recording = threading.RLock(), threading.Event(), threading.Event()

    def locked(x):
        recording.set()
        with lock:
            return x * 2.0

    fast = jit(locked)

    def holding():
        with lock:
            held.set()
            recording.wait(LONG)  # from here on the other thread waits for the lock, this one for the recording
            np.testing.assert_array_equal(fast(X[:2]), 2.0 * X[:2])

    together(holding, lambda: held.wait(LONG) and fast(X))
    np.testing.assert_array_equal(fast(X), 2.0 * X)


def elsewhere(job):
    """Return what ``job`` returns in another thread, or raise what it raises."""
    answers = []
    together(lambda: answers.append(job()))
    return answers[0]


def test_captured_values_are_themselves_to_other_threads():
    w = Value(2.0)
    seen = []

    def recorded(x):
        seen.append(
            elsewhere(lambda: ((w * 3.0 + 1.0).tanh().data, float(w), w.data, w > 1.0, repr(w), f"{w:.1f}", -w))
        )
        return w * x

    program = record(recorded, 1.0)
    number, as_float, data, larger, shown, formatted, negative = seen[0]
    assert (number, as_float, data, larger, formatted) == (np.tanh(7.0), 2.0, 2.0, True, "2.0")
    assert "2.0" in shown
    assert negative.data == -2.0
    assert type(w) is Value
    w.data = 5.0
    assert float(program(3.0)) == 15.0


def test_a_value_that_two_threads_record_stays_captured_until_both_are_done():
    w = Value(2.0)
    inside, done = threading.Event(), threading.Event()

    def first(x):
        inside.wait(LONG)
        return w * x

    def second(x):
        inside.set()
        done.wait(LONG)
        return w.data * x

    def one():
        record(first, 1.0)
        done.set()

    def two():
        with pytest.raises(errors.TraceError, match=r"\.data"):
            record(second, 1.0)

    together(one, two)
    assert type(w) is Value


# ---- forked children
LARGE = np.random.default_rng(1).standard_normal((1024, 512))


def in_a_child(job):
    """Return what ``job`` returns in a forked child, or fail if the child hangs."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("there is no fork here")
    context = multiprocessing.get_context("fork")
    mine, its = context.Pipe(duplex=False)
    child = context.Process(target=lambda: its.send(job()), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of a fork beside threads: that is tested
        child.start()
    try:
        assert mine.poll(LONG), "the child hangs"
        return mine.recv()
    finally:
        child.kill()
        child.join()


@pytest.mark.parametrize("backend", NAMES)
def test_a_forked_child_goes_on_with_what_was_compiled(backend):
    large = jit(lambda x: np.sum(np.exp(np.tanh(x) * 2.0) + x), backend=backend)
    slope = jit(grad(lambda x: np.sum(smooth(x))), backend=backend)
    wanted = large(LARGE), slope(X), slope(X[:2])
    assert _blocks._pool.cache_info().currsize  # the large one runs in two threads
    for found, expected in zip(in_a_child(lambda: (large(LARGE), slope(X), slope(X[:2]))), wanted, strict=True):
        np.testing.assert_array_equal(found, expected)
    in_a_child(lambda: jit(lambda x: smooth(x) * 3.0, backend=backend)(X))


def test_a_child_finds_no_lock_taken():
    fast = jit(smooth)
    compiled = compiler.Compiled("def f(x):\n    return x\n", {"f": "float64(float64)"})
    compiled._thread = threading.Thread(target=int)
    taken, leave = threading.Event(), threading.Event()

    def hold():
        with fast._lock, compiled._lock:
            taken.set()
            leave.wait(LONG)

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait(LONG)
    try:
        assert in_a_child(lambda: [owner._lock.acquire(blocking=False) for owner in (fast, compiled)]) == [True, True]
        assert in_a_child(lambda: compiled._thread is None)  # its thread is not there: another may be started
    finally:
        leave.set()
        thread.join()
