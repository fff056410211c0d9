"""The calendar of sales: what clients were promised and what departments owe, month by month, also for other calendars."""

from calendar import Calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from babel.dates import format_date, get_day_names
from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from engine import access, calendars
from engine.people import Department, Person
from engine.sales import dates, promises
from engine.sales.dates import Entry, Wanted
from engine.sales.deals import Deal
from webapp.access import me, needs
from webapp.clock import now
from webapp.commitment_words import name
from webapp.database import db
from webapp.languages import current

bp = Blueprint("agenda", __name__, url_prefix="/sales/calendar")

BACK, AHEAD = timedelta(days=30), timedelta(days=366)
"""What another calendar is given: from so long ago to so far ahead."""

YEARS = (2000, 2100)


@bp.context_processor
def _helpers() -> dict[str, object]:
    return {"here": here}


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """A month: a table of weeks, on a narrow screen a list of the days on which something is due."""
    first, wanted = _month(), _wanted()
    weeks = Calendar().monthdatescalendar(first.year, first.month)
    entries = dates.between(db.session(), me(), weeks[0][0], weeks[-1][-1], wanted)
    days: dict[date, list[Entry]] = {}
    for each in entries:
        days.setdefault(each.day, []).append(each)
    names = get_day_names("abbreviated", locale=current()), get_day_names("wide", locale=current())
    return render_template(
        "sales/calendar.html",
        first=first,
        title=format_date(first, "LLLL y", locale=current()),
        weeks=weeks,
        days=days,
        count=sum(len(found) for day, found in days.items() if day.month == first.month),
        weekdays=[(names[0][n], names[1][n]) for n in range(7)],
        before=_shifted(first, -1),
        after=_shifted(first, 1),
        today=calendars.local_day(now()),
        wanted=wanted,
        owners=_owners(),
        departments=_departments(),
        units=_units(),
        standing=promises.judge(db.session(), now=now()),
    )


@bp.get("/due.ics")
@needs("employee", "director")
def download() -> ResponseReturnValue:
    """What is still open and may be seen, as a file for another calendar."""
    today = calendars.local_day(now())
    wanted = Wanted(_wanted().department_id, _wanted().person_id, done=False)
    entries = dates.between(db.session(), me(), today - BACK, today + AHEAD, wanted)
    body = "".join(line + "\r\n" for each in _lines(entries, _units()) for line in _folded(each))
    headers = {"Content-Disposition": "attachment; filename=contentum.ics"}
    return Response(body, mimetype="text/calendar", headers=headers)


def here(**changed: Any) -> str:
    """This page's address with some of its filters changed; another view keeps none of them."""
    view = changed.pop("view", None)
    if view is not None:
        return url_for(view)
    kept = {key: value for key, value in request.args.items() if key in {"month", "department", "person"}}
    endpoint = changed.pop("to", "agenda.index")
    return url_for(endpoint, **{key: value for key, value in {**kept, **changed}.items() if value})


# ------------------------------------------------------------------------------------------------ what is asked


def _month() -> date:
    try:
        found = datetime.strptime(request.args.get("month", ""), "%Y-%m").date()  # noqa: DTZ007  # a month, no moment
    except ValueError:
        found = calendars.local_day(now())
    return found.replace(day=1, year=min(max(found.year, YEARS[0]), YEARS[1]))


def _shifted(first: date, months: int) -> str:
    return f"{first + timedelta(days=31 if months > 0 else -1):%Y-%m}"


def _wanted() -> Wanted:
    mine = request.args.get("person") == "me"
    person_id = me().id if mine else request.args.get("person", type=int)
    return Wanted(request.args.get("department", type=int), person_id)


def _owners() -> Any:
    owning = select(Deal.owner_id).where(access.visible(me(), Deal))
    return db.session.scalars(select(Person).where(Person.id.in_(owning)).order_by(Person.name)).all()


def _departments() -> Any:
    query = select(Department).where(
        Department.closed_at.is_(None), Department.id.in_(access.departments(me()))
    )
    return db.session.scalars(query.order_by(Department.name)).all()


def _units() -> dict[int, Department]:
    return {each.id: each for each in db.session.scalars(select(Department))}


# ------------------------------------------------------------------------------------------------ iCalendar


def _lines(entries: list[Entry], units: dict[int, Department]) -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Contentum//Calendar//EN", "CALSCALE:GREGORIAN")
    for each in entries:
        yield from ("BEGIN:VEVENT", *_event(each, units), "END:VEVENT")
    yield "END:VCALENDAR"


def _event(each: Entry, units: dict[int, Department]) -> Iterator[str]:
    about = (each.deal.title or each.deal.number) if each.deal else ""
    yield f"DTSTAMP:{_stamp(now())}"
    if each.commitment is not None:
        yield f"UID:commitment-{each.commitment.id}@contentum"
        yield f"DTSTART;VALUE=DATE:{each.day:%Y%m%d}"
        yield f"DTEND;VALUE=DATE:{each.day + timedelta(days=1):%Y%m%d}"
        yield f"SUMMARY:{_escaped(each.commitment.text[:200])}"
    elif each.promise is not None and each.at is not None:
        promise = each.promise
        title = promise.title_en if current() == "en" and promise.title_en else promise.title
        yield f"UID:promise-{promise.id}@contentum"
        yield f"DTSTART:{_stamp(each.at)}"
        yield f"DTEND:{_stamp(each.at)}"
        yield f"SUMMARY:{_escaped(f'{name(units.get(promise.provider_id or 0))}: {title}')}"
    if about:
        yield f"DESCRIPTION:{_escaped(about)}"


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    """Text as RFC 5545 wants it; what somebody typed cannot begin a line of its own."""
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets; what goes on begins with a space."""
    part = ""
    for sign in line:
        if len((part + sign).encode()) > 74:
            yield part
            part = " "
        part += sign
    yield part
