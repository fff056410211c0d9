"""Notices: what a person should know, shown until seen and gathered into a digest."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId

UNSEEN = text("seen_at IS NULL")
UNMAILED = text("mailed_at IS NULL")


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
