"""What nobody will need again is swept, a bounded share at a time, by the clock: kept states of cases."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.orm import Session

from engine.process.checkpoints import Checkpoint
from engine.process.instances import Instance
from engine.process.migration import MigrationItem

MOST_KEPT = 20
"""Ways back of a running case: its latest. Those a person kept by hand stay besides, and those a plan may go back to."""

KEPT_FOR = timedelta(days=90)
"""How long the kept states of a case that has ended stay for whoever looks into it; nothing can go back to them."""

BATCH = 200
"""Kept states dropped at a time: a few kilobytes each."""


def sweep(session: Session, *, now: datetime, most: int = BATCH) -> int:
    """Drop kept states that are too many or too old, the oldest first. Returns how many; called now and then."""
    ids = list(session.scalars(_of_ended(now).limit(most)))
    ids += session.scalars(_too_many().limit(most - len(ids))).all() if len(ids) < most else []
    if ids:
        items = update(MigrationItem).where(MigrationItem.checkpoint_id.in_(ids))
        session.execute(items.values(checkpoint_id=None))
        session.execute(delete(Checkpoint).where(Checkpoint.id.in_(ids)))
    return len(ids)


def _of_ended(now: datetime) -> Select[int]:
    ended = Instance.ended_at < now - KEPT_FOR
    query = select(Checkpoint.id).join(Instance, Instance.id == Checkpoint.instance_id)
    return query.where(ended).order_by(Checkpoint.id)


def _too_many() -> Select[int]:
    many = select(Checkpoint.instance_id).group_by(Checkpoint.instance_id).having(func.count() > MOST_KEPT)
    place = func.row_number().over(partition_by=Checkpoint.instance_id, order_by=Checkpoint.id.desc())
    ranked = select(Checkpoint.id, place.label("place")).where(Checkpoint.instance_id.in_(many)).subquery()
    query = select(Checkpoint.id).join(ranked, ranked.c.id == Checkpoint.id)
    return query.where(
        ranked.c.place > MOST_KEPT, Checkpoint.why != "manual", ~_may_be_taken_back()
    ).order_by(Checkpoint.id)


def _may_be_taken_back() -> ColumnElement[bool]:
    """Whether a plan took a running case over from this state and can still give exactly it back."""
    item = select(MigrationItem.plan_id).join(Instance, Instance.id == MigrationItem.instance_id)
    return item.where(
        MigrationItem.checkpoint_id == Checkpoint.id,
        MigrationItem.status == "migrated",
        Instance.ended_at.is_(None),
    ).exists()
