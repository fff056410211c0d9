"""What the pages and verbs of a deal look up, and how each verb ends."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import access
from engine.errors import Refusal
from engine.people import Department, Person
from engine.process import definitions, subscriptions
from engine.process.blueprint import Blueprint as Plan
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales import commitments
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.records import Client, Contact
from webapp import flashes
from webapp.access import me
from webapp.database import db


class NotADate(Refusal):
    """Choose a day."""


def deal_of(deal_id: int) -> Deal:
    """The deal, where this person may see it. Raises NotFound."""
    return access.one(db.session(), me(), Deal, deal_id)


def page_of(deal_id: int) -> str:
    """Where its page is."""
    return url_for("deals.deal", deal_id=deal_id)


def done(deal_id: int, words: str) -> ResponseReturnValue:
    """What every verb ends with: kept, said, and back to the deal."""
    db.session.commit()
    flashes.say(words)
    return redirect(page_of(deal_id), code=303)


def typed_day(typed: str | None) -> date:
    """The day somebody chose. Raises NotADate."""
    try:
        return date.fromisoformat(typed or "")
    except ValueError as error:
        raise NotADate(field="until" if "until" in request.form else "due_on") from error


def plan_of(found: Deal) -> Plan:
    """The diagram the deal runs on."""
    instance = db.session.get_one(Instance, found.instance_id)
    return definitions.blueprint(db.session(), db.session.get_one(Definition, instance.definition_id))


def client_of(found: Deal) -> Client | None:
    """Whom it is with."""
    return db.session.get(Client, found.client_id) if found.client_id else None


def contacts_of(found: Deal) -> Sequence[Contact]:
    """People of the client, by name."""
    query = select(Contact).where(Contact.client_id == found.client_id, access.visible(me(), Contact))
    return db.session.scalars(query.order_by(Contact.name)).all() if found.client_id else ()


def open_departments() -> Sequence[Department]:
    """Departments whose doing a loss or a move back may be."""
    query = select(Department).where(Department.closed_at.is_(None), Department.parent_id.is_not(None))
    return db.session.scalars(query.order_by(Department.name)).all()


def sellers_of(found: Deal) -> Sequence[Person]:
    """Who could lead the deal: members of its department."""
    query = select(Person).where(
        Person.left_at.is_(None), Person.memberships.any(department_id=found.department_id)
    )
    return db.session.scalars(query.order_by(Person.name)).all()


def open_commitments(found: Deal) -> int:
    """How many commitments wait."""
    query = commitments.of(found).where(Commitment.state.in_(commitments.OPEN))
    return len(db.session.scalars(query).all())


def waits_of(found: Deal) -> set[str]:
    """The messages its case waits for."""
    return {
        each.name or ""
        for each in subscriptions.of(db.session(), found.instance_id)
        if each.kind == "message"
    }


def next_stage(plan: Plan, found: Deal) -> Any:
    """The next position of its ladder."""
    ordered = sorted(plan.ladder, key=lambda stage: stage.order)
    rank = found.stage_rank or 0
    return ordered[rank] if rank < len(ordered) else None
