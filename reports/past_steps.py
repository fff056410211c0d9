"""The steps of a history from elsewhere, as `reports.steps.told` tells those of our own processes."""

from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, cast, func, literal, null, select
from sqlalchemy.orm import Session

from engine import access
from engine.db import Json, UtcDateTime
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales.ladders import Move
from engine.sales.past.rows import KIND, ImportedStep
from reports.queries import Scope

DONE = "completed"


def told(scope: Scope) -> Select[Any]:
    """The steps of a history from elsewhere, with the same columns; no id, for none is a task of ours.

    Most logs know only when a step ended: one without a moment of becoming ready was ready when the step before it in
    its case ended. It came from the department of the step before it.
    """
    step = _runs(scope)
    until = scope.as_of
    began = func.coalesce(step.c.started_at, case((step.c.outcome == DONE, step.c.ended_at)))
    started, ended = _known(began, until), _known(step.c.ended_at, until)
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


def _known(column: Any, until: Any) -> Any:
    return column if until is None else case((column <= until, column), else_=null())
