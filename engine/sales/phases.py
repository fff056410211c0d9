"""The fast sale seen from above: how much stands in each phase, how old it is, what passed today, and what stuck."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from engine import access, calendars
from engine.people import Person
from engine.process.blueprint import Blueprint, Stage
from engine.process.incidents import Incident
from engine.process.tasks import UserTask
from engine.sales.deals import Deal
from engine.sales.ladders import Move


@dataclass(frozen=True, slots=True)
class Phase:
    """One position of the ladder: ``standing`` now, since when the ``oldest``, how many ``passed`` (left it onwards) today."""

    stage: Stage
    standing: int
    oldest: datetime | None
    passed: int


@dataclass(frozen=True, slots=True)
class Stuck:
    """A sale that does not flow by itself: an overdue task, or an incident somebody must look at."""

    deal: Deal
    task: UserTask | None
    incident: Incident | None
    since: datetime


def phases(session: Session, person: Person, plan: Blueprint, process: str, *, now: datetime) -> list[Phase]:
    """Every phase in order, counting only what this person sees."""
    mine = (Deal.process == process, access.visible(person, Deal))
    standing = session.execute(
        select(Deal.stage, func.count(), func.min(Deal.stage_entered_at))
        .where(*mine, Deal.status == "open")
        .group_by(Deal.stage)
    )
    now_at = {stage: (count, oldest) for stage, count, oldest in standing}
    passed = _passed(session, mine, calendars.local_day(now))
    return [
        Phase(stage, *now_at.get(stage.key, (0, None)), passed.get(stage.key, 0))
        for stage in sorted(plan.ladder, key=lambda each: each.order)
    ]


def _passed(session: Session, mine: Sequence[ColumnElement[bool]], today: date) -> dict[str | None, int]:
    """Sales that left each phase onwards today, by the moves of today."""
    onwards = Move.kind.in_(("forward", "forward_skip", "won"))
    query = (
        select(Move.from_stage, func.count())
        .join(Deal, Deal.instance_id == Move.instance_id)
        .where(*mine, Move.ladder == Deal.ladder, Move.day == today, onwards)
        .group_by(Move.from_stage)
    )
    return {stage: count for stage, count in session.execute(query)}  # noqa: C416  # rows are not pairs to mypy


def flowing(session: Session, person: Person, process: str, *, now: datetime) -> tuple[int, int]:
    """Sales opened today, and how many of them no person has touched."""
    since = datetime.combine(calendars.local_day(now), time(), tzinfo=calendars.HOME)
    mine = (Deal.process == process, access.visible(person, Deal), Deal.opened_at >= since)
    touched = select(UserTask.id).where(
        UserTask.instance_id == Deal.instance_id,
        or_(UserTask.closed_at.is_(None), UserTask.completed_by_id.is_not(None)),
    )
    opened = session.scalar(select(func.count()).select_from(Deal).where(*mine)) or 0
    alone = session.scalar(select(func.count()).select_from(Deal).where(*mine, ~touched.exists())) or 0
    return opened, alone


def overdue(person: Person, process: str, *, now: datetime) -> Select[UserTask, Deal]:
    """Open tasks of this process past their time, the longest late first."""
    return (
        select(UserTask, Deal)
        .join(Deal, Deal.instance_id == UserTask.instance_id)
        .where(
            Deal.process == process,
            UserTask.closed_at.is_(None),
            UserTask.due_at < now,
            access.visible(person, Deal),
        )
        .order_by(UserTask.due_at, UserTask.id)
    )


def broken(person: Person, process: str) -> Select[Incident, Deal]:
    """Incidents nobody has resolved, the oldest first."""
    return (
        select(Incident, Deal)
        .join(Deal, Deal.instance_id == Incident.instance_id)
        .where(and_(Deal.process == process, Incident.resolved_at.is_(None), access.visible(person, Deal)))
        .order_by(Incident.opened_at, Incident.id)
    )
