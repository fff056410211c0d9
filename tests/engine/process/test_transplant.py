"""A case goes on where it stood when its diagram is replaced under it: in loops, at joins, inside and at boundaries."""

import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from engine.process.blueprint import Text
from engine.process.program import Program
from engine.process.runner import BrokenState
from engine.process.transplant import (
    BranchMissing,
    BranchTwice,
    CallsAnother,
    StandsOtherwise,
    StepGone,
    WayGone,
    transplant,
)
from tests.engine.process import random_processes
from tests.engine.process.drawing import Drawing, cycle, duration, each, message
from tests.engine.process.playing import Play

Change = Callable[[Drawing], Drawing]


def taken_over(play: Play, new: Program, **mapping: str) -> Play:
    """The same case on the new program, stored and loaded."""
    process = play.program.blueprint.process
    wanted = {f"{process}/{place}": element for place, element in mapping.items()}
    done = transplant(play.run.dump(), play.program, new, wanted)
    other = Play.__new__(Play)
    other.__dict__.update(play.__dict__)
    other.program, other.history, other.thrown = new, [], []
    other.run = type(play.run).load(new, done.state, facts=dict)
    other.run.adopt(done.boundaries, done.timers)
    return other._after()


def line(*keys: str) -> Drawing:
    """Start, user tasks one after another, end."""
    return Drawing("p").start().task(*keys).end("ended").path("began", *keys, "ended")


def test_a_case_waits_at_the_same_step_and_meets_the_new_ones_behind_it() -> None:
    play = taken_over(Play(line("ask", "pack").program()), line("ask", "weigh", "pack").program())

    assert play.do("ask").do("weigh").open() == ["pack"]


def test_steps_that_are_over_may_be_gone() -> None:
    play = Play(line("first", "second", "third").program()).do("first")

    assert taken_over(play, line("second", "third").program()).open() == ["second"]


def test_a_case_whose_step_is_gone_stays_and_is_told_which() -> None:
    with pytest.raises(StepGone) as refused:
        taken_over(Play(line("ask", "pack").program()), line("pack").program())

    assert refused.value.places == {"element": "ask"}


def test_a_mapping_says_where_the_cases_of_a_step_go_on() -> None:
    play = Play(line("ask", "pack").program(variables=["size"]), size=3)

    play = taken_over(play, line("measure", "pack").program(variables=["size"]), ask="measure")

    assert play.open() == ["measure"]
    assert play.do("measure").open() == ["pack"]
    assert play.data["size"] == 3


def test_a_step_of_another_kind_is_no_place_to_stand() -> None:
    new = Drawing("p").start().service("ask", connector="shop", operation="buy").end("ended")

    with pytest.raises(StandsOtherwise) as refused:
        taken_over(Play(line("ask").program()), new.path("began", "ask", "ended").program())

    assert refused.value.places == {"element": "ask", "before": "userTask", "after": "serviceTask"}


def test_a_loop_goes_on_after_hundreds_of_rounds() -> None:
    def loop(*steps: str) -> Program:
        drawing = Drawing("p").start().task(*steps).choice("again").end("ended")
        drawing.path("began", *steps, "again").flow("again", steps[0], default=True)
        drawing.flow("again", "ended", "over == True")
        return drawing.program(variables=["over"])

    play = Play(loop("call", "note"), over=False)
    for _ in range(300):
        play.do("call").do("note")
    play = taken_over(play.do("call"), loop("call", "note", "rest"))

    assert play.do("note").do("rest").do("call").do("note").do("rest", over=True).ended


# ------------------------------------------------------------------------------------------------------- joins


def fork(*ways: str, behind: str = "after") -> Drawing:
    drawing = Drawing("p").start().fork("split", "join").task(*ways, behind).end("ended")
    drawing.path("began", "split").path("join", behind, "ended")
    for way in ways:
        drawing.path("split", way, "join")
    return drawing


def test_a_branch_that_has_arrived_at_a_join_has_arrived() -> None:
    play = taken_over(Play(fork("a", "b").program()).do("a"), fork("a", "b", behind="then").program())

    assert play.do("b").open() == ["then"]


@pytest.mark.parametrize("done", [(), ("a",)])
def test_a_case_whose_ways_parted_without_a_new_branch_stays_and_is_told_which_is_missing(
    done: tuple[str, ...],
) -> None:
    play = Play(fork("a", "b").program())
    for step in done:
        play.do(step)

    with pytest.raises(BranchMissing) as refused:
        taken_over(play, fork("a", "b", "c").program())

    assert refused.value.places == {"element": "join", "branch": Text("c", "c")}


def test_before_its_ways_part_and_after_they_have_met_a_case_goes_to_where_a_branch_is_new() -> None:
    def led(*ways: str) -> Program:
        drawing = (
            Drawing("p")
            .start()
            .task("before", "after", *ways)
            .fork("split", "join")
            .choice("again")
            .end("ended")
        )
        drawing.path("began", "before", "split").path("join", "after", "again").flow(
            "again", "ended", "over == True"
        )
        for way in ways:
            drawing.path("split", way, "join")
        return drawing.flow("again", "before", default=True).program(variables=["over"])

    early = taken_over(Play(led("a", "b"), over=False), led("a", "b", "c"))
    late = taken_over(Play(led("a", "b"), over=False).do("before").do("a").do("b"), led("a", "b", "c"))

    assert early.do("before").do("a").do("b").do("c").open() == ["after"]
    assert late.do("after").do("before").do("a").do("b").do("c").do("after", over=True).ended


def test_ways_that_only_meet_in_the_new_version_need_all_their_branches() -> None:
    def parted(meet: bool) -> Program:
        drawing = (
            Drawing("p").start().fork("split").task("a", "b", "after").end("ended").path("began", "split")
        )
        last = drawing.fork("last") if meet else drawing.choice("last")
        return last.path("split", "a", "last").path("split", "b", "last", "after", "ended").program()

    both, one = Play(parted(meet=False)), Play(parted(meet=False)).do("a").do("after")

    assert taken_over(both, parted(meet=True)).do("a").do("b").open() == ["after"]
    with pytest.raises(BranchMissing) as refused:
        taken_over(one, parted(meet=True))
    assert refused.value.places == {"element": "last", "branch": Text("a", "a")}


def test_a_branch_that_is_gone_cannot_be_mapped_onto_another_where_one_would_be_left_over() -> None:
    play = Play(fork("a", "b", "c").program())

    with pytest.raises(BranchTwice) as refused:
        taken_over(play, fork("a", "b").program(), c="a")

    assert refused.value.places == {"element": "join", "branch": Text("a", "a")}


def test_a_case_that_waited_for_ever_before_is_no_worse_off_on_another_version() -> None:
    def broken(*behind: str) -> Program:
        drawing = Drawing("p").start().choice("which").fork("join").task("a", "b", *behind).end("ended")
        drawing.path("began", "which").flow("which", "a", default=True).flow("which", "b", "x == 2")
        return drawing.path("a", "join", *behind, "ended").path("b", "join").program(variables=["x"])

    play = taken_over(Play(broken("c"), x=2), broken("c", "d"))

    assert play.open() == ["b"]
    assert play.do("b").open() == []


def test_a_branch_that_arrived_on_a_way_that_is_gone_keeps_its_case_back() -> None:
    with pytest.raises(WayGone) as refused:
        taken_over(Play(fork("a", "b", "c").program()).do("a"), fork("b", "c").program())

    assert refused.value.places == {"element": "join"}


def test_both_branches_keep_what_they_changed() -> None:
    names = ["x", "y"]
    play = Play(fork("a", "b").program(variables=names)).do("a", x=1)
    play = taken_over(play, fork("a", "b", behind="then").program(variables=names)).do("b", y=2)

    assert (play.data["x"], play.data["y"]) == (1, 2)


# -------------------------------------------------------------------------------------------------- boundaries


def guarded(*boundaries: tuple[str, str], interrupting: bool = True) -> Drawing:
    drawing = line("ask").task("late")
    drawing.path("late", "ended")
    for key, event in boundaries:
        drawing.boundary(key, "ask", event, interrupting=interrupting).flow(key, "late")
    return drawing


SOON, CALLED = ("soon", duration('"P2D"')), ("called", message("hurry"))


def test_a_boundary_that_is_added_begins_to_wait() -> None:
    play = taken_over(Play(line("ask").program()), guarded(SOON).program())

    assert play.events() == ["soon"]
    assert play.time("soon").open() == ["late"]


def test_a_boundary_beside_another_begins_to_wait_and_the_other_keeps_waiting() -> None:
    play = Play(guarded(SOON).program())
    before = play.one("timer", "soon").token

    play = taken_over(play, guarded(CALLED, SOON).program())

    assert play.events() == ["called", "soon"]
    assert play.one("timer", "soon").token == before
    assert play.hear("hurry") == 1
    assert play.open() == ["late"]


def test_a_boundary_that_is_gone_waits_no_more() -> None:
    play = taken_over(Play(guarded(SOON, CALLED).program()), guarded(CALLED).program())

    assert play.events() == ["called"]


def test_a_step_that_loses_its_last_boundary_is_completed_as_any_other() -> None:
    play = taken_over(Play(guarded(SOON).program()), line("ask", "pack").program())

    assert play.events() == []
    assert play.do("ask").open() == ["pack"]


def test_a_reminder_that_was_sent_is_not_sent_again() -> None:
    play = Play(guarded(SOON, interrupting=False).program()).time("soon")

    play = taken_over(play, guarded(SOON, CALLED, interrupting=False).program())

    assert (play.open(), play.events()) == (["ask", "late"], ["called"])


# ---------------------------------------------------------------------------------------------------- inside


def outer(*inside: str, after: str = "after") -> Drawing:
    drawing = Drawing("p").start().task(after).end("ended")
    inner = Drawing("inner").start("in").task(*inside).end("out").path("in", *inside, "out")
    drawing.inside("sub", inner)
    return drawing.path("began", "sub", after, "ended")


def test_a_case_inside_a_sub_process_stays_inside() -> None:
    play = taken_over(Play(outer("a", "b").program()), outer("a", "b", "c").program())

    assert play.do("a").do("b").do("c").open() == ["after"]


def test_a_called_process_goes_on_in_its_new_form() -> None:
    def calling(*steps: str) -> Program:
        drawing = Drawing("p").start().call("call", "called").end("ended").path("began", "call", "ended")
        inner = Drawing("called").start("in").task(*steps).end("out").path("in", *steps, "out")
        return drawing.program(inner)

    assert taken_over(Play(calling("a")), calling("a", "b")).do("a").open() == ["b"]


def test_a_case_in_the_middle_of_a_called_process_cannot_be_in_another() -> None:
    def calling(called: str) -> Program:
        drawing = Drawing("p").start().call("call", called).end("ended").path("began", "call", "ended")
        return drawing.program(Drawing(called).start("in").task("a").end("out").path("in", "a", "out"))

    with pytest.raises(CallsAnother) as refused:
        taken_over(Play(calling("one")), calling("other"))

    assert refused.value.places == {"element": "call"}


@pytest.mark.parametrize("one_by_one", [True, False])
def test_the_rest_of_a_list_is_worked_off(one_by_one: bool) -> None:
    def many(*behind: str) -> Program:
        drawing = Drawing("p").start().task("visit", many=each("3", one_by_one=one_by_one)).task(*behind)
        return drawing.end("ended").path("began", "visit", *behind, "ended").program()

    play = taken_over(Play(many("a")).do("visit"), many("b", "a"))

    assert play.do("visit").do("visit").open() == ["b"]


# ---------------------------------------------------------------------------------------------------- events


def either(*events: str) -> Program:
    drawing = Drawing("p").start().first_of("which").end("ended").path("began", "which")
    kinds = {"soon": duration('"P2D"'), "late": duration('"P9D"'), "told": message("told")}
    for key in events:
        drawing.catch(key, kinds[key]).task(f"{key}_done").path("which", key, f"{key}_done", "ended")
    return drawing.program()


def test_the_alternatives_of_an_event_gateway_may_stand_in_another_order() -> None:
    play = Play(either("soon", "late"))
    due = {each.element: each.due for each in play.run.waiting()}

    play = taken_over(play, either("told", "late", "soon"))

    assert {each.element: each.due for each in play.run.waiting() if each.kind == "timer"} == due
    assert play.time("late").open() == ["late_done"]


def test_where_an_alternative_waits_now_is_told_so_that_its_moment_stays() -> None:
    play = Play(either("soon", "late"))
    tokens = {each.element: each.token for each in play.run.waiting()}

    done = transplant(play.run.dump(), play.program, either("late", "soon"), {})

    assert set(done.renamed) == set(tokens.values())
    assert done.renamed[tokens["soon"]] == tokens["late"]


def test_a_cycle_keeps_the_rounds_that_are_left() -> None:
    def reminded(*behind: str) -> Program:
        drawing = (
            line("ask", *behind)
            .script("remind", "n = 1")
            .boundary("every", "ask", cycle('"R3/PT1H"'), interrupting=False)
        )
        return drawing.end("over").path("every", "remind", "over").program(variables=["n"])

    play = taken_over(Play(reminded()).time("every"), reminded("pack"))

    assert play.one("timer", "every").due == "R2/PT1H"


def test_a_connector_that_was_asked_may_answer() -> None:
    def buying(*behind: str) -> Program:
        drawing = Drawing("p").start().service("buy", connector="shop", operation="buy", output="got")
        return (
            drawing.task(*behind)
            .end("ended")
            .path("began", "buy", *behind, "ended")
            .program(variables=["got"])
        )

    play = taken_over(Play(buying("a")), buying("b", "a"))

    assert play.answer("buy", price=7).open() == ["b"]
    assert play.data["got"] == {"price": 7}


@pytest.mark.parametrize("state", [b"", b"{}", b"[]", b"null", b'{"v": 99}', b"\xff"])
def test_what_is_no_state_is_refused(state: bytes) -> None:
    program = line("a").program()

    with pytest.raises(BrokenState):
        transplant(state, program, program, {})


# --------------------------------------------------------------------------------------------------- at random


def _step(play: Play, dice: random.Random) -> None:
    waiting = play.run.waiting()
    chosen = dice.choice(waiting)
    answers: dict[str, Any] = {name: dice.randrange(5) for name in random_processes.VARIABLES}
    {
        "task": lambda: play.run.complete(chosen.token, answers),
        "timer": lambda: play.run.fire(chosen.token),
        "message": lambda: play.run.send(chosen.name or "", {}, token=chosen.token),
    }[chosen.kind]()
    play._after()


def _seen(play: Play) -> tuple[Any, ...]:
    return sorted((each.kind, each.element, each.token) for each in play.run.waiting()), play.ended, play.data


@pytest.mark.parametrize("chunk", range(4))
def test_a_case_taken_over_at_any_moment_goes_on_as_if_nothing_had_happened(chunk: int) -> None:
    for seed in range(chunk * 25, chunk * 25 + 25):
        drawing, called = random_processes.process(seed)
        old, new = (
            drawing.program(*called, variables=random_processes.VARIABLES),
            drawing.program(*called, variables=random_processes.VARIABLES),
        )
        dice = random.Random(seed)
        start = {name: dice.randrange(5) for name in random_processes.VARIABLES}
        stays, goes = Play(old, **start), Play(old, **start)
        goes.run = type(goes.run).load(old, stays.run.dump(), facts=dict)
        for moment in range(25):
            if stays.ended:
                break
            state = dice.getstate()
            _step(stays, dice)
            dice.setstate(state)
            _step(goes, dice)
            goes = taken_over(goes, new if moment % 2 else old)
            assert _seen(goes) == _seen(stays), f"seed {seed}, moment {moment}"
            assert orjson.loads(goes.run.dump())["top"] == orjson.loads(stays.run.dump())["top"]
