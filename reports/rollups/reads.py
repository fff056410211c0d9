"""What reports read from roll-ups: the whole company as of now, grouped by the database, plain rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.orm import Session

from reports.cohort_facts import BOUNDS, REACH, VISIT, WIN, CohortKey, StayKey, Stays, month, second
from reports.cohort_facts import OPEN as UNENDED
from reports.movements import GREEN, RED, Buckets, Key, Total, Ways
from reports.periods import DAY, By, Period, containing
from reports.rollups import settling
from reports.rollups.tables import OPEN

SUMS = ("n", "dwell", "money", "gain")
FINE = ("department_id", "from_stage", "to_stage", "kind")
Numbers = NDArray[np.int64]
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""What seconds are counted from."""
LARGEST: tuple[By, ...] = ("month", "week", "day")


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


def parts(session: Session, ladder: str, wanted: Iterable[Period]) -> Buckets:
    """The buckets of some periods that do not overlap, each added up and kept under its first day."""
    listed = list(wanted)
    return {
        Key(listed[row[0]].start, row[1], row[2], row[3], row[4]): Total(row[5], row[6], row[7], row[8])
        for row in _in_parts(session, ladder, "rollup_days", listed, FINE, SUMS)
    }


def kinds(session: Session, ladder: str, wanted: Iterable[Period]) -> dict[Period, dict[str, Total]]:
    """What each of these periods adds up to by kind; they may overlap, and what several are made of is read once."""
    runs = {period: list(_runs(period)) for period in wanted}
    places = {
        run: place
        for place, run in enumerate(dict.fromkeys(run[1:] for each in runs.values() for run in each))
    }
    told: list[dict[str, Total]] = [{} for _ in places]
    once = [(place, 1, *run) for run, place in places.items()]
    for place, kind, *sums in _in_runs(session, ladder, "rollup_days", once, ("kind",), SUMS):
        told[place][kind] = Total(*sums)
    return {period: _added((run[0], told[places[run[1:]]]) for run in each) for period, each in runs.items()}


def _added(parts: Iterable[tuple[int, Mapping[str, Total]]]) -> dict[str, Total]:
    found: dict[str, Total] = {}
    for sign, kinds in parts:
        for kind, total in kinds.items():
            found[kind] = found.get(kind, Total()).plus(total, sign)
    return {kind: total for kind, total in found.items() if total.n}


def ways(session: Session, ladder: str, period: Period) -> dict[date, Ways]:
    """What each day of a period moved forward and back, in numbers and money; days without a move are left out."""
    if not period.days:
        return {}
    both = (
        f"sum(CASE WHEN kind IN {kinds} THEN {name} END)" for kinds in (GREEN, RED) for name in ("n", "money")
    )
    told = ", ".join(f"CAST(coalesce({each}, 0) AS BIGINT)" for each in both)
    mark = "DATE " if _is_postgresql(session) else ""
    query = (
        f"SELECT day, {told} FROM rollup_days WHERE ladder = :ladder AND grain = 'day' AND n <> 0 "
        f"AND day >= {mark}'{period.start}' AND day < {mark}'{period.end}' AND kind IN {(*GREEN, *RED)} GROUP BY day"
    )
    rows = _rows(session, query, ladder=ladder)
    return {_day(row[0]): Ways(Total(row[1], 0, row[2]), Total(row[3], 0, row[4])) for row in rows}


def causes(session: Session, ladder: str, period: Period) -> list[tuple[int, str, str, int, int]]:
    """Red movements of a period as (causing department or 0, reason or "", kind, n, money), the most first."""
    names = ("cause_id", "reason", "kind")
    rows = _in_parts(session, ladder, "rollup_causes", [period], names, ("n", "money"))
    return sorted((tuple(row[1:]) for row in rows), key=lambda row: (-row[3], *row[:3]))


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
    names, sums = ("from_stage", "to_stage"), ("n", "money", "gain")
    until = _until(session, ladder, before)
    found: dict[str, Total] = {}
    for _, left, entered, n, money, gain in _in_parts(session, ladder, "rollup_days", until, names, sums):
        if entered:
            found[entered] = found.get(entered, Total()).plus(Total(n, 0, money))
        if left:
            found[left] = found.get(left, Total()).plus(Total(n, 0, money - gain), -1)
    return {stage: total for stage, total in found.items() if total.n}


def standing(session: Session, ladder: str) -> dict[str, Total]:
    """What stands on each open position now, counted item by item."""
    query = (
        f"SELECT stage, count(*), sum(money) FROM journeys WHERE {OPEN} AND ladder = :ladder AND stage <> '' "
        "GROUP BY stage"
    )
    return {row[0]: Total(row[1], 0, int(row[2])) for row in _rows(session, query, ladder=ladder)}


class Stood(NamedTuple):
    """An item that stands open: on the position ``entered`` since ``at``; money in hundredths."""

    item: str
    instance_id: int | None
    owner_id: int | None
    entered: str
    at: datetime
    money: int


def stood(session: Session, ladder: str) -> list[Stood]:
    """Every item that stands on an open position now, by its last move."""
    query = (
        "SELECT item, instance_id, owner_id, stage, moved, money FROM journeys "
        f"WHERE {OPEN} AND ladder = :ladder AND stage <> ''"
    )
    return [
        Stood(item, instance_id, owner_id or None, stage, BEGINNING + timedelta(seconds=moved), money)
        for item, instance_id, owner_id, stage, moved, money in _rows(session, query, ladder=ladder)
    ]


def resting(session: Session, ladder: str, limits: Mapping[str, date]) -> dict[str, Total]:
    """Of what stands on each of these positions now, what has not moved since before the position's day."""
    found: dict[str, Total] = {}
    for stage, limit in limits.items():
        query = (
            "SELECT count(*), coalesce(sum(money), 0) FROM journeys "
            f"WHERE {OPEN} AND ladder = :ladder AND stage = :stage AND stage <> '' AND moved_day < :limit"
        )
        n, money = _rows(session, query, ladder=ladder, stage=stage, limit=limit).one()
        if n:
            found[stage] = Total(n, 0, int(money))
    return found


def spent(session: Session, ladder: str, until: datetime, before: date) -> dict[str, int]:
    """Seconds that all items together had spent on each position when the day ``before`` began, ``until`` being that
    moment (or now, in the day before it). The time in a window is the difference of two such answers."""
    moment, found = second(until), dict[str, int]()
    names, sums = ("from_stage", "to_stage"), ("n", "moment")
    days = _until(session, ladder, before)
    for _, left, entered, n, moments in _in_parts(session, ladder, "rollup_days", days, names, sums):
        past = n * moment - moments
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
    """`reports.cohort_facts.stays` of the items created in the months of a window, all under its first month."""
    start, end = month(window.start), month(containing(window.end - DAY, "month").end)
    query = (
        "SELECT what, rank, outcome, bucket, CAST(sum(n) AS BIGINT), CAST(sum(seconds) AS BIGINT) FROM rollup_stays "
        "WHERE ladder = :ladder AND month >= :start AND month < :end GROUP BY what, rank, outcome, bucket "
        "HAVING sum(n) <> 0"
    )
    rows = _rows(session, query, ladder=ladder, start=start, end=end).all()
    found = {StayKey(start, row[0], row[1], row[2], row[3]): Stays(row[4], row[5]) for row in rows}
    for what, rank, step, n, seconds in _open(session, ladder, window, second(as_of)):
        found[StayKey(start, what, rank, UNENDED, step)] = Stays(n, seconds)
    return found


OPEN_ITEMS = {
    WIN: "64 * CASE WHEN highest > 0 THEN began ELSE created END",
    REACH: "64 * arrived + highest",
    VISIT: "64 * entered + rank",
}
"""What has not ended of an open item: since when, and at which rank (0: there is none, but of the whole way), in one
number; ranks fit in six bits, for `JourneyRow.touched` has one bit of each."""


def _open(
    session: Session, ladder: str, window: Period, now: int
) -> Iterator[tuple[str, int, int, int, int]]:
    """The stays that have not ended, of those created in a window: (what, rank, bucket, how many, their seconds).

    Every open item has some, so each kind comes as one string: thousands of rows would take longer to fetch than to
    count. Their steps are found faster in the order of their age.
    """
    one = "string_agg(CAST({} AS TEXT), ',')" if _is_postgresql(session) else "group_concat({})"
    query = (
        f"SELECT {', '.join(map(one.format, OPEN_ITEMS.values()))} FROM journeys "
        f"WHERE {OPEN} AND ladder = :ladder AND created_day >= :start AND created_day < :end"
    )
    days = {"start": month(window.start), "end": window.end}
    told = _rows(session, query, ladder=ladder, **days).one()
    for what, numbers in zip(OPEN_ITEMS, told, strict=True):
        found = np.sort(np.fromstring(numbers or "", np.int64, sep=","))
        since, ranks = found >> 6, found & 63
        if what != WIN:
            since, ranks = since[ranks > 0], ranks[ranks > 0]
        yield from _by_step(what, ranks, np.maximum(now - since, 0))


def _by_step(what: str, ranks: Numbers, ages: Numbers) -> Iterator[tuple[str, int, int, int, int]]:
    """Stays that last, in the steps of `reports.cohort_facts.bucket`."""
    places = ranks * len(BOUNDS) + np.searchsorted(BOUNDS, ages)
    counts, seconds = np.bincount(places), np.bincount(places, ages)
    known = np.flatnonzero(counts)
    for place, n, sum_ in zip(known.tolist(), counts[known].tolist(), seconds[known].tolist(), strict=True):
        yield what, place // len(BOUNDS), place % len(BOUNDS), n, int(sum_)


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


Run = tuple[int, By, date, date]
"""Whether it is added (1) or taken away (-1), a grain, and the first and the last day (not with it) of some
neighbouring rows of it."""


def _runs(period: Period) -> Iterator[Run]:
    """A period as whole months, weeks and days, neighbours of one grain together. A month without its last days may be
    just that: a month has about as many rows as a day."""
    straight, last = list(_wholes(period)), containing(period.last, "month")
    if last.start >= period.start and last.end > period.end:
        longer = [*_wholes(Period(period.start, last.start)), last]
        beyond = list(_wholes(Period(period.end, last.end)))
        if len(longer) + len(beyond) < len(straight):
            yield from _neighbours(1, longer)
            yield from _neighbours(-1, beyond)
            return
    yield from _neighbours(1, straight)


def _neighbours(sign: int, wholes: Iterable[Period]) -> Iterator[Run]:
    for grain, run in groupby(wholes, key=lambda each: each.by):
        neighbours = list(run)
        yield sign, grain, neighbours[0].start, neighbours[-1].end


def _wholes(period: Period) -> Iterator[Period]:
    start = period.start
    while start < period.end:
        every = (containing(start, by) for by in LARGEST)
        found = next(each for each in every if each.start == start and each.end <= period.end)
        yield found
        start = found.end


def _in_parts(
    session: Session,
    ladder: str,
    table: str,
    wanted: Sequence[Period],
    names: Sequence[str],
    sums: Sequence[str],
) -> Any:
    """What the rows of a table add up to in each of these periods, by these columns: (its place, *names, *sums)."""
    runs = [(place, *run) for place, period in enumerate(wanted) for run in _runs(period)]
    return _in_runs(session, ladder, table, runs, names, sums)


def _in_runs(
    session: Session,
    ladder: str,
    table: str,
    runs: Sequence[tuple[int, *Run]],
    names: Sequence[str],
    sums: Sequence[str],
) -> Any:
    """The same of runs, each with the place of what it is part of.

    The rows are looked up run by run. PostgreSQL would rather compare every row with every run, so it is not told that
    it might: OFFSET 0 keeps the inner question as it is.
    """
    if not runs:
        return []
    mark = "DATE " if _is_postgresql(session) else ""
    listed = ", ".join(
        f"({place}, {sign}, '{grain}', {mark}'{first}', {mark}'{last}')"
        for place, sign, grain, first, last in runs
    )
    within = f"{table} WHERE ladder = :ladder AND grain = its AND day >= first AND day < last"
    if _is_postgresql(session):
        within = f"LATERAL (SELECT * FROM {within} OFFSET 0) AS kept"
    told = ", ".join(f"CAST(sum(sign * {name}) AS BIGINT)" for name in sums)
    by = ", ".join(("part", *names))
    return _rows(
        session,
        f"WITH parts(part, sign, its, first, last) AS (VALUES {listed}) SELECT {by}, {told} "
        f"FROM parts CROSS JOIN {within} GROUP BY {by} HAVING sum(sign * n) <> 0",
        ladder=ladder,
    ).all()


def _is_postgresql(session: Session) -> bool:
    return session.connection().dialect.name == "postgresql"


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _rows(session: Session, query: str, **values: Any) -> Any:
    settling.settle(session)
    return session.connection().execute(text(query), values)
