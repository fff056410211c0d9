"""Days as days since 1970, whole columns at once."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.rollups.columns.words import Ints


def months(days: Ints) -> Ints:
    """The first days of the months of days."""
    return _looked_up(days, lambda every: every.astype("datetime64[M]"))


def weeks(days: Ints) -> Ints:
    """The first days of the ISO weeks of days: 1970 began on a Thursday."""
    return days - (days + 3) % 7


def years(days: Ints) -> Ints:
    """The first days of the years of days."""
    return _looked_up(days, lambda every: every.astype("datetime64[Y]"))


def _looked_up(days: Ints, start: Callable[[NDArray[Any]], NDArray[Any]]) -> Ints:
    if not len(days):
        return days
    low = int(days.min())
    every = np.arange(low, int(days.max()) + 1).astype("datetime64[D]")
    return start(every).astype("datetime64[D]").astype(np.int64)[days - low]


def texts(days: Ints) -> list[str]:
    """Days in ISO form."""
    if not len(days):
        return []
    low = int(days.min())
    every = np.arange(low, int(days.max()) + 1).astype("datetime64[D]").astype(str).astype(object)
    return every[days - low].tolist()  # type: ignore[no-any-return]
