"""What instances wait for: timers with their moment, messages with their name. One indexed table, woken row by row."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import isodate
import orjson
from sqlalchemy import ForeignKey, Index, Select, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import lengths
from engine.calendars import Calendar, TooFar
from engine.db import Base, BigId
from engine.errors import Refusal
from engine.lengths import NotALength
from engine.process.blueprint import Element, Text
from engine.process.runner import Waiting

if TYPE_CHECKING:
    from engine.process.instances import Instance


class NotATime(Refusal):
    """The timer “%(element)s” gives “%(text)s”, which is neither a date nor a duration such as P2D or PT4H."""


class TooLong(Refusal):
    """The timer “%(element)s” gives “%(text)s”, which lies more than fifty years ahead."""


class Subscription(Base):
    """One token of one instance waits: for a moment (``due_at``, UTC), a message or a signal (``name``).

    While its case rests, ``due_at`` is empty and ``parked_due_at`` keeps it: a timer nobody may fire is not found due.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        Index("ix_subscriptions_due", "due_at"),
        Index("ix_subscriptions_name", "name", "correlation_hash"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    token: Mapped[str] = mapped_column(String(40))
    diagram: Mapped[str] = mapped_column(String(200))
    element: Mapped[str] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[datetime | None]
    parked_due_at: Mapped[datetime | None]
    correlation: Mapped[dict[str, Any] | None]
    correlation_hash: Mapped[str | None] = mapped_column(String(64))
    """The `address` of who waits for a message: by it the one meant is found among ten thousand."""


def address(correlation: Mapping[str, Any], business_key: str | None) -> str | None:
    """Where a message finds a case: under its correlation values, and while it has none under its business key."""
    if correlation:
        return fingerprint(correlation)
    return fingerprint({"business key": business_key}) if business_key is not None else None


def fingerprint(correlation: Mapping[str, Any]) -> str:
    """One text for the values of a correlation, whatever their order; 5 and 5.0 are one value."""
    plain = {name: _one_way(value) for name, value in correlation.items()}
    return hashlib.sha256(orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)).hexdigest()


def readdress(row: Subscription, instance: "Instance", waiting: Waiting) -> None:
    """Note where a message finds this token now: a case may come to know more values while it waits."""
    known = dict(waiting.correlation) or None
    found = address(waiting.correlation, instance.business_key)
    if (row.correlation, row.correlation_hash) != (known, found):
        row.correlation, row.correlation_hash = known, found


def _one_way(value: Any) -> Any:
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if is_whole else value


def due(now: datetime) -> Select[Subscription]:
    """Timers whose moment has come, the oldest first."""
    return (
        select(Subscription).where(Subscription.due_at <= now).order_by(Subscription.due_at, Subscription.id)
    )


def take(session: Session, subscription_id: int, *, now: datetime) -> "tuple[Subscription, Instance] | None":
    """A timer that is due, with its case, both locked; None where it is gone, parked, or somebody is at its case.

    Waits for nobody: what is busy stays due and is found again.
    """
    from engine.process.instances import Instance  # it knows its subscriptions

    due = select(Subscription, Instance).join(Instance, Instance.id == Subscription.instance_id)
    due = due.where(Subscription.id == subscription_id, Subscription.due_at <= now)
    for row, instance in session.execute(due.with_for_update(skip_locked=True)):
        return row, instance
    return None


def waiting_for(name: str, kind: str = "message") -> Select[Subscription]:
    """Tokens that wait for a message (or signal) of this name."""
    named = (Subscription.name == name, Subscription.kind == kind)
    return select(Subscription).where(*named).order_by(Subscription.id)


def of(session: Session, instance_id: int) -> Sequence[Subscription]:
    """Everything one instance waits for."""
    return session.scalars(select(Subscription).where(Subscription.instance_id == instance_id)).all()


def park(session: Session, instance: "Instance") -> None:
    """Let the timers of a case rest: none is found due until `unpark`. Parking twice is parking once."""
    due = (Subscription.instance_id == instance.id, Subscription.due_at.is_not(None))
    session.execute(
        update(Subscription).where(*due).values(parked_due_at=Subscription.due_at, due_at=None),
        execution_options={"synchronize_session": "fetch"},
    )


def unpark(session: Session, instance: "Instance", *, now: datetime) -> int:
    """Put the parked timers of a case back at their moments, once nothing keeps it resting any more.

    A moment that has passed meanwhile stays as it was, so that overdue timers fire in their order from ``now`` on.
    Timers that an incident stopped stay stopped. Returns how many are overdue.
    """
    rows = session.scalars(
        select(Subscription).where(
            Subscription.instance_id == instance.id, Subscription.parked_due_at.is_not(None)
        )
    ).all()
    for row in rows:
        row.due_at, row.parked_due_at = row.parked_due_at, None
    session.flush()
    return sum(row.due_at is not None and row.due_at <= now for row in rows)


def moment(waiting: Waiting, element: Element | None, *, now: datetime, calendar: Calendar) -> datetime:
    """When a timer that starts now fires, in UTC: work time of the calendar unless drawn round the clock.

    Of a cycle (``R3/PT1H``) this is the next round. Raises NotATime, TooLong.
    """
    text = (waiting.due or "").strip()
    name = element.label if element else waiting.element
    work = element is None or element.timer is None or element.timer.clock != "round"
    if waiting.timer_kind == "date":
        return _date(text, name, calendar, work=work)
    *_, interval = text.split("/")
    return after(interval, at=now, work=work, calendar=calendar, name=name)


def is_duration(text: str) -> bool:
    """Whether a text is a length of time: ISO 8601 or plain words."""
    return lengths.is_length(text)


def written(value: Any) -> str:
    """What an expression gave as a time, as ISO text: a duration, a date, a moment; nothing is empty."""
    if isinstance(value, timedelta):
        return str(isodate.duration_isoformat(value))
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def deadline(text: str, *, at: datetime, calendar: Calendar, name: Text | str = "") -> datetime:
    """When a task given at ``at`` is due, in UTC: a length in work time, or a date or moment. Raises NotATime, TooLong."""
    if is_duration(text):
        return after(text, at=at, calendar=calendar, name=name)
    return _date(text, name, calendar)


def after(
    interval: str, *, at: datetime, calendar: Calendar, work: bool = True, name: Text | str = ""
) -> datetime:
    """The moment a length of time after ``at``, in UTC, in work time or round the clock. Raises NotATime, TooLong."""
    try:
        return (calendar.add if work else calendar.add_round)(at, interval)
    except NotALength as error:
        raise NotATime(element=name, text=interval) from error
    except TooFar as error:
        raise TooLong(element=name, text=interval) from error


def _date(text: str, name: Text | str, calendar: Calendar, *, work: bool = True) -> datetime:
    """A moment in the calendar's zone unless it names one; of a mere date the first opening from that day on, or 8:00."""
    try:
        if "T" not in text and work:
            return calendar.next_opening(calendar.moment(datetime.combine(isodate.parse_date(text), time())))
        at = isodate.parse_datetime(text if "T" in text else f"{text}T08:00")
        return calendar.moment(at) if at.tzinfo is None else at.astimezone(UTC)
    except (isodate.ISO8601Error, ValueError, TypeError, OverflowError) as error:
        raise NotATime(element=name, text=text) from error
