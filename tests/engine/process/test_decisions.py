"""Decision tables: every hit policy, every kind of cell, and what is refused by name."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from engine.process import decisions, expressions
from engine.process.decisions import Conflict, DecisionFailed, TableWrong, refusals

VERSIONS = {
    "1.1": "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "1.2": "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "1.3": "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "1.4": "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "1.5": "https://www.omg.org/spec/DMN/20230324/MODEL/",
}


@dataclass
class Drawn:
    """A decision table as a designer would draw it; inputs may be ``(expression, type)``, outputs ``(name, values)``."""

    inputs: list[Any] = field(default_factory=lambda: ["x"])
    outputs: list[Any] = field(default_factory=lambda: ["y"])
    rules: list[list[str | None]] = field(default_factory=list)
    policy: str | None = None
    aggregation: str | None = None
    more: str = ""
    version: str = "1.3"

    def xml(self) -> bytes:
        attributes = f" hitPolicy={quoteattr(self.policy)}" if self.policy else ""
        attributes += f' aggregation="{self.aggregation}"' if self.aggregation else ""
        body = "".join(
            [*map(self.input, self.inputs), *map(self.output, self.outputs), *map(self.rule, self.rules)]
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><definitions xmlns="{VERSIONS[self.version]}" id="d" name="d"'
            f' namespace="n"><decision id="discount" name="Discount">{self.more}<decisionTable id="t"{attributes}>'
            f"{body}</decisionTable></decision></definitions>"
        ).encode()

    def input(self, drawn: str | tuple[str, str]) -> str:
        source, kind = drawn if isinstance(drawn, tuple) else (drawn, "string")
        return f'<input><inputExpression typeRef="{kind}"><text>{escape(source)}</text></inputExpression></input>'

    def output(self, drawn: str | tuple[str, str]) -> str:
        name, values = drawn if isinstance(drawn, tuple) else (drawn, "")
        listed = f"<outputValues><text>{escape(values)}</text></outputValues>" if values else ""
        return f'<output name="{name}">{listed}</output>'

    def rule(self, cells: list[str | None]) -> str:
        kinds = ["inputEntry"] * len(self.inputs) + ["outputEntry"] * (len(cells) - len(self.inputs))
        texts = [f"<text>{escape(cell)}</text>" if cell is not None else "" for cell in cells]
        return (
            "<rule>"
            + "".join(f"<{kind}>{text}</{kind}>" for kind, text in zip(kinds, texts, strict=True))
            + "</rule>"
        )

    def decide(self, **scope: Any) -> Any:
        answer = decisions.read(self.xml())["discount"].decide(scope)
        return answer["y"] if list(answer) == ["y"] else answer


TWO = [["> 1", '"a"'], ["> 2", '"b"']]
TWO_AND_A_HIGH_ONE = [*TWO, ["> 9", '"c"']]
NUMBERS = [["> 1", "10"], ["> 2", "20"], ["> 9", "40"]]

POLICIES: list[tuple[str, Any, Drawn, dict[str, Any]]] = [
    ("unique, one rule applies", "a", Drawn(rules=[["1", '"a"'], ["2", '"b"']]), {"x": 1}),
    ("unique, two rules apply", Conflict, Drawn(rules=TWO), {"x": 5}),
    ("unique, two apply and agree", Conflict, Drawn(rules=[["> 1", '"a"'], ["> 2", '"a"']]), {"x": 5}),
    ("unique, none applies", None, Drawn(rules=[["> 10", '"a"']]), {"x": 5}),
    ("first", "a", Drawn(rules=TWO, policy="FIRST"), {"x": 5}),
    ("any, all the same", "a", Drawn(rules=[["> 1", '"a"'], ["> 2", '"a"']], policy="ANY"), {"x": 5}),
    ("any, different", Conflict, Drawn(rules=TWO, policy="ANY"), {"x": 5}),
    ("priority", "b", Drawn(outputs=[("y", '"b","a"')], rules=TWO, policy="PRIORITY"), {"x": 5}),
    ("priority, none", None, Drawn(outputs=[("y", '"b","a"')], rules=TWO, policy="PRIORITY"), {"x": 0}),
    ("collect", ["a", "b"], Drawn(rules=TWO_AND_A_HIGH_ONE, policy="COLLECT"), {"x": 5}),
    ("collect, none", [], Drawn(rules=TWO, policy="COLLECT"), {"x": 0}),
    ("collect, sum", 30, Drawn(rules=NUMBERS, policy="COLLECT", aggregation="SUM"), {"x": 5}),
    ("collect, min", 10, Drawn(rules=NUMBERS, policy="COLLECT", aggregation="MIN"), {"x": 5}),
    ("collect, max", 20, Drawn(rules=NUMBERS, policy="COLLECT", aggregation="MAX"), {"x": 5}),
    ("collect, count", 2, Drawn(rules=NUMBERS, policy="COLLECT", aggregation="COUNT"), {"x": 5}),
    ("collect, count of none", 0, Drawn(rules=NUMBERS, policy="COLLECT", aggregation="COUNT"), {"x": 0}),
    ("collect, sum of none", None, Drawn(rules=NUMBERS, policy="COLLECT", aggregation="SUM"), {"x": 0}),
    (
        "collect, sum of texts",
        refusals.NotAddable,
        Drawn(rules=TWO, policy="COLLECT", aggregation="SUM"),
        {"x": 5},
    ),
    ("rule order", ["b", "a"], Drawn(rules=[["> 1", '"b"'], ["> 2", '"a"']], policy="RULE ORDER"), {"x": 5}),
    (
        "output order",
        ["b", "a"],
        Drawn(outputs=[("y", '"b","a"')], rules=TWO, policy="OUTPUT ORDER"),
        {"x": 5},
    ),
]


def cell(text: str | None, kind: str = "string", source: str = "x") -> Drawn:
    return Drawn(inputs=[(source, kind)], rules=[[text, '"yes"']])


YES, NO = "yes", None
CELLS: list[tuple[Any, Drawn, dict[str, Any]]] = [
    (YES, cell("[1..5]"), {"x": 5}),
    (NO, cell("[1..5)"), {"x": 5}),
    (NO, cell("]1..5["), {"x": 5}),
    (NO, cell("]1..5]"), {"x": 1}),
    (YES, cell("(1..5]"), {"x": 5}),
    (NO, cell("(1..5]"), {"x": 1}),
    (YES, cell("[1..3],[7..9]"), {"x": 8}),
    (YES, cell("]1..3], ]7..9[, 20"), {"x": 20}),
    (YES, cell("not([1..3], 7)"), {"x": 5}),
    (NO, cell("not([1..3], 7)"), {"x": 2}),
    (YES, cell("[low..deal.high]"), {"x": 5, "low": 1, "deal": {"high": 6}}),
    (YES, cell('[date("2026-01-01")..date("2026-12-31")]'), {"x": date(2026, 5, 1)}),
    (YES, cell("[-5..-1]"), {"x": -3}),
    (YES, cell("[0.5 .. 1.5]"), {"x": 1}),
    (NO, cell("[1..5]"), {"x": None}),
    (YES, cell("1,2,3"), {"x": 2}),
    (NO, cell("1,2,3"), {"x": 4}),
    (YES, cell('"a","b"'), {"x": "b"}),
    (YES, cell('"a, b"'), {"x": "a, b"}),
    (YES, cell('not("a")'), {"x": "b"}),
    (NO, cell('not("a")'), {"x": "a"}),
    (YES, cell("not(1,2)"), {"x": 3}),
    (NO, cell("not(1,2)"), {"x": 2}),
    (YES, cell("< 5"), {"x": 3}),
    (NO, cell(">= 5"), {"x": 3}),
    (YES, cell("<= 10, > 100"), {"x": 200}),
    (YES, cell(""), {"x": 3}),
    (YES, cell(None), {"x": 3}),
    (YES, cell("-"), {"x": 3}),
    (YES, cell(" - "), {"x": 3}),
    (YES, cell("true"), {"x": True}),
    (NO, cell("true"), {"x": 1}),
    (NO, cell("true"), {"x": False}),
    (YES, cell("True"), {"x": True}),
    (YES, cell("null"), {"x": None}),
    (YES, cell("None"), {"x": None}),
    (YES, cell("not(null)"), {"x": 1}),
    (YES, cell('>= date("2026-01-01")'), {"x": date(2026, 5, 1)}),
    (YES, cell('>= date("2026-01-01")', kind="date"), {"x": "2026-05-01"}),
    (YES, cell('< date and time("2026-01-01T12:00:00Z")'), {"x": datetime(2026, 1, 1, tzinfo=UTC)}),
    (YES, cell('< duration("P2D")', source="to - today()"), {"to": date(2026, 3, 3)}),
    (YES, cell("1 < ? <= 5"), {"x": 5}),
    (YES, cell("? in ['a','b']"), {"x": "b"}),
    (YES, cell("in ['a','b']"), {"x": "b"}),
    (YES, cell("in (1, 2)"), {"x": 2}),
    (YES, cell('["a","b"]'), {"x": "b"}),
    (YES, cell('["a","b"]'), {"x": ["a", "b"]}),
    (YES, cell('!= "a"'), {"x": "b"}),
    (YES, cell('= "a"'), {"x": "a"}),
    (YES, cell('not in ["a"]'), {"x": "b"}),
    (YES, cell('"really?"'), {"x": "really?"}),
    (YES, cell('? == "it\'s"'), {"x": "it's"}),
    (YES, cell('? = "a" or lim = 2'), {"x": "b", "lim": 2}),
    (YES, cell("> lim"), {"x": 5, "lim": 3}),
    (YES, cell('?.startswith("PL")'), {"x": "PL123"}),
    (YES, cell("-5"), {"x": -5}),
    (YES, cell("zażółć"), {"x": 5, "zażółć": 5}),
    (NO, cell("1"), {"x": True}),
    (NO, cell("5"), {"x": "5"}),
    (NO, cell("> 5"), {}),
    (NO, cell("> 5"), {"x": None}),
    (NO, cell("> 5"), {"x": "text"}),
    (YES, cell("0.3"), {"x": 0.1 + 0.2}),
    (YES, cell("3"), {"x": 0.1 * 3 * 10}),
    (YES, cell("0.1"), {"x": Decimal("0.1")}),
    (YES, cell("[0..0.15]"), {"x": Decimal("0.15")}),
    (NO, cell('== "b"', source="x or z"), {"x": "a", "z": "b"}),
    (YES, cell('"gold"', source="deal.client.kind"), {"deal": {"client": {"kind": "gold"}}}),
]


@pytest.mark.parametrize(("name", "wanted", "drawn", "scope"), POLICIES, ids=[case[0] for case in POLICIES])
def test_every_hit_policy_answers_or_says_which_rules_disagree(
    name: str, wanted: Any, drawn: Drawn, scope: dict[str, Any]
) -> None:
    if isinstance(wanted, type):
        with pytest.raises(wanted, match="1, 2"):
            drawn.decide(**scope)
    else:
        assert drawn.decide(**scope) == wanted


@pytest.mark.parametrize(
    ("wanted", "drawn", "scope"), CELLS, ids=[f"{drawn.rules[0][0]} {scope}" for _, drawn, scope in CELLS]
)
def test_a_condition_cell_means_what_the_standard_says(
    wanted: Any, drawn: Drawn, scope: dict[str, Any]
) -> None:
    table = decisions.read(drawn.xml())["discount"]

    assert table.decide(scope, now=datetime(2026, 3, 2, 9, tzinfo=UTC)) == {"y": wanted}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x * 3", 15),
        ("", None),
        ("-", None),
        ("true", True),
        ("null", None),
        ("['a']", ["a"]),
        ("1 if x = 5 else 2", 1),
    ],
)
def test_an_answer_cell_is_an_expression(text: str, wanted: Any) -> None:
    assert Drawn(rules=[["> 1", text]]).decide(x=5) == wanted


def test_several_outputs_and_dotted_ones_make_one_answer() -> None:
    drawn = Drawn(outputs=["offer.discount", "offer.by", "level"], rules=[["> 1", "5", '"director"', "2"]])

    assert drawn.decide(x=5) == {"offer": {"discount": 5, "by": "director"}, "level": 2}
    assert drawn.decide(x=0) == {"offer": {"discount": None, "by": None}, "level": None}


def test_two_inputs_must_both_hold() -> None:
    drawn = Drawn(inputs=["x", "kind"], rules=[["> 1", '"new"', "1"], ["> 1", 'not("new")', "2"]])

    assert drawn.decide(x=5, kind="new") == 1
    assert drawn.decide(x=5, kind="renewal") == 2


def test_a_default_answer_is_given_when_no_rule_applies() -> None:
    xml = Drawn(rules=[["> 10", "1"]]).xml()
    xml = xml.replace(
        b'<output name="y">', b'<output name="y"><defaultOutputEntry><text>7</text></defaultOutputEntry>'
    )

    assert decisions.read(xml)["discount"].decide({"x": 5}) == {"y": 7}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_of_the_standard_is_read(version: str) -> None:
    assert Drawn(rules=[["1", '"a"']], version=version).decide(x=1) == "a"


def test_a_table_tells_what_it_asks_and_gives() -> None:
    drawn = Drawn(
        inputs=["deal.amount", "margin"], outputs=["a", "b"], rules=[["> lim.low", "?<z", "rate * 2", "1"]]
    )
    table = decisions.read(drawn.xml())["discount"]

    assert (table.key, table.title, table.policy) == ("discount", "Discount", "UNIQUE")
    assert table.inputs == ("deal.amount", "margin")
    assert table.outputs == ("a", "b")
    assert table.names == {"deal", "margin", "lim", "z", "rate"}


def test_an_output_without_a_name_is_called_like_its_decision() -> None:
    xml = Drawn(rules=[["1", "2"]]).xml().replace(b'<output name="y">', b"<output>")

    assert decisions.read(xml)["discount"].decide({"x": 1}) == {"discount": 2}


@pytest.mark.parametrize(
    ("drawn", "scope", "names"),
    [
        (Drawn(rules=[["1", "1"], ["> nobody", "2"]]), {"x": 5}, r"Rule 2 .*“Discount”.*> nobody"),
        (Drawn(rules=[["1", "1"], ["-", "1 / x"]]), {"x": 0}, r"Rule 2 .*1 / x"),
        (Drawn(inputs=["x + 1"], rules=[["1", "1"]]), {"x": "a"}, r"“x \+ 1”.*“Discount”"),
    ],
)
def test_a_failing_decision_names_table_and_rule(drawn: Drawn, scope: dict[str, Any], names: str) -> None:
    with pytest.raises(DecisionFailed, match=names):
        drawn.decide(**scope)


def test_a_conflict_names_table_and_rules() -> None:
    with pytest.raises(Conflict, match=r"“Discount” the rules 1, 2"):
        Drawn(rules=TWO).decide(x=5)


REQUIRES = '<informationRequirement><requiredDecision href="#other"/></informationRequirement>'


@pytest.mark.parametrize(
    ("drawn", "refusal", "names"),
    [
        (Drawn(rules=TWO, policy="BANANA"), refusals.PolicyWrong, "BANANA"),
        (Drawn(rules=TWO, policy="COLLECT", aggregation="AVG"), refusals.PolicyWrong, "AVG"),
        (Drawn(rules=TWO, policy="FIRST", aggregation="SUM"), refusals.PolicyWrong, "SUM"),
        (Drawn(rules=TWO, policy="PRIORITY"), refusals.ValuesMissing, "Discount"),
        (Drawn(rules=[["1", "1"], ["1", "1 +"]]), refusals.CellWrong, r"Rule 2 .*1 \+"),
        (Drawn(rules=[["1 +", "1"]]), refusals.CellWrong, r"Rule 1 .*1 \+"),
        (Drawn(rules=[["1,,2", "1"]]), refusals.CellWrong, "1,,2"),
        (Drawn(rules=[["1,", "1"]]), refusals.CellWrong, "Rule 1"),
        (Drawn(rules=[["1) or (True", "1"]]), refusals.CellWrong, "Rule 1"),
        (Drawn(rules=[["< 1) or (2 > 1", "1"]]), refusals.CellWrong, "Rule 1"),
        (Drawn(rules=[["[1..5) or (2..3]", "1"]]), refusals.CellWrong, "Rule 1"),
        (Drawn(rules=[["x.__class__", "1"]]), refusals.CellWrong, "__class__"),
        (Drawn(rules=[["1", "open('secret')"]]), refusals.CellWrong, "open"),
        (Drawn(rules=[["contains(?)", "1"]]), refusals.CellWrong, "contains"),
        (Drawn(rules=[["<", "1"]]), refusals.CellWrong, "Rule 1"),
        (Drawn(rules=[["not()", "1"]]), refusals.CellWrong, "Rule 1"),
        (Drawn(rules=[["1", "1", "2"]]), refusals.RowWrong, "Rule 1"),
        (Drawn(inputs=["Credit + "], rules=[["1", "1"]]), refusals.InputWrong, "Credit"),
        (Drawn(inputs=[""], rules=[["1", "1"]]), refusals.InputWrong, "Discount"),
        (Drawn(outputs=["y", "y"], rules=[["1", "1", "2"]]), refusals.OutputWrong, "y"),
        (Drawn(outputs=["y", "y.z"], rules=[["1", "1", "2"]]), refusals.OutputWrong, "y"),
        (Drawn(outputs=["__builtins__"], rules=[["1", "1"]]), refusals.OutputWrong, "__builtins__"),
        (Drawn(outputs=[], rules=[]), refusals.OutputWrong, "Discount"),
        (Drawn(rules=TWO, more=REQUIRES), refusals.NeedMissing, "other"),
    ],
)
def test_a_wrong_table_is_refused_by_decision_row_and_cell(
    drawn: Drawn, refusal: type[TableWrong], names: str
) -> None:
    with pytest.raises(refusal, match=names):
        decisions.read(drawn.xml())


def test_a_decision_without_a_table_is_named() -> None:
    xml = Drawn().xml()
    xml = xml[: xml.index(b"<decisionTable")] + xml[xml.index(b"</decision>") :]

    with pytest.raises(refusals.NoTable, match="Discount"):
        decisions.read(xml)


def test_two_decisions_may_not_share_an_id() -> None:
    xml = Drawn(rules=[["1", "1"]]).xml()
    decision = xml[xml.index(b"<decision ") : xml.index(b"</definitions>")]

    with pytest.raises(refusals.Twice, match="discount"):
        decisions.read(xml.replace(b"</definitions>", decision + b"</definitions>"))


def bomb() -> bytes:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">' for n in range(10))
    return f'<?xml version="1.0"?><!DOCTYPE d [{entities}]><d>&e9;</d>'.encode()


GOOD = Drawn(rules=[["1", "1"]]).xml()


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"not xml",
        b"<a>",
        b"<a/>",
        GOOD.replace(b"https://www.omg.org/spec/DMN", b"https://elsewhere.example/DMN"),
        GOOD.replace(b"<definitions", b'<!DOCTYPE definitions SYSTEM "file:///etc/passwd"><definitions'),
        GOOD.replace(b"UTF-8", b"UTF-16")
        .decode()
        .replace("<definitions", "<!DOCTYPE x><definitions")
        .encode("utf-16"),
        GOOD.replace(b"UTF-8", b"UTF-7")
        .decode()
        .replace("<definitions", "<!DOCTYPE x><definitions")
        .encode("utf-7"),
        bomb(),
        GOOD + b" " * 2_000_001,
        GOOD.replace(b"<text>1</text>", b"<text>" + b"1" * 20_001 + b"</text>"),
        GOOD.replace(b'name="Discount"', b'name="' + b"D" * 20_001 + b'"'),
        GOOD.replace(b"<decisionTable", b"<x/>" * 20_001 + b"<decisionTable"),
        GOOD.replace(b"<decisionTable", b"<x>" * 5_000 + b"</x>" * 5_000 + b"<decisionTable"),
        GOOD.replace(b"<text>1</text>", b"<text>&nothing;</text>"),
        GOOD.replace(b' id="discount"', b""),
    ],
)
def test_a_hostile_file_is_refused(xml: bytes) -> None:
    with pytest.raises(refusals.FileWrong):
        decisions.read(xml)


def test_a_remark_inside_a_cell_is_no_part_of_it() -> None:
    xml = Drawn(rules=[["1", "2"]]).xml().replace(b"<text>2", b"<text><!-- two -->2<?run this?>")

    assert decisions.read(xml)["discount"].decide({"x": 1}) == {"y": 2}


def test_an_endless_cell_is_stopped() -> None:
    drawn = Drawn(rules=[["-", "[a for a in many for b in many]"]])

    with pytest.raises(DecisionFailed) as failed:
        drawn.decide(x=1, many=list(range(10_000)))

    assert isinstance(failed.value.__cause__, expressions.TooMuch)
