"""How much of each process runs, has ended lately, and is stuck: a handful of grouped counts for the catalogue."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.process.incidents import Incident
from engine.process.instances import Instance


@dataclass(slots=True)
class Tally:
    """Counts of one process: ``ended`` since a moment, ``incidents`` that nobody resolved."""

    running: int = 0
    ended: int = 0
    incidents: int = 0


def by_process(session: Session, *, since: datetime) -> dict[str, Tally]:
    """The counts of every process; one without any has zeros."""
    found: dict[str, Tally] = defaultdict(Tally)
    grouped = select(Instance.process, func.count()).group_by(Instance.process)
    for process, count in session.execute(grouped.where(Instance.ended_at.is_(None))):
        found[process].running = count
    for process, count in session.execute(grouped.where(Instance.ended_at >= since)):
        found[process].ended = count
    stuck = grouped.join(Incident, Incident.instance_id == Instance.id).where(Incident.resolved_at.is_(None))
    for process, count in session.execute(stuck):
        found[process].incidents = count
    return found


def running_by_version(session: Session, process: str) -> dict[int, int]:
    """How many instances run on each version of a process, by the version's id."""
    grouped = (
        select(Instance.definition_id, func.count())
        .where(Instance.process == process, Instance.ended_at.is_(None))
        .group_by(Instance.definition_id)
    )
    return {definition: count for definition, count in session.execute(grouped)}  # noqa: C416  # rows are not pairs
