"""Promises that somebody shook out of a bag: any row the table allows, under two agreements between three departments."""

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.absences import Absence
from engine.people import Department, Membership, Person, Role
from engine.process.instances import Instance
from engine.sales.agreements import Agreement
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales import kit

AWAY = MONDAY.date(), MONDAY.date() + timedelta(days=30)
OUTCOMES = ("kept", "broken", "cancelled", "waived", None, None)
MANNERS = ("first", "renegotiated", "late", "quality", "moved", None)


def agreements(session: Session, departments: dict[str, Department]) -> list[Agreement]:
    """Two: Legal for Sales, Presales for Sales."""
    found = list(session.scalars(select(Agreement).order_by(Agreement.id)))
    if not found:
        found = [
            Agreement(
                title=f"Umowa {code}",
                code=code,
                created_at=MONDAY,
                provider_id=departments[side].id,
                consumer_id=departments["sales"].id,
            )
            for code, side in (("H1", "legal"), ("H2", "presales"))
        ]
        session.add_all(found)
        session.flush()
    return found


def opened(
    session: Session, owner: Person, departments: dict[str, Department], dice: Random, count: int
) -> list[Promise]:
    """So many promises just asked for, within a month."""
    deal = session.scalar(select(Deal)) or kit.sale(session, owner)
    instance = session.get_one(Instance, deal.instance_id)
    known: list[Agreement | None] = [*agreements(session, departments), None]
    made = []
    for _ in range(count):
        agreement = dice.choice(known)
        task = kit.task(session, instance, audience="department:legal", handoff="H1")
        consumer = dice.choice([departments["sales"].id, departments["board"].id])
        made.append(
            Promise(
                code="H1",
                agreement_id=agreement.id if agreement else None,
                instance_id=instance.id,
                task_id=task.id,
                deal_id=dice.choice([deal.id, None]),
                provider_id=agreement.provider_id if agreement else None,
                consumer_id=consumer,
                requested_at=moment(dice),
            )
        )
    session.add_all(made)
    session.flush()
    return made


def shaken(promise: Promise, dice: Random) -> None:
    """Another row of the same promise: some of what facts are made of is different now."""
    maybe = [None, moment(dice), moment(dice)]
    for name in ("promised_at", "answer_by", "answered_at", "delivered_at", "due_at"):
        if dice.random() < 0.4:
            setattr(promise, name, dice.choice(maybe))
    for name in ("returns", "rework", "timed_answers", "late_answers"):
        if dice.random() < 0.3:
            setattr(promise, name, dice.randrange(3))
    if dice.random() < 0.6:
        promise.outcome, promise.manner = dice.choice(OUTCOMES), dice.choice(MANNERS)
        promise.closed_at = moment(dice) if promise.outcome else None
        promise.work_seconds = dice.choice([None, 0, 1, dice.randrange(400_000)])
    if dice.random() < 0.1:
        promise.consumer_id = None


def moment(dice: Random) -> datetime:
    """Any minute of three weeks, nights included."""
    return MONDAY + timedelta(minutes=dice.randrange(21 * 24 * 60))


def anybody(session: Session, departments: dict[str, Department], dice: Random, number: int) -> Person:
    """Somebody of the house, who may stand in for somebody else in these weeks."""
    person = Person(email=f"nr{number}@wislane.example", name=f"Ktoś {number}", created_at=MONDAY)
    roles = dice.sample(["employee", "director", "designer", "administrator"], dice.randrange(1, 3))
    person.roles = [Role(name=role) for role in roles]
    for unit in dice.sample(sorted(departments), dice.randrange(3)):
        head = Membership(department_id=departments[unit].id, is_head=dice.random() < 0.3)
        person.memberships.append(head)
    session.add(person)
    session.flush()
    others = session.scalars(select(Person).where(Person.id != person.id).order_by(Person.id)).all()
    if dice.random() < 0.5:
        other = dice.choice(others)
        days = {"first_day": AWAY[0], "last_day": AWAY[1], "recorded_at": MONDAY, "recorded_by_id": other.id}
        session.add(Absence(person_id=other.id, deputy_id=person.id, **days))
    session.flush()
    return person
