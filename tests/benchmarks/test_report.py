import pytest

from benchmarks.measuring import Timing
from benchmarks.report import Result, digits, document, machine_section, processor, targets_section, workload_section
from benchmarks.workloads import Target, Workload

TARGETS = (Target("ours", 0.5, "theirs"), Target("ours", 1.0, "absent"), Target("ours", 3.0))


@pytest.fixture
def result():
    workload = Workload(
        "X1", "a thing", "What it does.", ("small",), lambda _: {}, 1e-9, "µs", lambda _: 10, targets=TARGETS
    )
    timings = [
        Timing("theirs", 0.25, [4e-5, 6e-5, 5e-5]),
        Timing("ours", 0.001, [2e-5, 2e-5, 3e-5]),
        Timing("off", problem="wrong: value is off | by much"),
    ]
    return Result(workload, {"small": timings})


def test_a_section_lists_the_fastest_first_with_ratios(result):
    assert workload_section(result).splitlines() == [
        "## X1: a thing",
        "",
        "What it does.",
        "",
        "| case | peer | median, µs | min | × fastest | first call, s |",
        "|---|---|---:|---:|---:|---:|",
        "| small | ours | 2 | 2 | 1.00 | 0.001 |",
        "| small | theirs | 5 | 4 | 2.50 | 0.25 |",
        "| small | off | wrong: value is off \\| by much |  |  |  |",
    ]


def test_promises_are_measured_where_both_sides_are(result):
    assert targets_section([result]).splitlines()[2:] == [
        "| workload | promise | at most | measured | kept |",
        "|---|---|---:|---:|---:|",
        "| X1 small | ours / theirs | 0.5 | 0.4 | yes |",
        "| X1 small | ours | 3 µs | 2 µs | yes |",
    ]


def test_disturbed_times_are_marked(result):
    result.cases["small"][0].unsure = True
    assert "| small | theirs (disturbed) | 5 |" in workload_section(result)
    assert "| 0.4 | yes (disturbed) |" in targets_section([result])
    assert "| 2 µs | yes |" in targets_section([result])


def test_a_broken_promise_stands_out(result):
    result.cases["small"][1].seconds = [1.0]
    assert targets_section([result]).count("**no**") == 2


def test_no_measurement_no_promise(result):
    result.cases["small"][1].seconds = []
    assert targets_section([result]) == ""
    assert "Nothing was timed." in workload_section(Result(result.workload, {"small": []}))


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (12345.6, "12,346"),
        (123.4, "123"),
        (12.34, "12.3"),
        (1.0, "1"),
        (0.012345, "0.0123"),
        (1.2e-5, "0.000012"),
    ],
)
def test_numbers_have_three_digits(number, text):
    assert digits(number) == text


def test_the_document_names_command_versions_and_notes(result):
    text = document("python -m benchmarks", [result], {"theirs": {"numpy": "2.0"}}, "## Notes\n\nSlow.")
    assert text.startswith("# Benchmarks\n\nMade by `python -m benchmarks`.\n")
    assert "- theirs: numpy 2.0" in text
    assert text.index("## Promises") < text.index("## X1") < text.index("## Notes") < text.index("## Machine")
    assert text.endswith("2.0\n")


def test_the_machine_is_described(tmp_path):
    info = tmp_path / "cpuinfo"
    info.write_text("processor\t: 0\nmodel name\t: A Fast One\n")
    assert processor(info) == "A Fast One"
    assert processor(tmp_path / "absent")
    assert "cores" in machine_section({})
