"""Rows alike added up: a frame's keys, and the sums of its other columns."""

from collections.abc import Iterable, Sequence
from functools import reduce

import numpy as np

from reports.rollups.columns.words import Frame, Ints, Marks

ROOM = 1 << 62


def joined(frames: Sequence[Frame]) -> Frame:
    """Frames of the same columns one after the other."""
    return {name: np.concatenate([frame[name] for frame in frames]) for name in frames[0]}


def grouped(frame: Frame, keys: Sequence[str], order: Iterable[Ints] | None = None) -> Frame:
    """One row for every key, in the order of the keys (or of what ``order`` has in their places), the others summed."""
    columns = list(order) if order is not None else [frame[name] for name in keys]
    if not len(columns[0]):
        return frame
    sorting, begins = _runs(columns)
    starts = np.flatnonzero(begins)
    found = {name: frame[name][sorting[starts]] for name in keys}
    rest = [name for name in frame if name not in found]
    return found | {name: np.add.reduceat(frame[name][sorting], starts) for name in rest}


def _runs(columns: Sequence[Ints]) -> tuple[Ints, Marks]:
    """What sorts by these columns, the first one first, and where another key begins then."""
    lows = [int(column.min()) for column in columns]
    sizes = [int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True)]
    if reduce(lambda one, other: one * other, sizes, 1) < ROOM:
        packed = np.zeros(len(columns[0]), np.int64)
        for column, low, size in zip(columns, lows, sizes, strict=True):
            packed *= size
            packed += column - low
        sorting = np.argsort(packed)
        return sorting, begins(packed[sorting])
    sorting = np.lexsort(list(reversed(columns)))
    return sorting, np.logical_or.reduce([begins(column[sorting]) for column in columns])


def begins(column: Ints) -> Marks:
    """Where a value differs from the one before it; the first does."""
    found = np.ones(len(column), bool)
    np.not_equal(column[1:], column[:-1], out=found[1:])
    return found


def ends(first: Marks) -> Marks:
    """Where runs end that begin at these marks."""
    return np.append(first[1:], True)[: len(first)]
