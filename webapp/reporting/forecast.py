"""The forecast on the screen: what becomes of what is open, beside its trial on the past."""

from datetime import timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, pgettext
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.calendars import local_day
from engine.people import Person
from engine.sales.deals import Deal
from reports import foresight, ladders
from reports.charts import Part
from reports.charts.outlook import Row, outlook
from reports.foresight import HORIZONS, Foresight, Spread, Sum
from reports.periods import DAY, Period
from reports.queries import Scope
from webapp import formats
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.languages import current
from webapp.reporting.address import Asked, Unknown, asked
from webapp.reporting.page import bp, shared
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.words import Names

USUAL, SHORT = 90, 30
SHOWN = 50
"""Open items in the table of the page; the files have all of them."""
WORDS = (
    lazy_gettext(
        "For every open deal: the chance that it is won within the chosen days, learned from how long other deals stood on each stage and where they went from there; deals that are still open count as long as they have lasted."
    ),
    lazy_gettext(
        "The trial: what this forecast would have said on three days of the past, knowing only what was known then, beside counting alone (the share won in the same time before). The Brier score is the mean squared error of the chances: 0 is perfect, less is better."
    ),
)


@bp.get("/forecast")
@needs("employee", "director")
def forecast() -> ResponseReturnValue:
    """What becomes of what is open."""
    session = db.session()
    if not ladders.known(session):
        return render_template("reporting/nothing.html")
    ask = asked(session, now())
    scope = ask.scope(session, me())
    names = Names(session, ask.ladder)
    report = foreseen(session, ask, scope)
    names.learn(line.owner_id for line in report.lines[:SHOWN])
    return render_template(
        "reporting/forecast.html",
        report=report,
        horizons=HORIZONS,
        picture=picture(ask, report, names),
        finding=finding(report),
        deals=_deals(session, report, me()),
        shown=SHOWN,
        day_of=lambda days: ask.today + timedelta(days=round(days)),
        stood=lambda stage=None: ask.stood(ask.today + DAY, stage),
        until=Period(ask.today, ask.today + report.horizon * DAY + DAY),
        about=spread_words,
        definition=WORDS,
        **shared(session, ask, scope, names),
    )


def foreseen(session: Session, ask: Asked, scope: Scope) -> Foresight:
    """The forecast for the days that the address asks for; else for 90, or for 30 where only that was worth its trial.

    Raises `Unknown`.
    """
    said = request.args.get("horizon") if request else None
    if said and said not in {str(days) for days in HORIZONS}:
        raise Unknown(name="horizon", value=said)
    report = foresight.foresee(session, scope, ask.ladder, int(said or USUAL), now=ask.moment)
    if said or report.trial.is_better:
        return report
    short = foresight.foresee(session, scope, ask.ladder, SHORT, now=ask.moment)
    return short if short.trial.is_better else report


def finding(report: Foresight) -> str:
    """The forecast in a sentence, or why there is none."""
    if not report.trial.is_enough:
        return str(gettext("There is not yet enough history to try a forecast on, so none is shown."))
    if not report.trial.is_better:
        return str(gettext("Tried on the past, the forecast was no better than counting, so none is shown."))
    whole = report.whole
    return str(
        gettext(
            "Of %(n)s open about %(won)s will be won within %(days)s days (%(low)s to %(high)s), worth about %(money)s.",
            n=formats.number(whole.n),
            won=formats.number(round(whole.won.value)),
            low=formats.number(round(whole.won.low)),
            high=formats.number(round(whole.won.high)),
            days=report.horizon,
            money=formats.short_money(whole.won_money.value / 100),
        )
    )


def spread_words(of: Spread, measure: str = "count") -> str:
    """“12 (9–15)”."""
    ends = (of.value, of.low, of.high)
    if measure == "money":
        value, low, high = (formats.short_money(each / 100) for each in ends)
    else:
        value, low, high = (formats.number(each, 1 if of.high < 10 else 0) for each in ends)
    return f"{value} ({low}–{high})"


def picture(ask: Asked, report: Foresight, names: Names) -> Markup:
    """What is expected of what is open, stage by stage."""
    rows = [_mark(ask, stage, total, report, names) for stage, total in report.stages]
    title = gettext("What is expected of what is open, by stage")
    return Markup(outlook(rows, title, finding(report)))  # noqa: S704  # charts escape every word they are given


def _mark(ask: Asked, stage: str, total: Sum, report: Foresight, names: Names) -> Row:
    pace = dict(report.pace).get(stage)
    title = f"{names.stage(stage)}: {formats.number(total.n)}"
    note = ""
    if pace and pace.half is not None and report.trial.knows_when:
        note = gettext("usually won in %(days)s days", days=formats.number(round(pace.half)))
    return Row(
        names.stage(stage),
        Part(total.n, ask.stood(ask.today + DAY, stage), title),
        total.won.value,
        total.won.low,
        total.won.high,
        gettext("%(some)s of %(whole)s", some=spread_words(total.won), whole=formats.number(total.n)),
        note,
    )


def _deals(session: Session, report: Foresight, viewer: Person | None, most: int = SHOWN) -> dict[int, Deal]:
    ids = {line.instance_id for line in report.lines[:most] if line.instance_id}
    query = select(Deal).where(Deal.instance_id.in_(ids))
    if viewer is not None:
        query = query.where(access.visible(viewer, Deal))
    return {deal.instance_id: deal for deal in session.scalars(query)}


# ------------------------------------------------------------------------------------------------ paper, machines


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """The forecast as a paper."""
    scope, names = ask.scope(session, viewer), Names(session, ask.ladder)
    report = foreseen(session, ask, scope)
    names.learn(line.owner_id for line in report.lines)
    title = gettext("Forecast")
    shows = report.trial.is_better
    tables = [_stages(ask, report, names), _lines(session, report, names, viewer)] if shows else []
    figures = [Figure("outlook", title, finding(report), str(picture(ask, report, names)), "stages")]
    return Paper(
        "forecast",
        title,
        f"{ask.ladder.title.into(current())} · {gettext('%(days)s days ahead', days=report.horizon)}",
        report.as_of,
        finding(report),
        [str(each) for each in WORDS],
        figures if shows else [],
        [*tables, _trial(report)],
    )


def _stages(ask: Asked, report: Foresight, names: Names) -> Table:
    columns = (
        Column(pgettext("report", "Stage")),
        Column(gettext("Open"), "count"),
        Column(gettext("Expected to be won"), "count"),
        Column(gettext("at least"), "count"),
        Column(gettext("at most"), "count"),
        Column(gettext("Money open"), "money"),
        Column(gettext("Money expected"), "money"),
    )
    rows = [
        (
            Cell(names.stage(stage)),
            Cell(of.n, ask.stood(ask.today + DAY, stage)),
            *(Cell(round(each, 1)) for each in (of.won.value, of.won.low, of.won.high)),
            Cell(of.money / 100),
            Cell(round(of.won_money.value / 100)),
        )
        for stage, of in report.stages
    ]
    return Table("stages", gettext("What is expected, by stage"), columns, rows)


def _lines(session: Session, report: Foresight, names: Names, viewer: Person | None) -> Table:
    deals = _deals(session, report, viewer, len(report.lines))
    columns = [
        Column(pgettext("report", "Deal")),
        Column(pgettext("report", "Stage")),
        Column(pgettext("report", "Owner")),
        Column(gettext("Days there"), "days"),
        Column(pgettext("report", "Amount"), "money"),
        Column(gettext("Chance"), "share"),
        Column(gettext("Days, p50"), "days"),
        Column(gettext("Days, p80"), "days"),
    ]
    rows = []
    for line in report.lines:
        deal = deals.get(line.instance_id or 0)
        days = (line.outlook.half, line.outlook.most) if report.trial.knows_when else (None, None)
        rows.append(
            (
                Cell(f"{deal.number} {deal.title}", url_for("deals.deal", deal_id=deal.id))
                if deal
                else Cell(line.item),
                Cell(names.stage(line.stage)),
                Cell(names.person(line.owner_id) if line.owner_id else ""),
                Cell((report.as_of - line.since) / timedelta(days=1)),
                Cell(line.money / 100),
                Cell(line.outlook.chance),
                *(Cell(each) for each in days),
            )
        )
    return Table("open", gettext("What is open"), columns, rows)


def _trial(report: Foresight) -> Table:
    columns = (
        Column(gettext("Day of the past"), "day"),
        Column(gettext("Open then"), "count"),
        Column(gettext("Foreseen"), "count"),
        Column(gettext("Won"), "count"),
    )
    rows = [
        (Cell(local_day(each.at)), Cell(each.n), Cell(round(each.foreseen, 1)), Cell(each.won))
        for each in report.trial.rounds
    ]
    return Table("trial", gettext("The trial on the past"), columns, rows)


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of the forecast; see docs/reports-json-foresight.md."""
    report = foreseen(session, ask, ask.scope(session, viewer))
    trial = report.trial
    return {
        "ladder": ask.ladder.key,
        "as_of": report.as_of,
        "horizon_days": report.horizon,
        "shown": trial.is_better,
        "dates_shown": trial.knows_when,
        "learned_from": report.learned,
        "of": report.known,
        "without_history": report.silent,
        "whole": _sum(report.whole),
        "stages": [{"stage": stage, **_sum(total)} for stage, total in report.stages],
        "open": [
            {
                "item": line.item,
                "stage": line.stage,
                "since": line.since,
                "money": line.money / 100,
                "chance": line.outlook.chance,
                "p50_days": line.outlook.half,
                "p80_days": line.outlook.most,
            }
            for line in report.lines
        ],
        "trial": {
            "n": trial.n,
            "won": trial.won,
            "brier": trial.brier,
            "base_brier": trial.base_brier,
            "mae_days": trial.error,
            "base_mae_days": trial.base_error,
            "rounds": [
                {"at": each.at, "n": each.n, "foreseen": each.foreseen, "won": each.won}
                for each in trial.rounds
            ],
        },
    }


def _sum(of: Sum) -> dict[str, Any]:
    def ends(spread: Spread, unit: float = 1) -> dict[str, float]:
        return {"value": spread.value / unit, "low": spread.low / unit, "high": spread.high / unit}

    return {"n": of.n, "money": of.money / 100, "won": ends(of.won), "won_money": ends(of.won_money, 100)}
