"""What instances wait for: timers with their moment, messages with their name. One indexed table, woken row by row."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import isodate
from sqlalchemy import ForeignKey, Index, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars
from engine.db import Base, BigId
from engine.errors import Refusal
from engine.people import Department
from engine.process.blueprint import Element
from engine.process.runner import Waiting


class NotATime(Refusal):
    """The timer “%(element)s” gives “%(text)s”, which is neither a date nor a duration such as P2D or PT4H."""


class Subscription(Base):
    """One token of one instance waits: for a moment (``due_at``, UTC), a message or a signal (``name``)."""

    __tablename__ = "subscriptions"
    __table_args__ = (Index("ix_subscriptions_due", "due_at"), Index("ix_subscriptions_name", "name"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    kind: Mapped[str] = mapped_column(String(10))
    token: Mapped[str] = mapped_column(String(40))
    diagram: Mapped[str] = mapped_column(String(200))
    element: Mapped[str] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    due_at: Mapped[datetime | None]
    correlation: Mapped[dict[str, Any] | None]


def due(now: datetime) -> Select[Subscription]:
    """Timers whose moment has come, the oldest first."""
    return (
        select(Subscription).where(Subscription.due_at <= now).order_by(Subscription.due_at, Subscription.id)
    )


def waiting_for(name: str, kind: str = "message") -> Select[Subscription]:
    """Tokens that wait for a message (or signal) of this name."""
    named = (Subscription.name == name, Subscription.kind == kind)
    return select(Subscription).where(*named).order_by(Subscription.id)


def of(session: Session, instance_id: int) -> Sequence[Subscription]:
    """Everything one instance waits for."""
    return session.scalars(select(Subscription).where(Subscription.instance_id == instance_id)).all()


def moment(
    waiting: Waiting, element: Element | None, *, now: datetime, department: Department | None
) -> datetime:
    """When a timer that starts now fires, in UTC: work time of the department's calendar unless drawn otherwise.

    Of a cycle (``R3/PT1H``) this is the next round. Raises NotATime.
    """
    text = (waiting.due or "").strip()
    name = element.name.pl if element and element.name.pl else waiting.element
    if waiting.timer_kind == "date":
        return _date(text, name)
    *_, interval = text.split("/")
    work = element is None or element.timer is None or element.timer.clock != "round"
    return after(interval, at=now, work=work, department=department, name=name)


def is_duration(text: str) -> bool:
    """Whether a text is an ISO 8601 duration."""
    try:
        isodate.parse_duration(text)
    except (isodate.ISO8601Error, ValueError, TypeError, OverflowError):
        return False
    return True


def written(value: Any) -> str:
    """What an expression gave as a time, as ISO text: a duration, a date, a moment; nothing is empty."""
    if isinstance(value, timedelta):
        return str(isodate.duration_isoformat(value))
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else str(value)


def deadline(text: str, *, at: datetime, department: Department | None = None, name: str = "") -> datetime:
    """When a task given at ``at`` is due, in UTC: an ISO duration in work time, or a date or moment. Raises NotATime."""
    if is_duration(text):
        return after(text, at=at, department=department, name=name)
    return _date(text, name)


def after(
    interval: str, *, at: datetime, work: bool = True, department: Department | None = None, name: str = ""
) -> datetime:
    """The moment an ISO 8601 duration after ``at``, in UTC, in work time or round the clock. Raises NotATime."""
    try:
        length = isodate.parse_duration(interval)
    except (isodate.ISO8601Error, ValueError, TypeError, OverflowError) as error:
        raise NotATime(element=name, text=interval) from error
    if isinstance(length, isodate.Duration) or not work:
        return _far(at, length)
    return calendars.add_work_time(
        at, days=min(length.days, 3650), minutes=length.seconds // 60, department=department
    )


def _far(at: datetime, length: Any) -> datetime:
    try:
        moment: datetime = at + length
    except (OverflowError, ValueError):
        return at + timedelta(days=3650)
    return moment


def _date(text: str, name: str) -> datetime:
    try:
        at = (
            isodate.parse_datetime(text)
            if "T" in text
            else datetime.combine(isodate.parse_date(text), isodate.parse_time("08:00"))
        )
    except (isodate.ISO8601Error, ValueError, TypeError) as error:
        raise NotATime(element=name, text=text) from error
    return at.replace(tzinfo=calendars.HOME).astimezone(UTC) if at.tzinfo is None else at.astimezone(UTC)
