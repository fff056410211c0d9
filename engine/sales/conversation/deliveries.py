"""What was promised is delivered, and accepted or rejected; only then does the case go on."""

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import commands, instances
from engine.process.advancing import Answered
from engine.process.instances import Instance
from engine.process.tasks import NotYours, UserTask
from engine.sales import closing, escalating, health, passing, promising, talking
from engine.sales.conversation.saying import Said, chosen, first, plain, why
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, INSTEAD, PROVIDER, Held, hold, say


class AcceptedFirst(talking.NotNow):
    """Under this agreement the other side accepts what is delivered. Deliver it; the case goes on when it is accepted."""


def complete(
    session: Session, task: UserTask, raw: Mapping[str, Any], *, key: str | None = None, **said: Unpack[Said]
) -> Instance:
    """The one door for completing a task from a screen: a hand-off is delivered, any other task is completed.

    Raises what `deliver` and `instances.complete` raise.
    """
    found = passing.with_terms(session, task) if task.handoff else None
    if found is not None:
        health.hold(session, found[0])
    if found is None or not asks_acceptance(*found):
        return instances.complete(session, task, raw, by=said["by"], now=said["now"], key=key)
    deliver(session, found[0], raw, key=key, **said)
    return session.get_one(Instance, task.instance_id)


def asks_acceptance(promise: Promise, terms: Mapping[str, Any]) -> bool:
    """Whether the consumer accepts what is delivered before the case goes on."""
    return bool(terms) and promise.manner is None and terms.get("accepts") == "consumer"


def deliver(
    session: Session,
    promise: Promise,
    raw: Mapping[str, Any],
    *,
    key: str | None = None,
    **said: Unpack[Said],
) -> None:
    """Deliver the task's form as submitted. Where the agreement accepts at once, the case goes on.

    What was asked about its date is moot then. Raises Invalid, and what `talking.hold` and `instances.complete` raise.
    """
    held = hold(session, promise, side=PROVIDER, states=("requested", "countered", "promised"), **said)
    promise, now, by = held.promise, held.now, held.by
    _must_have_it(held)
    if not asks_acceptance(promise, held.terms):
        if promise.turn == CONSUMER:
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


def _must_have_it(held: Held) -> None:
    """What a colleague has taken is theirs to deliver. Raises NotYours."""
    promise = held.promise
    whose = promise.provider_assignee_id if promise.turn == CONSUMER else held.task.assignee_id
    if held.by is not None and whose not in (None, held.by.id):
        raise NotYours


def accept(
    session: Session,
    promise: Promise,
    note: str | None = None,
    *,
    key: str | None = None,
    **said: Unpack[Said],
) -> None:
    """Accept what was delivered: the promise is kept or broken, and the case goes on with it, as completed by the deliverer.

    ``by`` None is silence that counts as acceptance. Raises what `talking.hold` raises, and what the diagram does.
    """
    held = hold(session, promise, side=CONSUMER, states=("delivered",), **said)
    promise, task, by, now = held.promise, held.task, held.by, held.now
    if not commands.is_first(session, key, held.instance, now):
        return
    told = {"note": plain(note), "silent": None if by is not None else True}
    say(held, "promise_accepted", told, turn=PROVIDER, tell=(PROVIDER,))
    _answered_in_time(held)
    cause = "user" if by is not None else "timer"
    closing.close(session, promise, by=by, cause=cause, now=now, seq=held.instance.seq, works=held.works)
    deliverer = session.get(Person, promise.delivered_by_id) if promise.delivered_by_id else None
    task.assignee_id = promise.delivered_by_id
    session.flush()
    instances.complete(session, task, promise.delivery or {}, by=deliverer, now=now, checked=True)


def reject(
    session: Session, promise: Promise, reason: str | None, missing: Sequence[str] = (), **said: Unpack[Said]
) -> None:
    """Give back what was delivered: the clock goes on where it stood at the delivery. Past the limit a manager is asked.

    ``missing`` are items of the acceptance list. Raises SayWhy, NotOnTheList, and what `talking.hold` raises.
    """
    held = hold(session, promise, side=CONSUMER, states=("delivered",), **said)
    promise = held.promise
    lacks = chosen(held, "acceptance", missing)
    told = {"missing": lacks or None, "reason": why(reason)}
    promise.rework += 1
    promise.rejected = sorted({*(promise.rejected or ()), *lacks}) or None
    _answered_in_time(held)
    _run_on(held)
    say(held, "promise_rejected", told, state="promised", tell=(PROVIDER,), causing=PROVIDER)
    most = held.terms.get("rework")
    if most is not None and promise.rework > most:
        escalating.escalate(held, "rework")
        session.flush()


def _answered_in_time(held: Held) -> None:
    """What was delivered is accepted or rejected: whether in the time there was for it, is kept. Silence was not."""
    promise = held.promise
    if promise.accept_by is None:
        return
    promise.timed_answers += 1
    promise.late_answers += held.by is None or promise.accept_by < held.now


def _run_on(held: Held) -> None:
    """The provider has the time again that was left when they delivered."""
    promise, due, delivered = held.promise, held.promise.due_at, held.promise.delivered_at
    if due is not None and delivered is not None and due > delivered:
        seconds = promising.left(held.works, now=delivered, due=due)
        promise.due_at = promising.later(held.works, seconds, now=held.now)
    promise.delivered_at = promise.accept_by = None
    if promise.promised_at is None:
        promise.promised_at, promise.first_due_at = held.now, promise.due_at


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
        raise first(session, promise)
    if asks_acceptance(promise, terms):
        raise INSTEAD["delivered"] if promise.state == "delivered" else AcceptedFirst
