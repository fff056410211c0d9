"""Absences: who is away from day to day, and who stands in for them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId


class Absence(Base):
    """Somebody is away from ``first_day`` to ``last_day``, local days, both included; ``deputy_id`` stands in.

    One that was taken back has ``withdrawn_at``; it stays, since something may have been signed in it.
    """

    __tablename__ = "absences"
    __table_args__ = (
        Index("ix_absences_person", "person_id", "last_day"),
        Index("ix_absences_deputy", "deputy_id", "last_day"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    deputy_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    note: Mapped[str] = mapped_column(String(200), default="")
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    withdrawn_at: Mapped[datetime | None]
