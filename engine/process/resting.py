"""Cases that rest: nothing happens to them, and what comes due meanwhile waits. A state nobody can read rests, too.

Whoever meets `advancing.Unreadable` gives its own transaction back and calls `quarantine` in a new one: neighbours go on.
"""

from datetime import datetime

from sqlalchemy.orm import Session, sessionmaker

from engine.errors import Refusal
from engine.people import Person
from engine.ports import wiring
from engine.process import advancing, incidents, instances, outbox, subscriptions
from engine.process.advancing import Unreadable
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.runner import Run

BROKEN = "BrokenState"
"""The code of the incident of a state that cannot be read."""


class UnreadableToo(Refusal):
    """This state cannot be read either (%(reason)s). Choose another kept state, or stop the case."""


def quarantine(session: Session, broken: Unreadable, *, now: datetime) -> None:
    """A state cannot be read: its case rests until a person has mended it, and an incident says so. Twice is once."""
    instance = instances.locked(session, broken.instance_id)
    if instance.ended_at is not None or instance.quarantined_at is not None:
        return
    instance.quarantined_at = now
    rest(session, instance, now=now)
    incidents.open_(
        session,
        instance,
        code=BROKEN,
        message=str(broken.places["reason"]),
        now=now,
        data={"bytes": len(instance.state), "last_fact": instance.seq, "definition": instance.definition_id},
    )


def put_aside(factory: sessionmaker[Session], broken: Unreadable, *, now: datetime) -> None:
    """`quarantine` in a transaction of its own: the answer of a worker to `Unreadable`."""
    with factory.begin() as session:
        quarantine(session, broken, now=now)


def rest(session: Session, instance: Instance, *, by: Person | None = None, now: datetime) -> None:
    """Put timers and calls of a case where nobody finds them due; whoever listens stops clocks of their own."""
    session.flush()
    subscriptions.park(session, instance)
    outbox.park(session, instance)
    for listener in wiring(session).rested:
        listener(session, instance, by=by, now=now)


def wake(session: Session, instance: Instance, *, by: Person | None = None, now: datetime) -> None:
    """Put timers and calls of a case back; what came due meanwhile is due now, in its order."""
    session.flush()
    subscriptions.unpark(session, instance, now=now)
    outbox.unpark(session, instance, now=now)
    for listener in wiring(session).rested:
        listener(session, instance, by=by, now=now)


def lift(session: Session, instance: Instance, reason: str, by: Person | None, now: datetime) -> None:
    """The state can be read again: what waited for that comes due, and the incident is closed."""
    if instance.quarantined_at is None:
        return
    instance.quarantined_at = None
    if not instances.at_rest(instance):
        wake(session, instance, by=by, now=now)
    mine = incidents.still_open().where(Incident.instance_id == instance.id, Incident.code == BROKEN)
    for incident in session.scalars(mine).all():
        incidents.resolve(session, incident, "mended", by=by, now=now, reason=reason)


def read(session: Session, instance: Instance, now: datetime) -> Run:
    """The run of a state that may be broken. Raises UnreadableToo."""
    try:
        return advancing.load(session, instance, session.get_one(Definition, instance.definition_id), now=now)
    except Unreadable as broken:
        raise UnreadableToo(reason=broken.places["reason"]) from broken
