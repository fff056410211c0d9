"""Kept states: a way back before somebody moves, edits or migrates a running case by hand."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, select, union_all
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, BigId
from engine.history import Event
from engine.people import Person
from engine.process.outbox import Job
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask

if TYPE_CHECKING:
    from engine.process.instances import Instance


class Checkpoint(Base):
    """The state of an instance as it was before its fact number ``seq`` + 1, and the version it ran on.

    ``why`` is manual, moved, edited, restored, broken or migrated; ``name`` what a person called it.
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


def keep(
    session: Session, instance: "Instance", why: str, *, by: Person | None, now: datetime, name: str = ""
) -> Checkpoint:
    """Keep the state as it is now, before a hand changes it. Returns the flushed row."""
    kept = Checkpoint(
        instance_id=instance.id,
        definition_id=instance.definition_id,
        seq=instance.seq,
        state=instance.state,
        why=why,
        name=name[:120],
        at=now,
        by_id=by.id if by else None,
    )
    session.add(kept)
    session.flush()
    return kept


def of(instance: "Instance") -> Select[Checkpoint]:
    """The kept states of a case, the latest first."""
    return select(Checkpoint).where(Checkpoint.instance_id == instance.id).order_by(Checkpoint.id.desc())


def last_number(session: Session, instance: "Instance") -> int:
    """The highest number a token of this case ever had, as far as anybody was told: after going back, new tokens must
    not be called like old ones."""
    tables = (Event, UserTask, Job, Subscription)
    told = union_all(*(select(each.token).where(each.instance_id == instance.id) for each in tables))
    tokens = session.scalars(select(told.subquery().c.token).distinct())
    numbers = (token.partition("-")[2].partition(".")[0] for token in tokens if token)
    return max((int(each) for each in numbers if each.isdecimal()), default=0)
