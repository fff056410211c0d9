"""Durations with open cases counted honestly. Times are in any unit, the same throughout.

Kaplan and Meier (1958) with delayed entry; Aalen and Johansen (1978) for competing outcomes, its variance after
Marubini and Valsecchi (1995), its 95 % interval on the scale log(-log).
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Stay:
    """Watched from ``since`` (0 unless the window opened later) until ``until``, when ``outcome`` happened.

    An empty outcome: not yet; it is still open there.
    """

    until: float
    outcome: str = ""
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share with its 95 % interval."""

    share: float
    low: float
    high: float


def nearest_rank(values: Iterable[float], share: float) -> float | None:
    """The percentile x_(ceil(share * n)) of these values, None of nothing."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(share * len(ordered))) - 1] if ordered else None


class _Watched:
    """How many were still there just before a moment, and who left at it; answered from sorted lists."""

    def __init__(self, stays: Iterable[Stay]) -> None:
        known = [stay for stay in stays if stay.until > stay.since]
        self._since = sorted(stay.since for stay in known)
        self._until = sorted(stay.until for stay in known)
        self.ended = Counter((stay.until, stay.outcome) for stay in known if stay.outcome)
        self.all_ended = Counter(stay.until for stay in known if stay.outcome)
        self.times = sorted(self.all_ended)

    def at_risk(self, time: float) -> int:
        return bisect_left(self._since, time) - bisect_left(self._until, time)


def survival(stays: Iterable[Stay]) -> list[tuple[float, float]]:
    """Kaplan and Meier: (time, share still there after it) at every time somebody left."""
    watched = _Watched(stays)
    share, curve = 1.0, []
    for time in watched.times:
        share *= 1 - watched.all_ended[time] / watched.at_risk(time)
        curve.append((time, share))
    return curve


def quantile(curve: Sequence[tuple[float, float]], share: float) -> float | None:
    """The time by which ``share`` have left; None when the curve never comes so low."""
    return next((time for time, left in curve if left <= 1 - share + 1e-12), None)


def ever(stays: Iterable[Stay], outcome: str) -> Estimate | None:
    """The share that ends with ``outcome`` by the longest time watched; None when nobody has ended yet."""
    watched = _Watched(stays)
    if not watched.times:
        return None
    steps, left, share = [], 1.0, 0.0
    for time in watched.times:
        risk, ended, mine = watched.at_risk(time), watched.all_ended[time], watched.ended[time, outcome]
        share += left * mine / risk
        steps.append((left, risk, ended, mine, share))
        left *= 1 - ended / risk
    return _interval(share, _variance(steps, share))


def _variance(steps: Iterable[tuple[float, int, int, int, float]], total: float) -> float:
    variance = 0.0
    for left, risk, ended, mine, share in steps:
        ahead = total - share
        if risk > ended:
            variance += ahead**2 * ended / (risk * (risk - ended))
        variance += left**2 * (risk - mine) * mine / risk**3
        variance -= 2 * ahead * left * mine / risk**2
    return max(variance, 0.0)


def _interval(share: float, variance: float) -> Estimate:
    if not 0 < share < 1 or not variance:
        return Estimate(share, share, share)
    reach = Z95 * math.sqrt(variance) / (share * math.log(share))
    ends = share ** math.exp(reach), share ** math.exp(-reach)
    return Estimate(share, min(ends), max(ends))
