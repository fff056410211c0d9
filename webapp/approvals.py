"""The Python scripts of a version: read by anybody who may read the process, let run by an administrator not their author."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, lazy_pgettext
from sqlalchemy import select

from engine import access
from engine.people import Person
from engine.process import approvals
from engine.process.definitions import Definition
from webapp import flashes
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid

bp = Blueprint("approvals", __name__, url_prefix="/processes/versions")

DECISIONS = {
    "scripts_approved": lazy_gettext("Approved"),
    "scripts_withdrawn": lazy_pgettext("scripts", "Withdrawn"),
}


@bp.app_context_processor
def _waiting() -> dict[str, object]:
    return {"scripts_waiting": lambda: db.session.scalars(approvals.waiting()).all()}


@bp.get("/<int:definition_id>/scripts")
@needs("designer", "director", "administrator")
def scripts(definition_id: int) -> ResponseReturnValue:
    """Every Python script of a version as it would run, and who decided what about them."""
    definition = _version(definition_id)
    decided = db.session.scalars(approvals.of(definition)).all()
    people = {each.actor_id for each in decided} | {definition.deployed_by_id, definition.approved_by_id}
    found = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(people - {None})))
    return render_template(
        "processes/approval.html",
        definition=definition,
        scripts=approvals.scripts(db.session(), definition),
        decided=decided,
        decisions=DECISIONS,
        names={id_: name for id_, name in found},  # noqa: C416  # rows are not pairs to mypy
        mine=definition.deployed_by_id == me().id,
    )


@bp.post("/<int:definition_id>/scripts/approval")
@needs("administrator")
@on_invalid(scripts)
def approve(definition_id: int) -> ResponseReturnValue:
    """Let them run."""
    definition, note = _version(definition_id), request.form.get("reason", "")
    approvals.approve(db.session(), definition, note, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Approved: version %(version)s may be started.", version=definition.version))
    return _back(definition)


@bp.post("/<int:definition_id>/scripts/withdrawal")
@needs("administrator")
@on_invalid(scripts)
def withdraw(definition_id: int) -> ResponseReturnValue:
    """Let them run no longer."""
    definition, reason = _version(definition_id), request.form.get("reason", "")
    approvals.withdraw(db.session(), definition, reason, by=me(), now=now())
    db.session.commit()
    flashes.say(
        gettext("Withdrawn: no script of version %(version)s runs any more.", version=definition.version)
    )
    return _back(definition)


def _version(definition_id: int) -> Definition:
    return access.one(db.session(), me(), Definition, definition_id)


def _back(definition: Definition) -> ResponseReturnValue:
    return redirect(url_for(".scripts", definition_id=definition.id), code=303)
