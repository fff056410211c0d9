"""When a kept report is mailed to whom: “every Monday at 7:00”, “the first work day of a month”.

Times are the organization's wall clock. A period is the local day on which a mail was due.
"""

from calendar import monthrange
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ForeignKey, Index, Select, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import calendars, history, reports_kept
from engine.calendars import HOME, local_day
from engine.db import Base, BigId
from engine.errors import Invalid, NotAllowed, Refusal
from engine.people import Person
from engine.reports_kept import KeptReport

RHYTHMS = ("daily", "workdays", "weekly", "month_start", "month_end", "monthly")
"""Every day, every work day, a day of the week, the first and the last work day of a month, a day of the month."""
MOST = 50
"""People one schedule writes to."""
READS = ("employee", "director")
"""Who reads reports at all."""


class UnknownRhythm(Refusal):
    """Choose how often the report is sent."""


class UnknownWeekday(Refusal):
    """Choose a day of the week."""


class UnknownMonthday(Refusal):
    """Write a day of the month, from 1 to 31."""


class UnknownTime(Refusal):
    """Write a time of day such as 7:00."""


class NoReader(Refusal):
    """Choose who gets the report: from one person to fifty."""


class NoRightToReport(Refusal):
    """%(name)s may not open this report, so it cannot be sent to them. Share it with them first, or leave them out."""


class ReportSchedule(Base):
    """One rhythm of one kept report. ``minute`` counts from local midnight; ``next_at`` is UTC, empty while it rests."""

    __tablename__ = "report_schedules"
    __table_args__ = (Index("ix_report_schedules_next_at", "next_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("saved_reports.id", ondelete="CASCADE"), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    rhythm: Mapped[str] = mapped_column(String(12))
    day: Mapped[int | None]
    """Of the week (1 is Monday) or of the month, where the rhythm asks for one."""
    minute: Mapped[int]
    next_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class ReportReader(Base):
    """Who gets the mails of a schedule."""

    __tablename__ = "report_readers"

    schedule_id: Mapped[int] = mapped_column(
        ForeignKey("report_schedules.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)


def of(kept: KeptReport) -> Select[ReportSchedule]:
    """The schedules of a kept report."""
    return select(ReportSchedule).where(ReportSchedule.report_id == kept.id).order_by(ReportSchedule.id)


def readers(schedule: ReportSchedule) -> Select[Person]:
    """Who gets the mails of a schedule, by name."""
    ids = select(ReportReader.person_id).where(ReportReader.schedule_id == schedule.id)
    return select(Person).where(Person.id.in_(ids)).order_by(Person.name, Person.id)


def due(now: datetime) -> Select[ReportSchedule]:
    """The schedules whose moment has come."""
    return select(ReportSchedule).where(ReportSchedule.next_at <= now).order_by(ReportSchedule.id)


def plan(
    session: Session,
    kept: KeptReport,
    *,
    rhythm: str,
    day: str = "",
    at: str,
    people: Collection[int],
    by: Person,
    now: datetime,
) -> ReportSchedule:
    """Send a kept report again and again. Raises NotAllowed for anybody but its owner.

    Raises `Invalid` with `UnknownRhythm`, `UnknownWeekday`, `UnknownMonthday`, `UnknownTime`, `NoReader`,
    `NoRightToReport`.
    """
    if kept.owner_id != by.id:
        raise NotAllowed
    chosen = session.scalars(select(Person).where(Person.id.in_(people)).order_by(Person.name)).all()
    number, minute = _day(rhythm, day), _minute(at)
    errors = _errors(rhythm, number, minute) | _unfit(session, kept, chosen)
    if errors or minute is None:
        raise Invalid(errors)
    schedule = ReportSchedule(
        report_id=kept.id, owner_id=by.id, rhythm=rhythm, day=number, minute=minute, created_at=now
    )
    schedule.next_at = next_after(schedule, now)
    session.add(schedule)
    session.flush()
    session.add_all(ReportReader(schedule_id=schedule.id, person_id=each.id) for each in chosen)
    what = {"rhythm": rhythm, "day": number, "minute": minute, "people": [each.id for each in chosen]}
    history.record(session, "report_planned", at=now, actor=by, subject=f"report:{kept.id}", data=what)
    return schedule


def cancel(session: Session, schedule: ReportSchedule, *, by: Person, now: datetime) -> None:
    """Send it no more. Raises NotAllowed for anybody but its owner."""
    if schedule.owner_id != by.id:
        raise NotAllowed
    subject = f"report:{schedule.report_id}"
    history.record(
        session, "report_unplanned", at=now, actor=by, subject=subject, data={"rhythm": schedule.rhythm}
    )
    session.execute(delete(ReportReader).where(ReportReader.schedule_id == schedule.id))
    session.delete(schedule)


def may_read(session: Session, kept: KeptReport, person: Person) -> bool:
    """Whether somebody may open a kept report: asked when it is planned, and again whenever it is sent."""
    if person.left_at is not None or not person.has(*READS):
        return False
    return session.scalar(reports_kept.usable(person).where(KeptReport.id == kept.id)) is not None


def turn(schedule: ReportSchedule, now: datetime) -> date:
    """The period that is due, and the clock set to the next one; what was missed while nobody ran is not sent twice."""
    moment, last = schedule.next_at or now, schedule.next_at or now
    while moment <= now:
        last, moment = moment, next_after(schedule, moment)
    schedule.next_at = moment
    return local_day(last)


def next_after(schedule: ReportSchedule, moment: datetime) -> datetime:
    """The first moment after this one at which the schedule is due, UTC."""
    for day in _days(schedule, local_day(moment)):
        wall = datetime.combine(day, time()) + timedelta(
            minutes=schedule.minute
        )  # wall clock, whatever the zone does
        found = wall.replace(tzinfo=HOME).astimezone(UTC)
        if found > moment:
            return found
    raise AssertionError("a rhythm has no end")  # pragma: no cover


def _days(schedule: ReportSchedule, first: date) -> Iterator[date]:
    """The days of a rhythm, from this one on."""
    for number in range(800):
        day = first + timedelta(days=number)
        if _falls(schedule, day):
            yield day


def _falls(schedule: ReportSchedule, day: date) -> bool:
    match schedule.rhythm:
        case "daily":
            return True
        case "workdays":
            return calendars.is_work_day(day)
        case "weekly":
            return day.isoweekday() == schedule.day
        case "month_start":
            return day == _work_day_of(day, range(1, 32))
        case "month_end":
            return day == _work_day_of(day, range(31, 0, -1))
        case _:
            return day.day == min(schedule.day or 1, monthrange(day.year, day.month)[1])


def _work_day_of(day: date, order: Sequence[int]) -> date | None:
    """The first work day of this month in an order of its days."""
    length = monthrange(day.year, day.month)[1]
    days = (day.replace(day=number) for number in order if number <= length)
    return next((each for each in days if calendars.is_work_day(each)), None)


def _day(rhythm: str, text: str) -> int | None:
    if rhythm not in {"weekly", "monthly"}:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _minute(text: str) -> int | None:
    hours, colon, minutes = text.strip().partition(":")
    if not (hours.isascii() and hours.isdigit() and len(hours) < 3 and int(hours) < 24):
        return None
    if colon and not (minutes.isascii() and minutes.isdigit() and len(minutes) == 2 and int(minutes) < 60):
        return None
    return int(hours) * 60 + int(minutes or 0)


def _errors(rhythm: str, day: int | None, minute: int | None) -> dict[str, Refusal]:
    errors: dict[str, Refusal] = {}
    if rhythm not in RHYTHMS:
        errors["rhythm"] = UnknownRhythm()
    if rhythm == "weekly" and not 1 <= (day or 0) <= 7:
        errors["day"] = UnknownWeekday()
    if rhythm == "monthly" and not 1 <= (day or 0) <= 31:
        errors["day"] = UnknownMonthday()
    if minute is None:
        errors["at"] = UnknownTime()
    return errors


def _unfit(session: Session, kept: KeptReport, people: Sequence[Person]) -> dict[str, Refusal]:
    if not 0 < len(people) <= MOST:
        return {"people": NoReader()}
    without = [each.name for each in people if not may_read(session, kept, each)]
    return {"people": NoRightToReport(name=", ".join(without))} if without else {}
