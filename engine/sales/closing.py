"""How a promise ends: kept or broken once it is delivered and accepted; else whatever took it away."""

from datetime import datetime
from typing import Unpack

from sqlalchemy.orm import Session

from engine.calendars import Calendar
from engine.process import outbox
from engine.process.instances import Instance
from engine.sales import health, positions, promising
from engine.sales.agreements import AgreementVersion
from engine.sales.positions import OFF, Because
from engine.sales.promises import Promise


def close(
    session: Session, promise: Promise, *, works: Calendar | None = None, **because: Unpack[Because]
) -> None:
    """It was delivered and accepted: kept or broken, and how. ``works`` is its provider's calendar, where it is known."""
    delivered = promise.delivered_at or because["now"]
    if promise.version_id is not None:
        with session.no_autoflush:  # the promise is written once
            works = works or promising.calendar(session, promise)
        worked = works.between(promise.ready_at or promise.requested_at, delivered)
        promise.work_seconds = int(worked.total_seconds())
    is_late = promise.due_at is not None and promise.due_at < delivered
    if is_late:
        outcome, manner = "broken", "quality" if promise.rework else "late"
    elif _reworked_too_often(session, promise):
        outcome, manner = "broken", "quality"
    else:
        outcome, manner = "kept", "renegotiated" if promise.changes else "first"
    promise.manner = manner
    end(session, promise, outcome, **because)


def end(session: Session, promise: Promise, outcome: str, **because: Unpack[Because]) -> None:
    """It is over: one move off the ladder, where it still stood on it, and whoever waits to decide about it is told."""
    left, now = promise.state, because["now"]
    promise.outcome, promise.closed_at, promise.alarm_at, promise.turn = outcome, now, None, None
    promise.respond_by = promise.accept_by = promise.proposed_due_at = None
    promise.state = "accepted" if outcome in {"kept", "broken"} else left if left in OFF else "cancelled"
    kind = {"kept": "won", "broken": "lost"}.get(outcome, "rerouted")
    if left not in OFF:
        reason = promise.manner if kind == "lost" else None
        positions.move(session, promise, kind, from_state=left, reason=reason, **because)
    if promise.escalation_id is not None:
        _call_off(session, promise, now=now)
    health.follow(session, promise, by=because["by"], now=now)


def _call_off(session: Session, promise: Promise, *, now: datetime) -> None:
    """Whoever is deciding about it need not any more: told after the commit, since it is another case."""
    case = session.get(Instance, promise.escalation_id)
    if case is not None and case.ended_at is None:
        key = f"promise.settled:{promise.id}:{case.id}"
        told = {"promise_id": promise.id, "business_key": case.business_key}
        outbox.put(session, "message", "promise.settled", key=key, inputs=told, now=now)


def _reworked_too_often(session: Session, promise: Promise) -> bool:
    if not promise.rework or promise.version_id is None:
        return False
    most = session.get_one(AgreementVersion, promise.version_id).terms.get("rework")
    return most is not None and promise.rework > most
