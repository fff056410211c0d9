"""One item in the funnel: which cells of which view count it, by which move, and how long its way took.

A cell is a rank and a fate. What the pages count and what their lists show is the same question, asked of an item.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import Literal

from engine.calendars import HOME
from reports.cohort_facts import CohortKey, mask, month
from reports.movements import Fact
from reports.periods import Period
from reports.visits import Journey

View = Literal["cohort", "strict", "touched"]
VIEWS: tuple[View, ...] = ("cohort", "strict", "touched")
FATES = ("reached", "further", "lost", "open", "gone", "aside", "touched", "skipped")
"""What a cell counts. ``aside``: won, but not in order; only the strict view has such."""
ENDS: Mapping[str, tuple[str, ...]] = {
    "lost": ("lost",),
    "open": ("open", "suspended"),
    "gone": ("rerouted",),
    "aside": ("won",),
}
"""How those that came no further stand now, by status."""


def view_of(name: str) -> View:
    """The view of cohorts with this name; that of a flow is the usual one."""
    return next((view for view in VIEWS if view == name), "cohort")


def moment(day: date) -> datetime:
    """When the organization's day begins."""
    return datetime.combine(day, time(), tzinfo=HOME)


def created_in(journeys: Iterable[Journey], window: Period) -> list[Journey]:
    """The cohort of a window."""
    return [journey for journey in journeys if journey.created.day in window]


def in_order(journey: Journey, top: int) -> Journey:
    """The journey as the strict view sees it: a rank is first reached by standing on it after all before it, in order.

    ``top`` is the rank of winning; it counts only for one that stood on every stage in order.
    """
    firsts: list[Fact] = []
    for visit in journey.visits:
        if visit.rank == len(firsts) + 1:
            firsts.append(visit.began)
    if journey.status == "won" and len(firsts) == top - 1:
        firsts.append(journey.last)
    return journey._replace(firsts=tuple(firsts))


def seen(journeys: Iterable[Journey], view: str, top: int) -> list[Journey]:
    """These journeys as a view counts them."""
    return [in_order(each, top) if view == "strict" else each for each in journeys]


def placed(journey: Journey) -> CohortKey:
    """What one item counts as."""
    day = journey.created.day
    return CohortKey(month(day), journey.highest, journey.status, mask(journey.touched))


def has(item: CohortKey, rank: int, fate: str, view: str) -> bool:
    """Whether items like this are in a cell. A ``rank`` above all stages is winning."""
    stood = bool(item.touched >> (rank - 1) & 1)
    came = item.highest >= rank
    if not came or (view == "touched" and not stood and not _is_won(item, rank)):
        return False
    if fate in ("reached", "further"):
        return fate == "reached" or item.highest > rank
    if fate in ("touched", "skipped"):
        return stood == (fate == "touched")
    return item.highest == rank and item.status in ENDS[fate]


def _is_won(item: CohortKey, rank: int) -> bool:
    return item.status == "won" and item.highest == rank


def members(cohort: Iterable[Journey], rank: int, fate: str, view: str = "cohort") -> list[Journey]:
    """Those of a cohort, as `seen` by the view, that a cell counts."""
    return [journey for journey in cohort if has(placed(journey), rank, fate, view)]


def deciding(journey: Journey, rank: int, fate: str, view: str = "cohort") -> int:
    """The id of the move that says why the item is in this cell."""
    stands = next((visit.began.id for visit in journey.visits if visit.rank == rank), None)
    if stands and (fate == "touched" or (fate == "reached" and view == "touched")):
        return stands
    if fate in ("reached", "skipped"):
        return journey.firsts[rank - 1].id
    return journey.firsts[rank].id if fate == "further" else journey.last.id


def competing(journeys: Iterable[Journey], top: int) -> list[Journey]:
    """For lengths of stay: one that was won without being won in order went another way."""
    return [
        each._replace(status="rerouted") if each.status == "won" and each.highest < top else each
        for each in journeys
    ]
