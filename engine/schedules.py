"""When departments work: hours, the week, holidays, the zone, and special days are set here, read in `engine.calendars`.

What has been computed before a change stays as it was: a promise is not moved behind anybody's back.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import history, places
from engine.calendars import MIDNIGHT, Hours
from engine.errors import Invalid, Refusal
from engine.people import Department, Person, SpecialDay, must_administer


class NoTimeOfDay(Refusal):
    """Write a time of day such as 8:00."""


class ClosesTooEarly(Refusal):
    """A day closes after it opens. Midnight at the end of the day is 0:00; for a night, tick “on the next day”."""


class TooLongADay(Refusal):
    """From opening to closing there are at most 24 hours."""


class NotAWorkDay(Refusal):
    """Choose this day of the week too, or leave its own hours empty."""


class OneTimeOnly(Refusal):
    """Write both times, or neither for a day on which nobody works."""


class NoWorkDay(Refusal):
    """Choose at least one day of the week: without it no time would ever come."""


class UnknownCountry(Refusal):
    """The public holidays of this country are not known here."""


class UnknownRegion(Refusal):
    """This country has no such region with holidays of its own."""


class UnknownZone(Refusal):
    """There is no such time zone."""


class NoDate(Refusal):
    """Write a date between 2000 and 2100, such as 2026-12-24."""


class LongName(Refusal):
    """At most 120 signs, please."""


class NoSuchDay(Refusal):
    """This day is not special any more."""


class Typed(NamedTuple):
    """Hours as somebody typed them: times such as 8:00, and whether it closes on the next day."""

    opens: str
    closes: str
    next_day: bool = False


def of(department: Department) -> dict[str, Any]:
    """A department's hours, week, holidays and zone as they stand, by column."""
    names = ("opens", "closes", "work_days", "weekday_hours", "country", "subdivision", "time_zone")
    return {name: getattr(department, name) for name in names}


def change(
    session: Session,
    department: Department,
    *,
    opens: str,
    closes: str,
    next_day: bool = False,
    work_days: Collection[str],
    weekdays: Mapping[str, Typed] = MappingProxyType({}),
    country: str,
    subdivision: str,
    time_zone: str,
    by: Person,
    now: datetime,
) -> None:
    """Set when a department works; times are texts such as 8:00, closing at 0:00 is midnight. An empty country has no holidays.

    ``weekdays`` are days with hours of their own, by number; both times empty: the usual ones. Raises `Invalid` with
    `NoTimeOfDay`, `OneTimeOnly`, `ClosesTooEarly`, `TooLongADay`, `NoWorkDay`, `NotAWorkDay`, `UnknownCountry`,
    `UnknownRegion`, `UnknownZone`.
    """
    must_administer(by)
    hours, errors = _hours(Typed(opens, closes, next_day), "opens", "closes")
    week = "".join(sorted(set(work_days) & set("1234567")))
    if not week:
        errors["work_days"] = NoWorkDay()
    own, wrong = _own_hours(weekdays, week)
    errors |= wrong | _errors_of_place(country, subdivision, time_zone)
    if errors or hours is None:
        raise Invalid(errors or {"opens": NoTimeOfDay()})
    before = of(department)
    department.opens, department.closes = hours
    department.work_days, department.time_zone = week, time_zone
    department.weekday_hours = {day: list(each) for day, each in own.items()}
    department.country, department.subdivision = country, subdivision
    if before != of(department):
        _record(session, "calendar_changed", department, by, now, before=before, after=of(department))


def mark(
    session: Session,
    department: Department,
    *,
    day: str,
    opens: str = "",
    closes: str = "",
    next_day: bool = False,
    name: str = "",
    by: Person,
    now: datetime,
) -> SpecialDay:
    """Let a department work otherwise on one day: other hours, or none for closed. Marked twice, the later word counts.

    Raises `Invalid` with `NoDate`, `NoTimeOfDay`, `OneTimeOnly`, `ClosesTooEarly`, `TooLongADay`, `LongName`.
    """
    must_administer(by)
    hours, errors = _hours_or_none(Typed(opens, closes, next_day), "day_opens", "day_closes")
    on = _day(day)
    if on is None:
        errors["day"] = NoDate()
    if len(name.strip()) > 120:
        errors["day_name"] = LongName()
    if errors or on is None:
        raise Invalid(errors)
    special = session.get(SpecialDay, (department.id, on))
    before = _said(special) if special else None
    if special is None:
        special = SpecialDay(department_id=department.id, day=on)
        session.add(special)
    special.opens, special.closes = hours or (None, None)
    special.name = name.strip()
    session.flush()
    _record(session, "special_day_set", department, by, now, before=before, after=_said(special))
    return special


def unmark(session: Session, department: Department, day: str, *, by: Person, now: datetime) -> None:
    """Let a day be as the week, the holidays and the departments above say. Raises NoSuchDay."""
    must_administer(by)
    on = _day(day)
    special = session.get(SpecialDay, (department.id, on)) if on else None
    if special is None:
        raise NoSuchDay
    session.delete(special)
    session.flush()
    session.expire(department, ["special_days"])
    _record(session, "special_day_removed", department, by, now, before=_said(special))


def special_days(session: Session, department: Department) -> Sequence[tuple[SpecialDay, Department]]:
    """The special days that hold for a department, in order, each with the department that says so."""
    chain: list[Department] = []
    unit: Department | None = department
    while unit is not None:
        chain.append(unit)
        unit = unit.parent
    found: dict[date, tuple[SpecialDay, Department]] = {}
    for each in reversed(chain):
        found |= {row.day: (row, each) for row in session.scalars(_days_of(each))}
    return [found[day] for day in sorted(found)]


def _days_of(department: Department) -> Select[SpecialDay]:
    return select(SpecialDay).where(SpecialDay.department_id == department.id)


def _own_hours(weekdays: Mapping[str, Typed], week: str) -> tuple[dict[str, Hours], dict[str, Refusal]]:
    """Days of the week that have hours of their own, and what is wrong by field."""
    found: dict[str, Hours] = {}
    errors: dict[str, Refusal] = {}
    for day, typed in sorted(weekdays.items()):
        hours, wrong = _hours_or_none(typed, f"opens_{day}", f"closes_{day}")
        errors |= wrong
        if hours is not None:
            found[day] = hours
            if day not in week:
                errors[f"opens_{day}"] = NotAWorkDay()
    return found, errors


def _hours_or_none(typed: Typed, *fields: str) -> tuple[Hours | None, dict[str, Refusal]]:
    """Hours where both times are written, None where neither is."""
    if not typed.opens.strip() and not typed.closes.strip():
        return None, {}
    return _hours(typed, *fields, missing=OneTimeOnly)


def _hours(
    typed: Typed, *fields: str, missing: type[Refusal] = NoTimeOfDay
) -> tuple[Hours | None, dict[str, Refusal]]:
    errors: dict[str, Refusal] = {}
    begin, end = _minutes(typed.opens), _minutes(typed.closes)
    both = bool(typed.opens.strip()) and bool(typed.closes.strip())
    for field, minute in zip(fields, (begin, end), strict=True):
        if minute is None:
            errors[field] = NoTimeOfDay() if both else missing()
    if begin is None or end is None:
        return None, errors
    if typed.next_day:
        end = end % MIDNIGHT + MIDNIGHT
    elif end == 0:
        end = MIDNIGHT
    if not begin < end:
        errors[fields[1]] = ClosesTooEarly()
    elif end - begin > MIDNIGHT:
        errors[fields[1]] = TooLongADay()
    return (begin, end), errors


def _minutes(text: str) -> int | None:
    found = re.fullmatch(r"([01]?[0-9]|2[0-4])(?::([0-5][0-9]))?(?::00)?", text.strip())
    minutes = int(found[1]) * 60 + int(found[2] or 0) if found else None
    return minutes if minutes is None or minutes <= 24 * 60 else None


def _errors_of_place(country: str, subdivision: str, time_zone: str) -> dict[str, Refusal]:
    errors: dict[str, Refusal] = {}
    if country and country not in places.countries():
        errors["country"] = UnknownCountry()
    elif subdivision and subdivision not in places.countries().get(country, ()):
        errors["subdivision"] = UnknownRegion()
    if time_zone not in places.zones():
        errors["time_zone"] = UnknownZone()
    return errors


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def _said(special: SpecialDay) -> dict[str, Any]:
    return {
        "day": special.day.isoformat(),
        "opens": special.opens,
        "closes": special.closes,
        "name": special.name,
    }


def _record(
    session: Session, kind: str, department: Department, by: Person, now: datetime, **data: object
) -> None:
    history.record(session, kind, at=now, actor=by, subject=f"department:{department.id}", data=data)
