"""Promises over time: how many were kept and broken in each period, by provider and agreement, and what clients felt of it.

Counted from the roll-ups of promises (`reports.promise_rollups`), whose rows name both sides, so that rights stand in the
query: a person sees what departments whose records they read gave or received. What is open and overdue is broken *now* and
belongs to the period of today; a past day is told without it. Broken commitments with clients are counted on the day they
were closed, by the department whose doing it was.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from engine import access
from engine.calendars import HOME, local_day
from engine.people import Person
from engine.sales.commitments import Commitment
from engine.sales.promises import Promise
from reports.periods import Period
from reports.promise_facts import WHATS
from reports.promise_rollups import PromiseDay
from reports.scoreboard import FEW, TOGETHER, WITH_OVERDUE, is_overdue

SIDES = ("provider_id", "agreement_id")


@dataclass(frozen=True, slots=True)
class Count:
    """Promises of a period or side by kind of fact, and what is overdue now."""

    counts: Mapping[str, int]
    overdue: int = 0

    def n(self, name: str) -> int:
        """How many count under a name of `reports.scoreboard.TOGETHER`; the list of that name is as long."""
        found = sum(self.counts.get(each, 0) for each in TOGETHER[name])
        return found + (self.overdue if name in WITH_OVERDUE else 0)

    @property
    def share(self) -> float | None:
        """Kept of kept and broken; None of nothing."""
        return self.n("kept") / self.n("judged") if self.n("judged") else None

    @property
    def is_few(self) -> bool:
        """Whether it says too little."""
        return self.n("judged") < FEW


@dataclass(frozen=True, slots=True)
class Course:
    """Promises in the periods of a window. ``providers`` and ``agreements`` are of the whole window, most broken first."""

    window: Period
    periods: Sequence[tuple[Period, Count]]
    whole: Count
    before: Count
    """The same number of days just before the window."""
    providers: Sequence[tuple[int, Count]]
    agreements: Sequence[tuple[int, Count]]
    felt: Sequence[tuple[int, Sequence[int]]]
    """Broken commitments with clients by causing department (0: nobody named), one number a period."""


def course(
    session: Session,
    viewer: Person | None,
    periods: Sequence[Period],
    *,
    now: datetime,
    departments: frozenset[int] | None = None,
) -> Course:
    """What this person sees of the promises of these periods (one after the other) as of now.

    ``departments`` narrows to promises that one of them gave or received.
    """
    window = Period(periods[0].start, periods[-1].end)
    seen = _concerns(viewer, PromiseDay, departments)
    days = _by_day(session, seen, window)
    late = _overdue(session, viewer, now, departments) if local_day(now) in window else []
    counted = []
    for period in periods:
        sums: Counter[str] = Counter()
        for day in period:
            sums.update(days.get(day, {}))
        counted.append((period, Count(sums, len(late) if local_day(now) in period else 0)))
    sides = {name: _by_side(session, seen, window, name, late) for name in SIDES}
    earlier = Period(window.start - (window.end - window.start), window.start)
    return Course(
        window,
        counted,
        _added([count for _, count in counted]),
        _added([Count(counts) for counts in _by_day(session, seen, earlier).values()]),
        sides["provider_id"],
        sides["agreement_id"],
        _felt(session, viewer, periods, departments),
    )


def commitments(
    viewer: Person | None,
    a: date,
    b: date,
    *,
    cause: int | None = None,
    departments: frozenset[int] | None = None,
) -> Select[Commitment]:
    """The broken commitments with clients of the local days [a, b), the latest first; ``cause`` 0 is nobody named."""
    seen = true() if viewer is None else access.visible(viewer, Commitment)
    query = select(Commitment).where(
        seen,
        Commitment.state == "broken",
        Commitment.closed_at >= _midnight(a),
        Commitment.closed_at < _midnight(b),
    )
    if cause is not None:
        query = query.where(func.coalesce(Commitment.caused_by_id, 0) == cause)
    if departments is not None:
        query = query.where(Commitment.caused_by_id.in_(departments))
    return query.order_by(Commitment.closed_at.desc(), Commitment.id.desc())


def promises(
    viewer: Person | None,
    what: str,
    a: date,
    b: date,
    *,
    now: datetime,
    provider: int | None = None,
    agreement: int | None = None,
    departments: frozenset[int] | None = None,
) -> Select[Promise]:
    """The promises that a number counts, the latest first; provider and agreement 0 are those without one."""
    begin, end = _midnight(a), _midnight(b)
    clauses: list[ColumnElement[bool]] = [
        and_(WHATS[name].clause, WHATS[name].moment >= begin, WHATS[name].moment < end)
        for name in TOGETHER[what]
    ]
    if what in WITH_OVERDUE and a <= local_day(now) < b:
        clauses.append(is_overdue(now))
    query = select(Promise).where(or_(False, *clauses), _concerns(viewer, Promise, departments))
    for column, value in ((Promise.provider_id, provider), (Promise.agreement_id, agreement)):
        if value is not None:
            query = query.where(func.coalesce(column, 0) == value)
    return query.order_by(func.coalesce(Promise.closed_at, Promise.requested_at).desc(), Promise.id.desc())


# ------------------------------------------------------------------------------------------------ what is read


def _concerns(viewer: Person | None, of: Any, departments: frozenset[int] | None) -> ColumnElement[bool]:
    clauses: list[ColumnElement[bool]] = [true()]
    if viewer is not None:
        mine = access.departments(viewer)
        clauses.append(or_(of.provider_id.in_(mine), of.consumer_id.in_(mine)))
    if departments is not None:
        clauses.append(or_(of.provider_id.in_(departments), of.consumer_id.in_(departments)))
    return and_(*clauses)


def _sums() -> list[Any]:
    return [func.sum(getattr(PromiseDay, name)) for name in WHATS]


def _within(window: Period) -> ColumnElement[bool]:
    days = PromiseDay.day >= window.start, PromiseDay.day < window.end
    return and_(PromiseDay.timed.is_(False), *days)


def _by_day(session: Session, seen: ColumnElement[bool], window: Period) -> dict[date, dict[str, int]]:
    query = select(PromiseDay.day, *_sums()).where(_within(window), seen).group_by(PromiseDay.day)
    return {row[0]: dict(zip(WHATS, map(int, row[1:]), strict=True)) for row in session.execute(query)}


def _by_side(
    session: Session, seen: ColumnElement[bool], window: Period, name: str, late: Sequence[Any]
) -> list[tuple[int, Count]]:
    column = getattr(PromiseDay, name)
    rows = session.execute(select(column, *_sums()).where(_within(window), seen).group_by(column))
    found = {row[0]: dict(zip(WHATS, map(int, row[1:]), strict=True)) for row in rows}
    overdue = Counter(getattr(row, name) or 0 for row in late)
    counts = {key: Count(found.get(key, {}), overdue[key]) for key in found.keys() | overdue.keys()}
    told = [(key, count) for key, count in counts.items() if count.n("requested") or count.n("judged")]
    return sorted(told, key=lambda each: (-each[1].n("broken"), each[0]))


def _overdue(
    session: Session, viewer: Person | None, now: datetime, departments: frozenset[int] | None
) -> Sequence[Any]:
    query = select(Promise.provider_id, Promise.agreement_id)
    return session.execute(query.where(is_overdue(now), _concerns(viewer, Promise, departments))).all()


def _felt(
    session: Session,
    viewer: Person | None,
    periods: Sequence[Period],
    departments: frozenset[int] | None,
) -> list[tuple[int, list[int]]]:
    query = commitments(viewer, periods[0].start, periods[-1].end, departments=departments)
    columns = query.with_only_columns(Commitment.caused_by_id, Commitment.closed_at).order_by(None)
    found: defaultdict[int, list[int]] = defaultdict(lambda: [0] * len(periods))
    for cause, closed_at in session.execute(columns):
        if closed_at is None:
            continue
        day = local_day(closed_at)
        place = next(place for place, period in enumerate(periods) if day in period)
        found[cause or 0][place] += 1
    return sorted(found.items(), key=lambda each: (-sum(each[1]), each[0]))


def _added(counts: Sequence[Count]) -> Count:
    sums: Counter[str] = Counter()
    for each in counts:
        sums.update(each.counts)
    return Count(sums, sum(each.overdue for each in counts))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=HOME).astimezone(UTC)
