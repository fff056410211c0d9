"""What a report of steps is about: its process, its days, its drawings; shared by all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, pgettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import definitions
from engine.process.blueprint import Blueprint
from engine.process.definitions import Definition
from engine.process.instances import Instance
from reports import ladders, steps
from reports.periods import DAY, Period
from reports.queries import Scope
from reports.step_picks import Pick
from reports.steps import Stretch
from webapp import formats
from webapp.access import me
from webapp.clock import now
from webapp.database import db
from webapp.languages import current, into_words
from webapp.reporting import words
from webapp.reporting.address import Asked, Unknown, asked
from webapp.reporting.page import shared
from webapp.reporting.words import Names

MONTHS = 2
"""Whole months before this one that a report of steps shows when nobody chose days."""


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


def begun() -> Seen | None:
    """What this request asks for; None where there is no process with steps."""
    session = db.session()
    if not ladders.known(session):
        return None
    ask = asked(session, now())
    return look(session, ask, me()) if has_steps(ask) else None


def has_steps(ask: Asked) -> bool:
    """Whether the ladder is that of a process or of a history from elsewhere."""
    return ask.ladder.of in ("deal", "case")


def around(seen: Seen) -> dict[str, Any]:
    """What every page of steps says of itself."""
    return {"seen": seen, "in_time": in_time, **shared(seen.session, seen.ask, seen.scope, seen.names)}


def called(session: Session, ids: Collection[int]) -> Mapping[int, str]:
    """What these cases are called: their number where nobody named one."""
    found = session.execute(select(Instance.id, Instance.title).where(Instance.id.in_(ids)))
    return {id_: title or f"#{id_}" for id_, title in found}


def opening(seen: Seen, report: str) -> dict[str, Any]:
    """What the numbers of a report of steps begin with, for machines."""
    return {
        "report": report,
        "ladder": seen.ask.ladder.key,
        "from": seen.period.start.isoformat(),
        "to": seen.period.last.isoformat(),
        "known": seen.window[1].isoformat(),
    }


def nothing() -> ResponseReturnValue:
    """The page of a ladder that has no steps, or of a company without any ladder."""
    return render_template("reporting/nothing.html", has_ladders=bool(ladders.known(db.session())))


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
    """Days of 24 hours, to the tenth of a minute: a table says the hours that the picture says."""
    return None if value is None else round(value / 86_400, 4)
