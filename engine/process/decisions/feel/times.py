"""Functions of dates, times and durations. A time without a zone is meant in the organization's."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine import calendars
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.registry import NUMBER, feel, whole
from engine.process.decisions.feel.values import YearsMonths
from engine.process.expressions import TooMuch

_MONTHS = re.compile(r"(-?)P(?=\d)(?:(\d{1,9})Y)?(?:(\d{1,9})M)?")
_DAYS = re.compile(
    r"(-?)P(?=[\dT])(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d|@[\w/+-]{1,40})?")


@feel("date", None, NUMBER, NUMBER)
def _date(_env: Env, first: Any, month: Any = None, day: Any = None) -> Any:
    if first is None:
        return None
    if month is not None and day is not None and type(first) in NUMBER:
        return date(whole(first), whole(month), whole(day))
    if type(first) is datetime:
        return first.astimezone(calendars.HOME).date()
    if type(first) is date:
        return first
    if type(first) is not str:
        raise ValueError
    if _DATE.fullmatch(first):
        return date.fromisoformat(first)
    return _moment(first).astimezone(calendars.HOME).date()


def _zone(text: str) -> Any:
    if text == "Z":
        return UTC
    if not text.startswith("@"):
        return datetime.fromisoformat(f"2000-01-01T00:00{text}").tzinfo
    try:
        return ZoneInfo(text[1:])
    except (ZoneInfoNotFoundError, OSError):
        raise ValueError from None


def _clock(text: str) -> time:
    found = _TIME.fullmatch(text)
    if not found:
        raise ValueError
    return time.fromisoformat(found[1]).replace(tzinfo=_zone(found[2]) if found[2] else None)


def _moment(text: str) -> datetime:
    """A moment from ISO text; in the organization's zone when it names none."""
    day, _, clock = text.replace(" ", "T", 1).partition("T")
    if not _DATE.fullmatch(day):
        raise ValueError
    at = _clock(clock) if clock else time()
    found = datetime.combine(date.fromisoformat(day), at)
    return (found if found.tzinfo else found.replace(tzinfo=calendars.HOME)).astimezone(UTC)


@feel("date and time", (str, date, datetime), (time, str))
def _date_and_time(_env: Env, first: Any, at: Any = None) -> Any:
    if type(first) is str:
        return _moment(first)
    if type(at) is time:
        day = first if type(first) is date else first.astimezone(calendars.HOME).date()
        found = datetime.combine(day, at)
        return (found if found.tzinfo else found.replace(tzinfo=calendars.HOME)).astimezone(UTC)
    if at is not None:
        raise ValueError
    return first if type(first) is datetime else _moment(first.isoformat())


@feel("time", (str, date, datetime, time, *NUMBER), NUMBER, NUMBER)
def _time(_env: Env, first: Any, minute: Any = None, second: Any = None, offset: Any = None) -> Any:
    if type(first) in NUMBER and minute is not None and second is not None:
        zone = _offset(offset) if type(offset) is timedelta else None
        return time(whole(first), whole(minute), whole(second), tzinfo=zone)
    if type(first) is datetime:
        return first.astimezone(calendars.HOME).time()
    if type(first) is time:
        return first
    if type(first) is not str:
        raise ValueError
    return _clock(first.partition("T")[2] or first)


def _offset(length: timedelta) -> Any:
    minutes = abs(int(length.total_seconds() // 60))
    sign = "-" if length < timedelta() else "+"
    return _zone(f"{sign}{minutes // 60:02}:{minutes % 60:02}")


@feel("duration", (str, timedelta, YearsMonths))
def _duration(_env: Env, text: Any) -> Any:
    if type(text) is not str:
        return text
    months = _MONTHS.fullmatch(text)
    if months:
        found = int(months[2] or 0) * 12 + int(months[3] or 0)
        return YearsMonths(-found if months[1] else found)
    days = _DAYS.fullmatch(text)
    if not days:
        raise ValueError
    seconds = Decimal(days[5] or 0)
    length = timedelta(
        days=int(days[2] or 0),
        hours=int(days[3] or 0),
        minutes=int(days[4] or 0),
        microseconds=int(seconds * 1_000_000),
    )
    return -length if days[1] else length


@feel("years and months duration", (date, datetime), (date, datetime))
def _years_and_months(env: Env, start: Any, end: Any) -> Any:
    first, last = _date(env, start), _date(env, end)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return YearsMonths(months)


@feel("now")
def _now(env: Env) -> datetime:
    return env.now


@feel("today")
def _today(env: Env) -> date:
    return calendars.local_day(env.now)


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip


def _calendar(name: str, work: Callable[[date], Any]) -> None:
    feel(name, (date, datetime))(lambda env, moment: work(_date(env, moment)))


_calendar("day of year", lambda day: day.timetuple().tm_yday)
_calendar("day of week", lambda day: DAYS[day.weekday()])
_calendar("month of year", lambda day: MONTHS[day.month - 1])
_calendar("week of year", lambda day: day.isocalendar().week)


@feel("work_days_between", (date, datetime, str), (date, datetime, str))
def _work_days_between(env: Env, start: Any, end: Any) -> int:
    first, last = _date(env, start), _date(env, end)
    if not (1970 <= first.year <= 2100 and 1970 <= last.year <= 2100):
        raise TooMuch
    env.charge(500 * (abs(last.year - first.year) + 1))
    return calendars.work_days_between(first, last)
