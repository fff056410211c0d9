"""The database: clients, leads, deals and contracts through sections, filtered with the mouse."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import func, select

from engine import access
from engine.errors import Refusal
from engine.sales import rules, sections
from engine.sales.records import Client, Contract
from engine.sales.rules import Viewer
from engine.sales.sections import Section
from engine.sales.subjects import SUBJECTS, Subject
from webapp import errors, flashes, record_builder, record_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid
from webapp.languages import current, into_words
from webapp.record_builder import Shown

bp = Blueprint("records", __name__, url_prefix="/database")

SIZE = 50
COUNTED, COUNTED_IN_TABS = 10_000, 100
"""Counts stop here and say 10 000+, 99+: a list costs the same however long it is."""
EXPORTED = 50_000
"""Rows of one export at most."""

HREFS = {
    "deals": ("deals.deal", "deal_id"),
    "clients": ("clients.client", "client_id"),
    "leads": ("leads.lead", "lead_id"),
    "contracts": ("records.contract", "contract_id"),
}


def href(subject: str, row_id: int) -> str:
    """The page of one record."""
    endpoint, name = HREFS[subject]
    values: dict[str, Any] = {name: row_id}
    return url_for(endpoint, **values)


@bp.app_context_processor
def _links() -> dict[str, object]:
    return {"record_href": href, "record_option": record_words.option}


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """The database opens with deals."""
    return redirect(url_for(".records", subject="deals"))


@bp.get("/<subject>")
@needs("employee", "director")
def records(subject: str) -> ResponseReturnValue:
    """Records of one kind under the rules in the address, or under a saved section."""
    shown = record_builder.of(subject)
    found = _found(shown)
    rows = db.session.scalars(found.limit(SIZE).offset((shown.page - 1) * SIZE)).all()
    return render_template(
        "records/records.html",
        shown=shown,
        rules=record_builder.written(shown.rules),
        rows=rows,
        count=_count(found, COUNTED),
        counted=COUNTED,
        size=SIZE,
        says=rules.sentence(shown.about, shown.rules, current(), record_words.names()),
        tabs_=_tabs(shown),
        cells=record_words.Cells(shown.about, rows),
        builder=record_builder.builder(shown),
        address=lambda **changed: record_builder.address(shown, **changed),
        turn=lambda page: record_builder.address(shown, page=page),
        export=record_builder.address(shown, "records.export"),
        may_edit=shown.section is not None and sections.may_edit(db.session(), shown.section, me()),
        shares=db.session.scalars(sections.shares(shown.section)).all() if shown.section else (),
        circles=record_words.circles(),
    )


@bp.get("/<subject>/filter")
@needs("employee", "director")
def build(subject: str) -> ResponseReturnValue:
    """Take one press of the filter builder and lead to the list under the new rules."""
    about, sent = record_builder.subject_of(subject), request.args
    filter_, wrong = record_builder.typed(about, sent)
    press, _, at = sent.get("press", "").partition(":")
    if wrong and press != "refresh":
        flashes.say(errors.words(wrong[0]))
    section = record_builder.section_of(sent.get("section", 0, type=int)) if sent.get("section") else None
    columns = _columns(sent.getlist("columns"), section.columns if section else about.columns, about)
    asked = Shown(about, filter_, columns, sent.get("sort") or about.sort, 1, section)
    opened: dict[str, Any] = {"filter": "open", "at": at or None} if press or wrong else {}
    return redirect(record_builder.address(asked, **opened))


@bp.get("/<subject>/export")
@needs("employee", "director")
def export(subject: str) -> ResponseReturnValue:
    """The list as CSV, for a spreadsheet."""
    shown = record_builder.of(subject)
    rows = db.session.scalars(_found(shown).limit(EXPORTED)).all()
    text = "".join(record_words.as_csv(shown.about, shown.columns, rows))
    name = f'attachment; filename="{subject}-{now():%Y-%m-%d}.csv"'
    return Response(text, mimetype="text/csv; charset=utf-8", headers={"Content-Disposition": name})


@bp.get("/contracts/<int:contract_id>")
@needs("employee", "director")
def contract(contract_id: int) -> ResponseReturnValue:
    """One contract, its client and its deal."""
    found = access.one(db.session(), me(), Contract, contract_id)
    buyer = db.session.get(Client, found.client_id) if found.client_id else None
    return render_template("records/contract.html", contract=found, client=buyer)


# ------------------------------------------------------------------------------------------------ sections


@bp.post("/<subject>/sections")
@needs("employee", "director")
@on_invalid(records)
def save(subject: str) -> ResponseReturnValue:
    """Keep the filter of the list under a name."""
    shown, title = record_builder.of(subject), request.form.get("title", "")
    section = sections.save(db.session(), shown.about, title, by=me(), now=now(), **_kept(shown))
    db.session.commit()
    flashes.say(gettext("Saved as “%(title)s”.", title=section.title))
    return _to(section)


@bp.post("/sections/<int:section_id>")
@needs("employee", "director")
def change(section_id: int) -> ResponseReturnValue:
    """Store the list's present filter, columns and order in the section; a new name when one was given."""
    section = record_builder.section_of(section_id)
    title = request.form.get("title") or section.title
    shown = record_builder.of(section.subject)
    sections.change(db.session(), section, title=title, by=me(), now=now(), **_kept(shown))
    db.session.commit()
    flashes.say(gettext("The section has been changed."))
    return _to(section)


@bp.post("/sections/<int:section_id>/shares")
@needs("employee", "director")
def share(section_id: int) -> ResponseReturnValue:
    """Let others use the section; what they see in it stays what they may see."""
    section = record_builder.section_of(section_id)
    kind, who = _circle()
    editing = bool(request.form.get("may_edit"))
    sections.share(db.session(), section, kind, who, may_edit=editing, by=me(), now=now())
    db.session.commit()
    return _to(section)


@bp.post("/sections/<int:section_id>/shares/removal")
@needs("employee", "director")
def unshare(section_id: int) -> ResponseReturnValue:
    """Take a share back."""
    section = record_builder.section_of(section_id)
    sections.unshare(db.session(), section, *_circle(), by=me(), now=now())
    db.session.commit()
    return _to(section)


@bp.post("/sections/<int:section_id>/removal")
@needs("employee", "director")
def remove(section_id: int) -> ResponseReturnValue:
    """Delete the section; the records stay."""
    section = record_builder.section_of(section_id)
    subject = section.subject
    sections.remove(db.session(), section, by=me(), now=now())
    db.session.commit()
    flashes.say(gettext("The section has been removed."))
    return redirect(url_for(".records", subject=subject), code=303)


# ------------------------------------------------------------------------------------------------ what a page shows


def _kept(shown: Shown) -> dict[str, Any]:
    return {"rules": shown.rules, "columns": shown.columns, "sort": shown.sort}


def _columns(ticked: list[str], usual: Sequence[str], about: Subject) -> Sequence[str]:
    """The columns that were ticked, those shown before in their old order."""
    known = [key for key in usual if key in ticked]
    return known + [key for key in ticked if key in about.fields and key not in known] or usual


def _circle() -> tuple[str, str]:
    kind, _, who = request.form.get("circle", "").partition(":")
    return kind, who


def _to(section: Section) -> ResponseReturnValue:
    return redirect(url_for(".records", subject=section.subject, section=section.id), code=303)


def _viewer() -> Viewer:
    return Viewer(db.session(), me(), now())


def _found(shown: Shown) -> Any:
    return rules.query(shown.about, shown.rules, _viewer(), sort=shown.sort)


def _count(found: Any, most: int) -> int:
    few = found.with_only_columns(1, maintain_column_froms=True).order_by(None).limit(most).subquery()
    return db.session.scalar(select(func.count()).select_from(few)) or 0


def _tabs(shown: Shown) -> list[dict[str, Any]]:
    """Kinds of records, then the sections of this kind."""
    kinds = [_kind_tab(about, shown) for about in SUBJECTS.values()]
    usable = db.session.scalars(sections.usable(me(), shown.about.key))
    return kinds + [_section_tab(each, shown) for each in usable]


def _kind_tab(about: Subject, shown: Shown) -> dict[str, Any]:
    here = about is shown.about and shown.section is None
    return {
        "title": into_words(about.title),
        "href": url_for(".records", subject=about.key),
        "current": here,
    }


def _section_tab(section: Section, shown: Shown) -> dict[str, Any]:
    count: int | str | None = None
    with suppress(Refusal):  # a section that can no longer be read says so when it is opened
        found = rules.query(shown.about, section.rules, _viewer())
        count = _count(found, COUNTED_IN_TABS)
        count = count if count < COUNTED_IN_TABS else f"{COUNTED_IN_TABS - 1}+"
    return {
        "title": section.title,
        "href": url_for(".records", subject=section.subject, section=section.id),
        "count": count,
        "current": shown.section is not None and section.id == shown.section.id,
        "mine": True,
    }
