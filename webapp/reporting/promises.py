"""Promises between departments over time, on the screen: kept and broken, by whom, and what clients felt of it."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext, pgettext
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access
from engine.people import Person
from engine.sales import promises as promising
from engine.sales.agreements import Agreement
from engine.sales.deals import Deal
from reports import charts, ladders, promise_course
from reports.charts import Bar, MovesWords, Part
from reports.periods import DAY, Period, spanning
from reports.promise_course import Count, Course
from reports.queries import Scope
from reports.scoreboard import TOGETHER
from webapp import formats, promise_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.languages import current
from webapp.reporting import words
from webapp.reporting.address import Asked, Unknown, asked, day, number
from webapp.reporting.asked import check
from webapp.reporting.page import bp, shared
from webapp.reporting.paper import Cell, Column, Figure, Paper, Table
from webapp.reporting.words import Names
from webapp.scoreboard import LISTS

MOST = 500
"""Rows of a list."""
COLUMNS = (
    ("requested", lazy_gettext("asked for")),
    ("kept", lazy_gettext("kept")),
    ("kept_renegotiated", lazy_gettext("of them by a later date")),
    ("broken", lazy_gettext("broken")),
    ("broken_quality", lazy_gettext("of them on quality")),
)
WORDS = (
    lazy_gettext(
        "Kept: delivered by the promised time and accepted. Broken: late, or refused for good; what is open and overdue counts as broken now. Share kept = kept / (kept + broken); each promise counts on the day it was decided, requests on the day they were made."
    ),
)


@bp.get("/promises")
@needs("employee", "director")
def promises() -> ResponseReturnValue:
    """Promises of a window, period by period."""
    session = db.session()
    if not ladders.known(session):
        return render_template("reporting/nothing.html")
    ask = asked(session, now())
    scope, report = told(session, ask, me())
    names = Names(session, ask.ladder)
    return render_template(
        "reporting/promises.html",
        report=report,
        picture=picture(ask, report),
        finding=finding(report, names),
        columns=COLUMNS,
        agreements=agreement_names(session),
        href=lambda what, period, **more: href(ask, what, period, **more),
        felt_href=lambda cause, period: felt_href(ask, cause, period),
        definition=WORDS,
        **shared(session, ask, scope, names),
    )


def told(session: Session, ask: Asked, viewer: Person | None) -> tuple[Scope, Course]:
    """What the address asks for, and the promises of its window."""
    scope, window = ask.scope(session, viewer), ask.window()
    periods = spanning(window.start, window.end, window.by)
    return scope, promise_course.course(
        session, viewer, periods, now=ask.moment, departments=scope.department_ids
    )


def href(ask: Asked, what: str, period: Period, **more: Any) -> str:
    """The address of the promises that a number counts."""
    days: dict[str, Any] = {"from": period.start.isoformat(), "to": period.last.isoformat()}
    return url_for("reports.promise_list", what=what, **_kept(ask), **days, **more)


def felt_href(ask: Asked, cause: int, period: Period) -> str:
    """The address of the broken commitments that a number counts."""
    days: dict[str, Any] = {"from": period.start.isoformat(), "to": period.last.isoformat()}
    return url_for("reports.broken_list", cause=cause, **_kept(ask), **days)


def _kept(ask: Asked) -> dict[str, Any]:
    return {"department": ask.department, "as_of": ask.as_of.isoformat() if ask.as_of else None}


def agreement_names(session: Session) -> dict[int, str]:
    """What each agreement is called."""
    rows = session.execute(select(Agreement.id, Agreement.code, Agreement.title, Agreement.title_en))
    return {
        id_: " · ".join(part for part in (code, (title if current() == "pl" else english or title)) if part)
        for id_, code, title, english in rows
    }


def finding(report: Course, names: Names) -> str:
    """What happened, in a sentence."""
    whole = report.whole
    if whole.share is None:
        return str(gettext("No promise was decided in these days."))
    said = gettext(
        "%(share)s of %(promises)s kept",
        share=formats.percent(whole.share),
        promises=ngettext("%(num)d promise", "%(num)d promises", whole.n("judged")),
    )
    said += _against(report)
    worst = next((each for each in report.providers if each[1].n("broken")), None)
    if worst is not None:
        said += gettext(
            "; most broken by %(department)s: %(n)s",
            department=names.department(worst[0]),
            n=formats.number(worst[1].n("broken")),
        )
    clients = sum(sum(row) for _, row in report.felt)
    if clients:
        said += ngettext(
            "; %(num)d word to a client was broken", "; %(num)d words to clients were broken", clients
        )
    return f"{said}."


def _against(report: Course) -> str:
    """How that compares with as many days before."""
    before, whole = report.before, report.whole
    if before.share is None or whole.share is None or before.is_few or whole.is_few:
        return str(gettext(" (too few to compare)"))
    points = round(100 * whole.share) - round(100 * before.share)
    said = ngettext("%(num)d point", "%(num)d points", abs(points))
    if not points:
        return str(gettext(", as before"))
    return str(
        gettext(", %(points)s better than before", points=said)
        if points > 0
        else gettext(", %(points)s worse than before", points=said)
    )


def picture(ask: Asked, report: Course) -> Markup:
    """Kept up, broken down, a bar a period."""
    bars = [_bar(ask, period, count) for period, count in report.periods]
    title = gettext("Promises kept and broken in each period, %(days)s", days=words.span(report.window))
    kept, broken = pgettext("promises", "kept"), pgettext("promises", "broken")
    about = gettext(
        "Bars upwards: kept as first promised, and by a later date. Bars downwards: broken late, and on quality."
    )
    said = MovesWords(title, about, kept, broken, "", words.period(report.periods[-1][0], ask.today))
    return Markup(charts.moves(bars, said))  # noqa: S704  # charts escape every word they are given


def _bar(ask: Asked, period: Period, count: Count) -> Bar:
    def part(*names: str) -> Part:
        n = sum(count.n(name) for name in names)
        title = f"{words.span(period)}: {', '.join(str(LISTS.get(name, name)) for name in names)} {n}"
        return Part(n, href(ask, names[0], period) if n else "", title)

    first, second = words.labels(period)
    late = count.n("broken") - count.n("broken_quality")
    broken, kept = part("broken"), part("kept")
    share = "" if count.share is None else formats.percent(count.share)
    return Bar(
        first,
        second,
        forward=part("kept_first"),
        won=part("kept_renegotiated"),
        new=Part(),
        backward=Part(late, broken.href if late else "", broken.title),
        lost=part("broken_quality"),
        up=kept,
        down=broken,
        up_text=share if kept.value else "",
        down_text=formats.number(int(broken.value)) if broken.value else "",
        is_now=ask.today in period,
    )


# ------------------------------------------------------------------------------------------------ lists


@bp.get("/promises/list")
@needs("employee", "director")
def promise_list() -> ResponseReturnValue:
    """The promises that a number counts."""
    session = db.session()
    ask, what = asked(session, now()), request.args.get("what", "")
    if what not in TOGETHER:
        raise Unknown(name="what", value=what[:80])
    first, last = _days(ask)
    check(session, request.args)
    provider, agreement = number(request.args, "provider"), number(request.args, "agreement")
    if agreement and agreement not in agreement_names(session):
        raise Unknown(name="agreement", value=agreement)
    query = promise_course.promises(
        me(),
        what,
        first,
        last + DAY,
        now=ask.moment,
        provider=provider,
        agreement=agreement,
        departments=ask.scope(session, me()).department_ids,
    )
    rows = session.scalars(query.limit(MOST)).all()
    names = Names(session, ask.ladder)
    parts = [str(LISTS.get(what, what)), words.days(first, last)]
    if provider is not None:
        parts.append(names.department(provider))
    if agreement is not None:
        parts.append(agreement_names(session).get(agreement) or gettext("without an agreement"))
    return render_template(
        "reporting/promise_list.html",
        title=" · ".join(parts),
        total=session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0,
        rows=rows,
        deals=_deals(session, [row.deal_id for row in rows]),
        names=names,
        title_of=promise_words.title,
        standing=promising.judge(session, now=now()),
    )


@bp.get("/promises/felt")
@needs("employee", "director")
def broken_list() -> ResponseReturnValue:
    """The broken commitments with clients that a number counts."""
    session = db.session()
    check(session, request.args)
    ask, cause = asked(session, now()), number(request.args, "cause")
    first, last = _days(ask)
    query = promise_course.commitments(
        me(), first, last + DAY, cause=cause, departments=ask.scope(session, me()).department_ids
    )
    rows = session.scalars(query.limit(MOST)).all()
    names = Names(session, ask.ladder)
    parts = [gettext("Broken words to clients"), words.days(first, last)]
    if cause is not None:
        parts.append(names.department(cause) if cause else gettext("Nobody named"))
    return render_template(
        "reporting/broken_list.html",
        title=" · ".join(parts),
        total=session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0,
        rows=rows,
        deals=_deals(session, [row.deal_id for row in rows]),
        names=names,
    )


def _days(ask: Asked) -> tuple[date, date]:
    first, last = day(request.args, "from") or ask.today, day(request.args, "to") or ask.today
    if first > last:
        raise Unknown(name="from", value=first)
    return first, last


def _deals(session: Session, ids: Sequence[int | None]) -> dict[int, Deal]:
    query = select(Deal).where(Deal.id.in_({each for each in ids if each}), access.visible(me(), Deal))
    return {deal.id: deal for deal in session.scalars(query)}


# ------------------------------------------------------------------------------------------------ paper, machines


def paper(session: Session, ask: Asked, viewer: Person | None) -> Paper:
    """Promises over time as a paper."""
    _, report = told(session, ask, viewer)
    names = Names(session, ask.ladder)
    title, said = gettext("Promises"), finding(report, names)
    return Paper(
        "promises",
        title,
        words.span(report.window),
        ask.moment,
        said,
        [str(each) for each in WORDS],
        [Figure("promises", title, said, str(picture(ask, report)), "periods")],
        [
            _table(
                "periods",
                gettext("Period by period"),
                [(words.span(p), p, {}, c) for p, c in report.periods],
                ask,
            ),
            _table(
                "providers",
                gettext("By provider"),
                [(names.department(id_), report.window, {"provider": id_}, c) for id_, c in report.providers],
                ask,
            ),
            _felt_table(ask, report, names),
        ],
    )


def _table(
    key: str, title: str, rows: Sequence[tuple[str, Period, dict[str, int], Count]], ask: Asked
) -> Table:
    columns = [Column(title), *(Column(str(said), "count") for _, said in COLUMNS)]
    columns.append(Column(gettext("share kept"), "share"))
    cells = [
        (
            Cell(name),
            *(Cell(count.n(what), href(ask, what, period, **more)) for what, _ in COLUMNS),
            Cell(count.share),
        )
        for name, period, more, count in rows
    ]
    return Table(key, title, columns, cells)


def _felt_table(ask: Asked, report: Course, names: Names) -> Table:
    title = gettext("Broken words to clients, by whose doing it was")
    columns = [Column(gettext("Department")), *(Column(words.span(p), "count") for p, _ in report.periods)]
    rows = [
        (
            Cell(names.department(cause) if cause else gettext("Nobody named")),
            *(
                Cell(n, felt_href(ask, cause, period) if n else "")
                for n, (period, _) in zip(counts, report.periods, strict=True)
            ),
        )
        for cause, counts in report.felt
    ]
    return Table("felt", title, columns, rows)


def plain(session: Session, ask: Asked, viewer: Person | None) -> dict[str, Any]:
    """Every number of promises over time; see docs/reports-json-foresight.md."""
    _, report = told(session, ask, viewer)
    return {
        "from": report.window.start,
        "to": report.window.last,
        "as_of": ask.moment,
        "whole": _count(report.whole),
        "before": _count(report.before),
        "periods": [
            {"from": period.start, "to": period.last, **_count(count)} for period, count in report.periods
        ],
        "providers": [{"department_id": id_ or None, **_count(count)} for id_, count in report.providers],
        "agreements": [{"agreement_id": id_ or None, **_count(count)} for id_, count in report.agreements],
        "broken_commitments": [
            {"department_id": cause or None, "by_period": list(counts), "n": sum(counts)}
            for cause, counts in report.felt
        ],
    }


def _count(count: Count) -> dict[str, Any]:
    return {**{name: count.n(name) for name in TOGETHER}, "kept_share": count.share, "too_few": count.is_few}
