"""Work time: when a department works, and when so much work time from now will be.

Hours are local wall-clock time. An hour that a change of clocks skips is the moment of the change; an hour that comes
twice is its first time. So an opening is always one stretch of real time, an hour shorter or longer on such days.
A night belongs to the day it begins on; where it reaches into the hours of the next day, those go on from it.
"""

from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, literal, select
from sqlalchemy.orm import Session

from engine import lengths
from engine.errors import Refusal
from engine.lengths import Length
from engine.places import public_holidays

if TYPE_CHECKING:
    from engine.people import Department

HOME = ZoneInfo("Europe/Warsaw")
"""The organization's zone: it decides which day a fact belongs to."""

FAR = 50
"""Years. Nobody waits longer: a length that reaches further is a slip of the pen."""

CLOSED_FOR = 400
"""Days. A department that does not open once in so many never opens."""

Hours = tuple[int, int]
"""When a day opens and closes, in minutes after its local midnight; over 1440 it closes on the next day."""

MIDNIGHT = 24 * 60

Stretch = tuple[datetime, datetime]
"""From one moment in UTC to another."""


class TooFar(Refusal):
    """“%(text)s” reaches more than fifty years ahead."""


class NeverOpen(Refusal):
    """The work calendar has no opening in the year after %(day)s. Give the department a work day first."""


def local_day(at: datetime) -> date:
    """The organization's local day of a moment."""
    return at.astimezone(HOME).date()


@dataclass(frozen=True, slots=True)
class Calendar:
    """When somebody works: a value, good for a whole command, that knows no database.

    ``special`` days win over the week and over public holidays: other hours, or None for closed. ``weekdays`` have hours
    of their own, by their number: {"5": (480, 840)} is a short Friday.
    """

    time_zone: str = "Europe/Warsaw"
    country: str = "PL"
    subdivision: str = ""
    opens: int = 8 * 60
    closes: int = 16 * 60
    work_days: str = "12345"
    special: Mapping[date, Hours | None] = field(default_factory=dict, hash=False)
    weekdays: Mapping[str, Hours] = field(default_factory=dict, hash=False)

    @property
    def zone(self) -> ZoneInfo:
        """The zone its hours are meant in."""
        return ZoneInfo(self.time_zone)

    def hours(self, day: date) -> Hours | None:
        """When a local day opens and closes; None on a day that is free."""
        if day in self.special:
            return self.special[day]
        weekday = str(day.isoweekday())
        if weekday not in self.work_days or day in public_holidays(self.country, self.subdivision, day.year):
            return None
        return self.weekdays.get(weekday, (self.opens, self.closes))

    def is_work_day(self, day: date) -> bool:
        """Whether it opens on this local day."""
        return self.hours(day) is not None

    def work_days_between(self, start: date, end: date) -> int:
        """Work days after ``start`` up to and with ``end``; negative when ``end`` is earlier."""
        if end < start:
            return -self.work_days_between(end, start)
        return sum(self.is_work_day(start + timedelta(n)) for n in range(1, (end - start).days + 1))

    def moment(self, wall: datetime) -> datetime:
        """The first moment, in UTC, at which local clocks have reached a wall-clock time."""
        zone = self.zone
        late = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if late.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
            return late
        early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
        while late - early > timedelta(seconds=1):  # the clocks skip this time, somewhere between the two
            middle = early + (late - early) / 2
            early, late = (early, middle) if _wall(middle, zone) >= wall else (middle, late)
        return late.replace(microsecond=0)

    def opening(self, day: date) -> Stretch | None:
        """From when to when, in UTC, it works by the hours of a local day that are not those of the night before."""
        hours = self.hours(day)
        if hours is None:
            return None
        opens, closes = hours
        _, night = self.hours(day - timedelta(days=1)) or hours
        midnight = datetime.combine(day, time())
        minutes = max(opens, night - MIDNIGHT), closes
        begin, end = (self.moment(midnight + timedelta(minutes=minute)) for minute in minutes)
        return (begin, end) if begin < end else None

    def is_open(self, at: datetime) -> bool:
        """Whether it works at this moment. At the moment of closing it no longer does."""
        today = _wall(at, self.zone).date()
        days = (today - timedelta(days=1), today)
        return any(begin <= at < end for begin, end in filter(None, map(self.opening, days)))

    def next_opening(self, at: datetime) -> datetime:
        """``at`` itself while it works, else when it works again, in UTC. Raises NeverOpen."""
        _, begin, _ = next(self._openings(at))
        return max(begin, at.astimezone(UTC))

    def add(self, start: datetime, length: str | timedelta | Length) -> datetime:
        """The moment so much work after ``start``, in UTC. What lies outside opening hours does not count.

        - A day is one opening: “2 work days” from Tuesday 10:00 is Thursday 10:00. Where that day opens later or closes
          earlier, it is its opening or closing.
        - A week is as many days as the calendar's week has; a month is the same day of the next month.
        - Hours are time worked: PT12H from Monday 8:00 is Tuesday 12:00. What ends at closing ends on that day.
        - A ``timedelta`` is time worked, as `between` measures it.

        Counting begins at the next opening when ``start`` lies outside hours: “15 minutes” from Friday 20:00 is Monday
        8:15. Raises NotALength, TooFar, NeverOpen.
        """
        what = _length(length)
        days, part = divmod(what.days + what.weeks * max(len(self.work_days), 1), 1)
        begin = self._months_on(start, what.months, str(length))
        moment = self._days_on(self.next_opening(begin), int(days), str(length))
        usual = timedelta(minutes=self.closes - self.opens)
        return self._time_on(moment, what.time + part * usual, str(length))

    def add_round(self, start: datetime, length: str | timedelta | Length) -> datetime:
        """The moment so long after ``start`` round the clock, in UTC: hours are hours, a day is the same time next day.

        Raises NotALength, TooFar.
        """
        what = _length(length)
        try:
            begin = self._months_on(start, what.months, str(length))
            days = timedelta(days=what.days + 7 * what.weeks)
            if days:
                begin = self.moment(_wall(begin, self.zone) + days)
            end = begin + what.time
        except OverflowError as error:
            raise TooFar(text=str(length)) from error
        _not_too_far(start, end, length)
        return end

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The time worked from one moment to another; negative when ``end`` is earlier. Raises TooFar."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)  # in one zone, Python subtracts wall clocks
        if end < start:
            return -self.between(end, start)
        _not_too_far(start, end, end.isoformat())
        first = _wall(start, self.zone).date() - timedelta(days=1)
        days = (first + timedelta(n) for n in range((end - start).days + 4))
        worked = (min(stop, end) - max(begin, start) for begin, stop in filter(None, map(self.opening, days)))
        return sum((each for each in worked if each > timedelta()), timedelta())

    def _openings(self, at: datetime) -> Iterator[tuple[date, datetime, datetime]]:
        """Every stretch of work that ends after a moment with its day, in order, without end. Raises NeverOpen."""
        day, closed = _wall(at, self.zone).date() - timedelta(days=1), 0
        while closed < CLOSED_FOR:
            opening = self.opening(day)
            closed = 0 if opening else closed + 1
            if opening and opening[1] > at:
                yield day, *opening
            day += timedelta(days=1)
        raise NeverOpen(day=day - timedelta(days=closed))

    def _months_on(self, start: datetime, months: int, text: str) -> datetime:
        if not months:
            return start.astimezone(UTC)
        wall = _wall(start, self.zone)
        years, month = divmod(wall.month - 1 + months, 12)
        if years > FAR:
            raise TooFar(text=text)
        year = wall.year + years
        day = min(wall.day, monthrange(year, month + 1)[1])
        return self.moment(wall.replace(year=year, month=month + 1, day=day))

    def _days_on(self, moment: datetime, days: int, text: str) -> datetime:
        """The same time of day so many openings later."""
        if not days:
            return moment
        if days > 366 * FAR:
            raise TooFar(text=text)
        openings = self._openings(moment)
        today, _, _ = next(openings)
        day, begin, end = next(islice(openings, days - 1, None))
        _not_too_far(moment, begin, text)
        since_midnight = _wall(moment, self.zone) - datetime.combine(today, time())
        return min(max(self.moment(datetime.combine(day, time()) + since_midnight), begin), end)

    def _time_on(self, moment: datetime, left: timedelta, text: str) -> datetime:
        """So much work later; what ends at closing ends on that day."""
        if left <= timedelta():
            return moment
        for _, begin, end in self._openings(moment):
            begin = max(begin, moment)
            if left <= end - begin:
                return begin + left
            left -= end - begin
            _not_too_far(moment, end, text)
        raise AssertionError("openings never end")


ORGANIZATION = Calendar()
"""The calendar of what belongs to no department, and of the organization's reports."""


def is_work_day(day: date) -> bool:
    """Whether the organization works on this day."""
    return ORGANIZATION.is_work_day(day)


def work_days_between(start: date, end: date) -> int:
    """The organization's work days after ``start`` up to and with ``end``; negative when ``end`` is earlier."""
    return ORGANIZATION.work_days_between(start, end)


def of(session: Session, department: "Department | None") -> Calendar:
    """A department's calendar, in one query. Days it does not say itself are as the department above it says.

    Without a department it is that of the one department at the top, where there is just one.
    """
    unit = department or _top(session)
    if unit is None:
        return ORGANIZATION
    return _made(
        unit, {day: _hours(opens, closes) for day, opens, closes in session.execute(_said_above(unit.id))}
    )


def of_all(session: Session) -> Mapping[int | None, Calendar]:
    """Every department's calendar by id, and under None what `of` gives without one: two queries however many."""
    made = _everybody(session)
    return {**{unit.id: calendar for unit, calendar in made}, None: _at_the_top(made)}


def by_key(session: Session) -> Mapping[str | None, Calendar]:
    """The same by the departments' keys, as lanes of diagrams name them."""
    made = _everybody(session)
    return {**{unit.key: calendar for unit, calendar in made}, None: _at_the_top(made)}


def _everybody(session: Session) -> list[tuple[Any, Calendar]]:
    """Departments as plain rows, with their calendars: nobody keeps the objects."""
    from engine.people import Department, SpecialDay

    units = {unit.id: unit for unit in session.execute(select(*Department.__table__.columns))}
    said: dict[int, dict[date, Hours | None]] = {unit_id: {} for unit_id in units}
    rows = select(SpecialDay.department_id, SpecialDay.day, SpecialDay.opens, SpecialDay.closes)
    for department_id, day, opens, closes in session.execute(rows):
        said[department_id][day] = _hours(opens, closes)

    def special(unit: Any) -> dict[date, Hours | None]:
        return {**special(units.get(unit.parent_id or 0)), **said[unit.id]} if unit else {}

    return [(unit, _made(unit, special(unit))) for unit in units.values()]


def _at_the_top(made: Sequence[tuple[Any, Calendar]]) -> Calendar:
    top = [calendar for unit, calendar in made if unit.parent_id is None and unit.closed_at is None]
    return top[0] if len(top) == 1 else ORGANIZATION


def _made(unit: Any, special: Mapping[date, Hours | None]) -> Calendar:
    week = (unit.opens, unit.closes, unit.work_days)
    own = {day: (opens, closes) for day, (opens, closes) in unit.weekday_hours.items()}
    days = MappingProxyType(special), MappingProxyType(own)
    return Calendar(unit.time_zone, unit.country, unit.subdivision, *week, *days)


def _hours(opens: int | None, closes: int | None) -> Hours | None:
    return None if opens is None or closes is None else (opens, closes)


def _top(session: Session) -> "Department | None":
    from engine.people import Department  # people know history, history knows calendars

    top = select(Department).where(Department.parent_id.is_(None), Department.closed_at.is_(None))
    found = session.scalars(top.limit(2)).all()
    return found[0] if len(found) == 1 else None


def _said_above(department_id: int) -> Select[date, int | None, int | None]:
    """What a department and those above it say of special days, the nearest last."""
    from engine.people import Department, SpecialDay

    unit = select(Department.id, Department.parent_id, literal(0).label("far"))
    chain = unit.where(Department.id == department_id).cte(recursive=True)
    above = select(Department.id, Department.parent_id, chain.c.far + 1)
    chain = chain.union_all(above.join(chain, Department.id == chain.c.parent_id))
    said = select(SpecialDay.day, SpecialDay.opens, SpecialDay.closes)
    return said.join(chain, SpecialDay.department_id == chain.c.id).order_by(chain.c.far.desc())


def _length(length: str | timedelta | Length) -> Length:
    if isinstance(length, timedelta):
        return Length(time=length)
    return lengths.read(length) if isinstance(length, str) else length


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What local clocks show at a moment."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _not_too_far(start: datetime, end: datetime, length: object) -> None:
    if end - start > timedelta(days=366 * FAR):
        raise TooFar(text=str(length))
