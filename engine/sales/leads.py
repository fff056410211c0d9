"""Leads: somebody who may buy. They are written down, rejected, or become a deal."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import history
from engine.errors import Refusal, Stale
from engine.people import Person
from engine.process import definitions, instances
from engine.process.definitions import Definition
from engine.process.forms.refusals import Required
from engine.sales import cards, clients, deals
from engine.sales.cards import Card
from engine.sales.deals import Deal
from engine.sales.records import Client, Contact, Lead

FIELDS = ("title", "company", "contact_name", "email", "phone", "source", "product_line", "need")
QUALIFIED = "lead.qualified"
"""The message that starts a long sale with a lead."""

OPEN = ("new", "qualified")


class LeadClosed(Stale):
    """This lead has been rejected or has become a deal already."""


class CompanyMissing(Refusal):
    """Nobody knows whose lead this is. Write the company, or choose a client."""


class NoLongSale(Refusal):
    """No process starts with a qualified lead. Ask a designer to deploy one."""


def add(session: Session, card: Card, *, client: Client | None = None, by: Person, now: datetime) -> Lead:
    """Write a lead down, as one's own. Raises NotAllowed, and Invalid with what is wrong with each field."""
    cards.must_trade(by)
    values, errors = cards.read(Lead, card, FIELDS, required=("title",))
    if client is None and not values.get("company") and "company" not in errors:
        errors["company"] = CompanyMissing(field="company")
    cards.refuse(errors)
    lead = Lead(
        client_id=client.id if client else None,
        owner_id=by.id,
        department_id=by.department_ids[0] if by.department_ids else None,
        created_at=now,
        status="new",
        **{**values, "company": values.get("company") or (client.name if client else None)},
    )
    session.add(lead)
    session.flush()
    _record(session, "lead_added", lead, by=by, now=now, title=lead.title)
    return lead


def reject(session: Session, lead: Lead, reason: str, *, by: Person, now: datetime) -> None:
    """Nothing will come of it, and why. Raises NotAllowed, LeadClosed, Required."""
    cards.must_trade(by)
    _must_be_open(session, lead)
    why = " ".join(reason.split())[:500]
    if not why:
        raise Required(field="reason")
    lead.status = "rejected"
    _record(session, "lead_rejected", lead, by=by, now=now, reason=why)


def long_sale(session: Session) -> Definition | None:
    """The newest process that a qualified lead starts."""
    for definition in session.scalars(definitions.startable()):
        starts = definitions.blueprint(session, definition).starts
        if any(start.message == QUALIFIED for start in starts):
            return definition
    return None


def convert(session: Session, lead: Lead, *, by: Person, now: datetime) -> Deal:
    """Make the lead a deal: its company becomes a client if it is none yet, and the long sale starts with it.

    Raises NotAllowed, LeadClosed, CompanyMissing, NoLongSale.
    """
    cards.must_trade(by)
    _must_be_open(session, lead)
    definition = long_sale(session)
    if definition is None:
        raise NoLongSale
    client = _client(session, lead, by=by, now=now)
    contact = _contact(session, lead, client, by=by, now=now)
    owner = session.get(Person, lead.owner_id) if lead.owner_id else None
    payload = {
        "title": lead.title,
        "client": client.id,
        "contact": contact.id if contact else None,
        "source": lead.source,
        "product_line": lead.product_line,
        "lead": lead.id,
    }
    instance = instances.start(
        session,
        definition,
        {name: value for name, value in payload.items() if value is not None},
        by=by,
        now=now,
        message=QUALIFIED,
        owner=owner if owner and owner.left_at is None else by,
        title=f"{client.name} · {lead.title}",
    )
    deal = deals.of(session, instance.id)
    if deal is None:
        raise NoLongSale
    lead.status, lead.deal_id, lead.client_id = "converted", deal.id, client.id
    _record(session, "lead_converted", lead, by=by, now=now, deal=deal.id)
    return deal


def _must_be_open(session: Session, lead: Lead) -> None:
    session.flush()
    session.refresh(lead, with_for_update=True)
    if lead.status not in OPEN:
        raise LeadClosed


def _client(session: Session, lead: Lead, *, by: Person, now: datetime) -> Client:
    """Whose lead it is: the client it names, one of that name, or a new one."""
    if lead.client_id is not None:
        return session.get_one(Client, lead.client_id)
    if not lead.company:
        raise CompanyMissing
    known = clients.similar(session, lead.company, None)
    card = {"name": lead.company, "phone": lead.phone or ""}
    return known[0] if known else clients.add(session, card, anyway=True, by=by, now=now)


def _contact(session: Session, lead: Lead, client: Client, *, by: Person, now: datetime) -> Contact | None:
    if not lead.contact_name:
        return None
    same = [func.lower(Contact.name) == lead.contact_name.lower()]
    if lead.email:
        same = [func.lower(Contact.email) == lead.email.lower()]
    known = session.scalar(select(Contact).where(Contact.client_id == client.id, *same).limit(1))
    card = {"name": lead.contact_name, "email": lead.email or "", "phone": lead.phone or ""}
    return known or clients.add_contact(session, client, card, by=by, now=now)


def _record(session: Session, kind: str, lead: Lead, *, by: Person, now: datetime, **data: Any) -> None:
    history.record(session, kind, at=now, actor=by, subject=f"lead:{lead.id}", data=data)
