"""The form of a wording: a first proposal, an answer with other terms, a change of what is in force."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import select

from engine.errors import Invalid
from engine.people import Department
from engine.sales import agreements, drafting, negotiating, speaking, terms, trial
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.deals import Deal
from webapp import agreement_cells, agreement_typed, agreement_words, effects, forms
from webapp.access import me, needs
from webapp.agreement_rows import (
    again,
    agreement_of,
    binding,
    bp,
    departments,
    done,
    my_turn,
    on_table,
    ours,
    versions_of,
    voice_of,
)
from webapp.clock import now
from webapp.database import db


@bp.get("/new")
@needs("employee", "director")
def new() -> ResponseReturnValue:
    """The form of a first proposal."""
    return _form(None, None)


@bp.post("/new")
@needs("employee", "director")
@again(new)
def create() -> ResponseReturnValue:
    """Draft an agreement; put it on the table at once, or keep it as a draft. ``more`` asks for another row."""
    form = request.form
    if "more" in form:
        return _another_row(None, None)
    provider, consumer, said = _all_of_it()
    made = negotiating.draft(
        db.session(),
        form.get("title", ""),
        provider=provider,
        consumer=consumer,
        terms=said,
        code=form.get("code") or None,
        title_en=form.get("title_en", ""),
        by=me(),
        now=now(),
    )
    if "draft" not in form:
        negotiating.propose(db.session(), made, by=me(), now=now())
    return done(made.id, _sent())


@bp.get("/<int:agreement_id>/wording")
@needs()
def word(agreement_id: int) -> ResponseReturnValue:
    """The form of an answer, or of a change of what is in force."""
    found = agreement_of(agreement_id)
    return _form(found, _worded(found))


@bp.post("/<int:agreement_id>/wording")
@needs()
@again(word)
def propose(agreement_id: int) -> ResponseReturnValue:
    """Answer with other terms, propose a change, or keep a draft. ``more`` asks for another row."""
    session, found = db.session(), agreement_of(agreement_id)
    if "more" in request.form:
        return _another_row(found, _worded(found))
    table = on_table(found)
    base = _worded(found)
    if base is not None and base.id != request.form.get("version", type=int):
        raise agreements.OutOfDate
    if "drop" in request.form:
        return _dropped(found)
    said = agreement_typed.typed(base.terms if base else None)
    if "draft" in request.form and (table is None or table.state != "draft"):
        drafting.keep(session, found, said, by=me(), now=now())
    elif table is None:
        negotiating.propose(session, found, said, by=me(), now=now())
    elif table.state != "draft":
        negotiating.counter(session, table, said, by=me(), now=now())
    elif "draft" in request.form:
        negotiating.redraft(session, table, said, by=me(), now=now())
    else:
        negotiating.propose(session, found, said, by=me(), now=now())
    return done(agreement_id, _sent())


@bp.post("/<int:agreement_id>/trial")
@needs()
@again(word)
def try_out(agreement_id: int) -> ResponseReturnValue:
    """What the typed words would have meant over the last 90 days, beside each changed term. Nothing is kept.

    A script asks for the sentences alone; without one the whole form comes back with them.
    """
    found = agreement_of(agreement_id)
    base, g.typed = _worded(found), request.form
    try:
        said = terms.clean(agreement_typed.typed(base.terms if base else None))
    except Invalid as refusal:
        if "HX-Request" not in request.headers:
            raise
        g.errors = forms.Told(refusal.errors)
        return render_template("agreements/tried.html", told={}, changed=0, fields=tuple(trial.EFFECTS))
    before = base.terms if base else {}
    told = effects.effects_of(found, before, said)
    changed = sum(each.changed for each in terms.difference(before, said))
    if "HX-Request" in request.headers:
        return render_template(
            "agreements/tried.html", told=told, changed=changed, fields=tuple(trial.EFFECTS)
        )
    return _form(found, base, told=told, changed=changed)


def _dropped(found: Agreement) -> ResponseReturnValue:
    """Forget the draft of one's own side, and begin again with what is on the table or in force."""
    voice = speaking.must_speak(db.session(), found, me(), now())
    drafting.drop(db.session(), found, voice.department_id)
    db.session.commit()
    return redirect(url_for("agreements.word", agreement_id=found.id), code=303)


def _sent() -> str:
    if "draft" in request.form:
        return str(gettext("The draft is kept. The other side does not see it."))
    return str(gettext("Proposed and signed by your side."))


# ------------------------------------------------------------------------------------------------ the form itself


def _form(
    found: Agreement | None,
    version: AgreementVersion | None,
    *,
    told: Mapping[str, str] | None = None,
    changed: int | None = None,
) -> ResponseReturnValue:
    table = on_table(found) if found else None
    voice = voice_of(found) if found else None
    kept = drafting.of_side(db.session(), found, voice.department_id) if found and voice else None
    shown = kept or version
    said = shown.terms if shown else {}
    return render_template(
        "agreements/edit.html",
        agreement=found,
        version=version,
        table=table,
        voice=voice,
        kept=kept,
        terms=said,
        departments=departments(),
        mine=ours(),
        names={each.id: each for each in db.session.scalars(select(Department))} if found else {},
        answers=my_turn(found, table, voice) if found else False,
        split=agreement_words.split,
        units=agreement_words.UNITS,
        choices={field: _choices(field) for field in terms.CHOICES},
        who=agreement_words.WHO,
        how=agreement_words.HOW,
        step_rows=agreement_cells.rows_of("steps", agreement_typed.step_rows(said.get("steps"))),
        **_cases(said.get("table")),
        told=told or {},
        changed=changed,
        fields=tuple(trial.EFFECTS) if found else (),
        known={name: _known(name) for name in ("product_line", "kind")},
        more=request.form.get("more"),
    )


def _cases(table: Mapping[str, Any] | None) -> dict[str, Any]:
    """The table of cases as the form shows it: amounts and words, or cell by cell where it says more, or when asked."""
    form = request.form
    asks_now = form.get("more") == "written" and "table-written" not in form
    if asks_now:
        table = agreement_typed.table_as_typed() if "table-asked" in form else table
    plain = agreement_typed.can_be_typed(table) if "table-asked" not in form else True
    if plain and not agreement_cells.is_written(form):
        rows = agreement_cells.rows_of("table", agreement_typed.table_rows(table))
        return {"columns": None, "case_rows": rows, "other": agreement_typed.other_column(table)}
    rows = agreement_cells.rows_as_written(table)
    shown = [*rows, {}] if asks_now else agreement_cells.rows_of("table", rows)
    return {"columns": agreement_cells.columns_of(table), "case_rows": shown, "other": {}}


def _worded(found: Agreement) -> AgreementVersion | None:
    """What the form begins with: what is on the table, what was signed, else the last words there were."""
    return on_table(found) or binding(found) or next(iter(versions_of(found)), None)


def _choices(field: str) -> list[tuple[str, Any]]:
    return [(key, agreement_words.CHOICES[key]) for key in terms.CHOICES[field]]


def _known(name: str) -> Sequence[str]:
    """Words that deals have there already, to choose from while typing."""
    column = Deal.__table__.c[name]
    query = select(column).where(column.is_not(None)).distinct().order_by(column).limit(20)
    return db.session.scalars(query).all()


def _another_row(found: Agreement | None, version: AgreementVersion | None) -> ResponseReturnValue:
    """The form with everything typed in place and a row more; nothing is judged yet."""
    g.typed = request.form
    return _form(found, version)


def _all_of_it() -> tuple[Department, Department, dict[str, Any]]:
    """Provider, consumer and terms from the form, with everything that is wrong at once. Raises Invalid."""
    errors: dict[str, Any] = {}
    said: dict[str, Any] = {}
    try:
        said = agreement_typed.typed()
    except Invalid as refusal:
        errors |= refusal.errors
    known = {each.id: each for each in departments()}
    provider, consumer = (known.get(request.form.get(name, 0, type=int)) for name in ("provider", "consumer"))
    errors |= {
        name: terms.Required() for name, each in (("provider", provider), ("consumer", consumer)) if not each
    }
    if provider is None or consumer is None or errors:
        raise Invalid({**_names(said), **errors})
    return provider, consumer, said


def _names(said: dict[str, Any]) -> dict[str, Any]:
    """What else would be wrong, so that nobody corrects a form twice."""
    errors: dict[str, Any] = {}
    if not request.form.get("title", "").strip():
        errors["title"] = terms.Required()
    try:
        terms.clean(said)
    except Invalid as refusal:
        errors |= refusal.errors
    return errors
