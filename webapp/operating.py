"""Operating a case from its page: each view is one verb of the engine, one form, one transaction."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from engine import access
from engine.errors import Invalid, NotAllowed, NotFound, Refusal, Stale
from engine.people import Person
from engine.process import advancing, definitions, instances, operating, resting, subscriptions
from engine.process.advancing import Unreadable
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.instances import Instance, Quarantined, Resting
from engine.process.tasks import UserTask
from webapp import errors, flashes, message_page, operate_page
from webapp.access import me, needs
from webapp.cases import case
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid

bp = Blueprint("operating", __name__, url_prefix="/processes/instances")


@bp.app_errorhandler(Unreadable)
def unreadable(broken: Unreadable) -> ResponseReturnValue:
    """Somebody met a state that cannot be read: nothing of theirs is stored, the case is put aside, and they are told."""
    db.session.rollback()
    if request.method != "GET":
        resting.quarantine(db.session(), broken, now=now())
        db.session.commit()
    return errors.refused(Quarantined(since=now()))


@bp.post("/<int:instance_id>/rest")
@needs("designer", "director", "administrator")
@on_invalid(case)
def rest(instance_id: int) -> ResponseReturnValue:
    """Let the case rest."""
    operating.suspend(db.session(), _case(instance_id), _reason(), by=me(), now=now())
    return _done(instance_id, gettext("The case is resting. Nothing happens to it until it is resumed."))


@bp.post("/<int:instance_id>/resumption")
@needs("designer", "director", "administrator")
@on_invalid(case)
def resume(instance_id: int) -> ResponseReturnValue:
    """Let the case go on."""
    operating.resume(db.session(), _case(instance_id), _reason(), by=me(), now=now())
    return _done(instance_id, gettext("The case goes on. What came due meanwhile happens now."))


@bp.post("/<int:instance_id>/look")
@needs("designer", "director", "administrator")
@on_invalid(case)
def look_again(instance_id: int) -> ResponseReturnValue:
    """Read a broken state once more."""
    operating.look_again(db.session(), _case(instance_id), _reason(), by=me(), now=now())
    return _done(instance_id, gettext("The state can be read again. The case goes on."))


@bp.post("/<int:instance_id>/kept")
@needs("designer", "director", "administrator")
@on_invalid(case)
def keep(instance_id: int) -> ResponseReturnValue:
    """Keep the state as it is."""
    name = request.form.get("name", "").strip()
    operating.keep(db.session(), _case(instance_id), _reason(), name=name, by=me(), now=now())
    return _done(instance_id, gettext("The state is kept: you can go back to it."))


@bp.post("/<int:instance_id>/position")
@needs("designer", "director")
@on_invalid(case)
def move(instance_id: int) -> ResponseReturnValue:
    """Take one token, or the whole case, to a step."""
    found, reason = _case(instance_id), _reason()
    token = request.form.get("from") or None
    diagram, _, element = request.form.get("to", "").partition("/")
    _beside("to", lambda: operating.move(
        db.session(), found, token, diagram, element, reason, by=me(), now=now()
    ))  # fmt: skip
    return _done(instance_id, gettext("The case was moved. Its history says from where and why."))


@bp.post("/<int:instance_id>/data")
@needs("designer", "director")
@on_invalid(case)
def edit(instance_id: int) -> ResponseReturnValue:
    """Change what the case, or one token of it, knows."""
    found, reason = _case(instance_id), _reason()
    token = request.form.get("token") or None
    definition = db.session.get_one(Definition, found.definition_id)
    before = operating.known(advancing.load(db.session(), found, definition, now=now()), token)
    wanted = operate_page.changed(request.form, before)
    name = request.form.get("name", "")
    if name:
        wanted[name] = operate_page.typed_value(request.form.get("value", ""), None, "value")
    try:
        operating.edit(db.session(), found, token, wanted, reason, by=me(), now=now())
    except Refusal as refusal:
        field = refusal.field or "changes"
        refusal.field = f"value:{field}" if field in before else "value" if field == name else field
        raise
    return _done(instance_id, gettext("The data were changed. History keeps the old and the new values."))


@bp.post("/<int:instance_id>/return")
@needs("designer", "director", "administrator")
@on_invalid(case)
def restore(instance_id: int) -> ResponseReturnValue:
    """Go back to a kept state."""
    found, reason = _case(instance_id), _reason()
    checkpoint = db.session.get(Checkpoint, request.form.get("checkpoint", 0, type=int))
    if checkpoint is None:
        raise NotFound
    _beside("checkpoint", lambda: operating.restore(
        db.session(), found, checkpoint, reason, by=me(), now=now()
    ))  # fmt: skip
    return _done(instance_id, gettext("The case stands again where it stood then."))


@bp.post("/<int:instance_id>/hands")
@needs()
@on_invalid(case)
def reassign(instance_id: int) -> ResponseReturnValue:
    """Give a task to a person or a queue."""
    reason = _reason()
    task = access.one(db.session(), me(), UserTask, request.form.get("task", 0, type=int))
    if task.instance_id != instance_id:
        raise NotFound
    kind, _, key = request.form.get("hands", "").partition(":")
    person = db.session.get(Person, int(key)) if kind == "person" and key.isdecimal() else None
    if kind == "person" and person is None:
        raise NotFound
    to = person or f"{kind}:{key}"
    _beside("hands", lambda: operating.reassign(db.session(), task, to, reason, by=me(), now=now()))
    return _done(instance_id, gettext("The task is in other hands."))


@bp.post("/<int:instance_id>/messages")
@needs("designer", "director")
@on_invalid(case)
def send(instance_id: int) -> ResponseReturnValue:
    """Give the case what one of its tokens waits for."""
    found, form = _case(instance_id), request.form
    waits = [each for each in subscriptions.of(db.session(), found.id) if each.name is not None]
    awaited = next((each for each in waits if each.token == form.get("token")), None)
    if awaited is None or awaited.name is None:
        raise instances.NobodyWaits(message=form.get("message", "")[:200])
    definition = db.session.get_one(Definition, found.definition_id)
    payload = message_page.typed(form.get("data", ""), definitions.blueprint(db.session(), definition))
    is_signal, token = awaited.kind == "signal", awaited.token
    instances.send(
        db.session(), found, awaited.name, payload, by=me(), now=now(), token=token, signal=is_signal
    )
    return _done(instance_id, gettext("The case has got it and goes on."))


# ------------------------------------------------------------------------------------------------ small helpers


def _case(instance_id: int) -> Instance:
    return access.one(db.session(), me(), Instance, instance_id)


def _reason() -> str:
    return request.form.get("reason", "")


def _beside(field: str, act: Callable[[], Any]) -> None:
    """What the engine refuses about a choice is said beside that choice."""
    try:
        act()
    except (NotAllowed, NotFound, Stale, Invalid, Resting, Unreadable):
        raise
    except Refusal as refusal:
        refusal.field = refusal.field or field
        raise


def _done(instance_id: int, said: str) -> ResponseReturnValue:
    db.session.commit()
    flashes.say(said)
    return redirect(url_for("cases.case", instance_id=instance_id), code=303)
