"""Too little green: a day on which a unit moved less forward than chance explains is asked about, once.

The limit is the 5 % Poisson quantile of the mean of the last eight working days with the same weekday of that unit, at
least four of them. A unit is a whole ladder, or the moves of one department on it. Whoever directs it gets a task that
asks what the cause is and what is done; the answers stay with the alarm.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ForeignKey, Select, String, Text, UniqueConstraint, false, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import access, history
from engine.calendars import is_work_day, local_day
from engine.db import Base, BigId
from engine.people import Department, Person
from engine.process import definitions, instances
from engine.process.advancing import Answered
from engine.process.blueprint import Text as Words
from engine.sales.ladders import Move
from reports import dynamics, gathering, ladders, queries, rollups
from reports.ladders import Ladder
from reports.movements import Buckets
from reports.periods import DAY, Period
from reports.queries import Scope

PROCESS = "low_green"
"""The process in which a director answers; ``bpmn/house/low_green.bpmn``."""
RAISED = "green.low"
WHOLE = 0
"""As a department: the whole ladder."""
SETTLES = 3
"""Days that are looked at again: a clock that stood still over a weekend asks about Friday all the same."""
WEEKS = dynamics.BACK_TO + 12
"""How far back same weekdays that were worked are looked for."""


class LowGreen(Base):
    """A day on which a unit was below its limit, and what its director said about it.

    ``department_id`` 0 is the whole ladder. ``least`` is the limit, ``expected`` the mean it comes from.
    """

    __tablename__ = "low_green_alarms"
    __table_args__ = (UniqueConstraint("ladder", "department_id", "day"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ladder: Mapped[str] = mapped_column(String(120))
    department_id: Mapped[int] = mapped_column(BigId)
    day: Mapped[date]
    green: Mapped[int]
    least: Mapped[int]
    expected: Mapped[float]
    raised_at: Mapped[datetime]
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    cause: Mapped[str | None] = mapped_column(String(40))
    explanation: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class LowGreenDay(Base):
    """A day that was looked at: it is not looked at twice."""

    __tablename__ = "low_green_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    checked_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Low:
    """A unit that was below its limit on a day."""

    department_id: int
    green: int
    least: int
    expected: float


def check_due(session: Session, *, now: datetime) -> int:
    """Look at the working days that are over and were not looked at yet. Returns how many alarms were raised."""
    today, raised = local_day(now), 0
    for back in range(SETTLES, 0, -1):
        day = today - back * DAY
        if is_work_day(day) and session.get(LowGreenDay, day) is None:
            session.add(LowGreenDay(day=day, checked_at=now))
            session.flush()
            raised += sum(_check(session, ladder, day, now=now) for ladder in ladders.known(session))
    return raised


def _check(session: Session, ladder: Ladder, day: date, *, now: datetime) -> int:
    if ladder.kind == ladders.IMPORTED:
        return 0
    found = low(session, ladder.key, day)
    for each in found:
        _raise(session, ladder, day, each, now=now)
    return len(found)


def low(session: Session, ladder: str, day: date) -> list[Low]:
    """Which units of a ladder were below their limit on a working day: the whole of it first."""
    since = session.scalar(select(func.min(Move.day)).where(Move.ladder == ladder))
    if since is None or not is_work_day(day):
        return []
    reach = Period(day - 7 * WEEKS * DAY, day + DAY)
    scope = Scope(ladder)
    kept = gathering.is_kept(session, scope)
    buckets = rollups.read(session, ladder, reach) if kept else queries.grouped(session, scope, reach)
    return list(_low(buckets, day, since))


def _low(buckets: Buckets, day: date, since: date) -> Iterator[Low]:
    units = {WHOLE: buckets, **{id_: mine for id_, mine in dynamics.units(buckets).items() if id_}}
    for department_id, mine in sorted(units.items()):
        begun = max(since, min(key.day for key in mine)) if mine else since
        rows = dynamics.by_period(mine, dynamics.alike(Period(day, day + DAY), since=begun))
        if len(rows) < dynamics.ENOUGH:
            continue
        expected = statistics.fmean(row.green.n for row in rows)
        (row,) = dynamics.by_period(mine, [Period(day, day + DAY)])
        if row.green.n < (least := dynamics.least(expected)):
            yield Low(department_id, row.green.n, least, expected)


def _raise(session: Session, ladder: Ladder, day: date, found: Low, *, now: datetime) -> None:
    """The row of history, and the task of whoever directs there, where the process is deployed."""
    alarm = LowGreen(
        ladder=ladder.key,
        department_id=found.department_id,
        day=day,
        green=found.green,
        least=found.least,
        expected=found.expected,
        raised_at=now,
    )
    session.add(alarm)
    session.flush()
    said = {"ladder": ladder.key, "department_id": found.department_id, "day": day.isoformat()}
    figures = {"green": found.green, "least": found.least}
    history.record(
        session, "green_low", at=now, actor=None, subject=f"low_green:{alarm.id}", data=said | figures
    )
    definition = definitions.newest(session, PROCESS)
    director = director_of(session, found.department_id)
    if definition is None:
        return
    case = instances.start(
        session,
        definition,
        {"alarm_id": alarm.id, "manager": director.email if director else "", **said, **figures},
        by=None,
        now=now,
        message=RAISED,
        owner=director,
        title=_title(session, ladder, day, found.department_id),
        business_key=f"low_green:{alarm.id}",
        key=f"low_green:{ladder.key}:{found.department_id}:{day.isoformat()}",
    )
    alarm.instance_id = case.id


def _title(session: Session, ladder: Ladder, day: date, department_id: int) -> str:
    unit = session.get(Department, department_id) if department_id else None
    where = f"{ladder.title.pl}, {unit.name}" if unit else ladder.title.pl
    return f"{where}: za mało zieleni {day.isoformat()}"[:250]


def director_of(session: Session, department_id: int) -> Person | None:
    """The director nearest above a department; of a whole ladder the one who stands highest."""
    directors = session.scalars(
        select(Person).where(Person.left_at.is_(None), Person.roles.any(name="director")).order_by(Person.id)
    ).all()
    if not directors:
        return None
    parents = {row.id: row.parent_id for row in session.execute(select(Department.id, Department.parent_id))}
    if department_id == WHOLE:
        return min(
            directors, key=lambda each: min((_depth(parents, id_) for id_ in each.department_ids), default=99)
        )
    place: int | None = department_id
    while place is not None:
        here = [each for each in directors if place in each.department_ids]
        if here:
            return here[0]
        place = parents.get(place)
    return directors[0]


def _depth(parents: dict[int, int | None], id_: int) -> int:
    depth, above = 0, parents.get(id_)
    while above is not None:
        depth, above = depth + 1, parents.get(above)
    return depth


def answered(session: Session, what: Answered) -> None:
    """The listener: what the director said about the day is kept with the alarm."""
    if what.task is None or what.instance.process != PROCESS:
        return
    alarm = session.scalar(select(LowGreen).where(LowGreen.instance_id == what.instance.id))
    if alarm is None:
        return
    said = what.answers
    alarm.cause = str(said.get("cause") or "")[:40] or None
    alarm.explanation = str(said.get("explanation") or "") or None
    alarm.action = str(said.get("action") or "") or None
    alarm.answered_at, alarm.answered_by_id = what.now, what.by.id if what.by else None


def seen(person: Person) -> Select[LowGreen]:
    """The alarms of the departments this person reads, the latest first; whole ladders are for directors."""
    mine = LowGreen.department_id.in_(access.departments(person))
    whole = LowGreen.department_id == WHOLE if person.has("director") else false()
    return select(LowGreen).where(or_(mine, whole)).order_by(LowGreen.day.desc(), LowGreen.id.desc())


CAUSES = {
    "people": Words("Brakowało ludzi", "People were missing"),
    "client": Words("Klienci czekali lub przełożyli", "Clients waited or postponed"),
    "inside": Words("Zatrzymały nas inne działy", "Other departments held us up"),
    "late_entry": Words("Praca była, wpisano ją później", "The work was done and entered later"),
    "few_deals": Words("Za mało spraw w toku", "Too few in progress"),
    "other": Words("Inna przyczyna", "Another cause"),
}
"""What the form of the task offers as causes; a test holds the two equal."""
