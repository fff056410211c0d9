"""What a report's address asks for, read and checked once, and the addresses of what its numbers count."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from engine import people
from engine.calendars import HOME, local_day
from engine.errors import Refusal
from engine.people import Person
from reports import ladders, queries, reading
from reports.ladders import Ladder
from reports.periods import BY, DAY, By, Period
from reports.queries import Cut, Scope

CHOICES = {
    "by": BY,
    "measure": ("count", "money"),
    "view": ("cohort", "strict", "touched", "flow"),
    "group": ("department", "owner"),
    "cell": ("cohort", "strict", "touched", "flow"),
}
MORE = ("segment", "against", "other_from", "other_to", "version_a", "version_b")
"""What one report alone understands: kept as it stands in the address, read by `webapp.reporting_funnel_asked`."""
KEPT = ("ladder", "by", "measure", "view", "group", "from", "to", "as_of", "department", "owner", *MORE)
"""What stays in the address when one thing is changed."""
FUNNEL_DAYS = 183


class Unknown(Refusal):
    """The address asks for something that reports do not know: %(name)s = “%(value)s”."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A report as its address asks for it. ``start`` and ``end`` are first and last day; None is the report's own."""

    ladder: Ladder
    now: datetime
    by: By = "week"
    measure: str = "count"
    view: str = "cohort"
    group: str = "department"
    start: date | None = None
    end: date | None = None
    as_of: date | None = None
    department: int | None = None
    owner: int | None = None
    more: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day the report stands on."""
        return self.as_of or local_day(self.now)

    @property
    def moment(self) -> datetime:
        """The moment the report stands on: now, or the end of the day asked for."""
        return end_of(self.as_of) if self.as_of else self.now

    def window(self) -> Period:
        """The days that agreement dynamics shows."""
        if self.start and self.start > min(self.end or self.today, self.today):
            raise Unknown(name="from", value=self.start)
        return reading.window(self.by, self.start, self.end, self.today)

    def cohort(self) -> Period:
        """The days in which the funnel's items were created: half a year when nobody chose."""
        end = min(self.end or self.today, self.today)
        start = self.start or (end - FUNNEL_DAYS * DAY).replace(day=1)
        if start > end:
            raise Unknown(name="from", value=start)
        return Period(start, end + DAY, "month")

    def scope(self, session: Session, viewer: Person | None) -> Scope:
        """Whose moves, for this viewer."""
        below = None if self.department is None else people.subtree(session, [self.department])
        return queries.scope(
            session,
            self.ladder.key,
            viewer=viewer,
            as_of=end_of(self.as_of) if self.as_of else None,
            department_ids=below,
            owner_id=self.owner,
        )

    def kept(self) -> dict[str, Any]:
        """What the addresses of lists take along, so that they count the same."""
        return {
            "ladder": self.ladder.key,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "department": self.department,
            "owner": self.owner,
        }

    def listed(self, period: Period, kinds: Sequence[str] = (), **cut: Any) -> str:
        """The address of the moves that a number counts."""
        days: dict[str, Any] = {"from": period.start.isoformat(), "to": period.last.isoformat()}
        return url_for("reports.moves", **self.kept(), **days, kinds=",".join(kinds) or None, **cut)

    def stood(self, before: date, stage: str | None = None) -> str:
        """The address of what stood open when a day began."""
        return url_for("reports.moves", **self.kept(), standing=stage or queries.ANY, at=before.isoformat())

    def cell(self, period: Period, view: str, fate: str, stage: str) -> str:
        """The address of the deals that a cell of the funnel counts."""
        return self.listed(period, cell=view, fate=fate, stage=stage)


def end_of(day: date) -> datetime:
    """The last moment of the organization's day."""
    return datetime.combine(day + DAY, time(), tzinfo=HOME) - timedelta(microseconds=1)


def asked(session: Session, now: datetime) -> Asked:
    """What the address of this request asks for. Raises `Unknown`, NotFound."""
    args = request.args
    found = Asked(ladders.find(session, args.get("ladder")), now)
    chosen: dict[str, Any] = {
        name: _choice(args, name, getattr(found, name)) for name in ("by", "measure", "view", "group")
    }
    days: dict[str, Any] = {
        field: day(args, name) for field, name in (("start", "from"), ("end", "to"), ("as_of", "as_of"))
    }
    if days["as_of"] and days["as_of"] >= local_day(now):
        days["as_of"] = None
    return replace(
        found,
        **chosen,
        **days,
        department=number(args, "department"),
        owner=number(args, "owner"),
        more=more(args),
    )


def more(args: Mapping[str, str]) -> dict[str, str]:
    """What only one report understands."""
    return {name: args[name] for name in MORE if args.get(name)}


def cut(period: Period) -> Cut:
    """The cut that the address of a list asks for, in a period."""
    args = request.args
    kinds = tuple(kind for kind in args.get("kinds", "").split(",") if kind)
    numbers = {
        field: number(args, name)
        for field, name in (("unit", "unit"), ("owner", "person"), ("cause", "cause"))
    }
    return Cut(period, kinds, args.get("left"), args.get("entered"), reason=args.get("reason"), **numbers)


def changed(**changes: Any) -> str:
    """The address of this page with something changed; None takes it away."""
    args: dict[str, Any] = {name: request.args[name] for name in KEPT if request.args.get(name)}
    args |= {name.rstrip("_"): value for name, value in changes.items()}
    return url_for(
        request.endpoint or "reports.index",
        **{name: value for name, value in args.items() if value is not None},
    )


def _choice(args: MultiDict[str, str], name: str, otherwise: str) -> str:
    value = args.get(name) or otherwise
    if value not in CHOICES[name]:
        raise Unknown(name=name, value=value)
    return value


def day(args: Mapping[str, str], name: str) -> date | None:
    """A day of the address. Raises `Unknown`."""
    value = args.get(name)
    if not value:
        return None
    try:
        found = date.fromisoformat(value)
    except ValueError as wrong:
        raise Unknown(name=name, value=value) from wrong
    if not 1990 <= found.year <= 2200:
        raise Unknown(name=name, value=value)
    return found


def number(args: MultiDict[str, str], name: str) -> int | None:
    """A number of the address. Raises `Unknown`."""
    value = args.get(name)
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Unknown(name=name, value=value)
    return int(value)
