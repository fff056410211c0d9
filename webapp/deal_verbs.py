"""What can be done with a deal beside moving it: one form and one verb each."""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import calendars
from engine.errors import NotFound
from engine.sales import deals
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.deal_rows import (
    client_of,
    deal_of,
    done,
    open_departments,
    sellers_of,
    typed_day,
)
from webapp.deal_words import LOSS, PAUSE
from webapp.forms import on_invalid

bp = Blueprint("deals", __name__, url_prefix="/deals")


@bp.get("/<int:deal_id>/<any(withdrawal, suspension, closing, amount, owner):what>")
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
