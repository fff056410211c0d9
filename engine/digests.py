"""Notices that leave by mail: each for itself, or one digest in the morning of a work day."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from engine import calendars
from engine.calendars import Calendar
from engine.notices import UNMAILED, Notice
from engine.people import Membership, Person
from engine.process import outbox

WAYS = ("each", "daily", "never")
FEW = 5
"""So many at once still leave one by one; more of them are one mail."""
MOST = 30
"""Notices written out in one mail, the latest; of the others it says how many there are."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as it is read: a text, and the same as a page."""

    subject: str
    text: str
    html: str


class Writer(Protocol):
    """Puts notices into words."""

    def __call__(self, person: Person, told: Sequence[Notice], more: int, *, daily: bool) -> Letter:
        """A mail for this person about these, the oldest first; ``more`` older ones are only counted."""
        ...


def mail_each(session: Session, write: Writer, *, now: datetime, limit: int = 50) -> int:
    """Put into the outbox what waits for people who want every notice at once; ``limit`` people. Returns how many mails."""
    mails = 0
    for person in _locked(session, waiting("each").limit(limit)):
        ids = _take(session, person, now=now)
        told = _read(session, ids)
        if len(ids) > FEW:
            _put(
                session,
                f"notices:{person.id}:{ids[-1]}",
                write(person, told, len(ids) - len(told), daily=False),
                person,
                now,
            )
            mails += 1
            continue
        for notice in told:
            _put(session, f"notice:{notice.id}", write(person, [notice], 0, daily=False), person, now)
        mails += len(told)
    return mails


def digest_due(session: Session, write: Writer, *, now: datetime, limit: int = 50) -> int:
    """Put the digests of this morning into the outbox, for ``limit`` people. Returns how many.

    A person's morning is the opening of their department; what was told before it is in the digest, what comes
    later waits for the next one. A clock that stood still catches up until the department closes.
    """
    due = dict(_mornings(session, now))
    sent = _sent(session, due)
    due = {person_id: morning for person_id, morning in due.items() if _key(person_id, morning) not in sent}
    mails = 0
    for person in _locked(session, select(Person.id).where(Person.id.in_(sorted(due)[:limit]))):
        ids = _take(session, person, Notice.at < due[person.id].opening, now=now)
        if ids:
            told = _read(session, ids)
            letter = write(person, told, len(ids) - len(told), daily=True)
            _put(session, _key(person.id, due[person.id]), letter, person, now)
            mails += 1
    return mails


def waiting(way: str) -> Select[int]:
    """The ids of people who want their notices this way and have some that were neither seen nor mailed."""
    some = select(Notice.id).where(Notice.person_id == Person.id, UNMAILED).exists()
    return select(Person.id).where(Person.digest == way, Person.left_at.is_(None), some).order_by(Person.id)


@dataclass(frozen=True, slots=True)
class Morning:
    """When the department of somebody opens, and on which local day that is."""

    day: date
    opening: datetime


def morning(calendar: Calendar, now: datetime) -> Morning | None:
    """The opening of the work day that is under way; None while it is closed."""
    today = now.astimezone(calendar.zone).date()
    for day in (today, today - timedelta(days=1)):  # a night shift began yesterday
        opening = calendar.opening(day)
        if opening and opening[0] <= now < opening[1]:
            return Morning(day, opening[0])
    return None


def _mornings(session: Session, now: datetime) -> Iterator[tuple[int, Morning]]:
    """Who has something from before the morning that is under way for them."""
    home = select(Membership.department_id).where(Membership.person_id == Person.id).order_by(Membership.id)
    oldest = select(Notice.at).where(Notice.person_id == Person.id, UNMAILED).order_by(Notice.id).limit(1)
    people = waiting("daily").add_columns(home.limit(1).scalar_subquery(), oldest.scalar_subquery())
    rows = session.execute(people).all()
    known: Mapping[int | None, Calendar] = calendars.of_all(session) if rows else {}
    begun = {key: morning(calendar, now) for key, calendar in known.items()}
    for person_id, department_id, first in rows:
        found = begun[department_id]
        if found and first < found.opening:
            yield person_id, found


def _key(person_id: int, morning: Morning) -> str:
    return f"digest:{person_id}:{morning.day.isoformat()}"


def _sent(session: Session, due: Mapping[int, Morning]) -> set[str]:
    """The keys of those digests that left already on that day."""
    keys = [_key(person_id, each) for person_id, each in due.items()]
    return set(session.scalars(select(outbox.Job.key).where(outbox.Job.key.in_(keys)))) if keys else set()


def _locked(session: Session, ids: Select[int]) -> Sequence[Person]:
    """These people, locked until the transaction ends: of two clocks one writes to them, the other passes on."""
    found = list(session.scalars(ids))
    if not found:
        return []
    query = select(Person).where(Person.id.in_(found)).order_by(Person.id)
    return session.scalars(query.with_for_update(skip_locked=True)).all()


def _take(session: Session, person: Person, *which: ColumnElement[bool], now: datetime) -> list[int]:
    """Mark what leaves now, and give exactly that: what is told meanwhile leaves next time."""
    taken = update(Notice).where(Notice.person_id == person.id, UNMAILED, *which).values(mailed_at=now)
    ids = session.scalars(taken.returning(Notice.id), execution_options={"synchronize_session": False})
    return sorted(ids)


def _read(session: Session, ids: Sequence[int]) -> Sequence[Notice]:
    query = select(Notice).where(Notice.id.in_(ids[-MOST:])).order_by(Notice.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def _put(session: Session, key: str, letter: Letter, person: Person, now: datetime) -> None:
    inputs: dict[str, Any] = {
        "to": person.id,
        "subject": letter.subject,
        "text": letter.text,
        "html": letter.html,
    }
    outbox.put(session, "notice", "mail", operation="notice", key=key, inputs=inputs, now=now)
