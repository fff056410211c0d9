"""Clients: one client with everything around it, added and changed by form, and their people."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select

from engine import access
from engine.history import Event
from engine.people import Person
from engine.sales import clients
from engine.sales.deals import Deal
from engine.sales.records import CLASSES, Client, Contract, Lead
from webapp import flashes, record_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid

bp = Blueprint("clients", __name__, url_prefix="/database/clients")

MOST = 50
ROLES = {
    "decides": lazy_gettext("decides"),
    "pays": lazy_gettext("pays"),
    "uses": lazy_gettext("uses it"),
    "champion": lazy_gettext("speaks for us"),
    "blocks": lazy_gettext("is against it"),
}
TOLD = {
    "client_added": lazy_gettext("added the client"),
    "client_changed": lazy_gettext("changed:"),
    "contact_added": lazy_gettext("added the contact"),
    "lead_added": lazy_gettext("wrote the lead down"),
    "lead_rejected": lazy_gettext("rejected the lead"),
    "lead_converted": lazy_gettext("made it a deal"),
}
"""What history says of clients and leads."""

LABELS = {
    "name": lazy_gettext("Name of the company"),
    "tax_id": lazy_gettext("Tax number (NIP)"),
    "sector": lazy_gettext("Sector"),
    "segment": lazy_gettext("Segment"),
    "class_": lazy_gettext("Class"),
    "city": lazy_gettext("City"),
    "country": lazy_gettext("Country"),
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "website": lazy_gettext("Website"),
}


@bp.get("/<int:client_id>")
@needs("employee", "director")
def client(client_id: int) -> ResponseReturnValue:
    """One client: facts, contacts, deals, leads, contracts, history."""
    found = _client(client_id)
    return render_template(
        "records/client.html",
        client=found,
        labels=LABELS,
        owner=db.session.get(Person, found.owner_id) if found.owner_id else None,
        contacts=db.session.scalars(clients.contacts(found)).all(),
        roles=ROLES,
        deals=_of(found, Deal),
        leads=_of(found, Lead),
        contracts=_of(found, Contract),
        stage_words=record_words.stages(),
        history=history(f"client:{found.id}"),
        told=TOLD,
    )


@bp.get("/new")
@needs("employee", "director")
def new() -> ResponseReturnValue:
    """The form of a client to be."""
    return render_template("records/client_form.html", client=None, **_form(None))


@bp.post("/new")
@needs("employee", "director")
@on_invalid(new)
def add() -> ResponseReturnValue:
    """Add a client."""
    anyway = bool(request.form.get("anyway"))
    made = clients.add(db.session(), request.form, anyway=anyway, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("%(name)s is in the database.", name=made.name))
    return redirect(url_for(".client", client_id=made.id), code=303)


@bp.get("/<int:client_id>/change")
@needs("employee", "director")
def edit(client_id: int) -> ResponseReturnValue:
    """The form of a client that is known."""
    found = _client(client_id)
    return render_template("records/client_form.html", client=found, **_form(found))


@bp.post("/<int:client_id>/change")
@needs("employee", "director")
@on_invalid(edit)
def change(client_id: int) -> ResponseReturnValue:
    """Correct what is known of a client."""
    found, anyway = _client(client_id), bool(request.form.get("anyway"))
    clients.change(db.session(), found, request.form, anyway=anyway, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Saved: %(name)s.", name=found.name))
    return redirect(url_for(".client", client_id=client_id), code=303)


@bp.post("/<int:client_id>/contacts")
@needs("employee", "director")
@on_invalid(client)
def add_contact(client_id: int) -> ResponseReturnValue:
    """Add a person at the client."""
    made = clients.add_contact(db.session(), _client(client_id), request.form, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Saved: %(name)s.", name=made.name))
    return redirect(url_for(".client", client_id=client_id), code=303)


def history(subject: str) -> Sequence[tuple[Event, str | None]]:
    """What happened to a record, the latest first, each with who did it."""
    query = select(Event, Person.name).outerjoin(Person, Person.id == Event.actor_id)
    query = query.where(Event.subject == subject, Event.kind.in_(TOLD)).order_by(Event.id.desc()).limit(20)
    return [(event, name) for event, name in db.session.execute(query)]


def _client(client_id: int) -> Client:
    return access.one(db.session(), me(), Client, client_id)


def _of(found: Client, model: type[Any]) -> Sequence[Any]:
    """The client's deals, leads or contracts that this person may see, the newest first."""
    seen = select(model).where(model.client_id == found.id, access.visible(me(), model))
    return db.session.scalars(seen.order_by(model.id.desc()).limit(MOST)).all()


def _form(found: Client | None) -> dict[str, Any]:
    """The form's labels, and the clients that what was typed looks like."""
    name, email = request.form.get("name"), request.form.get("email")
    alike = clients.similar(db.session(), name, email, but=found) if request.method == "POST" else ()
    return {"labels": LABELS, "classes": [(key, key.upper()) for key in CLASSES], "alike": alike}
