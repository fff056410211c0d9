"""Circles, thought of in tokens: which of them can leave, and which would go round for ever."""

import pytest

from engine.process.doctor import endings
from engine.process.doctor.model import Link, Node, Scope, Trigger
from tests.engine.process.doctor_kit import codes, compiled, diagram, examine, finding, flows
from tests.engine.process.vendors import duels

TERMINATE = '<endEvent id="t"><terminateEventDefinition/></endEvent>'
MESSAGE = '<messageEventDefinition messageRef="m"/>'
TOP = '<message id="m" name="ordered"/><message id="other" name="sent"/><error id="err" errorCode="E1"/><escalation id="esc" escalationCode="L1"/>'
TASKS = '<userTask id="a"/><userTask id="b"/><userTask id="c"/><userTask id="d"/>'
GATES = (
    '<exclusiveGateway id="m1"/><exclusiveGateway id="x"/><parallelGateway id="p"/><inclusiveGateway id="i"/>'
)


def boundary(kind: str, *, host: str = "a", interrupting: bool = True) -> str:
    return (
        f'<boundaryEvent id="edge" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">'
        f"{kind}</boundaryEvent>"
    )


def drawn(*ways: str, more: str = "") -> bytes:
    """A process with a start s, an end e, another o, and of the tasks and gateways those that a flow names."""
    nodes = f'<startEvent id="s"/><endEvent id="e"/><endEvent id="o"/>{TASKS}{GATES}'
    return diagram(nodes + more + flows(*ways), top=TOP)


def round_for_ever(content: bytes) -> bool:
    """Whether the doctor says that a circle has no way out; after the repairs a case comes to its end as in the token game."""
    examined = examine(content, accepted="all")
    what = compiled(examined)
    assert {duels.play(what, seed) for seed in range(4)} == {"ended"}
    return "R04" in codes(examined)


ERROR = '<errorEventDefinition errorRef="err"/>'
INSIDE = '<startEvent id="ks"/><{0} id="k1"/><exclusiveGateway id="kx"/><endEvent id="ke"/>' + flows(
    "ks>k1", "k1>kx", "kx>ke: n &gt; 3"
)
BREAK = f'<endEvent id="kb">{ERROR}</endEvent>{flows("kx>kb")}'

CIRCLE = ("s>m1", "m1>a", "a>x", "x>m1")
"""Round through a and a choice x, whose other way a test draws."""


def test_a_branch_of_a_fork_is_no_way_out_where_another_branch_goes_round_again() -> None:
    assert round_for_ever(drawn(*CIRCLE, "x>p", "p>e", "p>b", "b>m1"))


def test_a_fork_is_a_way_out_where_every_branch_can_end() -> None:
    assert not round_for_ever(drawn(*CIRCLE, "x>p", "p>e", "p>b", "b>o"))


def test_a_fork_is_a_way_out_where_its_branches_meet_again_behind_the_circle() -> None:
    join = '<parallelGateway id="j"/>'

    assert not round_for_ever(drawn(*CIRCLE, "x>p", "p>b", "p>c", "b>j", "c>j", "j>e", more=join))


def test_a_fork_is_a_way_out_where_a_branch_ends_everything() -> None:
    assert not round_for_ever(drawn(*CIRCLE, "x>p", "p>b", "b>t", "p>c", "c>m1", more=TERMINATE))


def test_what_goes_round_beside_a_branch_that_ends_everything_is_stopped_by_it() -> None:
    beside = ("s>p", "p>b", "b>t", "p>m1", "m1>a", "a>x", "x>m1", "x>c", "c>m1")

    assert not round_for_ever(drawn(*beside, more=TERMINATE))
    assert round_for_ever(drawn(*beside, more=TERMINATE.replace("<terminateEventDefinition/>", "")))


def test_a_circle_that_can_also_be_entered_without_that_branch_is_not_stopped() -> None:
    ways = ("s>i", "i>p", "i>m1", "p>b", "b>t", "p>m1", "m1>a", "a>x", "x>m1", "x>c", "c>m1")
    gate = GATES.replace('<inclusiveGateway id="i"/>', '<exclusiveGateway id="i"/>')
    body = f'<startEvent id="s"/>{TASKS}{gate}{TERMINATE}<endEvent id="e"/><endEvent id="o"/>'

    assert round_for_ever(diagram(body + flows(*ways), top=TOP))


def test_a_choice_of_several_ways_is_a_way_out_as_one_of_them_may_be_taken() -> None:
    assert not round_for_ever(drawn(*CIRCLE, "x>i", "i>e", "i>b", "b>m1"))


def test_a_way_that_always_starts_beside_one_with_a_condition_goes_round_for_ever() -> None:
    loop = ("s>m1", "m1>a", "a>e: amount &gt; 3", "a>b", "b>m1")

    assert round_for_ever(drawn(*loop))
    assert not round_for_ever(drawn(*loop[:3], "a>b", "b>o"))


def test_an_event_beside_its_step_is_no_way_out_of_the_circle() -> None:
    ways = (*CIRCLE, "x>c", "c>m1", "edge>b", "b>e")

    assert round_for_ever(drawn(*ways, more=boundary(MESSAGE, interrupting=False)))


def test_an_event_that_interrupts_its_step_is_a_way_out() -> None:
    ways = (*CIRCLE, "x>c", "c>m1", "edge>b", "b>e")

    assert not round_for_ever(drawn(*ways, more=boundary(MESSAGE)))
    assert round_for_ever(drawn(*ways[:-1], "b>m1", more=boundary(MESSAGE)))


@pytest.mark.parametrize(
    ("step", "kind", "out"),
    [
        ("<scriptTask id='k'><script>n = 1</script></scriptTask>", MESSAGE, False),
        ("<sendTask id='k' messageRef='other'/>", MESSAGE, False),
        ("<userTask id='k'/>", MESSAGE, True),
        ("<userTask id='k'/>", ERROR, False),
        (f"<subProcess id='k'>{INSIDE.format('userTask')}</subProcess>", MESSAGE, True),
        (f"<subProcess id='k'>{INSIDE.format('intermediateThrowEvent')}</subProcess>", MESSAGE, False),
        (f"<subProcess id='k'>{INSIDE.format('intermediateThrowEvent')}</subProcess>", ERROR, False),
        (f"<subProcess id='k'>{INSIDE.format('intermediateThrowEvent')}{BREAK}</subProcess>", ERROR, True),
        (
            "<scriptTask id='k'><script>n = 1</script></scriptTask>",
            "<conditionalEventDefinition><condition>True</condition></conditionalEventDefinition>",
            True,
        ),
    ],
)
def test_an_event_is_a_way_out_only_where_there_is_time_for_it(step: str, kind: str, out: bool) -> None:
    ways = ("s>m1", "m1>k", "k>a", "a>x", "x>m1", "x>c", "c>m1", "edge>b", "b>e")

    assert round_for_ever(drawn(*ways, more=step + boundary(kind, host="k"))) is not out


def test_an_event_beside_its_step_is_a_way_out_where_it_ends_everything() -> None:
    ways = (*CIRCLE, "x>c", "c>m1", "edge>b", "b>t")

    assert not round_for_ever(drawn(*ways, more=boundary(MESSAGE, interrupting=False) + TERMINATE))


def test_what_an_event_beside_a_step_started_must_end_as_well() -> None:
    ways = ("s>a", "a>e", "edge>m1", "m1>b", "b>x", "x>m1", "x>c", "c>m1")

    assert round_for_ever(drawn(*ways, more=boundary(MESSAGE, interrupting=False)))
    assert not round_for_ever(drawn(*ways[:-1], "c>o", more=boundary(MESSAGE, interrupting=False)))


def part(end: str, *ways: str, edge: str = "") -> bytes:
    """A part with a circle inside; ``end`` is drawn beside, and ``edge`` on its border leads to b."""
    inside = (
        '<startEvent id="s2"/><exclusiveGateway id="m2"/><userTask id="a2"/><exclusiveGateway id="x2"/>'
        f'<userTask id="c2"/><parallelGateway id="p2"/>{end}'
    )
    body = f'<subProcess id="part">{inside}{flows("s2>m2", "m2>a2", "a2>x2", "x2>m2", *ways)}</subProcess>'
    out = ("edge>b", "b>o") if edge else ()
    return drawn("s>part", "part>e", *out, more=body + edge)


def end(kind: str) -> str:
    return f'<endEvent id="z2">{kind}</endEvent>'


@pytest.mark.parametrize(
    ("thrown", "caught", "stops"),
    [
        ('<errorEventDefinition errorRef="err"/>', '<errorEventDefinition errorRef="err"/>', True),
        ('<errorEventDefinition errorRef="err"/>', "<errorEventDefinition/>", True),
        ('<errorEventDefinition errorRef="err"/>', "", False),
        (
            '<escalationEventDefinition escalationRef="esc"/>',
            '<escalationEventDefinition escalationRef="esc"/>',
            True,
        ),
        ('<escalationEventDefinition escalationRef="esc"/>', "", False),
        ("<terminateEventDefinition/>", "", True),
        ("", "", False),
    ],
)
def test_a_fork_inside_a_part_is_a_way_out_where_a_branch_ends_the_part(
    thrown: str, caught: str, stops: bool
) -> None:
    edge = boundary(caught, host="part") if caught else ""

    found = round_for_ever(part(end(thrown), "x2>p2", "p2>z2", "p2>c2", "c2>m2", edge=edge))

    assert found is not stops


def test_an_escalation_that_is_heard_without_interrupting_ends_its_own_token_only() -> None:
    heard = '<escalationEventDefinition escalationRef="esc"/>'
    ways = ("x2>p2", "p2>z2", "p2>c2", "c2>m2")

    assert round_for_ever(part(end(heard), *ways, edge=boundary(heard, host="part", interrupting=False)))


def test_what_interrupts_a_part_from_outside_is_a_way_out_of_every_circle_in_it() -> None:
    ways = ("x2>c2", "c2>m2")

    assert round_for_ever(part("", *ways))
    assert not round_for_ever(part("", *ways, edge=boundary(MESSAGE, host="part")))
    assert round_for_ever(part("", *ways, edge=boundary(MESSAGE, host="part", interrupting=False)))


def test_an_error_that_nothing_inside_throws_is_no_way_out_of_a_part() -> None:
    edge = boundary('<errorEventDefinition errorRef="err"/>', host="part")

    assert round_for_ever(part("", "x2>c2", "c2>m2", edge=edge))


def test_work_outside_that_may_fail_is_a_way_out_of_a_part_that_hears_of_it() -> None:
    scope, host = Scope("in"), Node("part", "subProcess")
    outer = Scope("all", nodes={"part": host})
    host.body, scope.owner, scope.parent = scope, host, outer
    for key, kind in (
        ("s", "startEvent"),
        ("a", "serviceTask"),
        ("x", "exclusiveGateway"),
        ("u", "userTask"),
    ):
        scope.add(Node(key, kind))
    for start, to in (("s", "a"), ("a", "x"), ("x", "a"), ("x", "u"), ("u", "a")):
        scope.links.append(Link(f"{start}_{to}", start, to))

    assert endings.endless(scope) == {"s", "a", "x", "u"}

    outer.add(Node("edge", "boundaryEvent", host="part", triggers=[Trigger("error")]))

    assert endings.endless(scope) == set()


def test_the_question_is_asked_on_the_flow_that_closes_the_circle() -> None:
    examined = examine(drawn(*CIRCLE, "x>p", "p>e", "p>b", "b>m1"), accepted="all")

    assert finding(examined, "R04").element == "m1"
    (form,) = [each for each in compiled(examined).forms.values() if "jeszcze raz" in str(each)]
    assert [option["label"]["pl"] for option in form["fields"][0]["options"]] == [
        "Tak, jeszcze raz",
        "Nie, skończ",
    ]
