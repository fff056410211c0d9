"""Leads: one lead, written down by form, rejected, or turned into a long sale."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext

from engine import access
from engine.people import Person
from engine.sales import leads
from engine.sales.deals import Deal
from engine.sales.records import Client, Lead
from webapp import clients, flashes
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid

bp = Blueprint("leads", __name__, url_prefix="/database/leads")

LABELS = {
    "title": lazy_gettext("What it is about"),
    "company": lazy_gettext("Company"),
    "contact_name": lazy_gettext("Contact"),
    "email": lazy_gettext("E-mail"),
    "phone": lazy_gettext("Phone"),
    "source": lazy_gettext("Source"),
    "product_line": lazy_gettext("Product line"),
    "need": lazy_gettext("Need"),
}


@bp.get("/<int:lead_id>")
@needs("employee", "director")
def lead(lead_id: int) -> ResponseReturnValue:
    """One lead: who asked for what, and what may become of it."""
    found = _lead(lead_id)
    return render_template(
        "records/lead.html",
        lead=found,
        labels=LABELS,
        owner=db.session.get(Person, found.owner_id) if found.owner_id else None,
        client=db.session.get(Client, found.client_id) if found.client_id else None,
        deal=db.session.get(Deal, found.deal_id) if found.deal_id else None,
        is_open=found.status in leads.OPEN,
        long_sale=leads.long_sale(db.session()),
        history=clients.history(f"lead:{found.id}"),
        told=clients.TOLD,
    )


@bp.get("/new")
@needs("employee", "director")
def new() -> ResponseReturnValue:
    """The form of a lead to be, perhaps of a client."""
    return render_template("records/lead_form.html", client=_client(), labels=LABELS)


@bp.post("/new")
@needs("employee", "director")
@on_invalid(new)
def add() -> ResponseReturnValue:
    """Write a lead down."""
    made = leads.add(db.session(), request.form, client=_client(), by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Written down."))
    return redirect(url_for(".lead", lead_id=made.id), code=303)


@bp.post("/<int:lead_id>/rejection")
@needs("employee", "director")
@on_invalid(lead)
def reject(lead_id: int) -> ResponseReturnValue:
    """Nothing will come of it."""
    leads.reject(db.session(), _lead(lead_id), request.form.get("reason", ""), by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("The lead has been rejected."))
    return redirect(url_for(".lead", lead_id=lead_id), code=303)


@bp.post("/<int:lead_id>/deal")
@needs("employee", "director")
def convert(lead_id: int) -> ResponseReturnValue:
    """Start the long sale with this lead."""
    deal = leads.convert(db.session(), _lead(lead_id), by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("The long sale has begun: %(number)s.", number=deal.number))
    return redirect(url_for("deals.deal", deal_id=deal.id), code=303)


def _lead(lead_id: int) -> Lead:
    return access.one(db.session(), me(), Lead, lead_id)


def _client() -> Client | None:
    asked = request.args.get("client", 0, type=int)
    return access.one(db.session(), me(), Client, asked) if asked else None
