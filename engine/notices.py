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
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from engine.db import Base, BigId
from engine.people import Person
from engine.process import outbox

UNSEEN = text("seen_at IS NULL")
UNMAILED = text("mailed_at IS NULL")

ONCE = timedelta(minutes=1)
"""The same thing about the same record is not said twice within this time to somebody who has not seen it yet."""


class Notice(Base):
    """One thing one person should know. ``kind`` says what (``promise_countered``), ``subject`` about which record.

    ``data`` are the values its sentence needs, so that it reads the same when the record has changed.
    """

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_unseen", "person_id", "id", sqlite_where=UNSEEN, postgresql_where=UNSEEN),
        Index("ix_notices_unmailed", "person_id", "id", sqlite_where=UNMAILED, postgresql_where=UNMAILED),
        Index("ix_notices_person", "person_id", "id"),
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
