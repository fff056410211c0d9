"""The funnel counted again from raw events, straight from the definitions; nothing here knows the product's arithmetic.

An event is a row as `tests.reports.histories.Item` keeps it: kind, to_stage, at, corrects. Slow and plain on purpose.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

Row = dict[str, Any]
OPENS = ("new", "forward", "forward_skip", "backward", "reopened", "resumed")
LEFT = {
    "forward": "forward",
    "forward_skip": "forward",
    "won": "forward",
    "backward": "back",
    "lost": "lost",
    "suspended": "suspended",
    "rerouted": "rerouted",
}


def true_rows(rows: Sequence[Row]) -> list[Row]:
    """The events that were meant: a correction and what it corrects both vanish."""
    undone = {row["corrects"] for row in rows if row["corrects"] is not None}
    return [row for place, row in enumerate(rows) if row["kind"] != "corrected" and place not in undone]


def stood(rows: Sequence[Row]) -> list[tuple[str, datetime, Row | None]]:
    """Every stay: the stage, since when, and the event that ended it, if any."""
    meant = true_rows(rows)
    return [
        (row["to_stage"], row["at"], meant[place + 1] if place + 1 < len(meant) else None)
        for place, row in enumerate(meant)
        if row["kind"] in OPENS
    ]


def status(rows: Sequence[Row]) -> str:
    """How it stands after its last event."""
    last = true_rows(rows)[-1]["kind"]
    return last if last in ("won", "lost", "rerouted", "suspended") else "open"


def cells(items: Iterable[Sequence[Row]], stages: Sequence[str], view: str) -> list[Counter[str]]:
    """For each stage: reached, further, lost, open, gone, aside."""
    found = [Counter[str]() for _ in stages]
    for rows in items:
        ranks = [stages.index(stage) + 1 for stage, _, _ in stood(rows)]
        ends = status(rows)
        for k in range(1, len(stages) + 1):
            here = came(ranks, ends, k, len(stages), view)
            if not here:
                continue
            found[k - 1]["reached"] += 1
            deeper = "cohort" if view == "touched" else view
            if came(ranks, ends, k + 1, len(stages), deeper):
                found[k - 1]["further"] += 1
            else:
                names = {"won": "aside", "rerouted": "gone", "lost": "lost"}
                found[k - 1][names.get(ends, "open")] += 1
    return found


def came(ranks: Sequence[int], ends: str, k: int, top: int, view: str) -> bool:
    """Whether one that stood on these ranks, in this order, came to rank k; one above all is winning."""
    if view == "touched":
        return k in ranks
    if view == "strict":
        walk = iter(ranks)
        in_order = all(any(rank == wanted for rank in walk) for wanted in range(1, min(k, top) + 1))
        return in_order and (k <= top or ends == "won")
    return ends == "won" or max(ranks) >= k


def left_in(items: Iterable[Sequence[Row]], stage: str, days: Sequence[date]) -> tuple[Counter[str], int]:
    """How the stays on a stage that ended on these days ended, and how many began on them."""
    outcomes, entries = Counter[str](), 0
    for rows in items:
        for where, since, end in stood(rows):
            if where != stage:
                continue
            entries += since.date() in days
            if end is not None and end["at"].date() in days:
                outcomes[LEFT[end["kind"]]] += 1
    return outcomes, entries


def lengths(items: Iterable[Sequence[Row]], stage: str, as_of: datetime) -> list[tuple[float, bool]]:
    """The days of every stay on a stage, and whether it has ended."""
    return [
        (((end["at"] if end else as_of) - since).total_seconds() / 86400, end is not None)
        for rows in items
        for where, since, end in stood(rows)
        if where == stage
    ]


def stay_of(times: Sequence[tuple[float, bool]], share: float) -> float | None:
    """The time by which a share has left, by Kaplan and Meier: looking at everybody at every time."""
    still = 1.0
    for time in sorted({days for days, ended in times if ended}):
        at_risk = [days for days, _ in times if days >= time]
        left = [days for days, ended in times if ended and days == time]
        still *= 1 - len(left) / len(at_risk)
        if still <= 1 - share + 1e-12:
            return time
    return None


def win_in_the_end(items: Iterable[Sequence[Row]], as_of: datetime) -> float | None:
    """The share that will have won, by Aalen and Johansen: those who end in any way leave, winning adds its part."""
    told = []
    for rows in items:
        ends = status(rows)
        over = ends in ("won", "lost", "rerouted")
        end = true_rows(rows)[-1]["at"] if over else as_of
        told.append(((end - rows[0]["at"]).total_seconds(), ends if over else ""))
    still, won = 1.0, 0.0
    for time in sorted({seconds for seconds, ends in told if ends}):
        at_risk = sum(seconds >= time for seconds, _ in told)
        won += still * sum((seconds, ends) == (time, "won") for seconds, ends in told) / at_risk
        still *= 1 - sum(seconds == time and ends != "" for seconds, ends in told) / at_risk
    return won if any(ends for _, ends in told) else None
