"""Days, ISO weeks and months as half-open periods of the organization's local days."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Literal

By = Literal["day", "week", "month"]
BY: tuple[By, ...] = ("day", "week", "month")
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from ``start`` up to, without, ``end``. ``by`` says what kind of period it is."""

    start: date
    end: date
    by: By = "day"

    @property
    def last(self) -> date:
        """Its last day."""
        return self.end - DAY

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.start).days

    def cut(self, days: int) -> "Period":
        """Only its first ``days`` days: an unfinished week is compared with as much of a whole one."""
        return Period(self.start, min(self.end, self.start + days * DAY), self.by)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __iter__(self) -> Iterator[date]:
        return (self.start + step * DAY for step in range(self.days))


def containing(day: date, by: By) -> Period:
    """The day, the week from Monday, or the month that ``day`` lies in."""
    if by == "day":
        return Period(day, day + DAY, by)
    if by == "week":
        monday = day - day.weekday() * DAY
        return Period(monday, monday + 7 * DAY, by)
    first = day.replace(day=1)
    return Period(first, (first + 31 * DAY).replace(day=1), by)


def before(period: Period, count: int = 1) -> list[Period]:
    """The ``count`` periods of the same kind just before this one, the latest first."""
    found: list[Period] = []
    for _ in range(count):
        period = containing(period.start - DAY, period.by)
        found.append(period)
    return found


def spanning(start: date, end: date, by: By) -> list[Period]:
    """Every period that shares a day with [start, end), cut to it; none is left out for being empty."""
    found: list[Period] = []
    while start < end:
        whole = containing(start, by)
        found.append(Period(start, min(whole.end, end), by))
        start = whole.end
    return found


def pieces(periods: Iterable[Period]) -> list[Period]:
    """The parts of which all of these periods are made, none across the beginning or the end of one, none twice."""
    edges: Counter[date] = Counter()
    for period in set(periods):
        edges[period.start] += 1
        edges[period.end] -= 1
    found, inside = [], 0
    for start, end in pairwise(sorted(edges)):
        inside += edges[start]
        if inside:
            found.append(Period(start, end))
    return found
