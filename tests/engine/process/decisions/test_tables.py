"""Decision tables beyond the plain ones: policies with several outputs, types, allowed values, decisions that rest on others."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from engine.process import decisions
from engine.process.decisions import Conflict, DecisionFailed, Table, refusals
from tests.engine.process.test_decisions import VERSIONS, Drawn

NUMBERS: list[list[str | None]] = [["> 1", "10"], ["> 2", "20"], ["> 9", "40"]]
AGREE: list[list[str | None]] = [["> 1", "10"], ["> 2", "10"]]
NAMES: list[list[str | None]] = [["> 1", '"a"'], ["> 2", '"b"'], ["> 3", '"b"']]
NULLS: list[list[str | None]] = [["> 1", "null"], ["> 2", "20"]]
RANKED: list[Any] = [("y", '"b", "a"')]


def many(policy: str, rules: list[list[str | None]], aggregation: str | None = None, **more: Any) -> Drawn:
    return Drawn(inputs=[("x", "number")], rules=rules, policy=policy, aggregation=aggregation, **more)


POLICIES: list[tuple[str, Drawn, Any, Any]] = [
    *[(f"{name} is {policy}", many(name, NUMBERS), 2, 10) for name, policy in (("U", "UNIQUE"), ("F", "FIRST"), ("A", "ANY"))],
    ("unique with nothing", many("UNIQUE", NUMBERS), 0, None),
    ("unique with a missing input", many("UNIQUE", NUMBERS), None, None),
    ("unique that conflicts", many("UNIQUE", NUMBERS), 5, Conflict),
    ("any that agrees", many("ANY", AGREE), 5, 10),
    ("any that differs", many("ANY", NUMBERS), 5, refusals.Disagreement),
    ("any of null and a number", many("ANY", NULLS), 5, refusals.Disagreement),
    ("any of nulls", many("ANY", [["> 1", "null"], ["> 2", ""]]), 5, None),
    ("any of numbers written differently", many("ANY", [["> 1", "1.0"], ["> 2", "1"]]), 5, 1),
    ("first of many", many("FIRST", NUMBERS), 99, 10),
    ("first whose answer is null", many("FIRST", NULLS), 5, None),
    ("priority", many("PRIORITY", NAMES, outputs=RANKED), 5, "b"),
    ("priority by letter", many("P", NAMES, outputs=RANKED), 5, "b"),
    ("priority of one", many("PRIORITY", NAMES, outputs=RANKED), 2, "a"),
    ("priority of none", many("PRIORITY", NAMES, outputs=RANKED), 0, None),
    ("output order", many("OUTPUT ORDER", NAMES, outputs=RANKED), 5, ["b", "b", "a"]),
    ("output order by letter", many("O", NAMES, outputs=RANKED), 5, ["b", "b", "a"]),
    ("output order of none", many("OUTPUT ORDER", NAMES, outputs=RANKED), 0, []),
    ("rule order", many("RULE ORDER", NAMES), 5, ["a", "b", "b"]),
    ("rule order by letter", many("R", NAMES), 5, ["a", "b", "b"]),
    ("rule order of none", many("RULE ORDER", NAMES), 0, []),
    ("collect keeps what comes twice", many("COLLECT", NAMES), 5, ["a", "b", "b"]),
    ("collect keeps nulls", many("C", NULLS), 5, [None, 20]),
    ("collect of one", many("COLLECT", NUMBERS), 2, [10]),
    ("collect of none", many("COLLECT", NUMBERS), 0, []),
    *[(f"collect {sign}", many(f"C{sign}", NUMBERS), 5, value) for sign, value in (("+", 30), ("<", 10), (">", 20), ("#", 2))],
    *[(f"collect {name}", many("COLLECT", NUMBERS, name), 99, value) for name, value in (("SUM", 70), ("MIN", 10), ("MAX", 40), ("COUNT", 3))],
    *[(f"collect {name} of none", many("COLLECT", NUMBERS, name), 0, value) for name, value in (("SUM", None), ("MIN", None), ("MAX", None), ("COUNT", 0))],
    *[(f"collect {name} of texts", many("COLLECT", NAMES, name), 5, value) for name, value in (("MIN", "a"), ("MAX", "b"), ("COUNT", 3), ("SUM", refusals.NotAddable))],
    *[(f"collect {name} with a null", many("COLLECT", NULLS, name), 5, value) for name, value in (("COUNT", 2), ("SUM", refusals.NotAddable), ("MIN", refusals.NotAddable), ("MAX", refusals.NotAddable))],
    ("collect sum of fractions", many("C+", [["> 1", "0.1"], ["> 1", "0.2"]]), 5, Decimal("0.3")),
    ("collect max of dates", many("C>", [["> 1", 'date("2026-01-01")'], ["> 1", 'date("2026-05-01")']]), 5, date(2026, 5, 1)),
    ("collect sum of durations", many("C+", [["> 1", 'string(duration("PT1H"))'], ["> 9", '"x"']]), 5, refusals.NotAddable),
]  # fmt: skip


@pytest.mark.parametrize(("name", "drawn", "x", "wanted"), POLICIES, ids=[case[0] for case in POLICIES])
def test_a_hit_policy_decides_as_the_standard_says(name: str, drawn: Drawn, x: Any, wanted: Any) -> None:
    if isinstance(wanted, type):
        with pytest.raises(wanted, match="“Discount”"):
            drawn.decide(x=x)
    else:
        assert drawn.decide(x=x) == wanted


def test_priority_ranks_by_the_outputs_from_left_to_right() -> None:
    outputs: list[Any] = [("level", '"high", "low"'), ("price", "[100..200], [0..99]")]
    rules: list[list[str | None]] = [
        ["> 1", '"low"', "150"],
        ["> 1", '"high"', "50"],
        ["> 1", '"high"', "120"],
    ]

    assert Drawn(inputs=["x"], outputs=outputs, rules=rules, policy="PRIORITY").decide(x=5) == {
        "level": "high",
        "price": 120,
    }


def test_a_list_policy_with_several_outputs_gives_a_list_for_each() -> None:
    drawn = Drawn(outputs=["a", "b"], rules=[["> 1", "1", '"x"'], ["> 2", "2", '"y"']], policy="COLLECT")

    assert drawn.decide(x=5) == {"a": [1, 2], "b": ["x", "y"]}
    assert drawn.decide(x=0) == {"a": [], "b": []}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "ANY", "COLLECT", "RULE ORDER"])
def test_policies_mean_the_same_in_every_version(version: str, policy: str) -> None:
    found = Drawn(rules=[["1", '"a"'], ["2", '"b"']], policy=policy, version=version).decide(x=1)

    assert found in ("a", ["a"])


# ------------------------------------------------------------------------------------------- types

FIT: list[tuple[str, str, Any, Any]] = [
    ("number", "> 4", 5, "yes"),
    ("number", "> 4", 5.5, "yes"),
    ("number", "> 4", Decimal("5.5"), "yes"),
    ("number", "> 4", [5], "yes"),
    ("number", "> 4", None, None),
    ("number", "> 4", "5", refusals.InputUnfit),
    ("number", "> 4", True, refusals.InputUnfit),
    ("number", "> 4", [5, 6], refusals.InputUnfit),
    ("feel:number", "> 4", "5", refusals.InputUnfit),
    ("double", "> 4", "text", refusals.InputUnfit),
    ("integer", "> 4", 5, "yes"),
    ("long", "> 4", 5.5, refusals.InputUnfit),
    ("boolean", "true", True, "yes"),
    ("boolean", "true", "true", refusals.InputUnfit),
    ("boolean", "true", 1, refusals.InputUnfit),
    ("string", '"a"', "a", "yes"),
    ("string", "5", 5, "yes"),
    ("string", '"5"', 5, None),
    ("date", '> date("2026-01-01")', "2026-05-01", "yes"),
    ("date", '> date("2026-01-01")', date(2026, 5, 1), "yes"),
    ("date", '> date("2026-01-01")', "soon", refusals.InputUnfit),
    ("date", '> date("2026-01-01")', 5, refusals.InputUnfit),
    ("dateTime", '> date and time("2026-01-01T00:00:00")', "2026-05-01T10:00:00Z", "yes"),
    ("date and time", '> date and time("2026-01-01T00:00:00")', "2026-05-01", "yes"),
    ("time", '< time("12:00:00")', "08:30:00", "yes"),
    ("dayTimeDuration", '> duration("PT1H")', "PT2H", "yes"),
    ("yearMonthDuration", '> duration("P1Y")', "P13M", "yes"),
    ("yearMonthDuration", '> duration("P1Y")', "P3D", refusals.InputUnfit),
    ("Any", '"a"', "a", "yes"),
    ("", "5", 5, "yes"),
    ("tUnknown", "5", 5, "yes"),
]


@pytest.mark.parametrize(
    ("kind", "cell", "value", "wanted"), FIT, ids=[f"{kind} {value!r}" for kind, _, value, _ in FIT]
)
def test_an_input_becomes_what_its_column_is_or_is_refused(
    kind: str, cell: str, value: Any, wanted: Any
) -> None:
    drawn = Drawn(inputs=[("x", kind)], rules=[[cell, '"yes"']])

    if isinstance(wanted, type):
        with pytest.raises(wanted, match=r"“x” of the decision table “Discount” must be of type"):
            drawn.decide(x=value)
    else:
        assert drawn.decide(x=value) == wanted


def replaced(drawn: Drawn, old: str, new: str) -> Table:
    made = decisions.read(drawn.xml().replace(old.encode(), new.encode()))["discount"]
    assert isinstance(made, Table)
    return made


def test_a_value_outside_those_allowed_is_refused() -> None:
    values = '</inputExpression><inputValues><text>"a","b"</text></inputValues></input>'
    table = replaced(Drawn(rules=[["-", "1"]]), "</inputExpression></input>", values)

    assert table.decide({"x": "b"}) == {"y": 1}
    assert table.decide({"x": None}) == {"y": 1}
    with pytest.raises(refusals.InputNotAllowed, match=r'“x” .* is "c", .*"a","b"'):
        table.decide({"x": "c"})


def test_an_answer_outside_those_allowed_is_refused_by_its_rule() -> None:
    drawn = Drawn(outputs=[("y", '"a","b"')], rules=[["1", '"a"'], ["2", "z"]])

    assert drawn.decide(x=1) == "a"
    with pytest.raises(refusals.AnswerNotAllowed, match=r"Rule 2 .*“Discount”"):
        drawn.decide(x=2, z="c")


def test_an_answer_of_another_type_is_refused_by_its_rule() -> None:
    table = replaced(
        Drawn(rules=[["1", "5"], ["2", "z"]]), '<output name="y">', '<output name="y" typeRef="number">'
    )

    assert table.decide({"x": 1}) == {"y": 5}
    with pytest.raises(refusals.AnswerUnfit, match=r"Rule 2 .*“y”, which must be of type number"):
        table.decide({"x": 2, "z": "text"})


ITEMS = (
    '<itemDefinition name="tRating"><typeRef>string</typeRef><allowedValues><text>"good","bad"</text></allowedValues></itemDefinition>'
    '<itemDefinition name="tRatings" isCollection="true"><typeRef>tRating</typeRef></itemDefinition>'
    '<itemDefinition name="tClient"><itemComponent name="Credit Rating"><typeRef>tRating</typeRef></itemComponent>'
    '<itemComponent name="age"><typeRef>number</typeRef></itemComponent></itemDefinition>'
    '<itemDefinition name="tCircle"><typeRef>tCircle</typeRef></itemDefinition>'
)


def test_types_that_the_file_defines_are_kept() -> None:
    drawn = Drawn(inputs=[("x", "tRating")], rules=[['"good"', "1"]])
    table = replaced(drawn, "<decision ", f"{ITEMS}<decision ")

    assert table.decide({"x": "good"}) == {"y": 1}
    with pytest.raises(refusals.InputNotAllowed):
        table.decide({"x": "excellent"})


def test_a_list_and_a_structure_may_be_a_type() -> None:
    ratings = replaced(
        Drawn(inputs=[("x", "tRatings")], rules=[['list contains(?, "bad")', "1"]]),
        "<decision ",
        f"{ITEMS}<decision ",
    )
    client = replaced(
        Drawn(inputs=[("x", "tClient")], rules=[['?.Credit Rating = "good" and ?.age > 17', "1"]]),
        "<decision ",
        f"{ITEMS}<decision ",
    )

    assert ratings.decide({"x": ["good", "bad"]}) == {"y": 1}
    assert client.decide({"x": {"Credit Rating": "good", "age": 20}}) == {"y": 1}
    with pytest.raises(refusals.InputUnfit):
        client.decide({"x": {"Credit Rating": "good", "age": "twenty"}})


def test_a_type_defined_by_itself_means_any_value() -> None:
    assert replaced(
        Drawn(inputs=[("x", "tCircle")], rules=[["1", "1"]]), "<decision ", f"{ITEMS}<decision "
    ).decide({"x": 1}) == {"y": 1}


def test_a_failed_cell_is_told_with_the_inputs() -> None:
    with pytest.raises(refusals.RuleFailed, match=r"Rule 2 .*1 / x.*Inputs: x = 0"):
        Drawn(inputs=[("x", "number")], rules=[["1", "1"], ["-", "1 / x"]]).decide(x=0)


def test_an_error_in_a_cell_that_does_not_matter_is_none() -> None:
    assert Drawn(inputs=[("x", "number")], rules=[['1, "a" + 1', '"yes"']]).decide(x=1) == "yes"


def test_a_conflict_names_the_inputs() -> None:
    with pytest.raises(Conflict, match=r"rules 1, 2 .*Inputs: x = 5"):
        many("UNIQUE", NUMBERS[:2]).decide(x=5)


def test_a_missing_input_of_a_calculation_is_empty() -> None:
    assert Drawn(inputs=["x + deal.amount"], rules=[["null", '"nothing"']]).decide() == "nothing"


def test_names_with_spaces_are_read_as_process_data_can_hold_them() -> None:
    table = decisions.read(
        Drawn(inputs=["Credit Rating"], outputs=["Final Price"], rules=[['"good"', "1"]]).xml()
    )["discount"]

    assert table.names == {"Credit_Rating"}
    assert table.outputs == ("Final_Price",)
    assert table.decide({"Credit_Rating": "good"}) == {"Final_Price": 1}


def test_a_default_answer_stands_for_a_list_and_must_fit() -> None:
    default = '<output name="y" typeRef="number"><defaultOutputEntry><text>%s</text></defaultOutputEntry>'
    good = replaced(Drawn(rules=[["> 10", "1"]], policy="COLLECT"), '<output name="y">', default % "7")
    bad = replaced(Drawn(rules=[["> 10", "1"]]), '<output name="y">', default % "1 / 0")

    assert good.decide({"x": 5}) == {"y": 7}
    with pytest.raises(refusals.DefaultFailed, match="1 / 0"):
        bad.decide({"x": 5})


# ------------------------------------------------------------------------------------------- decisions on decisions


def graph(*parts: str) -> bytes:
    head = '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
    return f"{head}{''.join(parts)}</definitions>".encode()


def needs(*keys: str, models: tuple[str, ...] = ()) -> str:
    return "".join(
        f'<informationRequirement><requiredDecision href="#{key}"/></informationRequirement>' for key in keys
    ) + "".join(
        f'<knowledgeRequirement><requiredKnowledge href="#{key}"/></knowledgeRequirement>' for key in models
    )


def expression(key: str, text: str, required: str = "", name: str = "", kind: str = "") -> str:
    variable = f'<variable name="{name}" typeRef="{kind}"/>' if name else ""
    return f'<decision id="{key}" name="{name or key}">{variable}{required}<literalExpression><text>{text}</text></literalExpression></decision>'


def table(
    key: str, asks: str, rules: list[tuple[str, str]], required: str = "", policy: str = "UNIQUE"
) -> str:
    rows = "".join(
        f"<rule><inputEntry><text>{cell}</text></inputEntry><outputEntry><text>{answer}</text></outputEntry></rule>"
        for cell, answer in rules
    )
    return (
        f'<decision id="{key}" name="{key}">{required}<decisionTable hitPolicy="{policy}"><input><inputExpression><text>{asks}</text>'
        f'</inputExpression></input><output name="{key}"/>{rows}</decisionTable></decision>'
    )


MODEL = (
    '<businessKnowledgeModel id="m" name="with tax"><encapsulatedLogic><formalParameter name="net"/><formalParameter name="rate"/>'
    "<literalExpression><text>net * (1 + rate)</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>"
)


def test_a_decision_rests_on_others_wherever_they_stand_in_the_file() -> None:
    xml = graph(
        table("grant", "Risk Level", [('"low"', "true"), ('"high"', "false")], needs("risk")),
        expression("risk", 'if points &gt; 10 then "low" else "high"', needs("points"), name="Risk Level"),
        expression("points", "age / 2"),
    )
    found = decisions.read(xml)

    assert found["grant"].decide({"age": 40}) == {"grant": True}
    assert found["grant"].decide({"age": 10}) == {"grant": False}
    assert found["grant"].names == {"age"}
    assert found["risk"].decide({"age": 40}) == {"Risk_Level": "low"}


def test_a_table_under_a_list_policy_hands_on_a_list() -> None:
    xml = graph(
        expression("total", "sum(fees)", needs("fees")),
        table("fees", "x", [("&gt; 1", "10"), ("&gt; 2", "20")], policy="COLLECT"),
    )

    assert decisions.read(xml)["total"].decide({"x": 5}) == {"total": 30}


def test_what_a_decision_rests_on_hides_process_data_of_the_same_name() -> None:
    xml = graph(expression("total", "fee + 1", needs("fee")), expression("fee", "10"))

    assert decisions.read(xml)["total"].decide({"fee": 500}) == {"total": 11}


def test_a_knowledge_model_is_a_function() -> None:
    xml = graph(
        MODEL, expression("gross", "with tax(100, 0.23)", needs(models=("m",)), kind="number", name="gross")
    )

    assert decisions.read(xml)["gross"].decide({}) == {"gross": 123}


@pytest.mark.parametrize(
    ("parts", "refusal", "names"),
    [
        ([expression("a", "b", needs("b")), expression("b", "a", needs("a"))], refusals.Circle, "a"),
        ([expression("a", "1", needs("ghost"))], refusals.NeedMissing, "“a” rests on “ghost”"),
        ([expression("a", "with tax(1, 2)"), MODEL], refusals.NeedMissing, "with_tax"),
        ([expression("a", "with tax(1")], refusals.ExpressionWrong, "with tax"),
        ([expression("a", "")], refusals.NoTable, "a"),
        (
            ['<decision id="a" name="Kontekst"><context/></decision>'],
            refusals.Boxed,
            "“Kontekst” is written as “context”",
        ),
        (['<decision id="a" name="W"><invocation/></decision>'], refusals.Boxed, "invocation"),
        (['<decision id="a" name="W"><relation/></decision>'], refusals.Boxed, "relation"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(
    parts: list[str], refusal: type[Exception], names: str
) -> None:
    with pytest.raises(refusal, match=names):
        decisions.read(graph(*parts))


def test_an_expression_that_has_no_value_is_an_incident_and_not_a_null() -> None:
    found = decisions.read(graph(expression("a", "1 / x")))["a"]

    assert found.decide({"x": 2}) == {"a": Decimal("0.5")}
    assert found.decide({"x": None}) == {"a": None}
    with pytest.raises(refusals.ExpressionFailed, match=r"“a” .*1 / x"):
        found.decide({"x": 0})


def test_an_error_below_is_told_by_the_decision_below() -> None:
    xml = graph(
        expression("top", "low + 1", needs("low")), table("low", "x", [("&gt; 1", "1"), ("&gt; 2", "2")])
    )

    with pytest.raises(Conflict, match="“low” the rules 1, 2"):
        decisions.read(xml)["top"].decide({"x": 5})


def test_every_wrong_cell_of_a_file_is_told_at_once() -> None:
    drawn = Drawn(rules=[["1 +", "1"], ["1", "1 +"], ["open(1)", "1"]])

    with pytest.raises(refusals.CellWrong) as wrong:
        decisions.read(drawn.xml())

    told = [wrong.value, *wrong.value.others]
    assert [(each.places["row"], each.places["column"]) for each in told] == [(1, "x"), (2, "y"), (3, "x")]


def test_a_table_that_is_tried_tells_the_rules_also_when_they_conflict() -> None:
    made = decisions.read(many("UNIQUE", NUMBERS).xml())["discount"]

    tried, right = made.trace({"x": 5}), made.trace({"x": 2})

    assert (tried.rules, tried.answer) == ((1, 2), None)
    assert isinstance(tried.refusal, DecisionFailed)
    assert (right.rules, right.answer, right.refusal) == ((1,), {"y": 10}, None)
