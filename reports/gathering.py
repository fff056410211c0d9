"""What agreement dynamics is made of, from where it is cheapest: the roll-ups, the log by column, or the database.

Roll-ups answer for the whole company as of now; for everybody and everything else the log is read once and added up by
column. What columns cannot hold is counted by row if the items are few, else by the database. All give the same:
`reports.movements` is the definition.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from functools import reduce
from typing import TypeVar

from sqlalchemy.orm import Session

from reports import by_column, dynamics, logged, queries, rollups
from reports.by_column import Counted
from reports.dynamics import Net, Row, Rows
from reports.movements import (
    RED,
    Buckets,
    Movement,
    Total,
    Ways,
    last_moves,
    positions,
    standing,
    tally,
    tally_kinds,
    tell,
    within,
)
from reports.periods import DAY, By, Period, before, containing, pieces, spanning
from reports.queries import Scope
from reports.rollups import reads

Caused = list[tuple[int, str, str, int, int]]
YEAR = 53
"""Weeks that a calendar has room for."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which days a report is about: ``now`` is judged, ``current`` is the whole period it is of, ``bars`` are drawn."""

    chosen: Period
    finer: By
    current: Period
    now: Period
    since: date
    through: date

    @property
    def bars(self) -> list[Period]:
        """The periods of the picture."""
        return spanning(self.chosen.start, self.chosen.end, self.finer)

    @property
    def calendar(self) -> Period:
        """The days of the window, told one by one where its picture is coarser and it is no longer than a year."""
        weeks = (self.chosen.last - containing(self.chosen.start, "week").start).days // 7 + 1
        return (
            self.chosen if self.finer != "day" and weeks <= YEAR else Period(self.chosen.end, self.chosen.end)
        )

    @property
    def reach(self) -> Period:
        """All days that any comparison looks at."""
        weekdays = self.chosen.start - 7 * (dynamics.BACK_TO + 4) * DAY
        start = min(weekdays, before(self.current, dynamics.BACK_TO)[-1].start, self.chosen.start)
        return Period(start, self.chosen.end)

    def compared(self) -> list[Period]:
        """What the current period is compared with."""
        return dynamics.compared(self.current, since=self.since, through=self.through)

    def listed(self) -> list[Period]:
        """The last few whole periods and the one that is judged."""
        return [*reversed(before(self.current, dynamics.BACK_TO)), self.now]

    def drawn(self) -> list[Period]:
        """Every period of which only green and red are told."""
        bars = dynamics.drawn(self.bars, since=self.since, through=self.through)
        return [*bars, *self.listed(), *self.compared()]


@dataclass(frozen=True, slots=True)
class Gathered:
    """``drawn`` has the rows of the question's periods, ``judged`` the buckets of the period and those it is compared with."""

    drawn: Mapping[Period, Row]
    judged: Buckets
    start: Mapping[str, Total]
    end: Mapping[str, Total]
    causes: Caused
    net: Net
    idle: Mapping[str, Total]
    ways: Mapping[date, Ways]


def gather(
    session: Session, scope: Scope, ask: Question, limits: Mapping[str, date], *, by_owner: bool
) -> Gathered:
    """Everything for one window. ``limits``: by position, the day since which a move is recent enough."""
    if is_kept(session, scope) and not by_owner:
        return _kept(session, scope, ask, limits)
    log = logged.columns(session, scope)
    if log is not None:
        parts = by_column.counted(log, (), scope)  # where items stand needs no ranks
        return reduce(_both, (_added(part, ask, limits, by_owner=by_owner) for part in parts))
    items = logged.listed(session, scope)
    if items is None:
        return _logged(session, scope, ask, limits, by_owner=by_owner)
    return _counted(tell(logged.rows(session, scope, items)), scope, ask, limits, by_owner=by_owner)


def is_kept(session: Session, scope: Scope) -> bool:
    """Whether the roll-ups answer for this scope, unless somebody asks by owner."""
    return scope.is_whole and scope.ladder not in rollups.ELSEWHERE and reads.holds(session, scope.ladder)


def _kept(session: Session, scope: Scope, ask: Question, limits: Mapping[str, date]) -> Gathered:
    ladder, last = scope.ladder, reads.last_day(session, scope.ladder)
    is_now = last is None or last < ask.now.end
    judged = reads.parts(session, ladder, pieces([ask.now, *ask.compared()]))
    return Gathered(
        _drawn(session, ladder, ask, judged),
        judged,
        reads.positions(session, ladder, ask.now.start),
        reads.standing(session, ladder) if is_now else reads.positions(session, ladder, ask.now.end),
        reads.causes(session, ladder, ask.now),
        Net(*reads.nets(session, ladder, ask.current.by, ask.current.start))
        if is_now or ask.now == ask.current
        else _net(session, scope, ask.now),
        reads.resting(session, ladder, limits)
        if is_now
        else queries.idle(session, scope, ask.now.end, limits),
        reads.ways(session, ladder, ask.calendar),
    )


def _drawn(session: Session, ladder: str, ask: Question, judged: Buckets) -> dict[Period, Row]:
    """The rows of the question's periods: what is judged is known, the others are added up by kind alone."""
    known, rows = {ask.now, *ask.compared()}, Rows(judged)
    others = reads.kinds(session, ladder, (each for each in ask.drawn() if each not in known))
    return {period: rows[period] for period in known} | {
        period: Row(period, kinds) for period, kinds in others.items()
    }


def _logged(
    session: Session, scope: Scope, ask: Question, limits: Mapping[str, date], *, by_owner: bool
) -> Gathered:
    buckets = queries.grouped(session, scope, ask.reach, by_owner=by_owner)
    return Gathered(
        Rows(buckets),
        buckets,
        queries.positions(session, scope, ask.now.start),
        queries.positions(session, scope, ask.now.end),
        queries.causes(session, scope, ask.now),
        _net(session, scope, ask.now),
        queries.idle(session, scope, ask.now.end, limits),
        _ways(Rows(buckets), ask.calendar),
    )


def _ways(rows: Mapping[Period, Row], calendar: Period) -> dict[date, Ways]:
    days = (rows[containing(day, "day")] for day in calendar)
    told = ((row.period.start, Ways(_plain(row.green), _plain(row.red))) for row in days)
    return {day: ways for day, ways in told if ways.green.n or ways.red.n}


def _plain(total: Total) -> Total:
    return Total(total.n, 0, total.money)


def _net(session: Session, scope: Scope, now: Period) -> Net:
    mine = tell(queries.histories(session, scope, moved_in=now))
    return dynamics.net(each for each in _of(scope, mine) if each.fact.day in now)


def _added(of: Counted, ask: Question, limits: Mapping[str, date], *, by_owner: bool) -> Gathered:
    return Gathered(
        by_column.rows(of, {*ask.drawn(), ask.now}),
        by_column.parts(of, pieces([ask.now, *ask.compared()]), by_owner=by_owner),
        by_column.positions(of, ask.now.start),
        by_column.positions(of, ask.now.end),
        _ordered(by_column.causes(of, ask.now)),
        by_column.net(of, ask.now),
        by_column.positions(of, ask.now.end, limits),
        _ways(by_column.rows(of, [containing(day, "day") for day in ask.calendar]), ask.calendar),
    )


def _both(one: Gathered, other: Gathered) -> Gathered:
    """Of some items and of others."""
    causes = ({row[:3]: Total(row[3], 0, row[4]) for row in each.causes} for each in (one, other))
    nets = zip(astuple(one.net), astuple(other.net), strict=True)
    return Gathered(
        {
            period: Row(period, _sum(row.kinds, other.drawn[period].kinds))
            for period, row in one.drawn.items()
        },
        _sum(one.judged, other.judged),
        _sum(one.start, other.start),
        _sum(one.end, other.end),
        _ordered(_sum(*causes)),
        Net(*(mine + its for mine, its in nets)),
        _sum(one.idle, other.idle),
        _sum(one.ways, other.ways),
    )


Place = TypeVar("Place")
Sum = TypeVar("Sum", Total, Ways)


def _sum(one: Mapping[Place, Sum], other: Mapping[Place, Sum]) -> dict[Place, Sum]:
    found = dict(one)
    for place, total in other.items():
        found[place] = found[place].plus(total) if place in found else total
    return found


def _ordered(causes: Mapping[tuple[int, str, str], Total]) -> Caused:
    found = [(*key, total.n, total.money) for key, total in causes.items()]
    return sorted(found, key=lambda row: (-row[3], *row[:3]))


def _of(scope: Scope, movements: Iterable[Movement]) -> list[Movement]:
    if scope.department_ids is None and scope.owner_id is None:
        return list(movements)
    return list(within(movements, department_ids=scope.department_ids, owner_id=scope.owner_id))


def _counted(
    movements: Sequence[Movement],
    scope: Scope,
    ask: Question,
    limits: Mapping[str, date],
    *,
    by_owner: bool,
) -> Gathered:
    mine = _of(scope, movements)
    now, last = _during(mine, ask.now), last_moves(mine, before=ask.now.end)
    days = {day for period in pieces([ask.now, *ask.compared()]) for day in period}
    return Gathered(
        Rows(tally_kinds(_during(mine, ask.reach))),
        tally([each for each in mine if each.fact.day in days], by_owner=by_owner),
        standing(mine, before=ask.now.start),
        positions(last),
        _caused(now),
        dynamics.net(now),
        positions(each for each in last if _is_idle(each, limits)),
        _ways(Rows(tally_kinds(_during(mine, ask.calendar))), ask.calendar),
    )


def _during(movements: Iterable[Movement], period: Period) -> list[Movement]:
    start, end = period.start, period.end
    return [each for each in movements if start <= each.fact.day < end]


def _is_idle(last: Movement, limits: Mapping[str, date]) -> bool:
    return last.entered in limits and last.fact.day < limits[last.entered]


def _caused(now: Iterable[Movement]) -> Caused:
    found: dict[tuple[int, str, str], Total] = {}
    for each in now:
        if each.kind in RED:
            key = (each.fact.causing_department_id or 0, queries.reason(each.fact), each.kind)
            found[key] = found.get(key, Total()).plus(Total(1, 0, each.money))
    return _ordered(found)
