"""Two departments talk about a promise: every word is one event, one move, and the one task of the token."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.notices import Notice
from engine.people import Department, Person
from engine.process import tasks
from engine.sales import conversation, talking
from engine.sales.agreements import Agreement
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.hand_offs import DAY, HOUR, agree, asked, at, its_task, moved, told

WEDNESDAY, THURSDAY = at(18, 10), at(19, 10)


@pytest.fixture
def agreement(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> Agreement:
    """Sales accepts what Legal delivers."""
    return agree(session, departments, clara, borys)


@pytest.fixture
def promise(session: Session, agreement: Agreement, anna: Person) -> Promise:
    """What Anna asked of Legal on Monday at 10."""
    return asked(session, anna)[1]


def test_what_needs_an_answer_is_asked_first(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    assert (promise.state, promise.turn) == ("requested", "provider")
    assert (promise.respond_by, promise.due_at) == (MONDAY + 4 * HOUR, THURSDAY)
    assert promise.alarm_at == promise.respond_by
    assert (
        session.scalars(select(Notice.kind).where(Notice.person_id == borys.id)).all()[-1]
        == "promise_requested"
    )


def test_a_promise_is_given_delivered_and_accepted_and_only_then_the_case_goes_on(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    task = its_task(session, promise)
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    assert (promise.state, promise.due_at, promise.first_due_at) == ("promised", THURSDAY, THURSDAY)

    conversation.complete(session, task, {}, by=borys, now=WEDNESDAY)
    assert (promise.state, task.closed_at, task.assignee_id) == ("delivered", None, anna.id)
    assert (promise.delivered_at, promise.accept_by) == (WEDNESDAY, at(20, 10))

    conversation.accept(session, promise, "Dobrze", by=anna, now=THURSDAY + DAY)
    assert (promise.state, promise.outcome, promise.manner) == ("accepted", "kept", "first")
    assert (task.closed_at, task.completed_by_id) == (THURSDAY + DAY, borys.id)
    assert told(session, promise) == ["promise_promised", "promise_delivered", "promise_accepted"]
    assert moved(session, promise) == [
        ("new", None, "requested"),
        ("forward", "requested", "promised"),
        ("forward", "promised", "delivered"),
        ("won", "delivered", None),
    ]
    (following,) = tasks.open_of(session, promise.instance_id)
    assert following.element == "do_contract"


def test_a_request_that_is_not_ready_goes_back_and_the_clock_begins_when_it_is(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    task = its_task(session, promise)
    conversation.give_back(session, promise, ["Zakres"], note="Brak załącznika", by=borys, now=MONDAY + HOUR)

    assert (promise.state, promise.turn, promise.due_at) == ("returned", "consumer", None)
    assert (promise.returns, promise.missing, promise.alarm_at) == (1, ["Zakres"], None)
    assert (task.assignee_id, task.audience) == (anna.id, "department:sales")

    conversation.bring(session, promise, by=anna, now=at(17, 12))

    assert (promise.state, promise.due_at) == ("requested", at(20, 12))
    assert (task.assignee_id, task.audience) == (None, "department:legal")


def test_another_date_needs_the_consent_of_the_other_side(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.counter(session, promise, at(24, 12), "Urlopy", by=borys, now=MONDAY + HOUR)
    assert (promise.state, promise.turn, promise.due_at) == ("countered", "consumer", THURSDAY)

    conversation.refuse(session, promise, by=anna, now=MONDAY + 2 * HOUR)
    assert (promise.state, promise.turn, promise.proposed_due_at) == ("requested", "provider", None)

    conversation.counter(session, promise, at(23, 12), "Urlopy", by=borys, now=MONDAY + 3 * HOUR)
    conversation.consent(session, promise, by=anna, now=MONDAY + 4 * HOUR)
    assert (promise.state, promise.due_at, promise.first_due_at) == ("promised", at(23, 12), at(23, 12))
    assert promise.changes == 0


def test_a_later_date_agreed_in_time_is_kept_as_renegotiated(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    conversation.renegotiate(session, promise, at(24, 12), "Nowy zakres", by=borys, now=WEDNESDAY)
    conversation.consent(session, promise, by=anna, now=WEDNESDAY + HOUR)
    conversation.deliver(session, promise, {}, by=borys, now=at(24, 11))
    conversation.accept(session, promise, by=anna, now=at(24, 12))

    assert (promise.outcome, promise.manner, promise.changes) == ("kept", "renegotiated", 1)
    assert promise.first_due_at == THURSDAY


def test_a_pause_with_an_allowed_reason_stops_the_clock(
    session: Session, promise: Promise, borys: Person
) -> None:
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    conversation.pause(session, promise, "Czekamy na klienta", by=borys, now=at(17, 10))
    assert (promise.state, promise.due_at, promise.left_seconds) == ("paused", None, 2 * 8 * 3600)

    conversation.resume(
        session, promise, by=borys, now=at(20, 20)
    )  # Friday evening: the clock runs from Monday
    assert (promise.state, promise.due_at) == ("promised", at(24, 16))
    assert [kind for kind, *_ in moved(session, promise)][-2:] == ["suspended", "resumed"]


def test_what_is_rejected_is_promised_again_with_the_time_that_was_left(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    conversation.deliver(session, promise, {}, by=borys, now=WEDNESDAY)
    conversation.reject(session, promise, "Bez podpisu", ["Podpisany przez radcę"], by=anna, now=at(20, 10))

    assert (promise.state, promise.rework, promise.delivered_at) == ("promised", 1, None)
    assert promise.due_at == at(23, 10)  # a day was left

    conversation.deliver(session, promise, {}, by=borys, now=at(23, 11))
    conversation.accept(session, promise, by=anna, now=at(23, 12))
    assert (promise.outcome, promise.manner) == ("broken", "quality")


def test_what_was_taken_back_is_the_consumers_step_and_nobodys_debt(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    task = its_task(session, promise)
    conversation.revoke(session, promise, "Klient zrezygnował", by=anna, now=MONDAY + HOUR)
    assert (promise.state, promise.manner, task.assignee_id) == ("revoked", "revoked", anna.id)

    conversation.complete(session, task, {}, by=anna, now=MONDAY + 9 * DAY)
    assert (promise.outcome, promise.manner) == ("cancelled", "revoked")


def test_what_is_waived_is_still_done_but_does_not_count(
    session: Session, promise: Promise, borys: Person, clara: Person, anna: Person
) -> None:
    with pytest.raises(talking.HeadOnly):
        conversation.waive(session, promise, "Nie szkodzi", by=anna, now=MONDAY)
    conversation.waive(session, promise, "Nie szkodzi", by=clara, now=MONDAY)

    conversation.complete(session, its_task(session, promise), {}, by=borys, now=MONDAY + 30 * DAY)
    assert (promise.outcome, promise.manner) == ("waived", "waived")
