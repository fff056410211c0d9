"""Agreements between departments: proposing, answering, signing, and how well they are kept."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import ColumnElement, Select, func, select

from engine import access, people
from engine.calendars import local_day
from engine.errors import Invalid, NotFound
from engine.history import Event
from engine.people import Department, Person
from engine.sales import agreements, negotiating, promises, speaking, terms
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from webapp import agreement_words, flashes, scoreboard, week
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.forms import on_invalid

bp = Blueprint("agreements", __name__, url_prefix="/agreements")

TABS = ("ours", "waiting", "in_force", "broken")
SIZE = 50


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {
        "labels": agreement_words.LABELS,
        "term": agreement_words.term,
        "split": agreement_words.split,
        "units": agreement_words.UNITS,
        "kinds": terms.TERMS,
        "accepting": [(key, agreement_words.CHOICES[key]) for key in terms.CHOICES["accepts"]],
        "standing": promises.judge(db.session(), now=now()),
    }


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """One of four lists: proposed by us, waiting for me, in force, broken this week."""
    session, lists = db.session(), _lists()
    counts = {key: _count(query) for key, query in lists.items()}
    tab = request.args.get("tab", "waiting" if counts["waiting"] else "in_force")
    if tab not in lists:
        raise NotFound
    found = session.scalars(lists[tab].limit(200)).all()
    shared: dict[str, Any] = {
        "tab": tab,
        "tabs": _tabs(counts, tab),
        "departments": _departments(),
        "heads_something": bool(me().headed_ids),
    }
    if tab == "broken":
        return render_template(
            "agreements/promises.html", **shared, promises=found, deals=_deals(found), agreement=None
        )
    ids = [each.id for each in found]
    since = Promise.requested_at >= now() - timedelta(days=90)
    return render_template(
        "agreements/agreements.html",
        **shared,
        agreements=found,
        versions=_versions(found),
        kept=promises.counts(session, Promise.agreement_id.in_(ids) & since, now=now()),
    )


@bp.get("/new")
@needs("employee", "director")
def new() -> ResponseReturnValue:
    """The form of a first proposal."""
    return render_template(
        "agreements/edit.html", agreement=None, terms={}, departments=_departments(), mine=me().headed_ids
    )


@bp.post("/new")
@needs("employee", "director")
@on_invalid(new)
def create() -> ResponseReturnValue:
    """Draft an agreement; put it on the table at once, or keep it as a draft."""
    session, form = db.session(), request.form
    sides = _sides()
    made = negotiating.draft(
        session,
        form.get("title", ""),
        provider=sides[0],
        consumer=sides[1],
        terms=agreement_words.typed(),
        code=form.get("code") or None,
        title_en=form.get("title_en", ""),
        by=me(),
        now=now(),
    )
    if "draft" not in form:
        negotiating.propose(session, made, by=me(), now=now())
    return _done(
        made.id,
        gettext("The draft is kept.") if "draft" in form else gettext("Proposed and signed by your side."),
    )


@bp.get("/<int:agreement_id>")
@needs("employee", "director")
def agreement(agreement_id: int) -> ResponseReturnValue:
    """The negotiation: two wordings side by side, signatures, the conversation, how it is kept."""
    session, found = db.session(), _agreement(agreement_id)
    wordings = session.scalars(agreements.versions(found)).all()
    by_id = {each.id: each for each in wordings}
    table, current = by_id.get(found.negotiating_version_id or 0), by_id.get(found.current_version_id or 0)
    left, right = _beside(wordings, table, current)
    shown = right or left
    side = next(iter(negotiating.sides(session, found, me(), local_day(now()))), None)
    since = Promise.requested_at >= now() - timedelta(days=90)
    return render_template(
        "agreements/agreement.html",
        agreement=found,
        provider=session.get_one(Department, found.provider_id),
        consumer=session.get_one(Department, found.consumer_id),
        heads={each: people.head_of(session, each) for each in (found.provider_id, found.consumer_id)},
        table=table,
        current=current,
        left=left,
        right=right,
        rows=terms.difference(
            left.terms if left else {}, right.terms if right else left.terms if left else {}
        ),
        signed={each.department_id: each for each in session.scalars(agreements.signatures(shown))}
        if shown
        else {},
        shown=shown,
        side=side,
        my_turn=_my_turn(found, table),
        own=table is not None and side is not None and side == table.proposed_by_department_id,
        story=_story(found),
        people={each.id: each for each in session.scalars(select(Person))},
        departments={each.id: each for each in _departments()},
        is_member={found.provider_id, found.consumer_id} & set(me().department_ids),
        kept=promises.counts(session, (Promise.agreement_id == found.id) & since, now=now()).get(found.id),
    )


@bp.get("/<int:agreement_id>/wording")
@needs("employee", "director")
def word(agreement_id: int) -> ResponseReturnValue:
    """The form of an answer, or of a change of what is in force."""
    found = _agreement(agreement_id)
    version = _on_table(found) or db.session.get(AgreementVersion, found.current_version_id or 0)
    return render_template(
        "agreements/edit.html",
        agreement=found,
        version=version,
        terms=version.terms if version else {},
        departments=_departments(),
        mine=me().headed_ids,
        answers=_my_turn(found, _on_table(found)),
    )


@bp.post("/<int:agreement_id>/wording")
@needs("employee", "director")
@on_invalid(word)
def propose(agreement_id: int) -> ResponseReturnValue:
    """Answer with other terms, or propose a change."""
    session, found = db.session(), _agreement(agreement_id)
    table = _on_table(found)
    if table is not None and table.state != "draft":
        _must_be(table, request.form.get("version", type=int))
        said = agreement_words.typed(table.terms)
        negotiating.counter(session, table, said, by=me(), now=now())
    else:
        base = table or session.get(AgreementVersion, found.current_version_id or 0)
        said = agreement_words.typed(base.terms if base else None)
        negotiating.propose(session, found, said, by=me(), now=now())
    return _done(agreement_id, gettext("Proposed and signed by your side."))


@bp.post("/<int:agreement_id>/signature")
@needs("employee", "director")
def sign(agreement_id: int) -> ResponseReturnValue:
    """Sign what the other side proposed: exactly what was on the page."""
    found = _agreement(agreement_id)
    version = _version(found)
    negotiating.accept(db.session(), version, terms_hash=request.form.get("hash", ""), by=me(), now=now())
    words = (
        gettext("Signed. It is in force.")
        if version.state == "in_force"
        else gettext("Signed. It waits for its day.")
    )
    return _done(agreement_id, words)


@bp.post("/<int:agreement_id>/withdrawal")
@needs("employee", "director")
def withdraw(agreement_id: int) -> ResponseReturnValue:
    """Take one's proposal back, or decline the other side's."""
    version = _version(_agreement(agreement_id))
    negotiating.withdraw(db.session(), version, note=request.form.get("note") or None, by=me(), now=now())
    return _done(agreement_id, gettext("It is off the table."))


@bp.post("/<int:agreement_id>/remarks")
@needs("employee", "director")
def remark(agreement_id: int) -> ResponseReturnValue:
    """Say something to the other side."""
    negotiating.remark(
        db.session(), _agreement(agreement_id), request.form.get("text", ""), by=me(), now=now()
    )
    db.session.commit()
    return redirect(url_for(".agreement", agreement_id=agreement_id) + "#talk", code=303)


# ------------------------------------------------------------------------------------------------ what a page shows


def _agreement(agreement_id: int) -> Agreement:
    return access.one(db.session(), me(), Agreement, agreement_id)


def _on_table(found: Agreement) -> AgreementVersion | None:
    return db.session.get(AgreementVersion, found.negotiating_version_id or 0)


def _version(found: Agreement) -> AgreementVersion:
    """The version the page showed; one of another agreement is not there."""
    version = db.session.get(AgreementVersion, request.form.get("version", 0, type=int))
    if version is None or version.agreement_id != found.id:
        raise NotFound
    return version


def _must_be(table: AgreementVersion, seen: int | None) -> None:
    if seen != table.id:
        raise agreements.OutOfDate


def _my_turn(found: Agreement, table: AgreementVersion | None) -> bool:
    """Whether this person speaks for the side that has to answer."""
    if table is None or table.state not in {"proposed", "countered"}:
        return False
    asked = speaking.other_side(found, table.proposed_by_department_id)
    return asked in negotiating.sides(db.session(), found, me(), local_day(now()))


def _beside(
    wordings: Sequence[AgreementVersion], table: AgreementVersion | None, current: AgreementVersion | None
) -> tuple[AgreementVersion | None, AgreementVersion | None]:
    """What to compare: what is on the table with what it answers, else the last two that were in force."""
    if table is None:
        was = [each for each in wordings if each.in_force_from is not None and each is not current]
        return (
            (was[0] if was else current, current if was else None)
            if current
            else (wordings[0] if wordings else None, None)
        )
    before = [each for each in wordings if each.number < table.number and each.state != "withdrawn"]
    return (before[0], table) if before else (table, None)


def _sides() -> tuple[Department, Department]:
    """Provider and consumer from the form. Raises Invalid."""
    known = {each.id: each for each in _departments()}
    chosen = [known.get(request.form.get(name, 0, type=int)) for name in ("provider", "consumer")]
    missing = {
        name: terms.Required()
        for name, each in zip(("provider", "consumer"), chosen, strict=True)
        if not each
    }
    provider, consumer = chosen
    if provider is None or consumer is None:
        raise Invalid(dict(missing))
    return provider, consumer


def _done(agreement_id: int, words: str) -> ResponseReturnValue:
    db.session.commit()
    flashes.say(words)
    return redirect(url_for(".agreement", agreement_id=agreement_id), code=303)


def _departments() -> Sequence[Department]:
    return db.session.scalars(
        select(Department).where(Department.closed_at.is_(None)).order_by(Department.name)
    ).all()


def _lists() -> dict[str, Select[Any]]:
    mine = list(me().headed_ids) or list(me().department_ids)
    seen = access.visible(me(), Agreement)
    week = now() - timedelta(days=7)
    recent: ColumnElement[bool] = func.coalesce(Promise.closed_at, Promise.due_at) >= week
    broken = select(Promise).where(promises.broken(now()), recent, access.visible(me(), Promise))
    return {
        "ours": agreements.proposed_by_side(mine).where(seen),
        "waiting": agreements.waiting_for(mine).where(seen),
        "in_force": agreements.in_force_now().where(seen),
        "broken": broken.order_by(Promise.due_at, Promise.id),
    }


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _tabs(counts: Mapping[str, int], current: str) -> list[dict[str, Any]]:
    titles = {
        "ours": gettext("My side proposes"),
        "waiting": gettext("Waiting for me"),
        "in_force": gettext("In force"),
        "broken": gettext("Broken this week"),
    }
    return (
        week.tab(current=current == "week")
        + [
            {
                "title": titles[key],
                "href": url_for("agreements.index", tab=key),
                "count": counts[key],
                "current": key == current,
            }
            for key in TABS
        ]
        + [scoreboard.tab()]
    )


def _versions(found: Sequence[Agreement]) -> dict[int, AgreementVersion]:
    ids = {each.negotiating_version_id for each in found} | {each.current_version_id for each in found}
    rows = db.session.scalars(select(AgreementVersion).where(AgreementVersion.id.in_(ids)))
    return {each.id: each for each in rows}


def _deals(found: Sequence[Promise]) -> dict[int, Deal]:
    """The deals of these promises that this person may open."""
    ids = {each.deal_id for each in found}
    return {
        each.id: each
        for each in db.session.scalars(select(Deal).where(Deal.id.in_(ids), access.visible(me(), Deal)))
    }


def _story(found: Agreement) -> list[tuple[Event, str | None]]:
    query = (
        select(Event, Person.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .where(Event.subject == f"agreement:{found.id}")
        .order_by(Event.id.desc())
        .limit(100)
    )
    return [(event, name) for event, name in db.session.execute(query)]
