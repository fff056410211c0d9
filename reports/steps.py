"""Work items as facts: when each was ready, begun and over, whose it was and where it came from; told by row or by SQL.

Every report of steps is arithmetic on these. A step has *left* its queue when it began, or ended without having begun.
Moments are told in whole seconds since 2000, so that sums of them are exact on both databases.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from engine import access
from engine.calendars import HOME
from engine.db import Json, UtcDateTime
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.ladders import Move
from engine.sales.past.rows import KIND, ImportedStep
from engine.sales.promises import Promise
from reports.periods import DAY, Period
from reports.queries import Scope

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
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
    "open",
    "overdue",
    "working",
    "broken",
    "present",
)
"""What a number may count of steps; see `clauses`."""

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


@dataclass(frozen=True, slots=True)
class Pick:
    """Which steps a number counts: the same pick lists them. Empty conditions do not narrow; a department of 0 is none.

    ``kind`` is one of `KINDS`; ``person`` did it or has it; ``holder`` is the department that has it now.
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


def told(scope: Scope) -> CTE:
    """The steps of a scope with the columns of `Step`, ``left``, ``holder`` and ``audience``, as known at its moment."""
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
    return union_all(query, _imported(scope)).cte("steps")


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


def _imported(scope: Scope) -> Select[Any]:
    """The steps of a history from elsewhere, with the same columns; no id, for none is a task of ours.

    Most logs know only when a step ended: one without a moment of becoming ready was ready when the step before it in
    its case ended. It came from the department of the step before it.
    """
    step = _runs(scope)
    until = scope.as_of
    began = func.coalesce(step.c.started_at, case((step.c.outcome == DONE, step.c.ended_at)))
    started, ended = _by(began, until), _by(step.c.ended_at, until)
    begins = func.coalesce(step.c.came_from_id, 0) != func.coalesce(step.c.department_id, 0)
    query = select(
        literal(0).label("id"),
        step.c.instance_id,
        step.c.definition_id,
        step.c.process.label("diagram"),
        step.c.activity.label("element"),
        case((and_(ended.is_not(None), step.c.outcome == DONE), step.c.seq)).label("seq"),
        step.c.ready.label("ready"),
        started.label("started"),
        ended.label("ended"),
        func.coalesce(started, ended).label("left"),
        cast(null(), UtcDateTime).label("due"),
        step.c.person_id.label("actor_id"),
        func.coalesce(step.c.department_id, 0).label("department_id"),
        func.coalesce(step.c.came_from_id, 0).label("came_from_id"),
        cast(null(), Json).label("pauses"),
        func.coalesce(case((begins, step.c.before_run), else_=step.c.run_came_from), 0).label(
            "came_before_id"
        ),
        cast(null(), String).label("audience"),
        step.c.person_id.label("assignee_id"),
        step.c.activity.label("title"),
        step.c.activity.label("title_en"),
    )
    return query.where(*_narrowed_imported(scope, step))


DONE = "completed"


def _runs(scope: Scope) -> Any:
    """Imported steps with the department before each, and those around the stretch of one department it stands in."""
    step = ImportedStep
    came = func.lag(func.coalesce(step.department_id, 0)).over(
        partition_by=step.instance_id, order_by=step.seq
    )
    last = func.lag(func.coalesce(step.ended_at, step.started_at)).over(
        partition_by=step.instance_id, order_by=step.seq
    )
    rows = (
        select(
            *(column for column in step.__table__.c if column.name != "ready_at"),
            func.coalesce(step.ready_at, last, step.started_at, step.ended_at).label("known_ready"),
            func.coalesce(step.started_at, step.ended_at).label("known_left"),
            came.label("came_from_id"),
            Instance.definition_id,
            Instance.process,
            Instance.owner_id,
        )
        .join(Instance, Instance.id == step.instance_id)
        .where(Instance.process == scope.ladder)
        .subquery()
    )
    changed = case((rows.c.came_from_id == func.coalesce(rows.c.department_id, 0), 0), else_=1)
    number = func.sum(changed).over(partition_by=rows.c.instance_id, order_by=rows.c.seq)
    ready = case((rows.c.known_ready > rows.c.known_left, rows.c.known_left), else_=rows.c.known_ready)
    numbered = select(*rows.c, ready.label("ready"), number.label("run"), changed.label("changed")).subquery()
    from_ = func.max(case((numbered.c.changed == 1, numbered.c.came_from_id))).over(
        partition_by=(numbered.c.instance_id, numbered.c.run)
    )
    runs = select(*numbered.c, from_.label("run_came_from")).subquery()
    before = func.lag(runs.c.run_came_from).over(partition_by=runs.c.instance_id, order_by=runs.c.seq)
    return select(*runs.c, before.label("before_run")).subquery()


def _narrowed_imported(scope: Scope, step: Any) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [step.c.ready.is_not(None)]
    if scope.as_of is not None:
        found.append(step.c.ready <= scope.as_of)
    if scope.viewer is not None:
        found.append(
            step.c.instance_id.in_(select(Instance.id).where(access.visible(scope.viewer, Instance)))
        )
    if scope.department_ids is not None:
        found.append(func.coalesce(step.c.department_id, 0).in_(scope.department_ids))
    if scope.owner_id is not None:
        found.append(func.coalesce(step.c.owner_id, 0) == scope.owner_id)
    if scope.items is not None:
        moves = select(Move.instance_id).where(Move.ladder == scope.ladder, Move.item.in_(scope.items))
        found.append(step.c.instance_id.in_(moves))
    return found


def is_imported(session: Session, ladder: str) -> bool:
    """Whether a process is a history from elsewhere: its steps are in no roll-up."""
    kinds = select(Definition.id).where(Definition.process == ladder, Definition.kind == KIND)
    return session.scalar(kinds.limit(1)) is not None


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
    step = told(scope)
    query = select(*(step.c[name] for name in Step._fields)).order_by(
        step.c.instance_id, step.c.ready, step.c.id
    )
    if window is not None:
        query = query.where(step.c.ready < window[1], or_(step.c.ended.is_(None), step.c.ended >= window[0]))
    if definition_id is not None:
        query = query.where(step.c.definition_id == definition_id)
    return [Step._make(row) for row in session.execute(query)]


def listed(scope: Scope, pick: Pick, *, known: datetime) -> Select[Any]:
    """The steps that a number counts, the longest waiting first."""
    step = _again(told(scope)) if pick.kind in ("again", "repeat", "redo") else told(scope)
    query = select(*step.c).where(*clauses(step, pick, known), *_conditions(step, pick))
    return query.order_by(step.c.ready, step.c.id)


def clauses(step: CTE, pick: Pick, known: datetime) -> list[ColumnElement[bool]]:
    """What a kind means, in SQL.

    queued: stood in its queue for some of the window; waiting: stands in it now; ready, ended, done, cancelled: became
    so in the window; taken and untaken: ready in it and begun or not; abandoned: ended in it without having begun; again:
    completed in it, not for the first time in its case; open, overdue: now; present: open for some of the window;
    working: begun and not over for some of it; broken: its promise was broken in it.
    """
    start, end = between(pick.period, known)
    ready, left, ended = step.c.ready, step.c.left, step.c.ended
    in_window = and_(ended >= start, ended < end)
    became = and_(ready >= start, ready < end)
    meanings: dict[str, ColumnElement[bool]] = {
        "queued": and_(ready < end, or_(left.is_(None), left > start), _differ(ready, left)),
        "waiting": left.is_(None),
        "ready": became,
        "taken": and_(became, step.c.started.is_not(None)),
        "untaken": and_(became, step.c.started.is_(None)),
        "ended": in_window,
        "done": and_(in_window, step.c.seq.is_not(None)),
        "again": and_(in_window, step.c.seq.is_not(None)),
        "repeat": and_(in_window, step.c.seq.is_not(None)),
        "redo": and_(in_window, step.c.seq.is_not(None)),
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
    from engine.people import Department, Membership

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


def last_days(period: Period, days: int) -> Period:
    """The last so many days of a period."""
    return Period(max(period.start, period.end - days * DAY), period.end, period.by)


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
