"""Messages and signals from outside: each is kept once under its key, brought to whom it concerns, or kept for them."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId


class Message(Base):
    """A message that came. ``key`` is the sender's: the same key does nothing a second time.

    ``receivers`` are the ids of the instances reached. Nobody yet and ``keep_until`` ahead: it waits for one to come.
    Nobody and ``keep_until`` passed: it came too late, ``refused_at`` says since when.
    """

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_early", "name", "keep_until"),)

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
    receivers: Mapped[list[Any]]
