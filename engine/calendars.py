"""Work time: when a department works, and when so much work time from now will be."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import holidays

if TYPE_CHECKING:
    from engine.people import Department

HOME = ZoneInfo("Europe/Warsaw")
"""The organization's zone: it decides which day a fact belongs to."""


def local_day(at: datetime) -> date:
    """The organization's local day of a moment."""
    return at.astimezone(HOME).date()


@lru_cache(64)
def _closed(country: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays(country, years=year))


def is_work_day(day: date, country: str = "PL") -> bool:
    """Monday to Friday, without the country's public holidays."""
    return day.weekday() < 5 and day not in _closed(country, day.year)


def work_days_between(start: date, end: date, country: str = "PL") -> int:
    """Work days after ``start`` up to and with ``end``; negative when ``end`` is earlier."""
    if end < start:
        return -work_days_between(end, start, country)
    days = (end - start).days
    return sum(is_work_day(start + timedelta(days=step), country) for step in range(1, days + 1))


def add_work_time(
    at: datetime, *, days: int = 0, minutes: int = 0, department: "Department | None" = None
) -> datetime:
    """The moment so much work time after ``at`` on the department's calendar, in UTC.

    A work day here is one opening of the department: "2 days" from Tuesday 10:00 is Thursday 10:00.
    Time outside opening hours does not count: "15 minutes" from Friday 20:00 is Monday 8:15.
    """
    zone = ZoneInfo(department.time_zone) if department else HOME
    country = department.country if department else "PL"
    opens, closes = (department.opens, department.closes) if department else (8 * 60, 16 * 60)

    def moment(day: date, minute: float) -> datetime:
        midnight = datetime.combine(day, time(), tzinfo=zone)
        return (midnight.replace(tzinfo=None) + timedelta(minutes=minute)).replace(tzinfo=zone)

    def next_work_day(day: date) -> date:
        day += timedelta(days=1)
        while not is_work_day(day, country):
            day += timedelta(days=1)
        return day

    local = at.astimezone(zone)
    day = local.date()
    minute = local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 60e6
    if not is_work_day(day, country) or minute >= closes:
        day, minute = next_work_day(day), float(opens)
    minute = max(minute, opens)

    for _ in range(days):
        day = next_work_day(day)
    left = float(minutes)
    while left > closes - minute:
        left -= closes - minute
        day, minute = next_work_day(day), float(opens)
    return moment(day, minute + left).astimezone(UTC)
