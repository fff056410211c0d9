"""What a report's address asks for, read and checked once, and the addresses of what its numbers count."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import request, url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import access, people
from engine.calendars import HOME, local_day
from engine.db import Base
from engine.errors import Refusal
from engine.people import Department, Person
from engine.process.definitions import Definition
from engine.sales.deals import Deal
from engine.sales.sections import Section
from reports import ladders, narrowing, queries, reading
from reports.ladders import Ladder
from reports.periods import BY, DAY, By, Period
from reports.queries import Cut, Scope

CHOICES = {
    "by": BY,
    "measure": ("count", "money"),
    "view": ("cohort", "strict", "touched", "flow"),
    "group": ("department", "team", "owner", "stage", "product", "section"),
    "cell": ("cohort", "strict", "touched", "flow"),
    "heat": ("waiting", "frequency", "dwell", "rework", "breaches"),
}
MORE = ("segment", "against", "other_from", "other_to", "version_a", "version_b")
"""What one report alone understands: kept as it stands in the address, read by `webapp.reporting.funnel_asked`."""
KEPT = (
    "ladder",
    "by",
    "measure",
    "view",
    "group",
    "from",
    "to",
    "as_of",
    "section",
    "product",
    "department",
    "team",
    "owner",
    "version",
    "heat",
    *MORE,
)
"""What stays in the address when one thing is changed."""
FUNNEL_DAYS = 183
NO_PRODUCT = "-"
"""In an address: the deals of no line of products."""


class Unknown(Refusal):
    """The address asks for something that reports do not know: %(name)s = “%(value)s”."""


class EndsBeforeItBegins(Refusal):
    """The days asked for end on %(end)s, before they begin on %(start)s: change “from” or “to”."""


class NotKnownYet(Refusal):
    """Nothing is known of %(day)s (“as_of”) yet: choose today or a day of the past."""


class NotComeYet(Refusal):
    """The days asked for begin on %(start)s (“from”), and that day has not come yet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A report as its address asks for it. ``start`` and ``end`` are first and last day; None is the report's own.

    ``department`` is one with those below it, ``team`` one alone; ``section`` is a section's number, ``product`` a
    line of products ("" is none). ``version`` is a definition's id, ``heat`` what shades the steps of a diagram.
    """

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
    team: int | None = None
    section: int | None = None
    product: str | None = None
    version: int | None = None
    heat: str = "waiting"
    more: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day the report stands on."""
        return self.as_of or local_day(self.now)

    def is_over(self, day: date) -> bool:
        """Whether a day has ended: one that still runs is not judged."""
        return day < local_day(self.now)

    @property
    def moment(self) -> datetime:
        """The moment the report stands on: now, or the end of the day asked for."""
        return end_of(self.as_of) if self.as_of else self.now

    def window(self) -> Period:
        """The days that agreement dynamics shows."""
        self.check_days()
        return reading.window(self.by, self.start, self.end, self.today)

    def check_days(self) -> None:
        """Raises EndsBeforeItBegins, NotComeYet."""
        if self.start and self.end and self.start > self.end:
            raise EndsBeforeItBegins(start=self.start, end=self.end, field="from")
        if self.start and self.start > self.today:
            raise NotComeYet(start=self.start, field="from")

    def cohort(self) -> Period:
        """The days in which the funnel's items were created: half a year when nobody chose."""
        self.check_days()
        end = min(self.end or self.today, self.today)
        start = self.start or (end - FUNNEL_DAYS * DAY).replace(day=1)
        return Period(start, end + DAY, "month")

    def scope(self, session: Session, viewer: Person | None) -> Scope:
        """Whose moves, for this viewer. Raises `narrowing.SectionNotYours` and what a section's rules may raise."""
        return queries.scope(
            session,
            self.ladder.key,
            viewer=viewer,
            as_of=end_of(self.as_of) if self.as_of else None,
            department_ids=self.departments(session),
            owner_id=self.owner,
            items=self.items(session, viewer),
        )

    def departments(self, session: Session) -> set[int] | None:
        """The departments that the moves must be of; None is every one."""
        below = None if self.department is None else people.subtree(session, [self.department])
        if self.team is None:
            return below
        return {self.team} if below is None or self.team in below else set()

    def items(self, session: Session, viewer: Person | None) -> Select[Any] | None:
        """The items that section and product leave. Raises `narrowing.NotOfDeals`, `narrowing.SectionNotYours`."""
        if self.section is None and self.product is None:
            return None
        if self.ladder.of == "case":
            raise narrowing.NotOfDeals(name=self.ladder.title)
        return narrowing.items(
            session,
            self.ladder.of,
            viewer=viewer,
            now=self.now,
            as_of=end_of(self.as_of) if self.as_of else None,
            chosen=self.section_for(session, viewer),
            product=self.product,
        )

    def section_for(self, session: Session, viewer: Person | None) -> Section | None:
        """The section in force. Raises `narrowing.SectionNotYours`, `narrowing.SectionOfOthers`."""
        return None if self.section is None else narrowing.section(session, self.section, viewer)

    def kept(self) -> dict[str, Any]:
        """What the addresses of lists take along, so that they count the same."""
        return {
            "ladder": self.ladder.key,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "section": self.section,
            "product": NO_PRODUCT if self.product == "" else self.product,
            "department": self.department,
            "team": self.team,
            "owner": self.owner,
        }

    def listed(self, period: Period, kinds: Sequence[str] = (), **cut: Any) -> str:
        """The address of the moves that a number counts."""
        days: dict[str, Any] = {"from": period.start.isoformat(), "to": period.last.isoformat()}
        return url_for("reports.moves", **self.kept(), **days, kinds=",".join(kinds) or None, **cut)

    def stood(self, before: date, stage: str | None = None, *, idle: bool = False) -> str:
        """The address of what stood open when a day began, ``idle`` only of what had long not moved."""
        where: dict[str, Any] = {"standing": stage or queries.ANY, "at": before.isoformat()}
        return url_for("reports.moves", **self.kept(), **where, idle=1 if idle else None)

    def cell(self, period: Period, view: str, fate: str, stage: str) -> str:
        """The address of the deals that a cell of the funnel counts."""
        return self.listed(period, cell=view, fate=fate, stage=stage)


def products(session: Session, ask: Asked, viewer: Person | None) -> list[str]:
    """The lines of products that the viewer's deals are about."""
    lines = select(Deal.product_line).where(Deal.product_line != "").distinct().order_by(Deal.product_line)
    if viewer is not None:
        lines = lines.where(access.visible(viewer, Deal))
    mine = lines.where(Deal.ladder == ask.ladder.key) if ask.ladder.of == "deal" else lines
    return [line for line in session.scalars(mine) if line]


def end_of(day: date) -> datetime:
    """The last moment of the organization's day."""
    return datetime.combine(day + DAY, time(), tzinfo=HOME) - timedelta(microseconds=1)


def asked(session: Session, now: datetime) -> Asked:
    """What the address of this request asks for. Raises `Unknown`, `ladders.UnknownLadder`, NotFound."""
    return read(session, request.args, now)


def read(session: Session, args: Mapping[str, str], now: datetime) -> Asked:
    """What an address with these arguments asks for; raises as `asked`. Rights are checked by `Asked.scope`."""
    found = Asked(ladders.find(session, args.get("ladder")), now)
    chosen: dict[str, Any] = {
        name: _choice(args, name, getattr(found, name)) for name in ("by", "measure", "view", "group", "heat")
    }
    days: dict[str, Any] = {
        field: day(args, name) for field, name in (("start", "from"), ("end", "to"), ("as_of", "as_of"))
    }
    if days["as_of"] and days["as_of"] > local_day(now):
        raise NotKnownYet(day=days["as_of"], field="as_of")
    if days["as_of"] == local_day(now):
        days["as_of"] = None
    numbers: dict[str, Any] = {
        name: number(args, name) for name in ("department", "team", "owner", "section", "version")
    }
    rows: tuple[tuple[str, type[Base]], ...] = (
        ("department", Department),
        ("team", Department),
        ("owner", Person),
        ("version", Definition),
    )
    for name, model in rows:
        if numbers[name] is not None and session.get(model, numbers[name]) is None:
            raise Unknown(name=name, value=numbers[name])
    product = _product(args)
    if product and session.scalar(select(Deal.id).where(Deal.product_line == product).limit(1)) is None:
        raise Unknown(name="product", value=product)
    return replace(found, **chosen, **days, **numbers, product=product, more=more(args))


def _product(args: Mapping[str, str]) -> str | None:
    """A line of products; a dash is the deals of none."""
    value = args.get("product")
    return None if not value else "" if value == NO_PRODUCT else value[:80]


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


def _choice(args: Mapping[str, str], name: str, otherwise: str) -> str:
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


def number(args: Mapping[str, str], name: str) -> int | None:
    """A number of the address. Raises `Unknown`."""
    value = args.get(name)
    if not value:
        return None
    if not value.isascii() or not value.isdigit() or len(value) > 15:
        raise Unknown(name=name, value=value)
    return int(value)
