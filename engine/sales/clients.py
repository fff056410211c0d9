"""Clients and their people: added and changed by hand, and never by mistake twice."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from engine import history
from engine.errors import Refusal
from engine.people import Person
from engine.sales import cards
from engine.sales.cards import Card
from engine.sales.records import CLASSES, Client, Contact

FIELDS = ("name", "tax_id", "sector", "segment", "class", "city", "country", "email", "phone", "website")
CONTACT = ("name", "position", "email", "phone", "role")
ROLES = ("decides", "pays", "uses", "champion", "blocks")
"""What a contact is in a purchase."""

LEGAL_FORM = re.compile(
    r"[\s,]+(sp(ółka)?\.?\s*(z\s*o\.?\s*o\.?|j\.?|k\.?|p\.?)|s\.?\s*a\.?|s\.?\s*c\.?|ltd\.?|gmbh|inc\.?|s\.?r\.?o\.?)$"
)


class TaxIdTaken(Refusal):
    """%(name)s has this tax number already."""


class LooksTheSame(Refusal):
    """%(names)s: the same name or mail address. Open that client, or say that this is another one."""


class ContactTaken(Refusal):
    """%(name)s at this client has this mail address already."""


def contacts(client: Client) -> Select[Contact]:
    """A client's people, by name."""
    return select(Contact).where(Contact.client_id == client.id).order_by(Contact.name, Contact.id)


def similar(
    session: Session, name: str | None, email: str | None, *, but: Client | None = None
) -> Sequence[Client]:
    """Clients that may be this one: the same name apart from case and legal form, or the same mail address."""
    stem = _stem(name or "")
    clauses = [func.lower(Client.name).startswith(stem, autoescape=True)] if stem else []
    if email:
        clauses.append(func.lower(Client.email) == email.lower())
    if not clauses:
        return ()
    found = session.scalars(select(Client).where(or_(*clauses)).order_by(Client.name, Client.id)).all()
    return [
        each
        for each in found
        if (but is None or each.id != but.id)
        and (_stem(each.name) == stem or bool(email and (each.email or "").lower() == email.lower()))
    ]


def add(session: Session, card: Card, *, anyway: bool = False, by: Person, now: datetime) -> Client:
    """Add a client of one's own and of one's department.

    ``anyway`` says that it is another one than those of the same name or mail. A tax number is never given twice.
    Raises NotAllowed, and Invalid with TaxIdTaken, LooksTheSame and what is wrong with each field.
    """
    cards.must_trade(by)
    values = _checked(session, card, None, anyway)
    unit = by.department_ids[0] if by.department_ids else None
    client = Client(owner_id=by.id, department_id=unit, created_at=now, created_by_id=by.id, **values)
    session.add(client)
    session.flush()
    _record(session, "client_added", client, by=by, now=now, name=client.name)
    return client


def change(
    session: Session, client: Client, card: Card, *, anyway: bool = False, by: Person, now: datetime
) -> dict[str, Any]:
    """Correct what is known of a client; the answer is what was there before, by column. Raises as `add` does."""
    cards.must_trade(by)
    values = _checked(session, card, client, anyway)
    before = {name: getattr(client, name) for name, value in values.items() if getattr(client, name) != value}
    for name in before:
        setattr(client, name, values[name])
    if before:
        after = {name: values[name] for name in before}
        _record(session, "client_changed", client, by=by, now=now, before=before, after=after)
    return before


def add_contact(session: Session, client: Client, card: Card, *, by: Person, now: datetime) -> Contact:
    """Add a person at a client. Raises NotAllowed, and Invalid with ContactTaken and what is wrong with each field."""
    cards.must_trade(by)
    values, errors = cards.read(Contact, card, CONTACT, required=("name",), choices={"role": ROLES})
    if values.get("email"):
        taken = contacts(client).where(func.lower(Contact.email) == values["email"].lower()).limit(1)
        known = session.scalar(taken)
        if known is not None:
            errors["email"] = ContactTaken(field="email", name=known.name)
    cards.refuse(errors)
    contact = Contact(client_id=client.id, **values)
    session.add(contact)
    session.flush()
    _record(session, "contact_added", client, by=by, now=now, name=contact.name, contact=contact.id)
    return contact


def _checked(session: Session, card: Card, client: Client | None, anyway: bool) -> dict[str, Any]:
    values, errors = cards.read(Client, card, FIELDS, required=("name",), choices={"class": CLASSES})
    values["class_"] = values.pop("class", None)
    values["country"] = values.get("country") or "PL"
    try:
        values["tax_id"] = _tax_id(session, values, client)
    except Refusal as refusal:
        errors["tax_id"] = refusal
    alike = similar(session, values.get("name"), values.get("email"), but=client)
    was_alike = client is not None and _stem(client.name) == _stem(values.get("name") or "")
    if alike and not anyway and not was_alike and "name" not in errors:
        errors["name"] = LooksTheSame(field="name", names=", ".join(each.name for each in alike[:3]))
    cards.refuse(errors)
    return values


def _tax_id(session: Session, values: dict[str, Any], client: Client | None) -> str | None:
    if not values.get("tax_id"):
        return None
    number = cards.tax_id(values["tax_id"], values["country"])
    taken = session.scalar(select(Client).where(Client.tax_id == number))
    if taken is not None and (client is None or taken.id != client.id):
        raise TaxIdTaken(field="tax_id", name=taken.name)
    return number


def _stem(name: str) -> str:
    """A company's name without case, quotes and legal form: “MŁYN „Zalesie” Sp. z o.o.” is młyn zalesie."""
    plain = re.sub(r"[„”\"']", "", " ".join(name.lower().split()))
    return LEGAL_FORM.sub("", plain).strip(" ,.")


def _record(session: Session, kind: str, client: Client, *, by: Person, now: datetime, **data: Any) -> None:
    history.record(session, kind, at=now, actor=by, subject=f"client:{client.id}", data=data)
