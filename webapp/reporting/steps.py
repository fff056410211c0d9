"""The list behind each number of the reports of steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, pgettext
from sqlalchemy import Select, func, select

from engine.process.blueprint import Text
from reports import step_picks
from reports.step_picks import Pick
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.languages import current
from webapp.reporting import words
from webapp.reporting.address import Unknown, asked, number
from webapp.reporting.asked import check, page_of
from webapp.reporting.page import bp
from webapp.reporting.seen import Seen, around, called, look
from webapp.reporting.sheets import MOST, PAGE, csv_file, same, stamp, who
from webapp.reporting.turns import step_named

KINDS: Mapping[str, Any] = {
    "queued": lazy_gettext("Steps that waited in these days"),
    "waiting": lazy_gettext("Steps that wait at the end of these days"),
    "ready": lazy_gettext("Steps that became ready"),
    "taken": lazy_gettext("Steps that became ready and were begun"),
    "untaken": lazy_gettext("Steps that became ready and were not begun"),
    "ended": lazy_gettext("Steps that ended"),
    "done": lazy_gettext("Steps completed"),
    "cancelled": lazy_gettext("Steps closed without being done"),
    "abandoned": lazy_gettext("Steps that ended without having begun"),
    "again": lazy_gettext("Steps done again"),
    "repeat": lazy_gettext("Steps done again by the same person"),
    "redo": lazy_gettext("Steps done again by somebody else"),
    "after": lazy_gettext("Steps completed right after another"),
    "open": lazy_gettext("Open work"),
    "overdue": lazy_gettext("Overdue work"),
    "present": lazy_gettext("Work that was open in these days"),
    "working": lazy_gettext("Work that somebody had in these days"),
    "broken": lazy_gettext("Steps whose promise was broken"),
}
FLAGS = {"is_back": "back", "handed": "handed", "is_over": "over"}


@bp.get("/steps", endpoint="steps")
@needs("employee", "director")
def steps_list() -> ResponseReturnValue:
    """The work items that a number counts."""
    session = db.session()
    seen = look(session, asked(session, now()), me())
    query, title = _picked(seen)
    count = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    page = page_of(request.args, count, PAGE)
    rows = session.execute(query.limit(PAGE).offset((page - 1) * PAGE)).all()
    return render_template(
        "reporting/steps.html",
        title=title,
        rows=rows,
        known=known(seen, rows),
        count=count,
        page=page,
        size=PAGE,
        page_url=lambda number: same("reports.steps", page=number),
        csv_url=same("reports.steps_file"),
        as_of=seen.window[1],
        waited=waited,
        **around(seen),
    )


@bp.get("/steps.csv")
@needs("employee", "director")
def steps_file() -> ResponseReturnValue:
    """The same list as a CSV file."""
    session = db.session()
    seen = look(session, asked(session, now()), me())
    query, _ = _picked(seen)
    rows = session.execute(query.limit(MOST)).all()
    told = known(seen, rows)
    lines = [_cells(seen, told, row) for row in rows]
    return csv_file(seen, [_heads(), *lines], "steps")


def _picked(seen: Seen) -> tuple[Select[Any], str]:
    """The query of a list and what it is called. Raises `Unknown`."""
    args = request.args
    kind = args.get("kind", "ended")
    if kind not in KINDS:
        raise Unknown(name="kind", value=kind[:60])
    check(seen.session, args)
    seen.check_step(args.get("diagram"), args.get("element"))
    numbers: dict[str, Any] = {
        field: number(args, name)
        for field, name in (
            ("came_from", "giver"),
            ("department", "receiver"),
            ("person", "person"),
            ("holder", "holder"),
            ("instance", "case"),
        )
    }
    flags = {name: args.get(key) == "1" for name, key in FLAGS.items()}
    numbers["first"] = step_named(seen, "first") if kind == "after" else None
    pick = seen.pick(kind, diagram=args.get("diagram"), element=args.get("element"), **numbers, **flags)
    query = step_picks.listed(seen.session, seen.scope, pick, known=seen.ask.moment)
    return query, " · ".join(_title(seen, pick))


def _title(seen: Seen, pick: Pick) -> list[str]:
    """What a list shows, said from its address."""
    parts = [str(KINDS[pick.kind])]
    if pick.element is not None:
        parts.append(seen.plans.step(pick.diagram or "", pick.element))
    if pick.first is not None:
        parts.append(gettext("right after: %(step)s", step=seen.plans.step(*pick.first)))
    if pick.came_from is not None and pick.department is not None:
        giver, receiver = seen.names.department(pick.came_from), seen.names.department(pick.department)
        parts.append(gettext("handed over: %(giver)s → %(receiver)s", giver=giver, receiver=receiver))
    elif pick.department is not None:
        parts.append(seen.names.department(pick.department))
    if pick.is_back:
        parts.append(gettext("come back to who had handed it over"))
    if pick.holder is not None:
        parts.append(seen.names.department(pick.holder))
    if pick.person is not None:
        parts.append(seen.names.person(pick.person) if pick.person else pgettext("steps", "nobody yet"))
    if pick.is_over:
        parts.append(gettext("in cases that ended: %(days)s", days=words.span(seen.period)))
    elif pick.kind not in ("open", "overdue"):
        parts.append(words.span(seen.period))
    return parts


@dataclass(frozen=True, slots=True)
class Known:
    """Names for a page of steps: cases by id, and which of them the viewer may open."""

    cases: Mapping[int, str]


def known(seen: Seen, rows: Sequence[Any]) -> Known:
    """The names that these steps need, each read once."""
    seen.names.learn(row.actor_id for row in rows)
    return Known(called(seen.session, {row.instance_id for row in rows}))


def waited(row: Any, known: datetime) -> float:
    """Seconds in the queue, for one that stands there until now."""
    return float(max(0.0, ((row.left or known) - row.ready).total_seconds()))


def _heads() -> list[str]:
    return [
        pgettext("report", "Step"),
        pgettext("report", "Case"),
        gettext("Department"),
        pgettext("steps", "Came from"),
        pgettext("steps", "Ready"),
        pgettext("report", "Begun"),
        pgettext("report", "Ended"),
        gettext("Due"),
        gettext("Waited, hours"),
        gettext("Worked on it, or has it"),
        gettext("State"),
    ]


def _cells(seen: Seen, told: Known, row: Any) -> list[object]:
    return [
        Text(row.title, row.title_en).into(current()) or row.element,
        told.cases.get(row.instance_id, row.instance_id),
        seen.names.department(row.department_id) if row.department_id else "",
        seen.names.department(row.came_from_id) if row.came_from_id else "",
        *(stamp(at) for at in (row.ready, row.started, row.ended, row.due)),
        round(waited(row, seen.window[1]) / 3600, 2),
        who(seen, row.actor_id),
        state(row),
    ]


def state(row: Any) -> str:
    """What became of a step, in words."""
    if row.ended is None:
        return str(pgettext("step", "in work") if row.started else pgettext("step", "waits"))
    done = row.seq is not None
    return str(pgettext("step", "done") if done else pgettext("step", "closed without being done"))
