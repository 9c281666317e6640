"""The references are right, and so are the answers of the workers that need numpy alone."""

import numpy as np
import pytest

from benchmarks import environments
from benchmarks.bootstrap import import_by_file
from benchmarks.comparing import differences
from benchmarks.workloads import all_workloads, c1, l1, s1, s3, t1, t2, t3

CASES = {
    "S1": ("1e3",),
    "T1": ("chain",),
    "T2": ("2-8-1", "64-32-10", "784-50-10"),
    "S2": ("1e3",),
    "S3": ("moons",),
    "C1": ("1-8-16",),
    "L1": ("32-64",),
}

NOT_DONE = {
    *(("handnumpy", name) for name in ("S1", "S2", "S3", "C1", "L1")),
    *(("chainrule", name) for name in ("S2", "C1", "L1")),
    ("chainrule_jit", "S1"),
}


def slope(function, x, direction, h=1e-6):
    """Central difference of a function along a direction."""
    return (function(x + h * direction) - function(x - h * direction)) / (2 * h)


def test_s1_reference_is_the_slope_of_its_value():
    x = np.array(s1.inputs())
    gradient = s1.reference("1e3")["gradient"]
    for direction in np.eye(s1.LEAVES):
        numeric = slope(lambda x: s1.answer_at("1e3", x)["value"], x, direction)
        assert numeric == pytest.approx(gradient @ direction, rel=1e-6)


def test_s1_graph_is_mixed_bounded_and_alive():
    steps = s1.graph(10_000)
    kinds = np.bincount([kind for kind, _, _ in steps], minlength=4) / len(steps)
    assert (kinds > 0.05).all()
    used = {a for _, a, _ in steps} | {b for kind, _, b in steps if kind in (s1.ADD, s1.MUL)}
    assert used == set(range(s1.LEAVES + len(steps) - 1))
    answer = s1.reference("1e4")
    assert np.isfinite(answer["gradient"]).all()
    assert (np.abs(answer["gradient"]) > 1e-3).all()
    assert np.abs(answer["gradient"]).max() < 1e4


def test_s1_runs_on_anything_with_operators():
    value = s1.run(s1.graph(1000), s1.inputs(), np.tanh)
    assert value == pytest.approx(float(s1.reference("1e3")["value"]))


def test_t1_reference_is_the_slope_of_its_value():
    x, w = t1.inputs()
    answer = t1.reference("chain")
    assert answer["value"] == pytest.approx(np.sum(t1.chain(x, w, np)))
    for direction in np.eye(8):
        assert slope(lambda x: t1.chain(x, w, np).sum(), x, direction) == pytest.approx(
            answer["x"] @ direction, rel=1e-5
        )
        assert slope(lambda w: t1.chain(x, w, np).sum(), w, direction) == pytest.approx(
            answer["w"] @ direction, rel=1e-5
        )


def test_s3_reference_is_the_slope_of_its_loss():
    x, y = s3.data()
    params, rng = s3.parameters(), np.random.default_rng(0)
    value, gradients = s3.value_and_gradients(params)
    assert value == pytest.approx(float(s3.loss(params, x, y, np)))
    assert value == pytest.approx(s3.scalar_loss(s3.neurons(params, float), lambda z: max(z, 0.0)))
    directions = [rng.standard_normal(p.shape) for p in params]

    def loss(step):
        return s3.loss([p + step * d for p, d in zip(params, directions, strict=True)], x, y, np)

    expected = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    assert slope(loss, 0.0, 1.0, 1e-7) == pytest.approx(expected, rel=1e-5)


def test_s3_scalars_keep_the_parameters_layout():
    for before, after in zip(s3.parameters(), s3.collect(s3.neurons(s3.parameters(), float), float), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("case", all_workloads()["T3"].cases)
def test_t3_reference_is_the_slope_of_its_value(case):
    rng = np.random.default_rng(0)
    start = [rng.standard_normal((5, 7)), rng.standard_normal(7), rng.standard_normal(7)]
    answer = t3.RULES[case](*start)
    for n, name in enumerate(name for name in "xwb" if name in answer):
        direction = rng.standard_normal(start[n].shape)

        def value(step, n=n, direction=direction):
            return t3.RULES[case](*[a + step * direction if m == n else a for m, a in enumerate(start)])["value"]

        assert slope(value, 0.0, 1.0) == pytest.approx(np.sum(answer[name] * direction), rel=1e-6)


@pytest.mark.parametrize("case", CASES["T2"])
def test_t2_reference_is_the_slope_of_its_loss(case):
    rng = np.random.default_rng(0)
    params = [p.astype(np.float64) for p in t2.parameters(case)]
    x, target = t2.batches(case)[0]
    x = x.astype(np.float64)
    _, gradients = t2.loss_and_gradients(case, params, x, target)
    directions = [rng.standard_normal(p.shape) for p in params]

    def loss(step):
        return t2.loss_and_gradients(case, [p + step * d for p, d in zip(params, directions, strict=True)], x, target)[
            0
        ]

    expected = sum((g * d).sum() for g, d in zip(gradients, directions, strict=True))
    assert slope(loss, 0.0, 1.0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("workload", [c1, l1])
def test_layer_references_are_the_slope_of_their_loss(workload):
    rng = np.random.default_rng(0)
    params = [p.astype(np.float64) for p in workload.parameters()]
    x, target = workload.batches()[0]
    x = x.astype(np.float64)
    _, gradients = workload.loss_and_gradients(params, x, target)
    for n, g in enumerate(gradients):
        direction = rng.standard_normal(g.shape)

        def loss(step, n=n, direction=direction):
            moved = [p + step * direction if m == n else p for m, p in enumerate(params)]
            return workload.loss_and_gradients(moved, x, target)[0]

        assert slope(loss, 0.0, 1.0, 1e-7) == pytest.approx((g * direction).sum(), rel=1e-4)


@pytest.mark.parametrize("batches", [*(t2.batches(case) for case in t2.MODELS), c1.batches(), l1.batches()])
def test_training_batches_disagree(batches):
    for (x, target), (again, other) in zip(batches[::2], batches[1::2], strict=True):
        np.testing.assert_array_equal(x, again)
        assert (target != other).any()


@pytest.mark.parametrize("workload", all_workloads().values(), ids=all_workloads())
def test_workloads_are_described(workload):
    assert workload.title
    assert workload.text.endswith(".")
    assert workload.cases
    assert all(workload.per(case) >= 1 for case in workload.cases)


@pytest.mark.parametrize("folder", ["handnumpy", "chainrule", "chainrule_jit"])
@pytest.mark.parametrize(("name", "case"), [(name, case) for name, cases in CASES.items() for case in cases])
def test_answers_are_right(folder, name, case):
    worker = import_by_file(f"worker_of_{folder}", environments.PEERS / folder / "worker.py").WORKER
    worker.variant = "chainrule-fast" if (folder, name) == ("chainrule_jit", "S2") else folder.replace("_", "-")
    reply = worker.handle({"do": "prepare", "workload": name, "case": case})
    if not reply["does"]:
        assert (folder, name) in NOT_DONE
        return
    workload = all_workloads()[name]
    assert differences(worker._job.answer(), workload.reference(case), workload.tolerance) == []
