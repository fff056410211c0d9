"""When departments work: hours, the week, holidays, the zone, and special days are set here, read in `engine.calendars`.

What has been computed before a change stays as it was: a promise is not moved behind anybody's back.
"""

import re
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine import history, places
from engine.calendars import Hours
from engine.errors import Invalid, Refusal
from engine.people import Department, Person, SpecialDay, must_administer


class NoTimeOfDay(Refusal):
    """Write a time of day such as 8:00."""


class ClosesTooEarly(Refusal):
    """A day closes after it opens. Midnight at the end of the day is 0:00."""


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


def of(department: Department) -> dict[str, Any]:
    """A department's hours, week, holidays and zone as they stand, by column."""
    names = ("opens", "closes", "work_days", "country", "subdivision", "time_zone")
    return {name: getattr(department, name) for name in names}


def change(
    session: Session,
    department: Department,
    *,
    opens: str,
    closes: str,
    work_days: Collection[str],
    country: str,
    subdivision: str,
    time_zone: str,
    by: Person,
    now: datetime,
) -> None:
    """Set when a department works; times are texts such as 8:00, closing at 0:00 is midnight. An empty country has no holidays.

    Raises `Invalid` with `NoTimeOfDay`, `ClosesTooEarly`, `NoWorkDay`, `UnknownCountry`, `UnknownRegion`, `UnknownZone`.
    """
    must_administer(by)
    hours, errors = _hours(opens, closes, "opens", "closes")
    week = "".join(sorted(set(work_days) & set("1234567")))
    if not week:
        errors["work_days"] = NoWorkDay()
    errors |= _errors_of_place(country, subdivision, time_zone)
    if errors or hours is None:
        raise Invalid(errors or {"opens": NoTimeOfDay()})
    before = of(department)
    department.opens, department.closes = hours
    department.work_days, department.time_zone = week, time_zone
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
    name: str = "",
    by: Person,
    now: datetime,
) -> SpecialDay:
    """Let a department work otherwise on one day: other hours, or none for closed. Marked twice, the later word counts.

    Raises `Invalid` with `NoDate`, `NoTimeOfDay`, `OneTimeOnly`, `ClosesTooEarly`, `LongName`.
    """
    must_administer(by)
    closed = not opens.strip() and not closes.strip()
    hours, errors = (
        (None, {}) if closed else _hours(opens, closes, "day_opens", "day_closes", missing=OneTimeOnly)
    )
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


def _hours(
    opens: str, closes: str, *fields: str, missing: type[Refusal] = NoTimeOfDay
) -> tuple[Hours | None, dict[str, Refusal]]:
    errors: dict[str, Refusal] = {}
    begin, end = _minutes(opens), _minutes(closes)
    end = 24 * 60 if end == 0 else end
    both = bool(opens.strip()) and bool(closes.strip())
    for field, minute in zip(fields, (begin, end), strict=True):
        if minute is None:
            errors[field] = NoTimeOfDay() if both else missing()
    if begin is None or end is None:
        return None, errors
    if not begin < end:
        errors[fields[1]] = ClosesTooEarly()
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
