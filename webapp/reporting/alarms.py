"""Days with too little green: what was asked about, what was answered."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.process import tasks
from reports import ladders, low_green
from reports.ladders import Ladder
from reports.low_green import CAUSES, WHOLE, LowGreen
from reports.movements import GREEN
from reports.periods import DAY, Period
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.reporting.address import Asked
from webapp.reporting.asked import page_of
from webapp.reporting.page import bp
from webapp.reporting.seen import nothing
from webapp.reporting.words import Names

SIZE = 50


@bp.get("/alarms")
@needs("employee", "director")
def alarms() -> ResponseReturnValue:
    """Past alarms of the ladder, of the departments that the viewer reads."""
    session = db.session()
    if not ladders.known(session):
        return nothing()
    ladder = ladders.find(session, request.args.get("ladder"))
    found = low_green.seen(me()).where(LowGreen.ladder == ladder.key)
    count = session.scalar(select(func.count()).select_from(found.order_by(None).subquery())) or 0
    page = page_of(request.args, count, SIZE)
    rows = session.scalars(found.limit(SIZE).offset((page - 1) * SIZE)).all()
    names = Names(session, ladder)
    names.learn(row.answered_by_id for row in rows)
    return render_template(
        "reporting/alarms.html",
        ladder=ladder,
        rows=rows,
        count=count,
        page=page,
        size=SIZE,
        names=names,
        causes=CAUSES,
        moves=lambda row: _moves(ladder, row),
        task=lambda row: _task(session, row),
        page_url=lambda number: url_for(".alarms", ladder=ladder.key, page=number),
        WHOLE=WHOLE,
    )


def _moves(ladder: Ladder, row: LowGreen) -> str:
    """The list of what did move forward that day."""
    ask = Asked(ladder, now())
    cut = {} if row.department_id == WHOLE else {"unit": row.department_id}
    return ask.listed(Period(row.day, row.day + DAY), GREEN, **cut)


def _task(session: Session, row: LowGreen) -> int | None:
    """The task that asks about it, while it is the viewer's to answer."""
    if row.answered_at or row.instance_id is None:
        return None
    mine = [each.id for each in tasks.open_of(session, row.instance_id) if each.assignee_id == me().id]
    return mine[0] if mine else None
