"""Journeys: the visits an item paid to stages, and how far it came. Read from its movements alone."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from reports.movements import OUTSIDE, Fact, Movement, tell

OUTCOMES = {
    "forward": "forward",
    "forward_skip": "forward",
    "won": "forward",
    "backward": "back",
    "lost": "lost",
    "suspended": "suspended",
    "rerouted": "rerouted",
}
"""How a visit ended, by the kind of the move that ended it."""
ENDING = frozenset(("won", "lost", "suspended", "rerouted"))
"""After these an item that entered nothing stands so."""


class Visit(NamedTuple):
    """One stay on a stage: open while ``left`` is None. ``began`` and ``ended`` are the moves around it."""

    item: str
    stage: str
    rank: int
    began: Fact
    ended: Fact | None
    outcome: str | None

    @property
    def entered(self) -> datetime:
        """When it began."""
        return self.began.at

    @property
    def left(self) -> datetime | None:
        """When it ended."""
        return self.ended.at if self.ended else None


class Journey(NamedTuple):
    """One item from its creation to what is known of it.

    ``firsts`` are the moves by which it first stood at rank 1, 2, 3 … or beyond, the won one for the rank above all;
    ``status`` is open, suspended, won, lost or rerouted. ``money`` is of the last move, in hundredths.
    """

    item: str
    created: Fact
    last: Fact
    status: str
    money: int
    visits: tuple[Visit, ...]
    firsts: tuple[Fact, ...]
    touched: frozenset[int]

    @property
    def highest(self) -> int:
        """The highest rank ever reached; above all ranks when won."""
        return len(self.firsts)


def journeys(facts: Iterable[Fact], ranks: Mapping[str, int]) -> list[Journey]:
    """The journeys of these whole histories on a ladder with these ranks (1, 2, 3 …)."""
    told = [each for each in tell(facts) if each.kind not in OUTSIDE]
    return [_journey(list(path), ranks) for _, path in groupby(told, key=lambda each: each.fact.item)]


def _journey(path: list[Movement], ranks: Mapping[str, int]) -> Journey:
    last, visits = path[-1], _visits(path, ranks)
    firsts: list[Fact] = []
    for visit in visits:
        if visit.rank > len(firsts):
            firsts += [visit.began] * (visit.rank - len(firsts))
    status = last.kind if last.kind in ENDING and not last.entered else "open"
    if status == "won":
        firsts += [last.fact] * (len(ranks) + 1 - len(firsts))
    touched = frozenset([visit.rank for visit in visits])
    return Journey(
        last.fact.item, path[0].fact, last.fact, status, last.money, tuple(visits), tuple(firsts), touched
    )


def _rank(began: Fact, ranks: Mapping[str, int]) -> int:
    """A stage of an older version keeps its own rank, within the ladder."""
    return min(max(began.to_rank or 1, 1), max(len(ranks), 1))


def _visits(path: Iterable[Movement], ranks: Mapping[str, int]) -> list[Visit]:
    found: list[Visit] = []
    stage, began = "", None
    for fact, kind, _, entered, *_ in path:
        if began is not None:
            rank, outcome = ranks.get(stage) or _rank(began, ranks), OUTCOMES.get(kind, "rerouted")
            found.append(Visit(began.item, stage, rank, began, fact, outcome))
        stage, began = entered, fact if entered else None
    if began is not None:
        rank = ranks.get(stage) or _rank(began, ranks)
        found.append(Visit(began.item, stage, rank, began, None, None))
    return found
