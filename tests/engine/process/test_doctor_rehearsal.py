"""What a rehearsal finds before any case is stuck there."""

import random
import time

import pytest

from engine.process import doctor
from engine.process.doctor import rehearsal
from engine.process.doctor.model import Bundle, Node, Scope, Trigger
from tests.engine.process.doctor_kit import codes, compiled, diagram, element, examine, finding, flows, play

KINDS = {"s": "startEvent", "e": "endEvent", "x": "exclusiveGateway", "p": "parallelGateway"}
KINDS |= {"i": "inclusiveGateway", "b": "boundaryEvent", "t": "userTask"}


def scope(*ways: str, hosts: dict[str, str] | None = None, stopping: str = "") -> Scope:
    """A scope of nodes whose first letter says their kind, and flows written ``a>b``."""
    made, bundle = Scope("all"), Bundle()
    for way in ways:
        for key in way.split(">"):
            made.nodes.setdefault(key, Node(key, KINDS[key[0]]))
        start, _, end = way.partition(">")
        bundle.link(made, made.nodes[start], made.nodes[end])
    for key, host in (hosts or {}).items():
        made.nodes[key].host = host
    if stopping:
        made.nodes[stopping].triggers = [Trigger("terminate")]
    return made


def test_ways_that_part_and_meet_again_in_the_same_way_are_sound() -> None:
    for gate in "xpi":
        found = rehearsal.rehearse(
            scope(
                "s>t", f"t>{gate}1", f"{gate}1>t1", f"{gate}1>t2", f"t1>{gate}2", f"t2>{gate}2", f"{gate}2>e"
            )
        )
        assert found == rehearsal.Rehearsal()


def test_a_join_that_waits_for_a_way_not_taken_is_named() -> None:
    found = rehearsal.rehearse(scope("s>x1", "x1>t1", "x1>t2", "t1>p2", "t2>p2", "p2>e"))

    assert found.dead == {"p2"}


@pytest.mark.parametrize("first", [True, False])
def test_a_way_with_very_many_positions_does_not_hide_what_happens_on_another(first: bool) -> None:
    many = ["x1>i1", *(f"i1>{key}" for key in ["x2", "x3", "x4"])]
    many += [
        way for n in "234" for way in (f"x{n}>t{n}", f"x{n}>t{n}0", f"t{n}>i2", f"t{n}0>i2", f"t{n}>x{n}")
    ]
    stuck = ["x1>x5", "x5>t6", "x5>t7", "t6>p1", "t7>p1", "p1>e1"]
    ways = [*stuck, *many] if first else [*many, *stuck]

    found = rehearsal.rehearse(scope("s>x1", *ways, "i2>e"), most=60)

    assert found.dead == {"p1"}
    assert not found.whole


def test_a_join_that_only_waits_for_a_stuck_one_is_not_to_blame() -> None:
    found = rehearsal.rehearse(
        scope("s>p1", "p1>x1", "p1>t3", "x1>t1", "x1>t2", "t1>p2", "t2>p2", "p2>p3", "t3>p3", "p3>e")
    )

    assert found.dead == {"p2"}


def test_an_interrupting_event_leaves_its_join_waiting_and_another_does_not() -> None:
    ways = ["s>p1", "p1>t1", "p1>t2", "t1>p2", "t2>p2", "p2>e", "b1>e1"]

    interrupting = scope(*ways, hosts={"b1": "t1"})
    beside = scope(*ways, hosts={"b1": "t1"})
    beside.nodes["b1"].interrupting = False

    assert rehearsal.rehearse(interrupting).dead == {"p2"}
    assert rehearsal.rehearse(beside).dead == frozenset()


def test_two_inclusive_joins_that_wait_for_each_other_are_named() -> None:
    found = rehearsal.rehearse(
        scope("s>p1", "p1>i1", "p1>i2", "i1>x1", "x1>i2", "x1>e", "i2>x2", "x2>i1", "x2>e1")
    )

    assert found.circle == {"i1", "i2"}


def test_an_inclusive_join_in_a_loop_waits_for_nobody_but_those_who_come() -> None:
    assert rehearsal.rehearse(scope("s>i1", "i1>t1", "t1>x1", "x1>i1", "x1>e")) == rehearsal.Rehearsal()


def test_an_end_that_stops_everything_leaves_nobody_waiting() -> None:
    ways = ["s>p1", "p1>x1", "p1>t2", "x1>t1", "x1>e1", "t1>p2", "t2>p2", "p2>e"]

    assert rehearsal.rehearse(scope(*ways)).dead == {"p2"}
    assert rehearsal.rehearse(scope(*ways, stopping="e1")).dead == frozenset()


def test_a_step_that_is_done_twice_is_named() -> None:
    found = rehearsal.rehearse(scope("s>p1", "p1>t1", "p1>t2", "t1>x1", "t2>x1", "x1>t3", "t3>e"))

    assert "t3" in found.crowded


def test_tokens_that_multiply_for_ever_do_not_keep_the_rehearsal_going() -> None:
    found = rehearsal.rehearse(scope("s>x1", "x1>p1", "p1>t1", "p1>t2", "t1>x1", "t2>x2", "x2>x1", "x2>e"))

    assert found.crowded


def maze(dice: random.Random, size: int) -> Scope:
    """Gateways and tasks joined at random, each reachable from the start."""
    names = ["s", *(f"{dice.choice('xxptti')}{number}" for number in range(size)), "e"]
    ways = [f"{names[dice.randrange(at)]}>{names[at]}" for at in range(1, len(names) - 1)]
    ways = [way for way in ways if not way.startswith("s>")] + [f"s>{names[1]}", f"{names[-2]}>e"]
    ways += [f"{dice.choice(names[1:-1])}>{dice.choice(names[1:])}" for _ in range(size // 3)]
    return scope(*ways)


def test_a_hundred_and_fifty_nodes_take_a_moment_at_most() -> None:
    scopes = [maze(random.Random(seed), 150) for seed in range(6)]
    began = time.process_time()
    for each in scopes:
        rehearsal.rehearse(each)

    assert (time.process_time() - began) / len(scopes) < 0.15, "the goal is 20 ms on an idle machine"


JOINED = ("s>x", "x>a", "x>b", "a>j", "b>j", "j>c", "c>e")


def drawn(split: str, join: str) -> bytes:
    nodes = (
        f'<startEvent id="s"/><{split} id="x" name="Kto?"/><{join} id="j" name="Razem"/><endEvent id="e"/>'
    )
    return diagram(nodes + "".join(f'<userTask id="{key}" name="{key}"/>' for key in "abc") + flows(*JOINED))


def test_the_join_is_named_and_the_proposal_makes_it_wait_only_for_those_who_come() -> None:
    examined = examine(drawn("exclusiveGateway", "parallelGateway"), accepted="all")

    assert finding(examined, "J01").element == "j"
    assert finding(examined, "J01").repairable
    assert element(examined, "j").kind == "inclusiveGateway"
    for seed in range(5):
        assert "e" in play(compiled(examined), seed)


def test_a_step_behind_two_ways_without_a_join_is_a_hint() -> None:
    examined = examine(drawn("parallelGateway", "exclusiveGateway"), accepted="all")

    assert codes(examined) == ["W02"]
    assert finding(examined, "W02").severity == "hint"
    assert finding(examined, "W02").element in {"j", "c"}


def test_an_error_nobody_catches_ends_one_way_and_a_join_waits_for_ever_all_the_same() -> None:
    nodes = '<startEvent id="s"/><parallelGateway id="p"/><exclusiveGateway id="x"/><userTask id="t"/>'
    nodes += '<parallelGateway id="j"/><endEvent id="e"/><endEvent id="f"><errorEventDefinition/></endEvent>'
    ways = flows("s>p", "p>j", "p>x", "x>j", "x>t", "t>f", "j>e")

    examined = examine(diagram(nodes + ways), accepted="all")

    assert finding(examined, "J01").element == "j"
    for seed in range(5):
        play(compiled(examined), seed)


def test_gateways_that_wait_for_each_other_are_opened_by_consent() -> None:
    nodes = '<startEvent id="s"/><parallelGateway id="p"/><endEvent id="e"/><endEvent id="f"/>'
    nodes += '<inclusiveGateway id="i" name="Lewa"/><inclusiveGateway id="k" name="Prawa"/>'
    nodes += '<exclusiveGateway id="x"/><exclusiveGateway id="y"/>'
    ways = flows("s>p", "p>i", "p>k", "i>x", "x>k", "x>e", "k>y", "y>i", "y>f")

    examined = examine(diagram(nodes + ways), accepted="all")

    assert finding(examined, "W01").element == "i"
    assert "Prawa" in finding(examined, "W01").message.pl
    assert element(examined, "i").kind == "exclusiveGateway"
    for seed in range(5):
        play(compiled(examined), seed)


@pytest.mark.parametrize("seed", range(20))
def test_any_tangle_of_gateways_is_rehearsed_without_an_end_to_patience(seed: int) -> None:
    found = rehearsal.rehearse(maze(random.Random(seed), 40))

    assert isinstance(found.whole, bool)
    assert doctor.examine([], accepted="all").compiled is None
