"""A hand-off task is a promise of its department: due as agreed, kept in time, broken once its time has passed."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person, SpecialDay
from engine.process.advancing import Happened
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import ladders, negotiating, promises
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.kit import kinds, plan, sale, task

DAY = timedelta(days=1)


@pytest.fixture
def deal(session: Session, anna: Person) -> Deal:
    """A deal of Anna's."""
    return sale(session, anna)


def handed(session: Session, deal: Deal, due: datetime | None = None) -> UserTask:
    instance = session.get_one(Instance, deal.instance_id)
    made = task(session, instance, audience="department:legal", handoff="H5", due=due)
    follow(session, deal, opened=[made])
    return made


def follow(
    session: Session,
    deal: Deal,
    *,
    opened: list[UserTask] | None = None,
    closed: list[UserTask] | None = None,
    by: Person | None = None,
    now: datetime = MONDAY,
) -> None:
    instance = session.get_one(Instance, deal.instance_id)
    done = closed[0] if closed and by else None
    if done is not None and by is not None:
        done.completed_by_id = by.id
    what = Happened(
        instance, plan(), "user", by, now, {}, {}, opened=opened or [], closed=closed or [], task=done
    )
    promises.follow(session, what)
    session.flush()


def only(session: Session) -> Promise:
    return session.scalars(select(Promise)).one()


def agree(session: Session, departments: dict[str, Department], clara: Person, borys: Person) -> None:
    sides = {"provider": departments["legal"], "consumer": departments["sales"]}
    terms = {"deliverable": "Projekt umowy", "deliver_time": "P3D", "target": 90}
    made = negotiating.draft(session, "Umowa", code="H5", terms=terms, by=clara, now=MONDAY, **sides)
    version = negotiating.propose(session, made, by=clara, now=MONDAY)
    negotiating.accept(session, version, by=borys, now=MONDAY)


def test_a_hand_off_is_promised_as_both_heads_signed(
    session: Session, deal: Deal, departments: dict[str, Department], clara: Person, borys: Person
) -> None:
    agree(session, departments, clara, borys)

    opened = handed(session, deal, due=MONDAY + 9 * DAY)

    promise = only(session)
    assert (promise.state, promise.due_at, opened.due_at) == ("promised", MONDAY + 3 * DAY, MONDAY + 3 * DAY)
    assert (promise.provider_id, promise.consumer_id) == (departments["legal"].id, departments["sales"].id)
    assert (promise.deal_id, promise.version_id is not None) == (deal.id, True)
    moves = session.scalars(ladders.moves(f"promise:{promise.id}")).all()
    assert [(move.kind, move.to_stage) for move in moves] == [("new", "requested"), ("forward", "promised")]


def test_a_promise_is_due_in_the_work_time_of_whoever_gave_it(
    session: Session, deal: Deal, departments: dict[str, Department], clara: Person, borys: Person
) -> None:
    agree(session, departments, clara, borys)
    departments["legal"].special_days = [SpecialDay(day=date(2026, 11, 17))]
    departments["sales"].special_days = [SpecialDay(day=date(2026, 11, 18))]
    departments["legal"].work_days = "1235"

    handed(session, deal)

    assert only(session).due_at == MONDAY + 7 * DAY  # Wednesday, Friday, Monday


def test_a_promise_is_at_risk_when_a_fifth_of_the_work_time_is_left(
    session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    friday, monday = MONDAY + 4 * DAY, MONDAY + 7 * DAY  # each at 10:00: eight hours of work
    promise = Promise(
        state="promised", requested_at=friday, due_at=monday, provider_id=departments["legal"].id
    )
    hour = timedelta(hours=1)

    def told(now: datetime) -> str:
        return promises.judge(session, now=now)(promise)

    assert told(friday + 2 * DAY) == "promised"  # a weekend puts nothing at risk
    assert [told(monday - 1.7 * hour), told(monday - 1.5 * hour)] == ["promised", "at_risk"]
    assert told(monday + hour) == "broken"


def test_without_an_agreement_the_task_says_when(
    session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    handed(session, deal, due=MONDAY + DAY)

    promise = only(session)
    assert (promise.agreement_id, promise.due_at) == (None, MONDAY + DAY)
    assert promise.provider_id == departments["legal"].id


def test_without_any_time_it_is_only_requested(session: Session, deal: Deal) -> None:
    handed(session, deal)

    assert only(session).state == "requested"


def test_delivered_in_time_is_kept(session: Session, deal: Deal, borys: Person) -> None:
    opened = handed(session, deal, due=MONDAY + DAY)

    follow(session, deal, closed=[opened], by=borys, now=MONDAY + DAY)

    promise = only(session)
    assert (promise.state, promise.outcome) == ("accepted", "kept")
    assert kinds(session.scalars(ladders.moves(f"promise:{promise.id}")).all())[-1] == "won"


def test_delivered_late_is_broken_by_its_provider(
    session: Session, deal: Deal, borys: Person, departments: dict[str, Department]
) -> None:
    opened = handed(session, deal, due=MONDAY + DAY)

    follow(session, deal, closed=[opened], by=borys, now=MONDAY + 2 * DAY)

    promise = only(session)
    last = session.scalars(ladders.moves(f"promise:{promise.id}")).all()[-1]
    assert (promise.state, promise.outcome) == ("accepted", "broken")
    assert (last.kind, last.causing_department_id) == ("lost", departments["legal"].id)


def test_a_task_the_process_took_away_is_nobodys_fault(session: Session, deal: Deal) -> None:
    opened = handed(session, deal, due=MONDAY + DAY)

    follow(session, deal, closed=[opened], now=MONDAY + 5 * DAY)

    assert only(session).outcome == "cancelled"


def test_an_open_promise_is_broken_the_moment_its_time_has_passed(session: Session, deal: Deal) -> None:
    handed(session, deal, due=MONDAY + DAY)

    def found(now: datetime) -> tuple[int, int]:
        which = promises.broken(now), promises.pending(now)
        broken, pending = (len(session.scalars(select(Promise).where(each)).all()) for each in which)
        return broken, pending

    assert found(MONDAY + DAY) == (0, 1)
    assert found(MONDAY + DAY + timedelta(seconds=1)) == (1, 0)


def test_counts_tell_kept_broken_and_pending_apart(session: Session, deal: Deal, borys: Person) -> None:
    for due in (1, 1, 9):
        opened = handed(session, deal, due=MONDAY + due * DAY)
        if due == 1:
            follow(session, deal, closed=[opened], by=borys, now=MONDAY + DAY)
    handed(session, deal, due=MONDAY + DAY)

    found = promises.counts(session, Promise.deal_id == deal.id, now=MONDAY + 2 * DAY)

    assert found == {None: {"kept": 2, "broken": 1, "pending": 1, "out": 0}}
