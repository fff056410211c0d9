"""What a session has noted and not yet added up: a savepoint that is rolled back takes back what was noted in it."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction


def guard(key: str, *, remember: Callable[[Any], Any], restore: Callable[[Any], Any]) -> None:
    """Keep ``session.info[key]`` true: ``remember`` says what it is when a savepoint begins, ``restore`` makes it of that
    again when the savepoint is rolled back. With the transaction all of it is forgotten."""
    marks = f"{key}: when savepoints began"

    @event.listens_for(Session, "after_transaction_create")
    def mark(session: Session, transaction: SessionTransaction) -> None:
        if transaction.nested:
            noted = session.info.get(key)
            session.info.setdefault(marks, {})[transaction] = None if noted is None else remember(noted)

    @event.listens_for(Session, "after_soft_rollback")
    def take_back(session: Session, transaction: SessionTransaction) -> None:
        if transaction not in session.info.get(marks, {}):
            return
        remembered = session.info[marks].pop(transaction)
        session.info.pop(key, None)
        if remembered is not None:
            session.info[key] = restore(remembered)

    @event.listens_for(Session, "after_transaction_end")
    def forget(session: Session, transaction: SessionTransaction) -> None:
        if transaction.parent is None:
            session.info.pop(key, None)
            session.info.pop(marks, None)


def guard_list(key: str) -> None:
    """The same for a list that only grows, and is left as it is when it was added up: its length says what was in it."""
    guard(key, remember=lambda noted: (noted, len(noted)), restore=lambda each: each[0][: each[1]])


def guard_sums(key: str) -> None:
    """The same for sums by place, which change in their place."""
    guard(key, remember=_copied, restore=lambda sums: sums)


def _copied(sums: Mapping[Any, Mapping[str, int]]) -> dict[Any, Counter[str]]:
    return {place: Counter(counts) for place, counts in sums.items()}
