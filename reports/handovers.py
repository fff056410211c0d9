"""Hand-overs: which department passes work to which, how long it lies there until somebody begins, and what comes back.

A hand-over is a step of one department that the completion of another department's step opened, machines between them
included; a client's message or a timer between them is none. It belongs to the day on which it became ready.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from reports import waiting
from reports.periods import Period
from reports.queries import Scope
from reports.steps import Stretch


@dataclass(frozen=True, slots=True)
class Cell:
    """From one department to another (0: none). ``taken`` of ``n`` have begun; delays are seconds from ready to begun;
    ``back`` of ``n`` came back to who had handed over before: A > B > A."""

    giver: int
    receiver: int
    n: int
    taken: int
    back: int
    mean: float | None
    p50: float | None
    p85: float | None

    @property
    def is_within(self) -> bool:
        """Whether the work stayed in its department: no hand-over."""
        return self.giver == self.receiver


def matrix(
    session: Session, scope: Scope, period: Period, window: Stretch, *, exact: bool = False
) -> list[Cell]:
    """Every pair of departments between which work passed, and those within which it stayed, the most first."""
    totals = waiting.sums(session, scope, period, window, waiting.PAIR)
    spreads = waiting.lengths(session, scope, period, window, waiting.PAIR, exact=exact)
    found = [
        Cell(
            giver=giver,
            receiver=receiver,
            n=each.ready,
            taken=each.taken,
            back=each.back,
            mean=each.taken_seconds / each.taken if each.taken else None,
            p50=waiting.percentile(spreads.get((giver, receiver), {}), 0.5),
            p85=waiting.percentile(spreads.get((giver, receiver), {}), 0.85),
        )
        for (giver, receiver), each in totals.items()
        if giver and each.ready
    ]
    return sorted(found, key=lambda each: (-each.n, each.giver, each.receiver))
