"""Who is asked about an agreement: cases of two small processes that ship with the product, one task each or two.

Where a house has not deployed them, nobody is asked by a task; history and the page of the agreement say it all the same.
"""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import people
from engine.people import Person
from engine.process import definitions, instances
from engine.process.instances import Instance
from engine.process.subscriptions import Subscription
from engine.sales.agreements import Agreement, AgreementVersion

SILENCE, REVIEW = "agreement_answer", "agreement_review"
PROCESSES = frozenset({SILENCE, REVIEW})
PATIENCE = "P3D"
"""Work time of the side that is asked; after it the lowest common manager is asked instead."""
MOVED = "agreement.moved"
"""What a case hears when nobody needs to be asked any more."""


def to_manager(
    session: Session, agreement: Agreement, version: AgreementVersion, manager: Person, *, now: datetime
) -> None:
    """Ask the lowest common manager to bring two silent sides together."""
    told = {"manager": manager.email, "agreement_id": agreement.id, "version": version.number}
    _start(session, agreement, SILENCE, "agreement.silent", told, manager, now)


def to_heads(session: Session, agreement: Agreement, *, now: datetime) -> None:
    """Ask both heads whether it stays, changes or ends."""
    heads = [people.head_of(session, each) for each in (agreement.provider_id, agreement.consumer_id)]
    if heads[0] is None or heads[1] is None:
        return
    told = {"provider_head": heads[0].email, "consumer_head": heads[1].email, "agreement_id": agreement.id}
    _start(session, agreement, REVIEW, "agreement.review_due", told, heads[0], now)


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
