"""The fenced language: what it can say, and that nothing hostile gets through, in time or in memory."""

import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from engine.process import expressions
from engine.process.expressions import Denied, ExpressionRefused, Mismatch, TooMuch, UnknownName, Wrong

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def helper() -> None:
    """A function that a careless host put into the data."""


def scope() -> dict[str, Any]:
    return {
        "amount": 12_000,
        "d": {"a": 1, "items": [1, 2], "client": {"name": "Zakład Szczotka"}},
        "deal": {"amount": Decimal("12000.50"), "kind": "new", "rate": Decimal("0.15")},
        "l": [3, 1, 2],
        "s": "some text",
        "big": "x" * 15_000,
        "many": list(range(20_000)),
        "lines": [{"sku": "A", "net": 10}, {"sku": "B", "net": 2.5}],
        "due": date(2026, 3, 5),
        "moment": datetime(2026, 7, 1, 22, 30, tzinfo=UTC),
        "pct": "%1000000000d",
        "missing": None,
        "huge": Decimal("1e999999"),
        "helper": helper,
        "alien": object(),
    }


SAYS: list[tuple[str, Any]] = [
    ("amount > 10000", True),
    ("1 < amount <= 12000", True),
    ("deal.amount > 12000 and deal['kind'] == 'new'", True),
    ("d.client.name", "Zakład Szczotka"),
    ("d.items[0]", 1),
    ("d.get('nothing', 7)", 7),
    ("deal.amount * 1.1", Decimal("13200.550")),
    ("deal.amount == 12000.5 and deal.amount <= 12000.50 and 12000.49 < deal.amount", True),
    ("deal.rate <= 0.15 and 0.15 >= deal.rate and deal.rate == 0.15", True),
    ("deal.amount + 1", Decimal("12001.50")),
    ("0.5 * deal.amount", Decimal("6000.250")),
    ("sum(line.net for line in lines)", 12.5),
    ("sum([])", 0),
    ("len({line.sku for line in lines})", 2),
    ("max(line.net for line in lines if line.sku != 'A')", 2.5),
    ("min([], default=0)", 0),
    ("any(line.net > 5 for line in lines) and not all([0, 1])", True),
    ("sorted(l, reverse=True)", [3, 2, 1]),
    ("[a + b for a, b in [(1, 2), (3, 4)]]", [3, 7]),
    ("l[1:]", [1, 2]),
    ("s[:4].upper()", "SOME"),
    ("'text' in s and 5 not in l", True),
    ("s.startswith('some') and 'a' in d", True),
    ("'yes' if amount > 5 else 'no'", "yes"),
    ("missing is None and amount is not None", True),
    ("missing or 'nobody'", "nobody"),
    ("round(2.345 * 100) / 100", 2.35),
    ("round(deal.amount, 1)", Decimal("12000.5")),
    ("int('12') + float('0.5') + abs(-1)", 13.5),
    ("str(amount) + ' PLN'", "12000 PLN"),
    ("bool('')", False),
    ("-amount + +amount", 0),
    ("7 // 2 + 7 % 2", 4),
    ("f'Offer {d.client.name}: {amount:,.2f}'", "Offer Zakład Szczotka: 12,000.00"),
    ("{'limit': amount, 'ok': True}", {"limit": 12_000, "ok": True}),
    ("', '.join(line.sku for line in lines)", "A, B"),
    ("s.replace('some', 'any').split()", ["any", "text"]),
    ("same(0.1 + 0.2, 0.3) and not same(1, True) and same(deal.amount, 12000.5)", True),
    ("same(huge, 1.0)", False),
    ("today()", date(2026, 3, 2)),
    ("today() + timedelta(days=3) == due", True),
    ("(due - today()).days", 3),
    ("date('2026-03-05') == due", True),
    ("date(moment)", date(2026, 7, 2)),
    ("moment.hour", 0),
    ("date(2026, 3, 5).isoweekday()", 4),
    ("datetime('2026-07-01T14:00')", datetime(2026, 7, 1, 12, 0, tzinfo=UTC)),
    ("datetime(due) > now()", True),
    ("now() + duration('PT15M')", MONDAY + timedelta(minutes=15)),
    ("now().hour", 10),
    ("sum([timedelta(days=1), timedelta(days=2)]).days", 3),
    ("work_days_between(today(), '2026-03-09')", 5),
    ("work_days_between('2026-04-30', '2026-05-04')", 1),
    ("1 +\n  1", 2),
    (" 'a\u0142' ", "ał"),
]

dag = " ".join(f"for x{step + 1} in [[x{step}, x{step}]]" for step in range(26))
REACHING_OUT = [
    "().__class__.__bases__[0].__subclasses__()",
    "''.__class__",
    "d.__class__",
    "d['__class__']",
    "'{0.__class__.__init__.__globals__}'.format(helper)",
    "'{h.__globals__}'.format_map({'h': helper})",
    "f'{helper.__globals__}'",
    "f'{().__class__}'",
    "f'{helper}'",
    "f'{s!r}'",
    "helper",
    "[helper]",
    "helper()",
    "helper == 1",
    "alien",
    "alien == alien",
    "alien in l",
    "str(alien)",
    "{alien: 1}",
    "[alien for x in l]",
    "helper.__globals__['__builtins__']",
    "(x for x in [1]).gi_frame",
    "(x for x in [1]).gi_frame.f_back.f_globals",
    "[x for x in [1]].__class__",
    "[1 for d.a in l]",
    "[1 for l[0] in l]",
    "[1 for [a, b] in [(1, 2)]]",
    "[1 for (a, (b, c)) in [(1, (2, 3))]]",
    "[1 for _each in l]",
    "[1 for *a, b in [(1, 2)]]",
    "getattr('', '__cl' + 'ass__')",
    "type(d)",
    "type('X', (), {})",
    "__import__('os').getpid()",
    "open('secret.txt').read()",
    "eval('1+1')",
    "exec('x=1')",
    "compile('1', '', 'eval')",
    "globals()",
    "locals()",
    "vars()",
    "dir()",
    "(lambda: 0).__globals__",
    "(lambda f: f(f))(lambda f: f(f))",
    "(y := [1])",
    "__builtins__",
    "_attribute(d, '__class__')",
    "_f_len(s)",
    "_arithmetic('*', 'a', 10)",
    "len.__self__",
    "len",
    "now",
    "now.__self__",
    "now().__class__",
    "now()()",
    "datetime.__class__",
    "datetime.datetime.__subclasses__()",
    "moment.__reduce__()",
    "moment.strftime('%1000000000d')",
    "moment.tzinfo",
    "today().replace(year=10**9)",
    "s.encode()",
    "s.format(1)",
    "s.join.__self__",
    "d.update({'hacked': 1})",
    "d.pop('a')",
    "d.clear()",
    "d.setdefault('z', 1)",
    "l.append(5)",
    "l.sort()",
    "l.clear()",
    "isinstance(1, int)",
    "hash('a')",
    "id(1)",
    "print(1)",
    "input()",
    "breakpoint()",
    "help()",
    "exit()",
    "d.__𝒸lass__",
    "timedelta.max",
    "float.fromhex('1')",
    "(1).real",
    "(1.5).as_integer_ratio()",
    "huge.to_eng_string()",
]
TOO_LARGE = [
    "s.ljust(10**10)",
    "s.zfill(10 * 1000000000)",
    "s.center(9999999999)",
    "'a\\tb'.expandtabs(9999999999)",
    "s.translate({97: 'x'})",
    "big.replace('x', big)",
    "big.replace('', big).replace('x', big)",
    "big.join([big, big, big])",
    "', '.join(['x' * 20000] * 20000)",
    "len('a' * 10000000000)",
    "[0] * 10000000000",
    "'a' * 10000 * 10000 * 10000",
    "1000000000 * l",
    "(1, 2) * 10000000",
    "big + big",
    "many + many",
    "'%2000000000d' % 1",
    "pct % 1",
    "'%s' % d",
    "len(f'{1:2000000000d}')",
    "f'{1:{amount}d}'",
    "f'{huge:.2f}'",
    "f'{huge:d}'",
    "int(huge)",
    "round(huge)",
    "float('1e400')",
    "1e999999",
    "float('nan')",
    "int('9' * 5000)",
    "round(5, -1000000000)",
    "timedelta(days=1000000000)",
    "datetime(1, 1, 1) - timedelta(days=999999)",
    "now() + timedelta(days=99999999)",
    "work_days_between('0001-01-01', '9999-12-31')",
    "work_days_between('1970-01-01', '2100-12-31')",
    "len([work_days_between(date(1970 + x % 130, 1, 1), date(1971 + x % 130, 1, 1)) for x in many])",
    "len([1 for a in many for b in many for c in many])",
    "[[b for b in many] for a in many]",
    "sum([[1] * 10000] * 10000, [])",
    "sum([many] * 10000, [])",
    "sorted([big] * 10000)",
    "sorted([big for x in many])",
    "any(a == -1 for a in many for b in many)",
    "[x for x in many] == [x for x in many]",
    "['abab' in big for x in many]",
    "[big.split('x') for x in many]",
    "[big + 'y' for x in many]",
    "[d.items() for x in many for y in many]",
    "[s.replace('', 'y' * 900) for x in many]",
    "''.join([big for x in many])",
    "[f'{big}{x}' for x in many]",
    "{x: big + str(x) for x in many}",
    "[many[:] for x in many]",
    "[many.count(x) for x in many]",
    "[many.index(19999) for x in many]",
    "[x in many for x in many]",
    "[max(many) for x in many]",
    "[x for x in l for y in l for z in l for w in l]",
    "[[[[1 for a in l] for b in l] for c in l] for e in l]",
    f"[x26 for x0 in [[1]] {dag}]",
    "[[[a, a, a, a, a, a, a, a, a, a] * 99 for a in [[b] * 99]] * 99 for b in [[1] * 99]]",
    "[" + " + ".join(["x"] * 150) + " for x in many]",
    "[" + " < ".join(["x"] * 150) + " for x in many for y in l]",
    "[x * x * x * x * x * x * x * x for x in [99999999999999999999]]",
    "0x" + "f" * 3000,
    "1" * 3900,
    "+".join(["1"] * 1900),
    "(" * 200,
    "(" * 1500 + "1" + ")" * 1500,
    "-" * 3900 + "1",
    "not " * 900 + "1",
    "d" + ".a" * 1500,
    "[" * 900 + "]" * 900,
    "[" * 60 + "1" + "]" * 60,
    "(1, " * 90 + ")" * 90,
    "1 if 1 else " * 300 + "1",
    "a" * 4001,
]
NOT_OURS = [
    "9 ** 9",
    "1 << 10",
    "1 & 1",
    "1 | 2",
    "7 ^ 1",
    "~5",
    "d @ d",
    "{**d}",
    "[*l]",
    "len(*[s])",
    "min(**d)",
    "(await x)",
    "[x async for x in l]",
    "(yield 1)",
    "b'1'",
    "1j",
    "...",
    "lambda: 1",
    "{x: 1 for x in l}",
    "{l: 1}",
    "{l}",
    "{(1, 1)}",
    "d[l]",
    "l in d",
    "1 in 5",
    "1 in s",
    "s[99999999999999999999]",
    "l['a']",
    "l[9]",
    "amount[0]",
    "amount.real",
    "missing.name",
    "d.nothing",
    "nothing",
    "missing > 5",
    "s < 5",
    "s + 5",
    "d + d",
    "{1} - {1}",
    "min([[1], [2]])",
    "max(l, l)",
    "min([])",
    "min(1, 2, key=3)",
    "sum(['a'])",
    "len(5)",
    "abs('a')",
    "all(5)",
    "[x for x in 5]",
    "for_x()",
    "range(10)",
    "set(l)",
    "dict(a=1)",
    "zip(l, l)",
    "enumerate(l)",
    "bytes(10)",
    "bytearray(10)",
    "memoryview(b'1')",
    "1 / 0",
    "1 % 0",
    "huge * huge",
    "date('x')",
    "date(5)",
    "date()",
    "datetime('2026-99-01')",
    "datetime(2026, 1, 1, tzinfo=1)",
    "datetime(s)",
    "duration('P1M')",
    "duration('x')",
    "duration(5)",
    "due < now()",
    "due < '2026-03-05'",
    "big.split('')",
    "'a'.join([1])",
    "d.get(l)",
    "len()",
    "today(1)",
    "round('a')",
    "undefined.a.b",
    "",
    "   ",
    "# only a comment",
    "1; 2",
    "x = 1",
    "import os",
    "a b",
    "\x00",
    "'\ud800",
    "1 #c\n+1 2",
    "$amount",
    "=amount",
]
HOSTILE = [*REACHING_OUT, *TOO_LARGE, *NOT_OURS]


@pytest.mark.parametrize(("source", "value"), SAYS)
def test_the_language_says_what_a_designer_means(source: str, value: Any) -> None:
    found = expressions.evaluate(source, scope(), now=MONDAY)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("source", HOSTILE, ids=lambda source: ascii(source)[:60])
def test_a_hostile_expression_is_refused_in_time_and_changes_nothing(source: str) -> None:
    data = scope()
    before = {name: repr(value) for name, value in data.items()}
    started = time.perf_counter()

    with pytest.raises(ExpressionRefused):
        expressions.evaluate(source, data, now=MONDAY)

    assert time.perf_counter() - started < 1.5
    assert {name: repr(value) for name, value in data.items()} == before


def test_the_attack_table_is_large() -> None:
    assert len(set(HOSTILE)) >= 230


@pytest.mark.parametrize(
    ("source", "refusal", "at"),
    [
        ("amount > ", expressions.Unreadable, 9),
        ("amount + (lambda: 1)", Denied, 11),
        ("ąę + d.__class__", Denied, 6),
        ("  sqrt(4)", expressions.UnknownFunction, 3),
        ("a ** 2", Denied, 1),
        ("a" * 4001, TooMuch, None),
    ],
)
def test_checking_says_where_the_trouble_is(
    source: str, refusal: type[ExpressionRefused], at: int | None
) -> None:
    with pytest.raises(refusal) as refused:
        expressions.check(source)

    assert refused.value.at == at


def test_checking_needs_no_values() -> None:
    expressions.check("deal.amount > limit and work_days_between(today(), due) < 5")


def test_a_refusal_names_the_cause() -> None:
    with pytest.raises(UnknownName, match="“limit”"):
        expressions.evaluate("amount > limit", {"amount": 1})
    with pytest.raises(Mismatch, match="None > int"):
        expressions.evaluate("amount > 5", {"amount": None})
    with pytest.raises(Wrong, match="division by zero"):
        expressions.evaluate("1 / amount", {"amount": 0})
    with pytest.raises(expressions.UnknownFunction, match="sqrt"):
        expressions.evaluate("sqrt(4)", {})


def test_the_clock_is_the_one_that_was_given() -> None:
    midnight = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)

    assert expressions.evaluate("now()", {}, now=midnight) == midnight
    assert expressions.evaluate("today()", {}, now=midnight) == date(2026, 3, 2)


def test_without_a_given_clock_it_is_now() -> None:
    before = datetime.now(UTC)

    assert before <= expressions.evaluate("now()", {}) <= datetime.now(UTC)


def test_a_budget_spent_in_one_expression_is_full_again_in_the_next() -> None:
    for _ in range(10):
        assert expressions.evaluate("len([x for x in many])", scope()) == 20_000


def test_a_name_may_be_called_like_a_function() -> None:
    assert expressions.evaluate("len + len(date)", {"len": 1, "date": "ab"}) == 3


def test_poisonous_keys_of_the_data_never_reach_the_program() -> None:
    data = {"__builtins__": {"open": open}, "_each": None, "_f_len": None, "typename": "x", "l": [1]}

    assert expressions.evaluate("len([x for x in l])", data) == 1


def test_data_nested_without_end_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(30_000):
        deep = [deep]

    with pytest.raises(TooMuch):
        expressions.evaluate("deep == other", {"deep": deep, "other": deep[:]})


def test_names_are_what_an_expression_reads() -> None:
    source = "deal.amount > limit and any(x.net > floor for x in deal['lines'] if x.sku in known.get(y))"

    assert expressions.names(source) == {"deal", "limit", "floor", "known", "y"}
    assert expressions.paths(source) == {"deal.amount", "deal.lines", "limit", "floor", "known", "y"}


def test_functions_methods_and_loop_names_are_not_read() -> None:
    assert expressions.names("len([x for x in today().isoformat()])") == frozenset()
    assert expressions.paths("s.upper() + s[1:] + f'{a.b}'") == {"s", "a.b"}
    assert expressions.names("[x for x in x]") == {"x"}
