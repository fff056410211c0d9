"""Kept states: a way back before somebody moves, edits or migrates a running case by hand."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId


class Checkpoint(Base):
    """The state of an instance as it was before its fact number ``seq`` + 1, and the version it ran on.

    ``why`` is manual, moved, edited or migrated; ``name`` what a person called it.
    """

    __tablename__ = "checkpoints"
    __table_args__ = (Index("ix_checkpoints_instance", "instance_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    seq: Mapped[int]
    state: Mapped[bytes] = mapped_column(LargeBinary)
    why: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(120), default="")
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
