"""Workload: what stands open with whom, what is overdue, what is oldest, and how much was open on average.

Open, overdue and oldest are as of the report's moment; a department holds what waits in its queue or lies with its
people now. The average work in progress of a window is the time that its work was open in it, divided by the window:
Σ |[ready, ended) ∩ [a, b)| / (b − a); of a person |[begun, ended) ∩ [a, b)| of the work they did or have.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from reports import step_picks, steps, waiting
from reports.periods import Period
from reports.queries import Scope
from reports.step_picks import Pick
from reports.steps import Stretch, overlap, seconds


@dataclass(frozen=True, slots=True)
class Load:
    """The work of one department or person (``id`` 0: none). ``oldest`` is since when the oldest open work is ready."""

    id: int
    open: int = 0
    overdue: int = 0
    oldest: datetime | None = None
    done: int = 0
    average: float | None = None


def departments(
    session: Session, scope: Scope, period: Period, window: Stretch, known: datetime
) -> list[Load]:
    """Every department with work open at the moment ``known`` or in the window, the most open first."""
    standing = _standing(session, scope, known, by_person=False)
    totals = waiting.sums(session, scope, period, window, waiting.UNIT)
    length = seconds(window[1]) - seconds(window[0])
    found = []
    for id_ in standing.keys() | {key[0] for key, each in totals.items() if each.done or each.present}:
        total = totals.get((id_,), waiting.Sums())
        average = total.present / length if length else None
        found.append(Load(id_, *standing.get(id_, (0, 0, None)), done=total.done, average=average))
    return sorted(found, key=_most)


def people(session: Session, scope: Scope, period: Period, window: Stretch, known: datetime) -> list[Load]:
    """The same by person: who has the open work, and who did what was done in the window."""
    standing = _standing(session, scope, known, by_person=True)
    done = waiting.counted(session, scope, Pick("done", period), ("actor_id",), window=window)
    spent = _spent(session, scope, window)
    length = seconds(window[1]) - seconds(window[0])
    found = [
        Load(
            id_,
            *standing.get(id_, (0, 0, None)),
            done=done.get((id_ or None,), 0),
            average=spent.get(id_, 0) / length if length else None,
        )
        for id_ in standing.keys() | spent.keys() | {key[0] or 0 for key in done}
    ]
    return sorted((each for each in found if each.open or each.done or each.average), key=_most)


def _most(load: Load) -> tuple[Any, ...]:
    return -load.open, -load.overdue, -load.done, load.id


def _standing(
    session: Session, scope: Scope, known: datetime, *, by_person: bool
) -> dict[int, tuple[int, int, datetime | None]]:
    step = steps.told(session, scope)
    who = func.coalesce(step.c.actor_id if by_person else step_picks.holder(step), 0).label("who")
    late = case((step.c.due < known, 1), else_=0).label("late")
    rows = select(who, late, step.c.ready).where(step.c.ended.is_(None)).subquery()
    query = select(rows.c.who, func.count(), func.sum(rows.c.late), func.min(rows.c.ready)).group_by(
        rows.c.who
    )
    return {id_: (n, int(overdue), oldest) for id_, n, overdue, oldest in session.execute(query)}


def _spent(session: Session, scope: Scope, window: Stretch) -> dict[int, int]:
    """Seconds of work begun and not over, by person."""
    step = steps.told(session, scope)
    query = (
        select(step.c.actor_id, step.c.started, step.c.ended)
        .where(step.c.started < window[1])
        .where(or_(step.c.ended.is_(None), step.c.ended >= window[0]))
    )
    found: dict[int, int] = defaultdict(int)
    for actor_id, started, ended in session.execute(query):
        found[actor_id or 0] += overlap(started, ended or window[1], window)
    return {id_: spent for id_, spent in found.items() if spent}
