"""What reports read from roll-ups: the whole company as of now, grouped by the database, plain rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports.cohort_facts import OPEN, REACH, VISIT, WIN, CohortKey, StayKey, Stays, bucket, second
from reports.movements import Buckets, Key, Total
from reports.periods import By, Period, containing
from reports.rollups import settling

SUMS = "sum(n), sum(dwell), sum(money), sum(gain)"
FINE = ("department_id", "from_stage", "to_stage", "kind")
LARGEST: tuple[By, ...] = ("month", "week", "day")
NOTHING: Mapping[str, Any] = {"department_id": 0, "from_stage": "", "to_stage": "", "kind": ""}


def holds(session: Session, ladder: str) -> bool:
    """Whether the log of this ladder is in the roll-ups."""
    return stages(session, ladder) is not None


def stages(session: Session, ladder: str) -> list[str] | None:
    """The stages by which the roll-ups count this ladder's ranks; None when it is in none."""
    found = _rows(session, "SELECT stages FROM rollup_ladders WHERE ladder = :ladder", ladder=ladder).scalar()
    return None if found is None else list(orjson.loads(found))


def last_day(session: Session, ladder: str) -> date | None:
    """The last day on which anything moved."""
    query = "SELECT max(day) FROM rollup_days WHERE ladder = :ladder AND grain = 'day'"
    found = _rows(session, query, ladder=ladder).scalar()
    return None if found is None else _day(found)


def read(session: Session, ladder: str, period: Period) -> Buckets:
    """The buckets of a period, day by day."""
    rows = _rows(
        session,
        f"SELECT day, {', '.join(FINE)}, n, dwell, money, gain FROM rollup_days "
        "WHERE ladder = :ladder AND grain = 'day' AND day >= :start AND day < :end AND n <> 0",
        ladder=ladder,
        start=period.start,
        end=period.end,
    )
    return {Key(_day(row[0]), *row[1:5]): Total(*row[5:]) for row in rows}


def parts(session: Session, ladder: str, wanted: Sequence[Period], columns: Sequence[str] = FINE) -> Buckets:
    """The buckets of some periods that do not overlap, each added up and kept under its first day; what is not in
    ``columns`` is added up too."""
    names = ", ".join(columns)
    query = (
        f"SELECT part, {names}, {SUMS} FROM parts CROSS JOIN rollup_days WHERE ladder = :ladder AND grain = its "
        f"AND day >= first AND day < last GROUP BY part, {names} HAVING sum(n) <> 0"
    )
    found: Buckets = {}
    for row in _in_parts(session, wanted, query, ladder=ladder):
        named = {**NOTHING, **dict(zip(columns, row[1:-4], strict=True))}
        key = Key(_day(row[0]), *(named[name] for name in FINE))
        found[key] = Total(*map(int, row[-4:]))
    return found


def causes(session: Session, ladder: str, period: Period) -> list[tuple[int, str, str, int, int]]:
    """Red movements of a period as (causing department or 0, reason or "", kind, n, money), the most first."""
    query = (
        "SELECT cause_id, reason, kind, sum(n), sum(money) FROM parts CROSS JOIN rollup_causes WHERE ladder = :ladder "
        "AND grain = its AND day >= first AND day < last GROUP BY cause_id, reason, kind HAVING sum(n) <> 0 "
        "ORDER BY sum(n) DESC, cause_id, reason, kind"
    )
    rows = _in_parts(session, [period], query, ladder=ladder)
    return [(cause, reason, kind, int(n), int(money)) for cause, reason, kind, n, money in rows]


def nets(session: Session, ladder: str, by: By, start: date) -> tuple[int, int, int, int]:
    """How many items a day, week or month took further, back and nowhere, and how many moves back were regained."""
    query = (
        "SELECT further, back, same, recovered FROM rollup_nets "
        "WHERE ladder = :ladder AND grain = :grain AND day = :start"
    )
    row = _rows(session, query, ladder=ladder, grain=by, start=start).first()
    return (0, 0, 0, 0) if row is None else (row[0], row[1], row[2], row[3])


def positions(session: Session, ladder: str, before: date) -> dict[str, Total]:
    """What stood on each open position when the day ``before`` began, as everything that moved until then adds up."""
    found: dict[str, Total] = {}
    for key, total in parts(
        session, ladder, _until(session, ladder, before), ("from_stage", "to_stage")
    ).items():
        came, went = Total(total.n, 0, total.money), Total(total.n, 0, total.money - total.gain)
        if key.entered:
            found[key.entered] = found.get(key.entered, Total()).plus(came)
        if key.left:
            found[key.left] = found.get(key.left, Total()).plus(went, -1)
    return {stage: total for stage, total in found.items() if total.n}


def standing(session: Session, ladder: str) -> dict[str, Total]:
    """What stands on each open position now, counted item by item."""
    query = "SELECT stage, count(*), sum(money) FROM journeys WHERE ladder = :ladder AND stage <> '' GROUP BY stage"
    return {row[0]: Total(row[1], 0, int(row[2])) for row in _rows(session, query, ladder=ladder)}


def resting(session: Session, ladder: str, limits: Mapping[str, date]) -> dict[str, Total]:
    """Of what stands on each of these positions now, what has not moved since before the position's day."""
    found: dict[str, Total] = {}
    for stage, limit in limits.items():
        query = (
            "SELECT count(*), coalesce(sum(money), 0) FROM journeys "
            "WHERE ladder = :ladder AND stage = :stage AND stage <> '' AND moved_day < :limit"
        )
        n, money = _rows(session, query, ladder=ladder, stage=stage, limit=limit).one()
        if n:
            found[stage] = Total(n, 0, int(money))
    return found


def spent(session: Session, ladder: str, until: datetime, before: date) -> dict[str, int]:
    """Seconds that all items together had spent on each position when the day ``before`` began, ``until`` being that
    moment (or now, in the day before it). The time in a window is the difference of two such answers."""
    moment, found = second(until), dict[str, int]()
    query = (
        "SELECT from_stage, to_stage, sum(n), sum(moment) FROM parts CROSS JOIN rollup_days WHERE ladder = :ladder "
        "AND grain = its AND day >= first AND day < last GROUP BY from_stage, to_stage"
    )
    for left, entered, n, moments in _in_parts(
        session, _until(session, ladder, before), query, ladder=ladder
    ):
        past = int(n) * moment - int(moments)
        if entered:
            found[entered] = found.get(entered, 0) + past
        if left:
            found[left] = found.get(left, 0) - past
    return found


def arrivals(session: Session, ladder: str, before: date) -> list[tuple[date, int, int]]:
    """How many items first stood at a rank or beyond on each day before one: (day, rank, n), in order of the days."""
    query = "SELECT day, rank, n FROM rollup_reach WHERE ladder = :ladder AND day < :before AND n <> 0 ORDER BY day, rank"
    return [(_day(day), rank, n) for day, rank, n in _rows(session, query, ladder=ladder, before=before)]


def cohorts(session: Session, ladder: str, window: Period) -> dict[CohortKey, Total]:
    """`reports.cohort_facts.counts` of the items created in the months of a window."""
    query = (
        "SELECT month, highest, status, touched, n, money FROM rollup_cohorts "
        "WHERE ladder = :ladder AND month >= :start AND month < :end AND n <> 0"
    )
    rows = _rows(session, query, ladder=ladder, start=window.start, end=window.end)
    return {CohortKey(_day(row[0]), *row[1:4]): Total(row[4], 0, row[5]) for row in rows}


def stays(session: Session, ladder: str, window: Period, as_of: datetime) -> dict[StayKey, Stays]:
    """`reports.cohort_facts.stays` of the items created in the months of a window; those of a whole year come together
    under its first day."""
    query = (
        "SELECT part, what, rank, outcome, bucket, sum(n), sum(seconds) FROM parts CROSS JOIN rollup_stays "
        "WHERE ladder = :ladder AND grain = its AND month >= first AND month < last "
        "GROUP BY part, what, rank, outcome, bucket HAVING sum(n) <> 0"
    )
    found = {
        StayKey(_day(row[0]), *row[1:5]): Stays(int(row[5]), int(row[6]))
        for row in _asked(session, list(_years(window)), query, ladder=ladder)
    }
    for key, stay in _open(session, ladder, window, second(as_of)):
        known = found.get(key, Stays())
        found[key] = Stays(known.n + stay.n, known.seconds + stay.seconds)
    return found


def _open(session: Session, ladder: str, window: Period, now: int) -> Iterator[tuple[StayKey, Stays]]:
    """The stays that have not ended, of those created in a window."""
    query = (
        "SELECT created_day, stage, rank, entered, reached, created FROM journeys WHERE ladder = :ladder "
        "AND created_day >= :start AND created_day < :end AND status IN ('open', 'suspended')"
    )
    years = {start.year for start, grain, _, _ in _years(window) if grain == "year"}
    for day, stage, rank, entered, reached, created in _rows(
        session, query, ladder=ladder, start=window.start, end=window.end
    ):
        first, firsts = _day(day).replace(day=1), orjson.loads(reached)
        part = first.replace(month=1) if first.year in years else first
        ways = [(WIN, 0, now - (firsts[0] if firsts else created))]
        if firsts:
            ways.append((REACH, len(firsts), now - firsts[-1]))
        if stage:
            ways.append((VISIT, rank, now - entered))
        for what, place, seconds in ways:
            age = max(0, seconds)
            yield StayKey(part, what, place, OPEN, bucket(age)), Stays(1, age)


# ------------------------------------------------------------------------------------------------ how it is asked


def _until(session: Session, ladder: str, before: date) -> list[Period]:
    """All days before one, from the first month that has any moves; whole months where nothing moved after it."""
    query = "SELECT min(day), max(day) FROM rollup_days WHERE ladder = :ladder AND grain = 'month'"
    first, last = _rows(session, query, ladder=ladder).one()
    if first is None or _day(first) >= before:
        return []
    moved = last_day(session, ladder)
    is_past = moved is not None and moved >= before
    return [Period(_day(first), before if is_past else containing(_day(last), "month").end)]


Run = tuple[date, str, date, date]
"""A part's first day, a grain, and the first and the last (not with it) of some of its rows."""


def _years(window: Period) -> Iterator[Run]:
    """The whole years and the other months of a window."""
    start = window.start.replace(day=1)
    while start < window.end:
        year = start.replace(year=start.year + 1)
        is_year = start.month == 1 and year <= window.end
        end = year if is_year else containing(start, "month").end
        yield start, "year" if is_year else "month", start, end
        start = end


def _runs(period: Period) -> Iterator[Run]:
    """A period as whole months, weeks and days, neighbours of one grain together."""
    whole = ((period.start, each.by, each.start, each.end) for each in _wholes(period))
    for grain, run in groupby(whole, key=lambda each: each[1]):
        neighbours = list(run)
        yield period.start, grain, neighbours[0][2], neighbours[-1][3]


def _wholes(period: Period) -> Iterator[Period]:
    start = period.start
    while start < period.end:
        every = (containing(start, by) for by in LARGEST)
        found = next(each for each in every if each.start == start and each.end <= period.end)
        yield found
        start = found.end


def _asked(session: Session, runs: Iterable[Run], query: str, **values: Any) -> Any:
    """The rows of a query over these runs, which it knows as ``parts(part, its, first, last)``."""
    mark = "DATE " if session.connection().dialect.name == "postgresql" else ""
    listed = ", ".join(f"({mark}'{part}', '{grain}', {mark}'{a}', {mark}'{b}')" for part, grain, a, b in runs)
    if not listed:
        return []
    return _rows(session, f"WITH parts(part, its, first, last) AS (VALUES {listed}) {query}", **values)


def _in_parts(session: Session, wanted: Iterable[Period], query: str, **values: Any) -> Any:
    return _asked(session, (run for period in wanted for run in _runs(period)), query, **values)


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _rows(session: Session, query: str, **values: Any) -> Any:
    settling.settle(session)
    return session.connection().execute(text(query), values)
