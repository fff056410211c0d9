"""The moves of a promise on its ladder, each with the fact of the case that caused it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypedDict, Unpack

from sqlalchemy import insert
from sqlalchemy.orm import Session

from engine import calendars
from engine.db import Base
from engine.people import Person
from engine.process.advancing import Happened
from engine.sales.deals import Deal
from engine.sales.promises import LADDER, LADDER_VERSION, RANKS, Promise

OFF = ("waived", "revoked")
"""States off the ladder: nobody is held to it any more, though its task is still open."""


class Because(TypedDict):
    """Who moved it (None: the clock), by what (user, timer, admin …), when, and the number of the fact in its case."""

    by: Person | None
    cause: str
    now: datetime
    seq: int


def because(happened: Happened) -> Because:
    """A command of its case."""
    return {"by": happened.by, "cause": happened.cause, "now": happened.now, "seq": happened.instance.seq}


def begin(session: Session, promise: Promise, deal: Deal | None, **because: Unpack[Because]) -> None:
    """It was asked, and perhaps promised at once: the row, then its moves."""
    moves = [_moved(promise, "new", deal, to_state="requested", **because)]
    if promise.state == "promised":
        moves.append(_moved(promise, "forward", deal, from_state="requested", to_state="promised", **because))
    session.add(promise)
    session.flush()
    for each in moves:
        each["item"] = f"promise:{promise.id}"
    _write(session, moves)


def move(
    session: Session,
    promise: Promise,
    kind: str,
    *,
    from_state: str | None,
    to_state: str | None = None,
    reason: str | None = None,
    note: str | None = None,
    causing_id: int | None = None,
    **because: Unpack[Because],
) -> None:
    """One change of its position, with the fact of the case that caused it."""
    deal = session.get(Deal, promise.deal_id) if promise.deal_id else None
    said: dict[str, Any] = {"reason": reason, "note": note}
    said["causing_department_id"] = promise.provider_id if kind == "lost" else causing_id
    row = _moved(promise, kind, deal, from_state=from_state, to_state=to_state, **because)
    _write(session, [row | said])


def _write(session: Session, moves: Sequence[dict[str, Any]]) -> None:
    """However many there are, one statement."""
    session.execute(insert(Base.metadata.tables["moves"]), moves)


def _moved(
    promise: Promise,
    kind: str,
    deal: Deal | None,
    *,
    from_state: str | None = None,
    to_state: str | None = None,
    **because: Unpack[Because],
) -> dict[str, Any]:
    by, now = because["by"], because["now"]
    since = promise.moved_at or promise.promised_at or promise.requested_at
    promise.move_count += 1
    promise.moved_at = now
    return {
        "item": f"promise:{promise.id}",
        "seq": promise.move_count,
        "ladder": LADDER,
        "ladder_version": LADDER_VERSION,
        "kind": kind,
        "at": now,
        "day": calendars.local_day(now),
        "recorded_at": now,
        "cause": because["cause"],
        "from_stage": from_state,
        "to_stage": to_state,
        "from_rank": RANKS.get(from_state or ""),
        "to_rank": RANKS.get(to_state or ""),
        "dwell": int((now - since).total_seconds()) if from_state else None,
        "actor_id": by.id if by else None,
        "owner_id": deal.owner_id if deal else None,
        "department_id": promise.provider_id,
        "causing_department_id": None,
        "instance_id": promise.instance_id,
        "task_id": promise.task_id,
        "event_seq": because["seq"],
        "reason": None,
        "note": None,
    }
