"""Hostile cells and files: each is refused or stopped, soon, and nothing of the host comes out."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from engine.process import decisions, expressions
from engine.process.decisions import DecisionFailed, TableWrong, feel
from engine.process.decisions.feel import Env
from tests.engine.process.test_decisions import Drawn

MANY = list(range(10_000))
DEEP: list[Any] = []
for _ in range(40):
    DEEP = [DEEP, DEEP]
SCOPE: dict[str, Any] = {
    "x": 5,
    "many": MANY,
    "text": "a" * 20_000,
    "deep": DEEP,
    "deal": {"a": {"b": 1}},
    "odd": object(),
}

CELLS = [
    # reaching out
    "x.__class__", "().__class__.__bases__", "x.__init__.__globals__", '"".__class__.__mro__', "__import__('os').system('id')",
    "open('/etc/passwd')", "eval('1')", "exec('1')", "getattr(x, 'y')", "globals()", "vars()", "type(x)", "lambda: 1",
    "[c for c in ().__class__.__base__.__subclasses__()]", "f'{x.__class__}'", '"{0.__class__}".format(x)', "x.real.__doc__",
    "function(a) external {java: {class: \"java.lang.Runtime\"}}", "deal._a", "_x", "?.__class__", "odd.secret", "import os",
    "x := 5", "deal.get.__self__", "print(1)", "breakpoint()", "help()", "some __x__ in [1] satisfies true", "{__a__: 1}",
    # working for ever
    "for a in many, b in many, c in many return a", "some a in many, b in many satisfies a + b < 0",
    "[a for a in many for b in many]", "count(for a in 1..100000000 return a)", "many[item > -1][item > -1][count(many[item > 5]) > 0]",
    "2 ** 99999999999", "9 ** 9 ** 9 ** 9", "1e9999 * 1e9999", "10 ** 6000 ** 10", "exp(99999999)", "1e308 * 1e308",
    # growing
    '"a" * 100000000', "text + text", "string join(for a in many return text)", "replace(text, \"a\", text)",
    "for a in many return text", "concatenate(many, many, many)", "append(many, many, many)[1] + many + many", "string(deep)", "flatten(deep)",
    "deep = deep", "distinct values(many)", "decimal(1/3, 99999999)", "round up(1.5, -99999999)", "union(many, many)",
    # patterns
    'matches(text, "(a+)+$")', 'matches(text, "(a|a)*b")', 'matches(text, "(a|aa)+$")', 'matches(text, "a*a*a*a*a*a*b")',
    'matches(text, "(.*)(.*)(.*)(.*)x")', 'replace(text, "(a?){50}a{50}", "")', 'split(text, "(x+x+)+y")', 'matches(text, "a{1,99999}b")',
    'matches(text, "(?=a)")', 'matches(text, "(a)\\\\1")', 'matches(text, "[")', 'matches(text, "a**")', 'matches(text, "((((((((((((a))))))))))))")',
    # nesting
    "(" * 500 + "1" + ")" * 500, "[" * 500 + "1" + "]" * 500, "-" * 900 + "1", "not(" * 200 + "true" + ")" * 200,
    "]" * 1400, "(<" * 600, "if true then " * 300 + "1", "+".join(["1"] * 900), " or ".join(["x = 1"] * 500), "a." * 700 + "b",
    "x[" * 200 + "1" + "]" * 200, "{a: " * 200 + "1" + "}" * 200, "1 in " * 300 + "1", '"' + "a" * 5000 + '"', "9" * 3000,
    "not " * 400 + "true", "1 ** " * 400 + "1", "x in (" * 200 + "1" + ")" * 200, "@" * 500, "1 " * 2000,
]  # fmt: skip


def contained(work: Callable[[], object]) -> str:
    """What became of it: refused, null, or a plain value; never a foreign error, never longer than a second and a half."""
    begin = time.process_time()
    try:
        value = work()
    except (expressions.ExpressionRefused, DecisionFailed, TableWrong) as refusal:
        value = type(refusal).__name__
    assert time.process_time() - begin < 1.5
    assert "object at 0x" not in repr(value)[:1000]
    assert "root:" not in repr(value)[:1000]
    return str(value)[:50]


@pytest.mark.parametrize("cell", CELLS, ids=[cell[:50] for cell in CELLS])
def test_a_hostile_expression_is_contained(cell: str) -> None:
    def work() -> Any:
        ready = feel.formula(cell, optional=True)
        env = Env(SCOPE)
        return feel.given(ready.run(env), env) if ready is not None else None

    contained(work)


@pytest.mark.parametrize("cell", CELLS, ids=[cell[:50] for cell in CELLS])
@pytest.mark.parametrize("place", [0, 1])
def test_a_hostile_cell_of_a_table_ends_in_a_refusal_or_an_answer(cell: str, place: int) -> None:
    row = [cell, "1"] if place == 0 else ["-", cell]
    drawn = Drawn(inputs=[("x", "number")], rules=[list(row)])

    contained(lambda: decisions.read(drawn.xml())["discount"].decide(SCOPE))


SOON_REFUSED = [
    "for a in many, b in many, c in many return a", 'matches(text, "(a+)+$")', "text + text", "string(deep)", "deep = deep",
    "count(for a in 1..100000000 return a)", 'matches(text, "a*a*a*a*a*a*b")', 'matches(text, "(a)\\\\1")', "x.__class__", "open('x')",
]  # fmt: skip


@pytest.mark.parametrize("cell", SOON_REFUSED)
def test_too_much_work_and_reaching_out_are_refusals_not_values(cell: str) -> None:
    def work() -> Any:
        ready = feel.formula(cell, optional=True)
        assert ready is not None
        env = Env(SCOPE)
        return feel.given(ready.run(env), env)

    with pytest.raises(expressions.ExpressionRefused):
        work()


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(PL|DE)\\d{10}$", "PL1234567890"),
        ("^[\\w.]+@[\\w.]+\\.\\w+$", "anna@przyklad.example"),
        ("[A-Z]+-\\d+", "ABC-12"),
        ("^\\d{2}-\\d{3}$", "00-950"),
        ("(ab)?c", "abc"),
        ("a|b", "xb"),
    ],
)
def test_ordinary_patterns_are_let_in(pattern: str, text: str) -> None:
    ready = feel.formula(f'matches(t, "{pattern}")'.replace("\\", "\\\\"))
    assert ready is not None

    assert ready.run(Env({"t": text})) is True


def test_a_file_of_many_decisions_in_a_row_does_not_fall_into_itself() -> None:
    needs = "".join(
        f'<decision id="d{n}" name="d{n}"><informationRequirement><requiredDecision href="#d{n + 1}"/>'
        f"</informationRequirement><literalExpression><text>[d{n + 1}, d{n + 1}]</text></literalExpression></decision>"
        for n in range(28)
    )
    xml = (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
        f'{needs}<decision id="d28" name="d28"><literalExpression><text>1</text></literalExpression></decision></definitions>'
    ).encode()

    with pytest.raises(DecisionFailed):
        decisions.read(xml)["d0"].decide({})
