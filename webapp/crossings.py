"""Hand-offs of a process: its drawing with each crossing's state, and binding, waiving and taking back one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_pgettext
from sqlalchemy import select

from engine import access, calendars
from engine.errors import NotFound
from engine.people import Department, Person
from engine.process import blueprint as plans
from engine.process import definitions
from engine.process.definitions import Definition
from engine.sales import coverage, handoffs, keeping
from engine.sales.agreements import Agreement
from engine.sales.coverage import Coverage, Row
from engine.sales.keeping import Keeping
from engine.sales.promises import Promise
from webapp import flashes
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.formats import percent
from webapp.languages import current
from webapp.processes import drawings_of, drawn

bp = Blueprint("crossings", __name__, url_prefix="/processes")

STATES = {
    "gone": ("!", lazy_pgettext("hand-off", "Between other departments now")),
    "none": ("○", lazy_pgettext("hand-off", "No agreement")),
    "breached": ("✕", lazy_pgettext("hand-off", "Breached")),
    "suspended": ("‖", lazy_pgettext("hand-off", "Suspended")),
    "negotiating": ("◐", lazy_pgettext("hand-off", "Being negotiated")),
    "in_force": ("●", lazy_pgettext("hand-off", "In force")),
    "kept": ("✓", lazy_pgettext("hand-off", "In force and kept")),
    "waived": ("∅", lazy_pgettext("hand-off", "Waived")),
}
"""What a hand-off may be, what needs somebody first: a sign and its words."""
SHORT = {
    "gone": lazy_pgettext("hand-off", "broken"),
    "none": lazy_pgettext("hand-off", "none"),
    "waived": lazy_pgettext("hand-off", "waived"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of the page: the hand-off, what to call its state, how it was kept, what may be done."""

    row: Row
    state: str
    keeping: Keeping | None
    mine: bool
    opens: bool
    """Whether this person may open its agreement."""
    choices: Sequence[Agreement]


@bp.get("/<process>/hand-offs")
@needs()
def page(process: str) -> ResponseReturnValue:
    """Every hand-off with its state; to who neither designs nor directs only those of their departments."""
    definition, found = _seen(process)
    plan = definitions.blueprint(db.session(), definition)
    lines = _lines(found)
    drawings = drawings_of(plan)
    drawing = _drawing(plan, drawings, lines)
    return render_template(
        "processes/crossings.html",
        definition=definition,
        plan=plan,
        found=found,
        lines=lines,
        states=STATES,
        counts={key: sum(each.state == key for each in lines) for key in STATES},
        names=_department_names(),
        people=_names(found),
        drawings=drawings,
        drawing=drawing,
        marks=_marks(plan, drawing, lines),
        whole=_sees_everything(),
    )


@bp.get("/<process>/hand-offs/drawings/<path:file>")
@needs()
def drawing(process: str, file: str) -> ResponseReturnValue:
    """The drawing under the hand-offs, for everybody who may see the page."""
    definition, _ = _seen(process)
    return drawn(definitions.files(db.session(), definition, "bpmn"), file)


@bp.post("/<process>/hand-offs/binding")
@needs()
def bind(process: str) -> ResponseReturnValue:
    """Bind a hand-off to an agreement."""
    _seen(process)
    agreement = db.session.get(Agreement, request.form.get("agreement", 0, type=int))
    if agreement is None:
        raise NotFound
    handoffs.bind(db.session(), process, *_flow(), agreement, by=me(), now=now())
    return _done(process, gettext("Bound to “%(agreement)s”.", agreement=called(agreement)))


@bp.post("/<process>/hand-offs/waiver")
@needs()
def waive(process: str) -> ResponseReturnValue:
    """Say why a hand-off needs no agreement."""
    _seen(process)
    handoffs.waive(db.session(), process, *_flow(), reason=request.form.get("reason", ""), by=me(), now=now())
    return _done(process, gettext("Waived; the reason is kept."))


@bp.post("/<process>/hand-offs/release")
@needs()
def release(process: str) -> ResponseReturnValue:
    """Take back what was decided about a flow."""
    _seen(process)
    handoffs.release(db.session(), process, *_flow(), by=me(), now=now())
    return _done(process, gettext("Taken back: what the diagram says counts again."))


@bp.app_template_filter("agreement_called")
def called(agreement: Agreement) -> str:
    """An agreement by its code and title."""
    title = agreement.title_en or agreement.title if current() == "en" else agreement.title
    return " ".join(each for each in (agreement.code, title) if each)


# ------------------------------------------------------------------------------------------------ what a page shows


def _sees_everything() -> bool:
    return me().has("designer", "director", "administrator")


def _seen(process: str) -> tuple[Definition, Coverage]:
    """The version in which new cases start and the hand-offs this person may see. Raises NotFound."""
    definition = definitions.newest(db.session(), process)
    if definition is None:
        raise NotFound
    found = handoffs.coverage(db.session(), definition, today=calendars.local_day(now()))
    if _sees_everything():
        return definition, found
    keys = select(Department.key).where(Department.id.in_(access.departments(me())))
    mine = {*db.session.scalars(keys), *(each.department.key for each in me().memberships)}
    rows, back = (
        tuple(row for row in every if mine & {row.provider, *row.consumers})
        for every in (found.rows, found.ways_back)
    )
    if not rows and not back:
        raise NotFound
    return definition, Coverage(rows, back, (), found.agreements)


def _lines(found: Coverage) -> list[Shown]:
    """What needs somebody first, then in the order of the process."""
    session = db.session()
    seen = select(Agreement.id).where(access.visible(me(), Agreement))
    opens = set(session.scalars(seen.where(Agreement.id.in_(found.agreements))))
    kept = keeping.lately(session, found.rows, seen=Promise.agreement_id.in_(opens), now=now())
    offered = coverage.choices(session, found.rows)
    lines = []
    for row in found.rows:
        how = kept.get(row.agreement.id) if row.agreement else None
        lines.append(
            Shown(
                row,
                _state(row, how),
                how if row.state in {"in_force", "suspended"} else None,
                coverage.may_decide(me(), row),
                row.agreement is not None and row.agreement.id in opens,
                offered[row.diagram, row.flow],
            )
        )
    return sorted(lines, key=lambda each: list(STATES).index(each.state))


def _state(row: Row, how: Keeping | None) -> str:
    if row.state != "in_force" or how is None or how.share is None:
        return row.state
    return "breached" if how.breached else "kept"


def _drawing(plan: plans.Blueprint, drawings: dict[str, plans.Diagram], lines: Sequence[Shown]) -> str:
    """The drawing asked for, else the one where something is left to do."""
    wanted = request.args.get("drawing", "")
    if wanted in drawings:
        return wanted
    open_ = [plan.diagrams[each.row.diagram].file for each in lines]
    return open_[0] if open_ else next(iter(drawings))


def _marks(plan: plans.Blueprint, drawing: str, lines: Sequence[Shown]) -> dict[str, Any]:
    here = [each for each in lines if plan.diagrams[each.row.diagram].file == drawing]
    return {"crossings": {each.row.flow: {"state": each.state, "words": _tag(each)} for each in here}}


def _tag(line: Shown) -> str:
    """What stands on the flow: a sign, the agreement or the state in a word, how it is kept."""
    sign, words = STATES[line.state]
    agreement = line.row.agreement
    name = SHORT.get(line.state) or (agreement.code or agreement.title[:20] if agreement else words)
    share = percent(line.keeping.share) if line.keeping and line.keeping.share is not None else ""
    return " ".join(str(each) for each in (sign, name, share) if each)


def _department_names() -> dict[str, str]:
    query = select(Department.key, Department.name, Department.name_en)
    return {key: en if current() == "en" else pl for key, pl, en in db.session.execute(query)}


def _names(found: Coverage) -> dict[int, str]:
    decided = [each.handoff for each in found.rows if each.handoff] + list(found.gone)
    ids = {each.decided_by_id for each in decided}
    query = select(Person.id, Person.name).where(Person.id.in_(ids))
    return {id_: name for id_, name in db.session.execute(query)}  # noqa: C416  # rows are not pairs to mypy


def _flow() -> tuple[str, str]:
    return request.form.get("diagram", ""), request.form.get("flow", "")


def _done(process: str, words: str) -> ResponseReturnValue:
    db.session.commit()
    flashes.say(words)
    shown = request.form.get("drawing") or None
    return redirect(url_for(".page", process=process, drawing=shown, _anchor="table"), code=303)
