"""Stays that ended and ranks first reached, as columns: a second writing of `steps._come`, `stand` and `_win`."""

from dataclasses import dataclass

import numpy as np

from reports.cohort_facts import ARRIVE, ENDED, FURTHER, GONE, LOST, OPEN, REACH, VISIT, WIN
from reports.rollups.columns import dates
from reports.rollups.columns.frames import begins, ends
from reports.rollups.columns.moves import Moves, buckets
from reports.rollups.columns.words import Frame, Ints, Marks, Words
from reports.rollups.steps import CLOSING, Course


@dataclass(slots=True)
class Items:
    """Items as their moves left them, in the order of `Moves.starts`. ``began`` and ``arrived``: 0 for one that never
    stood anywhere."""

    created: Ints
    created_day: Ints
    month: Ints
    status: Ints
    highest: Ints
    began: Ints
    arrived: Ints
    touched: Ints
    moved: Ints
    moved_day: Ints
    won: Marks
    gone: Marks


@dataclass(slots=True)
class Rises:
    """Every rank an item first stood at or beyond: the place of the move, the item's number, the rank."""

    move: Ints
    item: Ints
    rank: Ints


def rises(moves: Moves) -> Rises:
    """In order; each item has all ranks from the first to its highest."""
    steps = moves.highest - moves.before
    move = np.repeat(np.arange(len(steps)), steps)
    within = np.arange(len(move)) - np.repeat(np.cumsum(steps) - steps, steps)
    return Rises(move, (np.cumsum(moves.first) - 1)[move], moves.before[move] + within + 1)


def items(moves: Moves, risen: Rises, words: Words) -> Items:
    """What the moves of each item come to."""
    columns, starts, final = moves.columns, moves.starts, moves.ends
    began, arrived = np.zeros(len(starts), np.int64), np.zeros(len(starts), np.int64)
    first = begins(risen.item)
    last = ends(first)
    began[risen.item[first]] = columns["second"][risen.move[first]]
    arrived[risen.item[last]] = columns["second"][risen.move[last]]
    stood = np.where(moves.rank > 0, np.left_shift(1, np.maximum(moves.rank - 1, 0)), 0)
    kind, days = columns["kind"][final], columns["day"]
    closing = words.marks(CLOSING)[kind] & (moves.entered[final] == 0)
    status = np.where(closing, kind, words.number("open"))
    return Items(
        columns["second"][starts],
        days[starts],
        dates.months(days[starts]),
        status,
        moves.highest[final],
        began,
        arrived,
        np.bitwise_or.reduceat(stood, starts),
        columns["second"][final],
        days[final],
        status == words.number("won"),
        words.marks(GONE)[status],
    )


def cohorts(each: Items, moves: Moves, course: Course) -> Frame:
    """Items alike."""
    highest = np.where(each.won, course.top, each.highest)
    return {
        "month": each.month,
        "highest": highest,
        "status": each.status,
        "touched": each.touched,
        "n": np.ones(len(highest), np.int64),
        "money": moves.columns["money"][moves.ends],
    }


def reach(each: Items, moves: Moves, risen: Rises, course: Course) -> Frame:
    """Ranks first reached; winning is beyond every rank that was not."""
    item, rank = _won(each, course)
    days = np.concatenate((moves.columns["day"][risen.move], each.moved_day[item]))
    return {"day": days, "rank": np.concatenate((risen.rank, rank + 1)), "n": np.ones(len(days), np.int64)}


def _won(each: Items, course: Course) -> tuple[Ints, Ints]:
    """Of items that won: their numbers with every rank from their highest up to that below winning."""
    above = np.where(each.won, np.maximum(course.top - each.highest, 0), 0)
    item = np.repeat(np.arange(len(above)), above)
    within = np.arange(len(item)) - np.repeat(np.cumsum(above) - above, above)
    return item, each.highest[item] + within


def stays(each: Items, moves: Moves, risen: Rises, course: Course, words: Words) -> list[Frame]:
    """Every stay that ended."""
    return [
        _visits(each, moves, words),
        *_on_the_way(each, moves, risen, words),
        *_at_the_win(each, course, words),
        _lost(each, words),
        _ended(each, words),
    ]


def _frame(month: Ints, what: str, rank: Ints, outcome: Ints | str, seconds: Ints, words: Words) -> Frame:
    length, count = np.maximum(seconds, 0), len(month)
    said = np.full(count, words.number(outcome)) if isinstance(outcome, str) else outcome
    return {
        "month": month,
        "what": np.full(count, words.number(what)),
        "rank": rank,
        "outcome": said,
        "bucket": buckets(length),
        "n": np.ones(count, np.int64),
        "seconds": length,
    }


def _visits(each: Items, moves: Moves, words: Words) -> Frame:
    """A visit ends with the next move."""
    ended = np.flatnonzero((moves.entered[:-1] > 0) & ~moves.first[1:]) + 1
    second = moves.columns["second"]
    month = each.month[(np.cumsum(moves.first) - 1)[ended]]
    seconds = second[ended] - second[ended - 1]
    return _frame(month, VISIT, moves.rank[ended - 1], ENDED, seconds, words)


def _on_the_way(each: Items, moves: Moves, risen: Rises, words: Words) -> list[Frame]:
    second, month = moves.columns["second"][risen.move], each.month[risen.item]
    arrived = _frame(month, ARRIVE, risen.rank, FURTHER, second - each.created[risen.item], words)
    later = np.flatnonzero(risen.rank > 1)
    further = _frame(
        month[later], REACH, risen.rank[later] - 1, FURTHER, second[later] - second[later - 1], words
    )
    return [arrived, further]


def _at_the_win(each: Items, course: Course, words: Words) -> list[Frame]:
    item, rank = _won(each, course)
    month, moved = each.month[item], each.moved[item]
    since = np.where(rank == each.highest[item], moved - each.arrived[item], 0)
    ranked = rank > 0
    return [
        _frame(month[ranked], REACH, rank[ranked], FURTHER, since[ranked], words),
        _frame(month, ARRIVE, rank + 1, FURTHER, moved - each.created[item], words),
    ]


def _lost(each: Items, words: Words) -> Frame:
    lost = np.flatnonzero(each.gone & (each.highest > 0))
    return _frame(
        each.month[lost], REACH, each.highest[lost], LOST, each.moved[lost] - each.arrived[lost], words
    )


def _ended(each: Items, words: Words) -> Frame:
    ended = np.flatnonzero(each.won | each.gone)
    never = np.where(each.won, each.moved, each.created)
    began = np.where(each.highest > 0, each.began, never)[ended]
    outcome = np.where(each.won[ended], words.number(FURTHER), words.number(LOST))
    none = np.zeros(len(ended), np.int64)
    return _frame(each.month[ended], WIN, none, outcome, each.moved[ended] - began, words)


def lasting(each: Items, moves: Moves, now: int, words: Words) -> list[Frame]:
    """Every stay that has not ended, aged until ``now`` (seconds since 2000)."""
    still = np.flatnonzero(~(each.won | each.gone))
    stood = still[each.highest[still] > 0]
    began = np.where(each.highest > 0, each.began, each.created)[still]
    none = np.zeros(len(still), np.int64)
    final = moves.ends[moves.entered[moves.ends] > 0]
    item = (np.cumsum(moves.first) - 1)[final]
    ages = now - moves.columns["second"][final]
    return [
        _frame(each.month[still], WIN, none, OPEN, now - began, words),
        _frame(each.month[stood], REACH, each.highest[stood], OPEN, now - each.arrived[stood], words),
        _frame(each.month[item], VISIT, moves.rank[final], OPEN, ages, words),
    ]
