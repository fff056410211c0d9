"""A department's week: which open promises are asked of it, and which it waits for. Each stands in one place a side."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_

from engine.calendars import local_day
from engine.sales.promises import Promise

ASKED = ("late", "answer", "back", "due")
"""Late with us · our yes or no is waited for · came back to us, not ready · due this week."""
AWAITED = ("accept", "late", "owed", "theirs")
"""Ours to accept · late with them · they owe it to us · the other side has to answer or bring something."""
FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Side:
    """One column: promises by group, those that are due after this week, and those whose clock was stopped."""

    groups: dict[str, list[Promise]]
    later: list[Promise] = field(default_factory=list)
    paused: list[Promise] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many promises the groups hold."""
        return sum(map(len, self.groups.values()))


@dataclass(slots=True)
class Week:
    """What is asked of some departments and what they wait for, with the Monday of the week."""

    monday: date
    asked: Side
    awaited: Side


def concerns(departments: Collection[int]) -> ColumnElement[bool]:
    """The clause for open promises these departments give or receive, and are still held to."""
    sides = or_(Promise.provider_id.in_(departments), Promise.consumer_id.in_(departments))
    return and_(Promise.outcome.is_(None), Promise.closed_at.is_(None), Promise.manner.is_(None), sides)


def sort_out(promises: Iterable[Promise], departments: Collection[int], *, now: datetime) -> Week:
    """Put open promises where they belong, the most urgent first. One between two of the departments stands in both."""
    today = local_day(now)
    monday = today - timedelta(days=today.weekday())
    found = Week(monday, Side({name: [] for name in ASKED}), Side({name: [] for name in AWAITED}))
    for promise in sorted(promises, key=_urgency):
        if promise.provider_id in departments:
            _put(promise, provided(promise, now, monday), found)
        if promise.consumer_id in departments:
            _put(promise, received(promise, now), found)
    return found


def provided(promise: Promise, now: datetime, monday: date) -> tuple[str, str]:
    """Where its provider finds an open promise: the column and the group."""
    if promise.state == "requested":
        return "asked", "answer"
    if promise.state in {"returned", "countered", "delivered", "declined"}:
        return "awaited", "theirs"
    if _asked_anew(promise, "provider"):
        return "asked", "answer"
    if promise.due_at is None:
        return "asked", "paused"
    if promise.due_at < now:
        return "asked", "late"
    return "asked", "due" if local_day(promise.due_at) < monday + timedelta(days=7) else "later"


def received(promise: Promise, now: datetime) -> tuple[str, str]:
    """Where its consumer finds an open promise: the column and the group."""
    if promise.state == "returned":
        return "asked", "back"
    if promise.state == "countered" or _asked_anew(promise, "consumer"):
        return "asked", "answer"
    if promise.state == "delivered":
        return "awaited", "accept"
    if promise.state in {"promised", "paused"} and promise.due_at is None:
        return "awaited", "paused"
    late = promise.state == "promised" and promise.due_at is not None and promise.due_at < now
    return "awaited", "late" if late else "owed"


def running(side: Side) -> list[Promise]:
    """Those of a column whose clock runs towards a date: what its days count."""
    rows = [each for found in side.groups.values() for each in found] + side.later
    return [each for each in rows if each.state == "promised" and each.due_at is not None]


def _asked_anew(promise: Promise, side: str) -> bool:
    """The other side asks for another date than the one promised, and this one has not answered."""
    return promise.state == "promised" and promise.proposed_due_at is not None and promise.turn == side


def _put(promise: Promise, where: tuple[str, str], week: Week) -> None:
    side, group = week.asked if where[0] == "asked" else week.awaited, where[1]
    rows = side.groups.get(group)
    (rows if rows is not None else getattr(side, group)).append(promise)


def _urgency(promise: Promise) -> tuple[datetime, int]:
    """The next time that matters: due, else until when an answer is expected."""
    return promise.due_at or promise.respond_by or promise.accept_by or FAR, promise.id
