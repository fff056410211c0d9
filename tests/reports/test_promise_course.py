"""Promises over time: every number is as long as its list, for whoever looks, and periods add up to the window."""

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from reports import promise_course
from reports.periods import DAY, Period, spanning
from reports.promise_course import Course
from tests.conftest import MONDAY
from tests.engine.sales import kit
from tests.reports.promising import opened, shaken

NOW = MONDAY + timedelta(days=10)
WEEKS = spanning(MONDAY.date() - 28 * DAY, MONDAY.date() + 14 * DAY, "week")
NAMES = ("requested", "kept", "kept_first", "kept_renegotiated", "broken", "judged", "overdue", "cancelled")


def _length(session: Session, viewer: Person | None, what: str, period: Period, **more: int) -> int:
    query = promise_course.promises(viewer, what, period.start, period.end, now=NOW, **more)
    return session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _course(session: Session, viewer: Person | None) -> Course:
    return promise_course.course(session, viewer, WEEKS, now=NOW)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("who", ["anna", "borys", "clara", None])
def test_every_number_is_as_long_as_its_list(
    session: Session,
    anna: Person,
    borys: Person,
    clara: Person,
    departments: dict[str, Department],
    seed: int,
    who: str | None,
) -> None:
    dice = Random(seed)
    for promise in opened(session, anna, departments, dice, 40):
        shaken(promise, dice)
    session.commit()
    viewer = {"anna": anna, "borys": borys, "clara": clara}.get(who or "")
    told = _course(session, viewer)
    whole = Period(WEEKS[0].start, WEEKS[-1].end)
    for name in NAMES:
        assert [count.n(name) for _, count in told.periods] == [
            _length(session, viewer, name, week) for week in WEEKS
        ]
        assert told.whole.n(name) == _length(session, viewer, name, whole)
        for provider, count in told.providers:
            assert count.n(name) == _length(session, viewer, name, whole, provider=provider)
        for agreement, count in told.agreements:
            assert count.n(name) == _length(session, viewer, name, whole, agreement=agreement)


def test_a_broken_word_to_a_client_counts_where_it_was_caused(
    session: Session, anna: Person, borys: Person, departments: dict[str, Department]
) -> None:
    deal = kit.sale(session, anna)
    legal = departments["legal"].id
    for day, cause in ((0, legal), (1, legal), (8, None)):
        _broken(session, deal, anna, day, cause)
    session.commit()
    felt = dict(_course(session, anna).felt)

    assert felt == {legal: [0, 0, 0, 0, 2, 0], 0: [0, 0, 0, 0, 0, 1]}
    week = WEEKS[4]
    listed = session.scalars(promise_course.commitments(anna, week.start, week.end, cause=legal)).all()
    assert len(listed) == 2
    assert _course(session, borys).felt == []


def _broken(session: Session, deal: Deal, by: Person, day: int, cause: int | None) -> None:
    session.add(
        Commitment(
            deal_id=deal.id,
            instance_id=deal.instance_id,
            direction="we_to_client",
            text="Drawings by Friday",
            state="broken",
            created_at=MONDAY,
            created_by_id=by.id,
            closed_at=MONDAY + timedelta(days=day),
            caused_by_id=cause,
        )
    )
