"""Agreement dynamics: what moved forward and back in each period, against what is usual.

Pure arithmetic on buckets (see `reports.movements`); where they come from is the business of `reports.reading`.
"""

import math
import statistics
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from engine.calendars import is_work_day
from reports.movements import (
    GREEN,
    GREY,
    HANDED_OVER,
    MISTAKEN,
    OUTSIDE,
    RED,
    TAKEN_OVER,
    Buckets,
    Movement,
    Total,
)
from reports.periods import DAY, Period, before

BACK_TO = 8
"""How many earlier periods say what is usual."""
ENOUGH = 4
"""Fewer of them say nothing."""
TOO_FEW = 20
"""A period in which fewer moves are expected is not judged."""
QUANTILE = 0.05


@dataclass(frozen=True, slots=True)
class Row:
    """One period: a total for every kind of movement in it."""

    period: Period
    kinds: Mapping[str, Total] = field(default_factory=dict)

    def of(self, *kinds: str) -> Total:
        """The total of some kinds."""
        found = [self.kinds[kind] for kind in kinds if kind in self.kinds]
        return Total(*map(sum, zip(*found, strict=True))) if found else Total()

    @property
    def green(self) -> Total:
        """Forward, skips and won."""
        return self.of(*GREEN)

    @property
    def red(self) -> Total:
        """Backward and lost."""
        return self.of(*RED)

    @property
    def grey(self) -> Total:
        """Suspended."""
        return self.of(*GREY)

    @property
    def new(self) -> Total:
        """New entries, outside green."""
        return self.of("new")

    @property
    def corrected(self) -> Total:
        """Moves undone as mistakes: counted once a pair, outside green and red."""
        return self.of(MISTAKEN)

    @property
    def net(self) -> Total:
        """Green without red."""
        return self.green.plus(self.red, -1)

    @property
    def red_share(self) -> float | None:
        """Red of green and red; None when nothing moved."""
        both = self.green.n + self.red.n
        return self.red.n / both if both else None


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual: the median of the last eight comparable periods, None with fewer than four."""

    green: float | None = None
    red: float | None = None
    money_green: float | None = None
    money_red: float | None = None

    @property
    def too_few(self) -> bool:
        """Whether there is history, and it expects too few moves to judge by."""
        return self.green is not None and self.red is not None and self.green + self.red < TOO_FEW


@dataclass(frozen=True, slots=True)
class Day:
    """One bar: a period, what is usual in it, and the green below which it is too little (days only)."""

    row: Row
    usual: float | None = None
    usual_money: float | None = None
    limit: int | None = None
    is_off: bool = False

    @property
    def is_low(self) -> bool:
        """Whether there was too little green."""
        return self.limit is not None and not self.is_off and self.row.green.n < self.limit


@dataclass(frozen=True, slots=True)
class Net:
    """How items ended a period against how they began it. ``recovered``: moves back regained within it."""

    further: int = 0
    back: int = 0
    same: int = 0
    recovered: int = 0


class Rows(Mapping[Period, Row]):
    """A row for any period, each made once: many comparisons ask for the same one."""

    def __init__(self, buckets: Buckets) -> None:
        alike: defaultdict[tuple[date, str], list[Total]] = defaultdict(list)
        for key, total in buckets.items():
            alike[key.day, key.kind].append(total)
        self._kinds: defaultdict[date, dict[str, Total]] = defaultdict(dict)
        for (day, kind), totals in alike.items():
            self._kinds[day][kind] = Total(*map(sum, zip(*totals, strict=True)))
        self._days = sorted(self._kinds)
        self._made: dict[Period, Row] = {}

    def __getitem__(self, period: Period) -> Row:
        if period not in self._made:
            first, last = (bisect_left(self._days, day) for day in (period.start, period.end))
            found: dict[str, Total] = {}
            for day in self._days[first:last]:
                for kind, total in self._kinds[day].items():
                    _put(found, kind, total)
            self._made[period] = Row(period, found)
        return self._made[period]

    def __iter__(self) -> Iterator[Period]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def _put(kinds: dict[str, Total], kind: str, total: Total) -> None:
    known = kinds.get(kind)
    kinds[kind] = known.plus(total) if known else total


def by_period(buckets: Buckets, periods: Sequence[Period]) -> list[Row]:
    """A row for every period, also for those in which nothing moved."""
    rows = Rows(buckets)
    return [rows[period] for period in periods]


def alike(period: Period, *, since: date) -> list[Period]:
    """The last eight periods to compare with, none older than the history: for a day those of the same weekday
    that were worked."""
    if period.by != "day":
        return [each for each in before(period, BACK_TO) if each.start >= since]
    found: list[Period] = []
    day = period.start - 7 * DAY
    while len(found) < BACK_TO and day >= since:
        if is_work_day(day):
            found.append(Period(day, day + DAY))
        day -= 7 * DAY
    return found


def compared(period: Period, *, since: date, through: date) -> list[Period]:
    """What a period is compared with: as much of the like ones as has passed of it by ``through``."""
    elapsed = min(period.days, (through - period.start).days + 1)
    return [each.cut(elapsed) for each in alike(period, since=since)]


def usual(buckets: Buckets, period: Period, *, since: date, through: date) -> Usual:
    """What is usual in such a period; one that is not over by ``through`` is compared with as much of the others."""
    return median(by_period(buckets, compared(period, since=since, through=through)))


def median(rows: Sequence[Row]) -> Usual:
    """What is usual, by the rows of comparable periods."""
    if len(rows) < ENOUGH:
        return Usual()
    green, red = [row.green for row in rows], [row.red for row in rows]
    return Usual(
        statistics.median(each.n for each in green),
        statistics.median(each.n for each in red),
        statistics.median(each.money for each in green),
        statistics.median(each.money for each in red),
    )


def least(expected: float, quantile: float = QUANTILE) -> int:
    """The smallest count whose Poisson probability, with all below it, reaches the quantile."""
    if expected <= 0:
        return 0
    count = max(0, int(expected - 12 * math.sqrt(expected)) - 12)  # what is below is too rare to count
    reached = _poisson(count, expected)
    while reached < quantile:
        count += 1
        reached += _poisson(count, expected)
    return count


def _poisson(count: int, expected: float) -> float:
    return math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))


def bars(rows: Mapping[Period, Row], periods: Sequence[Period], *, since: date, through: date) -> list[Day]:
    """What the picture draws: each period with what is usual, days with their band of too little green.

    ``rows`` has those of `drawn`.
    """
    return [_bar(rows, rows[period], since, through) for period in periods]


def drawn(periods: Iterable[Period], *, since: date, through: date) -> list[Period]:
    """Every period that such a picture looks at."""
    found: list[Period] = []
    for period in periods:
        found.append(period)
        found += compared(period, since=since, through=max(through, period.start))
    return found


def _bar(rows: Mapping[Period, Row], row: Row, since: date, through: date) -> Day:
    period = row.period
    if period.days == 1 and not is_work_day(period.start):
        return Day(row, is_off=True)
    like = compared(period, since=since, through=max(through, period.start))
    habit = median([rows[each] for each in like])
    limit = None
    if period.by == "day" and len(like) >= ENOUGH:
        limit = least(statistics.fmean(rows[each].green.n for each in like))
    return Day(row, habit.green, habit.money_green, limit)


def units(buckets: Buckets) -> dict[int, Buckets]:
    """The buckets of each department (or owner)."""
    found: defaultdict[int, Buckets] = defaultdict(dict)
    for key, total in buckets.items():
        found[key.unit][key] = total
    return dict(found)


def leaving(buckets: Buckets, stage: str) -> Buckets:
    """The buckets of what left a stage."""
    return {key: total for key, total in buckets.items() if key.left == stage}


def net(movements: Iterable[Movement]) -> Net:
    """How each item that moved stands at the end against the start. Won is further, lost is back."""
    paths: defaultdict[str, list[Movement]] = defaultdict(list)
    for each in movements:
        if each.kind not in (*OUTSIDE, TAKEN_OVER, HANDED_OVER):
            paths[each.fact.item].append(each)
    verdicts = Counter(_verdict(path) for path in paths.values())
    recovered = sum(_recovered(path) for path in paths.values())
    return Net(verdicts[1], verdicts[-1], verdicts[0], recovered)


def _after(movement: Movement) -> float:
    """Where an item is after a movement: a rank, above all ranks when won, below all when lost."""
    if movement.kind in ("won", "lost"):
        return math.inf if movement.kind == "won" else -math.inf
    return movement.fact.to_rank or movement.fact.from_rank or 0


def _verdict(path: Sequence[Movement]) -> int:
    began = path[0].fact.from_rank or path[0].fact.to_rank or 0
    ended = _after(path[-1])
    return (ended > began) - (ended < began)


def _recovered(path: Sequence[Movement]) -> int:
    """Moves back after which the item came to where it was, or was won."""
    return sum(
        1
        for place, each in enumerate(path)
        if each.kind == "backward"
        and any(_after(later) >= (each.fact.from_rank or 0) for later in path[place + 1 :])
    )


@dataclass(frozen=True, slots=True)
class Passage:
    """What went from the stage ``left`` to the stage ``entered`` ("" is won), forward or back."""

    left: str
    entered: str
    is_forward: bool
    total: Total


def passages(buckets: Buckets, period: Period) -> list[Passage]:
    """What moved forward, back or was won in a period, by where it went; the most frequent first."""
    found: defaultdict[tuple[str, str, bool], Total] = defaultdict(Total)
    for key, total in buckets.items():
        if key.day in period and key.left and (key.kind in GREEN or key.kind == "backward"):
            place = (key.left, key.entered, key.kind in GREEN)
            found[place] = found[place].plus(total)
    ordered = sorted(found.items(), key=lambda each: (-each[1].n, each[0]))
    return [Passage(*place, total) for place, total in ordered if total.n]


@dataclass(frozen=True, slots=True)
class Cause:
    """Red caused by one department (0: not said): its number and the reason given most often."""

    department_id: int
    n: int
    money: int
    reasons: tuple[tuple[str, int], ...]


def causes(counted: Iterable[tuple[int, str, str, int, int]]) -> list[Cause]:
    """Who caused the red, the most first; from (department, reason, kind, n, money)."""
    totals: defaultdict[int, Total] = defaultdict(Total)
    reasons: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for department, reason, _kind, n, money in counted:
        totals[department] = totals[department].plus(Total(n, 0, money))
        reasons[department][reason] += n
    found = [
        Cause(
            department,
            total.n,
            total.money,
            tuple(sorted(reasons[department].items(), key=lambda each: (-each[1], each[0]))),
        )
        for department, total in totals.items()
    ]
    return sorted(found, key=lambda cause: (-cause.n, cause.department_id))
