"""Bringing a message or signal to those it is meant for, each of whom may refuse without harm to the others.

A message is for one case of each process: the one that has waited longest at an address the message has. Where nobody
waits it starts what begins with it. A signal is for everybody who waits for it, and starts what begins with it as well.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine import history
from engine.errors import Refusal
from engine.people import Person
from engine.process import definitions, hearing, incidents, instances, outbox, resting, subscriptions
from engine.process.advancing import Unreadable
from engine.process.instances import Instance
from engine.process.outbox import Job
from engine.process.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be brought, from outside or from another case (``origin``). ``kind`` is message or signal."""

    kind: str
    name: str
    key: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    business_key: str | None = None
    origin: Instance | None = None
    by: Person | None = None

    @property
    def named(self) -> str | None:
        """The business key of the case it is for: said beside the payload or in it, else that of the case it comes from."""
        inside = self.payload.get("business_key")
        said = self.business_key or (inside if isinstance(inside, str | int) else None)
        found = said or (self.origin.business_key if self.origin else None)
        return str(found)[:120] if found else None

    def key_for(self, whom: int | str) -> str:
        """The key under which one receiver gets it once, however long the sender's key is."""
        plain = f"message:{self.key}:{whom}"
        return (
            plain
            if len(plain) <= 120
            else f"message:{hashlib.sha256(self.key.encode()).hexdigest()}:{whom}"[:120]
        )


@dataclass(frozen=True, slots=True)
class Reached:
    """Ids of the instances that got it, and why one of them could not go on with it (its incident says more)."""

    ids: list[int] = field(default_factory=list)
    stopped: str | None = None


def deliver(session: Session, letter: Letter, *, now: datetime, gently: bool = False) -> Reached:
    """Bring a letter to whom it concerns.

    What a diagram refuses while going on is raised, so that a sender who waits is told; ``gently`` it becomes an
    incident of the case that refused, from which the letter can be handed in again.
    """
    if letter.kind == "signal":
        return Reached(_spread(session, letter, now) + _begin(session, letter, now))
    reached = _bring(session, letter, now, gently=gently)
    return reached if reached.ids else Reached(_begin(session, letter, now))


def meant(session: Session, letter: Letter) -> Select[int, str]:
    """Ids and processes of the cases a message may be for, the longest waiting first; never the one that threw it."""
    addresses = hearing.addresses(session, letter.name, letter.payload, letter.named)
    waiting = _waiting(letter, "message").where(Subscription.correlation_hash.in_(addresses))
    return waiting.order_by(Subscription.id)


def hand_in(session: Session, job: Job, *, now: datetime) -> None:
    """Give a case what was held for it. It may be waiting no more by now: then one fact says that it came too late."""
    target, is_signal = session.get_one(Instance, job.instance_id), job.operation == "signal"
    job.done_at = now
    try:
        with session.begin_nested():
            instances.send(
                session, target, job.name, job.inputs, by=None, now=now, signal=is_signal, key=job.key
            )
    except (instances.NobodyWaits, instances.NotRunning):
        if not is_signal:
            told = {"message": job.name, "reason": "late"}
            history.record(session, "message_refused", at=now, actor=None, instance=target, data=told)


def _waiting(letter: Letter, kind: str) -> Select[int, str]:
    query = select(Instance.id, Instance.process).join(Subscription, Subscription.instance_id == Instance.id)
    query = query.where(Subscription.name == letter.name, Subscription.kind == kind)
    return query.where(Instance.id != letter.origin.id) if letter.origin is not None else query


def _bring(session: Session, letter: Letter, now: datetime, *, gently: bool) -> Reached:
    reached: dict[str, int] = {}
    stopped: str | None = None
    for id_, process in session.execute(meant(session, letter)).all():
        if process in reached:
            continue
        try:
            took = _hand_over(session, letter, id_, now)
        except Unreadable as broken:
            if not gently:
                raise
            resting.quarantine(session, broken, now=now)
            took = _hand_over(session, letter, id_, now)
        except Refusal as refusal:
            if not gently:
                raise
            took, stopped = True, str(refusal)
            _stop(session, letter, id_, refusal, now)
        if took:
            reached[process] = id_
    return Reached(list(reached.values()), stopped)


def _hand_over(session: Session, letter: Letter, instance_id: int, now: datetime) -> bool:
    """Give it to one case; one that rests gets it when it goes on. Whether the case waited for it."""
    target, key = session.get_one(Instance, instance_id), letter.key_for(instance_id)
    try:
        with session.begin_nested():
            instances.send(session, target, letter.name, letter.payload, by=letter.by, now=now, key=key)
    except (instances.NobodyWaits, instances.NotRunning):
        return False
    except instances.Resting:
        outbox.hold(
            session, letter.kind, letter.name, letter.payload, key=key, instance_id=instance_id, now=now
        )
    return True


def _stop(session: Session, letter: Letter, instance_id: int, refusal: Refusal, now: datetime) -> None:
    """The case could not go on with it: an incident of that case says why, and retrying it hands the letter in again."""
    key = letter.key_for(instance_id)
    job = outbox.hold(
        session, letter.kind, letter.name, letter.payload, key=key, instance_id=instance_id, now=now
    )
    job.failed_at, job.error = now, str(refusal)[:4000]
    session.flush()
    waits = subscriptions.waiting_for(letter.name).where(Subscription.instance_id == instance_id)
    at = session.scalars(waits.limit(1)).first()
    incidents.open_(
        session,
        instances.locked(session, instance_id),
        code=type(refusal).__name__,
        message=str(refusal),
        now=now,
        diagram=at.diagram if at else None,
        element=at.element if at else None,
        job_id=job.id,
        data=job.inputs,
    )


def _spread(session: Session, letter: Letter, now: datetime) -> list[int]:
    """A signal for everybody who waits: each case gets it in a transaction of its own, at the next turn of the outbox."""
    ids = sorted({id_ for id_, _ in session.execute(_waiting(letter, "signal"))})
    payload = outbox.stored(letter.payload)
    rows = [
        {
            "kind": "delivery",
            "operation": "signal",
            "name": letter.name,
            "instance_id": id_,
            "key": letter.key_for(id_),
            "inputs": payload,
            "created_at": now,
            "next_at": now,
            "tries": 0,
        }
        for id_ in ids
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    if rows:
        session.execute(dialect.insert(Job).on_conflict_do_nothing(), rows)
    return ids


def _begin(session: Session, letter: Letter, now: datetime) -> list[int]:
    """New instances of every process that starts with this message, in the version in which new ones start.

    Where a signal begins several, one that refuses leaves a fact and the others begin.
    """
    begun: list[int] = []
    for definition in session.scalars(definitions.startable()).all():
        starts = definitions.blueprint(session, definition).starts
        if all((letter.kind, letter.name) != (each.kind, each.message) for each in starts):
            continue
        try:
            with session.begin_nested():
                begun.append(_start(session, letter, definition, now).id)
        except Refusal as refusal:
            if letter.kind == "message":
                raise
            told = {"message": letter.name, "reason": str(refusal)[:500]}
            about = f"definition:{definition.id}"
            history.record(session, "message_refused", at=now, actor=letter.by, subject=about, data=told)
    return begun


def _start(session: Session, letter: Letter, definition: definitions.Definition, now: datetime) -> Instance:
    origin = letter.origin
    owner = session.get(Person, origin.owner_id) if origin and origin.owner_id else None
    return instances.start(
        session,
        definition,
        letter.payload,
        by=letter.by,
        now=now,
        message=letter.name,
        owner=owner,
        title=origin.title if origin else "",
        business_key=letter.named,
        key=letter.key_for(definition.process),
    )
