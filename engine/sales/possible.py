"""Which words a person may say about a promise now: what a page offers, by the same rules by which the verbs refuse.

Nothing here changes anything; a verb of `engine.sales.conversation` still checks for itself, under the lock of the case.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import instances
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import conversation, talking
from engine.sales.agreements import AgreementVersion
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, PROVIDER

WORDS = (
    "promise",
    "counter",
    "resume",
    "deliver",
    "accept",
    "reject",
    "bring",
    "consent",
    "refuse",
    "renegotiate",
    "give_back",
    "pause",
    "decline",
    "revoke",
    "waive",
    "decide",
)
"""Every word, what moves things on first; each is a verb of the conversation."""


def words(session: Session, promise: Promise, person: Person, *, now: datetime) -> tuple[str, ...]:
    """What this person may say now, in the order of `WORDS`; nothing about a promise that is settled or binds nobody."""
    if promise.outcome is not None or promise.manner is not None or promise.version_id is None:
        return ()
    instance = session.get_one(Instance, promise.instance_id)
    if instance.ended_at is not None or instances.at_rest(instance):
        return ()
    found = set(_of_anybody(session, promise, person, now))
    mine = talking.sides(session, promise, person)
    if PROVIDER in mine:
        terms = session.get_one(AgreementVersion, promise.version_id).terms
        found.update(_of_provider(session, promise, person, terms, now))
    if CONSUMER in mine:
        found.update(_of_consumer(promise))
    if (promise.turn or CONSUMER) in mine:
        found.update(_of_asked(promise, now))
    if mine and _in_time(promise, now) and promise.state == "promised" and promise.proposed_due_at is None:
        found.add("renegotiate")
    return tuple(word for word in WORDS if word in found)


def decisions(promise: Promise, *, now: datetime) -> tuple[str, ...]:
    """What a manager above both sides may decide about it now."""
    late = promise.due_at is not None and promise.due_at <= now
    found = []
    if promise.state in {"declined", "requested", "promised", "countered"}:
        found.append("new_date")
    found.append("remind" if late else "let_run")
    if promise.state != "delivered":
        found += ["waive", "revoke"]
    return tuple(found)


def _of_provider(
    session: Session, promise: Promise, person: Person, terms: Mapping[str, Any], now: datetime
) -> Iterator[str]:
    state = promise.state
    in_time = _in_time(promise, now) and promise.proposed_due_at is None
    if state == "requested":
        yield "decline"
        if in_time:
            yield from ("promise", "counter", "give_back")
    elif state == "promised" and in_time:
        yield "give_back"
        if terms.get("pause_reasons"):
            yield "pause"
    elif state == "paused":
        yield "resume"
    if state in {"requested", "countered", "promised"} and _has_it(session, promise, person):
        yield "deliver"


def _of_consumer(promise: Promise) -> Iterator[str]:
    if promise.state == "returned":
        yield "bring"
    if promise.state == "delivered":
        yield from ("accept", "reject")
    else:
        yield "revoke"


def _of_asked(promise: Promise, now: datetime) -> Iterator[str]:
    """What the side says that was asked for another date."""
    wanted = promise.proposed_due_at
    if wanted is None or promise.state not in {"countered", "promised"}:
        return
    yield "refuse"
    if wanted > now and _in_time(promise, now):
        yield "consent"


def _of_anybody(session: Session, promise: Promise, person: Person, now: datetime) -> Iterator[str]:
    """What does not depend on whose turn it is: heads and those above both sides."""
    if promise.state != "delivered" and talking.heads(session, promise, person, CONSUMER, now=now):
        yield "waive"
    late = promise.due_at is not None and promise.due_at <= now
    to_decide = promise.state == "declined" or late or promise.escalation_id is not None
    if to_decide and conversation.is_above(session, promise, person):
        yield "decide"


def _in_time(promise: Promise, now: datetime) -> bool:
    return promise.due_at is not None and promise.due_at > now


def _has_it(session: Session, promise: Promise, person: Person) -> bool:
    """What a colleague has taken is theirs to deliver; so is what waits for others than this person's queues."""
    task = session.get_one(UserTask, promise.task_id)
    if promise.turn == CONSUMER:
        return promise.provider_assignee_id in (None, person.id)
    return task.is_for(person)
