"""The forecast of a company adds up, keeps to what its viewer sees, and a past day's is the same today."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Membership, Person
from engine.sales.ladders import Move
from reports import foresight, ladders, queries
from tests.conftest import MONDAY
from tests.reports import company

NOW = MONDAY + timedelta(days=3)


@pytest.fixture
def _half_year(session: Session, departments: dict[str, Department], anna: Person, borys: Person) -> None:
    sellers = [(anna, departments["sales"]), (borys, departments["legal"])]
    company.half_year(session, sellers, [None], until=NOW)


def _foresee(session: Session, viewer: Person | None, **more: object) -> foresight.Foresight:
    scope = queries.scope(session, "sales", viewer=viewer, **more)  # type: ignore[arg-type]
    return foresight.foresee(session, scope, ladders.find(session, "sales"), 30, now=NOW)


@pytest.mark.usefixtures("_half_year")
def test_what_is_expected_is_the_sum_of_chances_and_never_more_than_there_is(session: Session) -> None:
    told = _foresee(session, None)

    assert told.whole.n == sum(each.n for _, each in told.stages) == len(told.lines)
    assert told.whole.won.value == pytest.approx(sum(line.outlook.chance for line in told.lines))
    assert told.whole.won_money.value == pytest.approx(
        sum(line.outlook.chance * line.money for line in told.lines)
    )
    for _, each in told.stages:
        assert 0 <= each.won.low <= each.won.value <= each.won.high <= each.n
    assert told.trial.is_enough


@pytest.mark.usefixtures("_half_year")
def test_a_seller_is_told_of_their_own_deals_and_learns_from_them_alone(
    session: Session, anna: Person, clara: Person, departments: dict[str, Department]
) -> None:
    clara.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()
    mine, whole = _foresee(session, anna), _foresee(session, clara)
    owned = set(session.scalars(select(Move.item).where(Move.owner_id == anna.id)))

    assert {line.item for line in mine.lines} < {line.item for line in whole.lines}
    assert {line.item for line in mine.lines} <= owned
    assert mine.known < whole.known


@pytest.mark.usefixtures("_half_year")
def test_the_forecast_of_a_past_day_is_the_same_today(session: Session) -> None:
    then = NOW - timedelta(days=20)
    today = _foresee(session, None, as_of=then)
    later = session.scalars(select(Move).where(Move.recorded_at > then)).all()
    for move in later:
        session.delete(move)
    session.flush()
    scope = queries.scope(session, "sales", viewer=None, as_of=then)
    that_day = foresight.foresee(session, scope, ladders.find(session, "sales"), 30, now=then)

    assert later
    assert today.lines == that_day.lines
    assert today.trial == that_day.trial
