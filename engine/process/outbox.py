"""The outbox: effects that must leave, written in the transaction that caused them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, BigId

PENDING = text("done_at IS NULL AND failed_at IS NULL")


class Job(Base):
    """One effect: a ``call`` of a connector for a waiting token, a ``notice`` nobody waits for, or a thrown ``message``.

    ``key`` is unique and travels with every try, so that the receiver can act once. Pending until ``done_at`` or
    ``failed_at``; not tried before ``next_at`` nor while ``leased_until`` lies ahead. Times are UTC.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_pending", "next_at", "id", sqlite_where=PENDING, postgresql_where=PENDING),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    operation: Mapped[str | None] = mapped_column(String(80))
    diagram: Mapped[str | None] = mapped_column(String(200))
    element: Mapped[str | None] = mapped_column(String(200))
    token: Mapped[str | None] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    inputs: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    done_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[dict[str, Any] | None]


def put(
    session: Session,
    kind: str,
    name: str,
    *,
    key: str,
    inputs: dict[str, Any],
    now: datetime,
    operation: str | None = None,
    instance_id: int | None = None,
    diagram: str | None = None,
    element: str | None = None,
    token: str | None = None,
) -> Job:
    """Write an effect into the outbox; it leaves after the transaction has been committed.

    ``inputs`` may hold what facts give: dates become ISO texts, decimals numbers.
    """
    job = Job(
        kind=kind,
        name=name,
        operation=operation,
        instance_id=instance_id,
        diagram=diagram,
        element=element,
        token=token,
        key=key,
        inputs=orjson.loads(orjson.dumps(inputs, default=_plain)),
        created_at=now,
        next_at=now,
    )
    session.add(job)
    return job


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return sorted(value) if isinstance(value, set | frozenset) else str(value)
