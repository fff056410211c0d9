"""Age costs nothing: after two thousand moves a case is as small and a command as short as after ten."""

import random
import sys
from collections.abc import Callable
from typing import Any

import pytest

from engine.process.runner import Run
from engine.process.spiff.refusals import StateTooLarge
from tests.bpmn.selling import BODIES, drop
from tests.bpmn.walk import Walk
from tests.engine.process.drawing import Drawing, duration, message
from tests.engine.process.patterns import scopes
from tests.engine.process.playing import Play

KILOBYTE = 1024


def calls_of(command: Callable[[], Any]) -> int:
    """How many functions a command calls: its cost, without a clock."""
    counted = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        command()
    finally:
        sys.setprofile(None)
    return counted


@pytest.mark.slow
def test_two_thousand_backward_moves_cost_the_same_at_any_age() -> None:
    hub = scopes.PATTERNS["the stage hub"]
    play = Play(hub.drawing.program(*hub.called, variables=["to"]), to=3)
    cost, sizes = [], []
    for number in range(2000):
        assert play.open() == [f"work_{3 - number % 3}"]
        target = 2 - number % 3 or 3
        cost.append(calls_of(lambda target=target: play.hear("move", to=target)))  # type: ignore[misc]
        sizes.append(play.size)
        play.history.clear()

    assert max(cost[1900:]) <= 1.02 * max(cost[10:110])
    assert max(sizes[1900:]) <= max(sizes[10:110]) + 48  # the numbers of tokens grow
    assert max(sizes) <= KILOBYTE
    play.do(play.open()[0])
    play.do(play.open()[0]).do("decide", to=9)
    assert play.ended


def test_open_notices_weigh_but_finished_ones_do_not() -> None:
    drawn = Drawing("p").start().task("work", "notice").end("ended", "noticed")
    drawn.boundary("told", "work", message("told"), interrupting=False).path("told", "notice", "noticed")
    play = Play(drawn.path("began", "work", "ended").program())
    empty, sizes = play.size, []
    for _ in range(100):
        play.hear("told")
        play.do("notice")
        sizes.append(play.size)

    assert max(sizes[50:]) <= max(sizes[:50]) + 16
    assert max(sizes) <= empty + 200
    for _ in range(20):
        play.hear("told")
    assert play.open().count("notice") == 20
    assert play.size <= 20 * 16 + empty + 200


def test_a_review_that_nobody_does_costs_a_few_bytes_however_often_its_stage_is_left() -> None:
    stage = Drawing("s").start("s_began").task("work").end("s_ended").path("s_began", "work", "s_ended")
    drawn = Drawing("deal").start().choice("enter").inside("stage", stage).task("review")
    drawn.end("ended", "reviewed").path("began", "enter", "stage", "ended")
    drawn.boundary("move", "stage", message("stage.move")).path("move", "enter")
    drawn.boundary("rots", "stage", duration('"P1D"'), interrupting=False).path("rots", "review", "reviewed")
    play = Play(drawn.program(variables=["next_stage", "notice_after", "director_after"]))
    sizes = []
    for number in range(120):
        play.time("rots")
        after = {"notice_after": f"P{number % 3}D", "director_after": f"P{number % 4}D"}
        play.hear("stage.move", next_stage=list(BODIES)[number % 6], **after)
        sizes.append(play.size)

    assert play.open().count("review") == 120
    assert (sizes[-1] - sizes[19]) / 100 <= 40
    assert sizes[-1] <= 5 * KILOBYTE


def test_the_shipped_long_sale_stays_under_six_kilobytes_at_any_age() -> None:
    deal, dice = Walk("sales_funnel").start("deal_opened"), random.Random(6)
    for _ in range(150):
        if dice.random() < 0.4:
            BODIES[deal.deal["stage"]](deal)
        drop(deal, dice.choice([stage for stage in BODIES if stage != deal.deal["stage"]]))
        for reminder in sorted({"stage_rots", "stage_rotten"} & set(deal.timers))[: dice.randint(0, 2)]:
            deal.fire(reminder)

    assert len(deal.states) > 500
    assert max(deal.states) <= 2 * KILOBYTE
    half = len(deal.states) // 2
    assert max(deal.states[half:]) <= max(deal.states[:half]) + 128


def test_a_case_that_would_remember_too_much_is_refused_in_words() -> None:
    drawn = Drawing("hoard").start().task("ask").end().path("began", "ask", "ended")
    run = Run.start(drawn.program(variables=["notes"]), {"notes": "x" * (17 * 2**20)}, facts=dict)

    with pytest.raises(StateTooLarge) as refused:
        run.dump()

    assert refused.value.places == {"size": 17, "most": 16}
