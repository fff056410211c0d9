"""FEEL as the standard means it: values, three-valued truth, times, lists, texts, and what is no value at all."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.process import expressions
from engine.process.decisions import feel
from engine.process.decisions.feel import Env, YearsMonths
from engine.process.decisions.feel.values import taken

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SCOPE = {
    "x": 5,
    "half": 0.5,
    "name": "Jan Nowak",
    "nothing": None,
    "yes": True,
    "Credit_Rating": "good",
    "deal": {"amount": Decimal("120.50"), "client": {"kind": "gold"}},
    "orders": [{"id": 1, "amount": 10}, {"id": 2, "amount": 30}, {"id": 3, "amount": None}],
    "due": date(2026, 5, 1),
    "at": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
}

VALUES: list[tuple[str, Any]] = [
    # numbers
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("7 / 2", Decimal("3.5")),
    ("6 / 2", 3),
    ("0.1 + 0.2", Decimal("0.3")),
    ("half * 2", 1),
    ("2 ** 10", 1024),
    ("-5 ** 2", 25),
    ("5 - -3", 8),
    (".5", Decimal("0.5")),
    ("1.2e2", 120),
    ("1 / 3 * 3 > 0.999", True),
    ("deal.amount + 1", Decimal("121.50")),
    ("null + 1", None),
    ("1 - null", None),
    ("nothing * 2", None),
    ("abs(-3)", 3),
    ("modulo(12, 5)", 2),
    ("modulo(-12, 5)", 3),
    ("modulo(12, -5)", -3),
    ("floor(1.5)", 1),
    ("floor(-1.5)", -2),
    ("ceiling(1.5)", 2),
    ("ceiling(-1.5)", -1),
    ("decimal(1/3, 2)", Decimal("0.33")),
    ("decimal(2.5, 0)", 2),
    ("round up(5.5, 0)", 6),
    ("round up(-5.5, 0)", -6),
    ("round down(5.5, 0)", 5),
    ("round half up(2.5, 0)", 3),
    ("round half down(2.5, 0)", 2),
    ("round up(1.121, 2)", Decimal("1.13")),
    ("sqrt(16)", 4),
    ("odd(5)", True),
    ("odd(-3)", True),
    ("even(5)", False),
    ("log(1)", 0),
    ("exp(0)", 1),
    # truth with three values
    ("true and true", True),
    ("true and null", None),
    ("false and null", False),
    ("null and false", False),
    ("null and null", None),
    ("true or null", True),
    ("null or true", True),
    ("false or null", None),
    ("false or false", False),
    ("not(true)", False),
    ("not(null)", None),
    ('not("text")', None),
    ("if true then 1 else 2", 1),
    ("if null then 1 else 2", 2),
    ("if 1 < 2 then if 2 < 1 then 1 else 2 else 3", 2),
    # comparison
    ("1 = 1.0", True),
    ("1 != 2", True),
    ('"a" = "a"', True),
    ('"a" = 1', None),
    ('"a" != 1', None),
    ("true = 1", None),
    ("null = null", True),
    ("null = 1", False),
    ("1 != null", True),
    ("null < 1", None),
    ('"a" < 1', None),
    ('"a" < "b"', True),
    ("1 < 2", True),
    ("2 <= 2", True),
    ("2 > 3", False),
    ("[1, 2] = [1, 2]", True),
    ("[1, 2] = [2, 1]", False),
    ("[1, 2] = [1]", False),
    ("{a: 1} = {a: 1}", True),
    ("{a: 1} = {b: 1}", False),
    ("5 between 1 and 10", True),
    ("0 between 1 and 10", False),
    ("null between 1 and 10", None),
    ("5 between null and 3", False),
    ("5 in [1..5]", True),
    ("5 in [1..5)", False),
    ("1 in (1..5]", False),
    ("1 in ]1..5]", False),
    ("5 in ]1..5[", False),
    ("null in [1..5]", None),
    ("5 in (> 3, < 2)", True),
    ("2 in (> 3, < 2)", False),
    ("5 in > 3", True),
    ("5 in (1, 5, 7)", True),
    ('"b" in ("a", "b")', True),
    ('"b" in ["a", "b"]', True),
    ("3 in [[1..2], [5..6]]", False),
    ('"m" in ["a".."p"]', True),
    ('date("2026-05-01") in [date("2026-01-01")..date("2026-12-31")]', True),
    ("1 < x <= 5", True),
    # texts
    ('"a" + "b"', "ab"),
    ('substring("foobar", 3)', "obar"),
    ('substring("foobar", 3, 3)', "oba"),
    ('substring("foobar", -2, 1)', "a"),
    ('string length("foo")', 3),
    ('string length("żółć")', 4),
    ('upper case("abc")', "ABC"),
    ('lower case("ABc")', "abc"),
    ('substring before("foobar", "bar")', "foo"),
    ('substring before("foobar", "xyz")', ""),
    ('substring after("foobar", "ob")', "ar"),
    ('contains("foobar", "ob")', True),
    ('contains("foobar", "x")', False),
    ("contains(null, \"x\")", None),
    ('starts with("foobar", "fo")', True),
    ('ends with("foobar", "r")', True),
    ('matches("foobar", "^fo*b")', True),
    ('matches("PL1234567890", "^PL\\\\d{10}$")', True),
    ('matches("FOO", "foo", "i")', True),
    ('replace("abcd", "(ab)|(a)", "[$1]")', "[ab]cd"),
    ('split("a;b;c", ";")', ["a", "b", "c"]),
    ('string join(["a", "b"], "-")', "a-b"),
    ('string join(["a", null, "b"])', "ab"),
    ('trim("  a ")', "a"),
    ("string(1.10)", "1.1"),
    ("string(true)", "true"),
    ('string([1, "a"])', '[1, "a"]'),
    ("string(null)", None),
    ('string(date("2026-05-01"))', "2026-05-01"),
    ('number("1 000,5", " ", ",")', Decimal("1000.5")),
    ('number("12")', 12),
    ("'single'", "single"),
    ('"a\\"b\\u0041"', 'a"bA'),
    # lists
    ("[1, 2, 3][1]", 1),
    ("[1, 2, 3][-1]", 3),
    ("[1, 2, 3][4]", None),
    ("[1, 2, 3][item > 1]", [2, 3]),
    ("orders[amount > 5].id", [1, 2]),
    ("orders[1].amount", 10),
    ("orders.amount", [10, 30, None]),
    ("count(orders)", 3),
    ("count([])", 0),
    ("list contains([1, 2], 2)", True),
    ("list contains([1, null], null)", True),
    ("min([3, 1, 2])", 1),
    ("max(3, 1, 2)", 3),
    ('max(["a", "c", "b"])', "c"),
    ("max([])", None),
    ("sum([1, 2, 3])", 6),
    ("sum(1, 2, 3)", 6),
    ("sum([])", None),
    ("sum([1, null])", None),
    ("mean(1, 2, 3)", 2),
    ("median(8, 2, 5, 3, 4)", 4),
    ("median([6, 1, 2, 3])", Decimal("2.5")),
    ("mode(6, 3, 9, 6, 6)", [6]),
    ("product([2, 3, 4])", 24),
    ("stddev(2, 4)", Decimal("1.414213562373095048801688724209698")),
    ("all([true, true])", True),
    ("all([true, null])", None),
    ("all([false, null])", False),
    ("any([false, null])", None),
    ("any([null, true])", True),
    ("all([])", True),
    ("any([])", False),
    ("sublist([4, 5, 6], 1, 2)", [4, 5]),
    ("sublist([4, 5, 6], -1)", [6]),
    ("append([1], 2, 3)", [1, 2, 3]),
    ("concatenate([1, 2], [3])", [1, 2, 3]),
    ("insert before([1, 3], 1, 2)", [2, 1, 3]),
    ("remove([1, 2, 3], 2)", [1, 3]),
    ("reverse([1, 2, 3])", [3, 2, 1]),
    ("index of([1, 2, 3, 2], 2)", [2, 4]),
    ("union([1, 2], [2, 3])", [1, 2, 3]),
    ("distinct values([1, 2, 2, 1])", [1, 2]),
    ("flatten([[1, 2], [[3]], 4])", [1, 2, 3, 4]),
    ("sort([3, 1, 2])", [1, 2, 3]),
    ("for i in [1, 2, 3] return i * i", [1, 4, 9]),
    ("for i in 1..3 return i", [1, 2, 3]),
    ("for i in 3..1 return i", [3, 2, 1]),
    ("for a in [1, 2], b in [10, 20] return a + b", [11, 21, 12, 22]),
    ("for i in [] return i", []),
    ("some i in [1, 2] satisfies i > 1", True),
    ("some i in [] satisfies i > 1", False),
    ("every i in [1, 2] satisfies i > 1", False),
    ("every i in [] satisfies i > 1", True),
    ("some o in orders satisfies o.amount > 20", True),
    ("every i in [1, null] satisfies i > 0", None),
    # contexts and paths
    ("deal.client.kind", "gold"),
    ("deal.missing", None),
    ("deal.missing.deeper", None),
    ("nothing.more", None),
    ("{a: 1, b: 2}.b", 2),
    ('{"two words": 1}', {"two words": 1}),
    ('get value(deal.client, "kind")', "gold"),
    # dates, times, durations
    ('date("2026-05-01")', date(2026, 5, 1)),
    ("date(2026, 5, 1)", date(2026, 5, 1)),
    ('@"2026-05-01"', date(2026, 5, 1)),
    ('date("2026-05-01").month', 5),
    ('date("2026-05-01").weekday', 5),
    ('date("2024-02-29") + duration("P1Y")', date(2025, 2, 28)),
    ('date("2026-01-31") + duration("P1M")', date(2026, 2, 28)),
    ('date("2026-03-31") - duration("P1M")', date(2026, 2, 28)),
    ('date("2026-03-05") - date("2026-03-02")', timedelta(days=3)),
    ('(date("2026-03-05") - date("2026-03-02")).days', 3),
    ('date("2026-03-05") + duration("P2D")', date(2026, 3, 7)),
    ('duration("P2DT3H").hours', 3),
    ('duration("-PT90M")', timedelta(minutes=-90)),
    ('duration("P1Y2M")', YearsMonths(14)),
    ('duration("P1Y2M").years', 1),
    ('duration("PT1H") * 2', timedelta(hours=2)),
    ('duration("PT4H") / duration("PT2H")', 2),
    ('duration("P1Y") + duration("P1M")', YearsMonths(13)),
    ('duration("P1D") > duration("PT23H")', True),
    ('duration("P1Y") > duration("P11M")', True),
    ('years and months duration(date("2024-01-15"), date("2026-03-10"))', YearsMonths(25)),
    ('date and time("2026-03-02T10:30:00+01:00") = at', True),
    ('date and time("2026-03-02T10:30:00") = at', True),
    ('date and time("2026-03-02T09:30:00Z").hour', 10),
    ('time("10:30:00")', time(10, 30)),
    ('time("10:30:00") < time("11:00:00")', True),
    ("time(at)", time(10, 30)),
    ("date(at)", date(2026, 3, 2)),
    ("today()", date(2026, 3, 2)),
    ("now() > at", False),
    ("due > today()", True),
    ('day of week(date("2026-05-01"))', "Friday"),
    ('day of year(date("2026-02-01"))', 32),
    ('month of year(date("2026-02-01"))', "February"),
    ('week of year(date("2026-01-01"))', 1),
    ('work_days_between(date("2026-03-02"), date("2026-03-06"))', 4),
    # kinds
    ("1 instance of number", True),
    ('"a" instance of number', False),
    ("null instance of string", False),
    ('date("2026-05-01") instance of date', True),
    ("[1] instance of list", True),
    ("at instance of date and time", True),
    # names with spaces, and what stands there by default
    ("Credit Rating", "good"),
    ("nothing or 7", 7),
    ("deal.amount or 0", Decimal("120.50")),
    ("absent or 0", 0),
    # our own expressions
    ("x % 2", 1),
    ("1 if x = 5 else 2", 1),
    ('name.startswith("Jan")', True),
    ("[a * 2 for a in [1, 2]]", [2, 4]),
]  # fmt: skip

ERRORS = [
    '"a" + 1', "1 / 0", 'date("2026-02-30")', 'date("tomorrow")', 'time("25:00:00")', 'duration("soon")',
    'number("1,5")', 'substring("abc", 0)', "modulo(1, 0)", 'sum([1, "a"])', 'min([1, "a"])', "sqrt(-1)", "log(0)",
    'deal.client.kind.length', 'upper case(1)', "-name", "remove([1], 2)", "x.year", 'abs("a")', "10 ** 9999",
]  # fmt: skip

TESTS: list[tuple[str, Any, bool | None]] = [
    ("5", 5, True), ("5", 6, False), ("5", None, False), ("5", "5", None), ('"a"', "a", True), ('"a"', 1, None),
    ("null", None, True), ("null", 1, False), ("true", True, True), ("true", False, False), ("true", 1, None),
    ("< 5", 4, True), ("< 5", 5, False), ("< 5", None, None), ("< 5", "4", None), ("= 5", 5, True), ("!= 5", 5, False),
    ("[1..5]", 1, True), ("[1..5]", None, None), ("(1..5)", 1, False), ("]1..5]", 1, False), ("[1..5[", 5, False),
    ("1, 2, 3", 2, True), ("1, 2, 3", 4, False), ("1, null", None, True), ("< 1, > 5", 3, False), ("< 1, > 5", 9, True),
    ("< 1, null", None, True), ("not(1)", 1, False), ("not(1)", 2, True), ("not(1)", None, True), ("not(< 5)", None, None),
    ('not("a", "b")', "c", True), ('not("a", "b")', "a", False), ("not(null)", None, False), ("not(null)", 0, True),
    ("not([1..5])", 6, True), ("not([1..5], 7)", 7, False), ("-", None, None), ("? > 3", 4, True), ("? > 3 and ? < 5", 4, True),
    ("? > 3 or ? = 1", 1, True), ("? in [1, 2]", 2, True), ("? not in [1, 2]", 2, False), ("not in [1, 2]", 3, True),
    ("? between 1 and 3", 3, True), ('contains(?, "x")', "axe", True), ('contains(?, "x")', "a", False),
    ('contains(?, "x")', None, None), ('not(contains(?, "x"))', "axe", False), ('starts with(?, "PL")', "PL12", True),
    ('matches(?, "^[A-Z]{2}$")', "PL", True), ('string length(?) > 3', "abcd", True), ("even(?)", 4, True), ("? * 2 > x", 3, True),
    ('["a", "b"]', "b", True), ('["a", "b"]', ["a", "b"], True), ("list contains(?, 1)", [1, 2], True), ("some i in ? satisfies i > 1", [1, 2], True),
    ("every i in ? satisfies i > 1", [1, 2], False), ("count(?) = 2", [1, 2], True), ("? instance of number", 1, True), ("? = null", None, True),
    ('> date("2026-01-01")', date(2026, 2, 1), True), ('[date("2026-01-01")..date("2026-01-31")]', date(2026, 1, 31), True),
    ('< duration("P2D")', timedelta(days=1), True), ('>= time("08:00:00")', time(9), True), ("<= today()", date(2026, 3, 2), True),
    ("x", 5, True), ("> x", 6, True), ("x + 1", 6, True), ("[x..x+5]", 10, True), ("deal.client.kind", "gold", True), ("yes", True, True),
    ("x > 3", "anything", True), ("if ? > 3 then true else false", 4, True), ("? .month = 2", date(2026, 2, 1), True),
    ("\"a\",\"b\"", "b", True), ('"a, b"', "a, b", True), ("-5", -5, True), ("> -5", -4, True), ("0.3", 0.1 + 0.2, True), ("[0..0.15]", Decimal("0.15"), True),
]  # fmt: skip


def worked_out(source: str) -> tuple[Any, str | None]:
    env = Env(SCOPE, NOW)
    ready = feel.formula(source, frozenset({"Credit Rating"}), optional=True)
    assert ready is not None
    return taken(ready.run(env)), env.trouble


@pytest.mark.parametrize(("source", "wanted"), VALUES, ids=[source for source, _ in VALUES])
def test_an_expression_has_the_value_that_the_standard_gives_it(source: str, wanted: Any) -> None:
    value, trouble = worked_out(source)

    assert value == wanted
    assert (value is True) == (wanted is True)
    assert trouble is None or wanted is None


@pytest.mark.parametrize("source", ERRORS)
def test_what_has_no_value_is_null_and_says_so(source: str) -> None:
    value, trouble = worked_out(source)

    assert value is None
    assert trouble


@pytest.mark.parametrize(
    ("cell", "value", "wanted"), TESTS, ids=[f"{cell} {value}" for cell, value, _ in TESTS]
)
def test_a_unary_test_is_true_false_or_unknown(cell: str, value: Any, wanted: bool | None) -> None:
    ready = feel.test(cell)
    env = Env(SCOPE, NOW)
    env.item = taken(value)

    assert (ready.run(env) if ready is not None else None) is wanted


@pytest.mark.parametrize(
    "source",
    [
        "", "1 +", "1,,2", ")", "(1", "[1..", "if 1 then 2", "for i in [1]", "some x in y", "a b", "1 2", "open('x')",
        "x.__class__", "__import__('os')", "function(a) a", "1 instance of nonsense", "{a 1}", "@date", "contains(1)", "?.__x__",
    ],
)  # fmt: skip
def test_what_is_no_expression_is_refused(source: str) -> None:
    if source == "":
        assert feel.formula(source) is None
        return
    with pytest.raises(expressions.ExpressionRefused):
        feel.formula(source)


def test_an_expression_tells_what_it_reads() -> None:
    ready = feel.formula("deal.amount > limit and some o in orders satisfies o.x > client.size")

    assert ready is not None
    assert ready.paths == {"deal.amount", "limit", "orders", "client.size"}
    assert ready.names == {"deal", "limit", "orders", "client"}


def test_an_unknown_name_in_a_cell_is_no_empty_value() -> None:
    ready = feel.formula("nobody + 1")
    assert ready is not None

    with pytest.raises(expressions.UnknownName, match="nobody"):
        ready.run(Env(SCOPE))
