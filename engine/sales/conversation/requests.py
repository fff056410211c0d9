"""A request: the provider promises it, offers a later date, declines it, or returns it until everything is there."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.process import advancing
from engine.sales import escalating, promising, requesting
from engine.sales.conversation import clocks
from engine.sales.conversation.saying import Said, chosen, must_be_answered, must_be_before_due, plain, why
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, PROVIDER, hold, say


class NothingMissing(Refusal):
    """Say what is missing: choose it from what the agreement wants to be ready."""


class LaterThanAgreed(Refusal):
    """The agreement says %(due)s at the latest. For a later date, offer it to the other side with a reason."""


class NotLater(Refusal):
    """The agreement gives time until %(due)s anyway. Promise it, or offer a later date."""


def give_back(
    session: Session,
    promise: Promise,
    missing: Sequence[str] = (),
    *,
    note: str | None = None,
    **said: Unpack[Said],
) -> None:
    """Return the request as not ready: no clock runs until the consumer has brought what is missing.

    Raises NothingMissing, NotOnTheList, AnswerFirst, DuePassed, and what `talking.hold` raises.
    """
    held = hold(session, promise, side=PROVIDER, states=("requested", "promised"), **said)
    promise = held.promise
    must_be_answered(held)
    must_be_before_due(held)
    lacks = chosen(held, "ready", missing)
    if not lacks and not plain(note):
        raise NothingMissing(field="missing")
    promise.returns += 1
    promise.missing = sorted({*(promise.missing or ()), *lacks})
    clocks.stop(held, starts_anew=not clocks.was_looked_at(held))
    told = {"missing": lacks or None, "note": plain(note)}
    say(held, "promise_returned", told, state="returned", tell=(CONSUMER,), causing=CONSUMER)


def bring(session: Session, promise: Promise, note: str | None = None, **said: Unpack[Said]) -> None:
    """Everything is there now: the provider's clocks run again. Raises what `talking.hold` raises."""
    held = hold(session, promise, side=CONSUMER, states=("returned",), **said)
    promise = held.promise
    if promise.left_seconds is not None:
        promise.ready_at = held.now
        clocks.run_again(held)
        state = "promised"
    else:
        facts = advancing.facts(session, held.instance)
        requesting.begin(session, promise, held.terms, held.works, facts, now=held.now)
        state, promise.state = promise.state, "returned"
    told = {"note": plain(note), "due_at": promise.due_at}
    say(held, "promise_brought", told, state=state, tell=(PROVIDER,))


def promise(session: Session, promise: Promise, due_at: datetime | None = None, **said: Unpack[Said]) -> None:
    """Promise it for the time agreed, or for an earlier one.

    Raises DuePassed, InThePast, NoWorkThen, LaterThanAgreed, FullAtOnce, FullWeek, and what `talking.hold` raises.
    """
    held = hold(session, promise, side=PROVIDER, states=("requested",), **said)
    promise, now = held.promise, held.now
    agreed = must_be_before_due(held)
    wanted = due_at or agreed
    if wanted > agreed:
        raise LaterThanAgreed(field="due_at", due=agreed)
    if due_at is not None and due_at != agreed:
        promising.must_be_work(session, promise, held.works, due_at, now=now)
    promising.must_fit(session, promise, held.terms, held.works, wanted, now=now)
    promise.answered_at = promise.answered_at or now
    clocks.run_to(held, wanted)
    say(held, "promise_promised", {"due_at": wanted}, state="promised")


def counter(
    session: Session, promise: Promise, due_at: datetime, reason: str | None, **said: Unpack[Said]
) -> None:
    """Offer a later date than the agreement gives; the consumer agrees or not.

    Raises DuePassed, InThePast, NoWorkThen, NotLater, FullAtOnce, FullWeek, SayWhy, and what `talking.hold` raises.
    """
    held = hold(session, promise, side=PROVIDER, states=("requested",), **said)
    promise, now = held.promise, held.now
    agreed = must_be_before_due(held)
    promising.must_be_work(session, promise, held.works, due_at, now=now)
    if due_at <= agreed:
        raise NotLater(field="due_at", due=agreed)
    promising.must_fit(session, promise, held.terms, held.works, due_at, now=now)
    told = {"due_at": due_at, "reason": why(reason)}
    promise.answered_at = promise.answered_at or now
    promise.proposed_due_at = due_at
    promise.respond_by = clocks.answer_by(held)
    say(held, "promise_countered", told, state="countered", tell=(CONSUMER,))


def decline(session: Session, promise: Promise, reason: str | None, **said: Unpack[Said]) -> None:
    """Say no: the lowest common manager decides. Raises SayWhy, and what `talking.hold` raises."""
    held = hold(session, promise, side=PROVIDER, states=("requested",), **said)
    told = {"reason": why(reason)}
    held.promise.answered_at = held.promise.answered_at or held.now
    clocks.stop(held)
    say(held, "promise_declined", told, state="declined", tell=(CONSUMER,), causing=PROVIDER)
    escalating.escalate(held, "declined")
    session.flush()
