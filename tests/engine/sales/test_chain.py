"""The chain: what we owe a client and Legal has to do; what Legal says reaches the seller before the client."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.calendars import Calendar
from engine.history import Event
from engine.notices import Notice
from engine.people import Department, Person
from engine.process import instances, tasks
from engine.process.instances import Instance
from engine.sales import alarms, chain, commitments, conversation, health
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.hand_offs import agree, at, its_task
from tests.engine.sales.requests import inside, promised, sold

FRIDAY = date(2026, 11, 27)
NEXT_TUESDAY = date(2026, 12, 1)


@pytest.fixture
def agreement(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> Agreement:
    """Legal drafts within three work days; Sales accepts."""
    return agree(session, departments, clara, borys)


@pytest.fixture
def deal(session: Session, agreement: Agreement, anna: Person) -> Deal:
    """Anna's."""
    return sold(session, anna)


def told_owner(session: Session, owner: Person) -> list[str]:
    query = select(Notice.kind).where(Notice.person_id == owner.id, Notice.kind.startswith("commitment"))
    return list(session.scalars(query.order_by(Notice.id)))


def facts(session: Session, commitment: Commitment) -> list[str]:
    query = select(Event.kind).where(Event.subject == f"commitment:{commitment.id}")
    return list(session.scalars(query.order_by(Event.id)))


# ------------------------------------------------------------------------------------------------ asking


def test_what_a_client_was_promised_is_asked_of_the_department_a_day_earlier(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, departments: dict[str, Department]
) -> None:
    made = promised(session, deal, agreement, anna)
    promise = inside(session, made)

    assert (promise.deal_id, promise.code, promise.state) == (deal.id, "H5", "requested")
    assert (promise.provider_id, promise.consumer_id) == (departments["legal"].id, departments["sales"].id)
    assert promise.due_at == promise.needed_at == at(26, 16)
    assert its_task(session, promise).audience == "department:legal"
    assert its_task(session, promise).due_at == at(26, 16)
    assert (made.health, made.agreement_id) == (None, agreement.id)


def test_a_reserve_is_what_the_agreement_says(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, anna: Person
) -> None:
    agreement = agree(session, departments, clara, borys, buffer="P2DT4H")
    deal = sold(session, anna)

    assert inside(session, promised(session, deal, agreement, anna)).due_at == at(25, 12)


def test_a_department_that_needs_the_reserve_is_amber_from_the_start_and_held_to_what_was_agreed(
    session: Session, deal: Deal, agreement: Agreement, anna: Person
) -> None:
    made = promised(session, deal, agreement, anna, day=19)

    assert inside(session, made).due_at == at(19, 10)
    assert (made.health, made.health_reason) == ("amber", "too_late")
    assert facts(session, made) == ["commitment_recorded", "commitment_amber"]


def test_a_day_that_cannot_be_met_is_refused_with_the_first_that_can_or_recorded_anyway(
    session: Session, deal: Deal, agreement: Agreement, anna: Person
) -> None:
    session.commit()
    with pytest.raises(chain.TooSoon) as refused:
        promised(session, deal, agreement, anna, day=17)

    assert (refused.value.field, refused.value.places["earliest"]) == ("anyway", date(2026, 11, 20))
    session.rollback()
    made = promised(session, deal, agreement, anna, day=17, anyway=True)
    assert made.health == "red"


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({"due_on": date(2026, 11, 15)}, commitments.DayPassed),
        ({"due_on": None}, commitments.DayNeeded),
        ({"direction": "client_to_us"}, commitments.NotOwedByUs),
        ({"text": " \n"}, commitments.NothingAgreed),
    ],
)
def test_what_makes_no_sense_is_refused_and_nobody_is_asked(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, wrong: dict[str, Any], refusal: type
) -> None:
    with pytest.raises(refusal):
        promised(session, deal, agreement, anna, **wrong)

    assert session.scalars(select(Promise)).all() == []


def test_nobody_asks_under_an_agreement_of_others(
    session: Session, deal: Deal, departments: dict[str, Department], anna: Person, agreement: Agreement
) -> None:
    deal.department_id = departments["legal"].id

    with pytest.raises(chain.NotOurAgreement):
        promised(session, deal, agreement, anna)


# ------------------------------------------------------------------------------------------------ what is said inside


def test_a_later_date_turns_it_amber_and_one_after_the_clients_day_red_before_anybody_tells_the_client(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made, later = promised(session, deal, agreement, anna), promised(session, deal, agreement, anna)
    conversation.counter(session, inside(session, made), at(27, 12), "Dużo", by=borys, now=at(17, 10))
    monday = at(30, 12)
    conversation.counter(session, inside(session, later), monday, "Urlop", by=borys, now=at(17, 11))

    assert (made.health, made.health_reason) == ("amber", "later_asked")
    assert (later.health, later.caused_by_id) == ("red", agreement.provider_id)
    assert told_owner(session, anna) == ["commitment_amber", "commitment_red"]


def test_a_returned_request_is_amber_until_it_is_brought(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    conversation.give_back(session, inside(session, made), ["Zakres"], by=borys, now=at(17, 10))
    before = made.health, made.health_reason
    conversation.bring(session, inside(session, made), by=anna, now=at(17, 12))

    assert before == ("amber", "returned")
    assert (made.health, inside(session, made).due_at) == (None, at(26, 16))
    assert facts(session, made)[-2:] == ["commitment_amber", "commitment_clear"]


def test_a_declined_one_is_amber(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    conversation.decline(session, inside(session, made), "Nie nasze", by=borys, now=at(17, 10))

    assert (made.health, made.health_reason) == ("amber", "declined")


def test_time_alone_turns_it_red(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    conversation.promise(session, inside(session, made), by=borys, now=MONDAY)
    alarms.work_due(session, now=at(26, 15))
    before = made.health
    alarms.work_due(session, now=at(26, 17))

    assert (before, made.health, made.health_reason) == (None, "red", "late")
    assert told_owner(session, anna) == ["commitment_red"]


def test_what_was_late_inside_and_in_time_for_the_client_was_saved_by_the_reserve(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    alarms.work_due(session, now=at(26, 17))
    alarms.work_due(session, now=at(26, 18))
    promise, morning = inside(session, made), at(27, 10)
    conversation.complete(session, its_task(session, promise), {"result": ["Gotowe"]}, by=borys, now=morning)
    conversation.accept(session, promise, by=anna, now=at(27, 11))

    assert (promise.outcome, made.health) == ("broken", None)
    assert "commitment_red" in facts(session, made)


# ------------------------------------------------------------------------------------------------ and to the client


def test_agreed_anew_with_the_client_the_date_asked_inside_is_consented_to(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    conversation.counter(session, inside(session, made), at(27, 12), "Dużo", by=borys, now=at(17, 10))
    offered = chain.earliest(session, made, now=at(17, 11))
    assert offered is not None

    new = commitments.renegotiate(session, made, due_on=offered, by=anna, now=at(17, 11))

    promise = inside(session, new)
    assert (offered, made.state, made.replaced_by_id) == (date(2026, 11, 30), "renegotiated", new.id)
    assert (promise.state, promise.due_at, promise.needed_at) == ("promised", at(27, 12), at(27, 16))
    assert new.health is None


def test_an_earlier_day_for_the_client_is_asked_inside(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    conversation.promise(session, inside(session, made), by=borys, now=MONDAY)

    new = commitments.renegotiate(session, made, due_on=date(2026, 11, 25), by=anna, now=at(17, 11))

    promise = inside(session, new)
    assert (promise.turn, promise.proposed_due_at, new.health) == ("provider", at(24, 16), "red")


def test_where_nobody_is_asked_any_more_it_is_asked_anew(
    session: Session, deal: Deal, agreement: Agreement, anna: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    conversation.revoke(session, inside(session, made), "Pomyłka", by=anna, now=at(17, 10))
    assert (made.health, made.health_reason) == ("amber", "gone")

    new = commitments.renegotiate(session, made, due_on=NEXT_TUESDAY, by=anna, now=at(17, 11))

    assert (inside(session, new).state, inside(session, made).outcome) == ("requested", "cancelled")
    assert new.health is None


@pytest.mark.parametrize("ending", ["keep", "withdraw"])
def test_no_request_outlives_what_it_was_asked_for(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, ending: str
) -> None:
    made = promised(session, deal, agreement, anna)
    promise = inside(session, made)
    getattr(commitments, ending)(session, made, by=anna, now=at(18, 10))

    case = session.get_one(Instance, promise.instance_id)
    assert (promise.outcome, promise.manner) == ("cancelled", "revoked")
    assert (case.ended_at, tasks.open_of(session, case.id)) == (at(18, 10), [])


def test_what_is_delivered_when_the_client_has_it_is_accepted(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    promise = inside(session, made)
    conversation.complete(session, its_task(session, promise), {"result": ["Jest"]}, by=borys, now=at(18, 9))

    commitments.keep(session, made, by=anna, now=at(18, 10))

    assert (promise.outcome, made.state) == ("kept", "kept")


def test_a_lost_deal_asks_nobody_any_more(
    session: Session, deal: Deal, agreement: Agreement, anna: Person
) -> None:
    made = promised(session, deal, agreement, anna)
    case = session.get_one(Instance, deal.instance_id)
    instances.cancel(session, case, "Klient upadł", by=anna, now=at(18, 10))

    assert (made.state, inside(session, made).outcome) == ("obsolete", "cancelled")


def test_a_broken_one_is_by_default_the_doing_of_whose_promise_broke(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, departments: dict[str, Department]
) -> None:
    legal = departments["legal"].id
    theirs, clients = promised(session, deal, agreement, anna), promised(session, deal, agreement, anna)
    commitments.break_(session, theirs, "Za późno", by=anna, now=at(27, 17))
    commitments.break_(session, clients, "Nie przysłał danych", caused_by_id=None, by=anna, now=at(27, 17))

    found = session.execute(chain.broken_by_department(anna, MONDAY.date(), FRIDAY)).all()
    assert (theirs.caused_by_id, clients.caused_by_id) == (legal, None)
    assert {row[0]: row[1] for row in found} == {legal: 1, None: 1}


def test_who_only_helps_does_not_settle_it(
    session: Session, deal: Deal, agreement: Agreement, anna: Person, borys: Person, clara: Person
) -> None:
    made = promised(session, deal, agreement, anna)

    with pytest.raises(commitments.NotOurs):
        commitments.keep(session, made, by=borys, now=at(18, 10))
    commitments.keep(session, made, by=clara, now=at(18, 10))
    with pytest.raises(commitments.AlreadySettled):
        commitments.withdraw(session, made, by=anna, now=at(18, 11))


# ------------------------------------------------------------------------------------------------ pure dates


def test_between_the_inner_date_and_the_clients_lies_exactly_the_reserve() -> None:
    works = Calendar()
    for days in range(200):
        day = date(2026, 3, 1) + timedelta(days=days)
        for length, hours in {"P1D": 8, "P3D": 24, "PT4H": 4, "P1DT12H": 20, "P1W": 40}.items():
            found = health.dates(works, day, length)
            assert works.between(found.inner, found.client) == timedelta(hours=hours), (day, length)
            assert works.is_open(found.inner - timedelta(seconds=1))


def test_a_client_date_on_a_free_day_ends_with_the_work_before_it() -> None:
    sunday = health.dates(Calendar(), date(2026, 11, 29), None)

    assert (sunday.client, sunday.inner) == (at(27, 16), at(26, 16))
