"""Notices: what a person should know, shown until seen and gathered into a digest."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from engine.db import Base, BigId
from engine.people import Person
from engine.process import outbox

UNSEEN = text("seen_at IS NULL")
UNMAILED = text("mailed_at IS NULL AND seen_at IS NULL")
SEEN = text("seen_at IS NOT NULL")

ONCE = timedelta(minutes=1)
"""The same thing about the same record is not said twice within this time to somebody who has not seen it yet."""

KEPT = timedelta(days=90)
"""How long somebody finds a notice again after having seen it."""


class Notice(Base):
    """One thing one person should know. ``kind`` says what (``promise_countered``), ``subject`` about which record.

    ``data`` are the values its sentence needs, so that it reads the same when the record has changed: ``by`` (a name),
    ``title`` and ``title_en``, ``about`` (the deal or client), ``due_at`` (the date it speaks of), ``respond_by``,
    ``accept_by``, ``reason``, ``missing`` (a list). None of them must be there. What was seen in the product is not mailed any more.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_unseen", "person_id", "id", sqlite_where=UNSEEN, postgresql_where=UNSEEN),
        # mailed_at is always empty in it: the one more column makes SQLite prefer it to the one of the unseen
        Index(
            "ix_notices_unmailed",
            "person_id",
            "mailed_at",
            "id",
            sqlite_where=UNMAILED,
            postgresql_where=UNMAILED,
        ),
        Index("ix_notices_person", "person_id", "id"),
        Index("ix_notices_seen", "seen_at", "id", sqlite_where=SEEN, postgresql_where=SEEN),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    kind: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]


def tell(
    session: Session,
    people: Iterable[Person | int],
    kind: str,
    subject: str,
    data: Mapping[str, Any],
    *,
    now: datetime,
    by: Person | None = None,
) -> int:
    """Let people know, in one statement however many they are. Returns how many were told.

    Who did it (``by``; its name becomes ``data["by"]``) need not be told, nor who left, nor who has not yet seen the
    same said within `ONCE`.
    """
    ids = {each if isinstance(each, int) else each.id for each in people} - {by.id if by else 0}
    if not ids:
        return 0
    kept = outbox.stored({**({"by": by.name} if by else {}), **data})
    values: dict[str, Any] = {"kind": kind, "subject": subject[:80], "data": kept, "at": now}
    literals = [literal(value, Notice.__table__.c[name].type) for name, value in values.items()]
    here = select(Person.id, *literals).where(Person.id.in_(ids), Person.left_at.is_(None))
    fresh = here.where(~_said(kind, subject[:80], now)).order_by(Person.id)
    told = insert(Notice).from_select(["person_id", *values], fresh)
    found = session.execute(told, execution_options={"preserve_rowcount": True})
    return int(found.rowcount)  # type: ignore[attr-defined]


def _said(kind: str, subject: str, now: datetime) -> ColumnElement[bool]:
    earlier = aliased(Notice)
    same = (earlier.person_id == Person.id, earlier.kind == kind, earlier.subject == subject)
    return select(earlier.id).where(*same, earlier.seen_at.is_(None), earlier.at > now - ONCE).exists()


def unseen(person: Person) -> Select[Notice]:
    """What a person has not seen yet, the latest first."""
    return recent(person).where(UNSEEN)


def recent(person: Person) -> Select[Notice]:
    """Everything a person was told, seen or not, the latest first."""
    return select(Notice).where(Notice.person_id == person.id).order_by(Notice.id.desc())


def count_unseen(session: Session, person: Person, *, most: int = 100) -> int:
    """How many a person has not seen yet, counted no further than ``most``: one look at one end of an index."""
    few = select(Notice.id).where(Notice.person_id == person.id, UNSEEN).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(few)) or 0


def see(
    session: Session, person: Person, upto_id: int | None = None, *, now: datetime, only: int | None = None
) -> int:
    """A person has seen one notice (``only``), those up to one, or all. Returns how many that were; nobody sees for others."""
    what = update(Notice).where(Notice.person_id == person.id, UNSEEN)
    if only is not None:
        what = what.where(Notice.id == only)
    if upto_id is not None:
        what = what.where(Notice.id <= upto_id)
    found = session.execute(what.values(seen_at=now).execution_options(synchronize_session="fetch"))
    return int(found.rowcount)  # type: ignore[attr-defined]


def sweep(session: Session, *, now: datetime, limit: int = 1_000) -> int:
    """Drop a share of what was seen longer than `KEPT` ago. Returns how many; called now and then, by the clock."""
    old = select(Notice.id).where(SEEN, Notice.seen_at < now - KEPT).order_by(Notice.seen_at, Notice.id)
    found = session.execute(delete(Notice).where(Notice.id.in_(old.limit(limit))))
    return int(found.rowcount)  # type: ignore[attr-defined]
