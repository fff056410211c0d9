"""Trying a migration plan and carrying it out: each case is a transaction of its own, and trying is doing.

A case is tried inside a savepoint that is taken back, so that what the plan promises is what will happen.
"""

from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from engine import history
from engine.errors import Refusal
from engine.people import Person
from engine.process import (
    advancing,
    checkpoints,
    definitions,
    differences,
    instances,
    migration,
    resting,
    subscriptions,
    tasks,
)
from engine.process.blueprint import Blueprint, Element, Text
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.migration import AlreadyBegun, MigrationItem, MigrationPlan
from engine.process.outbox import PENDING, Job
from engine.process.runner import Run
from engine.process.transplant import Transplant, transplant

log = structlog.get_logger(__name__)

BATCH = 20
"""Cases tried or taken over before others get their turn."""


class MovedMeanwhile(Refusal):
    """The case has ended or changed its version meanwhile."""


def try_out(session: Session, made: MigrationPlan, *, now: datetime, most: int = BATCH) -> int:
    """Try the plan on the next cases that were not tried; returns how many were. 0 means all have been.

    The cases themselves do not change. Raises AlreadyBegun.
    """
    if made.started_at is not None:
        raise AlreadyBegun
    ids = session.scalars(migration.untried(made).limit(most)).all()
    for instance_id in ids:
        item = MigrationItem(plan_id=made.id, instance_id=instance_id, status="fits", at=now)
        rehearsal = session.begin_nested()
        try:
            _migrate(session, made, instance_id, now=now)
        except Refusal as refusal:
            _refuse(item, refusal)
        rehearsal.rollback()
        session.add(item)
    if len(ids) < most:
        made.tried_at = now
    session.flush()
    return len(ids)


def _refuse(item: MigrationItem, refusal: Refusal) -> None:
    item.status = "refused"
    item.element = str(refusal.places.get("element", ""))[:200] or None
    item.reason = {
        "message": refusal.message,
        "places": {name: _kept(value) for name, value in refusal.places.items()},
    }


def _kept(value: Any) -> Any:
    """What stands in a place of a sentence, in both languages where it has two."""
    return {"pl": value.pl, "en": value.en} if isinstance(value, Text) else str(value)[:200]


def work(factory: sessionmaker[Session], *, now: datetime, most: int = BATCH) -> int:
    """The clock's share: try plans on the next cases, take cases over or back, each in a transaction of its own.

    Returns how many cases it was.
    """
    with factory() as session:
        session.connection(execution_options={"reading": True})
        plans = session.scalars(migration.active()).all()
        trying = [made.id for made in plans if made.started_at is None]
        begun = [made for made in plans if made.started_at is not None]
        todo = {made.id: _next(session, made, most) for made in begun}
    for plan_id, cases in todo.items():
        for instance_id in cases:
            _one(factory, plan_id, instance_id, now)
        if not cases:
            _finish(factory, plan_id, now)
    return sum(map(len, todo.values())) + sum(_try(factory, plan_id, now, most) for plan_id in trying)


def _next(session: Session, made: MigrationPlan, most: int) -> list[int]:
    wanted = migration.items(made, migration.wanted(made)).with_only_columns(MigrationItem.instance_id)
    return list(session.scalars(wanted.limit(most)))


def _try(factory: sessionmaker[Session], plan_id: int, now: datetime, most: int) -> int:
    with factory.begin() as session:
        made = session.get_one(MigrationPlan, plan_id, with_for_update=True)
        return try_out(session, made, now=now, most=most) if made.started_at is None else 0


def _one(factory: sessionmaker[Session], plan_id: int, instance_id: int, now: datetime) -> None:
    try:
        with factory.begin() as session:
            made = session.get_one(MigrationPlan, plan_id)
            item = session.get_one(MigrationItem, (plan_id, instance_id), with_for_update=True)
            if item.status != migration.wanted(made) or made.paused_at is not None:
                return
            back = made.reverting_at is not None
            item.seq, item.checkpoint_id = _migrate(
                session, made, instance_id, now=now, item=item if back else None
            )
            item.status, item.at = ("reverted" if back else "migrated"), now
    except Refusal as refusal:
        with factory.begin() as session:
            made = session.get_one(MigrationPlan, plan_id)
            item = session.get_one(MigrationItem, (plan_id, instance_id), with_for_update=True)
            _refuse(item, refusal)
            if made.reverting_at is not None:
                item.status = "stays"
            item.at = now
        log.info("case_not_migrated", plan=plan_id, instance=instance_id, reason=str(refusal))


def _finish(factory: sessionmaker[Session], plan_id: int, now: datetime) -> None:
    with factory.begin() as session:
        made = session.get_one(MigrationPlan, plan_id, with_for_update=True)
        if (
            made.finished_at is None
            and session.scalar(migration.items(made, migration.wanted(made)).limit(1)) is None
        ):
            made.finished_at = now
            history.record(
                session,
                "migration_finished",
                at=now,
                actor=None,
                subject=migration.subject(made),
                data=migration.counts(session, made),
            )


# --------------------------------------------------------------------------------------------------- one case


def _migrate(
    session: Session,
    made: MigrationPlan,
    instance_id: int,
    *,
    now: datetime,
    item: MigrationItem | None = None,
) -> tuple[int, int]:
    """Take one case over, or back where its ``item`` is given. Returns its last fact and the kept state."""
    instance = instances.locked(session, instance_id)
    source, target = (made.to_id, made.from_id) if item is not None else (made.from_id, made.to_id)
    if instance.ended_at is not None or instance.definition_id != source:
        raise MovedMeanwhile
    old, new = session.get_one(Definition, source), session.get_one(Definition, target)
    by = session.get(Person, made.made_by_id) if made.made_by_id else None
    done = _operated(session, made, instance, old, new, item)
    kept = checkpoints.keep(session, instance, "migrated", by=by, now=now)
    instance.definition_id = new.id
    program = definitions.program(session, new)
    run = Run.load(program, done.state, facts=advancing.facts(session, instance), now=now)
    _relocate(session, instance, run, done, definitions.blueprint(session, new))
    run.adopt(done.boundaries, done.timers)
    what = {
        "from": old.version,
        "to": new.version,
        "plan": made.id,
        "reason": made.reason,
        "checkpoint": kept.id,
    }
    plan = definitions.blueprint(session, new)
    places = [plan.element(diagram, key) for diagram, key in done.moved]
    action = advancing.Action(
        "admin",
        by,
        now,
        before=definitions.blueprint(session, old),
        relocated=[element for element in places if element is not None],
        facts=[history.fact("migrated", at=now, actor=by, instance=instance, data=what)],
        anew=done.restored,
    )
    advancing.settle(session, instance, plan, run, action)
    if instances.at_rest(instance):
        resting.rest(
            session, instance, by=action.by, now=action.now
        )  # what began to wait just now rests, too
    return instance.seq, kept.id


def _operated(
    session: Session,
    made: MigrationPlan,
    instance: Instance,
    old: Definition,
    new: Definition,
    item: MigrationItem | None,
) -> Transplant:
    """The state for the new program. Where nothing happened since it was taken over, a case gets its kept state back."""
    if item is not None and item.checkpoint_id is not None and item.seq == instance.seq:
        return Transplant(state=session.get_one(Checkpoint, item.checkpoint_id).state, restored=True)
    mapping = made.mapping if item is None else _inverse(session, made)
    return transplant(
        instance.state, definitions.program(session, old), definitions.program(session, new), mapping
    )


def _inverse(session: Session, made: MigrationPlan) -> dict[str, str]:
    """The mapping back; of several steps that became one, the first."""
    before = definitions.blueprint(session, session.get_one(Definition, made.from_id))
    after = definitions.blueprint(session, session.get_one(Definition, made.to_id))
    found: dict[str, str] = {}
    for place, target in sorted(made.mapping.items()):
        diagram, _, element = place.rpartition("/")
        found.setdefault(f"{differences.twin(before, after, diagram)}/{target}", element)
    return found


def _relocate(session: Session, instance: Instance, run: Run, done: Transplant, plan: Blueprint) -> None:
    """What waits keeps waiting, under the new names of its places."""
    places = {each.token: (each.diagram, each.element) for each in run.waiting()}
    for row in subscriptions.of(session, instance.id):
        row.token = done.renamed.get(row.token, row.token)
        row.diagram, row.element = places.get(row.token, (row.diagram, row.element))
    for task in tasks.open_of(session, instance.id):
        if task.token in places:
            diagram, key = places[task.token]
            tasks.relocate(task, diagram, plan.element(diagram, key) or Element(key, "userTask"), instance)
    calls = select(Job).where(Job.instance_id == instance.id, PENDING, Job.kind == "call")
    for job in session.scalars(calls):
        job.diagram, job.element = places.get(job.token or "", (job.diagram, job.element))
