"""Roll-ups: sums of moves kept beside the log in the transaction of every move, rebuilt from it at will.

Every row is a pure function of the log. Only views of the whole company as of now may read them: they know nothing of
rights, owners, sections or the past's past. `tables` says what is kept, `steps` what a move adds, `settling` when it
is added, `columns` adds up whole logs, `rebuilding` makes everything anew and compares, `reads` answers reports.
"""

from reports.rollups.reads import read
from reports.rollups.rebuilding import Difference, compare, rebuild
from reports.rollups.settling import ELSEWHERE, FRESH, settle
from reports.rollups.tables import (
    CauseRollup,
    CohortRollup,
    DayRollup,
    JourneyRow,
    LadderRollup,
    NetRollup,
    ReachRollup,
    StayRollup,
)

__all__ = [
    "ELSEWHERE",
    "FRESH",
    "CauseRollup",
    "CohortRollup",
    "DayRollup",
    "Difference",
    "JourneyRow",
    "LadderRollup",
    "NetRollup",
    "ReachRollup",
    "StayRollup",
    "compare",
    "read",
    "rebuild",
    "settle",
]
