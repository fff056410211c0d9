"""Moves that count, as columns: what each left and entered, and how far its item had come.

A second writing of `reports.rollups.steps.go`; property tests hold the two equal.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from reports.cohort_facts import BOUNDS
from reports.movements import MISTAKEN
from reports.rollups.columns.frames import begins, ends
from reports.rollups.columns.source import Log
from reports.rollups.columns.words import Frame, Ints, Marks, Words
from reports.rollups.steps import ENTERING, Course

SLICE = 1_000_000
"""Moves added up at once: what is needed for them besides the log is about half a kilobyte each."""
_BOUNDS = np.array(BOUNDS)


@dataclass(slots=True)
class Moves:
    """The moves of some items that count, by item and ``seq``; all columns are of the same length but the last three.

    ``rank`` is of what was entered (0: nothing), ``highest`` the highest of the item until then, ``before`` that until
    the move before. ``first`` marks an item's first move, ``starts`` and ``ends`` are the places of first and last
    ones; ``seq`` is of each item's last move, counted or not.
    """

    columns: Frame
    left: Ints
    entered: Ints
    gain: Ints
    rank: Ints
    highest: Ints
    before: Ints
    first: Marks
    starts: Ints
    ends: Ints
    seq: Ints


def slices(log: Log) -> Iterator[Frame]:
    """The log in parts of whole items."""
    item, start = log.moves["item"], 0
    while start < len(log):
        end = min(start + SLICE, len(log))
        if end < len(log):
            end = int(np.searchsorted(item, item[end - 1], "right"))
        yield {name: column[start:end].astype(np.int64) for name, column in log.moves.items()}
        start = end


def outside(frame: Frame, words: Words) -> tuple[Marks, Ints]:
    """Which moves change nothing, mistakes and what takes them back, and the kinds by which these are counted."""
    corrected, mistaken = words.number("corrected"), words.number(MISTAKEN)
    is_correction = frame["kind"] == corrected
    is_mistake = _mistakes(frame) & ~is_correction
    kind = np.where(is_correction, corrected, np.where(is_mistake, mistaken, frame["kind"]))
    return is_correction | is_mistake, kind


def _mistakes(frame: Frame) -> Marks:
    """The moves that another move of the same item corrects."""
    found = np.zeros(len(frame["id"]), bool)
    correcting = np.flatnonzero(frame["corrects_id"])
    if len(correcting):
        order = np.argsort(frame["id"])
        wanted = frame["corrects_id"][correcting]
        places = order[np.minimum(np.searchsorted(frame["id"], wanted, sorter=order), len(order) - 1)]
        right = (frame["id"][places] == wanted) & (frame["item"][places] == frame["item"][correcting])
        found[places[right]] = True
    return found


def counted(frame: Frame, skipped: Marks, course: Course, words: Words) -> Moves:
    """These moves without the skipped ones."""
    seq = frame["seq"][ends(begins(frame["item"]))]
    of_item = np.cumsum(begins(frame["item"])) - 1
    columns = {name: column[~skipped] for name, column in frame.items()} if skipped.any() else frame
    first = begins(columns["item"])
    starts = np.flatnonzero(first)
    entered = _entered(columns, words)
    came_from = _previous(entered, first)
    left = np.where(came_from > 0, columns["from_stage"], 0)
    gain = np.where(left > 0, columns["money"] - _previous(columns["money"], first), 0)
    rank = _ranks(entered, columns["to_rank"], course, words)
    highest = _so_far(rank, first)
    return Moves(
        columns,
        left,
        entered,
        gain,
        rank,
        highest,
        _previous(highest, first),
        first,
        starts,
        np.flatnonzero(ends(first)),
        seq[of_item[~skipped][starts]],
    )


def _entered(columns: Frame, words: Words) -> Ints:
    kind, stage = columns["kind"], columns["to_stage"]
    resumed = (kind == words.number("resumed")) & (stage == 0)
    entering = words.marks(ENTERING)[kind]
    return np.where(entering, np.where(resumed, columns["from_stage"], stage), 0)


def _previous(column: Ints, first: Marks) -> Ints:
    """What the item's move before had; 0 for a first one."""
    found = np.zeros_like(column)
    found[1:] = column[:-1]
    found[first] = 0
    return found


def _ranks(entered: Ints, said: Ints, course: Course, words: Words) -> Ints:
    """`Course.rank` of every stage entered."""
    known = np.array([course.ranks.get(stage, 0) for stage in words.texts()])[entered]
    own = np.clip(said, 1, max(len(course.ranks), 1))
    return np.where(entered > 0, np.where(known > 0, known, own), 0)


def _so_far(rank: Ints, first: Marks) -> Ints:
    """The highest rank of the item until each move."""
    above = (np.cumsum(first) - 1) * (int(rank.max(initial=0)) + 1)
    reached: Ints = np.maximum.accumulate(rank + above)
    return reached - above


def buckets(seconds: Ints) -> Ints:
    """`reports.cohort_facts.bucket` of every length."""
    return np.where(seconds > 1, np.searchsorted(_BOUNDS, seconds, "left"), 0)
