"""Which steps a number counts: one pick gives the number's list, with the rights of the scope in the query."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, func, literal, or_, select
from sqlalchemy.orm import Session

from engine.people import Department, Membership
from engine.sales.promises import Promise
from reports.periods import Period
from reports.queries import Scope
from reports.steps import between, cases, told, whole_cases

KINDS = (
    "queued",
    "waiting",
    "ready",
    "taken",
    "untaken",
    "ended",
    "done",
    "cancelled",
    "abandoned",
    "again",
    "repeat",
    "redo",
    "after",
    "open",
    "overdue",
    "working",
    "broken",
    "present",
)
"""What a number may count of steps; see `clauses`."""


@dataclass(frozen=True, slots=True)
class Pick:
    """Which steps a number counts: the same pick lists them. Empty conditions do not narrow; a department of 0 is none.

    ``kind`` is one of `KINDS`; ``person`` did it or has it; ``holder`` is the department that has it now; ``first`` is
    the step (diagram, element) right after which one was completed. With ``is_over`` the cases ended in the period,
    whenever their steps did, as variants are counted.
    """

    kind: str
    period: Period
    diagram: str | None = None
    element: str | None = None
    version: int | None = None
    came_from: int | None = None
    department: int | None = None
    is_back: bool = False
    handed: bool = False
    person: int | None = None
    holder: int | None = None
    instance: int | None = None
    first: tuple[str, str] | None = None
    is_over: bool = False


def listed(session: Session, scope: Scope, pick: Pick, *, known: datetime) -> Select[Any]:
    """The steps that a number counts, the longest waiting first."""
    if pick.is_over:
        return _of_cases_over(session, scope, pick, known)
    step = _counted(told(session, scope), pick.kind)
    query = select(*step.c).where(*clauses(step, pick, known), *_conditions(step, pick))
    return query.order_by(step.c.ready, step.c.id)


def _of_cases_over(session: Session, scope: Scope, pick: Pick, known: datetime) -> Select[Any]:
    """The completed steps that a number of the variants counts: a version is then that of the case."""
    start, end = between(pick.period, known)
    case = cases(scope).subquery()
    over = select(case.c.id).where(case.c.ended >= start, case.c.ended < end)
    if pick.version is not None:
        over = over.where(case.c.definition_id == pick.version)
    step = _counted(told(session, whole_cases(scope)), pick.kind)
    kept = _conditions(step, replace(pick, version=None))
    query = select(*step.c).where(step.c.seq.is_not(None), step.c.instance_id.in_(over), *kept)
    return query.order_by(step.c.ready, step.c.id)


def _counted(step: CTE, kind: str) -> CTE:
    """The steps that a kind picks from: some are told by what came before them in their case."""
    if kind == "after":
        return _after(step)
    return _again(step) if kind in ("again", "repeat", "redo") else step


def clauses(step: CTE, pick: Pick, known: datetime) -> list[ColumnElement[bool]]:
    """What a kind means, in SQL.

    queued: stood in its queue for some of the window; waiting: stood in it at its end; ready, ended, done, cancelled: became
    so in the window; taken and untaken: ready in it and begun or not; abandoned: ended in it without having begun; again:
    completed in it, not for the first time in its case; after: completed in it, right after another; open, overdue: now; present: open for some of the window;
    working: begun and not over for some of it; broken: its promise was broken in it.
    """
    start, end = between(pick.period, known)
    ready, left, ended = step.c.ready, step.c.left, step.c.ended
    in_window = and_(ended >= start, ended < end)
    became = and_(ready >= start, ready < end)
    meanings: dict[str, ColumnElement[bool]] = {
        "queued": and_(ready < end, or_(left.is_(None), left > start), _differ(ready, left)),
        "waiting": and_(ready < end, or_(left.is_(None), left >= end)),
        "ready": became,
        "taken": and_(became, step.c.started.is_not(None)),
        "untaken": and_(became, step.c.started.is_(None)),
        "ended": in_window,
        "done": and_(in_window, step.c.seq.is_not(None)),
        "again": and_(in_window, step.c.seq.is_not(None)),
        "repeat": and_(in_window, step.c.seq.is_not(None)),
        "redo": and_(in_window, step.c.seq.is_not(None)),
        "after": and_(in_window, step.c.seq.is_not(None)),
        "cancelled": and_(in_window, step.c.seq.is_(None)),
        "abandoned": and_(in_window, step.c.started.is_(None)),
        "open": ended.is_(None),
        "overdue": and_(ended.is_(None), step.c.due < known),
        "present": and_(ready < end, or_(ended.is_(None), ended > start)),
        "working": and_(step.c.started < end, or_(ended.is_(None), ended > start)),
        "broken": step.c.id.in_(broken_in(pick.period, known)),
    }
    return [meanings[pick.kind]]


def _differ(ready: Any, left: Any) -> ColumnElement[bool]:
    """Whether it stood in its queue at all."""
    return or_(left.is_(None), left > ready)


def _again(step: CTE) -> CTE:
    """The completed steps that are not the first of their kind in their case, with ``before`` who did it last."""
    same = (step.c.instance_id, step.c.diagram, step.c.element)
    place = func.row_number().over(partition_by=same, order_by=step.c.seq).label("place")
    before = func.lag(step.c.actor_id).over(partition_by=same, order_by=step.c.seq).label("before")
    every = select(*step.c, place, before).where(step.c.seq.is_not(None)).cte("executions")
    return select(*every.c).where(every.c.place > 1).cte("again")


def _after(step: CTE) -> CTE:
    """The completed steps with the one completed right before them in their case."""
    case, place = step.c.instance_id, step.c.seq
    diagram = func.lag(step.c.diagram).over(partition_by=case, order_by=place).label("first_diagram")
    element = func.lag(step.c.element).over(partition_by=case, order_by=place).label("first_element")
    return select(*step.c, diagram, element).where(step.c.seq.is_not(None)).cte("followers")


def _conditions(step: CTE, pick: Pick) -> list[ColumnElement[bool]]:
    wanted = (
        (step.c.diagram, pick.diagram),
        (step.c.element, pick.element),
        (step.c.definition_id, pick.version),
        (step.c.came_from_id, pick.came_from),
        (step.c.department_id, pick.department),
        (step.c.instance_id, pick.instance),
        (func.coalesce(step.c.actor_id, 0), pick.person),
    )
    found = [column == value for column, value in wanted if value is not None]
    if pick.kind == "after" and pick.first is not None:
        found += [step.c.first_diagram == pick.first[0], step.c.first_element == pick.first[1]]
    if pick.holder is not None:
        found.append(func.coalesce(holder(step), 0) == pick.holder)
    if pick.handed or pick.is_back:
        found.append(and_(step.c.came_from_id != 0, step.c.came_from_id != step.c.department_id))
    if pick.is_back:
        found.append(and_(step.c.came_before_id == step.c.department_id, step.c.department_id != 0))
    if pick.kind in ("repeat", "redo"):
        same = func.coalesce(step.c.before, 0) == func.coalesce(step.c.actor_id, 0)
        found.append(same if pick.kind == "repeat" else ~same)
    return found


def holder(step: Any) -> ColumnElement[int]:
    """The department that has a step now: that of its queue, else the first one of its assignee."""
    queue = select(func.min(Department.id)).where(
        step.c.audience.in_((literal("department:") + Department.key, literal("head:") + Department.key))
    )
    first = select(func.min(Membership.id)).where(Membership.person_id == step.c.assignee_id)
    main = select(Membership.department_id).where(Membership.id == first.correlate(step).scalar_subquery())
    return func.coalesce(queue.correlate(step).scalar_subquery(), main.correlate(step).scalar_subquery())


def broken_in(period: Period, known: datetime) -> Select[Any]:
    """The tasks whose promise was broken on one of these days: delivered late or badly, or overdue since then."""
    start, end = between(period, known)
    judged = and_(Promise.outcome == "broken", Promise.closed_at >= start, Promise.closed_at < end)
    overdue = and_(
        or_(Promise.closed_at.is_(None), Promise.closed_at >= end),
        Promise.manner.is_(None),
        Promise.due_at >= start,
        Promise.due_at < end,
        or_(Promise.delivered_at.is_(None), Promise.delivered_at > Promise.due_at),
    )
    return select(Promise.task_id).where(Promise.task_id.is_not(None), or_(judged, overdue))
