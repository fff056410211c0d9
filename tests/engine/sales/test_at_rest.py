"""A case that rests keeps nobody to a time: clocks of its promises stand, and run again with the work time that was left."""

from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.notices import Notice
from engine.people import Department, Person
from engine.process import operating, resting
from engine.process.advancing import Unreadable
from engine.process.instances import Instance
from engine.sales import alarms, conversation, promises
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.hand_offs import HOUR, agree, asked, at, its_task, told
from tests.engine.sales.requests import inside, promised, sold

STEPS = [{"after": "P0D", "who": "consumer_head", "how": "notice"}]


@pytest.fixture
def promise(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, anna: Person
) -> Promise:
    """Asked on Monday at 10: an answer by 14, the draft by Thursday at 10."""
    agree(session, departments, clara, borys, steps=STEPS)
    return asked(session, anna)[1]


def rest(session: Session, promise: Promise, adam: Person, now: datetime) -> None:
    operating.suspend(session, _case(session, promise), "Awaria", by=adam, now=now)


def go_on(session: Session, promise: Promise, adam: Person, now: datetime) -> None:
    operating.resume(session, _case(session, promise), "Naprawione", by=adam, now=now)


def _case(session: Session, promise: Promise) -> Instance:
    return session.get_one(Instance, promise.instance_id)


def counts(session: Session, now: datetime) -> dict[str, int]:
    """How the promises of the house count at a moment."""
    clauses = {"broken": promises.broken(now), "pending": promises.pending(now)}
    row = session.execute(select(*(func.count().filter(each) for each in clauses.values()))).one()
    return dict(zip(clauses, row, strict=True))


def test_no_promise_breaks_by_time_while_its_case_rests(
    session: Session, promise: Promise, adam: Person
) -> None:
    rest(session, promise, adam, MONDAY + HOUR)

    assert counts(session, at(30, 12)) == {"broken": 0, "pending": 1}
    assert alarms.work_due(session, now=at(30, 12)) == 0
    assert (promise.state, promise.due_at, its_task(session, promise).due_at) == ("requested", None, None)


def test_a_case_that_goes_on_gives_back_the_work_time_that_was_left(
    session: Session, promise: Promise, adam: Person
) -> None:
    rest(session, promise, adam, at(16, 11))
    go_on(session, promise, adam, at(19, 15))

    assert promise.due_at == at(24, 14)  # 23 of 24 hours of work were left
    assert promise.respond_by == promise.answer_by == at(20, 10)  # 3 of 4
    assert (promise.alarm_at, its_task(session, promise).due_at) == (at(20, 10), at(24, 14))
    assert told(session, promise) == ["promise_paused", "promise_resumed"]


def test_both_sides_hear_that_the_clock_stands_and_of_the_new_date(
    session: Session, promise: Promise, adam: Person, anna: Person, borys: Person
) -> None:
    rest(session, promise, adam, at(16, 11))
    go_on(session, promise, adam, at(19, 15))

    for person in (anna, borys):
        mine = select(Notice).where(Notice.person_id == person.id).order_by(Notice.id.desc())
        last, before = session.scalars(mine.limit(2)).all()
        assert (before.kind, last.kind) == ("promise_paused", "promise_resumed")
        assert last.data["due_at"] == at(24, 14).isoformat()


def test_what_was_late_before_stays_late(session: Session, promise: Promise, adam: Person) -> None:
    due = promise.due_at
    rest(session, promise, adam, at(20, 12))
    assert counts(session, at(20, 13)) == {"broken": 1, "pending": 0}

    go_on(session, promise, adam, at(24, 12))
    assert promise.due_at == due
    assert alarms.work_due(session, now=at(24, 12)) == 1
    assert promise.steps_taken == 1


def test_nobody_accepts_by_silence_what_they_cannot_look_at(
    session: Session, promise: Promise, borys: Person, adam: Person
) -> None:
    conversation.deliver(session, promise, {}, by=borys, now=at(17, 10))
    rest(session, promise, adam, at(17, 12))
    assert alarms.work_due(session, now=at(25, 12)) == 0

    go_on(session, promise, adam, at(25, 12))
    assert (promise.accept_by, promise.alarm_at) == (at(27, 10), at(27, 10))
    assert promise.due_at == at(19, 10)  # it was delivered before, in time


def test_what_a_department_paused_stays_paused_when_the_case_goes_on(
    session: Session, promise: Promise, borys: Person, adam: Person
) -> None:
    conversation.promise(session, promise, by=borys, now=at(16, 11))
    conversation.pause(session, promise, "Czekamy na klienta", by=borys, now=at(16, 12))
    left = promise.left_seconds
    rest(session, promise, adam, at(16, 13))
    go_on(session, promise, adam, at(18, 13))

    assert (promise.state, promise.due_at, promise.left_seconds) == ("paused", None, left)
    conversation.resume(session, promise, by=borys, now=at(18, 14))
    assert promise.due_at is not None


def test_a_state_nobody_can_read_stops_the_clocks_too(session: Session, promise: Promise) -> None:
    broken = Unreadable(promise.instance_id, "zepsute")
    resting.quarantine(session, broken, now=at(16, 11))

    assert (promise.due_at, promise.left_seconds) == (None, 23 * 3600)


def test_a_client_waits_on_a_case_that_rests(
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    clara: Person,
    borys: Person,
    adam: Person,
) -> None:
    made = promised(session, sold(session, anna), agree(session, departments, clara, borys), anna)
    promise = inside(session, made)
    rest(session, promise, adam, at(17, 16))
    alarms.work_due(session, now=at(17, 16))
    assert (made.health, made.health_reason) == ("amber", "paused")

    go_on(session, promise, adam, at(18, 8))  # a night, in which nobody works
    alarms.work_due(session, now=at(18, 8))
    assert made.health is None

    rest(session, promise, adam, at(18, 9))
    go_on(session, promise, adam, at(18, 12))
    alarms.work_due(session, now=at(18, 12))
    assert (made.health, made.health_reason) == ("amber", "too_late")
