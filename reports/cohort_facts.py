"""Cohorts and lengths of stay as they are counted: what the funnel needs, from whole journeys. Roll-ups keep the same.

Months are first days of the organization's local months; lengths are whole seconds round the clock, counted in steps
of a tenth, at least of a minute (`bucket`), and read out as the mean of a step's members.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from math import floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reports.movements import Total
from reports.visits import Journey

EPOCH = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp())
STEP, LEAST, LONGEST = 1.1, 60, 10**10


def _bounds() -> Iterator[float]:
    bound = 1.0
    while bound < LONGEST:
        yield bound
        bound = max(bound * STEP, bound + LEAST)


BOUNDS = tuple(_bounds())
"""The longest length of every step: one second, then a tenth more each, but at least a minute more."""
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
    return bisect_left(BOUNDS, seconds) if seconds > 1 else 0


def month(day: date) -> date:
    """The first day of a day's month."""
    return day.replace(day=1)


def second(at: datetime) -> int:
    """A moment as whole seconds since 2000-01-01 UTC."""
    return floor(at.timestamp()) - EPOCH


def mask(ranks: Iterable[int]) -> int:
    """Ranks as a bit mask."""
    return sum(1 << rank - 1 for rank in ranks)


def counts(journeys: Iterable[Journey]) -> dict[CohortKey, Total]:
    """How many items of each kind there are, and the money of their last moves."""
    found: dict[tuple[date, int, str, int], list[int]] = {}
    for each in journeys:
        key = month(each.created.day), each.highest, each.status, mask(each.touched)
        known = found.setdefault(key, [0, 0])
        known[0] += 1
        known[1] += each.money
    return {CohortKey(*key): Total(n, 0, money) for key, (n, money) in found.items()}


def stays(
    journeys: Iterable[Journey], as_of: datetime, *, exact: bool = False, under: date | None = None
) -> dict[StayKey, Stays]:
    """Every stay of these journeys; those that have not ended are aged until ``as_of``. ``exact``: steps of a second.

    ``under`` puts them all under one month, for whoever does not ask when items were created.
    """
    lengths: defaultdict[tuple[date, str, int, str], list[int]] = defaultdict(list)
    now = second(as_of)
    for each in journeys:
        created = under or month(each.created.day)
        for what, rank, outcome, seconds in _told(each, now):
            lengths[created, what, rank, outcome].append(seconds)
    return {
        StayKey(*kind, step): Stays(n, seconds)
        for kind, alike in lengths.items()
        for step, n, seconds in _steps(np.array(alike), exact=exact)
    }


def _steps(lengths: NDArray[np.int64], *, exact: bool) -> Iterator[tuple[int, int, int]]:
    """Lengths by `bucket` (or each by itself): the step, how many, their seconds."""
    found = lengths if exact else np.searchsorted(BOUNDS, lengths)
    steps, places, counts = np.unique(found, return_inverse=True, return_counts=True)
    seconds = np.zeros(len(steps), np.int64)
    np.add.at(seconds, places, lengths)
    return zip(steps.tolist(), counts.tolist(), seconds.tolist(), strict=True)


Told = tuple[str, int, str, int]
"""(what, rank, outcome, seconds); what would last less than nothing lasts nothing."""


def _told(journey: Journey, now: int) -> list[Told]:
    created, last = second(journey.created.at), second(journey.last.at)
    firsts = [second(first.at) for first in journey.firsts]
    found = [(VISIT, *each) for each in _visits(journey, now)]
    found += [(ARRIVE, rank, FURTHER, max(0, at - created)) for rank, at in enumerate(firsts, start=1)]
    found += [
        (REACH, rank, FURTHER, max(0, firsts[rank] - firsts[rank - 1])) for rank in range(1, len(firsts))
    ]
    is_won = journey.status == "won"
    outcome = FURTHER if is_won else LOST if journey.status in GONE else OPEN
    until = last if outcome else now
    if firsts and not is_won:
        found.append((REACH, len(firsts), outcome, max(0, until - firsts[-1])))
    found.append((WIN, 0, outcome, max(0, until - (firsts[0] if firsts else created))))
    return found


def _visits(journey: Journey, now: int) -> Iterator[tuple[int, str, int]]:
    ended, before = None, 0
    for visit in journey.visits:
        began = before if visit.began is ended else second(visit.began.at)
        ended = visit.ended
        before = now if ended is None else second(ended.at)
        yield visit.rank, ENDED if visit.outcome else OPEN, max(0, before - began)
