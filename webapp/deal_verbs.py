"""What can be done with a deal beside moving it: one form and one verb each."""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import access, calendars
from engine.errors import NotFound
from engine.sales import commitments, deals
from engine.sales.commitments import Commitment
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.deal_rows import (
    client_of,
    contacts_of,
    deal_of,
    done,
    open_departments,
    sellers_of,
    typed_day,
)
from webapp.deal_words import LOSS, PAUSE
from webapp.forms import on_invalid

bp = Blueprint("deals", __name__, url_prefix="/deals")


@bp.get("/<int:deal_id>/<any(withdrawal, suspension, closing, amount, owner, commitments):what>")
@needs()
def ask(deal_id: int, what: str) -> ResponseReturnValue:
    """The form of one verb on its own page."""
    found = deal_of(deal_id)
    return render_template(
        "sales/ask.html",
        deal=found,
        what=what,
        client=client_of(found),
        loss=LOSS,
        pause=PAUSE,
        departments=open_departments(),
        sellers=[(each.id, each.name) for each in sellers_of(found)],
        contacts=contacts_of(found),
        soon=calendars.local_day(now()) + timedelta(days=7),
    )


def _again(what: str) -> Callable[..., ResponseReturnValue]:
    return lambda deal_id: ask(deal_id, what)


@bp.post("/<int:deal_id>/withdrawal")
@needs()
@on_invalid(_again("withdrawal"))
def withdraw(deal_id: int) -> ResponseReturnValue:
    """The client does not buy."""
    form = request.form
    deals.withdraw(
        db.session(),
        deal_of(deal_id),
        form.get("reason") or None,
        note=form.get("note") or None,
        causing_department=form.get("causing_department", type=int),
        competitor=form.get("competitor") or None,
        by=me(),
        now=now(),
    )
    return done(deal_id, gettext("The client's withdrawal has been recorded."))


@bp.post("/<int:deal_id>/suspension")
@needs()
@on_invalid(_again("suspension"))
def suspend(deal_id: int) -> ResponseReturnValue:
    """Nothing happens until a day."""
    until = typed_day(request.form.get("until"))
    deals.suspend(
        db.session(), deal_of(deal_id), until, request.form.get("reason") or None, by=me(), now=now()
    )
    return done(deal_id, gettext("The deal waits."))


@bp.post("/<int:deal_id>/resumption")
@needs()
def resume(deal_id: int) -> ResponseReturnValue:
    """The client is back."""
    deals.resume(db.session(), deal_of(deal_id), by=me(), now=now())
    return done(deal_id, gettext("The deal goes on."))


@bp.post("/<int:deal_id>/heard")
@needs()
def hear(deal_id: int) -> ResponseReturnValue:
    """The client said what a fast sale waits to hear."""
    deals.hear(db.session(), deal_of(deal_id), request.form.get("message", ""), by=me(), now=now())
    return done(deal_id, gettext("Recorded. The process goes on."))


@bp.post("/<int:deal_id>/closing")
@needs()
@on_invalid(_again("closing"))
def close(deal_id: int) -> ResponseReturnValue:
    """Give up a deal that waits."""
    deals.close(db.session(), deal_of(deal_id), request.form.get("reason") or None, by=me(), now=now())
    return done(deal_id, gettext("The deal has been closed."))


@bp.post("/<int:deal_id>/amount")
@needs()
@on_invalid(_again("amount"))
def change_amount(deal_id: int) -> ResponseReturnValue:
    """A new amount."""
    typed = (
        request.form.get("amount", "").replace("\N{NO-BREAK SPACE}", "").replace(" ", "").replace(",", ".")
    )
    reason = request.form.get("note") or None
    deals.change_amount(db.session(), deal_of(deal_id), typed, reason=reason, by=me(), now=now())
    return done(deal_id, gettext("The new amount has been recorded."))


@bp.post("/<int:deal_id>/owner")
@needs()
def change_owner(deal_id: int) -> ResponseReturnValue:
    """Somebody else leads the deal."""
    found = deal_of(deal_id)
    person = next(
        (each for each in sellers_of(found) if each.id == request.form.get("owner", type=int)), None
    )
    if person is None:
        raise NotFound
    deals.change_owner(db.session(), found, person, by=me(), now=now())
    return done(deal_id, gettext("%(name)s leads this deal now.", name=person.name))


@bp.post("/<int:deal_id>/commitments")
@needs()
@on_invalid(_again("commitments"))
def commit(deal_id: int) -> ResponseReturnValue:
    """Write down what was agreed with the client."""
    form = request.form
    commitments.record(
        db.session(),
        deal_of(deal_id),
        direction=form.get("direction", ""),
        text=form.get("text", ""),
        due_on=typed_day(form["due_on"]) if form.get("due_on") else None,
        agreed_with=form.get("agreed_with") or None,
        evidence=form.get("evidence") or None,
        by=me(),
        now=now(),
    )
    return done(deal_id, gettext("Written down."))


@bp.get("/commitments/<int:commitment_id>")
@needs()
def commitment(commitment_id: int) -> ResponseReturnValue:
    """One commitment and what may become of it."""
    found = access.one(db.session(), me(), Commitment, commitment_id)
    return render_template("sales/commitment.html", commitment=found, deal=deal_of(found.deal_id))


@bp.post("/commitments/<int:commitment_id>")
@needs()
@on_invalid(commitment)
def settle(commitment_id: int) -> ResponseReturnValue:
    """It was kept, broken, agreed anew, or is not needed any more."""
    session, form = db.session(), request.form
    found = access.one(session, me(), Commitment, commitment_id)
    if form.get("outcome") == "kept":
        commitments.keep(session, found, evidence=form.get("note") or None, by=me(), now=now())
    elif form.get("outcome") == "broken":
        commitments.break_(session, found, form.get("note") or None, by=me(), now=now())
    elif form.get("outcome") == "renegotiated":
        due = typed_day(form.get("due_on"))
        commitments.renegotiate(session, found, due_on=due, text=form.get("text") or None, by=me(), now=now())
    else:
        commitments.withdraw(session, found, by=me(), now=now())
    return done(found.deal_id, gettext("Written down."))
