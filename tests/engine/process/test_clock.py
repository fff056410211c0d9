"""Timers: each fires once, at its time, whatever stood still meanwhile; a broken case stops nobody else."""

import multiprocessing
import threading
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event, func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.db import opened, sessions
from engine.history import Event
from engine.people import Department, Person, SpecialDay
from engine.ports import Wiring
from engine.process import clock, incidents, instances, jobs, subscriptions
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
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

    assert clock.tick(world.factory, now=world.now, limit=20, seconds=60) == 20
    assert clock.tick(world.factory, now=world.now, limit=20, seconds=60) == 10
    assert clock.tick(world.factory, now=world.now, limit=20, seconds=60) == 0
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

    assert clock.tick(world.factory, now=MONDAY + timedelta(hours=1), limit=200, seconds=60) == 200

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


# ------------------------------------------------------------------------------------------------ the calendar


def test_a_timer_keeps_the_calendar_of_the_department_in_whose_lane_it_stands(
    world: World, session: Session, departments: dict[str, Department]
) -> None:
    departments["board"].special_days = [SpecialDay(day=date(2026, 11, 17), opens=8 * 60, closes=9 * 60)]
    departments["sales"].special_days = [SpecialDay(day=date(2026, 11, 18))]
    session.commit()
    slow = world.deploy(
        diagram(
            "slow",
            start(),
            wait("pause", "P3D"),
            task("call", due="PT8H"),
            end(),
            way("begin", "pause", "call", "done"),
        )
    )

    id_ = world.start(slow)  # on Monday at 10:00 in Warsaw

    assert world.timers()[0].due_at == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    world.now = datetime(2026, 11, 16, 14, 0, tzinfo=UTC)
    with world.factory.begin() as mine:
        mine.get_one(Subscription, world.timers()[0].id).due_at = world.now
    clock.settle(world.factory, now=world.now)
    (call,) = world.rows(UserTask)
    assert (call.instance_id, call.due_at) == (id_, datetime(2026, 11, 19, 13, 0, tzinfo=UTC))


def test_a_change_of_clocks_moves_no_timer(world: World) -> None:
    daily = diagram(
        "daily",
        start(),
        wait("pause", "P1D", clock="round"),
        task("call"),
        end(),
        way("begin", "pause", "call", "done"),
    )
    world.now = datetime(2026, 3, 28, 9, 0, tzinfo=UTC)  # Saturday, 10:00 in Warsaw

    world.start(world.deploy(daily))

    assert world.timers()[0].due_at == datetime(2026, 3, 29, 8, 0, tzinfo=UTC)  # 10:00 again


# ---------------------------------------------------------------------------------------------- due work, by index


def _many(
    world: World, definition: Definition, count: int, *, apart: timedelta = timedelta(seconds=1)
) -> list[int]:
    """So many cases that wait as one does, the later begun the earlier due: rows alone, for they all look the same."""
    first = world.start(definition)
    with world.factory.begin() as session:
        like, timer = session.get_one(Instance, first), session.scalars(select(Subscription)).one()
        names = ("definition_id", "process", "owner_id", "state", "started_at")
        row = {name: getattr(like, name) for name in names}
        session.execute(insert(Instance), [{**row, "title": "", "seq": like.seq} for _ in range(count - 1)])
        ids = list(session.scalars(select(Instance.id).order_by(Instance.id)))
        names = ("kind", "token", "diagram", "element")
        row = {name: getattr(timer, name) for name in names}
        due = timer.due_at
        session.execute(
            insert(Subscription),
            [{**row, "instance_id": id_, "due_at": due - n * apart} for n, id_ in enumerate(ids[1:], 1)],
        )
    return ids


def _fired(world: World) -> list[int]:
    """The cases whose timer has fired, in that order."""
    with world.looking() as session:
        fired = select(Event.instance_id).where(Event.kind == "fired").order_by(Event.id)
        return [id_ or 0 for id_ in session.scalars(fired)]


def test_due_work_is_found_by_index(world: World, reminder: Definition) -> None:
    _pile(world, world.start(reminder), MONDAY + timedelta(days=9))
    kind = world.engine.dialect.name
    dialect = sqlite.dialect() if kind == "sqlite" else postgresql.dialect()
    query = subscriptions.due(MONDAY).with_only_columns(Subscription.id).limit(200)
    said = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    with world.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        explain = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "EXPLAIN"
        plan = "\n".join(str(row) for row in connection.execute(text(f"{explain} {said}")))

    assert "ix_subscriptions_due" in plan
    assert "Seq Scan" not in plan
    assert not plan.startswith("SCAN")


def test_a_tick_says_two_statements_when_nothing_is_due_and_no_more_with_parked_cases(
    world: World, reminder: Definition
) -> None:
    id_ = world.start(reminder)
    _pile(world, id_, MONDAY)
    with world.factory.begin() as session:
        resting = session.get_one(Instance, id_)
        resting.suspended_at = MONDAY
        subscriptions.park(session, resting)
    said: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *a: said.append(a[2]))

    assert clock.tick(world.factory, now=MONDAY + timedelta(days=1)) == 0

    assert len([each for each in said if each.startswith("SELECT")]) == 2
    assert len(said) <= 3  # SQLite says BEGIN aloud


def test_a_timer_costs_the_same_statements_however_many_are_due(world: World, reminder: Definition) -> None:
    _many(world, reminder, 40)
    world.now += timedelta(hours=3)
    clock.tick(world.factory, now=world.now, limit=1)  # the first one loads the diagram
    said: list[str] = []
    event.listen(world.engine, "before_cursor_execute", lambda *a: said.append(a[2]))

    assert clock.tick(world.factory, now=world.now, limit=10, seconds=60) == 10

    assert len(said) <= 3 + 10 * 16, "\n".join(said[:30])


# ------------------------------------------------------------------------------------------------ cases that rest


def test_a_parked_timer_waits_and_comes_due_in_its_order_when_its_case_goes_on(
    world: World, reminder: Definition
) -> None:
    ids = _many(world, reminder, 3)
    with world.factory.begin() as session:
        for id_ in ids[:2]:
            subscriptions.park(session, session.get_one(Instance, id_))
            subscriptions.park(session, session.get_one(Instance, id_))
    world.later(hours=3)
    assert _fired(world) == ids[2:]

    with world.factory.begin() as session:
        assert [
            subscriptions.unpark(session, session.get_one(Instance, id_), now=world.now) for id_ in ids[:2]
        ] == [1, 1]
    clock.settle(world.factory, now=world.now)

    assert _fired(world) == [ids[2], ids[1], ids[0]]
    assert not world.timers()


def test_unparking_leaves_stopped_timers_stopped(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    with world.factory.begin() as session:
        stopped = session.scalars(select(Subscription)).one()
        stopped.due_at = None
        session.flush()
        subscriptions.park(session, session.get_one(Instance, id_))
        subscriptions.unpark(session, session.get_one(Instance, id_), now=MONDAY)

    assert [timer.due_at for timer in world.timers()] == [None]


def test_a_timer_made_due_while_its_case_rests_is_looked_at_once(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    with world.factory.begin() as session:
        session.get_one(Instance, id_).suspended_at = MONDAY

    world.later(hours=2)

    assert [timer.due_at for timer in world.timers()] == [None]
    assert world.timers()[0].parked_due_at == MONDAY + timedelta(hours=2)
    assert _fired(world) == []
    assert world.later(hours=2) == 0


# -------------------------------------------------------------------------------------------------- after downtime


def test_a_backlog_is_worked_off_by_due_time_in_shares(world: World, reminder: Definition) -> None:
    ids = _many(world, reminder, 12)
    world.now += timedelta(days=1)

    assert clock.tick(world.factory, now=world.now, limit=5, seconds=60) == 5
    assert clock.tick(world.factory, now=world.now, limit=5, seconds=0) == 1  # its time is over after one
    assert clock.tick(world.factory, now=world.now, seconds=60) == 6

    assert _fired(world) == ids[::-1]


def test_a_timer_whose_case_somebody_holds_is_left_for_the_next_tick(
    world: World, reminder: Definition
) -> None:
    if world.engine.dialect.name == "sqlite":
        pytest.skip("on SQLite whoever writes holds the whole database")
    held, free = world.start(reminder), world.start(reminder)
    world.now += timedelta(hours=2)

    with world.factory.begin() as session:
        session.get_one(Instance, held, with_for_update=True)
        begin = time.monotonic()
        assert clock.tick(world.factory, now=world.now) == 1
        assert time.monotonic() - begin < 5
    assert _fired(world) == [free]
    clock.tick(world.factory, now=world.now)

    assert _fired(world) == [free, held]
    assert world.incidents() == []


def test_a_timer_that_lost_its_race_does_nothing(world: World, reminder: Definition) -> None:
    id_ = world.start(reminder)
    (timer,) = world.timers()
    world.later(hours=2)
    before = world.history(id_)

    with world.factory.begin() as session:
        assert subscriptions.take(session, timer.id, now=world.now) is None
        assert instances.fire(session, timer, now=world.now) is None

    assert world.history(id_) == before


def _tick_until_done(url: str, now: datetime) -> None:
    """What a scheduler's process does, until nothing is left."""
    with opened(url) as engine:
        factory = sessions(engine, wiring=Wiring())
        while True:
            clock.tick(factory, now=now)
            with factory() as session:
                session.connection(execution_options={"reading": True})
                if session.scalar(select(func.count()).select_from(Subscription)) == 0:
                    return


def _two_schedulers(world: World, url: str, reminder: Definition, count: int) -> None:
    ids = _many(world, reminder, count, apart=timedelta(milliseconds=1))
    now = world.now + timedelta(days=1)
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=_tick_until_done, args=(url, now)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert [each.exitcode for each in both] == [0, 0]
    assert Counter(_fired(world)) == Counter(ids)
    assert Counter(task.instance_id for task in world.rows(UserTask)) == Counter(ids)
    assert world.timers() == []
    assert world.incidents() == []


@pytest.mark.slow
def test_two_schedulers_on_one_database_lose_nothing_and_do_nothing_twice(
    world: World, engine_url: str, reminder: Definition
) -> None:
    _two_schedulers(world, engine_url, reminder, 500)


@pytest.mark.long
def test_two_schedulers_work_off_ten_thousand(world: World, engine_url: str, reminder: Definition) -> None:
    _two_schedulers(world, engine_url, reminder, 10_000)


@pytest.mark.slow
def test_whoever_writes_during_a_backlog_does_not_wait_long(world: World, reminder: Definition) -> None:
    _many(world, reminder, 400)
    world.now += timedelta(days=1)
    ticking = threading.Thread(target=lambda: clock.tick(world.factory, now=world.now, limit=400, seconds=3))
    waited: list[float] = []

    ticking.start()
    while ticking.is_alive():
        begin = time.monotonic()
        world.start(reminder)
        waited.append(time.monotonic() - begin)
        time.sleep(0.02)
    ticking.join()

    assert len(waited) >= 3
    assert sorted(waited)[len(waited) * 9 // 10] < 1
