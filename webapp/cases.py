"""One case: its path on the diagram, its history in words, what it waits for, what went wrong, and stopping it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_pgettext, pgettext
from sqlalchemy import Select, or_, select

from engine import access
from engine.history import Event
from engine.people import Person
from engine.process import definitions, forms, incidents, instances, outbox, subscriptions, tasks
from engine.process.blueprint import Blueprint as Plan
from engine.process.definitions import Definition
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.overrides import reasoned
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from engine.sales.known import KINDS
from webapp import flashes, form_files, history_case, operate_page, override_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.errors import words
from webapp.forms import on_invalid
from webapp.incident_words import CODES
from webapp.languages import current, into_words
from webapp.processes import drawings_of, drawn

bp = Blueprint("cases", __name__, url_prefix="/processes/instances")

SHOWN = 200
"""Facts of the history on a page, the latest."""

PASSED = ("passed", "completed", "started", "fired", "received", "answered", "ended")
"""Facts after which a token has left the element."""

TOLD = {
    "started": ("·", lazy_pgettext("case", "started the case")),
    "completed": ("✓", lazy_pgettext("case", "completed")),
    "cancelled": ("–", lazy_pgettext("case", "closed without being done")),
    "claimed": ("·", lazy_pgettext("case", "took")),
    "released": ("·", lazy_pgettext("case", "gave back")),
    "handed_over": ("→", lazy_pgettext("case", "handed over")),
    "fired": ("·", lazy_pgettext("case", "the time came for")),
    "received": ("·", lazy_pgettext("case", "received the message")),
    "answered": ("·", lazy_pgettext("case", "got an answer for")),
    "failed": ("!", lazy_pgettext("case", "could not do")),
    "stopped": ("✕", lazy_pgettext("case", "stopped the case")),
    "ended": ("•", lazy_pgettext("case", "the case ended")),
    "incident_opened": ("!", lazy_pgettext("case", "needs a person")),
    "incident_resolved": ("✓", lazy_pgettext("case", "put right")),
    "message_refused": ("!", lazy_pgettext("case", "the message came too late:")),
    "overridden": ("↷", lazy_pgettext("case", "by hand")),
    "migrated": ("⇄", lazy_pgettext("case", "took the case over to another version")),
}
"""What facts are called, with their mark. What is not here is implied by what is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One fact as it is told. ``what`` is the element's name; ``answers`` are labels with answers."""

    event: Event
    mark: str
    who: str | None
    words: str
    what: str
    answers: Sequence[tuple[str, str]]
    note: str


@bp.get("/<int:instance_id>")
@needs()
def case(instance_id: int) -> ResponseReturnValue:
    """The whole case."""
    found, definition, plan = _case(instance_id)
    drawings = drawings_of(plan)
    wanted = request.args.get("drawing", "")
    shown = wanted if wanted in drawings else next(iter(drawings))
    events = _events(found)
    return render_template(
        "processes/case.html",
        case=found,
        definition=definition,
        plan=plan,
        drawings=drawings,
        drawing=shown,
        marks=_marks(found, plan, shown),
        lines=_told(definition, plan, events[:SHOWN]),
        more=len(events) > SHOWN,
        outcome=_outcome(found, plan),
        starter=db.session.get(Person, found.started_by_id) if found.started_by_id else None,
        open_tasks=tasks.open_of(db.session(), found.id),
        holders=_holders(found),
        waits=[(each, _label(plan, each.diagram, each.element)) for each in _waits(found)],
        incidents=db.session.scalars(incidents.still_open().where(Incident.instance_id == found.id)).all(),
        codes=CODES,
        may_stop=found.ended_at is None and me().has("designer", "director"),
        rests=_rests(found),
        past=history_case.told(definition, found),
        sends=found.ended_at is None and not instances.at_rest(found) and me().has("designer", "director"),
        **operate_page.around(found, definition, plan),
    )


@bp.get("/<int:instance_id>/drawings/<path:file>")
@needs()
def drawing(instance_id: int, file: str) -> ResponseReturnValue:
    """A drawing of the version this case runs on."""
    _, definition, _ = _case(instance_id)
    return drawn(definitions.files(db.session(), definition, "bpmn"), file)


@bp.post("/<int:instance_id>/end")
@needs("designer", "director")
@on_invalid(case)
def cancel(instance_id: int) -> ResponseReturnValue:
    """Stop a case for good; the reason stays in its history."""
    found, _, _ = _case(instance_id)
    reason = reasoned(request.form.get("reason", ""))
    instances.cancel(db.session(), found, reason, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("The case was stopped. Its history stays."))
    return redirect(url_for(".case", instance_id=found.id), code=303)


# ------------------------------------------------------------------------------------------------ what a page shows


def _case(instance_id: int) -> tuple[Instance, Definition, Plan]:
    found = access.one(db.session(), me(), Instance, instance_id)
    definition = db.session.get_one(Definition, found.definition_id)
    return found, definition, definitions.blueprint(db.session(), definition)


def _events(case: Instance) -> Sequence[Event]:
    query = select(Event).where(Event.instance_id == case.id, Event.kind.in_(TOLD))
    return db.session.scalars(query.order_by(Event.seq.desc()).limit(SHOWN + 1)).all()


def _told(definition: Definition, plan: Plan, events: Sequence[Event]) -> list[Line]:
    """The facts in words, the latest first."""
    ids = {event.actor_id for event in events if event.actor_id}
    found = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    names: dict[int, str] = {id_: name for id_, name in found}  # noqa: C416  # rows are not pairs to mypy
    return [_line(definition, plan, event, names.get(event.actor_id or 0)) for event in events]


def _line(definition: Definition, plan: Plan, event: Event, who: str | None) -> Line:
    mark, words = TOLD[event.kind]
    data = event.data or {}
    if event.kind == "overridden":
        told, changes = override_words.told(plan, event)
        return Line(event, mark, who, told, "", changes, str(data.get("reason") or ""))
    named = event.kind in {"received", "message_refused"}
    what = data.get("message", "") if named else _label(plan, event.diagram, event.element)
    if event.kind in {"started", "stopped"}:
        what = ""
    return Line(event, mark, who, str(words), str(what), _answers(definition, plan, event), _note(event))


def _answers(definition: Definition, plan: Plan, event: Event) -> Sequence[tuple[str, str]]:
    """What was answered, as its form asked it."""
    given = (event.data or {}).get("answers") or {}
    here = (event.data or {}).get("added") or event.element or ""
    element = plan.element(event.diagram or "", here)
    key = element.form if element else None
    if event.kind == "started":
        key = next((each.form for each in plan.starts if each.element == event.element), key)
    form = definitions.form(db.session(), definition, key) if key else None
    return forms.display(form, given, current(), names=_row_name) if form and given else ()


def _row_name(kind: str, id_: int) -> str | None:
    if kind == "file":
        return form_files.named(kind, id_)
    model = KINDS.get(kind)
    name: str | None = getattr(db.session.get(model, id_), "name", None) if model else None
    return name


def _note(event: Event) -> str:
    data = event.data or {}
    if event.kind == "handed_over":
        person = db.session.get(Person, data.get("to", 0))
        return person.name if person else ""
    if event.kind in {"stopped", "incident_resolved", "migrated"}:
        return str(data.get("reason") or "")
    return str(data.get("message", "")) if event.kind in {"failed", "incident_opened"} else ""


def _label(plan: Plan, diagram: str | None, element: str | None) -> str:
    found = plan.element(diagram or "", element or "")
    return (into_words(found.name) if found else "") or element or ""


def _outcome(case: Instance, plan: Plan) -> str:
    """How the case ended: what its end event says or is called."""
    if case.outcome == "stopped":
        return str(pgettext("case", "stopped"))
    if plan.kind == definitions.PAST:
        return history_case.outcome(case)
    end = next(
        (each for each in plan.main.elements.values() if case.outcome in (each.id, each.outcome)), None
    )
    return (into_words(end.name) if end else "") or str(gettext("reached its end"))


def _holders(case: Instance) -> dict[int, str]:
    query = select(UserTask.id, Person.name).join(Person, Person.id == UserTask.assignee_id)
    found = db.session.execute(query.where(UserTask.instance_id == case.id))
    return {task: name for task, name in found}  # noqa: C416  # rows are not pairs to mypy


def _waits(case: Instance) -> Sequence[Subscription]:
    return sorted(
        subscriptions.of(db.session(), case.id), key=lambda each: (each.due_at is None, each.due_at, each.id)
    )


def _rests(case: Instance) -> str:
    """Who let a case rest and why, as a person is told who wants to do something."""
    if case.ended_at is None:
        try:
            instances.must_not_rest(db.session(), case)
        except instances.Resting as resting:
            return words(resting)
    return ""


def _marks(case: Instance, plan: Plan, file: str) -> dict[str, Any]:
    """The elements and flows passed, those where a token is, and those that need a person, on one drawing."""
    here = _here(case, plan)
    diagrams = [diagram.id for diagram in plan.diagrams.values() if diagram.file == file]
    facts = Event.instance_id == case.id, Event.diagram.in_(diagrams)
    passed = select(Event.element).where(*facts, Event.kind.in_(PASSED)).distinct()
    flow = Event.data["flow"].as_string()
    taken = select(flow).where(*facts, Event.kind.in_(("opened", "passed"))).distinct()
    now_ = [element for diagram, element in here if diagram in diagrams]
    done = [
        each
        for each in [*db.session.scalars(passed), *db.session.scalars(taken)]
        if each and each not in now_
    ]
    stuck = incidents.still_open().where(Incident.instance_id == case.id, Incident.diagram.in_(diagrams))
    found = {each.element: "!" for each in db.session.scalars(stuck) if each.element}
    return {"done": done, "now": now_, "found": found}


def _here(case: Instance, plan: Plan) -> list[tuple[str, str]]:
    """Where tokens are: open tasks, waiting events, calls on their way, and the call activities around them."""
    if case.ended_at is not None:
        return []
    found = {(task.diagram, task.element) for task in tasks.open_of(db.session(), case.id)}
    found |= {(each.diagram, each.element) for each in _waits(case) if not _on_the_edge(plan, each)}
    pending = select(outbox.Job.diagram, outbox.Job.element).where(
        outbox.Job.instance_id == case.id,
        outbox.Job.kind == "call",
        outbox.Job.done_at.is_(None),
        or_(outbox.Job.failed_at.is_(None), outbox.Job.id.in_(_stopped(case))),
    )
    found |= {(diagram, element) for diagram, element in db.session.execute(pending) if diagram and element}
    return sorted(found | _callers(plan, {diagram for diagram, _ in found}))


def _stopped(case: Instance) -> Select[int | None]:
    """Calls that wait for a person: their tokens stand where they stood."""
    return select(Incident.job_id).where(Incident.instance_id == case.id, Incident.resolved_at.is_(None))


def _on_the_edge(plan: Plan, waiting: Subscription) -> bool:
    """Whether no token stands there: a boundary event, or the start of an event sub-process that only listens."""
    element = plan.element(waiting.diagram, waiting.element)
    return element is not None and (element.attached_to is not None or element.kind == "startEvent")


def _callers(plan: Plan, diagrams: set[str]) -> set[tuple[str, str]]:
    """The call activities through which tokens came into these diagrams, up to the main one."""
    found: set[tuple[str, str]] = set()
    todo = set(diagrams)
    while todo:
        called = {(each.id, item.id) for each, item in plan.everything() if item.called in todo} - found
        todo = {diagram for diagram, _ in called}
        found |= called
    return found
