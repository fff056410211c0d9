"""Agreements between departments: the lists of those that are proposed, waited for, in force, broken, to be looked at."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from engine import access
from engine.calendars import local_day
from engine.errors import NotFound
from engine.sales import agreements, promises, terms
from engine.sales.agreements import Agreement, AgreementAct, AgreementVersion
from engine.sales.promises import Promise
from webapp import (
    agreement_form,
    agreement_page,
    agreement_print,
    agreement_verbs,
    agreement_words,
    formats,
    scoreboard,
    week,
)
from webapp.access import me, needs
from webapp.agreement_rows import (
    bp,
    deals_of,
    departments,
    ours,
    standing_in,
    today,
)
from webapp.clock import now
from webapp.database import db

__all__ = ["agreement_form", "agreement_page", "agreement_print", "agreement_verbs", "bp"]

TABS = ("ours", "waiting", "in_force", "broken", "review")
MOST = 200


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {
        "labels": agreement_words.LABELS,
        "term": agreement_words.term,
        "step_words": agreement_words.step,
        "duration": agreement_words.duration,
        "cell_words": agreement_words.cell,
        "column_words": agreement_words.called,
        "states": agreement_words.states(),
        "kinds": terms.TERMS,
        "standing": promises.judge(db.session(), now=now()),
        "failed": lambda name: g.get("refused") == f"agreements.{name}",
        "refusal": g.get("refusal"),
        "today": today(),
    }


@bp.app_template_filter("as_day")
def as_day(said: str) -> date:
    """A day as terms write it."""
    return date.fromisoformat(said)


@bp.app_template_filter("full_day_of")
def full_day_of(at: datetime) -> str:
    """The local day of a moment, in full."""
    return formats.full_day(local_day(at))


@bp.app_template_filter("css_text")
def css_text(said: str) -> str:
    """Text for a quoted string in a style: letters, digits and plain signs only."""
    return "".join(each for each in said if each.isalnum() or each in " -._/")


@bp.get("/")
@needs()
def index() -> ResponseReturnValue:
    """One of the lists: proposed by us, waiting for me, in force, broken this week, to be reviewed; and what is over."""
    session, lists = db.session(), _lists()
    counts = {key: _count(query) for key, query in lists.items()}
    tab = request.args.get("tab", "waiting" if counts["waiting"] else "in_force")
    if tab not in lists:
        raise NotFound
    found = session.scalars(lists[tab].limit(MOST)).all()
    if tab == "broken":
        return _promises_page(found, tab, counts)
    ids = [each.id for each in found]
    since = Promise.requested_at >= now() - timedelta(days=90)
    return render_template(
        "agreements/agreements.html",
        **_around(tab, counts),
        agreements=found,
        shown=_shown(found, tab),
        asked=_asked(ids),
        waiting=_scheduled(ids),
        over=counts["over"],
        cut=counts[tab] > len(found),
        kept=promises.counts(session, Promise.agreement_id.in_(ids) & since, now=now()),
    )


def _promises_page(rows: Sequence[Promise], tab: str, counts: Mapping[str, int]) -> ResponseReturnValue:
    around = _around(tab, counts)
    return render_template("agreements/promises.html", **around, promises=rows, deals=deals_of(rows))


def _around(tab: str, counts: Mapping[str, int]) -> dict[str, Any]:
    """What every list has around it."""
    return {
        "tab": tab,
        "tabs": _tabs(counts, tab),
        "departments": departments(),
        "heads_something": bool(me().headed_ids or standing_in()),
        "deputies": standing_in(),
    }


# ------------------------------------------------------------------------------------------------ what the lists hold


def _lists() -> dict[str, Select[Any]]:
    mine = ours()
    seen = access.visible(me(), Agreement, today())
    since = now() - timedelta(days=7)
    recent: ColumnElement[bool] = func.coalesce(Promise.closed_at, Promise.due_at) >= since
    broken = select(Promise).where(promises.broken(now()), recent, access.visible(me(), Promise))
    return {
        "ours": agreements.proposed_by_side(mine).where(seen),
        "waiting": _waiting(mine).where(seen),
        "in_force": agreements.in_force_now().where(seen),
        "broken": broken.order_by(Promise.due_at, Promise.id),
        "review": agreements.review_due(today()).where(seen, _between(mine)),
        "over": _over().where(seen),
    }


def _waiting(mine: Sequence[int]) -> Select[Agreement]:
    """What the other side proposed, or asks to pause; and proposals on which both sides were silent, for their manager."""
    proposed = _ids(agreements.waiting_for(mine))
    asked = _ids(agreements.asked_of(mine))
    silent = AgreementVersion.id == Agreement.negotiating_version_id
    brought = select(AgreementVersion.id).where(silent, AgreementVersion.escalated_to_id == me().id).exists()
    query = select(Agreement).where(or_(Agreement.id.in_(proposed), Agreement.id.in_(asked), brought))
    return query.order_by(Agreement.id.desc())


def _ids(query: Select[Agreement]) -> Select[int]:
    return query.with_only_columns(Agreement.id).order_by(None)


def _between(mine: Sequence[int]) -> ColumnElement[bool]:
    return or_(Agreement.provider_id.in_(mine), Agreement.consumer_id.in_(mine))


def _over() -> Select[Agreement]:
    """Neither in force nor negotiated any more."""
    alive = _ids(agreements.in_force_now())
    gone = and_(Agreement.negotiating_version_id.is_(None), Agreement.id.not_in(alive))
    return select(Agreement).where(gone).order_by(Agreement.id.desc())


def _count(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0


def _tabs(counts: Mapping[str, int], current: str) -> list[dict[str, Any]]:
    titles = {
        "ours": gettext("My side proposes"),
        "waiting": gettext("Waiting for me"),
        "in_force": gettext("In force"),
        "broken": gettext("Broken this week"),
        "review": gettext("Review due"),
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


# ------------------------------------------------------------------------------------------------ what a row shows


def _shown(found: Sequence[Agreement], tab: str) -> dict[int, AgreementVersion]:
    """The version a row is about: on the table where that is what the list is of, else what is signed, else the last."""
    rows = db.session.scalars(
        select(AgreementVersion)
        .where(AgreementVersion.agreement_id.in_([each.id for each in found]))
        .order_by(AgreementVersion.number)
    ).all()
    by_agreement: dict[int, list[AgreementVersion]] = {each.id: [] for each in found}
    for row in rows:
        by_agreement[row.agreement_id].append(row)
    return {each.id: _version(each, by_agreement[each.id], tab) for each in found if by_agreement[each.id]}


def _version(found: Agreement, rows: Sequence[AgreementVersion], tab: str) -> AgreementVersion:
    known = [each for each in rows if each.state != "draft" or each.id == found.negotiating_version_id]
    rows = known or rows
    by_id = {each.id: each for each in rows}
    table, current = by_id.get(found.negotiating_version_id or 0), by_id.get(found.current_version_id or 0)
    waits = next((each for each in rows if each.state == "scheduled"), None)
    first, then = (table, current) if tab in {"ours", "waiting"} else (current or waits, table)
    return first or then or waits or rows[-1]


def _scheduled(ids: Sequence[int]) -> dict[int, AgreementVersion]:
    """What of these both signed for a later day."""
    waits = (AgreementVersion.agreement_id.in_(ids), AgreementVersion.state == "scheduled")
    query = select(AgreementVersion).where(*waits).order_by(AgreementVersion.number.desc())
    return {each.agreement_id: each for each in db.session.scalars(query)}


def _asked(ids: Sequence[int]) -> dict[int, AgreementAct]:
    """Which of these agreements wait for an answer about a pause."""
    query = select(AgreementAct).where(AgreementAct.agreement_id.in_(ids), AgreementAct.state == "asked")
    return {each.agreement_id: each for each in db.session.scalars(query)}
