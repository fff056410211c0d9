"""Every attack of the table is contained: refused or harmless, in time, in memory, and nothing is left behind."""

import random
import time
from pathlib import Path

import pytest

from engine.process import expressions
from engine.process.expressions import ExpressionRefused
from tests.conftest import MONDAY
from tests.engine.process import attacks
from tests.engine.process.attacks import MEGABYTES, SECONDS, SECRET, Case, Outcome


def test_the_table_is_large_and_nothing_stands_in_it_twice() -> None:
    found = attacks.table()

    assert len(found) == len({(case.place, case.text) for case in found})
    assert {place: sum(case.place == place for case in found) >= 200 for place in ("expression", "safe", "python")} == {
        "expression": True, "safe": True, "python": True,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("place", ["expression", "safe", "python"])
def test_every_attack_is_contained(place: str) -> None:
    cases = [case for case in attacks.table() if case.place == place]
    begin = time.perf_counter()

    found = attacks.outcomes(cases)

    assert [
        problem for case, outcome in zip(cases, found, strict=True) for problem in _problems(case, outcome)
    ] == []
    assert not Path("/tmp/attack-made-this").exists()  # where the attacks of the table write to
    assert time.perf_counter() - begin < 90


def _problems(case: Case, outcome: Outcome) -> list[str]:
    named = f"{case.place}, {case.kind}: {case.text[:80]!r}: {outcome}"
    found = []
    if outcome.said.startswith(("escaped", "ended")) or "alien" in outcome.words:
        found.append(f"got out: {named}")
    if outcome.said == "value" and case.place != "python":
        found.append(f"not refused: {named}")
    if SECRET in outcome.words or "root:" in outcome.words:
        found.append(f"learnt a secret: {named}")
    if outcome.seconds > SECONDS:
        found.append(f"took too long: {named}")
    if outcome.megabytes > MEGABYTES:
        found.append(f"took too much: {named}")
    return found


ATOMS = [
    "amount", "d", "l", "s", "big", "signs", "many", "deal", "huge", "due", "moment", "pct", "helper", "alien", "nothing", "x",
    "1", "0", "-1", "2.5", "1e308", "9007199254740993", "2305843009213693951", "True", "None", "''", "'a'", "'%s'", "[]", "{}", "()",
    "[1, 2]", "{'a': 1}", "{1}", "now()", "today()", "'2026-03-05'", "'P1D'", "1j", "b''", "...", "_x", "__builtins__",
]  # fmt: skip
SHAPES = [
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / {b}", "{a} // {b}", "{a} % {b}", "{a} ** {b}", "{a} @ {b}", "{a} << {b}", "{a} and {b}", "{a} or {b}",
    "not {a}", "-{a}", "~{a}", "{a} < {b}", "{a} == {b} != {c}", "{a} in {b}", "{a} is not {b}", "{a} if {b} else {c}", "({a}, {b})", "[{a}, {b}]",
    "{{{a}, {b}}}", "{{{a}: {b}}}", "{{**{a}}}", "{a}.a", "{a}.__class__", "{a}[{b}]", "{a}[{b}:{c}]", "{a}[::{b}]", "[x for x in {a}]", "{{x for x in {a} if {b}}}",
    "[{a} for x in {b} for y in {c}]", "any({a} for x in {b})", "{{x: {a} for x in {b}}}", "len({a})", "sum({a}, {b})", "min({a}, {b})", "max({a}, default={b})", "sorted({a})",
    "sorted({a}, key={b})", "round({a}, {b})", "abs({a})", "int({a})", "float({a})", "str({a})", "bool({a})", "same({a}, {b})", "date({a})", "datetime({a}, {b}, {c})", "duration({a})",
    "timedelta(days={a})", "work_days_between({a}, {b})", "any({a})", "all({a})", "{a}.upper()", "{a}.strip({b})", "{a}.replace({b}, {c})", "{a}.join({b})", "{a}.split({b})", "{a}.count({b})",
    "{a}.find({b})", "{a}.get({b}, {c})", "{a}.items()", "{a}.index({b})", "{a}.isoformat()", "{a}.format({b})", "{a}({b})", "f'{{{a}}}'", "f'{{{a}:,.2f}}'", "f'{{{a}!r}}'", "(y := {a})", "lambda: {a}", "*{a}", "{a} {b}",
]  # fmt: skip
SIGNS = [
    *"()[]{}.,:+-*/%<>=!'\"_ \n\\@~&|^#;0a9", "__", "**", " for ", " in ", " if ", "lambda", "ℌ", "＿", "\x00", "\ud800",
]  # fmt: skip


def made(dice: random.Random, depth: int) -> str:
    """An expression of the grammar, with what does not belong into it here and there."""
    if depth == 0 or dice.random() < 0.15:
        return dice.choice(ATOMS)
    shape = dice.choice(SHAPES)
    return "(" + shape.format(a=made(dice, depth - 1), b=made(dice, depth - 1), c=made(dice, depth - 1)) + ")"


def damaged(dice: random.Random, text: str) -> str:
    """The text with up to three places changed."""
    for _ in range(dice.randint(0, 3)):
        place = dice.randint(0, len(text))
        text = (
            text[:place]
            + dice.choice(["", dice.choice(SIGNS), dice.choice(ATOMS)])
            + text[place + dice.randint(0, 3) :]
        )
    return text


def fuzz(seed: int, count: int) -> None:
    dice, scope = random.Random(seed), attacks.scope()
    hostile = [text for texts in attacks.LANGUAGE.values() for text in texts if len(text) < 300]
    told = {name: repr(value) for name, value in scope.items()}
    refused = 0
    for number in range(count):
        text = damaged(dice, dice.choice(hostile) if number % 4 == 0 else made(dice, dice.randint(1, 4)))
        begin = time.perf_counter()
        try:
            found = attacks.in_words(expressions.evaluate(text, scope, now=MONDAY))
        except ExpressionRefused as refusal:
            refused, found = refused + 1, str(refusal)
        except BaseException as error:
            raise AssertionError(f"{text!r} escaped as {error!r}") from error
        assert not found.startswith("alien"), text
        assert time.perf_counter() - begin < SECONDS, text
    assert {name: repr(value) for name, value in scope.items()} == told
    assert count * 0.3 < refused < count * 0.98, "both ways are taken"


@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_no_mixture_of_the_grammar_gets_out() -> None:
    fuzz(20_261_116, 2000)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::SyntaxWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("seed", range(10))
def test_no_mixture_of_the_grammar_gets_out_at_length(seed: int) -> None:
    fuzz(seed, 10_000)
