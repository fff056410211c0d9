"""History: one row for every fact, never changed. Reports, timelines and audits are told from here."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars
from engine.db import Base, BigId

if TYPE_CHECKING:
    from engine.people import Person
    from engine.process.instances import Instance


class Event(Base):
    """One fact. Facts of an instance carry ``seq``: 1, 2, 3 … without a gap, the order that counts.

    ``kind`` is past tense: started, opened, claimed, released, handed_over, completed, cancelled, passed,
    received, thrown, fired, called, answered, failed, ended, incident_opened, incident_resolved … and, for facts
    outside an instance, whatever its verb says. ``diagram`` and ``element`` are ids of the uploaded diagram.
    ``subject`` names a record outside the instance that the fact is about: ``agreement:12``.
    ``day`` is the organization's local day, fixed when written.
    """

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("instance_id", "seq"),
        Index("ix_events_subject", "subject", "id"),
        Index("ix_events_at", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"))
    seq: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    day: Mapped[date]
    diagram: Mapped[str | None] = mapped_column(String(200))
    element: Mapped[str | None] = mapped_column(String(200))
    token: Mapped[str | None] = mapped_column(String(40))
    task_id: Mapped[int | None] = mapped_column(BigId)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    subject: Mapped[str | None] = mapped_column(String(80))
    data: Mapped[dict[str, Any] | None]


def record(
    session: Session,
    kind: str,
    *,
    at: datetime,
    actor: "Person | None",
    instance: "Instance | None" = None,
    subject: str | None = None,
    diagram: str | None = None,
    element: str | None = None,
    token: str | None = None,
    task_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """Add one fact to history; inside an instance it takes the next ``seq``. Returns the row, not yet flushed."""
    event = fact(
        kind,
        at=at,
        actor=actor,
        instance=instance,
        subject=subject,
        diagram=diagram,
        element=element,
        token=token,
        task_id=task_id,
        data=data,
    )
    session.add(event)
    return event


def fact(
    kind: str,
    *,
    at: datetime,
    actor: "Person | None",
    instance: "Instance | None" = None,
    subject: str | None = None,
    diagram: str | None = None,
    element: str | None = None,
    token: str | None = None,
    task_id: int | None = None,
    data: dict[str, Any] | None = None,
) -> Event:
    """One fact with its ``seq``, for `write`: a command leaves many, and they are stored with one statement."""
    event = Event(
        kind=kind,
        at=at,
        day=calendars.local_day(at),
        actor_id=actor.id if actor else None,
        subject=subject,
        diagram=diagram,
        element=element,
        token=token,
        task_id=task_id,
        data=data,
    )
    if instance is not None:
        instance.seq += 1
        event.instance_id, event.seq = instance.id, instance.seq
    return event


def write(session: Session, facts: Sequence[Event]) -> None:
    """Store facts that `fact` made, with one statement."""
    if facts:
        rows = [{name: getattr(each, name) for name in STORED} for each in facts]
        session.execute(
            insert(Base.metadata.tables["events"]), rows
        )  # the table, not the class: one statement for all


STORED = tuple(column.key for column in Event.__mapper__.column_attrs if column.key != "id")
