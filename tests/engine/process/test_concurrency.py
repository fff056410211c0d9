"""What happens at once: people, workers and clocks that meet on one database, and what each of them leaves behind."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.people import Department, Person
from engine.process import clock, instances, jobs, tasks
from engine.process.definitions import Definition
from engine.process.instances import Command, Instance
from engine.process.tasks import UserTask
from tests.conftest import MONDAY
from tests.engine.process.kit import (
    World,
    after,
    asks,
    diagram,
    end,
    fork,
    form,
    service,
    start,
    task,
    wait,
    way,
)

MANY = 20
"""As many at once as an office has people. The pool of connections is smaller: some wait for one."""

PATIENCE = 60
"""Seconds after which those who wait for each other have failed."""


@pytest.fixture(autouse=True)
def _slow(database: Engine) -> None:
    """Everybody hesitates between looking and acting: what can come between does."""

    @event.listens_for(database, "after_cursor_execute")
    def hesitate(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("SELECT"):
            sleep(0.002)


@pytest.fixture
def order(world: World, departments: dict[str, Department]) -> Definition:
    """Sales approves, then checks."""
    return world.deploy(
        diagram(
            "order",
            start(form="begin"),
            task("approve", form="approve"),
            task("check"),
            end(),
            way("begin", "approve", "check", "done"),
        ),
        form("begin", asks("client", "text")),
        form("approve", asks("amount", "integer", required=True)),
    )


def at_once(*acts: Callable[[Barrier], object]) -> list[object]:
    """Every act in a thread of its own; each waits at the barrier before it acts. What they answered, or refused with."""
    barrier = Barrier(len(acts), timeout=PATIENCE)

    def run(act: Callable[[Barrier], object]) -> object:
        try:
            return act(barrier)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as threads:
        answers = [threads.submit(run, act) for act in acts]
        return [each.result(PATIENCE) for each in answers]


def open_task(session: Session, instance_id: int, element: str) -> UserTask:
    query = select(UserTask).where(UserTask.instance_id == instance_id, UserTask.closed_at.is_(None))
    return session.scalars(query.where(UserTask.element == element)).one()


def completing(
    world: World,
    instance_id: int,
    element: str,
    person: Person | None = None,
    *,
    key: str | None = None,
    **raw: str,
) -> Callable[[Barrier], object]:
    """Somebody who opens the task, as all of them do, and completes it in the same moment as they."""

    def act(barrier: Barrier) -> object:
        with world.factory() as session:
            by = session.get_one(Person, person.id) if person else None
            seen = open_task(session, instance_id, element)
            session.commit()
            barrier.wait()
            instances.complete(session, seen, raw, by=by, now=MONDAY, key=key)
            session.commit()
        return "done"

    return act


def facts(world: World, instance_id: int) -> list[str]:
    """The history of an instance, whose numbers are whole."""
    seqs = world.seqs(instance_id)
    assert seqs == list(range(1, len(seqs) + 1))
    assert world.instance(instance_id).seq == len(seqs)
    return world.history(instance_id)


@pytest.mark.parametrize("_round", range(5))
def test_of_two_people_who_complete_a_task_one_wins_and_one_set_of_facts_stands(
    world: World, order: Definition, session: Session, anna: Person, clara: Person, _round: int
) -> None:
    alone, together = world.start(order), world.start(order)
    world.complete(alone, "approve", amount="1", by=anna)

    answers = at_once(
        completing(world, together, "approve", anna, amount="1"),
        completing(world, together, "approve", clara, amount="2"),
    )

    assert Counter(map(type, answers)) == {str: 1, tasks.AlreadyClosed: 1}
    assert facts(world, together) == facts(world, alone)
    assert world.open_(together) == ["check"]
    winner = (anna, clara)[answers.index("done")]
    assert [row.completed_by_id for row in world.rows(UserTask) if row.instance_id == together] == [
        winner.id,
        None,
    ]


@pytest.mark.parametrize("_round", range(5))
def test_of_two_people_who_take_a_task_one_has_it(
    world: World, order: Definition, anna: Person, clara: Person, _round: int
) -> None:
    id_ = world.start(order)

    def taking(person: Person) -> Callable[[Barrier], object]:
        def act(barrier: Barrier) -> object:
            with world.factory() as session:
                by, seen = session.get_one(Person, person.id), open_task(session, id_, "approve")
                session.commit()
                barrier.wait()
                tasks.claim(session, seen, by=by, now=MONDAY)
                session.commit()
            return "taken"

        return act

    answers = at_once(taking(anna), taking(clara))

    assert Counter(map(type, answers)) == {str: 1, tasks.AlreadyClaimed: 1}
    assert facts(world, id_).count("claimed approve") == 1
    assert world.rows(UserTask)[0].assignee_id == (anna, clara)[answers.index("taken")].id


def test_twenty_people_complete_twenty_tasks_of_one_case_and_none_is_lost(world: World) -> None:
    steps = [f"part_{number}" for number in range(MANY)]
    ways = [way("split", step, "join") for step in steps]
    project = world.deploy(
        diagram(
            "project",
            start(),
            fork("split"),
            *(task(step) for step in steps),
            fork("join"),
            task("sum_up"),
            end(),
            *ways,
            way("begin", "split"),
            way("join", "sum_up", "done"),
        )
    )
    id_ = world.start(project)

    answers = at_once(*(completing(world, id_, step) for step in steps))

    assert answers == ["done"] * MANY
    told = Counter(facts(world, id_))
    assert [step for step in steps if told[f"completed {step}"] != 1] == []
    assert (told["passed join"], told["opened sum_up"]) == (1, 1)
    assert world.open_(id_) == ["sum_up"]


@pytest.mark.parametrize("_round", range(5))
def test_a_completion_sent_twice_at_once_under_one_key_acts_once_and_answers_both(
    world: World, order: Definition, session: Session, anna: Person, _round: int
) -> None:
    alone, id_ = world.start(order), world.start(order)
    world.complete(alone, "approve", amount="1", by=anna)
    press = completing(world, id_, "approve", anna, key="press", amount="1")

    assert at_once(press, press, press) == ["done"] * 3
    assert facts(world, id_) == facts(world, alone)
    with world.looking() as mine:
        assert [each.key for each in mine.scalars(select(Command))] == ["press"]


@pytest.mark.parametrize("_round", range(5))
def test_a_start_sent_twice_at_once_under_one_key_starts_one_case_and_answers_both(
    world: World, order: Definition, session: Session, anna: Person, _round: int
) -> None:
    def press(barrier: Barrier) -> object:
        with world.factory() as mine:
            by = mine.get_one(Person, anna.id)
            mine.commit()
            barrier.wait()
            begun = instances.start(mine, order, {"client": "Mewa"}, by=by, now=MONDAY, key="press").id
            mine.commit()
        return begun

    answers = at_once(press, press, press)

    assert answers == [row.id for row in world.rows(Instance)] * 3
    assert world.open_(world.rows(Instance)[0].id) == ["approve"]
    assert facts(world, world.rows(Instance)[0].id).count("started begin") == 1


def test_two_workers_on_one_outbox_carry_out_each_job_once(world: World) -> None:
    call = world.deploy(
        diagram(
            "call",
            start(),
            service("ask", connector="shop", operation="price"),
            end(),
            way("begin", "ask", "done"),
        )
    )
    ids = [world.start(call) for _ in range(2 * MANY)]

    def working(barrier: Barrier) -> object:
        barrier.wait()
        return jobs.work(world.factory, now=world.now)

    tried = at_once(working, working)
    world.later(minutes=0)

    assert tried[0] > 0 or tried[1] > 0
    assert Counter(each.key for each in world.shop.asked) == {job.key: 1 for job in world.jobs()}
    assert [world.instance(id_).outcome for id_ in ids] == ["done"] * len(ids)
    assert all(facts(world, id_).count("answered ask") == 1 for id_ in ids)
    assert world.incidents() == []


def test_two_clocks_on_one_database_fire_each_timer_once(world: World) -> None:
    reminder = world.deploy(
        diagram("reminder", start(), wait("pause", "PT1H", clock="round"), task("call"), end(),
                way("begin", "pause", "call", "done"))
    )  # fmt: skip
    ids = [world.start(reminder) for _ in range(MANY)]
    world.now += timedelta(hours=2)

    def ticking(barrier: Barrier) -> object:
        barrier.wait()
        return clock.tick(world.factory, now=world.now)

    at_once(ticking, ticking)
    world.later(minutes=0)

    assert all(facts(world, id_).count("fired pause") == 1 for id_ in ids)
    assert [world.open_(id_) for id_ in ids] == [["call"]] * MANY
    assert world.timers() == []
    assert world.incidents() == []


@pytest.mark.parametrize("_round", range(5))
def test_of_a_completion_and_the_timer_that_would_end_the_task_one_happens(world: World, _round: int) -> None:
    urgent = world.deploy(
        diagram("urgent", start(), task("answer"), after("too_late", "answer", "PT1H"), end(), end("late"),
                way("begin", "answer", "done"), way("too_late", "late"))
    )  # fmt: skip
    id_ = world.start(urgent)
    world.now += timedelta(hours=2)

    def ticking(barrier: Barrier) -> object:
        barrier.wait()
        return clock.tick(world.factory, now=world.now)

    answer, _ = at_once(completing(world, id_, "answer"), ticking)
    world.later(minutes=0)

    told = Counter(facts(world, id_))
    in_time = answer == "done"
    assert in_time or isinstance(answer, tasks.AlreadyClosed)
    assert world.instance(id_).outcome == ("done" if in_time else "late")
    assert (told["completed answer"], told["fired too_late"]) == ((1, 0) if in_time else (0, 1))
    assert world.incidents() == []
