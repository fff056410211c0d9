"""Plans for taking running instances to another version of their process; `migrating` tries them and carries them out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import ForeignKey, Index, Select, String, Text, func, or_, select, union_all
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import history
from engine.db import Base, BigId
from engine.errors import Invalid, Refusal
from engine.people import Person
from engine.process import definitions, differences
from engine.process.blueprint import Element
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.outbox import PENDING, Job
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask

log = structlog.get_logger(__name__)


class NotTheSameProcess(Refusal):
    """Choose two different versions of the same process."""


class ReasonMissing(Refusal):
    """Say why, at most 500 signs: it is written into the history of every case."""


class UnknownStep(Refusal):
    """“%(element)s” is not a step of version %(version)s."""


class NotTried(Refusal):
    """Try the plan on all its cases first: %(left)s are left."""


class AlreadyBegun(Refusal):
    """This plan is being carried out, or has been."""


class NothingToTakeBack(Refusal):
    """No case of this plan has been taken over, so there is none to take back."""


class MigrationPlan(Base):
    """From one version of a process to another. ``mapping`` names new places for ids that are gone.

    ``mapping`` is ``{"diagram/element": "element"}``. Work on it stops and goes on at any time; times are UTC.
    """

    __tablename__ = "migration_plans"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    process: Mapped[str] = mapped_column(String(200), index=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    to_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    mapping: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(String(500), default="")
    made_at: Mapped[datetime]
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    tried_at: Mapped[datetime | None]
    """When it had been tried on every case."""
    started_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    reverting_at: Mapped[datetime | None]


class MigrationItem(Base):
    """One instance of a plan. ``status`` is fits, refused, migrated, reverted, or stays where it cannot go back.

    ``reason`` says why not: ``{"message": English text, "places": what stands in its places}``.
    """

    __tablename__ = "migration_items"
    __table_args__ = (Index("ix_migration_items_status", "plan_id", "status", "instance_id"),)

    plan_id: Mapped[int] = mapped_column(ForeignKey("migration_plans.id"), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(20))
    element: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[dict[str, Any] | None]
    checkpoint_id: Mapped[int | None] = mapped_column(ForeignKey("checkpoints.id"))
    seq: Mapped[int | None]
    """The last fact of the case after it was taken over: nothing has happened since while it still is."""
    at: Mapped[datetime]


# ------------------------------------------------------------------------------------------------- the plan


def occupied(session: Session, definition: Definition) -> dict[tuple[str, str], int]:
    """How many running cases of a version wait at each (diagram, element)."""
    waits = union_all(
        select(UserTask.diagram, UserTask.element, UserTask.instance_id).where(UserTask.closed_at.is_(None)),
        select(Subscription.diagram, Subscription.element, Subscription.instance_id),
        select(Job.diagram, Job.element, Job.instance_id).where(PENDING, Job.kind == "call"),
    ).subquery()
    query = (
        select(waits.c.diagram, waits.c.element, func.count(waits.c.instance_id.distinct()))
        .join(Instance, Instance.id == waits.c.instance_id)
        .where(Instance.definition_id == definition.id, Instance.ended_at.is_(None))
        .group_by(waits.c.diagram, waits.c.element)
    )
    return {(diagram, element): count for diagram, element, count in session.execute(query)}


def homeless(session: Session, old: Definition, new: Definition) -> list[tuple[str, Element, int]]:
    """Elements where cases of the old version wait and that the new one does not have, with how many wait there."""
    before, after = definitions.blueprint(session, old), definitions.blueprint(session, new)
    found = []
    for (diagram, key), count in occupied(session, old).items():
        element = before.element(diagram, key)
        if element is not None and after.element(differences.twin(before, after, diagram), key) is None:
            found.append((diagram, element, count))
    return sorted(found, key=lambda each: -each[2])


def plan(
    session: Session,
    old: Definition,
    new: Definition,
    mapping: Mapping[str, str],
    reason: str,
    *,
    by: Person | None,
    now: datetime,
) -> MigrationPlan:
    """A plan for every running case of ``old``. Raises NotTheSameProcess, ReasonMissing, Invalid by mapped element."""
    if old.process != new.process or old.id == new.id:
        raise NotTheSameProcess(field="to")
    if not 0 < len(reason.strip()) <= 500:
        raise ReasonMissing(field="reason")
    wanted = {place: element for place, element in mapping.items() if element}
    _check(session, old, new, wanted)
    made = MigrationPlan(
        process=old.process,
        from_id=old.id,
        to_id=new.id,
        mapping=wanted,
        reason=reason.strip(),
        made_at=now,
        made_by_id=by.id if by else None,
    )
    session.add(made)
    session.flush()
    what = {"process": old.process, "from": old.version, "to": new.version, "mapping": wanted}
    history.record(session, "migration_planned", at=now, actor=by, subject=subject(made), data=what)
    return made


def _check(session: Session, old: Definition, new: Definition, mapping: Mapping[str, str]) -> None:
    before, after = definitions.blueprint(session, old), definitions.blueprint(session, new)
    errors: dict[str, Refusal] = {}
    for place, target in mapping.items():
        diagram, _, element = place.rpartition("/")
        if before.element(diagram, element) is None:
            errors[place] = UnknownStep(element=element[:80], version=old.version)
        elif after.element(differences.twin(before, after, diagram), target) is None:
            errors[place] = UnknownStep(element=target[:80], version=new.version)
    if errors:
        raise Invalid(errors)


def plans(process: str) -> Select[MigrationPlan]:
    """The plans of a process, the latest first."""
    return select(MigrationPlan).where(MigrationPlan.process == process).order_by(MigrationPlan.id.desc())


def counts(session: Session, made: MigrationPlan) -> dict[str, int]:
    """How many cases have each status; ``left`` are running ones that were not tried yet."""
    grouped = select(MigrationItem.status, func.count()).where(MigrationItem.plan_id == made.id)
    found = {status: count for status, count in session.execute(grouped.group_by(MigrationItem.status))}  # noqa: C416
    left = select(func.count()).select_from(untried(made).subquery())
    return {**found, "left": session.scalar(left) or 0}


def refusals(session: Session, made: MigrationPlan) -> list[tuple[dict[str, Any], int, int]]:
    """Why cases cannot go: each reason with how many cases have it and the id of one of them."""
    found: dict[str, tuple[dict[str, Any], int, int]] = {}
    refused = items(made, "refused").with_only_columns(MigrationItem.reason, MigrationItem.instance_id)
    for reason, instance_id in session.execute(refused):
        _, count, first = found.get(repr(reason), (reason, 0, instance_id))
        found[repr(reason)] = (reason, count + 1, first)
    return sorted(found.values(), key=lambda each: -each[1])


def items(made: MigrationPlan, status: str) -> Select[MigrationItem]:
    """The cases of a plan that have a status, by id."""
    mine = (MigrationItem.plan_id == made.id, MigrationItem.status == status)
    return select(MigrationItem).where(*mine).order_by(MigrationItem.instance_id)


def untried(made: MigrationPlan) -> Select[int]:
    """Ids of running cases of the old version that the plan was not tried on."""
    known = select(MigrationItem.instance_id).where(MigrationItem.plan_id == made.id)
    mine = (Instance.definition_id == made.from_id, Instance.ended_at.is_(None), Instance.id.not_in(known))
    return select(Instance.id).where(*mine).order_by(Instance.id)


def subject(made: MigrationPlan) -> str:
    """What the plan is called in history."""
    return f"migration:{made.id}"


# ------------------------------------------------------------------------------------------------- carrying out


def begin(session: Session, made: MigrationPlan, *, by: Person, now: datetime) -> None:
    """From now on `work` takes over the cases that fit. Raises AlreadyBegun, NotTried."""
    session.refresh(made, with_for_update=True)
    if made.started_at is not None:
        raise AlreadyBegun
    found = counts(session, made)
    if made.tried_at is None:
        raise NotTried(left=found["left"])
    made.started_at = now
    history.record(session, "migration_started", at=now, actor=by, subject=subject(made), data=found)


def pause(session: Session, made: MigrationPlan, *, by: Person, now: datetime) -> None:
    """Take over no more cases for now; those taken over stay so."""
    if made.paused_at is None and made.finished_at is None:
        made.paused_at = now
        history.record(session, "migration_paused", at=now, actor=by, subject=subject(made))


def go_on(session: Session, made: MigrationPlan, *, by: Person, now: datetime) -> None:
    """Go on where the plan was paused."""
    if made.paused_at is not None:
        made.paused_at = None
        history.record(session, "migration_resumed", at=now, actor=by, subject=subject(made))


def revert(session: Session, made: MigrationPlan, *, by: Person, now: datetime) -> None:
    """From now on `work` takes the cases back to the version they came from. Raises NothingToTakeBack."""
    session.refresh(made, with_for_update=True)
    if not counts(session, made).get("migrated"):
        raise NothingToTakeBack
    made.reverting_at, made.paused_at, made.finished_at = now, None, None
    history.record(session, "migration_reverted", at=now, actor=by, subject=subject(made))


def active() -> Select[MigrationPlan]:
    """Plans that are being tried, carried out or taken back."""
    return select(MigrationPlan).where(
        or_(MigrationPlan.started_at.is_not(None), MigrationPlan.tried_at.is_(None)),
        MigrationPlan.finished_at.is_(None),
        MigrationPlan.paused_at.is_(None),
    )


def wanted(made: MigrationPlan) -> str:
    """The status of the cases that still have to be taken over, or back."""
    return "migrated" if made.reverting_at is not None else "fits"
