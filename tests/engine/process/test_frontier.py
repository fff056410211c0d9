"""The small state: nothing the future needs is lost, nothing else is kept, and what does not fit is refused."""

import random
from typing import Any

import orjson
import pytest
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from engine.process.runner import BrokenState, Run
from engine.process.spiff import values
from tests.engine.process import random_processes
from tests.engine.process.drawing import Drawing, duration, error, message, xml
from tests.engine.process.playing import Play

COMMANDS = 60


def deal() -> Drawing:
    """Work with a reminder, in a sub-process that a message interrupts."""
    stage = (
        Drawing("s")
        .start("s_began")
        .task("work", "notice")
        .end("s_ended", "noticed")
        .path("s_began", "work", "s_ended")
    )
    stage.boundary("rots", "work", duration('"P1D"'), interrupting=False).path("rots", "notice", "noticed")
    drawn = Drawing("deal").start().choice("enter").inside("stage", stage).task("decide").end()
    drawn.boundary("move", "stage", message("stage.move")).path("move", "enter")
    return drawn.path("began", "enter", "stage", "decide", "ended")


# ------------------------------------------------------------------------------- against running in memory


def play_at_random(play: Play, seed: int) -> list[Any]:
    """Complete tasks, fire timers, send messages as the dice fall; what was seen after each command."""
    dice, seen = random.Random(seed), []
    for number in range(COMMANDS):
        waiting = play.run.waiting()
        seen.append([(each.kind, each.element, each.due, dict(each.data)) for each in waiting])
        tasks = [each for each in waiting if each.kind == "task"]
        events = [each for each in waiting if each.kind != "task"]
        if not tasks:
            break
        if events and dice.random() < 0.25:
            event = dice.choice(events)
            if event.kind == "timer":
                play.run.fire(event.token)
                play._after()
            else:
                play.hear("anything", token=event.token if dice.random() < 0.5 else None, k1=number)
        else:
            task = dice.choice(tasks)
            play.run.complete(task.token, {f"k{number % 3}": number, "tick": number})
            play._after()
    told = [
        (step.what, step.diagram, step.element, step.token.split("-")[1], step.flow) for step in play.history
    ]
    return [*seen, told, play.ended, play.data]


def test_150_random_processes_do_the_same_dumped_and_loaded_as_in_memory() -> None:
    ended = 0
    for seed in range(150):
        drawing, called = random_processes.process(seed)
        program = drawing.program(*called, variables=random_processes.VARIABLES)
        begin = dict.fromkeys(random_processes.VARIABLES, 0)

        kept = play_at_random(Play(program, stored=False, **begin), seed)
        stored = play_at_random(Play(program, **begin), seed)

        assert stored == kept, f"seed {seed}"
        ended += stored[-2]
    assert ended > 75


def stock_at_random(bpmn: bytes, seed: int) -> list[Any]:
    """The same processes on plain SpiffWorkflow, in memory; only tasks are completed."""
    parser = BpmnParser()
    parser.add_bpmn_str(bpmn)
    workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
    workflow.get_next_task(spec_name="Start").data.update(dict.fromkeys(random_processes.VARIABLES, 0))
    workflow.do_engine_steps()
    dice, seen = random.Random(seed), []
    for number in range(COMMANDS):
        tasks = workflow.get_tasks(state=TaskState.READY, manual=True)
        seen.append(sorted(task.task_spec.bpmn_id for task in tasks))
        if not tasks:
            break
        chosen = dice.choice(seen[-1])
        task = next(task for task in tasks if task.task_spec.bpmn_id == chosen)
        task.data.update({f"k{number % 3}": number, "tick": number})
        task.run()
        workflow.do_engine_steps()
    return [*seen, workflow.is_completed()]


def ours_at_random(play: Play, seed: int) -> list[Any]:
    dice, seen = random.Random(seed), []
    for number in range(COMMANDS):
        seen.append(play.open())
        if not seen[-1]:
            break
        play.do(dice.choice(seen[-1]), **{f"k{number % 3}": number, "tick": number})
    return [*seen, play.ended]


def test_random_processes_open_the_same_tasks_as_plain_spiffworkflow() -> None:
    compared = 0
    for seed in range(150):
        drawing, called = random_processes.process(seed)
        if goes_round(drawing, *called):  # there plain SpiffWorkflow joins too early
            continue
        program = drawing.program(*called, variables=random_processes.VARIABLES)
        play = Play(program, **dict.fromkeys(random_processes.VARIABLES, 0))

        assert ours_at_random(play, seed) == stock_at_random(xml([drawing, *called]), seed), f"seed {seed}"
        compared += 1
    assert compared > 100


def goes_round(*drawings: Drawing) -> bool:
    return any("enter" in key for drawing in drawings for key in drawing.elements)


# --------------------------------------------------------------------------------------------------- small


def test_the_state_of_a_simple_loop_stays_under_a_kilobyte_whatever_its_age() -> None:
    drawn = Drawing("log").start().task("record").choice("more").end().path("began", "record", "more")
    drawn.flow("more", "record", "again").flow("more", "ended", default=True)
    play = Play(drawn.program(variables=["again", "note"]))
    sizes = {}
    for number in range(1, 401):
        play.do("record", again=True, note="call again")
        sizes[number] = (play.tokens, play.size)
        play.history.clear()

    assert sizes[400][0] == sizes[10][0] == 3
    assert sizes[400][1] <= sizes[10][1] * 1.1
    assert max(size for _, size in sizes.values()) <= 200


def test_a_long_run_of_steps_is_compacted_on_the_way() -> None:
    drawn = Drawing("count").start().choice("enter", "more").script("count", "n = n + 1").end()
    drawn.path("began", "enter", "count", "more").flow("more", "enter", "n < 600").flow(
        "more", "ended", default=True
    )
    most = 0

    class Watched(dict[int, Any]):
        def __setitem__(self, key: int, value: Any) -> None:
            nonlocal most
            super().__setitem__(key, value)
            most = max(most, len(self))

    program = drawn.program()
    run = Run(program, facts=dict, budget=2000, now=None)
    run._case.tasks = Watched()
    run._case.begin({"n": 0})
    run._go_on()

    assert run.ended
    assert run.data == {"n": 600}
    assert most < 250


def test_an_ended_case_keeps_its_data_and_nothing_else() -> None:
    play = Play(deal().program()).do("work").do("decide")

    assert play.ended
    assert play.tokens == 0
    assert play.size < 80


def test_what_a_token_shares_with_the_one_before_it_is_written_once() -> None:
    play = Play(deal().program(), long_text="x" * 1000)

    assert play.size < 2500  # once in the case, once in the sub-process


def test_a_value_that_only_looks_the_same_is_written() -> None:
    drawn = Drawing("p").start().task("a", "b").end().path("began", "a", "b", "ended")
    play = Play(drawn.program(variables=["x", "y"]), x=1, y={"z": [1, True]})

    play.do("a", x=True, y={"z": [1.0, 1]})

    assert repr(play.one("task", "b").data) == "{'x': True, 'y': {'z': [1.0, 1]}}"


def test_what_stands_at_several_tokens_is_written_once_and_still_belongs_to_each_alone() -> None:
    inner = Drawing("s").start("s_began").task("work").end("s_ended").path("s_began", "work", "s_ended")
    drawn = Drawing("p").start().fork("split").task("a").inside("sub", inner).end()
    drawn.path("began", "split", "a", "ended").path("split", "sub", "ended")
    notes = ["a rather long note that nobody wants to store twice"]
    play = Play(drawn.program(variables=["notes", "more"]), notes=notes, more={"n": 1})

    assert play.run.dump().count(b"rather long") == 1
    tokens = [token for scope in play.run._case.scopes() for token in scope.tasks.values()]
    assert all(token.data["notes"] == notes for token in tokens)
    assert len({id(token.data["notes"]) for token in tokens}) == len(tokens) > 3
    play.do("work", more={"n": 2})
    assert play.one("task", "a").data["more"] == {"n": 1}


def test_a_call_that_a_guards_event_led_to_is_not_inside_the_guarded_step() -> None:
    inner = Drawing("s").start("s_began").task("work").end("s_ended").path("s_began", "work", "s_ended")
    drawn = Drawing("p").start().inside("sub", inner).service("inform").task("mend").end("ended", "informed")
    drawn.boundary("told", "sub", message("told"), interrupting=False).path("told", "inform", "informed")
    drawn.boundary("failed", "sub", error()).path("failed", "mend", "ended").path("began", "sub", "ended")
    play = Play(drawn.program())
    play.hear("told")
    play.hear("told")

    assert play.fail("inform", "BROKEN") is None
    assert play.open() == ["inform", "inform", "work"]


# -------------------------------------------------------------------------------------------------- broken


def test_a_state_whose_step_is_gone_from_the_diagram_is_refused_by_name() -> None:
    state = Run.start(deal().program(), {}, facts=dict).dump()
    other = Drawing("deal").start().task("something_else").end().path("began", "something_else", "ended")

    with pytest.raises(BrokenState, match=r"\(enter\)|\(stage"):
        Run.load(other.program(), state, facts=dict)


def test_a_token_is_not_put_on_a_step_that_has_become_something_else() -> None:
    def drawn(kind: str) -> Drawing:
        return Drawing("p").start().node(kind, "work").end().path("began", "work", "ended")

    for before, after in (
        ("userTask", "serviceTask"),
        ("serviceTask", "userTask"),
        ("receiveTask", "userTask"),
    ):
        state = Run.start(drawn(before).program(), {}, facts=dict)
        if state.ended:
            continue
        with pytest.raises(BrokenState, match="work"):
            Run.load(drawn(after).program(), state.dump(), facts=dict)


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"null",
        b'{"v":3}',
        b'{"v":2}',
        b'{"v":1}',
        b'{"v":1,"p":"x","n":1,"top":{"t":[]}}',
        b'{"v":2,"p":"x","n":1,"w":["Start"],"top":[[],null]}',
        b'{"v":2,"p":"x","n":1,"w":["Start"],"top":[[[1,1,0,64]],0]}',
        b'{"v":2,"p":"x","n":1,"w":["Start"],"d":[0],"top":[[[1,0,0,64]],0]}',
        b'{"v":2,"p":"x","n":1,"w":["Start"],"top":[[[1,0,0,64,[0]]],0]}',
    ],
)
def test_an_unreadable_state_is_refused(state: bytes) -> None:
    with pytest.raises(BrokenState):
        Run.load(deal().program(), state, facts=dict)


def test_a_damaged_state_is_refused_or_loads_and_never_fails_otherwise() -> None:
    program = deal().program()
    whole = Run.start(program, {"n": 1}, facts=dict).dump()
    dice = random.Random(7)
    refused = 0
    for _ in range(400):
        damaged = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            damaged[dice.randrange(len(damaged))] = dice.choice(b'0123456789{}[]",:abcnull')
        try:
            Run.load(program, bytes(damaged), facts=dict)
        except BrokenState:
            refused += 1
    assert refused > 200


# -------------------------------------------------------------------------------------------------- merging


@pytest.mark.parametrize(
    ("base", "branches", "merged"),
    [
        ({}, [{"a": 1}, {"b": 2}], {"a": 1, "b": 2}),
        ({"a": 1}, [{"a": 2}, {"a": 1}], {"a": 2}),
        ({"a": 1}, [{"a": 1}, {"a": 2}], {"a": 2}),
        ({"a": 1}, [{"a": 2}, {"a": 3}], {"a": 3}),
        ({"a": 1}, [{}, {"a": 1}], {}),
        ({"a": [1]}, [{"a": [1, 2]}, {"a": [1, 3]}], {"a": [1, 2, 3]}),
        ({"a": [1]}, [{"a": [1, 2]}, {"a": [1, 2]}], {"a": [1, 2, 2]}),
        ({"a": [1]}, [{"a": []}, {"a": [1, 3]}], {"a": [1, 3]}),
        ({}, [{"a": [1]}, {"a": [1]}], {"a": [1]}),
        ({}, [{"a": {"x": 1}}, {"a": {"y": 2}}], {"a": {"x": 1, "y": 2}}),
        ({"a": {"x": 1}}, [{"a": {"x": 2}}, {"a": {"x": 1, "y": 2}}], {"a": {"x": 2, "y": 2}}),
        ({"a": 1}, [{"a": True}, {"a": 1}], {"a": True}),
    ],
)
def test_three_ways_merge_into_what_every_branch_changed(base: Any, branches: Any, merged: Any) -> None:
    assert orjson.dumps(values.three_way(base, branches)) == orjson.dumps(merged)


def fork_within_a_fork(*, joined: bool) -> Drawing:
    """A value is given before a second fork; all ways meet in one join, or only at the ends."""
    drawn = Drawing("p").start().fork("split", "again", "join").task("first", "a", "b", "c", "after").end()
    drawn.path("began", "split", "first", "again").path("join", "after", "ended").path("split", "c", "join")
    if joined:
        return drawn.path("again", "a", "join").path("again", "b", "join")
    drawn.end("ended_a", "ended_b")
    return drawn.path("again", "a", "ended_a").path("again", "b", "ended_b").path("again", "join")


@pytest.mark.parametrize("joined", [True, False])
@pytest.mark.parametrize("order", ["abc", "acb", "bac", "bca", "cab", "cba"])
def test_nobody_brings_back_what_was_there_before_a_later_parting(joined: bool, order: str) -> None:
    play = Play(fork_within_a_fork(joined=joined).program(variables=["x", "y"]), x="old")
    play.do("first", x="before the second fork")

    for branch in order:
        play.do(branch, **{"a": {"x": "changed by a"}, "b": {}, "c": {"y": 1}}[branch])
    play.do("after")

    assert play.ended
    assert play.data == {"x": "changed by a", "y": 1}


def test_ends_of_forks_within_forks_keep_what_each_of_them_changed() -> None:
    """Four ends meet; what one of a pair changed is not lost to the other, whatever the pair beside it does."""
    drawn = Drawing("p").start().fork("split", "left", "right").task("l", "r", "l1", "l2", "r1", "r2")
    drawn.end("e1", "e2", "e3", "e4").path("began", "split", "l", "left", "l1", "e1").path("left", "l2", "e2")
    drawn.path("split", "r", "right", "r1", "e3").path("right", "r2", "e4")
    program = drawn.program(variables=["x", "y"])
    for order in ("l1 r1 l2 r2", "r1 l1 r2 l2", "l1 l2 r1 r2", "l2 r1 r2 l1"):
        play = Play(program, x=0, y=0).do("l", x=1).do("r", y=1)
        for task in order.split():
            play.do(task, **{"l1": {"x": 2}, "r1": {"y": 2}}.get(task, {}))
        assert play.ended
        assert play.data == {"x": 2, "y": 2}, order


def test_a_token_before_an_inclusive_join_waits_for_what_the_one_before_it_may_bring() -> None:
    """Two tokens came on one way. When the first has gone round, its work may still come on the other way."""
    drawn = Drawing("p").start().fork("two").choice("enter", "more").some("join").task("work", "mend").end()
    drawn.path("began", "two", "enter", "work", "join", "more").path("two", "enter").path("mend", "join")
    drawn.boundary("broke", "work", message("broke")).path("broke", "mend")
    drawn.flow("more", "enter", "again").flow("more", "ended", default=True)
    play = Play(drawn.program(variables=["again"]))
    assert play.open() == ["work", "work"]

    assert play.do("work", again=True).open() == ["work"]  # the other work may break and be mended
    assert play.do("work", again=True).open() == ["work"]  # the first went round, the second waits for it
    play.hear("broke")
    assert play.open() == ["mend"]
    assert play.do("mend", again=False).ended
