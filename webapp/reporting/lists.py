"""The lists behind every number of the reports, on the screen and as a file."""

import csv
import io
from typing import Any

from flask import Response, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, pgettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.calendars import HOME
from reports import flow as reaching
from reports import queries, reading
from reports.periods import DAY, Period
from reports.queries import Scope
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.reporting import words
from webapp.reporting.address import Asked, EndsBeforeItBegins, Unknown, asked, cut, day
from webapp.reporting.asked import check_moves, page_of
from webapp.reporting.funnel_lists import cell
from webapp.reporting.item_words import says
from webapp.reporting.page import bp, shared
from webapp.reporting.things import Thing, things
from webapp.reporting.words import Names

PAGE = 50
MOST = 20_000
"""Rows of a downloaded list."""


@bp.get("/moves")
@needs("employee", "director")
def moves() -> ResponseReturnValue:
    """The moves (or deals) that a number counts."""
    session = db.session()
    ask = asked(session, now())
    query, title = _listed(session, ask)
    whole = query.order_by(None).subquery()
    count, money = session.execute(select(func.count(), func.sum(whole.c.money))).one()
    page = page_of(request.args, count, PAGE)
    rows = session.execute(query.limit(PAGE).offset((page - 1) * PAGE)).all()
    names = Names(session, ask.ladder)
    names.learn({row.actor_id for row in rows} | {row.owner_id for row in rows})
    return render_template(
        "reporting/moves.html",
        title=title,
        rows=rows,
        things=things(session, (row.item for row in rows)),
        count=count,
        money=(money or 0) / 100,
        page=page,
        size=PAGE,
        page_url=lambda number: _same("reports.moves", page=number),
        csv_url=_same("reports.download"),
        address=_address,
        **shared(session, ask, ask.scope(session, me()), names),
    )


@bp.get("/moves.csv")
@needs("employee", "director")
def download() -> ResponseReturnValue:
    """The same list as a CSV file."""
    session = db.session()
    ask = asked(session, now())
    query, _ = _listed(session, ask)
    rows = session.execute(query.limit(MOST)).all()
    names = Names(session, ask.ladder)
    names.learn({row.actor_id for row in rows} | {row.owner_id for row in rows})
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(_heads(ask.ladder.of))
    known = things(session, (row.item for row in rows))
    writer.writerows([words.plain(cell) for cell in _cells(row, known, names, ask.ladder.of)] for row in rows)
    name = f"{ask.ladder.key}-{ask.today.isoformat()}.csv"
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response("\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue(), mimetype="text/csv", headers=headers)


def _listed(session: Session, ask: Asked) -> tuple[Select[Any], str]:
    """The query of a list and what it is called."""
    scope = ask.scope(session, me())
    names = Names(session, ask.ladder)
    check_moves(session, ask, request.args, names)
    standing = request.args.get("standing")
    if standing:
        morning = day(request.args, "at") or ask.today
        stage = None if standing == queries.ANY else standing
        where = names.stage(stage) or gettext("on any stage")
        title = gettext(
            "Open on the morning of %(day)s: %(where)s", day=words.days(morning, morning), where=where
        )
        if not request.args.get("idle"):
            return queries.stood(scope, morning, stage), title
        limits = reading.limits(ask.ladder, morning - DAY)
        rested = gettext("%(title)s, without a move for too long", title=title)
        return queries.stood(scope, morning, stage, limits), rested
    if ask.start and ask.end and ask.start > ask.end:
        raise EndsBeforeItBegins(start=ask.start, end=ask.end, field="from")
    period = Period(ask.start or ask.today, (ask.end or ask.today) + DAY)
    if request.args.get("cell") == "reach":
        return _reach(session, ask, scope, period, names)
    if request.args.get("cell"):
        return cell(session, ask, scope, period, names)
    return queries.listed(scope, cut(period)), _title(ask, period, names)


def _title(ask: Asked, period: Period, names: Names) -> str:
    """What the list shows, said from its address."""
    args = request.args
    parts = [
        words.kinds(tuple(kind for kind in args.get("kinds", "").split(",") if kind), ask.ladder.of),
        words.span(period),
    ]
    for name, said in (("left", gettext("from %(stage)s")), ("entered", gettext("to %(stage)s"))):
        if args.get(name, queries.ANY) not in (queries.ANY, queries.NONE):
            parts.append(said % {"stage": names.stage(args[name])})
    if args.get("unit"):
        parts.append(names.department(cut(period).unit))
    if args.get("person"):
        parts.append(names.person(cut(period).owner))
    if args.get("cause"):
        parts.append(gettext("caused by: %(department)s", department=names.department(cut(period).cause)))
    if "reason" in args:
        parts.append(names.reason(args["reason"]))
    return " · ".join(parts)


def _reach(
    session: Session, ask: Asked, scope: Scope, period: Period, names: Names
) -> tuple[Select[Any], str]:
    """What first reached a stage in these days: a mark of the cumulative flow."""
    stage = request.args.get("stage", "")
    rank = len(ask.ladder.stages) + 1 if stage == "won" else ask.ladder.ranks.get(stage, 0)
    if not rank:
        raise Unknown(name="stage", value=stage[:60])
    every = reading.paths(session, scope, ask.ladder)
    where = pgettext("report", "Won") if stage == "won" else names.stage(stage)
    title = gettext("First reached %(stage)s or beyond: %(days)s", stage=where, days=words.span(period))
    return queries.chosen(scope, reaching.reached_in(every, period, rank)), title


def _same(endpoint: str, **changes: Any) -> str:
    return url_for(endpoint, **{**request.args.to_dict(), **changes})


def _address(endpoint: str, **values: Any) -> str | None:
    """An address of another room of the house, where it exists."""
    known = endpoint in current_app.view_functions and all(values.values())
    return url_for(endpoint, **values) if known else None


def _heads(of: str) -> list[str]:
    return [
        pgettext("report", "When"),
        says(of)["item"],
        pgettext("report", "Move"),
        gettext("From stage"),
        gettext("To stage"),
        pgettext("report", "Amount"),
        pgettext("report", "Owner"),
        gettext("Department"),
        gettext("Who moved it"),
        pgettext("report", "Reason"),
        gettext("Caused by"),
    ]


def _cells(row: Any, known: dict[str, Thing], names: Names, of: str) -> list[object]:
    thing = known.get(row.item)
    return [
        row.at.astimezone(HOME).strftime("%Y-%m-%d %H:%M"),
        thing.words if thing else row.item,
        words.kind(row.told, of),
        names.stage(row.from_stage),
        names.stage(row.to_stage),
        row.amount,
        names.person(row.owner_id) if row.owner_id else "",
        names.department(row.department_id) if row.department_id else "",
        names.person(row.actor_id) if row.actor_id else "",
        names.reason(row.reason) if row.reason else "",
        names.department(row.causing_department_id) if row.causing_department_id else "",
    ]
