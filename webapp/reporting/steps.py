"""Reports of work items: what they share, the list behind each of their numbers, and the cases behind a variant."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, pgettext
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine.calendars import HOME
from engine.people import Person
from engine.process import definitions
from engine.process.blueprint import Blueprint, Text
from engine.process.definitions import Definition
from engine.process.instances import Instance
from reports import ladders, step_picks, steps, variants
from reports.periods import DAY, Period
from reports.queries import Scope
from reports.step_picks import Pick
from reports.steps import Stretch
from webapp import formats
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.languages import current, into_words
from webapp.reporting import words
from webapp.reporting.address import Asked, Unknown, asked, number
from webapp.reporting.asked import check, page_of
from webapp.reporting.page import bp, shared
from webapp.reporting.turns import in_turn
from webapp.reporting.words import Names

PAGE, MOST = 50, 20_000
MONTHS = 2
"""Whole months before this one that a report of steps shows when nobody chose days."""

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
    "open": lazy_gettext("Open work"),
    "overdue": lazy_gettext("Overdue work"),
    "present": lazy_gettext("Work that was open in these days"),
    "working": lazy_gettext("Work that somebody had in these days"),
    "broken": lazy_gettext("Steps whose promise was broken"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a report of steps is about. ``version`` is the definition whose drawings and names it shows, ``only`` says
    whether its steps alone are counted."""

    session: Session
    ask: Asked
    scope: Scope
    period: Period
    window: Stretch
    names: Names
    plans: "Plans"
    version: Definition | None
    only: int | None

    def listed(self, kind: str, **pick: Any) -> str:
        """The address of the steps that a number counts."""
        days: dict[str, Any] = {"from": self.period.start.isoformat(), "to": self.period.last.isoformat()}
        return url_for("reports.steps", **self.ask.kept(), version=self.only, **days, kind=kind, **pick)

    def cases(self, variant: str = "*", **more: Any) -> str:
        """The address of the cases that a number counts: of a variant, or in which steps came ``again`` or in turn."""
        days: dict[str, Any] = {"from": self.period.start.isoformat(), "to": self.period.last.isoformat()}
        kept = self.ask.kept()
        return url_for("reports.cases", **kept, version=self.only, **days, variant=variant, **more)

    def pick(self, kind: str, **more: Any) -> Pick:
        """Which steps a number counts."""
        return Pick(kind, self.period, version=self.only, **more)

    def check_step(self, diagram: str | None, element: str | None, name: str = "element") -> None:
        """Raises `Unknown` for a step that no version has and no log tells of."""
        if element is not None and not self.plans.has(diagram or "", element):
            row = steps.told(self.session, self.scope)
            known = select(row.c.element).where(row.c.diagram == diagram, row.c.element == element).limit(1)
            if self.session.scalar(known) is None:
                raise Unknown(name=name, value=element[:60])

    @property
    def about(self) -> str:
        """What the report covers, in words."""
        parts = [self.ask.ladder.title.into(current()), words.days(self.period.start, self.period.last)]
        if self.version is not None and self.only is not None:
            parts.append(gettext("version %(version)s", version=self.version.version))
        return ", ".join(parts)


class Plans:
    """The versions of a process, each read when it is needed."""

    def __init__(self, session: Session, process: str) -> None:
        self._session = session
        self.versions: Sequence[Definition] = session.scalars(definitions.versions(process)).all()
        self._known: dict[int, Blueprint] = {}

    def plan(self, definition: Definition) -> Blueprint:
        """What a version means."""
        if definition.id not in self._known:
            self._known[definition.id] = definitions.blueprint(self._session, definition)
        return self._known[definition.id]

    def has(self, diagram: str, element: str) -> bool:
        """Whether some version has a step."""
        return any(self.plan(version).element(diagram, element) for version in self.versions)

    def step(self, diagram: str, element: str) -> str:
        """What a step is called in the newest version that has it; its id where none names it."""
        for version in self.versions:
            found = self.plan(version).element(diagram, element)
            if found is not None:
                return into_words(found.name) or element
        return element


def look(session: Session, ask: Asked, viewer: Person | None) -> Seen:
    """What the address asks for. Raises what days and sections may raise, and `Unknown` for a strange version."""
    scope, period = ask.scope(session, viewer), days(ask)
    plans = Plans(session, ask.ladder.key)
    chosen = next((each for each in plans.versions if each.id == ask.version), None)
    if ask.version is not None and chosen is None:
        raise Unknown(name="version", value=ask.version)
    shown = chosen or next(iter(plans.versions), None)
    window = steps.between(period, ask.moment)
    names = Names(session, ask.ladder)
    return Seen(session, ask, scope, period, window, names, plans, shown, ask.version)


def days(ask: Asked) -> Period:
    """The days of the report: this month and two before it when nobody chose."""
    ask.check_days()
    end = min(ask.end or ask.today, ask.today)
    start = (ask.start or end).replace(day=1) if ask.start is None else ask.start
    for _ in range(MONTHS if ask.start is None else 0):
        start = (start - DAY).replace(day=1)
    return Period(start, end + DAY, ask.by if ask.start else "month")


def around(seen: Seen) -> dict[str, Any]:
    """What every page of steps says of itself."""
    return {"seen": seen, "in_time": in_time, **shared(seen.session, seen.ask, seen.scope, seen.names)}


def in_time(value: float | None) -> str:
    """A length in words: “3,4 d”, “5,1 h”, “12 min”; round the clock."""
    if value is None:
        return formats.UNKNOWN
    for size, unit in ((86_400, pgettext("length", "d")), (3_600, pgettext("length", "h"))):
        if value >= size:
            part = value / size
            return f"{formats.number(part, 0 if part >= 20 else 1)}{formats.NB}{unit}"
    return f"{formats.number(value / 60)}{formats.NB}{pgettext('length', 'min')}"


def in_days(value: float | None) -> float | None:
    """Days of 24 hours, to the hundredth."""
    return None if value is None else round(value / 86_400, 2)


def has_steps(ask: Asked) -> bool:
    """Whether the ladder is that of a process or of a history from elsewhere."""
    return ask.ladder.of in ("deal", "case")


# ------------------------------------------------------------------------------------------------ the lists


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
        page_url=lambda number: _same("reports.steps", page=number),
        csv_url=_same("reports.steps_file"),
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
    return _csv(seen, [_heads(), *lines], "steps")


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
        page_url=lambda number: _same("reports.cases", page=number),
        csv_url=_same("reports.cases_file"),
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
        [row.title or row.id, _stamp(row.started), _stamp(row.ended), _who(seen, row.owner_id)]
        for start in range(0, min(len(ids), MOST), 500)
        for row in _cases(seen, ids[start : start + 500])
    ]
    return _csv(seen, [heads, *lines], "cases")


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
    flags = {"is_back": args.get("back") == "1", "handed": args.get("handed") == "1"}
    pick = seen.pick(kind, diagram=args.get("diagram"), element=args.get("element"), **numbers, **flags)
    query = step_picks.listed(seen.session, seen.scope, pick, known=seen.ask.moment)
    return query, " · ".join(_title(seen, pick))


def _title(seen: Seen, pick: Pick) -> list[str]:
    """What a list shows, said from its address."""
    parts = [str(KINDS[pick.kind])]
    if pick.element is not None:
        parts.append(seen.plans.step(pick.diagram or "", pick.element))
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
    if pick.kind not in ("open", "overdue"):
        parts.append(words.span(seen.period))
    return parts


@dataclass(frozen=True, slots=True)
class Known:
    """Names for a page of steps: cases by id, and which of them the viewer may open."""

    cases: Mapping[int, str]


def known(seen: Seen, rows: Sequence[Any]) -> Known:
    """The names that these steps need, each read once."""
    ids = {row.instance_id for row in rows}
    found = seen.session.execute(select(Instance.id, Instance.title).where(Instance.id.in_(ids)))
    seen.names.learn(row.actor_id for row in rows)
    return Known({id_: title or f"#{id_}" for id_, title in found})


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
        *(_stamp(at) for at in (row.ready, row.started, row.ended, row.due)),
        round(waited(row, seen.window[1]) / 3600, 2),
        _who(seen, row.actor_id),
        state(row),
    ]


def state(row: Any) -> str:
    """What became of a step, in words."""
    if row.ended is None:
        return str(pgettext("step", "in work") if row.started else pgettext("step", "waits"))
    done = row.seq is not None
    return str(pgettext("step", "done") if done else pgettext("step", "closed without being done"))


def _who(seen: Seen, person: int | None) -> str:
    return seen.names.person(person) if person else ""


def _stamp(at: datetime | None) -> str:
    return at.astimezone(HOME).strftime("%Y-%m-%d %H:%M") if at else ""


def _same(endpoint: str, **changes: Any) -> str:
    return url_for(endpoint, **{**request.args.to_dict(), **changes})


def _csv(seen: Seen, lines: Sequence[Sequence[object]], what: str) -> Response:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([words.plain(cell) for cell in line] for line in lines)
    name = f"{seen.ask.ladder.key}-{what}-{seen.ask.today.isoformat()}.csv"
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response("\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue(), mimetype="text/csv", headers=headers)


def nothing() -> ResponseReturnValue:
    """The page of a ladder that has no steps."""
    return render_template("reporting/nothing.html")


def begun() -> Seen | None:
    """What this request asks for; None where there is no process with steps."""
    session = db.session()
    if not ladders.known(session):
        return None
    ask = asked(session, now())
    return look(session, ask, me()) if has_steps(ask) else None
