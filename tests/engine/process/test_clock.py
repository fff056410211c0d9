"""Timers: each fires once, at its time, whatever stood still meanwhile; a broken case stops nobody else."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import clock, incidents, instances, jobs
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.subscriptions import Subscription
from tests.conftest import MONDAY
from tests.engine.process.kit import (
    World,
    after,
    choice,
    diagram,
    end,
    script,
    start,
    task,
    wait,
    way,
)


@pytest.fixture
def reminder(world: World) -> Definition:
    """Two hours of waiting, round the clock, then a call."""
    return world.deploy(
        diagram(
            "reminder",
            start(),
            wait("pause", "PT2H", clock="round"),
            task("call"),
            end(),
            way("begin", "pause", "call", "done"),
        )
    )


def test_a_timer_fires_at_its_time_and_once(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    assert [timer.due_at for timer in world.timers()] == [MONDAY + timedelta(hours=2)]

    assert world.later(hours=1, minutes=59) == 0
    assert world.later(minutes=1) == 1
    assert world.later(hours=5) == 0

    assert world.open_(id_) == ["call"]
    assert world.history(id_).count("fired pause") == 1
    assert world.timers() == []


def test_work_time_does_not_run_over_the_weekend(world: World) -> None:
    slow = world.deploy(
        diagram(
            "slow", start(), wait("pause", "PT4H"), task("call"), end(), way("begin", "pause", "call", "done")
        )
    )
    friday = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # 14:00 in Warsaw: two hours are left of the day
    world.now = friday

    world.start(slow)

    assert world.timers()[0].due_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_a_reminder_leaves_the_task_open_and_comes_once(world: World) -> None:
    patient = world.deploy(
        diagram(
            "patient",
            start(),
            task("answer"),
            after("remind", "answer", "PT1H", interrupting=False),
            task("nudge"),
            end(),
            end("nudged"),
            way("begin", "answer", "done"),
            way("remind", "nudge", "nudged"),
        )
    )
    id_ = world.start(patient)

    world.later(hours=1)
    world.later(hours=9)

    assert sorted(world.open_(id_)) == ["answer", "nudge"]
    world.complete(id_, "nudge")
    world.complete(id_, "answer")
    assert world.instance(id_).outcome == "done"


def test_a_task_done_in_time_takes_its_timer_with_it(world: World) -> None:
    urgent = world.deploy(
        diagram(
            "urgent",
            start(),
            task("answer"),
            after("too_late", "answer", "PT1H"),
            end(),
            end("late"),
            way("begin", "answer", "done"),
            way("too_late", "late"),
        )
    )
    id_ = world.start(urgent)

    world.complete(id_, "answer")

    assert world.timers() == []
    assert world.later(hours=2) == 0
    assert world.instance(id_).outcome == "done"


def test_of_two_clocks_one_fires_a_timer(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    world.now += timedelta(hours=2)
    both = threading.Barrier(2)

    def tick() -> None:
        both.wait()
        clock.tick(world.factory, now=world.now)

    threads = [threading.Thread(target=tick) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.history(id_).count("fired pause") == 1
    assert world.open_(id_) == ["call"]
    assert world.incidents() == []


def test_after_a_night_down_every_timer_fires_once(world: World, reminder: Definition) -> None:
    ids = [world.start(reminder) for _ in range(30)]
    world.now += timedelta(days=3)

    assert clock.tick(world.factory, now=world.now, limit=20) == 20
    assert clock.tick(world.factory, now=world.now, limit=20) == 10
    assert clock.tick(world.factory, now=world.now, limit=20) == 0
    assert all(world.history(id_).count("fired pause") == 1 for id_ in ids)


def test_ten_thousand_timers_that_are_not_due_are_not_touched(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    _pile(world, id_, MONDAY + timedelta(days=9))
    said: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *a: said.append(a[2]))

    assert clock.tick(world.factory, now=MONDAY + timedelta(hours=1)) == 0

    assert len([text for text in said if text.startswith("SELECT")]) == 2
    assert not [text for text in said if text.startswith(("UPDATE", "INSERT", "DELETE", "BEGIN IMMEDIATE"))]


def test_ten_thousand_overdue_timers_are_only_due_rows(world: World, reminder: Definition) -> None:
    """A tick takes its share and no more: it stays short however long the queue is."""
    id_ = world.start(reminder)
    with world.factory.begin() as session:
        instances.cancel(session, session.get_one(Instance, id_), "gone", by=None, now=MONDAY)
    _pile(world, id_, MONDAY)

    assert clock.tick(world.factory, now=MONDAY + timedelta(hours=1), limit=200) == 200

    assert len(world.timers()) == 9_800


def _pile(world: World, instance_id: int, due_at: datetime) -> None:
    row = {
        "instance_id": instance_id,
        "kind": "timer",
        "diagram": "reminder",
        "element": "pause",
        "due_at": due_at,
    }
    with world.factory.begin() as session:
        session.execute(insert(Subscription), [{**row, "token": f"x-{n}"} for n in range(10_000)])


def test_a_clock_set_back_fires_nothing_twice(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    world.later(hours=2)

    world.later(hours=-2)
    world.later(hours=2)

    assert world.history(id_).count("fired pause") == 1


@pytest.fixture
def endless(world: World) -> Definition:
    """After a pause it goes round for ever."""
    return world.deploy(
        diagram(
            "endless",
            start(),
            wait("pause", "PT2H", clock="round"),
            script("count", "n = 1"),
            choice("again", default="again_count"),
            end(),
            way("begin", "pause", "count", "again", "count"),
            way("again", "done", when="n > 1"),
        )
    )


def test_a_case_that_would_go_round_for_ever_waits_for_a_person(
    world: World, endless: Definition, reminder: Definition
) -> None:
    id_ = world.start(endless)
    before, other = world.instance(id_), world.start(reminder)

    world.later(hours=2)

    (incident,) = world.incidents()
    assert (incident.instance_id, incident.element, incident.code) == (id_, "pause", "StepBudget")
    assert "count" in incident.message or "again" in incident.message
    assert world.instance(id_).state == before.state
    assert "fired pause" not in world.history(id_)
    assert world.open_(other) == ["call"]
    assert world.later(hours=2) == 0


def test_a_stopped_timer_can_be_tried_again(
    world: World, endless: Definition, session: Session, anna: Person
) -> None:
    world.start(endless)
    world.later(hours=2)

    with world.factory.begin() as mine:
        jobs.retry(mine, mine.scalars(incidents.still_open()).one(), by=anna, now=world.now, reason="mended")
    assert [timer.due_at for timer in world.timers()] == [world.now]

    world.later(seconds=1)
    assert len(world.incidents()) == 2


def test_a_broken_state_stops_one_case_only(world: World, reminder: Definition) -> None:
    broken, sound = world.start(reminder), world.start(reminder)
    with world.factory.begin() as session:
        session.get_one(Instance, broken).state = b"nonsense"

    world.later(hours=2)

    assert [incident.instance_id for incident in world.incidents()] == [broken]
    assert world.open_(sound) == ["call"]


def test_a_timer_of_a_case_that_ended_is_forgotten(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    with world.factory.begin() as session:
        session.get_one(Instance, id_).ended_at = MONDAY

    assert world.later(hours=2) == 1

    assert world.timers() == []
    assert world.later(hours=2) == 0
