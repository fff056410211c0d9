"""Goals: so many won, or so much money, in a month, and how many moves out of each stage that takes.

The moves are counted backward: what must leave a stage forward is the goal, divided by the conversions of all stages
after it. The conversions are those of the cohorts of the twelve whole months before the goal's, open items counted as
the mature estimate foretells; they are kept with the goal, so that a past day prints what it printed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import access, history
from engine.calendars import is_work_day
from engine.db import Base, BigId
from engine.errors import NotAllowed, Refusal
from engine.people import Department, Person, subtree
from reports import queries
from reports.dynamics import TOO_FEW
from reports.ladders import Ladder
from reports.periods import DAY, Period, before, containing
from reports.queries import Scope
from reports.survival import Stay, ever
from reports.visits import Journey, journeys

MOST_WON, MOST_MONEY = 1_000_000, 10**14
INSTANT = 0.001
COHORTS = 12
"""Whole months of creation that conversions are taken from."""


class NotAGoal(Refusal):
    """A goal is a whole number of items from 1 to 1,000,000, or an amount of money above nothing."""


class Goal(Base):
    """A goal of a ladder from ``month`` (its first day) on, until another is set; of the company without a department.

    ``money`` and ``worth`` (of what is won, on average) are hundredths. Neither ``won`` nor ``money`` means: no goal.
    ``conversions`` are [share or null, how many were judged] for each stage. Rows are never changed: the latest holds.
    """

    __tablename__ = "goals"
    __table_args__ = (Index("ix_goals_ladder", "ladder", "department_id", "month"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ladder: Mapped[str] = mapped_column(String(120))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    month: Mapped[date]
    won: Mapped[int | None]
    money: Mapped[int | None] = mapped_column(BigInteger)
    worth: Mapped[int | None] = mapped_column(BigInteger)
    conversions: Mapped[list[Any]]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a goal takes in a month. ``wins`` is None when money is the goal and nothing was won to say what one is
    worth; ``out_of`` has how many must leave each stage forward, None where too few cohorts say it."""

    goal: Goal
    wins: float | None
    out_of: Mapping[str, float | None]

    @property
    def green(self) -> float | None:
        """All moves forward, of every stage together."""
        counts = list(self.out_of.values())
        return sum(each or 0 for each in counts) if counts and None not in counts else None


def set_goal(
    session: Session,
    ladder: Ladder,
    month: date,
    *,
    department_id: int | None = None,
    won: int | None = None,
    money: int | None = None,
    by: Person,
    now: datetime,
) -> Goal:
    """Set, change or (without won and money) end the goal from a month on. Raises NotAllowed, NotAGoal.

    Directors set goals for departments they direct, and for the company when they direct all of it.
    """
    if not may_set(session, by, department_id):
        raise NotAllowed
    if not (won is None or 0 < won <= MOST_WON) or not (money is None or 0 < money <= MOST_MONEY):
        raise NotAGoal(field="won" if money is None else "money")
    first = month.replace(day=1)
    conversions, worth = learned(session, ladder, first, department_id, now=now)
    what: dict[str, Any] = {"ladder": ladder.key, "department_id": department_id, "won": won, "money": money}
    goal = Goal(**what, month=first, worth=worth, conversions=conversions, at=now, by_id=by.id)
    session.add(goal)
    session.flush()
    said = {**what, "month": first.isoformat()}
    history.record(session, "goal_set", at=now, actor=by, subject=f"goal:{goal.id}", data=said)
    return goal


def may_set(session: Session, person: Person, department_id: int | None) -> bool:
    """Whether this person sets goals there."""
    if not person.has("director"):
        return False
    here = set(session.scalars(access.departments(person)))
    if department_id is None:
        return here >= set(session.scalars(select(Department.id)))
    return department_id in here


def learned(
    session: Session, ladder: Ladder, month: date, department_id: int | None, *, now: datetime
) -> tuple[list[Any], int | None]:
    """The conversions of the cohorts before a month, and what a won item was worth on average, in hundredths."""
    months = before(containing(month, "month"), COHORTS)
    window = Period(months[-1].start, months[0].end, "month")
    ids = None if department_id is None else subtree(session, [department_id])
    told = journeys(queries.histories(session, Scope(ladder.key)), ladder.ranks)
    mine = [each for each in told if each.created.day in window]
    if ids is not None:
        mine = [each for each in mine if each.last.department_id in ids]
    won = [each.money for each in mine if each.status == "won"]
    shares = [_conversion(mine, rank, now) for rank in range(1, len(ladder.stages) + 1)]
    return shares, sum(won) // len(won) if won else None


def _conversion(mine: Sequence[Journey], rank: int, now: datetime) -> list[Any]:
    """How many of those that reached a rank go further, once the open ones have decided."""
    reached = [each for each in mine if each.highest >= rank]
    found = ever([_stay(each, rank, now) for each in reached], "further")
    enough = found is not None and len(reached) >= TOO_FEW and found.share > 0
    return [round(found.share, 6) if found and enough else None, len(reached)]


def _stay(journey: Journey, rank: int, now: datetime) -> Stay:
    start = journey.firsts[rank - 1].at
    if journey.highest > rank:
        end, outcome = journey.firsts[rank].at, "further"
    elif journey.status in ("lost", "rerouted"):
        end, outcome = journey.last.at, "over"
    else:
        end, outcome = now, ""
    return Stay(max((end - start).total_seconds(), INSTANT), outcome)


def every_goal(ladder: str) -> Select[Goal]:
    """Every goal ever set for a ladder, the latest first."""
    return select(Goal).where(Goal.ladder == ladder).order_by(Goal.id.desc())


def in_force(
    session: Session, ladder: str, department_id: int | None, day: date, *, as_of: datetime | None = None
) -> Goal | None:
    """The goal that holds on a day, as it was known at a moment; None when there is none."""
    whose = Goal.department_id.is_(None) if department_id is None else Goal.department_id == department_id
    query = every_goal(ladder).where(whose, Goal.month <= day)
    if as_of is not None:
        query = query.where(Goal.at <= as_of)
    found = session.scalar(query.order_by(None).order_by(Goal.month.desc(), Goal.id.desc()).limit(1))
    return found if found is not None and (found.won or found.money) else None


def needs(goal: Goal, stages: Sequence[str]) -> Needs:
    """What the goal takes in a month, from the last stage back to the first."""
    wins = _wins(goal)
    out_of: dict[str, float | None] = {}
    needed = wins
    shares = [share for share, _ in goal.conversions] if len(goal.conversions) == len(stages) else []
    for place in range(len(stages) - 1, -1, -1):
        out_of[stages[place]] = needed
        share = shares[place] if shares else None
        needed = needed / share if needed is not None and share else None
    return Needs(goal, wins, {stage: out_of[stage] for stage in stages})


def _wins(goal: Goal) -> float | None:
    of_money = goal.money / goal.worth if goal.money and goal.worth else None
    if goal.money and of_money is None:
        return None
    return max(goal.won or 0, of_money or 0)


def part(period: Period) -> float:
    """Which part of a month's work days a period has: above 1 when it is longer."""
    return sum(1 / _work_days(day) for day in period if is_work_day(day))


def _work_days(day: date) -> int:
    return sum(map(is_work_day, containing(day, "month"))) or 1


def until(period: Period, through: date) -> Period:
    """Only the days of a period that have come."""
    return Period(period.start, min(period.end, through + DAY), period.by)
