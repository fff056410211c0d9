"""When a department works, as the administrator sets it."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.history import Event
from engine.people import Department, Person, SpecialDay
from tests.web.conftest import Visitor

WORKS = {
    "opens": "09:00",
    "closes": "17:30",
    "work_days": ["1", "2", "3", "6"],
    "country": "DE",
    "subdivision": "",
    "time_zone": "Europe/Berlin",
}


@pytest.fixture
def office(as_: Callable[[Person], Visitor], adam: Person) -> Visitor:
    """A browser in which Adam is logged in."""
    return as_(adam)


@pytest.fixture
def sales(departments: dict[str, Department]) -> str:
    """Where the department of sales is set up."""
    return f"/administration/departments/{departments['sales'].id}"


def said(session: Session, kind: str) -> list[Event]:
    return list(session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def test_hours_week_country_and_zone_are_set_and_that_is_one_fact(
    office: Visitor, sales: str, session: Session, departments: dict[str, Department]
) -> None:
    assert office.send(f"{sales}/calendar", WORKS).status_code == 303

    session.refresh(departments["sales"])
    calendar = calendars.of(session, departments["sales"])
    assert (calendar.opens, calendar.closes, calendar.work_days) == (540, 1050, "1236")
    assert (calendar.country, calendar.subdivision, calendar.time_zone) == ("DE", "", "Europe/Berlin")
    (fact,) = said(session, "calendar_changed")
    assert fact.data is not None
    assert (fact.data["before"]["opens"], fact.data["after"]["opens"]) == (480, 540)
    page = office.get(f"{sales}/calendar").get_data(as_text=True)
    assert 'value="09:00"' in page
    assert "BY, Bayern" in page


def test_what_stays_as_it_was_is_no_fact(office: Visitor, sales: str, session: Session) -> None:
    office.send(f"{sales}/calendar", WORKS)
    office.send(f"{sales}/calendar", WORKS)

    assert len(said(session, "calendar_changed")) == 1


def test_a_region_belongs_to_its_country(office: Visitor, sales: str, session: Session) -> None:
    office.send(f"{sales}/calendar", WORKS)
    assert office.send(f"{sales}/calendar", {**WORKS, "subdivision": "BY"}).status_code == 303
    wrong = office.send(f"{sales}/calendar", {**WORKS, "subdivision": "TX"})
    assert wrong.status_code == 422
    assert "This country has no such region" in wrong.get_data(as_text=True)

    assert (
        office.send(f"{sales}/calendar", {**WORKS, "country": "PL", "subdivision": "BY"}).status_code == 303
    )


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("opens", "", "Write a time of day such as 8:00."),
        ("opens", "25:00", "Write a time of day such as 8:00."),
        ("closes", "9:60", "Write a time of day such as 8:00."),
        ("closes", "09:00", "A day closes after it opens."),
        ("work_days", [], "Choose at least one day of the week"),
        ("work_days", ["9"], "Choose at least one day of the week"),
        ("closes_3", "", "Write both times, or neither"),
        ("opens_3", "08:70", "Write a time of day such as 8:00."),
        ("closes_3", "07:00", "A day closes after it opens."),
        ("opens_5", "10:00", "Choose this day of the week too"),
        ("country", "QQ", "The public holidays of this country are not known here."),
        ("time_zone", "Mars/Olympus", "There is no such time zone."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_changes(
    office: Visitor, sales: str, session: Session, field: str, value: object, words: str
) -> None:
    own = {"opens_3": "08:00", "closes_3": "12:00", "closes_5": "14:00"} if field[-1].isdigit() else {}
    refused = office.send(f"{sales}/calendar", {**WORKS, **own, field: value})

    page = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert re.search(rf'id="{field}-wrong"[^>]*>[^<]*(<[^>]*>[^<]*)*?{re.escape(words)}', page)
    assert said(session, "calendar_changed") == []


def test_midnight_is_a_time_to_close(
    office: Visitor, sales: str, departments: dict[str, Department], session: Session
) -> None:
    office.send(f"{sales}/calendar", {**WORKS, "opens": "00:00", "closes": "00:00"})

    session.refresh(departments["sales"])
    assert (departments["sales"].opens, departments["sales"].closes) == (0, 1440)


def test_a_short_saturday_and_nights_are_set_and_shown(
    office: Visitor, sales: str, departments: dict[str, Department], session: Session
) -> None:
    nights = {"opens": "22:00", "closes": "06:00", "next_day": "1", "opens_6": "08:00", "closes_6": "14:00"}
    assert office.send(f"{sales}/calendar", {**WORKS, **nights}).status_code == 303

    session.refresh(departments["sales"])
    calendar = calendars.of(session, departments["sales"])
    assert (calendar.opens, calendar.closes, calendar.weekdays) == (1320, 1800, {"6": (480, 840)})
    (fact,) = said(session, "calendar_changed")
    assert fact.data is not None
    assert (fact.data["before"]["weekday_hours"], fact.data["after"]["weekday_hours"]) == (
        {},
        {"6": [480, 840]},
    )
    page = office.get(f"{sales}/calendar").get_data(as_text=True)
    assert re.search(r'name="next_day" value="1" checked', page)
    assert re.search(r'name="closes_6"[^>]*|value="14:00"[^>]*name="closes_6"', page)
    assert page.count(" checked") == 1 + len(WORKS["work_days"])
    assert '<details class="stack stack-3" open>' in page
    office.send(f"{sales}/calendar", WORKS)
    session.refresh(departments["sales"])
    assert calendars.of(session, departments["sales"]).weekdays == {}


def test_a_day_has_at_most_twenty_four_hours(office: Visitor, sales: str, session: Session) -> None:
    refused = office.send(
        f"{sales}/calendar", {**WORKS, "opens": "08:00", "closes": "09:00", "next_day": "1"}
    )

    assert refused.status_code == 422
    assert "at most 24 hours" in refused.get_data(as_text=True)
    whole = {**WORKS, "opens": "08:00", "closes": "08:00", "next_day": "1"}
    assert office.send(f"{sales}/calendar", whole).status_code == 303


def test_a_special_day_may_be_a_night(office: Visitor, sales: str, session: Session) -> None:
    night = {"day": "2026-12-24", "day_opens": "22:00", "day_closes": "06:00", "day_next": "1"}
    assert office.send(f"{sales}/special-days", night).status_code == 303

    assert session.scalars(select(SpecialDay.closes)).one() == 1800
    page = office.get(f"{sales}/special-days").get_data(as_text=True)
    assert re.search(r"22:00–06:00 <span[^>]*>on the next day", page)


def test_special_days_are_added_changed_and_removed_and_hold_below(
    office: Visitor, sales: str, session: Session, departments: dict[str, Department]
) -> None:
    board = f"/administration/departments/{departments['board'].id}/special-days"
    eve = {"day": "2026-12-24", "day_opens": "08:00", "day_closes": "12:00", "day_name": "Wigilia"}
    assert office.send(board, eve).status_code == 303
    assert office.send(board, {"day": "2027-01-04", "day_name": "Dzień firmy"}).status_code == 303
    assert office.send(board, {**eve, "day_closes": "13:00"}).status_code == 303

    below = office.get(f"{sales}/special-days").get_data(as_text=True)
    assert "08:00–13:00" in below
    assert "from Board" in below
    assert "closed" in below
    assert office.send(f"{board}/2027-01-04/removal").status_code == 303
    assert [row.closes for row in session.scalars(select(SpecialDay))] == [780]
    assert [len(said(session, kind)) for kind in ("special_day_set", "special_day_removed")] == [3, 1]
    assert office.send(f"{board}/2027-01-04/removal").status_code == 400


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("day", "24.12.2026", "Write a date between 2000 and 2100"),
        ("day", "9999-12-24", "Write a date between 2000 and 2100"),
        ("day_closes", "", "Write both times, or neither"),
        ("day_opens", "", "Write both times, or neither"),
        ("day_closes", "07:00", "A day closes after it opens."),
        ("day_name", "x" * 121, "At most 120 signs, please."),
    ],
)
def test_a_special_day_that_cannot_be_is_refused_at_its_field(
    office: Visitor, sales: str, session: Session, field: str, value: str, words: str
) -> None:
    day = {"day": "2026-12-24", "day_opens": "08:00", "day_closes": "12:00", "day_name": ""}

    refused = office.send(f"{sales}/special-days", {**day, field: value})

    assert refused.status_code == 422
    assert re.search(
        rf'id="{field}-wrong"[^>]*>[^<]*(<[^>]*>[^<]*)*?{re.escape(words)}', refused.get_data(as_text=True)
    )
    assert session.scalars(select(SpecialDay)).all() == []


def test_a_new_department_works_as_the_one_above_it(
    office: Visitor, sales: str, session: Session, departments: dict[str, Department]
) -> None:
    office.send(f"{sales}/calendar", WORKS)
    office.send(
        "/administration/departments",
        {"key": "berlin", "name": "Berlin", "name_en": "Berlin", "parent": departments["sales"].id},
    )

    berlin = session.scalars(select(Department).where(Department.key == "berlin")).one()
    assert (berlin.opens, berlin.work_days, berlin.time_zone) == (540, "1236", "Europe/Berlin")


def test_pages_say_that_due_times_stay(office: Visitor, sales: str) -> None:
    assert "Those already computed stay as they are." in office.get(f"{sales}/calendar").get_data(
        as_text=True
    )
    assert "Due times already computed stay" in office.get(f"{sales}/special-days").get_data(as_text=True)


def test_only_administrators_set_hours(as_: Callable[[Person], Visitor], anna: Person, sales: str) -> None:
    assert as_(anna).get(f"{sales}/calendar").status_code in (403, 404)
    assert as_(anna).send(f"{sales}/special-days", {"day": "2026-12-24"}).status_code in (403, 404)
