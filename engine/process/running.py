"""One running process: its row, and whether anything may happen to it now."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, BigId
from engine.errors import Refusal
from engine.history import Event
from engine.people import Person


class NotRunning(Refusal):
    """This case has ended; nothing more can happen to it."""


class Resting(Refusal):
    """Nothing can happen to this case now."""


class Suspended(Resting):
    """This case has been resting since %(since)s. %(who)s wrote: “%(why)s”. Nothing happens to it until it is resumed."""


class Quarantined(Resting):
    """The stored state of this case could not be read on %(since)s, and nothing happens to it until that is mended.
    Ask whoever designs or administers processes: they can go back to a kept state, or stop the case."""


class Instance(Base):
    """One running or ended process. ``state`` holds only what its future needs; its past is in history.

    ``seq`` is the number of its last fact. ``version`` rises with every change and lets two who act at once not
    both win. ``outcome`` is what the reached end event says (won, lost …) or its id.
    """

    __tablename__ = "instances"
    __table_args__ = (Index("ix_instances_process", "process", "ended_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"), index=True)
    process: Mapped[str] = mapped_column(String(200))
    business_key: Mapped[str | None] = mapped_column(String(120), index=True)
    title: Mapped[str] = mapped_column(String(250), default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    state: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    version: Mapped[int] = mapped_column(default=1)
    seq: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(200))
    suspended_at: Mapped[datetime | None]
    """Since when an operator lets it rest: nothing happens to it until it is resumed."""
    quarantined_at: Mapped[datetime | None]
    """Since when its state cannot be read: nothing happens to it until a person has mended it."""

    __mapper_args__ = {"version_id_col": version}


def running() -> Select[Instance]:
    """Instances that have not ended, the oldest first."""
    return select(Instance).where(Instance.ended_at.is_(None)).order_by(Instance.id)


def at_rest(instance: Instance) -> bool:
    """Whether nothing may happen to a running case now: an operator lets it rest, or its state cannot be read."""
    return instance.suspended_at is not None or instance.quarantined_at is not None


def must_not_rest(session: Session, instance: Instance) -> None:
    """Every command of a person passes here. Raises Quarantined, or Suspended with who said so and why."""
    if instance.quarantined_at is not None:
        raise Quarantined(since=instance.quarantined_at)
    if instance.suspended_at is not None:
        said = session.execute(
            select(Person.name, Event.data)
            .join(Person, Person.id == Event.actor_id, isouter=True)
            .where(Event.instance_id == instance.id, Event.kind == "overridden")
            .where(Event.data["what"].as_string() == "suspended")
            .order_by(Event.seq.desc())
        ).first()
        who, data = said or (None, None)
        why = (data or {}).get("reason", "")
        raise Suspended(since=instance.suspended_at, who=who or "Contentum", why=why)


def must_run(session: Session, instance: Instance) -> None:
    """Raises NotRunning for a case that has ended, and what `must_not_rest` raises."""
    if instance.ended_at is not None:
        raise NotRunning
    must_not_rest(session, instance)


def locked(session: Session, instance_id: int | None) -> Instance:
    """The instance as it is now, kept from others until the transaction ends."""
    return session.get_one(Instance, instance_id, with_for_update=True, populate_existing=True)
