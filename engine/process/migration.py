"""Taking running instances to another version of their process: a plan, tried on all of them, carried out in batches."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId


class MigrationPlan(Base):
    """From one version of a process to another. ``mapping`` names new places for ids that are gone.

    ``mapping`` is ``{"diagram/element": "element"}``. Work on it stops and goes on at any time; times are UTC.
    """

    __tablename__ = "migration_plans"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    process: Mapped[str] = mapped_column(String(200), index=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    mapping: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(500), default="")
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    started_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reverting_at: Mapped[datetime | None]


class MigrationItem(Base):
    """One instance of a plan. ``status`` is fits, refused, migrated or reverted; ``reason`` says why not, in both languages."""

    __tablename__ = "migration_items"
    __table_args__ = (Index("ix_migration_items_status", "plan_id", "status", "instance_id"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("migration_plans.id"), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    element: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[dict[str, Any] | None]
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"))
    at: Mapped[datetime]
