"""The cases behind a number of the variants."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, pgettext
from sqlalchemy import select

from reports import steps, variants
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.reporting import words
from webapp.reporting.address import Unknown, asked
from webapp.reporting.asked import page_of
from webapp.reporting.page import bp
from webapp.reporting.seen import Seen, around, look
from webapp.reporting.sheets import MOST, PAGE, csv_file, same, stamp, who
from webapp.reporting.turns import in_turn


@bp.get("/cases")
@needs("employee", "director")
def cases() -> ResponseReturnValue:
    """The cases that a number of the variants counts."""
    session = db.session()
    seen = look(session, asked(session, now()), me())
    ids, title = _variant(seen)
    page = page_of(request.args, len(ids), PAGE)
    rows = _cases(seen, ids[(page - 1) * PAGE : page * PAGE])
    return render_template(
        "reporting/cases.html",
        title=title,
        rows=rows,
        count=len(ids),
        page=page,
        size=PAGE,
        page_url=lambda number: same("reports.cases", page=number),
        csv_url=same("reports.cases_file"),
        as_of=seen.window[1],
        **around(seen),
    )


@bp.get("/cases.csv")
@needs("employee", "director")
def cases_file() -> ResponseReturnValue:
    """The same list as a CSV file."""
    session = db.session()
    seen = look(session, asked(session, now()), me())
    ids, _ = _variant(seen)
    heads = [
        pgettext("report", "Case"),
        pgettext("report", "Begun"),
        pgettext("report", "Ended"),
        pgettext("report", "Owner"),
    ]
    lines = [
        [row.title or row.id, stamp(row.started), stamp(row.ended), who(seen, row.owner_id)]
        for start in range(0, min(len(ids), MOST), 500)
        for row in _cases(seen, ids[start : start + 500])
    ]
    return csv_file(seen, [heads, *lines], "cases")


def _cases(seen: Seen, ids: Sequence[int]) -> Sequence[Any]:
    case = steps.cases(seen.scope).subquery()
    rows = seen.session.execute(select(case).where(case.c.id.in_(ids)).order_by(case.c.id)).all()
    seen.names.learn(row.owner_id for row in rows)
    return rows


def _variant(seen: Seen) -> tuple[list[int], str]:
    if any(request.args.get(name) for name in ("again", "first", "then")):
        return in_turn(seen)
    key = request.args.get("variant", "*")
    ids = variants.members(seen.session, seen.scope, seen.period, seen.ask.moment, key=key, version=seen.only)
    names: dict[str, str] = {
        "*": gettext("Cases that ended"),
        "open": gettext("Cases that have not ended"),
    }
    if not ids and key not in names:
        raise Unknown(name="variant", value=key[:60])
    said = names.get(key) or gettext("Cases of one variant")
    return ids, f"{said} · {words.span(seen.period)}"
