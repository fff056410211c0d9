"""Days, weeks and months in which items moved: where each stood before and after, and what it regained.

A second writing of `reports.rollups.steps._compare`: a period is a run of an item's moves with the same first day.
"""

from dataclasses import dataclass

import numpy as np

from reports.rollups.columns import dates
from reports.rollups.columns.frames import begins, ends
from reports.rollups.columns.moves import Moves
from reports.rollups.columns.words import Frame, Ints, Marks, Words
from reports.rollups.steps import ENDS

GRAINS = (("day", lambda days: days), ("week", dates.weeks), ("month", dates.months))


@dataclass(slots=True)
class Periods:
    """Every period of one grain in which an item moved; ``last`` marks an item's last one.

    ``open_moves`` are the places of moves back in these last periods that were not regained, ``open_ranks`` the ranks
    that they left.
    """

    start: Ints
    began: Ints
    after: Ints
    recovered: Ints
    last: Marks
    open_moves: Ints
    open_ranks: Ints


def told(moves: Moves, words: Words) -> list[Periods]:
    """The periods of these moves: days, weeks, months."""
    after = _after(moves.columns, words)
    return [_periods(moves, start(moves.columns["day"]), after, words) for _, start in GRAINS]


def _after(columns: Frame, words: Words) -> Ints:
    """Where an item stands after each move; won is above all ranks, lost below them."""
    found = np.where(columns["to_rank"] > 0, columns["to_rank"], columns["from_rank"])
    for kind, rank in ENDS.items():
        found[columns["kind"] == words.number(kind)] = rank
    return found


def _periods(moves: Moves, start: Ints, after: Ints, words: Words) -> Periods:
    columns, first = moves.columns, begins(start) | moves.first
    starts, number = np.flatnonzero(first), np.cumsum(first) - 1
    before = _before(columns)
    back, regained = _backward(columns, after, number, words)
    last = np.zeros(len(starts), bool)
    last[number[moves.ends]] = True
    open_moves = back[~regained & last[number[back]]]
    return Periods(
        start[starts],
        before[starts],
        after[ends(first)],
        np.bincount(number[back[regained]], minlength=len(starts)),
        last,
        open_moves,
        columns["from_rank"][open_moves],
    )


def _before(columns: Frame) -> Ints:
    """Where an item stood before each move."""
    return np.where(columns["from_rank"] > 0, columns["from_rank"], columns["to_rank"])


def _backward(columns: Frame, after: Ints, number: Ints, words: Words) -> tuple[Ints, Marks]:
    """The places of moves back, and whether each was regained later in its period."""
    back = np.flatnonzero(columns["kind"] == words.number("backward"))
    return back, _highest_later(after, number)[back] >= columns["from_rank"][back]


def _highest_later(after: Ints, number: Ints) -> Ints:
    """The highest place an item comes to later in the same period; below everything where no move follows."""
    lowest = min(ENDS.values()) - 1
    room = max(ENDS.values()) + int(after.max(initial=0)) - lowest + 1
    above = (number[-1] - number) * room if len(number) else number
    reached = np.maximum.accumulate((after + above)[::-1])[::-1] - above
    found = np.full(len(after), lowest)
    same = number[:-1] == number[1:]
    found[:-1][same] = reached[1:][same]
    return found


def net(columns: Frame, words: Words) -> tuple[int, int, int, int]:
    """Of moves of one period, item by item in order: how many items stood further, back and the same after it than
    before it, and how many moves back were regained in it."""
    if not len(columns["item"]):
        return 0, 0, 0, 0
    first = begins(columns["item"])
    starts, number = np.flatnonzero(first), np.cumsum(first) - 1
    after = _after(columns, words)
    _, regained = _backward(columns, after, number, words)
    gone = after[ends(first)] - _before(columns)[starts]
    return int((gone > 0).sum()), int((gone < 0).sum()), int((gone == 0).sum()), int(regained.sum())


def nets(periods: list[Periods], words: Words) -> list[Frame]:
    """How many items stood further, back or the same after each period than before it."""
    return [
        {
            "grain": np.full(len(each.start), words.number(grain)),
            "day": each.start,
            "further": (each.after > each.began).astype(np.int64),
            "back": (each.after < each.began).astype(np.int64),
            "same": (each.after == each.began).astype(np.int64),
            "recovered": each.recovered,
        }
        for (grain, _), each in zip(GRAINS, periods, strict=True)
    ]


def written(periods: list[Periods], moves: Moves) -> list[str]:
    """Each item's last periods as `reports.rollups.tables.JourneyRow` keeps them."""
    of_item = np.cumsum(moves.first) - 1
    day, week, month = ([f"[{each}]" for each in _each(period, of_item)] for period in periods)
    return [f"[{one},{two},{three}]" for one, two, three in zip(day, week, month, strict=True)]


def _each(period: Periods, of_item: Ints) -> list[str]:
    last = period.last
    opened: dict[int, str] = {}
    for item, rank in zip(of_item[period.open_moves].tolist(), period.open_ranks.tolist(), strict=True):
        opened[item] = f"{opened[item]},{rank}" if item in opened else str(rank)
    columns = (column[last].tolist() for column in (period.began, period.after, period.recovered))
    rows = zip(dates.texts(period.start[last]), *columns, strict=True)
    found = [f'"{day}",{began},{after},{recovered},[]' for day, began, after, recovered in rows]
    for item, ranks in opened.items():
        found[item] = f"{found[item][:-1]}{ranks}]"
    return found
