"""How a commitment is written down: one fact of its deal's case, one move on its ladder."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from engine import history
from engine.people import Person
from engine.process.instances import Instance
from engine.sales import ladders
from engine.sales.deals import Deal

if TYPE_CHECKING:
    from engine.sales.commitments import Commitment

LADDER = "commitment"
RANKS = {"proposed": 1, "agreed": 2}


def close(
    session: Session,
    commitment: "Commitment",
    state: str,
    kind: str,
    *,
    reason: str | None = None,
    by: Person | None,
    now: datetime,
    **what: Any,
) -> None:
    """It is settled: the state, who settled it, the fact, and the move off the ladder."""
    deal = session.get_one(Deal, commitment.deal_id)
    left = {"from_stage": commitment.state, "from_rank": RANKS[commitment.state], **what}
    dwell = int((now - commitment.created_at).total_seconds())
    commitment.state, commitment.closed_at, commitment.closed_by_id = state, now, by.id if by else None
    tell_history(session, commitment, f"commitment_{state}", reason=reason, by=by, now=now)
    said = {"reason": (reason or "")[:80] or None, "note": reason}
    move(session, deal, commitment, kind, by=by, now=now, dwell=dwell, **said, **left)


def tell_history(
    session: Session,
    commitment: "Commitment",
    kind: str,
    *,
    reason: str | None = None,
    by: Person | None,
    now: datetime,
) -> None:
    """One fact about it, in the history of its deal's case."""
    what = {
        "direction": commitment.direction,
        "text": commitment.text,
        "due_on": commitment.due_on.isoformat() if commitment.due_on else None,
        "agreed_with": commitment.agreed_with,
        "reason": reason,
    }
    instance = session.get_one(Instance, commitment.instance_id)
    subject = f"commitment:{commitment.id}"
    history.record(session, kind, at=now, actor=by, instance=instance, subject=subject, data=what)


def move(
    session: Session,
    deal: Deal,
    commitment: "Commitment",
    kind: str,
    *,
    by: Person | None,
    now: datetime,
    **what: Any,
) -> None:
    """One move on the ladder of commitments."""
    ladders.write(
        session,
        f"commitment:{commitment.id}",
        LADDER,
        kind,
        now=now,
        cause="user" if by else "job",
        actor_id=by.id if by else None,
        owner_id=deal.owner_id,
        department_id=deal.department_id,
        instance_id=commitment.instance_id,
        event_seq=session.get_one(Instance, commitment.instance_id).seq,
        **what,
    )
