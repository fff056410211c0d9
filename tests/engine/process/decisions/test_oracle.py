"""The hit policies against a few lines of plain Python, and the checks of tables against trying every value."""

from collections.abc import Callable
from itertools import product
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.process import decisions
from engine.process.decisions import DecisionFailed, Table
from engine.process.decisions.cover import Cover
from tests.engine.process.test_decisions import Drawn

Check = Callable[[Any], bool]
HALVES = [n / 2 for n in range(-2, 24)]
LETTERS = ["a", "b", "c", "d"]
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def ranged(low: int, high: int, opening: str, closing: str) -> tuple[str, Check]:
    def inside(value: Any) -> bool:
        above = value >= low if opening == "[" else value > low
        return bool(above and (value <= high if closing == "]" else value < high))

    return f"{opening}{low}..{high}{closing}", inside


def listed(letters: list[str], negated: bool) -> tuple[str, Check]:
    text = ", ".join(f'"{each}"' for each in letters)
    return (
        (f"not({text})", lambda value: value not in letters)
        if negated
        else (text, lambda value: value in letters)
    )


ANYTHING: tuple[str, Check] = ("-", lambda value: True)
COMPARED: dict[str, Callable[[int], Check]] = {
    "<": lambda n: lambda value: value < n,
    "<=": lambda n: lambda value: value <= n,
    ">": lambda n: lambda value: value > n,
    ">=": lambda n: lambda value: value >= n,
    "": lambda n: lambda value: value == n,
}
numbers = st.integers(0, 10)
ranges = st.tuples(numbers, numbers, st.sampled_from("[(]"), st.sampled_from("])[")).map(
    lambda each: ranged(min(each[:2]), max(each[:2]), each[2], each[3])
)
compared = st.tuples(st.sampled_from(list(COMPARED)), numbers).map(
    lambda each: (f"{each[0]} {each[1]}", COMPARED[each[0]](each[1]))
)
number_cells = st.one_of(st.just(ANYTHING), ranges, compared)
letter_cells = st.one_of(
    st.just(ANYTHING),
    st.tuples(st.lists(st.sampled_from(LETTERS[:3]), min_size=1, max_size=3, unique=True), st.booleans()).map(
        lambda each: listed(*each)
    ),
)
rules = st.lists(st.tuples(number_cells, letter_cells, st.integers(1, 4)), min_size=1, max_size=7)
POLICIES = [
    "UNIQUE",
    "FIRST",
    "ANY",
    "PRIORITY",
    "COLLECT",
    "RULE ORDER",
    "OUTPUT ORDER",
    "C+",
    "C<",
    "C>",
    "C#",
]
RANKS = [3, 1, 4, 2]


def drawn(rows: list[Any], policy: str) -> Table:
    cells: list[list[str | None]] = [[one[0], other[0], str(answer)] for one, other, answer in rows]
    output: Any = ("y", ", ".join(map(str, RANKS)))
    made = decisions.read(
        Drawn(inputs=[("x", "number"), ("k", "string")], outputs=[output], rules=cells, policy=policy).xml()
    )
    table = made["discount"]
    assert isinstance(table, Table)
    return table


def expected(rows: list[Any], policy: str, x: Any, k: str) -> Any:
    """What the standard says, in the words of Python; "stop" for a conflict."""
    found = [answer for one, other, answer in rows if one[1](x) and other[1](k)]
    ranked = sorted(found, key=RANKS.index)
    several: dict[str, Any] = {
        "COLLECT": found,
        "RULE ORDER": found,
        "OUTPUT ORDER": ranked,
        "C#": len(found),
    }
    sums: dict[str, Callable[[Any], Any]] = {"C+": sum, "C<": min, "C>": max}
    if policy in several:
        return several[policy]
    if not found:
        return None
    if policy in sums:
        return sums[policy](found)
    if (policy == "UNIQUE" and len(found) > 1) or (policy == "ANY" and len(set(found)) > 1):
        return "stop"
    return ranked[0] if policy == "PRIORITY" else found[0]


@QUICK
@given(rules, st.sampled_from(POLICIES), st.sampled_from(HALVES), st.sampled_from(LETTERS))
def test_every_policy_answers_as_plain_python_would(rows: list[Any], policy: str, x: float, k: str) -> None:
    table = drawn(rows, policy)

    try:
        answer = table.decide({"x": x, "k": k})["y"]
    except DecisionFailed:
        answer = "stop"

    assert answer == expected(rows, policy, x, k)


def hits(rows: list[Any], x: float, k: str) -> list[int]:
    return [number for number, (one, other, _) in enumerate(rows) if one[1](x) and other[1](k)]


@QUICK
@given(rules)
def test_a_gap_is_found_exactly_when_some_value_has_no_rule(rows: list[Any]) -> None:
    found = Cover(drawn(rows, "UNIQUE")).gap()

    open_ = [(x, k) for x, k in product(HALVES, LETTERS) if not hits(rows, x, k)]
    assert (found is not None) == bool(open_)
    if found is not None:
        assert drawn(rows, "COLLECT").trace({"x": found[0], "k": found[1]}).rules == ()


@QUICK
@given(rules)
def test_overlaps_are_exactly_the_pairs_that_some_value_meets_together(rows: list[Any]) -> None:
    found = Cover(drawn(rows, "UNIQUE")).overlaps()

    together = {
        (one, other)
        for x, k in product(HALVES, LETTERS)
        for place, one in enumerate(hits(rows, x, k))
        for other in hits(rows, x, k)[place + 1 :]
    }
    assert {(one, other) for one, other, _ in found} >= together
    for one, other, example in found:
        tried = drawn(rows, "COLLECT").trace({"x": example[0], "k": example[1]})
        assert {one + 1, other + 1} <= set(tried.rules)


@QUICK
@given(rules)
def test_a_rule_is_called_unreached_only_when_no_value_reaches_it_first(rows: list[Any]) -> None:
    cover = Cover(drawn(rows, "FIRST"))
    reached = {hits(rows, x, k)[0] for x, k in product(HALVES, LETTERS) if hits(rows, x, k)}

    for number in range(len(rows)):
        said = number not in cover.never() and cover.is_reached(number)
        assert said or number not in reached
