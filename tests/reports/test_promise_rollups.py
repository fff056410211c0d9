"""Roll-ups of promises: kept in the transaction of every change, the same as the rows, and rebuilt from them."""

from collections import Counter
from datetime import datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, update
from sqlalchemy.orm import Session

from engine.calendars import local_day
from engine.db import sessions
from engine.people import Department, Person
from engine.sales import conversation
from engine.sales.promises import Promise
from reports import promise_facts, promise_rollups
from reports.promise_facts import WHATS, Row
from reports.promise_rollups import PromiseDay
from tests.conftest import MONDAY
from tests.engine.sales.hand_offs import DAY, HOUR, agree, asked, at
from tests.reports.promising import opened, shaken


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_changed_in_whatever_order_the_roll_ups_are_the_sum_of_the_rows(
    session: Session, anna: Person, departments: dict[str, Department], seed: int
) -> None:
    dice = Random(seed)
    made = opened(session, anna, departments, dice, 6)
    for _ in range(60):
        step = dice.random()
        promise = dice.choice(made)
        if step < 0.1:
            session.expire(promise)
        elif step < 0.3:
            savepoint = session.begin_nested()
            shaken(promise, dice)
            session.flush()
            promise_rollups.settle(session)
            savepoint.rollback()
        elif step < 0.4:
            with session.begin_nested():
                shaken(promise, dice)
        elif step < 0.5:
            session.commit()
        elif step < 0.55:
            session.rollback()
            made = list(session.scalars(select(Promise)))
            made = made or opened(session, anna, departments, dice, 3)
        elif step < 0.7:
            session.flush()
            promise_rollups.follow(session, None)
        else:
            shaken(promise, dice)
    session.commit()

    assert _brute(session) == _rolled(session)
    assert promise_rollups.compare(session) == []
    rows = _rolled(session)
    promise_rollups.rebuild(session)
    assert _rolled(session) == rows


@pytest.mark.parametrize("seed", range(3))
def test_sql_and_the_row_agree_on_every_fact_and_its_moment(
    session: Session, anna: Person, departments: dict[str, Department], seed: int
) -> None:
    dice = Random(seed)
    for promise in opened(session, anna, departments, dice, 25):
        shaken(promise, dice)
    session.flush()

    for what in WHATS.values():
        rows = session.execute(select(*promise_facts.COLUMNS).order_by(Promise.id))
        by_row = [what.at(row) for row in map(Row._make, rows) if what.has(row) and what.at(row)]
        query = select(what.moment).where(what.clause, what.moment.is_not(None)).order_by(Promise.id)
        assert list(session.scalars(query)) == by_row


def test_a_promise_kept_after_a_return_and_a_late_acceptance(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clara: Person
) -> None:
    agree(session, departments, clara, borys)
    _, promise = asked(session, anna)
    conversation.give_back(session, promise, ["Zakres"], by=borys, now=MONDAY + HOUR)
    conversation.bring(session, promise, by=anna, now=MONDAY + 2 * HOUR)
    conversation.promise(session, promise, by=borys, now=MONDAY + 3 * HOUR)
    conversation.deliver(session, promise, {}, by=borys, now=at(18, 10))
    conversation.accept(session, promise, by=anna, now=at(23, 10))
    session.commit()

    assert _facts_told(session) == {
        ("2026-11-16", "requested"): 1,
        ("2026-11-16", "returned"): 1,
        ("2026-11-16", "promised_in_time"): 1,
        ("2026-11-23", "kept_first"): 1,
        ("2026-11-23", "accepted_first_try"): 1,
        ("2026-11-23", "accepted_late"): 1,
    }
    (time,) = session.scalars(select(PromiseDay).where(PromiseDay.timed)).all()
    assert promise.work_seconds == 14 * 3600  # Monday 12 to 16, Tuesday, Wednesday 8 to 10
    assert promise.work_seconds <= promise_facts.longest(time.bucket) < promise.work_seconds * 1.05


def test_silence_is_late_and_a_second_try_is_no_first_one(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clara: Person
) -> None:
    agree(session, departments, clara, borys)
    _, promise = asked(session, anna)
    conversation.promise(session, promise, by=borys, now=MONDAY + 5 * HOUR)
    conversation.deliver(session, promise, {}, by=borys, now=at(17, 10))
    conversation.reject(session, promise, "Bez podpisu", by=anna, now=at(17, 12))
    conversation.deliver(session, promise, {}, by=borys, now=at(18, 10))
    conversation.accept(session, promise, by=None, now=at(20, 10))
    session.commit()

    told = {what for _, what in _facts_told(session)}
    assert told == {"requested", "ready_first", "promised_late", "kept_first", "accepted_late"}


def test_what_was_deleted_or_rolled_back_is_in_no_roll_up(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    dice = Random(1)
    for _ in range(2):
        opened(session, anna, departments, dice, 2)
        session.rollback()
    for place, promise in enumerate(opened(session, anna, departments, dice, 3)):
        promise.answered_at = MONDAY
        session.flush()
        if place:
            session.delete(promise)
    session.commit()

    assert session.scalar(select(func.sum(PromiseDay.requested))) == 1
    assert promise_rollups.compare(session) == []


def test_the_comparison_finds_what_is_wrong_in_either_direction(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    (promise,) = opened(session, anna, departments, Random(2), 1)
    promise.answered_at, promise.returns = MONDAY, 1
    session.commit()
    session.execute(update(PromiseDay).values(requested=5))
    ghost = dict.fromkeys(promise_rollups.NAMES, 0) | {"waived": 1, "agreement_id": 9, "bucket": 0}
    session.add(PromiseDay(day=local_day(MONDAY), timed=False, provider_id=0, consumer_id=0, **ghost))

    found = {(what, mine, its) for _, what, mine, its in promise_rollups.compare(session)}

    assert found == {("requested", 5, 1), ("waived", 1, 0)}
    promise_rollups.rebuild(session)
    assert promise_rollups.compare(session) == []


def test_a_change_costs_one_statement_and_a_change_of_nothing_counted_none(
    session: Session, anna: Person, departments: dict[str, Department], database: Engine
) -> None:
    (promise,) = opened(session, anna, departments, Random(3), 1)
    said: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *call: said.append(call[2]))

    def cost() -> int:
        session.flush()
        said.clear()
        promise_rollups.follow(session, None)
        return len(said)

    assert cost() == 0
    promise.answered_at = MONDAY
    assert cost() == 1
    promise.state = "promised"
    assert cost() == 0
    promise.outcome, promise.closed_at, promise.work_seconds = "kept", MONDAY + DAY, 3600
    assert cost() == 1


def test_two_sessions_add_to_the_same_row(
    session: Session, anna: Person, departments: dict[str, Department], database: Engine
) -> None:
    made = opened(session, anna, departments, Random(4), 2)
    for promise in made:
        promise.provider_id, promise.consumer_id = None, None
    session.commit()
    for promise in made:
        with sessions(database)() as other:
            found = other.get_one(Promise, promise.id)
            found.outcome, found.closed_at = "waived", MONDAY
            other.commit()

    session.expire_all()
    assert session.scalar(select(func.sum(PromiseDay.waived))) == 2
    assert promise_rollups.compare(session) == []


def _facts_told(session: Session) -> dict[tuple[str, str], int]:
    found = {}
    for row in session.scalars(select(PromiseDay)):
        for what in WHATS:
            if getattr(row, what):
                found[row.day.isoformat(), what] = getattr(row, what)
    return found


def _brute(session: Session) -> Counter[tuple[Any, ...]]:
    """Every promise's facts, said in plain words beside the product's own."""
    found: Counter[tuple[Any, ...]] = Counter()
    session.expire_all()
    for each in session.scalars(select(Promise)):
        who = (each.agreement_id or 0, each.provider_id or 0, each.consumer_id or 0)
        for what, moment in _plainly(each):
            found[*who, local_day(moment).isoformat(), what] += 1
    return found


def _plainly(each: Promise) -> list[tuple[str, datetime]]:
    asked_at, closed = each.requested_at, each.closed_at
    became = any((each.returns, each.answered_at, each.delivered_at, closed))
    told = [("requested", asked_at)] if became else []
    if became and each.agreement_id is None:
        told.append(("unagreed", asked_at))
    if each.returns:
        told.append(("returned", asked_at))
    elif each.answered_at or each.delivered_at:
        told.append(("ready_first", asked_at))
    if each.answer_by:
        answer = each.answered_at or each.delivered_at
        if answer:
            told.append(("promised_in_time" if answer <= each.answer_by else "promised_late", answer))
        elif closed and closed > each.answer_by:
            told.append(("promised_late", closed))
    if closed is None:
        return told
    if each.outcome == "kept":
        told.append(("kept_renegotiated" if each.manner == "renegotiated" else "kept_first", closed))
    if each.outcome == "broken":
        told.append(("broken_quality" if each.manner == "quality" else "broken_late", closed))
    if each.outcome in ("kept", "broken"):
        if each.rework == 0:
            told.append(("accepted_first_try", closed))
        if each.late_answers:
            told.append(("accepted_late", closed))
        elif each.timed_answers:
            told.append(("accepted_in_window", closed))
    if each.outcome in ("waived", "cancelled"):
        told.append((each.outcome, closed))
    return told


def _rolled(session: Session) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    session.expire_all()
    for row in session.scalars(select(PromiseDay)):
        for what in WHATS:
            if getattr(row, what):
                found[row.agreement_id, row.provider_id, row.consumer_id, row.day.isoformat(), what] += (
                    getattr(row, what)
                )
    return found
