"""Incidents: something the engine could not do by itself and a person must look at."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import history
from engine.db import Base, BigId
from engine.people import Person
from engine.process.instances import Instance


class Incident(Base):
    """One stop of one token or job. Open while ``resolved_at`` is empty; ``resolution`` is retried or skipped."""

    __tablename__ = "incidents"
    __table_args__ = (Index("ix_incidents_open", "resolved_at", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), index=True)
    job_id: Mapped[int | None] = mapped_column(BigId)
    subscription_id: Mapped[int | None] = mapped_column(BigId)
    diagram: Mapped[str | None] = mapped_column(String(200))
    element: Mapped[str | None] = mapped_column(String(200))
    code: Mapped[str] = mapped_column(String(80))
    message: Mapped[str] = mapped_column(Text)
    data: Mapped[dict[str, Any] | None]
    """What the call was given, or what the token saw, when it stopped."""
    opened_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    resolution: Mapped[str | None] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(500))


def open_(
    session: Session,
    instance: Instance,
    *,
    code: str,
    message: str,
    now: datetime,
    diagram: str | None = None,
    element: str | None = None,
    job_id: int | None = None,
    subscription_id: int | None = None,
) -> Incident:
    """Write down that this instance needs a person."""
    incident = Incident(
        instance_id=instance.id,
        job_id=job_id,
        subscription_id=subscription_id,
        diagram=diagram,
        element=element,
        code=code,
        message=message[:4000],
        opened_at=now,
    )
    session.add(incident)
    what = {"code": code, "message": message[:500]}
    history.record(
        session,
        "incident_opened",
        at=now,
        actor=None,
        instance=instance,
        diagram=diagram,
        element=element,
        data=what,
    )
    return incident


def still_open() -> Select[Incident]:
    """Incidents nobody has resolved, the oldest first."""
    return select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.id)


def resolved() -> Select[Incident]:
    """Incidents somebody has dealt with, the latest first."""
    return select(Incident).where(Incident.resolved_at.is_not(None)).order_by(Incident.id.desc())


def resolve(
    session: Session,
    incident: Incident,
    resolution: str,
    *,
    by: Person | None,
    now: datetime,
    reason: str = "",
) -> None:
    """Close an incident because its cause is gone. Retrying the job itself is `jobs.retry`."""
    incident.reason = reason[:500] or None
    incident.resolved_at, incident.resolution = now, resolution
    incident.resolved_by_id = by.id if by else None
    instance = session.get_one(Instance, incident.instance_id, with_for_update=True)
    history.record(
        session,
        "incident_resolved",
        at=now,
        actor=by,
        instance=instance,
        diagram=incident.diagram,
        element=incident.element,
        data={"code": incident.code, "resolution": resolution, "reason": reason[:500]},
    )
