"""Durations with open cases counted honestly. Times are in any unit, the same throughout.

Kaplan and Meier (1958) with delayed entry, the interval after Greenwood (1926); Aalen and Johansen (1978) for
competing outcomes, its variance after Marubini and Valsecchi (1995). Every 95 % interval is on the scale log(-log).
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

Z95 = 1.959963984540054
NEAR = 1e-12


@dataclass(frozen=True, slots=True)
class Stay:
    """Watched from ``since`` (0 unless the window opened later) until ``until``, when ``outcome`` happened.

    An empty outcome: not yet; it is still open there. ``n`` such stays are told at once.
    """

    until: float
    outcome: str = ""
    since: float = 0.0
    n: int = 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its 95 % interval."""

    share: float
    low: float
    high: float


class Point(NamedTuple):
    """How many are still there after ``time``: a share and its 95 % interval."""

    time: float
    share: float
    low: float
    high: float


class _Step(NamedTuple):
    """A time at which some left: ``risk`` were watched just before it, ``ended`` left, ``mine`` by the outcome asked
    for; ``left`` is the share still there just before, ``share`` the part gone by the outcome so far."""

    time: float
    risk: int
    ended: int
    mine: int
    left: float
    share: float


def nearest_rank(values: Iterable[float], share: float) -> float | None:
    """The percentile x_(ceil(share * n)) of these values, None of nothing."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


def weighted_rank(stays: Iterable[Stay], share: float) -> float | None:
    """The same percentile of the times of stays, each as often as it counts."""
    ordered = sorted((stay.until, stay.n) for stay in stays)
    wanted = max(1, math.ceil(share * sum(n for _, n in ordered) - NEAR))
    sums = accumulate(n for _, n in ordered)
    return next((time for (time, _), sum_ in zip(ordered, sums, strict=True) if sum_ >= wanted), None)


class _Sum:
    """How many times are before a moment, answered from sorted sums."""

    def __init__(self, counts: dict[float, int]) -> None:
        self._times = sorted(counts)
        self._sums = [0, *accumulate(counts[time] for time in self._times)]

    def before(self, time: float) -> int:
        return self._sums[bisect_left(self._times, time)]


def _steps(stays: Iterable[Stay], outcome: str = "") -> list[_Step]:
    """Every time at which some left, in order. Who is watched from the very beginning is at risk at time 0 too."""
    since: defaultdict[float, int] = defaultdict(int)
    until: defaultdict[float, int] = defaultdict(int)
    ended: defaultdict[float, int] = defaultdict(int)
    mine: defaultdict[float, int] = defaultdict(int)
    for stay in stays:
        if stay.until <= stay.since and stay.since > 0:
            continue
        since[stay.since if stay.since > 0 else -1.0] += stay.n
        until[stay.until] += stay.n
        if stay.outcome:
            ended[stay.until] += stay.n
        if stay.outcome == outcome:
            mine[stay.until] += stay.n
    came, went, left, share, steps = _Sum(since), _Sum(until), 1.0, 0.0, []
    for time in sorted(ended):
        risk, gone, its = came.before(time) - went.before(time), ended[time], mine.get(time, 0)
        share += left * its / risk
        steps.append(_Step(time, risk, gone, its, left, share))
        left *= 1 - gone / risk
    return steps


def survival(stays: Iterable[Stay]) -> list[Point]:
    """Kaplan and Meier: the share still there after every time somebody left, with Greenwood's interval."""
    spread, curve = 0.0, []
    for step in _steps(stays):
        share = step.left * (1 - step.ended / step.risk)
        if step.risk > step.ended:
            spread += step.ended / (step.risk * (step.risk - step.ended))
        found = _interval(share, share * share * spread)
        curve.append(Point(step.time, share, found.low, found.high))
    return curve


def quantile(curve: Sequence[Point], share: float) -> float | None:
    """The time by which ``share`` have left; None when the curve never comes so low: not reached."""
    return next((point.time for point in curve if point.share <= 1 - share + NEAR), None)


def incidence(stays: Iterable[Stay], outcome: str) -> list[tuple[float, float]]:
    """Aalen and Johansen: the share gone by ``outcome`` at every time somebody left. All outcomes' shares and the
    share still there add up to 1."""
    return [(step.time, step.share) for step in _steps(stays, outcome)]


def ever(stays: Iterable[Stay], outcome: str, *, by: float = math.inf) -> Estimate | None:
    """The share that ends with ``outcome`` by a time (the longest one watched); None when nobody has ended yet.

    Where all or none of those that ended did so by it, the scale log(-log) has no interval: then it is the exact
    one of that many draws (Clopper and Pearson), so that a few that went well never look certain.
    """
    steps = [step for step in _steps(stays, outcome) if step.time <= by]
    if not steps:
        return None
    share, ended = steps[-1].share, sum(step.ended for step in steps)
    edge = 0.025 ** (1 / ended)
    if share > 1 - NEAR:
        return Estimate(1.0, edge, 1.0)
    if share < NEAR:
        return Estimate(0.0, 0.0, 1 - edge)
    return _interval(share, _variance(steps, share))


def _variance(steps: Iterable[_Step], total: float) -> float:
    variance = 0.0
    for step in steps:
        ahead = total - step.share
        if step.risk > step.ended:
            variance += ahead**2 * step.ended / (step.risk * (step.risk - step.ended))
        variance += step.left**2 * (step.risk - step.mine) * step.mine / step.risk**3
        variance -= 2 * ahead * step.left * step.mine / step.risk**2
    return max(variance, 0.0)


def _interval(share: float, variance: float) -> Estimate:
    if not NEAR < share < 1 - NEAR or not variance:
        return Estimate(share, share, share)
    reach = Z95 * math.sqrt(variance) / (share * math.log(share))
    ends = share ** math.exp(reach), share ** math.exp(-reach)
    return Estimate(share, min(ends), max(ends))
