"""Commands by their keys: the same key does nothing a second time, and of two at once one is first."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base
from engine.errors import Stale
from engine.process.running import Instance


class Command(Base):
    """A command that was carried out under this key; the same key does nothing a second time."""

    __tablename__ = "commands"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    at: Mapped[datetime]


def repeated(session: Session, key: str | None) -> Instance | None:
    """The instance this key was carried out on, if it was."""
    command = session.get(Command, key) if key else None
    return session.get_one(Instance, command.instance_id) if command else None


def is_first(session: Session, key: str | None, instance: Instance, now: datetime) -> bool:
    """Take the key for this command; False when it was taken before. Somebody at it right now is waited for."""
    if key is None:
        return True
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = {"key": key, "instance_id": instance.id, "at": now}
    took = session.execute(
        dialect.insert(Command).values(row).on_conflict_do_nothing().returning(Command.key)
    )
    return took.first() is not None


def begun(session: Session, instance: Instance, key: str | None, now: datetime) -> Instance:
    """The new instance as a row, or the one that was begun under the same key at this very moment."""
    if key is None:
        session.add(instance)
        session.flush()
        return instance
    try:
        with session.begin_nested():
            session.add(instance)
            session.flush()
            _remember(session, key, instance, now)
    except Stale:
        first = repeated(session, key)
        if first is None:
            raise
        return first
    return instance


def _remember(session: Session, key: str | None, instance: Instance, now: datetime) -> None:
    """Raises Stale where the same key is being carried out at this very moment: asking again finds it done."""
    if key:
        session.add(Command(key=key, instance_id=instance.id, at=now))
        try:
            session.flush()
        except IntegrityError as error:
            raise Stale from error
