"""Work time: against a walk minute by minute that shares nothing with the code, and by example."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from sqlalchemy.orm import Session

from engine import calendars, lengths
from engine.calendars import ORGANIZATION, Calendar, NeverOpen, TooFar
from engine.lengths import NotALength
from engine.people import Department, SpecialDay
from tests.conftest import MONDAY

WARSAW = ZoneInfo("Europe/Warsaw")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

PLACES = {
    # zone, country: a week in which the clocks change (Kolkata's never do), its free days
    ("Europe/Warsaw", "PL", date(2026, 3, 25)): {date(2026, 4, 5), date(2026, 4, 6)},
    ("Europe/Warsaw", "PL", date(2026, 10, 21)): {date(2026, 11, 1)},
    ("America/New_York", "US", date(2026, 3, 5)): set[date](),
    ("America/New_York", "US", date(2026, 10, 29)): {date(2026, 11, 11)},
    ("Asia/Kolkata", "IN", date(2026, 8, 12)): {date(2026, 8, 15), date(2026, 8, 26)},
}

hours = some.tuples(some.integers(0, 1439), some.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1])
nights = some.tuples(some.integers(0, 1439), some.integers(1441, 2879)).filter(
    lambda pair: pair[1] - pair[0] <= 1440
)
any_hours = hours | nights


@some.composite
def situations(draw: some.DrawFn, shortest: int = 1) -> tuple[Calendar, set[date], datetime]:
    """A calendar with a few special days, the public holidays near, and a moment a few days from a change of clocks."""
    (zone, country, first), free = draw(some.sampled_from(sorted(PLACES.items(), key=str)))
    long_enough = any_hours.filter(lambda pair: pair[1] - pair[0] >= shortest)
    opens, closes = draw(long_enough)
    week = "".join(sorted(draw(some.sets(some.sampled_from("1234567"), min_size=1))))
    days = some.integers(0, 10).map(lambda n: first + timedelta(n))
    special = draw(some.dictionaries(days, some.none() | any_hours, max_size=3))
    own = draw(some.dictionaries(some.sampled_from("1234567"), long_enough, max_size=3))
    calendar = Calendar(zone, country, "", opens, closes, week, special, own)
    minutes = draw(some.integers(0, 7 * 1440))
    start = datetime.combine(first, time(), tzinfo=ZoneInfo(zone)).astimezone(UTC) + minutes * MINUTE
    return calendar, free, start


def walk(calendar: Calendar, free: set[date], start: datetime) -> Iterator[tuple[datetime, bool]]:
    """Every minute from ``start`` on, and whether the department works in it.

    The clerk of this tale looks at the latest time the wall clock has ever shown, and opens and closes by that.
    """
    zone = ZoneInfo(calendar.time_zone)
    latest = datetime.min  # noqa: DTZ901  # what a wall clock shows has no zone
    at = start - timedelta(days=2)
    while True:
        latest = max(latest, at.astimezone(zone).replace(tzinfo=None, fold=0))
        if at >= start:
            yield at, _works(calendar, free, latest)
        at += MINUTE


def _works(calendar: Calendar, free: set[date], wall: datetime) -> bool:
    """The clerk looks at the hours on today's sheet, and at yesterday's for a night that is not over."""
    today, minute = wall.date(), wall.hour * 60 + wall.minute
    sheets = (_sheet(calendar, free, today), minute), (_sheet(calendar, free, today - DAY), minute + 1440)
    return any(said is not None and said[0] <= at < said[1] for said, at in sheets)


def _sheet(calendar: Calendar, free: set[date], day: date) -> tuple[int, int] | None:
    if day in calendar.special:
        return calendar.special[day]
    number = "1234567"[day.weekday()]
    if number not in calendar.work_days or day in free:
        return None
    return calendar.weekdays.get(number) or (calendar.opens, calendar.closes)


@settings(max_examples=40, deadline=None)
@given(situations())
def test_it_is_open_exactly_when_a_clerk_at_the_wall_clock_says_so(
    situation: tuple[Calendar, set[date], datetime],
) -> None:
    calendar, free, start = situation
    for (at, works), _ in zip(walk(calendar, free, start), range(600), strict=False):
        assert calendar.is_open(at) is works, at


@settings(max_examples=40, deadline=None)
@given(situations(), some.integers(1, 2000))
def test_adding_minutes_ends_where_a_clerk_counting_them_ends(
    situation: tuple[Calendar, set[date], datetime], minutes: int
) -> None:
    calendar, free, start = situation
    counted, end = 0, start
    for at, works in walk(calendar, free, start):
        if at - start > timedelta(days=9):
            return  # the rest of the year is not written down above
        counted += works
        if counted == minutes:
            end = at + MINUTE
            break

    assert calendar.add(start, minutes * MINUTE) == end
    assert calendar.between(start, end) == minutes * MINUTE


@settings(max_examples=40, deadline=None)
@given(situations())
def test_the_next_opening_is_the_first_minute_of_work(
    situation: tuple[Calendar, set[date], datetime],
) -> None:
    calendar, free, start = situation
    first = next((at for at, works in walk(calendar, free, start) if works or at - start > timedelta(days=9)))
    if first - start <= timedelta(days=9):
        assert calendar.next_opening(start) == first


@settings(max_examples=60, deadline=None)
@given(situations(shortest=30), some.timedeltas(timedelta(microseconds=1), timedelta(days=20)))
def test_what_is_added_lies_between(
    situation: tuple[Calendar, set[date], datetime], length: timedelta
) -> None:
    calendar, _, start = situation

    end = calendar.add(start, length)

    assert calendar.between(start, end) == length
    assert calendar.between(end, start) == -length
    assert calendar.add(start, calendar.between(start, end)) == end


def openings(calendar: Calendar, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The openings of the days around two moments."""
    first = start.astimezone(calendar.zone).date() - DAY
    days = (first + timedelta(n) for n in range((end - start).days + 4))
    return [each for each in map(calendar.opening, days) if each is not None]


@settings(max_examples=60, deadline=None)
@given(situations())
def test_openings_never_meet_half_way(situation: tuple[Calendar, set[date], datetime]) -> None:
    calendar, _, start = situation
    found = openings(calendar, start, start + timedelta(days=12))

    assert all(begin < end for begin, end in found)
    assert all(end <= begin for (_, end), (begin, _) in pairwise(found))


@settings(max_examples=60, deadline=None)
@given(situations(), some.integers(0, 30), some.integers(0, 20))
def test_days_are_openings_and_add_up(
    situation: tuple[Calendar, set[date], datetime], days: int, more: int
) -> None:
    calendar, _, start = situation

    end, later = calendar.add(start, f"P{days}D"), calendar.add(start, f"P{days + more}D")

    assert later >= end >= start
    first = calendar.next_opening(start)
    begun = [begin for begin, _ in openings(calendar, first, end) if first < begin <= end]
    assert len(begun) == days


def local(text: str) -> datetime:
    """A moment as a clock in Warsaw shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


HOLIDAYS_EVE = {
    date(2026, 12, 23): None,  # the company's day
    date(2026, 12, 24): (8 * 60, 12 * 60),
    date(2026, 12, 28): (11 * 60, 15 * 60),
}


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-11-17 10:00", "2 days", "2026-11-19 10:00"),
        ("2026-11-17 10:00", "3 work days", "2026-11-20 10:00"),
        ("2026-11-17 10:00", "2 dni robocze", "2026-11-19 10:00"),
        ("2026-11-17 10:00", "P0D", "2026-11-17 10:00"),
        ("2026-11-17 10:00", "-P3D", "2026-11-17 10:00"),
        ("2026-11-20 20:00", "15 minutes", "2026-11-23 08:15"),  # from outside hours
        ("2026-11-20 20:00", "P1D", "2026-11-24 08:00"),
        ("2026-11-17 06:00", "PT0S", "2026-11-17 08:00"),
        ("2026-11-17 08:00", "PT8H", "2026-11-17 16:00"),  # what ends at closing ends on that day
        ("2026-11-17 16:00", "PT1H", "2026-11-18 09:00"),
        ("2026-11-17 08:00", "PT12H", "2026-11-18 12:00"),
        ("2026-11-17 08:00", "PT30H", "2026-11-20 14:00"),  # thirty hours worked, no day and six hours
        ("2026-11-17 08:00", "P1DT4H", "2026-11-18 12:00"),
        ("2026-11-10 10:00", "P1D", "2026-11-12 10:00"),  # over a public holiday
        ("2026-11-17 10:00", "1 week", "2026-11-24 10:00"),
        ("2026-11-17 10:00", "P2W", "2026-12-01 10:00"),
        ("2026-11-17 10:00", "P1M", "2026-12-17 10:00"),
        ("2027-01-30 10:00", "P1M", "2027-03-01 08:00"),  # 28 February is a Sunday
        ("2026-12-22 14:00", "P1D", "2026-12-24 12:00"),  # that day closes at noon
        ("2026-12-22 14:00", "PT3H", "2026-12-24 09:00"),
        ("2026-12-24 09:00", "P1D", "2026-12-28 11:00"),  # that day opens at eleven
        ("2026-12-24 11:00", "PT2H", "2026-12-28 12:00"),
        ("2026-03-27 15:30", "PT1H", "2026-03-30 08:30"),  # over the change of clocks
        ("2026-10-23 15:30", "P1D", "2026-10-26 15:30"),
        ("2026-11-17 10:00", "P0.5D", "2026-11-17 14:00"),
    ],
)
def test_work_time_by_example(start: str, length: str, end: str) -> None:
    calendar = Calendar(special=HOLIDAYS_EVE)
    assert calendar.add(local(start), length).astimezone(WARSAW) == local(end)


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-11-19 10:00", "PT8H", "2026-11-20 10:00"),  # Friday is from 8 to 14
        ("2026-11-19 10:00", "PT12H", "2026-11-20 14:00"),
        ("2026-11-19 10:00", "PT13H", "2026-11-23 09:00"),
        ("2026-11-19 15:00", "P1D", "2026-11-20 14:00"),  # that day closes earlier
        ("2026-11-20 14:00", "PT1H", "2026-11-23 09:00"),
        ("2026-11-20 10:00", "P1W", "2026-11-27 10:00"),
        ("2026-11-19 10:00", "P1.5D", "2026-11-20 14:00"),
    ],
)
def test_a_short_friday(start: str, length: str, end: str) -> None:
    calendar = Calendar(weekdays={"5": (8 * 60, 14 * 60)})
    assert calendar.add(local(start), length).astimezone(WARSAW) == local(end)


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2026-11-17 23:00", "PT2H", "2026-11-18 01:00"),
        ("2026-11-17 12:00", "PT8H", "2026-11-18 06:00"),
        ("2026-11-18 02:00", "P1D", "2026-11-19 02:00"),  # in the night that began on Tuesday
        ("2026-11-18 05:00", "PT2H", "2026-11-18 23:00"),
        ("2026-11-21 03:00", "PT4H", "2026-11-23 23:00"),  # Friday's night ends on Saturday morning
        ("2026-11-21 03:00", "P1D", "2026-11-24 03:00"),
        ("2026-11-11 03:00", "PT4H", "2026-11-12 23:00"),  # nobody comes on the evening of a public holiday
        ("2026-03-27 22:00", "PT8H", "2026-03-28 06:00"),
    ],
)
def test_a_night_shift(start: str, length: str, end: str) -> None:
    calendar = Calendar(opens=22 * 60, closes=30 * 60)
    assert calendar.add(local(start), length).astimezone(WARSAW) == local(end)


def test_a_night_in_which_the_clocks_change_is_an_hour_shorter_or_longer() -> None:
    night = Calendar(opens=22 * 60, closes=30 * 60, work_days="6")
    spring, autumn = local("2026-03-28 12:00"), local("2026-10-24 12:00")

    assert night.between(spring, spring + DAY) == timedelta(hours=7)
    assert night.between(autumn, autumn + DAY) == timedelta(hours=9)
    assert night.add(spring, "PT7H") == local("2026-03-29 06:00")
    assert night.add(autumn, "PT9H") == local("2026-10-25 06:00")


def test_a_night_that_reaches_into_the_next_day_takes_nothing_twice() -> None:
    calendar = Calendar(opens=480, closes=960, work_days="23", weekdays={"2": (22 * 60, 34 * 60)})
    tuesday = local("2026-11-17 12:00")

    assert calendar.between(tuesday, tuesday + 2 * DAY) == timedelta(hours=18)
    assert calendar.opening(date(2026, 11, 18)) == (local("2026-11-18 10:00"), local("2026-11-18 16:00"))
    all_of_it = Calendar(opens=480, closes=600, work_days="23", weekdays={"2": (22 * 60, 36 * 60)})
    assert all_of_it.opening(date(2026, 11, 18)) is None
    assert all_of_it.between(tuesday, tuesday + 2 * DAY) == timedelta(hours=14)


def test_a_night_watch_works_through_a_doubled_hour_and_a_missing_one() -> None:
    night = Calendar(opens=60, closes=300, work_days="1234567")
    spring, autumn = local("2026-03-29 00:00"), local("2026-10-25 00:00")

    assert night.between(spring, spring + timedelta(hours=8)) == timedelta(hours=3)
    assert night.between(autumn, autumn + timedelta(hours=8)) == timedelta(hours=5)


def test_an_hour_the_clocks_skip_is_the_moment_of_the_change() -> None:
    changed = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    begins_inside = Calendar(opens=150, closes=300, work_days="7")
    ends_inside = Calendar(opens=0, closes=150, work_days="7")

    assert begins_inside.opening(date(2026, 3, 29)) == (changed, changed + timedelta(hours=2))
    assert ends_inside.opening(date(2026, 3, 29)) == (changed - timedelta(hours=2), changed)
    assert Calendar(opens=130, closes=170, work_days="7").opening(date(2026, 3, 29)) is None


def test_an_hour_that_comes_twice_is_its_first_time() -> None:
    half_past_two = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    begin, end = Calendar(opens=150, closes=300, work_days="7").opening(date(2026, 10, 25)) or (None, None)

    assert begin == half_past_two
    assert end == half_past_two + timedelta(hours=3, minutes=30)


def test_round_the_clock_a_day_is_the_same_time_next_day_and_hours_are_hours() -> None:
    before = local("2026-03-28 10:00")

    assert ORGANIZATION.add_round(before, "P1D") == local("2026-03-29 10:00")
    assert ORGANIZATION.add_round(before, "PT24H") == local("2026-03-29 11:00")
    assert ORGANIZATION.add_round(local("2026-01-31 22:00"), "P1M") == local("2026-02-28 22:00")
    assert ORGANIZATION.add_round(local("2026-02-28 22:00"), "P1W") == local("2026-03-07 22:00")


def test_ten_years_are_far_and_fifty_too_far() -> None:
    start = local("2026-11-17 10:00")

    assert ORGANIZATION.add(start, "P10Y") == local("2036-11-17 10:00")
    assert 13 <= (ORGANIZATION.add(start, "P3650D") - start).days / 365 <= 15
    for long in ("P60Y", "P14000D", "PT150000H", "P999999999D", "P999999999Y"):
        with pytest.raises(TooFar):
            ORGANIZATION.add(start, long)
        with pytest.raises(TooFar):
            ORGANIZATION.add_round(start, long.replace("14000", "19000").replace("150000", "450000"))


@pytest.mark.parametrize("text", ["", "P", "PT", "soon", "3 bananas", "P1.5M", "P2D2D", "1e9 days", "P٣X"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(NotALength):
        lengths.read(text)


def test_where_nobody_ever_works_adding_is_refused_and_does_not_go_on_for_ever() -> None:
    never = Calendar(work_days="")
    once = Calendar(work_days="", special={date(2026, 11, 20): (600, 660)})

    for ask in (never.next_opening, lambda at: never.add(at, "P1D"), lambda at: once.add(at, "PT2H")):
        with pytest.raises(NeverOpen):
            ask(MONDAY)
    assert once.add(MONDAY, "PT1H") == local("2026-11-20 11:00")
    assert never.between(MONDAY, MONDAY + timedelta(days=900)) == timedelta()


def test_work_days_are_counted_as_the_department_works() -> None:
    monday, sunday = date(2026, 12, 21), date(2026, 12, 27)

    assert ORGANIZATION.work_days_between(monday, sunday) == 2  # from 2025 on 24 December is free in Poland
    assert Calendar(special=HOLIDAYS_EVE).work_days_between(monday, sunday) == 2
    assert Calendar(work_days="6").work_days_between(sunday, monday) == 0
    assert Calendar(work_days="67").work_days_between(sunday, monday) == -1
    assert ORGANIZATION.work_days_between(monday, monday) == 0


def test_regions_keep_their_own_holidays_too() -> None:
    epiphany = date(2026, 1, 6)

    assert Calendar(country="DE").is_work_day(epiphany)
    assert not Calendar(country="DE", subdivision="BY").is_work_day(epiphany)
    assert Calendar(country="").is_work_day(date(2026, 12, 25))


def test_the_same_days_make_the_same_calendar() -> None:
    one, other = (Calendar(special={date(2026, 12, 24): None}) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != ORGANIZATION


# ------------------------------------------------------------------------------------------- of a department


@pytest.fixture
def units(session: Session, departments: dict[str, Department]) -> dict[str, Department]:
    """The board is closed on 2 January and works shorter before Christmas; Sales works then, in its own hours."""
    board, sales = departments["board"], departments["sales"]
    board.special_days = [
        SpecialDay(day=date(2026, 12, 23), opens=480, closes=720, name="Wigilia w firmie"),
        SpecialDay(day=date(2027, 1, 4), opens=None, closes=None, name="Dzień firmy"),
    ]
    sales.special_days = [SpecialDay(day=date(2027, 1, 4), opens=600, closes=720)]
    sales.weekday_hours = {"5": [480, 840]}
    session.commit()
    return departments


def test_a_department_inherits_the_days_it_does_not_say_itself(
    session: Session, units: dict[str, Department]
) -> None:
    sales, legal = (calendars.of(session, units[key]) for key in ("sales", "legal"))

    assert [sales.hours(date(2026, 12, 23)), legal.hours(date(2026, 12, 23))] == [(480, 720), (480, 720)]
    assert [sales.hours(date(2027, 1, 8)), legal.hours(date(2027, 1, 8))] == [(480, 840), (480, 960)]
    assert [sales.hours(date(2027, 1, 4)), legal.hours(date(2027, 1, 4))] == [(600, 720), None]


def test_what_belongs_to_no_department_keeps_the_calendar_at_the_top(
    session: Session, units: dict[str, Department]
) -> None:
    assert calendars.of(session, None) == calendars.of(session, units["board"])
    session.add(Department(key="other", name="Inna", name_en="Other"))
    session.flush()
    assert calendars.of(session, None) == ORGANIZATION


def test_all_calendars_at_once_are_those_one_by_one(session: Session, units: dict[str, Department]) -> None:
    together = calendars.of_all(session)

    for unit in units.values():
        assert together[unit.id] == calendars.of(session, unit)
    assert together[None] == calendars.of(session, None)
