"""Processes: the catalogue, one process with its versions and running cases, its forms and tables, and starting it."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select

from engine import access, calendars
from engine.errors import NotAllowed, NotFound
from engine.people import Department, Person
from engine.process import blueprint as plans
from engine.process import decisions, definitions, forms, instances, tallies, uploads
from engine.process.decisions import Decision, Table, trying
from engine.process.definitions import Definition
from engine.process.doctor import tables as table_doctor
from engine.sales import handoffs
from webapp import case_list, flashes, form_files
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import key, on_invalid
from webapp.languages import current, into_words

bp = Blueprint("processes", __name__, url_prefix="/processes")

LATELY = timedelta(days=30)
KINDS = {
    "funnel": lazy_gettext("funnel, step by step"),
    "flow": lazy_gettext("flow, by itself"),
    "plain": lazy_gettext("plain process"),
    "imported": lazy_gettext("history from elsewhere"),
}
POLICIES = {
    "UNIQUE": lazy_gettext("At most one rule may apply; two at once stop the case."),
    "FIRST": lazy_gettext("The first rule that applies decides."),
    "ANY": lazy_gettext("Several rules may apply when they answer the same."),
    "PRIORITY": lazy_gettext(
        "Of the rules that apply, the answer that stands first in the list of values wins."
    ),
    "COLLECT": lazy_gettext("The answers of all rules that apply, as a list."),
    "RULE ORDER": lazy_gettext("The answers of all rules that apply, in the order of the rules."),
    "OUTPUT ORDER": lazy_gettext("The answers of all rules that apply, in the order of the list of values."),
    "SUM": lazy_gettext("The sum of the answers of all rules that apply."),
    "MIN": lazy_gettext("The smallest answer of all rules that apply."),
    "MAX": lazy_gettext("The largest answer of all rules that apply."),
    "COUNT": lazy_gettext("How many rules apply."),
}
"""Hit policies and aggregations in words."""
ROLES = {
    "employee": lazy_gettext("everybody"),
    "designer": lazy_gettext("designers"),
    "director": lazy_gettext("directors"),
    "administrator": lazy_gettext("administrators"),
}


@bp.app_template_filter("whose")
def whose(audience: str | None) -> str:
    """Whose work a lane or task is, in words: a department, its head, a role; nobody's is the system's."""
    kind, _, key = (audience or "").partition(":")
    if not key:
        return str(gettext("the system"))
    if kind == "role":
        return str(ROLES.get(key, key))
    department = db.session.scalar(select(Department).where(Department.key == key))
    name = key if department is None else department.name_en if current() == "en" else department.name
    return str(gettext("head: %(department)s", department=name)) if kind == "head" else name


@bp.get("/")
@needs("designer", "director")
def index() -> ResponseReturnValue:
    """Every process with its newest version and how much of it runs."""
    rows = db.session.scalars(definitions.catalogue().where(access.visible(me(), Definition))).all()
    return render_template(
        "processes/catalogue.html",
        rows=rows,
        kinds=KINDS,
        tallies=tallies.by_process(db.session(), since=now() - LATELY),
        drafts=db.session.scalars(uploads.of(me())).all(),
    )


@bp.get("/<process>")
@needs("designer", "director")
def process(process: str) -> ResponseReturnValue:
    """One process: its drawing, versions, ladder, forms, tables and the cases that run."""
    versions = db.session.scalars(definitions.versions(process).where(access.visible(me(), Definition))).all()
    shown = _chosen(versions)
    plan = definitions.blueprint(db.session(), shown)
    drawings = drawings_of(plan)
    counts = tallies.running_by_version(db.session(), process)
    return render_template(
        "processes/process.html",
        definition=shown,
        plan=plan,
        kinds=KINDS,
        versions=versions,
        names=_names(versions),
        counts=counts,
        running=sum(counts.values()),
        drawings=drawings,
        drawing=_drawing(drawings),
        forms=_forms(shown),
        tables=_tables(shown),
        starts=_starts(shown, plan) if shown.id == versions[0].id else (),
        handed_over=handoffs.coverage(db.session(), shown, today=calendars.local_day(now())),
        **case_list.of(process),
    )


@bp.get("/versions/<int:definition_id>/drawings/<path:file>")
@needs("designer", "director")
def drawing(definition_id: int, file: str) -> ResponseReturnValue:
    """The drawing as it was uploaded."""
    definition = access.one(db.session(), me(), Definition, definition_id)
    return drawn(definitions.files(db.session(), definition, "bpmn"), file)


@bp.get("/<process>/forms/<path:key>")
@needs("designer", "director")
def form(process: str, key: str) -> ResponseReturnValue:
    """A form as people will see it, without anything to send."""
    definition, plan = _version(process)
    found = definitions.form(db.session(), definition, key)
    if found is None:
        raise NotFound
    users = [element for _, element in plan.everything() if element.form == key]
    return render_template("processes/form.html", definition=definition, plan=plan, form=found, users=users)


@bp.get("/<process>/tables/<key>")
@needs("designer", "director")
def table(process: str, key: str) -> ResponseReturnValue:
    """A decision as a table, what the doctor says of it, and what it answers to the values in the address."""
    definition, plan = _version(process)
    found = _tables(definition).get(key)
    if found is None:
        raise NotFound
    values = request.args.to_dict()
    fields = trying.asked(found)
    return render_template(
        "processes/table.html",
        definition=definition,
        table=found,
        is_table=isinstance(found, Table),
        policies=POLICIES,
        users=[element for _, element in plan.everything() if element.decision == key],
        findings=table_doctor.inspected(found),
        fields=fields,
        values=values,
        tried=found.trace(trying.scope(fields, values), now=now()) if "try" in values else None,
        shown=decisions.shown,
    )


@bp.get("/<process>/start")
@needs()
def start_page(process: str) -> ResponseReturnValue:
    """What is asked before a case starts."""
    definition = _newest(process)
    plan = definitions.blueprint(db.session(), definition)
    begin = _start(definition, plan)
    return render_template(
        "processes/start.html",
        definition=definition,
        plan=plan,
        begin=begin,
        form=_form_of(definition, begin),
        key=uuid4().hex,
    )


@bp.post("/<process>/start")
@needs()
@on_invalid(start_page)
def start(process: str) -> ResponseReturnValue:
    """Start a case by hand."""
    definition = _newest(process)
    begin = _start(definition, definitions.blueprint(db.session(), definition))
    raw = request.form.to_dict(flat=False)
    title = raw.pop("case-title", [""])[0].strip()[:250]
    raw = form_files.received(_form_of(definition, begin), raw)
    begun = instances.start(
        db.session(),
        definition,
        raw,
        by=me(),
        now=now(),
        element=begin.element,
        title=title,
        key=key(),
    )
    db.session.commit()
    flashes.say(gettext("Started: %(case)s.", case=title or into_words(definition.text)))
    return redirect(url_for("cases.case", instance_id=begun.id), code=303)


# ------------------------------------------------------------------------------------------------ what a page shows


def drawings_of(plan: plans.Blueprint) -> dict[str, plans.Diagram]:
    """The files of a bundle, the main one first, each with the diagram it is named after."""
    found = {plan.main.file: plan.main}
    for diagram in plan.diagrams.values():
        found.setdefault(diagram.file, diagram)
    return found


def drawn(files: dict[str, bytes], name: str) -> Response:
    """One drawing for the viewer. Raises NotFound."""
    if name not in files:
        raise NotFound
    return Response(files[name], mimetype="application/xml")


def _drawing(drawings: dict[str, plans.Diagram]) -> str:
    wanted = request.args.get("drawing", "")
    return wanted if wanted in drawings else next(iter(drawings))


def _chosen(versions: Sequence[Definition]) -> Definition:
    """The version the address asks for, else the newest. Raises NotFound."""
    number = request.args.get("version", type=int)
    found = [each for each in versions if number in (None, each.version)]
    if not found:
        raise NotFound
    return found[0]


def _version(process: str) -> tuple[Definition, plans.Blueprint]:
    versions = db.session.scalars(definitions.versions(process).where(access.visible(me(), Definition))).all()
    shown = _chosen(versions)
    return shown, definitions.blueprint(db.session(), shown)


def _newest(process: str) -> Definition:
    found = definitions.newest(db.session(), process)
    if found is None:
        raise NotFound
    return found


def _form_of(definition: Definition, begin: plans.Start) -> forms.Form | None:
    return definitions.form(db.session(), definition, begin.form) if begin.form else None


def _start(definition: Definition, plan: plans.Blueprint) -> plans.Start:
    """The start in the address, if this person may start there. Raises NotFound, NotAllowed."""
    wanted = request.args.get("element")
    begin = next((each for each in plan.starts if wanted in (None, each.element)), None)
    if begin is None:
        raise NotFound
    if begin not in _starts(definition, plan):
        raise NotAllowed
    return begin


def _starts(definition: Definition, plan: plans.Blueprint) -> list[plans.Start]:
    """The starts this person may press: designers to try it out, others where the lane is theirs."""
    if definition.retired_at is not None or definition.waits:
        return []
    return [each for each in plan.starts if me().has("designer") or each.audience in me().audiences]


def _names(versions: Sequence[Definition]) -> dict[int, str]:
    ids = [each.deployed_by_id for each in versions if each.deployed_by_id]
    found = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {id_: name for id_, name in found}  # noqa: C416  # rows are not pairs to mypy


def _forms(definition: Definition) -> list[forms.Form]:
    found = [forms.load(each) for each in definitions.files(db.session(), definition, "form").values()]
    return sorted(found, key=lambda form: form.key)


def _tables(definition: Definition) -> dict[str, Decision]:
    found: dict[str, Decision] = {}
    for content in definitions.files(db.session(), definition, "dmn").values():
        found |= decisions.read(content)
    return found
