"""What the execution library does silently wrong, refuses to parse or fails at: each is mended or refused by name."""

from dataclasses import dataclass

import pytest

from engine.process import doctor
from tests.engine.process.doctor_kit import compiled, diagram, element, examine, flows, play, say
from tests.engine.process.vendors.validity import violations

SIGNAL, ERROR, LINK = "<signalEventDefinition/>", "<errorEventDefinition/>", '<linkEventDefinition name="A"/>'
BACK, STOP, CANCEL = "<compensateEventDefinition/>", "<terminateEventDefinition/>", "<cancelEventDefinition/>"
RAISE = "<escalationEventDefinition/>"


@dataclass(frozen=True)
class Fact:
    """A drawing, what it is about, the finding that must come, and what the element becomes (None: it is left out)."""

    name: str
    inside: str
    ways: tuple[str, ...]
    about: str
    code: str
    becomes: str | None = "same"


def step(key: str, kind: str = "userTask", more: str = "", inside: str = "") -> str:
    return f'<{kind} id="{key}" name="{key}" {more}>{inside}</{kind}>'


S, A, B, E = step("s", "startEvent"), step("a"), step("b"), step("e", "endEvent")
INNER = step("x", "startEvent") + step("y") + step("z", "endEvent") + flows("x>y", "y>z")
ROW = ("s>a", "a>e")
FACTS = [
    # silently wrong
    Fact("a signal end does nothing", S + A + step("e", "endEvent", inside=SIGNAL), ROW, "e", "E04"),
    Fact(
        "an error cannot start a process",
        step("s", "startEvent", inside=ERROR) + A + E,
        ROW,
        "s",
        "S04",
    ),
    Fact(
        "an error start of a sub-process is a plain one",
        S
        + step(
            "a",
            "subProcess",
            inside=step("x", "startEvent", inside=ERROR) + step("z", "endEvent") + flows("x>z"),
        )
        + E,
        ROW,
        "x",
        "S06",
    ),
    Fact(
        "an escalation start of a sub-process is a plain one",
        S
        + step(
            "a",
            "subProcess",
            inside=step("x", "startEvent", inside=RAISE) + step("z", "endEvent") + flows("x>z"),
        )
        + E,
        ROW,
        "x",
        "S06",
    ),
    Fact(
        "a link goes nowhere",
        S
        + A
        + step("l", "intermediateThrowEvent", inside=LINK)
        + step("m", "intermediateCatchEvent", inside=LINK)
        + E,
        ("s>a", "a>l", "m>e"),
        "l",
        "N01",
    ),
    Fact("half a link", S + A + step("l", "intermediateThrowEvent", inside=LINK), ("s>a", "a>l"), "l", "N02"),
    Fact(
        "compensation passes",
        S + A + step("c", "intermediateThrowEvent", inside=BACK) + E,
        ("s>a", "a>c", "c>e"),
        "c",
        "C02",
    ),
    *(
        Fact(
            f"{what} is thrown nowhere",
            S + A + step("c", "intermediateThrowEvent", inside=text) + E,
            ("s>a", "a>c", "c>e"),
            "c",
            "E02",
        )
        for what, text in (("an error", ERROR), ("a termination", STOP), ("a cancellation", CANCEL))
    ),
    Fact(
        "a condition behind a task is ignored",
        S + A + B + E,
        ("s>a", "a>b: 1 &gt; 2", "a>e", "b>e"),
        "a",
        "F06",
    ),
    Fact("the condition of the only way out", S + A + E, ("s>a", "a>e: 1 &gt; 2"), "a", "F10"),
    Fact(
        "an event sub-process inside another never fires",
        S
        + step(
            "a",
            "subProcess",
            inside=INNER
            + step(
                "h",
                "subProcess",
                'triggeredByEvent="true"',
                step("q", "startEvent", inside=SIGNAL) + step("r", "endEvent") + flows("q>r"),
            ),
        )
        + E,
        ROW,
        "h",
        "S08",
    ),
    Fact("two steps with one id", S + A + A + E, ROW, "a", "I04"),
    *(
        Fact(
            f"the id {key} is the library's own",
            S + step(key) + E,
            (f"s>{key}", f"{key}>e"),
            key,
            "I02",
            None,
        )
        for key in ("Start", "End", "Root", "sale.EndJoin", "a.BoundaryEventSplit")
    ),
    # cannot be parsed
    Fact(
        "a complex gateway",
        S + step("g", "complexGateway") + A + B + E,
        ("s>g", "g>a", "g>b", "a>e", "b>e"),
        "g",
        "G03",
    ),
    Fact(
        "compensation on a border",
        S + A + step("c", "boundaryEvent", 'attachedToRef="a"', BACK) + E,
        ROW,
        "c",
        "C01",
        None,
    ),
    *(
        Fact(
            f"{what} on a border",
            S + A + step("c", "boundaryEvent", 'attachedToRef="a"', text) + E,
            (*ROW, "c>e"),
            "c",
            "B03",
        )
        for what, text in (("a link", LINK), ("a termination", STOP))
    ),
    Fact("two ways out of a task", S + A + B + E, ("s>a", "a>b", "a>e", "b>e"), "a", "F07"),
    Fact(
        "two starts in a sub-process",
        S + step("a", "subProcess", inside=INNER + step("w", "startEvent") + flows("w>y")) + E,
        ROW,
        "a",
        "S05",
    ),
    Fact(
        "a sub-process without a start",
        S + step("a", "subProcess", inside=step("y") + step("z", "endEvent") + flows("y>z")) + E,
        ROW,
        "y",
        "S01",
    ),
    Fact(
        "a process that is not there",
        S + step("a", "callActivity", 'calledElement="gone"') + E,
        ROW,
        "a",
        "A08",
    ),
    Fact(
        "a process that calls itself",
        S + step("a", "callActivity", 'calledElement="sale"') + E,
        ROW,
        "a",
        "A07",
    ),
    Fact("a business rule without a table", S + step("a", "businessRuleTask") + E, ROW, "a", "A03"),
    # fails while running
    Fact(
        "a choice where nothing may fit",
        S + step("a", "scriptTask", inside="<script>n = 3</script>") + step("g", "exclusiveGateway") + B + E,
        ("s>a", "a>g", "g>b: n &gt; 5", "g>e: n &lt; 2", "b>e"),
        "g",
        "G06",
    ),
    Fact("an ad-hoc sub-process", S + step("a", "adHocSubProcess", inside=step("y")) + E, ROW, "a", "A13"),
    Fact("a task that leads to itself", S + A + E, (*ROW, "a>a"), "a", "F07"),
    Fact(
        "twenty thousand times",
        S
        + step(
            "a",
            inside="<multiInstanceLoopCharacteristics><loopCardinality>20000</loopCardinality></multiInstanceLoopCharacteristics>",
        )
        + E,
        ROW,
        "a",
        "A12",
    ),
    Fact(
        "a bare duration",
        S
        + step(
            "t",
            "intermediateCatchEvent",
            inside="<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
        )
        + E,
        ("s>t", "t>e"),
        "t",
        "T03",
    ),
    Fact("a circle without a way out", S + A + B, ("s>a", "a>b", "b>a"), "a", "R04"),
    Fact("a step nothing leads to", S + A + B + E, ("s>a", "a>e", "b>e"), "b", "S11", None),
    Fact("a circle nothing leads to", S + A + B + E, ("s>a", "a>e", "b>b", "b>e"), "b", "R02", None),
    # what a diagram refers to
    Fact(
        "a condition that is a text",
        S + step("g", "exclusiveGateway") + A + B + E,
        ("s>g", "g>a: over 5", "g>b", "a>e", "b>e"),
        "g",
        "G07",
    ),
    Fact("a form that is not there", S + step("a", inside=say(form="gone")) + E, ROW, "a", "Q01"),
    Fact(
        "a connector that is not there",
        S + step("a", "serviceTask", inside=say(connector="gone", operation="x")) + E,
        ROW,
        "a",
        "A14",
    ),
    Fact(
        "stages in one place",
        S
        + step("a", inside=say(stage="one", stage__order="1"))
        + step("b", inside=say(stage="two", stage__order="1"))
        + E,
        ("s>a", "a>b", "b>e"),
        "b",
        "Z01",
    ),
    Fact(
        "a place left out",
        S
        + step("a", inside=say(stage="one", stage__order="1"))
        + step("b", inside=say(stage="two", stage__order="3"))
        + E,
        ("s>a", "a>b", "b>e"),
        "b",
        "Z02",
    ),
    Fact("a stage without a place", S + step("a", inside=say(stage="one")) + E, ROW, "a", "Z03"),
]
WORLD = doctor.Known(departments={"sales": "Sprzedaż"}, connectors=frozenset({"mail"}))
ABOUT_THE_WHOLE = frozenset({"Z01", "Z02"})


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_it_is_named_and_runs_after_the_repair(fact: Fact) -> None:
    examined = examine(diagram(fact.inside + flows(*fact.ways)), accepted="all", known=WORLD)

    found = [each for each in examined.findings if each.code == fact.code]
    assert found, [each.id for each in examined.findings]
    assert fact.code in ABOUT_THE_WHOLE or fact.about in {each.element for each in found}
    what = compiled(examined)
    assert violations(what.executable) == []
    assert fact.becomes is None or fact.about in what.blueprint.main.elements
    for seed in range(3):
        play(what, seed)


def test_a_boundary_event_that_no_lane_names_stands_in_the_lane_of_its_step() -> None:
    lane = (
        '<laneSet><lane id="sales"><flowNodeRef>s</flowNodeRef><flowNodeRef>a</flowNodeRef></lane></laneSet>'
    )
    late = step(
        "t",
        "boundaryEvent",
        'attachedToRef="a"',
        '<timerEventDefinition><timeDuration>"PT1H"</timeDuration></timerEventDefinition>',
    )

    examined = examine(diagram(lane + S + A + late + E + flows(*ROW, "t>e")))

    assert element(examined, "t").lane == "sales"


@pytest.mark.parametrize(("lane", "code"), [('name="Kosmos"', "L01"), ("", "L01"), ('name="x"', "L01")])
def test_a_lane_of_no_department_is_asked_about(lane: str, code: str) -> None:
    lanes = f'<laneSet><lane id="kosmos" {lane}><flowNodeRef>a</flowNodeRef></lane></laneSet>'

    examined = examine(diagram(lanes + S + A + E + flows(*ROW)), known=WORLD)

    assert examined.compiled is None
    assert [each.element for each in examined.findings if each.code == code] == ["kosmos"]


def test_an_audience_that_does_not_exist_is_asked_about() -> None:
    lanes = (
        f'<laneSet><lane id="sales">{say(audience="head:gone")}<flowNodeRef>a</flowNodeRef></lane></laneSet>'
    )

    examined = examine(diagram(lanes + S + A + E + flows(*ROW)), known=WORLD)

    assert [each.element for each in examined.findings if each.code == "L02"] == ["sales"]


@pytest.mark.parametrize("text", ["import os", "a.b.__class__", "(", "x := 1", "lambda: 1"])
def test_an_expression_that_does_not_compile_blocks_and_is_quoted(text: str) -> None:
    task = step("a", "serviceTask", inside=say(connector="mail", operation="send", in__to=text))

    examined = examine(diagram(S + task + E + flows(*ROW)), accepted="all", known=WORLD)

    (said,) = [each for each in examined.findings if each.code == "Q03"]
    assert (examined.compiled, said.element) == (None, "a")
    assert text in said.message.pl


def test_four_hundred_tasks_in_a_row_are_no_recursion_and_data_stores_no_obstacle() -> None:
    row = (
        S
        + "".join(step(f"t{number}") for number in range(400))
        + E
        + '<dataStoreReference id="d" name="Magazyn"/>'
    )
    ways = ["s>t0", *(f"t{number}>t{number + 1}" for number in range(399)), "t399>e"]

    examined = examine(diagram(row + flows(*ways)))

    assert "Magazyn" in next(each.message.pl for each in examined.findings if each.code == "K01")
    assert len(compiled(examined).blueprint.main.elements) == 402
