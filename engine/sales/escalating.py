"""A late or declined promise goes to a manager: a case of a small process that ships with the product, with its own task."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import people
from engine.people import Person
from engine.process import definitions, instances
from engine.process.instances import Instance
from engine.sales import standing
from engine.sales.naming import named
from engine.sales.promises import Promise
from engine.sales.talking import CONSUMER, PROVIDER, Held, side_id

PROCESS = "promise_escalation"
"""The process in which a manager decides; ``bpmn/house/promise_escalation.bpmn``."""

RAISED, SETTLED = "promise.escalated", "promise.settled"
"""What it begins with, and what it hears when there is nothing to decide any more."""


def escalate(held: Held, why: str, who: str = "common_manager") -> Person | None:
    """Give the decision to a manager: a case with a task of theirs, unless one about this promise is still open.

    ``why`` is late, declined or rework. Returns the manager. Where the process is not deployed nobody gets a task;
    history says so all the same.
    """
    session, promise = held.session, held.promise
    manager = manager_of(session, promise, who)
    definition = definitions.newest(session, PROCESS)
    if definition is None or is_asked(session, promise):
        return manager
    brought = {"promise_id": promise.id, "why": why, "manager": manager.email if manager else ""}
    case = instances.start(
        session,
        definition,
        brought,
        by=None,
        now=held.now,
        message=RAISED,
        owner=manager,
        title=f"{promise.title} · {named(session, promise.provider_id).pl}"[:250],
        business_key=f"promise:{promise.id}",
    )
    promise.escalation_id = case.id
    return manager


def is_asked(session: Session, promise: Promise) -> bool:
    """Whether a manager is deciding about it already."""
    case = session.get(Instance, promise.escalation_id) if promise.escalation_id else None
    return case is not None and case.ended_at is None


def manager_of(session: Session, promise: Promise, who: str) -> Person | None:
    """The person an escalation step names: a side's head, the lowest common manager, or a director."""
    sides = {"provider_head": PROVIDER, "consumer_head": CONSUMER}
    if who in sides:
        department_id = side_id(promise, sides[who])
        return people.head_of(session, department_id) if department_id else None
    if who == "director" or promise.provider_id is None or promise.consumer_id is None:
        return _director(session)
    return standing.common_manager(session, promise.provider_id, promise.consumer_id)


def _director(session: Session) -> Person | None:
    directors = select(Person).where(Person.left_at.is_(None), Person.roles.any(name="director"))
    return session.scalar(directors.order_by(Person.id).limit(1))
