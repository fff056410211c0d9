"""Versions side by side, and taking running cases from one to another: plan, try on all, carry out, take back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_pgettext, pgettext

from engine import access
from engine.errors import NotFound
from engine.people import Person
from engine.process import blueprint as plans
from engine.process import definitions, differences, migration, tallies
from engine.process.definitions import Definition
from engine.process.differences import Difference
from engine.process.doctor.words import KINDS
from engine.process.migration import MigrationPlan
from webapp import flashes
from webapp.access import is_fragment, me, needs
from webapp.agreement_words import duration
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.languages import into_words
from webapp.processes import drawings_of

bp = Blueprint("versions", __name__, url_prefix="/processes")

WHATS = {
    "added": ("+", lazy_pgettext("difference", "New")),
    "changed": ("≠", lazy_pgettext("difference", "Changed")),
    "removed": ("−", lazy_pgettext("difference", "Gone")),
}
"""What can be different, with its sign on the drawing."""

FIELDS = {
    "kind": lazy_pgettext("difference", "what it is"),
    "name": lazy_pgettext("difference", "name"),
    "title": lazy_pgettext("difference", "name"),
    "lane": lazy_pgettext("difference", "lane"),
    "audience": lazy_pgettext("difference", "whose work"),
    "assignee": lazy_pgettext("difference", "who gets it"),
    "form": lazy_pgettext("difference", "form"),
    "why": lazy_pgettext("difference", "explanation"),
    "due": lazy_pgettext("difference", "time to do it"),
    "stage": lazy_pgettext("difference", "stage"),
    "state": lazy_pgettext("difference", "state"),
    "outcome": lazy_pgettext("difference", "how the item ends"),
    "handoff": lazy_pgettext("difference", "agreement"),
    "connector": lazy_pgettext("difference", "connector"),
    "operation": lazy_pgettext("difference", "operation"),
    "inputs": lazy_pgettext("difference", "what the connector is given"),
    "output": lazy_pgettext("difference", "where the answer goes"),
    "decision": lazy_pgettext("difference", "decision table"),
    "called": lazy_pgettext("difference", "called process"),
    "timer": lazy_pgettext("difference", "time"),
    "message": lazy_pgettext("difference", "message"),
    "payload": lazy_pgettext("difference", "what the message takes along"),
    "parent": lazy_pgettext("difference", "the sub-process it stands in"),
    "attached_to": lazy_pgettext("difference", "the step it stands on"),
    "interrupting": lazy_pgettext("difference", "whether it interrupts"),
    "source": lazy_pgettext("difference", "where it comes from"),
    "target": lazy_pgettext("difference", "where it leads"),
    "condition": lazy_pgettext("difference", "condition"),
    "order": lazy_pgettext("difference", "place on the ladder"),
    "probability": lazy_pgettext("difference", "probability"),
    "rots": lazy_pgettext("difference", "days until it rots"),
}
"""What the fields of a diagram are called."""

MAPPED = "step:"
"""Before the names of fields that say where cases go on."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two versions of one process, the older first where nobody asked otherwise."""

    old: Definition
    new: Definition
    before: plans.Blueprint
    after: plans.Blueprint
    versions: Sequence[Definition]


@bp.get("/<process>/differences")
@needs("designer", "director")
def compare(process: str) -> ResponseReturnValue:
    """What differs between two versions, by element, beside both drawings."""
    pair = _pair(process)
    found = differences.compare(pair.before, pair.after)
    side = "old" if request.args.get("side") == "old" else "new"
    definition, plan = (pair.old, pair.before) if side == "old" else (pair.new, pair.after)
    drawings = drawings_of(plan)
    wanted = request.args.get("drawing", "")
    drawing = wanted if wanted in drawings else next(iter(drawings))
    return render_template(
        "processes/differences.html",
        pair=pair,
        groups={what: [each for each in found if each.what == what] for what in WHATS},
        whats=WHATS,
        fields=FIELDS,
        side=side,
        shown=definition,
        drawings=drawings,
        drawing=drawing,
        marks=_marks(found, plan, drawing),
        running=tallies.running_by_version(db.session(), process).get(pair.old.id, 0),
    )


@bp.get("/<process>/migration")
@needs("designer")
def plan_page(process: str) -> ResponseReturnValue:
    """Which cases go where, and where those go on whose step is gone."""
    pair = _pair(process)
    return render_template(
        "processes/migration_plan.html",
        pair=pair,
        running=tallies.running_by_version(db.session(), process),
        homeless=migration.homeless(db.session(), pair.old, pair.new),
        homes=_places(pair.after),
        marker=MAPPED,
        earlier=db.session.scalars(migration.plans(process).limit(10)).all(),
    )


@bp.post("/<process>/migration")
@needs("designer")
@on_invalid(plan_page)
def make(process: str) -> ResponseReturnValue:
    """Make the plan; the clock tries it on every case."""
    pair = _pair(process)
    mapping = {name[len(MAPPED) :]: to for name, to in request.form.items() if name.startswith(MAPPED)}
    reason = request.form.get("reason", "")
    made = migration.plan(db.session(), pair.old, pair.new, mapping, reason, by=me(), now=now())
    db.session.commit()
    return redirect(url_for(".show", plan_id=made.id), code=303)


@bp.get("/migrations/<int:plan_id>")
@needs("designer", "director")
def show(plan_id: int) -> ResponseReturnValue:
    """How far a plan is, why cases cannot go, and what can be done now."""
    made = _plan(plan_id)
    counts = migration.counts(db.session(), made)
    old, new = (db.session.get_one(Definition, id_) for id_ in (made.from_id, made.to_id))
    page = render_template(
        "processes/_migration.html" if is_fragment() else "processes/migration.html",
        made=made,
        old=old,
        new=new,
        counts=counts,
        total=sum(counts.values()),
        state=_state(made),
        refusals=[(_words(why), n, case) for why, n, case in migration.refusals(db.session(), made)],
        author=db.session.get(Person, made.made_by_id) if made.made_by_id else None,
        may=me().has("designer"),
    )
    return make_response(page, HTTPStatus.OK)


@bp.post("/migrations/<int:plan_id>/start")
@needs("designer")
def begin(plan_id: int) -> ResponseReturnValue:
    """Take the cases over that fit."""
    return _done(plan_id, migration.begin)


@bp.post("/migrations/<int:plan_id>/pause")
@needs("designer")
def pause(plan_id: int) -> ResponseReturnValue:
    """Take no more cases for now."""
    return _done(plan_id, migration.pause)


@bp.post("/migrations/<int:plan_id>/resume")
@needs("designer")
def resume(plan_id: int) -> ResponseReturnValue:
    """Go on."""
    return _done(plan_id, migration.go_on)


@bp.post("/migrations/<int:plan_id>/revert")
@needs("designer")
def revert(plan_id: int) -> ResponseReturnValue:
    """Take the cases back."""
    return _done(plan_id, migration.revert)


# ------------------------------------------------------------------------------------------------ small helpers


def _done(plan_id: int, verb: Any) -> ResponseReturnValue:
    verb(db.session(), _plan(plan_id), by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("Noted. The work goes on in the background."))
    return redirect(url_for(".show", plan_id=plan_id), code=303)


def _plan(plan_id: int) -> MigrationPlan:
    """Raises NotFound, also where the process is not this person's business."""
    made = db.session.get(MigrationPlan, plan_id)
    if made is None:
        raise NotFound
    access.one(db.session(), me(), Definition, made.from_id)
    return made


def _pair(process: str) -> Pair:
    """The versions the address names, else the two newest. Raises NotFound."""
    query = definitions.versions(process).where(access.visible(me(), Definition))
    versions = db.session.scalars(query).all()
    by_number = {each.version: each for each in versions}
    new = by_number.get(request.values.get("to", 0, type=int)) or next(iter(versions), None)
    if new is None:
        raise NotFound
    others = [each for each in versions if each.id != new.id]
    earlier = next((each for each in others if each.version < new.version), None)
    old = by_number.get(request.values.get("from", 0, type=int)) or earlier or next(iter(others), None)
    if old is None:
        raise NotFound
    before, after = (definitions.blueprint(db.session(), each) for each in (old, new))
    return Pair(old, new, before, after, versions)


def _marks(found: Sequence[Difference], plan: plans.Blueprint, file: str) -> dict[str, Any]:
    """The signs on one drawing."""
    shown = {diagram.id for diagram in plan.diagrams.values() if diagram.file == file}
    here = (each for each in found if each.kind != "stage" and (each.diagram in shown or len(shown) == 1))
    return {"found": {each.element: WHATS[each.what][0] for each in here}}


def _places(plan: plans.Blueprint) -> dict[str, list[tuple[str, str]]]:
    """Where a case may go on, by diagram: steps that wait for somebody or something, by name."""
    found: dict[str, list[tuple[str, str]]] = {}
    for diagram, element in plan.everything():
        if element.kind.endswith(("Task", "subProcess", "callActivity", "CatchEvent", "eventBasedGateway")):
            label = into_words(element.name) or element.id
            found.setdefault(diagram.id, []).append((element.id, label))
    return {key: sorted(each, key=lambda place: place[1].casefold()) for key, each in found.items()}


def _state(made: MigrationPlan) -> str:
    """trying, tried, working, paused, reverting, done or reverted."""
    if made.tried_at is None:
        return "trying"
    if made.started_at is None:
        return "tried"
    if made.finished_at is not None:
        return "reverted" if made.reverting_at else "done"
    if made.paused_at is not None:
        return "paused"
    return "reverting" if made.reverting_at else "working"


def _words(reason: Mapping[str, Any] | None) -> str:
    """Why a case cannot go, in the reader's language."""
    if not reason:
        return str(gettext("The case cannot go on in the new version."))
    places = {name: _place(value) for name, value in reason["places"].items()}
    message: str = reason["message"]
    return str(gettext(message) % places)


def _place(value: Any) -> str:
    if isinstance(value, dict):
        return into_words(plans.Text(**value))
    return kind_name(value) if value in KINDS else str(value)


@bp.app_template_filter("kind_name")
def kind_name(kind: str) -> str:
    """What a kind of element is called."""
    if kind in KINDS:
        return into_words(KINDS[kind])
    return str(pgettext("difference", "stage") if kind == "stage" else pgettext("difference", "flow"))


@bp.app_template_filter("field_value")
def field_value(value: Any) -> str:
    """A field of an element as it is shown beside its other value."""
    if isinstance(value, dict) and set(value) == {"pl", "en"}:
        return str(into_words(plans.Text(**value)))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {each}" for name, each in value.items() if each not in (None, "", False))
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "–" if value in (None, "") else duration(str(value))
