"""How far items came strictly in order, as columns: a second writing of `reports.funnel_items.in_order` and `competing`."""

from dataclasses import replace

import numpy as np

from reports.rollups.columns.frames import begins
from reports.rollups.columns.moves import Moves
from reports.rollups.columns.stays import Items, Rises
from reports.rollups.columns.words import Ints
from reports.rollups.steps import Course


def in_order(each: Items, moves: Moves, course: Course) -> tuple[Items, Rises]:
    """The same items: a rank is first reached by standing on it after all before it. One that was won without standing on
    every stage in order has gone another way."""
    firsts = _firsts(moves, len(each.status), course.top - 1)
    highest = np.zeros_like(each.highest)
    for first in firsts:
        highest += first >= 0
    second = moves.columns["second"]
    began, arrived = np.zeros_like(each.began), np.zeros_like(each.arrived)
    for first in firsts:
        reached = first >= 0
        arrived[reached] = second[first[reached]]
    if firsts:
        began[firsts[0] >= 0] = second[firsts[0][firsts[0] >= 0]]
    won = each.won & (highest == course.top - 1)
    gone = each.gone | (each.won & ~won)
    seen = replace(each, highest=highest, began=began, arrived=arrived, won=won, gone=gone)
    return seen, _rises(firsts)


def _firsts(moves: Moves, count: int, ranks: int) -> list[Ints]:
    """By rank: the place of the move by which each item first stood on it after all before it; -1 if it never did."""
    item = np.cumsum(moves.first) - 1
    found: list[Ints] = []
    since = np.full(count, -1)
    for rank in range(1, ranks + 1):
        places = np.flatnonzero(moves.rank == rank)
        before = since[item[places]]
        places = places[(places > before) & ((before >= 0) | (rank == 1))]
        first = places[begins(item[places])]
        since = np.full(count, -1)
        since[item[first]] = first
        found.append(since)
    return found


def _rises(firsts: list[Ints]) -> Rises:
    """Item by item, rank by rank."""
    reached = np.array(firsts).T if firsts else np.zeros((0, 0), np.int64)
    item, rank = np.nonzero(reached >= 0)
    return Rises(reached[item, rank], item, rank + 1)
