"""Work items as facts: when each was ready, begun and over, whose it was and where it came from; told by row or by SQL.

Every report of steps is arithmetic on these. A step has *left* its queue when it began, or ended without having begun.
Moments are told in whole seconds since 2000, so that sums of them are exact on both databases.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    case,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from engine import access
from engine.calendars import HOME
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.ladders import Move
from engine.sales.past.rows import ImportedStep
from reports import past_steps
from reports.periods import Period
from reports.queries import Scope

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
Stretch = tuple[datetime, datetime]
"""From a moment up to another."""


class Step(NamedTuple):
    """One work item. ``seq`` is the number of the fact that completed it, None where nobody has; departments are 0 for
    none. ``actor_id`` did it, or has it now. ``pauses`` are pairs of Unix seconds in which it had been given back."""

    id: int
    instance_id: int
    definition_id: int
    diagram: str
    element: str
    seq: int | None
    ready: datetime
    started: datetime | None
    ended: datetime | None
    due: datetime | None
    actor_id: int | None
    department_id: int
    came_from_id: int
    came_before_id: int
    pauses: list[Any] | None = None

    @property
    def left(self) -> datetime | None:
        """When it left its queue."""
        return self.started or self.ended

    @property
    def outcome(self) -> str:
        """done, cancelled or open."""
        return "open" if self.ended is None else "cancelled" if self.seq is None else "done"

    @property
    def is_handed_over(self) -> bool:
        """Whether it came from another department."""
        return self.came_from_id not in (0, self.department_id)

    @property
    def is_back(self) -> bool:
        """Whether its department had handed the work over itself before: A > B > A."""
        return self.is_handed_over and self.came_before_id == self.department_id != 0

    @property
    def waited(self) -> int | None:
        """Seconds from ready until it left its queue."""
        return None if self.left is None else seconds(self.left) - seconds(self.ready)

    def working(self, until: datetime) -> Iterator[Stretch]:
        """When somebody had it, up to a moment."""
        if self.started is None:
            return
        end, begin = min(self.ended or until, until), self.started
        for paused, resumed in self.pauses or ():
            stop = min(datetime.fromtimestamp(paused, UTC), end)
            if stop > begin:
                yield begin, stop
            begin = end if resumed is None else max(datetime.fromtimestamp(resumed, UTC), begin)
        if end > begin:
            yield begin, end

    @property
    def worked(self) -> int:
        """Seconds in which somebody had it until it ended; 0 while it is open."""
        if self.ended is None:
            return 0
        return sum(seconds(end) - seconds(begin) for begin, end in self.working(self.ended))


def seconds(at: datetime) -> int:
    """Whole seconds since 2000."""
    return (at - BEGINNING) // timedelta(seconds=1)


def midnight(day: date) -> datetime:
    """When the organization's day begins."""
    return datetime.combine(day, time(), tzinfo=HOME).astimezone(UTC)


def overlap(start: datetime, end: datetime, window: Stretch) -> int:
    """Seconds that [start, end) shares with a window."""
    return max(0, min(seconds(end), seconds(window[1])) - max(seconds(start), seconds(window[0])))


def between(period: Period, known: datetime) -> Stretch:
    """The window of a period's days, not beyond what is known."""
    start = midnight(period.start)
    return start, max(start, min(midnight(period.end), known))


# ------------------------------------------------------------------------------------------------ the same in SQL


def told(session: Session, scope: Scope) -> CTE:
    """The steps of a scope with the columns of `Step`, ``left``, ``holder`` and ``audience``, as known at its moment."""
    if past_steps.is_imported(session, scope.ladder):
        return past_steps.told(scope).cte("steps")
    until = scope.as_of
    query = select(
        *_columns(until),
        func.coalesce(UserTask.came_before_id, 0).label("came_before_id"),
        UserTask.audience.label("audience"),
        UserTask.assignee_id.label("assignee_id"),
        UserTask.title.label("title"),
        UserTask.title_en.label("title_en"),
    ).join(Instance, Instance.id == UserTask.instance_id)
    query = query.where(Instance.process == scope.ladder, *_narrowed(scope))
    return query.cte("steps")


def _columns(until: datetime | None) -> tuple[ColumnElement[Any], ...]:
    started, ended = _by(UserTask.started_at, until), _by(UserTask.closed_at, until)
    is_over = ended.is_not(None)
    return (
        UserTask.id.label("id"),
        UserTask.instance_id.label("instance_id"),
        UserTask.definition_id.label("definition_id"),
        UserTask.diagram.label("diagram"),
        UserTask.element.label("element"),
        case((is_over, UserTask.done_seq)).label("seq"),
        UserTask.opened_at.label("ready"),
        started.label("started"),
        ended.label("ended"),
        func.coalesce(started, ended).label("left"),
        UserTask.due_at.label("due"),
        func.coalesce(case((is_over, UserTask.completed_by_id)), UserTask.assignee_id).label("actor_id"),
        func.coalesce(UserTask.department_id, 0).label("department_id"),
        func.coalesce(UserTask.came_from_id, 0).label("came_from_id"),
        UserTask.pauses.label("pauses"),
    )


def _by(column: Any, until: datetime | None) -> Any:
    """A moment, or nothing where it was not known yet."""
    return column if until is None else case((column <= until, column), else_=null())


def _narrowed(scope: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if scope.as_of is not None:
        found.append(UserTask.opened_at <= scope.as_of)
    if scope.viewer is not None:
        found.append(access.visible(scope.viewer, UserTask))
    if scope.department_ids is not None:
        found.append(func.coalesce(UserTask.department_id, 0).in_(scope.department_ids))
    if scope.owner_id is not None:
        found.append(func.coalesce(Instance.owner_id, 0) == scope.owner_id)
    if scope.items is not None:
        moves = select(Move.instance_id).where(Move.ladder == scope.ladder, Move.item.in_(scope.items))
        found.append(UserTask.instance_id.in_(moves))
    return found


def facts(
    session: Session, scope: Scope, *, window: Stretch | None = None, definition_id: int | None = None
) -> list[Step]:
    """The steps of a scope by case, in the order in which they became ready; with a window those that touch it."""
    step = told(session, scope)
    query = select(*(step.c[name] for name in Step._fields)).order_by(
        step.c.instance_id, step.c.ready, step.c.id
    )
    if window is not None:
        query = query.where(step.c.ready < window[1], or_(step.c.ended.is_(None), step.c.ended >= window[0]))
    if definition_id is not None:
        query = query.where(step.c.definition_id == definition_id)
    return [Step._make(row) for row in session.execute(query)]


def cases(scope: Scope) -> Select[Any]:
    """The cases of a scope: id, title, definition, owner, when begun and ended (as known at its moment), outcome.

    Of departments: those in which one of them had a step.
    """
    ended = _by(Instance.ended_at, scope.as_of)
    query = select(
        Instance.id.label("id"),
        Instance.title.label("title"),
        Instance.definition_id.label("definition_id"),
        Instance.owner_id.label("owner_id"),
        Instance.started_at.label("started"),
        ended.label("ended"),
        case((ended.is_not(None), Instance.outcome)).label("outcome"),
    ).where(Instance.process == scope.ladder)
    if scope.as_of is not None:
        query = query.where(Instance.started_at <= scope.as_of)
    if scope.viewer is not None:
        query = query.where(access.visible(scope.viewer, Instance))
    if scope.owner_id is not None:
        query = query.where(func.coalesce(Instance.owner_id, 0) == scope.owner_id)
    if scope.department_ids is not None:
        mine = select(UserTask.instance_id).where(
            func.coalesce(UserTask.department_id, 0).in_(scope.department_ids)
        )
        theirs = select(ImportedStep.instance_id).where(
            func.coalesce(ImportedStep.department_id, 0).in_(scope.department_ids)
        )
        query = query.where(or_(Instance.id.in_(mine), Instance.id.in_(theirs)))
    if scope.items is not None:
        moves = select(Move.instance_id).where(Move.ladder == scope.ladder, Move.item.in_(scope.items))
        query = query.where(Instance.id.in_(moves))
    return query


def whole_cases(scope: Scope) -> Scope:
    """The scope for the steps of its cases: whoever worked on them, they belong to the case."""
    return replace(scope, department_ids=None)
