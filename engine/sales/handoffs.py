"""Hand-offs: flows from one department's lane to another's, bound to an agreement or waived with a reason."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId

STANDS = text("ended_at IS NULL")


class Handoff(Base):
    """What somebody decided about one flow of a process: bound to ``agreement_id``, or waived with a ``reason``.

    ``flow`` is an id of the uploaded ``diagram``. A decision is never changed: the next one ends it.
    """

    __tablename__ = "handoffs"
    __table_args__ = (
        Index(
            "ix_handoffs_flow",
            "process",
            "diagram",
            "flow",
            unique=True,
            sqlite_where=STANDS,
            postgresql_where=STANDS,
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    process: Mapped[str] = mapped_column(String(200))
    diagram: Mapped[str] = mapped_column(String(200))
    flow: Mapped[str] = mapped_column(String(200))
    agreement_id: Mapped[int | None] = mapped_column(ForeignKey("agreements.id"), index=True)
    reason: Mapped[str | None] = mapped_column(String(500))
    decided_at: Mapped[datetime]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
