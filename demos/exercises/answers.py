"""Answer files: the template a student fills in, what is read from it, and the verdict on every answer."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.testing import grade
from demos.common import Array
from demos.exercises.exercise import Exercise, draw
from demos.exercises.kinds import ACTIVATIONS, KINDS
from demos.exercises.sheets import heading, written

__all__ = ["AnswerError", "Verdict", "check", "read", "template"]

HEADER = ("seed", "kind", "level")


class AnswerError(ValueError):
    """An answer file that cannot be read: the message names the line or the key."""


@dataclass(frozen=True)
class Verdict:
    """What is said about one answer, or about several that are judged together.

    Attributes:
        keys: the answers it is about.
        right: True, False, or None where there is no answer yet.
        text: what is wrong, and what to write instead; empty if it is right.
    """

    keys: tuple[str, ...]
    right: bool | None
    text: str = ""

    def __str__(self) -> str:
        mark = {True: "right", False: "WRONG", None: "open "}[self.right]
        return f"{mark}  {', '.join(self.keys)}" + (f": {self.text}" if self.text else "")


def template(e: Exercise) -> str:
    """Return the answer file of an exercise, with a question mark for every number."""
    blanks = [f"{key} = {_blank(value)}" for key, value in e.answers.items()]
    return "\n".join(
        [
            f"# {heading(e)}",
            f"# Write a number, {e.decimals} decimals, for every question mark; leave the brackets as they are.",
            "# A ? that stays is an answer left open. Lines that start with # are not read.",
            *(f"seed = {e.seed}", f"kind = {e.name}", f"level = {e.level}", ""),
            *blanks,
            "",
        ]
    )


def _blank(value: Array) -> str:
    return "?" if value.ndim == 0 else f"[{', '.join(_blank(np.asarray(part)) for part in value)}]"


# ---- reading


def read(text: str) -> tuple[Exercise, dict[str, Array]]:
    """Return the exercise that an answer file is for, and the answers in it; those still open are left out.

    Args:
        text: the file's text: the template filled in, or a JSON object with the same names.

    Raises:
        AnswerError: the file cannot be read, or names no exercise.
    """
    found = _from_json(text) if text.lstrip().startswith("{") else _from_lines(text)
    missing = [key for key in HEADER if key not in found]
    if missing:
        raise AnswerError(f"{', '.join(missing)} is missing: the file must say seed, kind and level of its exercise")
    e = _exercise(*(found.pop(key) for key in HEADER))
    unknown = [where for key, (where, _) in found.items() if key not in e.answers]
    if unknown:
        raise AnswerError(f"{unknown[0]}: no such answer is asked for; asked for are {', '.join(e.answers)}")
    answers = {key: _array(where, value) for key, (where, value) in found.items()}
    return e, {key: value for key, value in answers.items() if value is not None}


def _from_json(text: str) -> dict[str, tuple[str, Any]]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise AnswerError(f"{twice[0]} stands there twice")
        return dict(pairs)

    try:
        found = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise AnswerError(f"line {error.lineno}, column {error.colno}: no JSON here: {error.msg}") from None
    return {key: (key, value) for key, value in found.items()}


def _from_lines(text: str) -> dict[str, tuple[str, Any]]:
    found: dict[str, tuple[str, Any]] = {}
    for count, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise AnswerError(f"line {count}: expected name = value, got {line.strip()!r}")
        where = f"line {count}, {name}"
        if name in found:
            raise AnswerError(f"{where}: the name stands already in {found[name][0].partition(',')[0]}")
        if name == "kind":
            found[name] = where, value
            continue
        try:
            found[name] = where, ast.literal_eval(value.replace("?", "None").replace("−", "-"))
        except (ValueError, SyntaxError):
            raise AnswerError(
                f"{where}: expected a number like -0.0123, or a list like [[0.1, 0.2], [0.3, 0.4]], got {value!r}"
            ) from None
    return found


def _exercise(seed: tuple[str, Any], kind: tuple[str, Any], level: tuple[str, Any]) -> Exercise:
    for where, value in (seed, level):
        if not isinstance(value, int) or isinstance(value, bool):
            raise AnswerError(f"{where}: expected a whole number, got {value!r}")
    if kind[1] not in KINDS:
        raise AnswerError(f"{kind[0]}: must be one of {', '.join(KINDS)}, got {kind[1]!r}")
    try:
        return draw(seed[1], kind[1], level[1])
    except ValueError as error:
        raise AnswerError(str(error)) from None


def _array(where: str, value: Any) -> Array | None:
    """Return an answer as an array; None if any of it is still open."""
    flat = list(_numbers(value))
    if any(x is None or x == "?" for x in flat):
        return None
    if not flat:
        raise AnswerError(f"{where}: the list is empty")
    for x in flat:
        if isinstance(x, bool) or not isinstance(x, int | float) or not np.isfinite(x):
            raise AnswerError(f"{where}: {x!r} is no number")
    try:
        return np.asarray(value, dtype=np.float64)
    except ValueError:
        raise AnswerError(f"{where}: the rows have different lengths") from None


def _numbers(value: Any) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for part in value:
            yield from _numbers(part)
    else:
        yield value


# ---- judging


def check(e: Exercise, answers: Mapping[str, Array]) -> list[Verdict]:
    """Judge every answer: values by their digits, the gradient by the grader, a step by what it was taken along."""
    given = {key: _like(value, e.answers[key]) for key, value in answers.items()}
    verdicts = [_value(e, given, key) for key in e.answers if key[0] in "aJ"]
    verdicts += _gradient(e, {key[1:]: value for key, value in given.items() if key[0] == "d"})
    if e.kind.rate:
        verdicts += _step(e, given)
    return verdicts


def _like(value: Array, right: Array) -> Array:
    """Let a single number be written with brackets or without."""
    return value.reshape(right.shape) if value.size == right.size == 1 else value


def _close(e: Exercise, given: Array, right: Array) -> bool:
    """Whether two values agree, but for one unit in the last digit asked for."""
    return given.shape == right.shape and bool(np.all(np.abs(given - right) < 1.01 * 10.0**-e.decimals))


def _value(e: Exercise, given: Mapping[str, Array], key: str) -> Verdict:
    right = e.answers[key]
    if key not in given:
        return Verdict((key,), None)
    if _close(e, given[key], right):
        return Verdict((key,), True)
    if given[key].shape != right.shape:
        return Verdict((key,), False, f"expected {_shape(right)}, got {_shape(given[key])}.")
    found = _loss_slips(e) if key == "J" else _layer_slips(e, given, int(key[1:]))
    for text, value in found:
        if _close(e, given[key], value):
            return Verdict((key,), False, text)
    i = int(np.argmax(np.abs(given[key] - right)))
    return Verdict((key,), False, f"{given[key].flat[i]:g} is not what these weights give.")


def _shape(value: Array) -> str:
    return "one number" if value.ndim == 0 else f"an array {'×'.join(map(str, value.shape))}"


def _layer_slips(e: Exercise, given: Mapping[str, Array], layer: int) -> Iterator[tuple[str, Array]]:
    """Yield what a layer's activations are when something went wrong in it, or below it."""
    g, batch = ACTIVATIONS[e.activation(layer)].of, e.x.ndim == 2
    w, b = e.params[f"W{layer - 1}"], e.params[f"b{layer - 1}"]
    forward = {"a1": e.x, **e.forward(e.params)}
    below = forward[f"a{layer - 1}"]

    def z(a: Array, weights: Array) -> Array:
        return np.asarray(a @ weights.T if batch else weights @ a)

    before = given.get(f"a{layer - 1}")
    if before is not None and before.shape == below.shape:
        yield f"right for your a{layer - 1}: mend that one, and this one follows.", _data(g(z(before, w) + b))
    yield f"that is z{layer}: a{layer} is the activation of it.", z(below, w) + b
    yield f"the bias b{layer - 1} is missing.", _data(g(z(below, w)))
    if w.shape[0] == w.shape[1]:
        yield f"rows of W{layer - 1} were taken for columns: unit i has row i.", _data(g(z(below, w.T) + b))


def _data(x: Any) -> Array:
    return np.asarray(getattr(x, "data", x))


def _loss_slips(e: Exercise) -> Iterator[tuple[str, Array]]:
    right, n = e.answers["J"], e.kind.examples
    if n > 1:
        yield f"J is a mean over {n} examples: divide the sum by {n}.", right * n
        yield f"the mean over {n} examples was taken twice.", right / n
    yield "twice what it is: a factor ½ is missing.", 2 * right
    yield "half of what it is: a factor ½ too many.", right / 2
    yield "the sign is the other way round.", -right
    if e.kind.decay:
        squares = sum(float(np.sum(p**2)) for name, p in e.params.items() if name[0] == "W")
        penalty = e.kind.decay / (2 * n) * squares
        yield "the penalty on the weights is missing.", right - penalty
        yield f"λ was not divided by n = {n}.", right + (n - 1) * penalty


def _gradient(e: Exercise, student: Mapping[str, Array]) -> Iterable[Verdict]:
    leaves, loss = e.recorded
    opened = tuple(f"d{name}" for name in leaves if name not in student)
    if student:
        asked = {name: leaves[name] for name in leaves if name in student}
        found = grade({name: student[name] for name in asked}, loss, asked, target=e.y, n=e.kind.examples)
        wrong = tuple(f"d{name}" for name in found.parameters)
        right = tuple(f"d{name}" for name in asked if f"d{name}" not in wrong)
        if right:
            yield Verdict(right, True)
        if wrong:
            yield Verdict(wrong, False, f"{found.label}: {found.advice}")
    if opened:
        yield Verdict(opened, None)


def _step(e: Exercise, given: Mapping[str, Array]) -> Iterator[Verdict]:
    right = {name: e.answers[f"{name}_new"] for name in e.params}
    student = {name: given[f"{name}_new"] for name in e.params if f"{name}_new" in given}
    wrong = [name for name, value in student.items() if not _close(e, value, right[name])]
    good = tuple(f"{name}_new" for name in student if name not in wrong)
    opened = tuple(f"{name}_new" for name in e.params if name not in student)
    if good:
        yield Verdict(good, True)
    if wrong:
        fits = (
            text
            for text, step in _step_slips(e, given)
            if all(name in step and _close(e, student[name], step[name]) for name in wrong)
        )
        yield Verdict(tuple(f"{name}_new" for name in wrong), False, next(fits, "not a step along this gradient."))
    if opened:
        yield Verdict(opened, None)


def _step_slips(e: Exercise, given: Mapping[str, Array]) -> Iterator[tuple[str, dict[str, Array]]]:
    """Yield what a step leads to when it was taken along a wrong gradient, or wrongly."""
    own = {name: given[f"d{name}"] for name in e.params if f"d{name}" in given}
    if own:
        whole = e.gradients | {name: g for name, g in own.items() if g.shape == e.params[name].shape}
        yield "right for your gradient: mend that one, and this one follows.", e.stepped(whole)
    rate, beta, theta, v, gradients = e.kind.rate, e.kind.momentum, e.params, e.velocity, e.gradients
    opposite = {name: -g for name, g in gradients.items()}
    yield "uphill: a step of descent subtracts α ∂J/∂θ.", e.stepped(opposite)
    yield "the rate is missing: subtract α ∂J/∂θ.", e.stepped({name: g / rate for name, g in gradients.items()})
    yield "nothing was changed.", dict(theta)
    if beta:
        plain = {name: theta[name] - rate * g for name, g in gradients.items()}
        yield "the velocity β v that the step starts with is missing.", plain
        yield "β is missing: the old velocity counts β v.", {name: plain[name] + v[name] for name in v}
        yield "the velocity was subtracted: θ ← θ + v.", {name: 2 * theta[name] - new for name, new in e.stepped(
            gradients).items()}  # fmt: skip
        average = {name: (1 - beta) * g for name, g in gradients.items()}
        yield "v ← β v + (1 − β) g is the moving average's convention: here the gradient counts α.", e.stepped(average)


def summary(verdicts: Iterable[Verdict]) -> str:
    """Count the answers that are right, wrong and open."""
    counts = {True: 0, False: 0, None: 0}
    for verdict in verdicts:
        counts[verdict.right] += len(verdict.keys)
    return f"{counts[True]} right, {counts[False]} wrong, {counts[None]} open"


def filled(e: Exercise, answers: Mapping[str, Array]) -> str:
    """Return the template with answers filled in."""
    lines = template(e).splitlines()
    values = {key: written(value, e.decimals) for key, value in answers.items()}
    return "\n".join(f"{key} = {values[key]}" if (key := line.split(" =")[0]) in values else line for line in lines)
