"""What will become of the items that are open: how likely each is won within a horizon, and when.

An item is somewhere (a stage, or put aside), has been there for a while, and goes somewhere else or ends: a semi-Markov
process (Lévy, 1954; Smith, 1955). Where it goes and after how long is read from history with the open stays counted as
what they are, unfinished: the hazards of Aalen and Johansen (1978) in steps of time. From them follows how likely an item that
has stood on a stage for so long is won within t steps. Nobody is believed without a trial: see `reports.backtest`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np

from reports.movements import OUTSIDE, Fact, tell

WON, LOST, GONE, ASIDE = "won", "lost", "rerouted", "suspended"
ENDS = frozenset({WON, LOST, GONE})
STEPS = 60
"""A horizon is cut into so many steps."""
REACH = 4
"""Dates are looked for up to so many horizons ahead."""
FEW = 10
"""Fewer stays that long say nothing of how they go on; then the longest stays that enough others lasted speak for them."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Somewhere from a moment until another; open while ``until`` is None. ``to`` is where it went from there."""

    state: str
    since: datetime
    until: datetime | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Path:
    """One item's stays in order. ``money`` is of its last move, in hundredths."""

    item: str
    stays: tuple[Stay, ...]
    money: int

    @property
    def last(self) -> Stay:
        """Where it is, or what it ended from."""
        return self.stays[-1]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is foreseen of one open item: the chance to be won within the horizon, and the days (from now) by which half,
    or four in five, of such items that are won at all are won."""

    chance: float
    half: float | None
    most: float | None


def paths(facts: Iterable[Fact]) -> list[Path]:
    """The stays of these whole histories, item by item; mistakes and their corrections never happened."""
    told = (each for each in tell(facts) if each.kind not in OUTSIDE)
    found = []
    for item, moves in groupby(told, key=lambda each: each.fact.item):
        stays: list[Stay] = []
        money = 0
        for move in moves:
            state = move.entered or (move.kind if move.kind in (*ENDS, ASIDE) else "")
            money = move.money
            if stays and stays[-1].until is None:
                open_ = stays.pop()
                if state == open_.state:
                    stays.append(open_)
                    continue
                stays.append(Stay(open_.state, open_.since, move.fact.at, state or GONE))
            if state and state not in ENDS:
                stays.append(Stay(state, move.fact.at))
        if stays:
            found.append(Path(item, tuple(stays), money))
    return found


def until(path: Path, moment: datetime) -> Path | None:
    """The path as it was at a moment; None when it had not begun."""
    known = [stay for stay in path.stays if stay.since <= moment]
    if not known:
        return None
    last = known[-1]
    if last.until is not None and last.until > moment:
        known[-1] = Stay(last.state, last.since)
    return Path(path.item, tuple(known), path.money)


Hazards = Mapping[int, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Model:
    """What history teaches: the chances to leave each state at each step, and to be won within so many steps of coming."""

    step: timedelta
    hazards: Mapping[str, Hazards]
    longest: Mapping[str, int]
    """The most steps of a stay that enough others lasted as long as."""
    within: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """By state: the chance to be won 0, 1, 2 … steps after coming there."""
    told: dict[tuple[str, int, int], Outlook | None] = field(default_factory=dict, repr=False, compare=False)
    """What was said of a state, steps spent there and a horizon: of thousands of open items many stand alike."""

    def chances(self, state: str, age: timedelta) -> list[float]:
        """The chance to be won within 0, 1, 2 … steps from now, after having been in the state for ``age``."""
        reach = len(next(iter(self.within.values()), ()))
        if state not in self.hazards or not reach:
            return []
        past = min(int(age / self.step), self.longest[state])
        return _ahead(self.hazards[state], self.within, past, reach)

    def outlook(self, state: str, age: timedelta, horizon: timedelta) -> Outlook | None:
        """What is foreseen of an item in this state; None of a state nobody has been in."""
        if state not in self.hazards:
            return None
        key = (state, min(int(age / self.step), self.longest[state]), round(horizon / self.step))
        if key not in self.told:
            self.told[key] = self._outlook(self.chances(state, age), key[2])
        return self.told[key]

    def _outlook(self, chances: Sequence[float], within: int) -> Outlook | None:
        if not chances:
            return None
        chance = chances[min(within, len(chances) - 1)]
        return Outlook(chance, self._by(chances, 0.5), self._by(chances, 0.8))

    def _by(self, chances: Sequence[float], share: float) -> float | None:
        """Days until so much of the chance that there is has come true."""
        whole = chances[-1]
        if whole < 1e-9:
            return None
        first = next(place for place, chance in enumerate(chances) if chance >= share * whole - 1e-12)
        return first * self.step.total_seconds() / 86400


def learn(history: Iterable[Path], *, as_of: datetime, horizon: timedelta, reach: int = REACH) -> Model:
    """The model of these paths as they are known at a moment."""
    step = horizon / STEPS
    left: defaultdict[str, Counter[tuple[int, str]]] = defaultdict(Counter)
    lasted: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for path in history:
        for stay in path.stays:
            steps = max(1, -(-((stay.until or as_of) - stay.since) // step))
            lasted[stay.state][steps] += 1
            if stay.until is not None:
                left[stay.state][steps, stay.to] += 1
    hazards = {state: _hazards(lasted[state], left[state]) for state in lasted}
    longest = {state: _longest(counts) for state, counts in lasted.items()}
    return Model(step, hazards, longest, _within(hazards, reach * STEPS + 1))


def _hazards(lasted: Counter[int], left: Counter[tuple[int, str]]) -> Hazards:
    """At each step: of those still there, the part that goes to each place. An open stay was there to its last step."""
    there, found = sum(lasted.values()), {}
    ends: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for (steps, to), n in left.items():
        ends[steps][to] = n
    for steps in sorted(lasted):
        if steps in ends:
            found[steps] = {to: n / there for to, n in ends[steps].items()}
        there -= lasted[steps]
    return found


def _longest(lasted: Counter[int]) -> int:
    """The most steps that at least `FEW` stays went beyond."""
    there = 0
    for steps in sorted(lasted, reverse=True):
        there += lasted[steps]
        if there >= FEW:
            return steps - 1
    return 0


def _leaving(hazards: Hazards, past: int, reach: int) -> list[tuple[int, str, float]]:
    """(steps from now, where to, chance) for one that has been there ``past`` steps."""
    found, stays = [], 1.0
    for steps, places in hazards.items():
        if steps <= past:
            continue
        if steps - past >= reach:
            break
        found += [(steps - past, to, stays * share) for to, share in places.items()]
        stays *= 1 - sum(places.values())
    return found


def _within(hazards: Mapping[str, Hazards], reach: int) -> dict[str, list[float]]:
    """F_k(t) = Σ over stays of s steps that go to j: their chance · F_j(t - s), where F of won is 1 and of other ends 0."""
    leaving = {state: _leaving(each, 0, reach) for state, each in hazards.items()}
    within: dict[str, list[float]] = {state: [0.0] * reach for state in hazards}
    for t in range(1, reach):
        for state, places in leaving.items():
            total = 0.0
            for steps, to, share in places:
                if steps > t:
                    break
                if to == WON:
                    total += share
                elif to in within:
                    total += share * within[to][t - steps]
            within[state][t] = total
    return within


def _ahead(hazards: Hazards, within: Mapping[str, Sequence[float]], past: int, reach: int) -> list[float]:
    found = np.zeros(reach)
    later = {state: np.array(each) for state, each in within.items()}
    for steps, to, share in _leaving(hazards, past, reach):
        if to == WON:
            found[steps:] += share
        elif to in later:
            found[steps:] += share * later[to][: reach - steps]
    return [float(each) for each in found]
