"""A business rule task in a running case: answers, nothing left of the last ones, conflicts that wait for a person."""

from datetime import date
from typing import Any

import pytest

from engine.errors import Refusal
from engine.people import Department
from engine.process import decisions, doctor
from engine.process.decisions import Conflict
from engine.process.definitions import Definition
from tests.engine.process.drawing import Drawing
from tests.engine.process.kit import (
    World,
    asks,
    choice,
    diagram,
    end,
    form,
    properties,
    service,
    start,
    task,
    way,
)
from tests.engine.process.playing import Play
from tests.engine.process.test_decisions import Drawn


def round_(drawn: Drawn) -> Any:
    """A case that asks the table again and again; it is dumped and loaded after every command."""
    steps = (
        Drawing("p")
        .start()
        .node("businessRuleTask", "ask", decision="discount")
        .task("look")
        .choice("more")
        .end()
    )
    steps.path("began", "ask", "look", "more").flow("more", "ask", "again").flow(
        "more", "ended", default=True
    )
    return steps.program(variables=["again", "x", "y", "kind"], decisions=decisions.read(drawn.xml()))


CASES: list[tuple[str, Drawn, list[tuple[dict[str, Any], Any]]]] = [
    ("unique", Drawn(inputs=[("x", "number")], rules=[["< 5", '"a"'], ["[5..9]", '"b"']]), [({"x": 1}, "a"), ({"x": 9}, "b"), ({"x": 99}, None)]),
    ("first", Drawn(rules=[["> 1", "1"], ["> 2", "2"]], policy="FIRST"), [({"x": 5}, 1), ({"x": 0}, None)]),
    ("any", Drawn(rules=[["> 1", "1"], ["> 2", "1"]], policy="ANY"), [({"x": 5}, 1)]),
    ("priority", Drawn(outputs=[("y", '"b","a"')], rules=[["> 1", '"a"'], ["> 2", '"b"']], policy="PRIORITY"), [({"x": 5}, "b"), ({"x": 2}, "a")]),
    ("collect", Drawn(rules=[["> 1", "1"], ["> 2", "2"]], policy="COLLECT"), [({"x": 5}, [1, 2]), ({"x": 2}, [1]), ({"x": 0}, [])]),
    ("sum", Drawn(rules=[["> 1", "0.1"], ["> 2", "0.2"]], policy="C+"), [({"x": 5}, 0.3), ({"x": 0}, None)]),
    ("count", Drawn(rules=[["> 1", "1"], ["> 2", "2"]], policy="C#"), [({"x": 5}, 2), ({"x": 0}, 0)]),
    ("rule order", Drawn(rules=[["> 1", "2"], ["> 2", "1"]], policy="R"), [({"x": 5}, [2, 1])]),
    ("output order", Drawn(outputs=[("y", "1, 2")], rules=[["> 1", "2"], ["> 2", "1"]], policy="O"), [({"x": 5}, [1, 2])]),
    ("a structure", Drawn(rules=[["1", "{a: 1}"], ["2", "{b: 2}"]]), [({"x": 1}, {"a": 1}), ({"x": 2}, {"b": 2}), ({"x": 3}, None)]),
    ("a date", Drawn(inputs=[("x", "date")], rules=[['> date("2026-01-01")', "x"]]), [({"x": date(2026, 5, 1)}, "2026-05-01")]),
    ("a long duration", Drawn(rules=[["1", 'duration("P1Y2M")']]), [({"x": 1}, "P1Y2M")]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "drawn", "rounds"), CASES, ids=[case[0] for case in CASES])
def test_every_round_gives_its_own_answer_and_keeps_nothing_of_the_last(
    name: str, drawn: Drawn, rounds: list[tuple[dict[str, Any], Any]]
) -> None:
    data, wanted = rounds[0]
    play = Play(round_(drawn), **data)
    assert play.data["y"] == wanted

    for data, wanted in [*rounds[1:], *rounds]:
        play.do("look", again=True, **data)
        assert play.data["y"] == wanted


def test_an_answer_from_before_the_first_round_is_gone_too() -> None:
    play = Play(round_(Drawn(rules=[["1", '"a"']])), x=7, y=["stale"])

    assert play.data["y"] is None


def test_a_structure_is_not_merged_into_an_old_one() -> None:
    drawn = Drawn(outputs=["y"], rules=[["-", "{b: 2}"]])

    assert Play(round_(drawn), x=1, y={"a": 1}).data["y"] == {"b": 2}


def test_a_conflict_leaves_the_case_where_it_was() -> None:
    drawn = Drawn(inputs=[("x", "number")], rules=[["> 1", "1"], ["> 2", "2"]])
    play = Play(round_(drawn), x=2)

    with pytest.raises(Conflict, match=r"“Discount” the rules 1, 2 .*Inputs: x = 5"):
        play.do("look", again=True, x=5)


RULE = f'<businessRuleTask id="ask" name="Ask">{properties(decision="discount")}</businessRuleTask>'


@pytest.fixture
def order(world: World, departments: dict[str, Department]) -> Definition:
    """The shop says how many pieces there are; a table decides what happens then."""
    drawn = Drawn(inputs=[("pieces", "number")], rules=[["> 1", '"large"'], ["> 5", '"huge"']])
    return world.deploy(
        diagram(
            "order",
            start(form="order"),
            service("count", connector="shop", operation="count"),
            RULE,
            choice("which", default="which_done"),
            task("pack"),
            end(),
            way("begin", "count", "ask", "which"),
            way("which", "done"),
            way("which", "pack", when="y == 'large'"),
            way("pack", "done"),
            keeps="pieces, y",
        ),
        form("order", asks("sku", "text")),
        doctor.File("discount.dmn", drawn.xml()),
    )


def test_a_conflict_behind_a_call_is_an_incident_that_names_table_rules_and_inputs(
    world: World, order: Definition
) -> None:
    world.shop.answer = {"pieces": 9}
    id_ = world.start(order, sku="A-1")

    world.later(seconds=1)

    (incident,) = world.incidents()
    assert (incident.instance_id, incident.code) == (id_, "Conflict")
    assert "“Discount” the rules 1, 2" in incident.message
    assert "pieces = 9" in incident.message
    assert world.instance(id_).ended_at is None


def test_a_value_of_the_wrong_type_is_an_incident_too(world: World, order: Definition) -> None:
    world.shop.answer = {"pieces": "nine"}
    world.start(order, sku="A-1")

    world.later(seconds=1)

    (incident,) = world.incidents()
    assert incident.code == "InputUnfit"
    assert "“pieces” of the decision table “Discount” must be of type number" in incident.message


def test_a_table_that_agrees_moves_the_case(world: World, order: Definition) -> None:
    world.shop.answer = {"pieces": 3}
    id_ = world.start(order, sku="A-1")

    world.later(seconds=1)

    assert world.incidents() == []
    assert world.open_(id_) == ["pack"]


def test_a_person_whose_command_ends_in_a_conflict_is_told_and_may_try_again(
    world: World, departments: dict[str, Department]
) -> None:
    drawn = Drawn(inputs=[("x", "number")], rules=[["> 1", '"a"'], ["> 5", '"b"']])
    asked = world.deploy(
        diagram(
            "asked",
            start(),
            task("say", form="say"),
            RULE,
            task("pack"),
            end(),
            way("begin", "say", "ask", "pack", "done"),
            keeps="x, y",
        ),
        form("say", asks("x", "integer", required=True)),
        doctor.File("discount.dmn", drawn.xml()),
    )
    id_ = world.start(asked)

    with pytest.raises(Refusal, match="rules 1, 2"):
        world.complete(id_, "say", x="9")
    assert world.open_(id_) == ["say"]

    world.complete(id_, "say", x="3")
    assert world.open_(id_) == ["pack"]
