"""Exercises: friendly numbers, a sheet that a student's own arithmetic reproduces, and verdicts that name the slip."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from autograd.errors import OptionError
from demos.exercises import sheets
from demos.exercises.answers import AnswerError, check, filled, read, summary, template
from demos.exercises.exercise import draw
from demos.exercises.kinds import DEPTHS, KINDS

ROOT = Path(__file__).resolve().parents[2]
SEEDS, NAMES, LEVELS = st.integers(0, 10**6), st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(DEPTHS))
SLIPS = {
    "sign": "sign",
    "twice": "factor 2",
    "half": "factor ½",
    "no g'": "missing g′",
    "rows": "transposed weights",
    "other loss": "delta of another loss",
    "no bias": "bias forgotten",
}


def logistic(z):
    return 1.0 / (1.0 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "sigmoid": (logistic, lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(float)),
    "linear": (lambda z: z, np.ones_like),
    "softmax": (softmax, lambda a: a * (1 - a)),
}


class Student:
    """Works an exercise out from the question's text alone, by the notes' formulas, rounding on the way."""

    def __init__(self, e, decimals=None, slip=None):
        self.e, self.decimals, self.slip = e, decimals, slip
        numbers = re.findall(r"^(\w+) = (.+)$", sheets.question(e).split("With")[1], re.MULTILINE)
        self.given = {name: np.array(ast.literal_eval(value), float) for name, value in numbers}
        self.answers: dict[str, Any] = {}
        self.work()

    def cut(self, value):
        return value if self.decimals is None else np.round(value, self.decimals)

    def work(self):
        kind, depth = self.e.kind, self.e.depth
        p = {name: value for name, value in self.given.items() if name[0] in "Wb"}
        x, y = np.atleast_2d(self.given["x"]), np.atleast_2d(self.given["y"])
        n, lam = len(x), float(self.given.get("λ", 0.0))
        a = [x]
        for i in range(1, depth + 1):
            name = kind.output if i == depth else kind.hidden
            a.append(self.cut(ACTIVATIONS[name][0](self.cut(a[-1] @ p[f"W{i}"].T + p[f"b{i}"]))))
            self.answers[f"a{i + 1}"] = a[-1] if n > 1 else a[-1][0]
        self.answers["J"] = self.cost(a[-1], y) / n + lam / (2 * n) * sum((p[w] ** 2).sum() for w in p if w[0] == "W")
        delta = self.output_delta(a[-1], y)
        g = {}
        for i in range(depth, 0, -1):
            delta = self.cut(delta)
            g[f"W{i}"] = delta.T @ a[i - 1] / n + lam / n * p[f"W{i}"]
            g[f"b{i}"] = np.zeros(delta.shape[1]) if self.slip == "no bias" else delta.sum(0) / n
            if i > 1:
                w = p[f"W{i}"]
                through = delta @ (w.T if self.slip == "rows" and w.shape[0] == w.shape[1] else w)
                delta = through * (1.0 if self.slip == "no g'" else self.cut(ACTIVATIONS[kind.hidden][1](a[i - 1])))
        factor = {"sign": -1.0, "twice": 2.0, "half": 0.5}.get(self.slip, 1.0)
        self.answers |= {f"d{name}": factor * g[name] for name in p}
        if kind.rate:
            alpha, beta = float(self.given["α"]), float(self.given.get("β", 0.0))
            for name, theta in p.items():
                v = self.given.get(f"v_{name}", 0.0)
                self.answers[f"{name}_new"] = theta + beta * v - alpha * self.cut(g[name])

    def cost(self, a, y):
        if self.e.kind.loss == "squared":
            return 0.5 * ((a - y) ** 2).sum()
        return -(y * np.log(a)).sum() - (((1 - y) * np.log(1 - a)).sum() if self.e.kind.loss == "logistic" else 0.0)

    def output_delta(self, a, y):
        squared = self.e.kind.loss == "squared"
        if squared == (self.slip == "other loss"):
            return a - y
        return (a - y) * ACTIVATIONS[self.e.kind.output][1](a)

    def rounded(self):
        return {key: np.round(value, self.e.decimals) for key, value in self.answers.items()}


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, name=NAMES, level=LEVELS)
def test_the_numbers_are_friendly_and_the_targets_reachable(seed, name, level):
    e = draw(seed, name, level)
    for value in (*e.params.values(), *e.velocity.values()):
        np.testing.assert_array_equal(value, np.round(value, 1))
        assert np.all((np.abs(value) >= 0.1) & (np.abs(value) <= 0.9))
    assert set(np.abs(e.x).flat) <= {0.5, 1.0, 1.5, 2.0}
    low, high = {"sigmoid": (0, 1), "softmax": (0, 1), "tanh": (-1, 1), "linear": (-np.inf, np.inf)}[e.kind.output]
    out = e.answers[f"a{e.depth + 1}"]
    assert np.all((out > low) & (out < high))
    assert np.all((e.y >= low) & (e.y <= high))
    assert e.kind.loss != "squared" or np.all((e.y > low) & (e.y < high))
    for key, value in e.answers.items():
        if key[0] == "d":
            digits = np.abs(np.round(value * 10**e.decimals))
            assert digits.max() >= 50
            assert np.all((digits == 0) | (digits >= 5))


@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, name=NAMES, level=LEVELS)
def test_a_student_who_rounds_on_the_way_gets_the_sheets_digits(seed, name, level):
    e = draw(seed, name, level)
    student = Student(e, e.carried)
    assert {key: sheets.written(v, e.decimals) for key, v in student.answers.items()} == {
        key: sheets.written(v, e.decimals) for key, v in e.answers.items()
    }


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, name=NAMES, level=LEVELS)
def test_the_solution_prints_what_backward_gives(seed, name, level):
    e = draw(seed, name, level)
    leaves = e.leaves()
    e.loss(leaves).backward()
    printed = dict(re.findall(r"^(\w+) = (.+)$", sheets.solution(e).split("Step by step")[0], re.MULTILINE))
    assert list(printed) == list(e.answers)
    for key, leaf in leaves.items():
        np.testing.assert_allclose(ast.literal_eval(printed[f"d{key}"]), leaf.grad, atol=0.51 * 10.0**-e.decimals)
    derived = e.explanation
    for w, g in zip(derived.derivation.wrt, derived.gradients, strict=True):
        np.testing.assert_allclose(g, leaves[w.label].grad, rtol=1e-12)
    assert derived.text.rstrip() in sheets.solution(e)


@settings(max_examples=40, deadline=None)
@given(seed=SEEDS, name=NAMES, level=LEVELS)
def test_the_right_answer_file_passes_in_both_formats(seed, name, level):
    e = draw(seed, name, level)
    rounded = Student(e, e.carried).rounded()
    text = filled(e, rounded)
    assert "?" not in text.split("\n\n")[1]
    as_json = {"seed": seed, "kind": name, "level": level} | {key: v.tolist() for key, v in rounded.items()}
    for file in (text, json.dumps(as_json)):
        again, answers = read(file)
        assert (again.seed, again.name, again.level) == (seed, name, level)
        verdicts = check(again, answers)
        assert all(v.right for v in verdicts), [str(v) for v in verdicts]
        assert summary(verdicts) == f"{len(e.answers)} right, 0 wrong, 0 open"


def applies(e, slip):
    """Whether a slip changes this exercise's gradient."""
    if slip == "no g'":
        return e.depth > 1
    if slip == "rows":
        return e.depth > 2 or (e.depth > 1 and e.kind.outputs == 2)
    return slip != "other loss" or e.kind.output != "linear"


def rounding(value, right):
    """Whether every entry is the right one to some digits: 0.2500 can't be told from 0.2494 to two."""
    pairs = zip(np.ravel(value), np.ravel(right), strict=True)
    return all(any(a == float(f"{b:.{digits}g}") for digits in range(1, 8)) for a, b in pairs)


def multiple(e, answers):
    """Whether each gradient that is not right is the same multiple of it: no reader could tell why."""
    wrong = [key for key, value in answers.items() if key[0] == "d" and not np.allclose(value, e.answers[key], 1e-3)]
    return any(all(np.allclose(answers[key], c * e.answers[key], 1e-3) for key in wrong) for c in (2.0, 0.5, -1.0))


@example(seed=236, name="relu", level=3, slip="rows")  # W and its transpose give twice the other by chance
@settings(max_examples=250, deadline=None)
@given(seed=SEEDS, name=NAMES, level=LEVELS, slip=st.sampled_from(sorted(SLIPS)))
def test_a_planted_slip_gets_its_label_and_no_other(seed, name, level, slip):
    e = draw(seed, name, level)
    if not applies(e, slip):
        return
    answers = Student(e, e.carried, slip).rounded()
    if all(np.array_equal(value, np.round(e.answers[key], e.decimals)) for key, value in answers.items()):
        return  # relu units that are off hide it
    if all(rounding(value, e.answers[key]) for key, value in answers.items() if key.startswith("d")):
        return
    if slip not in {"sign", "twice", "half"} and multiple(e, answers):
        return
    verdicts = [v for v in check(e, answers) if v.keys[0][0] == "d" and not v.right]
    assert [v.text.split(":")[0] for v in verdicts] == [SLIPS[slip]], [str(v) for v in verdicts]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda e, a: {"a2": e.forward(e.params)["z2"]}, "that is z2"),
        (lambda e, a: {"J": a["J"] * 2}, "factor ½ is missing"),
        (lambda e, a: {"J": -a["J"]}, "sign"),
        (lambda e, a: {"W2_new": e.params["W2"] + 0.1 * e.gradients["W2"] + 0.9 * e.velocity["W2"]}, "uphill"),
        (lambda e, a: {"W2_new": e.params["W2"] - 0.1 * e.gradients["W2"]}, "velocity β v that the step starts with"),
        (lambda e, a: {"W2_new": e.params["W2"]}, "nothing was changed"),
        (lambda e, a: {"W1_new": e.params["W1"] * 3.0}, "not a step"),
        (lambda e, a: {"a2": np.zeros(3)}, "expected an array 2, got an array 3"),
        (lambda e, a: {"dW2": a["dW2"].T}, "transposed"),
    ],
)
def test_a_wrong_value_is_told_in_plain_words(change, text):
    e = draw(3, "momentum", 2)
    wrong = [v for v in check(e, {**e.answers, **change(e, e.answers)}) if v.right is False]
    assert len(wrong) == 1
    assert text in str(wrong[0])


def test_what_follows_from_an_earlier_slip_is_told_apart():
    e = draw(3, "momentum", 2)
    answers = dict(e.answers)
    answers["a2"] = answers["a2"] + 0.1
    answers["a3"] = np.tanh(e.params["W2"] @ answers["a2"] + e.params["b2"])
    answers |= {f"d{name}": -g for name, g in e.gradients.items()}
    answers |= {f"{name}_new": v for name, v in e.stepped({n: -g for n, g in e.gradients.items()}).items()}
    told = {v.keys[0]: v.text for v in check(e, answers) if not v.right}
    assert told["a3"].startswith("right for your a2")
    assert told["dW1"].startswith("sign")
    assert told["W1_new"].startswith("right for your gradient")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("a2 [0.1]", "line 8: expected name = value"),
        ("a2 = [0.1", "line 8, a2: expected a number like"),
        ("a2 = 0.5x", "line 8, a2: expected a number like"),
        ("a2 = [[0.1, 0.2], [0.3]]", "line 8, a2: the rows have different lengths"),
        ("a2 = []", "line 8, a2: the list is empty"),
        ("a2 = ['one']", "line 8, a2: 'one' is no number"),
        ("a2 = 1e999", "line 8, a2: inf is no number"),
        ("A2 = 0.5", "line 8, A2: no such answer is asked for; asked for are a2, J, dW1, db1"),
        ("seed = 8", "line 8, seed: the name stands already in line 4"),
    ],
)
def test_a_malformed_file_names_the_line(line, told):
    lines = template(draw(7, "squared", 1)).splitlines()
    lines[7:] = [line]
    with pytest.raises(AnswerError, match=re.escape(told)):
        read("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a2 = 1", "seed, kind, level is missing"),
        ("seed = 7.5\nkind = squared\nlevel = 1", "line 1, seed: expected a whole number, got 7.5"),
        ("seed = 7\nkind = square\nlevel = 1", "line 2, kind: must be one of squared, tanh"),
        ("seed = 7\nkind = squared\nlevel = 4", "level must be one of 1, 2, 3, got 4"),
        ('{"seed": 7,\n "kind" "squared"}', "line 2, column 9: no JSON here"),
        ('{"seed": 7, "seed": 8}', "seed stands there twice"),
        ('{"seed": 7, "kind": "squared", "level": 1, "J": "much"}', "J: 'much' is no number"),
        ('{"seed": 7, "kind": "squared", "level": 1, "dW2": 1}', "dW2: no such answer is asked for"),
    ],
)
def test_a_malformed_head_or_json_names_the_key(text, told):
    with pytest.raises(AnswerError, match=re.escape(told)):
        read(text)


def test_what_is_open_is_neither_right_nor_wrong():
    e = draw(7, "l2", 2)
    again, answers = read(template(e))
    assert answers == {}
    assert {v.right for v in check(again, answers)} == {None}
    _, partly = read(filled(e, {"dW2": e.answers["dW2"], "a2": e.answers["a2"]}))
    verdicts = check(e, partly)
    assert summary(verdicts) == "2 right, 0 wrong, 5 open"


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("level", DEPTHS)
def test_the_latex_is_balanced_and_its_formulas_are_set(name, level):
    from matplotlib.mathtext import MathTextParser

    e = draw(7, name, level)
    parser = MathTextParser("path")
    for text in (sheets.question_latex(e), sheets.solution_latex(e)):
        outside = re.sub(r"\\verb\|[^|]*\|", "", text)
        assert outside.isascii(), sorted({c for c in outside if ord(c) > 127})
        depth = 0
        for sign in re.findall(r"(?<!\\)[{}]", outside):
            depth += 1 if sign == "{" else -1
            assert depth >= 0
        assert depth == 0
        assert outside.count(r"\left") - outside.count(r"\leftarrow") == outside.count(r"\right")
        begun, ended = (re.findall(rf"\\{word}{{(\w+\*?)}}", outside) for word in ("begin", "end"))
        assert sorted(begun) == sorted(ended)
        for block in re.findall(r"\\begin{align\*}\n(.*?)\n\\end{align\*}", outside, re.DOTALL):
            assert "\n\n" not in block
            for row in re.sub(r"\\begin{bmatrix}.*?\\end{bmatrix}", "M", block).split(" \\\\\n"):
                for part in row.replace(r"\tfrac", r"\frac").replace(r"\top", "T").split("&"):
                    if part.strip():
                        parser.parse(f"${part.strip()}$")


def test_the_command_prints_and_writes_every_sheet_and_checks_a_file(tmp_path):
    run = [sys.executable, "-W", "error", "-m", "demos.exercises"]
    done = subprocess.run(
        [*run, "--seed", "7", "--quick", "--out", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    e = draw(7)
    for text in (sheets.question(e), sheets.solution(e), sheets.solution_latex(e)):
        assert text.strip() in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        *("answers.txt", "question.md", "question.tex", "solution.md", "solution.tex")
    ]
    file = tmp_path / "answers.txt"
    wrong = {key: -v if key[0] == "d" else v for key, v in e.answers.items()}
    for text, code, told in (
        (filled(e, e.answers), 0, f"{len(e.answers)} right, 0 wrong"),
        (filled(e, wrong), 1, "WRONG  dW1, db1, dW2, db2: sign:"),
        (template(e), 1, "0 right, 0 wrong"),
        ("seed", 2, "line 1: expected name = value"),
    ):
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([*run, "--check", str(file)], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        assert told in (done.stderr if code == 2 else done.stdout)


def test_wrong_options_say_what_there_is():
    for arguments, told in (((7, "quadratic"), "kind"), ((7, "l2", 9), "level"), ((-1,), "seed")):
        with pytest.raises(OptionError, match=told):
            draw(*arguments)
