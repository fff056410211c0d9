"""What two departments say to each other about a promise: ask, promise, offer a date, return, deliver, accept, reject.

Every verb is one word of one side, under the lock of the case: it checks whose turn it is, who speaks and what was seen,
and leaves one event, the promise and its task as they now stand. The case goes on only when what was delivered is accepted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import people
from engine.errors import NotAllowed, Refusal
from engine.people import Person
from engine.process import advancing, commands, definitions, instances, subscriptions
from engine.process.advancing import Answered
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import NotYours, UserTask
from engine.sales import escalating, health, passing, promising, talking
from engine.sales.naming import named
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, INSTEAD, PROVIDER, Held, hold, say

OPEN = ("requested", "returned", "countered", "promised", "declined", "paused", "delivered")
LONGEST = 2000

REVOKED = "promise.revoked"
"""The message a diagram may wait for at the edge of a hand-off: the work is not wanted any more."""

DECISIONS = ("remind", "new_date", "waive", "revoke", "let_run")


class SayWhy(Refusal):
    """Say why."""


class NothingMissing(Refusal):
    """Say what is missing: choose it from what the agreement wants to be ready."""


class NotOnTheList(Refusal):
    """“%(item)s” is not on the list of this agreement."""


class DuePassed(Refusal):
    """It was due %(due)s, so its date can no longer be negotiated. Deliver it, or let the head of the other side waive it."""


class LaterThanAgreed(Refusal):
    """The agreement says %(due)s at the latest. For a later date, offer it to the other side with a reason."""


class NotLater(Refusal):
    """The agreement gives time until %(due)s anyway. Promise it, or offer a later date."""


class SameDate(Refusal):
    """It is due then already. Choose another date."""


class NotAReason(Refusal):
    """“%(reason)s” is no reason to pause under this agreement. Allowed: %(allowed)s."""


class NoPause(Refusal):
    """This agreement allows no pause. Ask for another date instead."""


class AcceptedFirst(talking.NotNow):
    """Under this agreement the other side accepts what is delivered. Deliver it; the case goes on when it is accepted."""


class NotADecision(Refusal):
    """Choose one of the decisions."""


# ------------------------------------------------------------------------------------------------ the request


def complete(
    session: Session,
    task: UserTask,
    raw: Mapping[str, Any],
    *,
    by: Person | None,
    now: datetime,
    key: str | None = None,
    seen: int | None = None,
) -> Instance:
    """The one door for completing a task from a screen: a hand-off is delivered, any other task is completed.

    Raises what `deliver` and `instances.complete` raise.
    """
    found = passing.with_terms(session, task) if task.handoff else None
    if found is not None:
        health.hold(session, found[0])
    if found is None or not asks_acceptance(*found):
        return instances.complete(session, task, raw, by=by, now=now, key=key)
    deliver(session, found[0], raw, by=by, now=now, key=key, seen=seen)
    return session.get_one(Instance, task.instance_id)


def asks_acceptance(promise: Promise, terms: Mapping[str, Any]) -> bool:
    """Whether the consumer accepts what is delivered before the case goes on."""
    return bool(terms) and promise.manner is None and terms.get("accepts") == "consumer"


def give_back(
    session: Session,
    promise: Promise,
    missing: Sequence[str] = (),
    *,
    note: str | None = None,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Return the request as not ready: no clock runs until the consumer has brought what is missing.

    Raises NothingMissing, NotOnTheList, AnswerFirst, DuePassed, and what `talking.hold` raises.
    """
    held = hold(session, promise, seen, side=PROVIDER, states=("requested", "promised"), by=by, now=now)
    promise = held.promise
    _must_be_answered(held)
    _must_be_before_due(held)
    lacks = _chosen(held, "ready", missing)
    if not lacks and not _text(note):
        raise NothingMissing(field="missing")
    promise.returns += 1
    promise.missing = sorted({*(promise.missing or ()), *lacks})
    _stop(held, starts_anew=not _looked_at(held))
    told = {"missing": lacks or None, "note": _text(note)}
    say(held, "promise_returned", told, state="returned", tell=(CONSUMER,), causing=CONSUMER)


def bring(
    session: Session,
    promise: Promise,
    note: str | None = None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Everything is there now: the provider's clocks run again. Raises what `talking.hold` raises."""
    held = hold(session, promise, seen, side=CONSUMER, states=("returned",), by=by, now=now)
    promise = held.promise
    if promise.left_seconds is not None:
        promise.ready_at = now
        _run_again(held)
        state = "promised"
    else:
        facts = advancing.facts(session, held.instance)
        passing.begin(session, promise, held.terms, held.works, facts, now=now)
        state, promise.state = promise.state, "returned"
    told = {"note": _text(note), "due_at": promise.due_at}
    say(held, "promise_brought", told, state=state, tell=(PROVIDER,))


def promise(
    session: Session,
    promise: Promise,
    due_at: datetime | None = None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Promise it for the time agreed, or for an earlier one.

    Raises DuePassed, InThePast, NoWorkThen, LaterThanAgreed, FullAtOnce, FullWeek, and what `talking.hold` raises.
    """
    held = hold(session, promise, seen, side=PROVIDER, states=("requested",), by=by, now=now)
    promise = held.promise
    agreed = _must_be_before_due(held)
    wanted = due_at or agreed
    if wanted > agreed:
        raise LaterThanAgreed(field="due_at", due=agreed)
    if due_at is not None and due_at != agreed:
        promising.must_be_work(session, promise, held.works, due_at, now=now)
    promising.must_fit(session, promise, held.terms, held.works, wanted, now=now)
    promise.answered_at = promise.answered_at or now
    _promised(held, wanted)
    say(held, "promise_promised", {"due_at": wanted}, state="promised")


def counter(
    session: Session,
    promise: Promise,
    due_at: datetime,
    reason: str | None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Offer a later date than the agreement gives; the consumer agrees or not.

    Raises DuePassed, InThePast, NoWorkThen, NotLater, FullAtOnce, FullWeek, SayWhy, and what `talking.hold` raises.
    """
    held = hold(session, promise, seen, side=PROVIDER, states=("requested",), by=by, now=now)
    promise = held.promise
    agreed = _must_be_before_due(held)
    promising.must_be_work(session, promise, held.works, due_at, now=now)
    if due_at <= agreed:
        raise NotLater(field="due_at", due=agreed)
    promising.must_fit(session, promise, held.terms, held.works, due_at, now=now)
    why = _why(reason)
    promise.answered_at = promise.answered_at or now
    promise.proposed_due_at = due_at
    promise.respond_by = _answer_by(held)
    told = {"due_at": due_at, "reason": why}
    say(held, "promise_countered", told, state="countered", tell=(CONSUMER,))


def consent(
    session: Session, promise: Promise, *, by: Person | None, now: datetime, seen: int | None = None
) -> None:
    """Agree to the date the other side asked for. Raises NothingAsked, DuePassed, InThePast, and what `talking.hold` raises."""
    held, wanted = _asked(session, promise, seen, by=by, now=now)
    promise = held.promise
    _must_be_before_due(held)
    if wanted <= now:
        raise promising.InThePast(field="due_at")
    other = _other(promise)
    if promise.state == "promised":
        promise.changes += 1
        promise.steps_taken = 0
    _promised(held, wanted)
    say(held, "promise_consented", {"due_at": wanted}, state="promised", tell=(other,))


def refuse(
    session: Session,
    promise: Promise,
    note: str | None = None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Do not agree to the date: it stands as it stood. Raises NothingAsked, and what `talking.hold` raises."""
    held, wanted = _asked(session, promise, seen, by=by, now=now)
    promise = held.promise
    other = _other(promise)
    promise.proposed_due_at = None
    state = "requested" if promise.state == "countered" else "promised"
    promise.respond_by = _answer_by(held) if state == "requested" else None
    told = {"note": _text(note), "asked": wanted}
    say(held, "promise_refused", told, state=state, tell=(other,))


def decline(
    session: Session,
    promise: Promise,
    reason: str | None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Say no: the lowest common manager decides. Raises SayWhy, and what `talking.hold` raises."""
    held = hold(session, promise, seen, side=PROVIDER, states=("requested",), by=by, now=now)
    why = _why(reason)
    held.promise.answered_at = held.promise.answered_at or now
    _stop(held)
    say(held, "promise_declined", {"reason": why}, state="declined", tell=(CONSUMER,), causing=PROVIDER)
    escalating.escalate(held, "declined")
    session.flush()


# ------------------------------------------------------------------------------------------------ delivery


def deliver(
    session: Session,
    promise: Promise,
    raw: Mapping[str, Any],
    *,
    by: Person | None,
    now: datetime,
    key: str | None = None,
    seen: int | None = None,
) -> None:
    """Deliver the task's form as submitted. Where the agreement accepts at once, the case goes on.

    What was asked about its date is moot then. Raises Invalid, and what `talking.hold` and `instances.complete` raise.
    """
    states = ("requested", "countered", "promised")
    held = hold(session, promise, seen, side=PROVIDER, states=states, by=by, now=now)
    promise = held.promise
    _must_have_it(held)
    if not asks_acceptance(promise, held.terms):
        if promise.turn == CONSUMER:  # what was asked about its date is moot
            promise.proposed_due_at = promise.respond_by = None
            say(held, "promise_delivered", state="delivered", turn=PROVIDER)
        instances.complete(session, held.task, raw, by=by, now=now, key=key)
        return
    if not commands.is_first(session, key, held.instance, now):
        return
    promise.delivery = instances.read(session, held.task, raw, now=now)
    promise.proposed_due_at = promise.respond_by = None
    promise.delivered_at, promise.delivered_by_id = now, by.id if by else None
    promise.answered_at = promise.answered_at or now
    window = held.terms.get("acceptance_window")
    promise.accept_by = held.works.add(now, window) if window else None
    told = {"accept_by": promise.accept_by}
    say(held, "promise_delivered", told, state="delivered", tell=(CONSUMER,))


def accept(
    session: Session,
    promise: Promise,
    note: str | None = None,
    *,
    by: Person | None,
    now: datetime,
    key: str | None = None,
    seen: int | None = None,
) -> None:
    """Accept what was delivered: the promise is kept or broken, and the case goes on with it, as completed by the deliverer.

    ``by`` None is silence that counts as acceptance. Raises what `talking.hold` raises, and what the diagram does.
    """
    held = hold(session, promise, seen, side=CONSUMER, states=("delivered",), by=by, now=now)
    promise, task = held.promise, held.task
    if not commands.is_first(session, key, held.instance, now):
        return
    silent = None if by is not None else True
    told = {"note": _text(note), "silent": silent}
    say(held, "promise_accepted", told, turn=PROVIDER, tell=(PROVIDER,))
    cause = "user" if by is not None else "timer"
    _consumer_answered(held)
    passing.close(session, promise, by=by, cause=cause, now=now, seq=held.instance.seq, works=held.works)
    deliverer = session.get(Person, promise.delivered_by_id) if promise.delivered_by_id else None
    task.assignee_id = promise.delivered_by_id
    session.flush()
    instances.complete(session, task, promise.delivery or {}, by=deliverer, now=now, checked=True)


def reject(
    session: Session,
    promise: Promise,
    reason: str | None,
    missing: Sequence[str] = (),
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Give back what was delivered: the clock goes on where it stood at the delivery. Past the limit a manager is asked.

    ``missing`` are items of the acceptance list. Raises SayWhy, NotOnTheList, and what `talking.hold` raises.
    """
    held = hold(session, promise, seen, side=CONSUMER, states=("delivered",), by=by, now=now)
    promise = held.promise
    lacks, why = _chosen(held, "acceptance", missing), _why(reason)
    promise.rework += 1
    promise.rejected = sorted({*(promise.rejected or ()), *lacks}) or None
    _consumer_answered(held)
    if (
        promise.due_at is not None
        and promise.delivered_at is not None
        and promise.due_at > promise.delivered_at
    ):
        seconds = promising.left(held.works, now=promise.delivered_at, due=promise.due_at)
        promise.due_at = promising.later(held.works, seconds, now=now)
    promise.delivered_at = promise.accept_by = None
    if promise.promised_at is None:
        promise.promised_at, promise.first_due_at = now, promise.due_at
    told = {"missing": lacks or None, "reason": why}
    say(held, "promise_rejected", told, state="promised", tell=(PROVIDER,), causing=PROVIDER)
    most = held.terms.get("rework")
    if most is not None and promise.rework > most:
        escalating.escalate(held, "rework")
        session.flush()


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
    held = hold(session, promise, seen, states=("promised",), by=by, now=now)
    promise = held.promise
    mine = talking.sides(session, promise, by)
    if not mine:
        raise talking.NotYourSide(department=named(session, promise.provider_id))
    _must_be_answered(held)
    agreed = _must_be_before_due(held)
    promising.must_be_work(session, promise, held.works, due_at, now=now)
    if due_at == agreed:
        raise SameDate(field="due_at")
    side = PROVIDER if PROVIDER in mine else CONSUMER
    if side == PROVIDER:
        promising.must_fit(session, promise, held.terms, held.works, due_at, now=now)
    why = _why(reason)
    promise.proposed_due_at = due_at
    promise.respond_by = _answer_by(held)
    other = CONSUMER if side == PROVIDER else PROVIDER
    told = {"due_at": due_at, "reason": why, "side": side}
    say(held, "promise_renegotiated", told, turn=other, tell=(other,))


def pause(
    session: Session,
    promise: Promise,
    reason: str | None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Stop the clock for a reason the agreement allows. Raises NoPause, NotAReason, DuePassed, AnswerFirst, and what `talking.hold` raises."""
    held = hold(session, promise, seen, side=PROVIDER, states=("promised",), by=by, now=now)
    _must_be_answered(held)
    allowed = held.terms.get("pause_reasons") or []
    if not allowed:
        raise NoPause
    if reason not in allowed:
        raise NotAReason(field="reason", reason=(reason or "")[:200], allowed=", ".join(allowed))
    _must_be_before_due(held)
    _stop(held)
    held.promise.paused_at, held.promise.pause_reason = now, reason
    say(held, "promise_paused", {"reason": reason}, state="paused", tell=(CONSUMER,))


def resume(
    session: Session, promise: Promise, *, by: Person | None, now: datetime, seen: int | None = None
) -> None:
    """Let the clock run again with what was left. Raises what `talking.hold` raises."""
    held = hold(session, promise, seen, side=PROVIDER, states=("paused",), by=by, now=now)
    _run_again(held)
    held.promise.paused_at = held.promise.pause_reason = None
    told = {"due_at": held.promise.due_at}
    say(held, "promise_resumed", told, state="promised", tell=(CONSUMER,))


# ------------------------------------------------------------------------------------------------ giving up


def revoke(
    session: Session,
    promise: Promise,
    reason: str | None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """Take the request back. A diagram that waits for ``promise.revoked`` goes on there; else the consumer has the step now.

    Raises SayWhy, and what `talking.hold` raises.
    """
    held = hold(session, promise, seen, side=CONSUMER, states=OPEN[:-1], by=by, now=now)
    _revoke(held, _why(reason))


def waive(
    session: Session,
    promise: Promise,
    reason: str | None,
    *,
    by: Person | None,
    now: datetime,
    seen: int | None = None,
) -> None:
    """The head of the consumer, or their deputy, holds nobody to it any more; the step itself is still to be done.

    Raises HeadOnly, SayWhy, and what `talking.hold` raises.
    """
    held = hold(session, promise, seen, states=OPEN[:-1], by=by, now=now)
    if by is not None:
        talking.must_head(session, held.promise, by, CONSUMER, now=now)
    _waive(held, _why(reason))


def decide(
    session: Session,
    promise: Promise,
    what: str,
    reason: str | None,
    *,
    due_at: datetime | None = None,
    by: Person,
    now: datetime,
    seen: int | None = None,
    asked: bool = False,
) -> None:
    """A manager above both sides decides about what was declined, is late or was rejected too often.

    ``what`` is one of `DECISIONS`; ``asked``: a case of ours gave this person the decision. Raises NotAllowed,
    NotADecision, SayWhy, InThePast, NoWorkThen, and what `talking.hold` raises.
    """
    held = hold(session, promise, seen, states=OPEN, by=by, now=now)
    if not asked and not is_above(session, held.promise, by):
        raise NotAllowed
    if what not in DECISIONS:
        raise NotADecision(field="decision")
    why = _why(reason)
    if what in {"waive", "revoke"} and held.promise.state == "delivered":
        raise talking.Delivered
    if what == "waive":
        _waive(held, why)
    elif what == "revoke":
        _revoke(held, why)
    elif what == "new_date":
        _new_date(held, due_at, why)
    else:
        _let_run(held, what, why)


def is_above(session: Session, promise: Promise, person: Person) -> bool:
    """Whether both sides stand below this person: the head of a department above both, or a director there."""
    roots = person.department_ids if person.has("director") else person.headed_ids
    below = people.subtree(session, roots) if roots else set()
    return {promise.provider_id, promise.consumer_id} <= below


def _revoke(held: Held, why: str) -> None:
    promise = held.promise
    _stop(held)
    promise.manner = "revoked"
    say(held, "promise_revoked", {"reason": why}, state="revoked", tell=(PROVIDER,), causing=CONSUMER)
    edge = _edge(held)
    if edge is not None:
        told, how = {"promise_id": promise.id, "reason": why}, "user" if held.by else "timer"
        instances.send(
            held.session, held.instance, REVOKED, told, by=held.by, now=held.now, cause=how, token=edge
        )


def _edge(held: Held) -> str | None:
    """The token that waits at the task's edge for the request to be taken back, where the diagram draws one."""
    session, task = held.session, held.task
    plan = definitions.blueprint(session, session.get_one(Definition, task.definition_id))
    for each in subscriptions.of(session, held.instance.id):
        drawn = plan.element(each.diagram, each.element)
        if each.name == REVOKED and drawn is not None and drawn.attached_to == task.element:
            return each.token
    return None


def _waive(held: Held, why: str) -> None:
    held.promise.manner = "waived"
    _stop(held)
    say(held, "promise_waived", {"reason": why}, state="waived", tell=(PROVIDER,))


def _let_run(held: Held, what: str, why: str) -> None:
    """What was declined is promised after all, with the time that was left; what is late stays due when it was."""
    state = None
    if held.promise.state == "declined":
        _run_again(held)
        state = "promised"
    told = {"reason": why, "decision": what}
    say(held, "promise_decided", told, state=state, turn=held.promise.turn, tell=(PROVIDER, CONSUMER))


def _new_date(held: Held, due_at: datetime | None, why: str) -> None:
    promise = held.promise
    if due_at is None:
        raise promising.InThePast(field="due_at")
    promising.must_be_work(held.session, promise, held.works, due_at, now=held.now)
    if promise.state not in {"declined", "requested", "promised", "countered"}:
        raise INSTEAD[promise.state]
    if promise.first_due_at is not None:
        promise.changes += 1
    promise.steps_taken = 0
    _promised(held, due_at)
    told = {"reason": why, "decision": "new_date", "due_at": due_at}
    say(held, "promise_decided", told, state="promised", tell=(PROVIDER, CONSUMER))


# ------------------------------------------------------------------------------------------------ the listener


def answered(session: Session, what: Answered) -> None:
    """The listener: nobody completes a hand-off past the conversation. Raises what `talking.INSTEAD` says, AcceptedFirst."""
    if what.task is None or not what.task.handoff:
        return
    found = passing.with_terms(session, what.task)
    if found is None:
        return
    promise, terms = found
    if promise.outcome is not None or promise.manner is not None or not terms:
        return
    if promise.state not in {"requested", "promised", "delivered"} or promise.turn != PROVIDER:
        raise _instead(session, promise)
    if asks_acceptance(promise, terms):
        raise INSTEAD["delivered"] if promise.state == "delivered" else AcceptedFirst


def _instead(session: Session, promise: Promise) -> Refusal:
    if promise.state == "promised":
        side = promise.turn or PROVIDER
        return talking.AnswerFirst(department=named(session, talking.side_id(promise, side)))
    return INSTEAD.get(promise.state, talking.NotNow)()


# ------------------------------------------------------------------------------------------------ small helpers


def _asked(
    session: Session, promise: Promise, seen: int | None, *, by: Person | None, now: datetime
) -> tuple[Held, datetime]:
    """A promise for which another date is asked, held by whoever answers, and that date."""
    held = hold(session, promise, seen, states=("countered", "promised"), by=by, now=now)
    wanted = held.promise.proposed_due_at
    if wanted is None:
        raise talking.NothingAsked
    if by is not None:
        talking.must_speak(session, held.promise, by, held.promise.turn or CONSUMER)
    return held, wanted


def _other(promise: Promise) -> str:
    """The side that is not asked now."""
    return PROVIDER if promise.turn == CONSUMER else CONSUMER


def _must_have_it(held: Held) -> None:
    """What a colleague has taken is theirs to deliver. Raises NotYours."""
    promise = held.promise
    whose = promise.provider_assignee_id if promise.turn == CONSUMER else held.task.assignee_id
    if held.by is not None and whose not in (None, held.by.id):
        raise NotYours


def _must_be_answered(held: Held) -> None:
    if held.promise.proposed_due_at is not None:
        raise _instead(held.session, held.promise)


def _must_be_before_due(held: Held) -> datetime:
    due = held.promise.due_at
    if due is None:
        raise INSTEAD.get(held.promise.state, talking.NotNow)
    if due <= held.now:
        raise DuePassed(due=due)
    return due


def _promised(held: Held, due: datetime) -> None:
    promise = held.promise
    promise.due_at, promise.proposed_due_at, promise.respond_by, promise.left_seconds = due, None, None, None
    promise.promised_at = promise.promised_at or held.now
    promise.first_due_at = promise.first_due_at or due


def _consumer_answered(held: Held) -> None:
    """What was delivered is accepted or rejected: whether in the time there was for it, is kept. Silence was not."""
    promise = held.promise
    if promise.accept_by is None:
        return
    promise.timed_answers += 1
    promise.late_answers += held.by is None or promise.accept_by < held.now


def _stop(held: Held, *, starts_anew: bool = False) -> None:
    """Nobody's clock runs: what is left of it is kept, or nothing where it begins anew."""
    promise = held.promise
    if promise.due_at is not None and not starts_anew:
        promise.left_seconds = promising.left(held.works, now=held.now, due=promise.due_at)
    elif starts_anew:
        promise.promised_at = promise.first_due_at = None
    promise.due_at = promise.proposed_due_at = promise.respond_by = None


def _looked_at(held: Held) -> bool:
    """Whether somebody promised it, and the agreement did not answer for them: what was never ready starts anew."""
    promise = held.promise
    answers_itself = _said(held)[0] is None and promise.promised_at == promise.ready_at
    return promise.promised_at is not None and not answers_itself


def _said(held: Held) -> tuple[str | None, str]:
    return promising.said(held.terms, advancing.facts(held.session, held.instance), held.now)


def _run_again(held: Held) -> None:
    promise = held.promise
    _promised(held, promising.later(held.works, promise.left_seconds or 0, now=held.now))


def _answer_by(held: Held) -> datetime:
    return held.works.add(held.now, _said(held)[0] or promising.ANSWER)


def _chosen(held: Held, field: str, items: Sequence[str]) -> list[str]:
    """The items that are on a list of the agreement, in its order. Raises NotOnTheList."""
    listed = held.terms.get(field) or []
    for item in items:
        if item not in listed:
            raise NotOnTheList(field="missing", item=str(item)[:200])
    return [each for each in listed if each in items]


def _why(reason: str | None) -> str:
    said = _text(reason)
    if not said:
        raise SayWhy(field="reason")
    return said


def _text(text: str | None) -> str | None:
    return (text or "").replace("\x00", "").strip()[:LONGEST] or None
