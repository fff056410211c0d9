"""A manager above both sides decides about a promise that was declined, is late or was rejected too often."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine import people
from engine.errors import NotAllowed, Refusal
from engine.people import Person
from engine.sales import promising, talking
from engine.sales.conversation import clocks
from engine.sales.conversation.giving_up import let_off, take_back
from engine.sales.conversation.saying import OPEN, why
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, INSTEAD, PROVIDER, Held, hold, say

DECISIONS = ("remind", "new_date", "waive", "revoke", "let_run")


class NotADecision(Refusal):
    """Choose one of the decisions."""


def decide(
    session: Session,
    promise: Promise,
    what: str,
    reason: str | None,
    *,
    due_at: datetime | None = None,
    by: Person,
    now: datetime,
    seen: int | None = None,
    asked: bool = False,
) -> None:
    """A manager above both sides decides about what was declined, is late or was rejected too often.

    ``what`` is one of `DECISIONS`; ``asked``: a case of ours gave this person the decision. Raises NotAllowed,
    NotADecision, SayWhy, InThePast, NoWorkThen, and what `talking.hold` raises.
    """
    held = hold(session, promise, states=OPEN, by=by, now=now, seen=seen)
    if not asked and not is_above(session, held.promise, by):
        raise NotAllowed
    if what not in DECISIONS:
        raise NotADecision(field="decision")
    because = why(reason)
    if what in {"waive", "revoke"} and held.promise.state == "delivered":
        raise talking.Delivered
    if what == "waive":
        let_off(held, because)
    elif what == "revoke":
        take_back(held, because)
    elif what == "new_date":
        _new_date(held, due_at, because)
    else:
        _let_run(held, what, because)


def is_above(session: Session, promise: Promise, person: Person) -> bool:
    """Whether both sides stand below this person: the head of a department above both, or a director there."""
    roots = person.department_ids if person.has("director") else person.headed_ids
    below = people.subtree(session, roots) if roots else set()
    return {promise.provider_id, promise.consumer_id} <= below


def _let_run(held: Held, what: str, because: str) -> None:
    """What was declined is promised after all, with the time that was left; what is late stays due when it was."""
    state = None
    if held.promise.state == "declined":
        clocks.run_again(held)
        state = "promised"
    told = {"reason": because, "decision": what}
    say(held, "promise_decided", told, state=state, turn=held.promise.turn, tell=(PROVIDER, CONSUMER))


def _new_date(held: Held, due_at: datetime | None, because: str) -> None:
    promise = held.promise
    if due_at is None:
        raise promising.InThePast(field="due_at")
    promising.must_be_work(held.session, promise, held.works, due_at, now=held.now)
    if promise.state not in {"declined", "requested", "promised", "countered"}:
        raise INSTEAD[promise.state]
    if promise.first_due_at is not None:
        promise.changes += 1
    promise.steps_taken = 0
    clocks.run_to(held, due_at)
    told = {"reason": because, "decision": "new_date", "due_at": due_at}
    say(held, "promise_decided", told, state="promised", tell=(PROVIDER, CONSUMER))
