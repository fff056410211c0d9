"""What the goal in force needs in the days of a report: for every stage, and for every bar of the picture."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from reports import goals
from reports.goals import Needs
from reports.periods import Period
from reports.queries import Scope
from reports.reading import Dynamics
from webapp.reporting.address import Asked


@dataclass(frozen=True, slots=True)
class Aims:
    """A goal, and the last day that has come."""

    needs: Needs
    through: date

    def stage(self, stage: str, period: Period) -> float | None:
        """How many should have left a stage forward in a period, as far as it has come; None says nothing."""
        needed = self.needs.out_of.get(stage)
        return None if needed is None else needed * goals.part(goals.until(period, self.through))

    def green(self, period: Period) -> float | None:
        """All moves forward that a period, as far as it has come, needs."""
        needed = self.needs.green
        return (
            None
            if needed is None or period.last < self.needs.goal.month
            else needed * goals.part(goals.until(period, self.through))
        )

    def money(self, period: Period) -> float | None:
        """The money that all moves forward of a period should carry, each worth what one that is won is; in hundredths."""
        needed, worth = self.green(period), self.needs.goal.worth
        return None if needed is None or worth is None else needed * worth

    def won(self, period: Period) -> float | None:
        """The money that should be won in a period, as far as it has come; in hundredths."""
        goal = self.needs.goal
        if goal.money is None or period.last < goal.month:
            return None
        return goal.money * goals.part(goals.until(period, self.through))


def aims(session: Session, ask: Asked, scope: Scope, report: Dynamics) -> Aims | None:
    """The goal of the whole company or of the department asked for; a part of it, or of one's rights, has none."""
    if scope.viewer is not None or scope.items is not None or ask.owner or ask.team:
        return None
    key, day = ask.ladder.key, report.window.last
    goal = goals.in_force(session, key, ask.department, day, as_of=scope.as_of)
    return Aims(goals.needs(goal, ask.ladder.keys), report.through) if goal else None
