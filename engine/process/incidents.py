"""Incidents: something the engine could not do by itself and a person must look at."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import history
from engine.db import Base, BigId
from engine.people import Person
from engine.process.instances import Instance


class Incident(Base):
    """One stop of one token or job. Open while ``resolved_at`` is empty.

    ``resolution`` is retried, skipped, mended (the state can be read again) or overtaken (a hand took the token away).
    """

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
    data: Mapping[str, Any] | None = None,
) -> Incident:
    """Write down that this instance needs a person; ``data`` is what was at hand, kept short and without secrets."""
    message = message.replace("\x00", "")
    incident = Incident(
        instance_id=instance.id,
        job_id=job_id,
        subscription_id=subscription_id,
        diagram=diagram,
        element=element,
        code=code,
        message=message[:4000],
        data=shown(data) if data else None,
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


SECRET = re.compile(
    r"pass(word|phrase|wd)|secret|token|api_?key|authori[sz]|credential|cookie|private|haslo|hasło",
    re.IGNORECASE,
)
MASK = "•••"
"""Stands where a secret was."""
SHOWN, ITEMS, DEPTH = 500, 20, 4


def shown(data: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Inputs as an incident keeps and shows them: long texts and lists shortened, what is named like a secret masked."""
    few = list(data.items())[: ITEMS * 2]
    return {str(name): MASK if SECRET.search(str(name)) else _short(value, depth) for name, value in few}


def _short(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= SHOWN else f"{value[:SHOWN]}…"
    if depth >= DEPTH and isinstance(value, Mapping | list):
        return "…"
    if isinstance(value, Mapping):
        return shown(value, depth + 1)
    if isinstance(value, list):
        return [_short(item, depth + 1) for item in value[:ITEMS]] + (["…"] if len(value) > ITEMS else [])
    return value


def narrowed(
    rows: Select[Incident], *, process: str = "", element: str = "", code: str = ""
) -> Select[Incident]:
    """Those of these incidents with one process, element or code; what is empty narrows nothing."""
    if process:
        rows = rows.where(Incident.instance_id.in_(select(Instance.id).where(Instance.process == process)))
    if element:
        rows = rows.where(Incident.element == element)
    return rows.where(Incident.code == code) if code else rows


def causes() -> Select[str, str | None, str, int, datetime]:
    """Open incidents by process, element and code, with how many there are and since when; the most first."""
    number = func.count()
    return (
        select(Instance.process, Incident.element, Incident.code, number, func.min(Incident.opened_at))
        .join(Instance, Instance.id == Incident.instance_id)
        .where(Incident.resolved_at.is_(None))
        .group_by(Instance.process, Incident.element, Incident.code)
        .order_by(number.desc(), func.min(Incident.id))
    )


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
