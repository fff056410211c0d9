"""Who is asked about an agreement: cases of two small processes that ship with the product, one task each or two.

Where a house has not deployed them, nobody is asked by a task; history and the page of the agreement say it all the same.
Who stands in for somebody absent has the task inside the recorded days, and it says in whose place (`seat`).
"""

from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import calendars, people
from engine.people import Person
from engine.process import definitions, instances, tasks
from engine.process.blueprint import Text
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from engine.sales import speaking
from engine.sales.agreements import Agreement, AgreementVersion

SILENCE, REVIEW = "agreement_answer", "agreement_review"
PROCESSES = frozenset({SILENCE, REVIEW})
PATIENCE = "P3D"
"""Work time of the side that is asked; after it the lowest common manager is asked instead."""
LOOKS = {"provider_looks": "provider_id", "consumer_looks": "consumer_id"}
"""Which side each task of a review asks."""

MOVED = "agreement.moved"
"""What a case hears when nobody needs to be asked any more."""


def to_manager(
    session: Session, agreement: Agreement, version: AgreementVersion, manager: Person, *, now: datetime
) -> None:
    """Ask the lowest common manager to bring two silent sides together."""
    told = {"manager": manager.email, "agreement_id": agreement.id, "version": version.number}
    _start(session, agreement, SILENCE, "agreement.silent", told, manager, now)
    seat(session, agreement, now=now)


def to_heads(session: Session, agreement: Agreement, *, now: datetime) -> None:
    """Ask both heads whether it stays, changes or ends."""
    heads = [people.head_of(session, each) for each in (agreement.provider_id, agreement.consumer_id)]
    if heads[0] is None or heads[1] is None:
        return
    told = {"provider_head": heads[0].email, "consumer_head": heads[1].email, "agreement_id": agreement.id}
    _start(session, agreement, REVIEW, "agreement.review_due", told, heads[0], now)
    seat(session, agreement, now=now)


def seat(session: Session, agreement: Agreement, *, now: datetime) -> None:
    """Give each open task to whoever speaks today: who stands in for somebody absent, and back when they return."""
    rows = select(UserTask, Instance.process).join(Instance, Instance.id == UserTask.instance_id)
    mine = rows.where(Instance.business_key == key(agreement), Instance.process.in_(PROCESSES))
    query = mine.where(Instance.ended_at.is_(None), UserTask.closed_at.is_(None)).order_by(UserTask.id)
    for task, process in session.execute(query).all():
        found = _called_on(session, agreement, process, task.element, calendars.local_day(now))
        if found is not None and found[0].id != task.assignee_id:
            _hand(session, task, *found, now=now)


def _called_on(
    session: Session, agreement: Agreement, process: str, element: str, today: date
) -> tuple[Person, Person | None] | None:
    """Who is asked, and in whose place."""
    if process == REVIEW:
        side = getattr(agreement, LOOKS[element]) if element in LOOKS else None
        return speaking.called_on(session, agreement, side, today) if side is not None else None
    table = session.get(AgreementVersion, agreement.negotiating_version_id or 0)
    manager = session.get(Person, table.escalated_to_id or 0) if table is not None else None
    if manager is None:
        return None
    lent = speaking.for_manager(session, agreement, manager, today)
    return (lent[0][0], manager) if lent else (manager, None)


def _hand(session: Session, task: UserTask, to: Person, in_place_of: Person | None, *, now: datetime) -> None:
    """The task says in whose place it is done, in every list it stands in."""
    plan = definitions.blueprint(session, session.get_one(Definition, task.definition_id))
    drawn = plan.element(task.diagram, task.element)
    name = drawn.name if drawn is not None else task.text
    place = (
        Text(f" (zastępstwo: {in_place_of.name})", f" (for {in_place_of.name})") if in_place_of else Text()
    )
    task.title = f"{name.into('pl')}{place.into('pl')}"[:200]
    task.title_en = f"{name.into('en')}{place.into('en')}"[:200]
    tasks.turn(session, task, audience=task.audience, assignee_id=to.id, due_at=task.due_at, now=now)


def over(
    session: Session, agreement: Agreement, *, besides: int | None, by: Person | None, now: datetime
) -> None:
    """Close what asks about the agreement: it has moved on."""
    waits = (Subscription.instance_id == Instance.id, Subscription.name == MOVED)
    open_ = _open(agreement).where(
        Instance.id != (besides or 0), select(Subscription.id).where(*waits).exists()
    )
    for case in session.scalars(open_).all():
        if not instances.at_rest(case):
            instances.send(session, case, MOVED, {}, by=by, now=now)


def hold(session: Session, agreement: Agreement) -> None:
    """Hold the cases about an agreement before the agreement itself: whoever answers in one of them holds it first."""
    session.execute(_open(agreement).with_only_columns(Instance.id).with_for_update())


def about(session: Session, case: Instance) -> Agreement | None:
    """The agreement that a case asks about; None for a case that somebody began by hand."""
    kind, _, number = (case.business_key or "").partition(":")
    return session.get(Agreement, int(number)) if kind == "agreement" and number.isdecimal() else None


def of(agreement: Agreement) -> Select[Instance]:
    """The cases about an agreement, the newest first."""
    return (
        select(Instance)
        .where(Instance.business_key == key(agreement), Instance.process.in_(PROCESSES))
        .order_by(Instance.id.desc())
    )


def key(agreement: Agreement) -> str:
    """The business key of every case about an agreement."""
    return f"agreement:{agreement.id}"


def _open(agreement: Agreement) -> Select[Instance]:
    return instances.running().where(Instance.business_key == key(agreement), Instance.process.in_(PROCESSES))


def _start(
    session: Session,
    agreement: Agreement,
    process: str,
    message: str,
    told: dict[str, object],
    owner: Person,
    now: datetime,
) -> None:
    definition = definitions.newest(session, process)
    if definition is None or definition.waits:
        return
    instances.start(
        session,
        definition,
        told,
        message=message,
        owner=owner,
        title=agreement.title,
        business_key=key(agreement),
        by=None,
        now=now,
    )
