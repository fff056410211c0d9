"""Messages and signals from outside and from other cases: each acts once; early ones are kept, late ones refused visibly.

Our own tables say who is meant (`delivering`, `hearing`); an instance only ever sees what is meant for it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson
import structlog
from sqlalchemy import Select, delete, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from engine import history
from engine.errors import Refusal
from engine.people import Person
from engine.process import definitions, delivering, hearing, outbox, resting
from engine.process.advancing import Unreadable
from engine.process.delivering import Letter, Reached
from engine.process.instances import Instance
from engine.process.messages import OPEN, Message, MessageAddress, latest
from engine.process.outbox import Job
from engine.process.overrides import reasoned
from engine.process.subscriptions import Subscription

__all__ = [
    "KeyMissing",
    "Message",
    "NotRefused",
    "PayloadTooLarge",
    "PayloadUnreadable",
    "UnknownMessage",
    "again",
    "forward",
    "latest",
    "receive",
    "waiting",
    "work",
]

log = structlog.get_logger(__name__)

LARGEST = 64 * 1024
"""Bytes of a payload: process data hold ids and routing values, not documents."""

BATCH = 50
"""Kept messages looked at in one tick."""


class UnknownMessage(Refusal):
    """No process knows a message “%(message)s”."""


class KeyMissing(Refusal):
    """A message needs a key of its sender’s own, at most 120 signs: the same key does nothing a second time."""


class PayloadTooLarge(Refusal):
    """What the message carries has %(size)s bytes; at most %(most)s are taken."""


class PayloadUnreadable(Refusal):
    """What the message carries must be names with values: texts, numbers, yes or no, lists, and names with values again."""


class NotRefused(Refusal):
    """Only a message that reached nobody can be delivered again."""


# ------------------------------------------------------------------------------------------------- receiving


def receive(
    session: Session,
    name: str,
    payload: Mapping[str, Any],
    *,
    key: str,
    now: datetime,
    kind: str = "message",
    business_key: str | None = None,
    by: Person | None = None,
) -> Message:
    """Take in what came from outside and bring it to whom it concerns. The same ``key`` gives back the first one's row.

    Where nobody waits for it yet, it is kept as long as a diagram declares (`hearing.keeps`), else it is refused: the
    row says which. Raises UnknownMessage, KeyMissing, PayloadTooLarge, PayloadUnreadable, and what the diagram raises
    when it goes on.
    """
    if not 0 < len(key.strip()) <= 120 or "\x00" in key:
        raise KeyMissing(field="key")
    if "\x00" in name or not hearing.knows(session, name):
        raise UnknownMessage(field="name", message=name[:200].replace("\x00", ""))
    letter = Letter(kind, name, key.strip(), _read(payload), (business_key or "").replace("\x00", ""), by=by)
    message, is_new = _written(session, letter, now)
    if is_new:
        reached = delivering.deliver(session, letter, now=now)
        _settle(session, message, letter, reached, hearing.keeps(session, name, now), now)
    return message


def forward(session: Session, job: Job, *, now: datetime) -> dict[str, Any]:
    """Bring what a case threw to whom it concerns; where nobody waits yet, keep it as long as a diagram declares.

    What some process would hear, and nobody hears now, is written down as refused. Returns what became of it.
    """
    origin = session.get(Instance, job.instance_id) if job.instance_id else None
    letter = Letter(job.kind, job.name, f"case:{job.key}"[:120], job.inputs, origin=origin)
    reached = delivering.deliver(session, letter, now=now, gently=True)
    if reached.ids or letter.kind == "signal" or not hearing.knows(session, letter.name):
        return {"receivers": reached.ids}
    message, _ = _written(session, letter, now)
    _settle(session, message, letter, reached, hearing.keeps(session, letter.name, now), now)
    until = message.keep_until
    return {"receivers": [], "status": message.status, **({"kept_until": until.isoformat()} if until else {})}


def again(session: Session, message: Message, reason: str, *, by: Person, now: datetime) -> Message:
    """Bring a refused message anew, under a key of its own; the first one stays as it was. Twice is once.

    Raises ReasonMissing, NotRefused, and what `receive` raises.
    """
    said = reasoned(reason)
    if message.status != "refused" or message.receivers:
        raise NotRefused
    new = receive(
        session,
        message.name,
        message.payload,
        key=f"again:{message.id}",
        now=now,
        kind=message.kind,
        business_key=message.business_key,
        by=by,
    )
    _tell(session, message, "message_repeated", now, by=by, reason=said, anew=new.id)
    return new


def _read(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload as it is kept. Raises PayloadTooLarge, PayloadUnreadable."""
    try:
        kept = outbox.stored(payload)
        written = orjson.dumps(kept)
    except (TypeError, ValueError, RecursionError) as error:
        raise PayloadUnreadable(field="payload") from error
    if len(written) > LARGEST:
        raise PayloadTooLarge(field="payload", size=len(written), most=LARGEST)
    if b"\\u0000" in written:  # no database keeps it
        raise PayloadUnreadable(field="payload")
    return kept


def _written(session: Session, letter: Letter, now: datetime) -> tuple[Message, bool]:
    """The row under the letter's key, and whether it is this one's. Somebody at it right now is waited for."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    values: dict[str, Any] = {
        "kind": letter.kind,
        "name": letter.name,
        "key": letter.key,
        "business_key": letter.named,
        "payload": outbox.stored(letter.payload),
        "received_at": now,
        "receivers": [],
    }
    insert = dialect.insert(Message).values(values).on_conflict_do_nothing().returning(Message.id)
    taken = session.scalar(insert)
    return session.scalars(select(Message).where(Message.key == letter.key)).one(), taken is not None


def _settle(
    session: Session,
    message: Message,
    letter: Letter,
    reached: Reached,
    until: datetime | None,
    now: datetime,
) -> None:
    """Write what became of a message: one row, one fact."""
    message.receivers = reached.ids
    if reached.stopped is not None:
        message.refused_at, message.reason = now, reached.stopped[:500]
    elif reached.ids or letter.kind == "signal":
        message.delivered_at = now
    elif until is not None and until > now:
        message.keep_until = until
        found = hearing.addresses(session, letter.name, letter.payload, letter.named)
        session.add_all(MessageAddress(message_id=message.id, hash=each) for each in found)
    else:
        message.refused_at, message.reason = now, "late" if message.keep_until else "nobody"
    if message.status != "kept":
        session.execute(delete(MessageAddress).where(MessageAddress.message_id == message.id))
    _tell(session, message, f"message_{message.status}", now, by=letter.by, reason=message.reason)


def _tell(
    session: Session, message: Message, kind: str, now: datetime, *, by: Person | None = None, **more: Any
) -> None:
    what = {"message": message.name, "receivers": message.receivers, "business_key": message.business_key}
    what |= {name: value for name, value in more.items() if value is not None}
    history.record(session, kind, at=now, actor=by, subject=f"message:{message.id}", data=what)


# ------------------------------------------------------------------------------------------------- kept ones


def waiting(now: datetime, starting: tuple[str, ...] = ()) -> Select[int]:
    """Ids of kept messages whose time is over, whose case waits now, or that now start a process (``starting``)."""
    mine = select(MessageAddress.hash).where(MessageAddress.message_id == Message.id).correlate(Message)
    hears = (
        select(Subscription.id)
        .where(Subscription.name == Message.name, Subscription.kind == "message")
        .where(Subscription.correlation_hash.in_(mine))
    )
    due = or_(Message.keep_until <= now, exists(hears), Message.name.in_(starting))
    return (
        select(Message.id)
        .where(OPEN, Message.keep_until.is_not(None), due)
        .order_by(Message.keep_until, Message.id)
    )


def work(factory: sessionmaker[Session], *, now: datetime, most: int = BATCH) -> int:
    """The clock's share: bring kept messages to those who have come to wait for them, refuse those too late.

    Nothing kept is one look at an empty index. Returns how many found somebody or were refused.
    """
    with factory() as session:
        session.connection(execution_options={"reading": True})
        names = session.scalars(select(Message.name).where(OPEN).distinct()).all()
        if not names:
            return 0
        plans = [definitions.blueprint(session, each) for each in session.scalars(definitions.startable())]
        begins = {start.message for plan in plans for start in plan.starts if start.kind == "message"}
        starting = tuple(name for name in names if name in begins)
        ids = session.scalars(waiting(now, starting).limit(most)).all()
    return sum(_look_again(factory, id_, now) for id_ in ids)


def _look_again(factory: sessionmaker[Session], message_id: int, now: datetime) -> bool:
    """One kept message, in a transaction of its own. Whatever it meets, the others get their turn."""
    try:
        with factory.begin() as session:
            return _brought(session, message_id, now)
    except (OperationalError, StaleDataError):
        log.warning("message_postponed", message=message_id)  # the database was busy: the next tick tries
        return False
    except Unreadable as broken:
        resting.put_aside(factory, broken, now=now)
        return False
    except Refusal as refusal:
        return _give_up(factory, message_id, str(refusal), now)
    except Exception as error:  # the one door: a message nobody can take must not stop the clock
        log.exception("message_failed", message=message_id)
        return _give_up(factory, message_id, f"{type(error).__name__}: {error}", now)


def _brought(session: Session, message_id: int, now: datetime) -> bool:
    message = _kept(session, message_id)
    if message is None or message.keep_until is None:
        return False  # somebody was faster, or is faster just now
    letter = Letter(message.kind, message.name, message.key, message.payload, message.business_key)
    reached = delivering.deliver(session, letter, now=now, gently=True)
    if not reached.ids and message.keep_until > now:
        return False
    _settle(session, message, letter, reached, None, now)
    return True


def _kept(session: Session, message_id: int) -> Message | None:
    query = select(Message).where(Message.id == message_id, OPEN)
    return session.scalars(query.with_for_update(skip_locked=True)).first()


def _give_up(factory: sessionmaker[Session], message_id: int, reason: str, now: datetime) -> bool:
    """What a diagram, or we, could not do with a message is written on it; it waits for a person to bring it anew."""
    with factory.begin() as session:
        message = _kept(session, message_id)
        if message is None:
            return False
        letter = Letter(message.kind, message.name, message.key)
        _settle(session, message, letter, replace(Reached(), stopped=reason.replace("\x00", "")), None, now)
        return True
