"""Messages that came: for whom, what became of each, what it carried; and bringing a refused one again."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine.errors import NotFound
from engine.history import Event
from engine.people import Person
from engine.process import hearing, inbox, incidents
from engine.process.instances import Instance
from engine.process.messages import Message
from webapp import flashes, message_page
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.operations import SIZE, about_cases, areas, number_of, part, shown

bp = Blueprint("messages", __name__, url_prefix="/operations/messages")

MOST = 3
"""Cases named beside a message of a list; a signal may have reached hundreds."""


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {"areas": areas, "state_of": message_page.state, "states": message_page.STATES, "most": MOST}


@bp.get("/")
@needs("administrator", "designer")
def index() -> ResponseReturnValue:
    """What came, the latest first, narrowed by state and name."""
    page = max(request.args.get("page", 1, type=int), 1)
    status, name = request.args.get("status", ""), request.args.get("name", "")
    chosen = inbox.latest(status=status, name=name)
    rows = part(chosen, page)
    return render_template(
        "operations/messages.html",
        rows=rows,
        page=page,
        count=number_of(chosen),
        size=SIZE,
        status=status,
        name=name,
        names=hearing.names(db.session()),
        about=_about(rows, MOST),
    )


@bp.get("/<int:message_id>")
@needs("administrator", "designer")
def message(message_id: int) -> ResponseReturnValue:
    """One message: what it carried, whom it reached, and what happened with it."""
    found = _message(message_id)
    return render_template(
        "operations/message.html",
        message=found,
        data=shown(incidents.shown(found.payload)),
        about=_about([found], SIZE),
        facts=(facts := _facts(found)),
        repeated=any(fact.kind == "message_repeated" for fact, _ in facts),
        happened=message_page.HAPPENED,
        stopped=_stopped(found),
    )


@bp.post("/<int:message_id>/again")
@needs("administrator", "designer")
@on_invalid(message)
def again(message_id: int) -> ResponseReturnValue:
    """Bring a refused message anew."""
    reason = request.form.get("reason", "")
    new = inbox.again(db.session(), _message(message_id), reason, by=me(), now=now())
    db.session.commit()
    said = {
        "delivered": gettext("It has been delivered."),
        "kept": gettext("Nobody waits for it yet; it is kept."),
        "refused": gettext("Nobody waits for it now either. It was refused again."),
    }
    flashes.say(said[new.status])
    return redirect(url_for(".message", message_id=new.id), code=303)


def _message(message_id: int) -> Message:
    found = db.session.get(Message, message_id)
    if found is None:
        raise NotFound
    return found


def _about(rows: Sequence[Message], most: int) -> dict[int, dict[str, Any]]:
    """The cases that messages reached, at most so many of each: as `operations.about_cases` tells of them."""
    ids = {id_ for each in rows for id_ in each.receivers[:most]}
    return dict(about_cases(db.session.scalars(select(Instance).where(Instance.id.in_(ids))).all()))


def _facts(message: Message) -> Sequence[tuple[Event, str | None]]:
    """What happened with it, in order, and who did it."""
    query = select(Event, Person.name).join(Person, Person.id == Event.actor_id, isouter=True)
    query = query.where(Event.subject == f"message:{message.id}").order_by(Event.id)
    return [(fact, name) for fact, name in db.session.execute(query)]


def _stopped(message: Message) -> incidents.Incident | None:
    """The open incident of the case that could not go on with it."""
    if message.status != "refused" or not message.receivers:
        return None
    query = incidents.still_open().where(incidents.Incident.instance_id.in_(message.receivers))
    return db.session.scalars(query.limit(1)).first()
