"""Flow: how much of a case's time somebody works on it, how the work piles up, and what was done by hand.

Flow efficiency of a case is touch / span: touch is the length of the union of the stretches in which somebody had one of
its steps, span is from its start to its end. Once round the clock, once in the work time of the department of whoever
leads the case. Cumulative flow: A_k(t) items had first reached rank k or beyond by t.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import access, calendars
from engine.calendars import Calendar, local_day
from engine.history import Event
from engine.people import Membership
from engine.process.instances import Instance
from reports import gathering, reading, steps
from reports.ladders import Ladder
from reports.periods import Period, spanning
from reports.queries import Scope
from reports.rollups import ReachRollup
from reports.steps import Step, Stretch, seconds
from reports.visits import Journey

BY_HAND = ("overridden", "migrated")
"""Facts of what a hand did outside the diagram."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case that ended: seconds in all and in which somebody had it, round the clock and in work time."""

    instance_id: int
    title: str
    ended: datetime
    span: int
    touch: int
    work_span: int
    work_touch: int

    @property
    def efficiency(self) -> float | None:
        """Touch / span round the clock."""
        return self.touch / self.span if self.span else None

    @property
    def work_efficiency(self) -> float | None:
        """Touch / span in work time."""
        return self.work_touch / self.work_span if self.work_span else None


@dataclass(frozen=True, slots=True)
class Efficiency:
    """Of many cases together: the sums of touch by the sums of span, and the median case."""

    n: int
    span: int
    touch: int
    work_span: int
    work_touch: int

    @property
    def share(self) -> float | None:
        """Round the clock."""
        return self.touch / self.span if self.span else None

    @property
    def work_share(self) -> float | None:
        """In work time."""
        return self.work_touch / self.work_span if self.work_span else None


@dataclass(frozen=True, slots=True)
class Level:
    """How many items had first reached each rank (1, 2, …, the last: won) when a period ended."""

    period: Period
    reached: tuple[int, ...]


def cases(session: Session, scope: Scope, window: Stretch) -> list[Case]:
    """The cases that ended in the window, those first in which the least was worked."""
    case = steps.cases(scope).subquery()
    query = select(case).where(case.c.ended >= window[0], case.c.ended < window[1]).order_by(case.c.id)
    rows = session.execute(query).all()
    worked = _worked(session, scope, window)
    calendar = _calendars(session, {row.owner_id for row in rows if row.owner_id})
    found = [_case(row, worked.get(row.id, ()), calendar.get(row.owner_id, calendar[None])) for row in rows]
    return sorted(found, key=lambda each: (each.efficiency or 0, -each.span, each.instance_id))


def _case(row: Any, worked: Sequence[Stretch], calendar: Calendar) -> Case:
    touched = union((max(start, row.started), min(end, row.ended)) for start, end in worked)
    return Case(
        row.id,
        row.title,
        row.ended,
        length([(row.started, row.ended)]),
        length(touched),
        _work(calendar, [(row.started, row.ended)]),
        _work(calendar, touched),
    )


def _work(calendar: Calendar, stretches: Iterable[Stretch]) -> int:
    spent = (calendar.between(start, end) for start, end in stretches)
    return int(sum(spent, timedelta()).total_seconds())


def _worked(session: Session, scope: Scope, window: Stretch) -> dict[int, list[Stretch]]:
    found: dict[int, list[Stretch]] = {}
    for step in _of_ended(session, scope, window):
        found.setdefault(step.instance_id, []).extend(step.working(step.ended or window[1]))
    return found


def _of_ended(session: Session, scope: Scope, window: Stretch) -> list[Step]:
    step = steps.told(session, steps.whole_cases(scope))
    case = steps.cases(scope).subquery()
    ended = select(case.c.id).where(case.c.ended >= window[0], case.c.ended < window[1])
    query = select(*(step.c[name] for name in Step._fields)).where(step.c.instance_id.in_(ended))
    return [Step._make(row) for row in session.execute(query)]


def _calendars(session: Session, owners: set[int]) -> dict[int | None, Calendar]:
    """The calendar of each leader's first department, and under None the organization's."""
    every = calendars.of_all(session)
    query = select(Membership.person_id, Membership.department_id).order_by(Membership.id.desc())
    rows = session.execute(query.where(Membership.person_id.in_(owners)))
    main = {person: unit for person, unit in rows}  # noqa: C416  # rows are not pairs to mypy
    return {None: every[None], **{owner: every.get(unit, every[None]) for owner, unit in main.items()}}


def union(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time without what is in it twice."""
    found: list[Stretch] = []
    for start, end in sorted(stretch for stretch in stretches if stretch[0] < stretch[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def length(stretches: Iterable[Stretch]) -> int:
    """Seconds of stretches that share none."""
    return sum(seconds(end) - seconds(start) for start, end in stretches)


def efficiency(every: Sequence[Case]) -> Efficiency:
    """Of these cases together."""
    return Efficiency(
        len(every),
        sum(each.span for each in every),
        sum(each.touch for each in every),
        sum(each.work_span for each in every),
        sum(each.work_touch for each in every),
    )


def by_period(every: Sequence[Case], period: Period) -> list[tuple[Period, Efficiency]]:
    """The efficiency of the cases that ended in each part of the period."""
    parts = spanning(period.start, period.end, period.by)
    return [(part, efficiency([each for each in every if local_day(each.ended) in part])) for part in parts]


def levels(journeys: Iterable[Journey], period: Period, ranks: int) -> list[Level]:
    """Cumulative flow: at the end of each part of the period."""
    firsts: list[list[Any]] = [[] for _ in range(ranks + 1)]
    for journey in journeys:
        for rank, first in enumerate(journey.firsts[: ranks + 1]):
            firsts[rank].append(first.day)
    for days in firsts:
        days.sort()
    parts = spanning(period.start, period.end, period.by)
    return [Level(part, tuple(bisect_left(days, part.end) for days in firsts)) for part in parts]


def course(session: Session, scope: Scope, ladder: Ladder, period: Period) -> list[Level]:
    """Cumulative flow from the roll-ups where they may be read, else from the log."""
    ranks = len(ladder.stages)
    if not gathering.is_kept(session, scope):
        return levels(reading.paths(session, scope, ladder), period, ranks)
    query = (
        select(ReachRollup.rank, ReachRollup.day, ReachRollup.n)
        .where(ReachRollup.ladder == scope.ladder, ReachRollup.day < period.end)
        .order_by(ReachRollup.rank, ReachRollup.day)
    )
    found: dict[int, list[tuple[date, int]]] = {rank: [] for rank in range(1, ranks + 2)}
    for rank, day, n in session.execute(query):
        if rank in found:
            known = found[rank][-1][1] if found[rank] else 0
            found[rank].append((day, known + n))
    parts = spanning(period.start, period.end, period.by)
    return [Level(part, tuple(_until(found[rank], part.end) for rank in sorted(found))) for part in parts]


def _until(sums: Sequence[tuple[date, int]], end: date) -> int:
    place = bisect_left(sums, end, key=lambda row: row[0])
    return sums[place - 1][1] if place else 0


def reached_in(journeys: Iterable[Journey], period: Period, rank: int) -> set[int]:
    """The moves by which items first reached a rank on these days."""
    return {
        journey.firsts[rank - 1].id
        for journey in journeys
        if len(journey.firsts) >= rank and journey.firsts[rank - 1].day in period
    }


def by_hand(scope: Scope, window: Stretch) -> Select[Any]:
    """What hands did outside the diagram in the window, the latest first: facts with who and why."""
    query = (
        select(Event)
        .join(Instance, Instance.id == Event.instance_id)
        .where(Instance.process == scope.ladder, Event.kind.in_(BY_HAND))
        .where(Event.at >= window[0], Event.at < window[1])
        .order_by(Event.id.desc())
    )
    if scope.viewer is not None:
        query = query.where(access.visible(scope.viewer, Event))
    if scope.owner_id is not None:
        query = query.where(func.coalesce(Instance.owner_id, 0) == scope.owner_id)
    mine = steps.cases(scope).subquery()
    return query if scope.is_whole else query.where(Event.instance_id.in_(select(mine.c.id)))
