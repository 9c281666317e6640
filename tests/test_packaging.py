"""What `pyproject.toml` promises: the packages, what they need, and a reason beside each exception."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests import architecture as arch
from tests.test_architecture import OPTIONAL, PACKAGES, ROOT

TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(TEXT)["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Libraries whose distribution has another name than what is imported.
DISTRIBUTIONS = {"sklearn": "scikit-learn"}


def names(requirements):
    """Return the distributions that requirements name, without versions."""
    return {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}


def test_numpy_is_the_only_requirement():
    assert names(PROJECT["dependencies"]) == {"numpy"}


def test_extras_are_those_promised():
    assert set(EXTRAS) == {"all", "demos", "draw", "fast", "onnx", "save", "scipy", "sklearn", "tensorboard", "test"}


def test_all_and_test_bring_every_feature():
    features = set(EXTRAS) - {"all", "test"}
    assert EXTRAS["all"] == [f"chainrule[{','.join(sorted(features))}]"]
    assert "chainrule[all]" in EXTRAS["test"]


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_marked_as_typed(package):
    assert (ROOT / package / "py.typed").is_file()


def test_every_optional_library_comes_with_an_extra():
    brought = set().union(*(names(requirements) for requirements in EXTRAS.values()))
    assert {DISTRIBUTIONS.get(library, library) for library in OPTIONAL} <= brought


def test_errors_of_absence_name_extras_that_exist():
    named = {
        argument.value
        for source in arch.read(ROOT, PACKAGES).values()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("MissingExtraError")
        for argument in (*node.args[1:2], *(k.value for k in node.keywords if k.arg == "extra"))
        if isinstance(argument, ast.Constant)
    }
    assert named <= set(EXTRAS)


def test_every_rule_switched_off_has_its_reason_beside_it():
    lint = TEXT[TEXT.index("[tool.ruff.lint]") : TEXT.index("[tool.ruff.lint.flake8")]
    lines = re.findall(r'^  "[A-Z]+\d*",.*$', lint, re.MULTILINE)
    settings = tomllib.loads(TEXT)["tool"]["ruff"]["lint"]
    per_file = settings["per-file-ignores"].values()
    assert len(lines) == len(settings["ignore"]) + sum(len(codes) for codes in per_file)
    assert [line for line in lines if not re.search(r"# [\w`].{10,}", line)] == []


@pytest.mark.parametrize("root", ["autograd", "nn", "tests", "demos", "benchmarks", "docs"])
def test_every_exception_in_a_line_has_its_reason_beside_it(root):
    exception = re.compile(r"# noqa\b(?!: [A-Z]+\d+(, [A-Z]+\d+)* +(\(|- )?\w.{5,})")
    bare = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(Path(ROOT / root).rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if exception.search(line) and path != Path(__file__)
    ]
    assert bare == []
