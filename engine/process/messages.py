"""The table of messages that came: delivered, kept early, or refused late."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, and_, select, text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId

OPEN = text("delivered_at IS NULL AND refused_at IS NULL")


class Message(Base):
    """A message that came. ``key`` is the sender's: the same key does nothing a second time.

    ``receivers`` are the ids of the instances reached. Nobody yet and ``keep_until`` ahead: it waits for one to come.
    ``refused_at`` says since when it is in vain and ``reason`` why: ``nobody`` waited, it got too ``late``, or the
    words of the diagram that could not go on with it. Times are UTC.
    """

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_open", "name", "keep_until", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    name: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    business_key: Mapped[str | None] = mapped_column(String(120), index=True)
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    keep_until: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(500))
    receivers: Mapped[list[Any]]

    @property
    def status(self) -> str:
        """delivered, refused, or kept for somebody who is still to come."""
        return "delivered" if self.delivered_at else "refused" if self.refused_at else "kept"


class MessageAddress(Base):
    """One address at which a kept message waits for a case: see `subscriptions.address`."""

    __tablename__ = "message_addresses"

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)


def latest(*, status: str = "", name: str = "") -> Select[Message]:
    """Messages that came from outside, had to be kept or came too late, the latest first; what is empty narrows nothing."""
    said = {
        "delivered": Message.delivered_at.is_not(None),
        "refused": Message.refused_at.is_not(None),
        "kept": and_(Message.delivered_at.is_(None), Message.refused_at.is_(None)),
    }
    rows = select(Message).order_by(Message.id.desc())
    rows = rows.where(said[status]) if status in said else rows
    return rows.where(Message.name == name) if name else rows
