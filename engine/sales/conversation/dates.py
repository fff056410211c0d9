"""Another date for what is promised, which the other side agrees to or not; and a pause, in which no date comes nearer."""

from datetime import datetime
from typing import Unpack

from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.people import Person
from engine.sales import promising, talking
from engine.sales.conversation import clocks
from engine.sales.conversation.saying import Said, must_be_answered, must_be_before_due, other, plain, why
from engine.sales.naming import named
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, PROVIDER, Held, hold, say


class SameDate(Refusal):
    """It is due then already. Choose another date."""


class NotAReason(Refusal):
    """“%(reason)s” is no reason to pause under this agreement. Allowed: %(allowed)s."""


class NoPause(Refusal):
    """This agreement allows no pause. Ask for another date instead."""


def renegotiate(
    session: Session,
    promise: Promise,
    due_at: datetime,
    reason: str | None,
    *,
    by: Person,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Ask for another date, before it is due; the other side agrees or not.

    Raises DuePassed, InThePast, NoWorkThen, SameDate, FullAtOnce, FullWeek, AnswerFirst, SayWhy, and what `talking.hold` raises.
    """
    held = hold(session, promise, states=("promised",), by=by, now=now, seen=seen)
    promise = held.promise
    mine = talking.sides(session, promise, by)
    if not mine:
        raise talking.NotYourSide(department=named(session, promise.provider_id))
    must_be_answered(held)
    agreed = must_be_before_due(held)
    promising.must_be_work(session, promise, held.works, due_at, now=now)
    if due_at == agreed:
        raise SameDate(field="due_at")
    side, asked = (PROVIDER, CONSUMER) if PROVIDER in mine else (CONSUMER, PROVIDER)
    if side == PROVIDER:
        promising.must_fit(session, promise, held.terms, held.works, due_at, now=now)
    told = {"due_at": due_at, "reason": why(reason), "side": side}
    promise.proposed_due_at = due_at
    promise.respond_by = clocks.answer_by(held)
    say(held, "promise_renegotiated", told, turn=asked, tell=(asked,))


def consent(session: Session, promise: Promise, **said: Unpack[Said]) -> None:
    """Agree to the date the other side asked for. Raises NothingAsked, DuePassed, InThePast, and what `talking.hold` raises."""
    held, wanted = _asked(session, promise, **said)
    promise = held.promise
    must_be_before_due(held)
    if wanted <= held.now:
        raise promising.InThePast(field="due_at")
    asked_by = other(promise)
    if promise.state == "promised":
        promise.changes += 1
        promise.steps_taken = 0
    clocks.run_to(held, wanted)
    say(held, "promise_consented", {"due_at": wanted}, state="promised", tell=(asked_by,))


def refuse(session: Session, promise: Promise, note: str | None = None, **said: Unpack[Said]) -> None:
    """Do not agree to the date: it stands as it stood. Raises NothingAsked, and what `talking.hold` raises."""
    held, wanted = _asked(session, promise, **said)
    promise = held.promise
    asked_by = other(promise)
    promise.proposed_due_at = None
    state = "requested" if promise.state == "countered" else "promised"
    promise.respond_by = clocks.answer_by(held) if state == "requested" else None
    told = {"note": plain(note), "asked": wanted}
    say(held, "promise_refused", told, state=state, tell=(asked_by,))


def _asked(session: Session, promise: Promise, **said: Unpack[Said]) -> tuple[Held, datetime]:
    """A promise for which another date is asked, held by whoever answers, and that date."""
    held = hold(session, promise, states=("countered", "promised"), **said)
    wanted = held.promise.proposed_due_at
    if wanted is None:
        raise talking.NothingAsked
    if held.by is not None:
        talking.must_speak(session, held.promise, held.by, held.promise.turn or CONSUMER)
    return held, wanted


def pause(session: Session, promise: Promise, reason: str | None, **said: Unpack[Said]) -> None:
    """Stop the clock for a reason the agreement allows.

    Raises NoPause, NotAReason, DuePassed, AnswerFirst, and what `talking.hold` raises.
    """
    held = hold(session, promise, side=PROVIDER, states=("promised",), **said)
    must_be_answered(held)
    allowed = held.terms.get("pause_reasons") or []
    if not allowed:
        raise NoPause
    if reason not in allowed:
        raise NotAReason(field="reason", reason=(reason or "")[:200], allowed=", ".join(allowed))
    must_be_before_due(held)
    clocks.stop(held)
    held.promise.paused_at, held.promise.pause_reason = held.now, reason
    say(held, "promise_paused", {"reason": reason}, state="paused", tell=(CONSUMER,))


def resume(session: Session, promise: Promise, **said: Unpack[Said]) -> None:
    """Let the clock run again with what was left. Raises what `talking.hold` raises."""
    held = hold(session, promise, side=PROVIDER, states=("paused",), **said)
    clocks.run_again(held)
    held.promise.paused_at = held.promise.pause_reason = None
    told = {"due_at": held.promise.due_at}
    say(held, "promise_resumed", told, state="promised", tell=(CONSUMER,))
