"""Days as days since 1970, whole columns at once."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.rollups.columns.words import Ints


def months(days: Ints) -> Ints:
    """The first days of the months of days."""
    if not len(days):
        return days
    low, every = _every(days)
    found: Ints = every.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return found[days - low]


def weeks(days: Ints) -> Ints:
    """The first days of the ISO weeks of days: 1970 began on a Thursday."""
    return days - (days + 3) % 7


def _every(days: Ints) -> tuple[int, NDArray[Any]]:
    """The first of these days, and every date from it to the last."""
    low = int(days.min())
    return low, np.arange(low, int(days.max()) + 1).astype("datetime64[D]")


def texts(days: Ints) -> list[str]:
    """Days in ISO form."""
    if not len(days):
        return []
    low, every = _every(days)
    return every.astype(str).astype(object)[days - low].tolist()  # type: ignore[no-any-return]
