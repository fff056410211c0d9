"""Cohorts and lengths of stay as they are counted: what the funnel needs, from whole journeys. Roll-ups keep the same.

Months are first days of the organization's local months; lengths are whole seconds round the clock, counted in steps
of a tenth, at least of ten minutes (`bucket`), and read out as the mean of a step's members.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from reports.movements import Total
from reports.visits import Journey

EPOCH, SECOND = datetime(2000, 1, 1, tzinfo=UTC), timedelta(seconds=1)
STEP, LEAST, LONGEST = 1.1, 600, 10**10


def _bounds() -> Iterator[float]:
    bound = 1.0
    while bound < LONGEST:
        yield bound
        bound = max(bound * STEP, bound + LEAST)


BOUNDS = tuple(_bounds())
"""The longest length of every step: one second, then a tenth more each, but at least ten minutes more."""
REACH, WIN, VISIT, ARRIVE = "reach", "win", "visit", "arrive"
FURTHER, LOST, ENDED, OPEN = "further", "lost", "ended", ""
"""How a way to the next rank (or to the end) ended; rerouted is lost. A visit has ended, however it did."""
GONE = ("lost", "rerouted")


class CohortKey(NamedTuple):
    """Items alike: created in a month, came as high, are in the same state, stood on the same ranks.

    ``highest`` counts from 1 and is one above all ranks when won, 0 for an item that never stood anywhere. ``status``
    is open, suspended, won, lost or rerouted. Bit r - 1 of ``touched``: it stood on rank r.
    """

    month: date
    highest: int
    status: str
    touched: int


class StayKey(NamedTuple):
    """Stays alike. ``reach``: from first standing at ``rank`` or beyond until first standing beyond it; ``win``: from
    creation to the end (rank 0); ``visit``: one visit of a rank; ``arrive``: from creation until first standing at the
    rank or beyond. An empty outcome: still there as of the report.
    """

    month: date
    what: str
    rank: int
    outcome: str
    bucket: int


class Stays(NamedTuple):
    """How many stays, and their seconds together."""

    n: int = 0
    seconds: int = 0


def bucket(seconds: int) -> int:
    """The first step that is as long as this; 0 for a second and less."""
    return bisect_left(BOUNDS, seconds)


def month(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def second(at: datetime) -> int:
    """A moment as whole seconds since 2000-01-01 UTC."""
    return (at - EPOCH) // SECOND


def lasted(start: datetime, end: datetime) -> int:
    """Seconds from the second of one moment to that of another, never negative."""
    return max(0, second(end) - second(start))


def mask(ranks: Iterable[int]) -> int:
    """Ranks as a bit mask."""
    return sum(1 << rank - 1 for rank in ranks)


def counts(journeys: Iterable[Journey]) -> dict[CohortKey, Total]:
    """How many items of each kind there are, and the money of their last moves."""
    found: dict[CohortKey, Total] = {}
    for each in journeys:
        key = CohortKey(month(each.created.day), each.highest, each.status, mask(each.touched))
        found[key] = found.get(key, Total()).plus(Total(1, 0, each.money))
    return found


def stays(journeys: Iterable[Journey], as_of: datetime, *, exact: bool = False) -> dict[StayKey, Stays]:
    """Every stay of these journeys; those that have not ended are aged until ``as_of``. ``exact``: steps of a second."""
    found: dict[StayKey, Stays] = {}
    for each in journeys:
        for what, rank, outcome, seconds in (*_ways(each, as_of), *_visits(each, as_of), *_arrivals(each)):
            step = seconds if exact else bucket(seconds)
            key = StayKey(month(each.created.day), what, rank, outcome, step)
            known = found.get(key, Stays())
            found[key] = Stays(known.n + 1, known.seconds + seconds)
    return found


Told = tuple[str, int, str, int]
"""(what, rank, outcome, seconds)"""


def _ways(journey: Journey, as_of: datetime) -> Iterator[Told]:
    firsts, is_won = journey.firsts, journey.status == "won"
    for rank in range(1, len(firsts)):
        yield REACH, rank, FURTHER, lasted(firsts[rank - 1].at, firsts[rank].at)
    outcome = FURTHER if is_won else LOST if journey.status in GONE else OPEN
    until = journey.last.at if outcome else as_of
    if firsts and not is_won:
        yield REACH, len(firsts), outcome, lasted(firsts[-1].at, until)
    began = firsts[0].at if firsts else journey.created.at
    yield WIN, 0, outcome, lasted(began, until)


def _visits(journey: Journey, as_of: datetime) -> Iterator[Told]:
    for visit in journey.visits:
        yield VISIT, visit.rank, ENDED if visit.outcome else OPEN, lasted(visit.entered, visit.left or as_of)


def _arrivals(journey: Journey) -> Iterator[Told]:
    for rank, first in enumerate(journey.firsts, start=1):
        yield ARRIVE, rank, FURTHER, lasted(journey.created.at, first.at)
