"""Notices by mail: each at once, or one digest in the morning of a person's own work day, compared with brute force."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

import holidays
import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from engine import digests, notices
from engine.db import sessions
from engine.digests import FEW, MOST, Letter
from engine.notices import Notice
from engine.people import Department, Membership, Person, SpecialDay
from engine.process.outbox import Job
from tests.conftest import MONDAY

TOLD_ON_SUNDAY = MONDAY - timedelta(days=1)
OPENING = datetime(2026, 11, 16, 7, 0, tzinfo=UTC)
"""8:00 in Warsaw on MONDAY."""


def write(person: Person, told: Sequence[Notice], more: int, *, daily: bool) -> Letter:
    """A mail that says which notices it holds."""
    ids = " ".join(str(each.id) for each in told)
    return Letter(f"{person.id} {'daily' if daily else 'each'} {more}", ids, f"<p>{ids}</p>")


def tell(session: Session, person: Person, number: int = 1, at: datetime = TOLD_ON_SUNDAY) -> None:
    """Tell a person so many different things."""
    for n in range(number):
        notices.tell(
            session, [person], "promise_late", f"promise:{n}", {}, now=at + timedelta(microseconds=n)
        )


def mails(session: Session) -> list[Job]:
    """What stands in the outbox, in order."""
    return list(session.scalars(select(Job).order_by(Job.id)))


def test_a_digest_comes_at_the_opening_and_only_once(session: Session, anna: Person) -> None:
    tell(session, anna, 3)

    counts = [
        digests.digest_due(session, write, now=OPENING + timedelta(minutes=minutes))
        for minutes in (-1, 0, 1, 60)
    ]

    assert counts == [0, 1, 0, 0]
    (job,) = mails(session)
    assert (job.kind, job.name, job.operation) == ("notice", "mail", "notice")
    assert job.key == f"digest:{anna.id}:2026-11-16"
    assert job.inputs["to"] == anna.id
    assert len(job.inputs["text"].split()) == 3
    assert set(session.scalars(select(Notice.mailed_at))) == {OPENING}


def test_there_is_never_an_empty_digest(session: Session, anna: Person) -> None:
    tell(session, anna)
    notices.see(session, anna, now=TOLD_ON_SUNDAY)

    assert digests.digest_due(session, write, now=OPENING) == 0
    assert mails(session) == []


def test_what_is_told_during_the_day_waits_for_the_next_morning(session: Session, anna: Person) -> None:
    tell(session, anna, at=OPENING)

    assert digests.digest_due(session, write, now=OPENING + timedelta(hours=2)) == 0
    assert digests.digest_due(session, write, now=OPENING + timedelta(days=1)) == 1


def test_a_morning_whose_transaction_failed_comes_again(session: Session, anna: Person) -> None:
    tell(session, anna)
    session.commit()
    digests.digest_due(session, write, now=OPENING)
    session.rollback()

    assert digests.digest_due(session, write, now=OPENING + timedelta(minutes=1)) == 1


def test_a_morning_that_was_served_takes_what_was_told_late_only_tomorrow(
    session: Session, anna: Person
) -> None:
    tell(session, anna)
    digests.digest_due(session, write, now=OPENING)
    notices.tell(session, [anna], "promise_step", "promise:9", {}, now=TOLD_ON_SUNDAY)

    assert digests.digest_due(session, write, now=OPENING + timedelta(minutes=1)) == 0
    assert digests.digest_due(session, write, now=OPENING + timedelta(days=1)) == 1


def test_a_clock_that_stood_still_catches_up_until_the_department_closes(
    session: Session, anna: Person
) -> None:
    tell(session, anna)

    assert digests.digest_due(session, write, now=OPENING + timedelta(hours=8)) == 0
    assert digests.digest_due(session, write, now=OPENING + timedelta(hours=7, minutes=59)) == 1


def test_nobody_gets_mail_who_wants_none_or_left(session: Session, anna: Person, borys: Person) -> None:
    anna.digest, borys.left_at = "never", MONDAY
    session.add(Notice(person_id=borys.id, kind="k", subject="promise:1", data={}, at=TOLD_ON_SUNDAY))
    tell(session, anna)

    assert digests.digest_due(session, write, now=OPENING) == 0
    assert digests.mail_each(session, write, now=OPENING) == 0


def test_each_notice_is_a_mail_of_its_own_unless_there_are_many(session: Session, anna: Person) -> None:
    anna.digest = "each"
    tell(session, anna, FEW)
    few = digests.mail_each(session, write, now=MONDAY)
    tell(session, anna, MOST + 7, at=MONDAY + timedelta(hours=1))
    many = digests.mail_each(session, write, now=MONDAY)

    *single, gathered = mails(session)
    assert (few, many) == (FEW, 1)
    assert [len(each.inputs["text"].split()) for each in single] == [1] * FEW
    assert gathered.inputs["subject"] == f"{anna.id} each 7"
    assert len(gathered.inputs["text"].split()) == MOST
    assert session.scalar(select(func.count()).where(Notice.mailed_at.is_(None))) == 0
    assert digests.mail_each(session, write, now=MONDAY) == 0


def test_two_clocks_write_to_nobody_twice(database: Engine, session: Session, anna: Person) -> None:
    if database.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    tell(session, anna)
    session.commit()
    with sessions(database)() as one, sessions(database)() as other:
        counts = [digests.digest_due(each, write, now=OPENING) for each in (one, other)]
        one.commit()
        counts.append(digests.digest_due(other, write, now=OPENING))
        other.commit()

    assert counts == [1, 0, 0]


@pytest.mark.slow
def test_ten_thousand_notices_leave_in_bounded_shares(
    session: Session, departments: dict[str, Department]
) -> None:
    crowd(session, departments["sales"], people=250, each=40)

    shares = []
    while share := digests.digest_due(session, write, now=OPENING, limit=100):
        shares.append(share)
        session.commit()

    assert shares == [100, 100, 50]
    assert session.scalar(select(func.count()).select_from(Job)) == 250
    assert session.scalar(select(func.count()).where(Notice.mailed_at.is_(None))) == 0
    more = {job.inputs["subject"].split()[2] for job in mails(session)}
    assert more == {str(40 - MOST)}


def crowd(session: Session, department: Department, *, people: int, each: int) -> None:
    """Many people with many notices from Sunday."""
    made = [Person(email=f"p{n}@wislane.example", name=f"P {n}", created_at=MONDAY) for n in range(people)]
    for person in made:
        person.memberships.append(Membership(department_id=department.id))
    session.add_all(made)
    session.flush()
    session.add_all(
        Notice(person_id=person.id, kind="k", subject=f"promise:{n}", data={}, at=TOLD_ON_SUNDAY)
        for person in made
        for n in range(each)
    )
    session.commit()


# ------------------------------------------------------------------------------------------------ against brute force


@dataclass
class Told:
    """A notice as the oracle knows it."""

    id: int
    at: datetime
    seen_at: datetime | None
    mailed: bool = False


@dataclass
class Somebody:
    """A person as the oracle knows them."""

    person: Person
    department: Department | None
    told: list[Told] = field(default_factory=list)
    served: set[date] = field(default_factory=set)


ZONES = (
    ("Europe/Warsaw", "PL"),
    ("America/New_York", "US"),
    ("Asia/Kolkata", "IN"),
    ("Australia/Lord_Howe", "AU"),
)
BEGINS = (
    datetime(2026, 10, 19, tzinfo=UTC),
    datetime(2026, 11, 7, tzinfo=UTC),
    datetime(2027, 3, 24, tzinfo=UTC),
)
"""A change to winter time, a public holiday, a change to summer time and Easter."""


@cache
def public(country: str) -> holidays.HolidayBase:
    """The public holidays of a country, which grow as they are asked."""
    return holidays.country_holidays(country)


def is_open(department: Department | None, at: datetime) -> bool:
    """Whether it works in this very minute, from the wall clock alone."""
    if department is None:
        wall, special, hours, days, country = (
            at.astimezone(ZoneInfo("Europe/Warsaw")),
            {},
            (480, 960),
            "12345",
            "PL",
        )
    else:
        wall = at.astimezone(ZoneInfo(department.time_zone))
        special = {each.day: each for each in department.special_days}
        hours, days, country = (department.opens, department.closes), department.work_days, department.country
    if wall.date() in special:
        day = special[wall.date()]
        if day.opens is None or day.closes is None:
            return False
        hours = (day.opens, day.closes)
    elif str(wall.isoweekday()) not in days or wall.date() in public(country):
        return False
    return hours[0] <= wall.hour * 60 + wall.minute < hours[1]


def opened_at(department: Department | None, at: datetime) -> datetime:
    """The minute in which the stretch of work that is under way began."""
    while is_open(department, at - timedelta(minutes=1)):
        at -= timedelta(minutes=1)
    return at


def expected(who: Somebody, at: datetime) -> list[list[int]]:
    """The mails of one person at one tick, by the rules as a person would say them."""
    waiting = [each for each in who.told if each.at <= at and not each.mailed and each.seen_at is None]
    if who.person.digest == "never" or not waiting:
        return []
    if who.person.digest == "each":
        found = [[each.id] for each in waiting] if len(waiting) <= FEW else [[each.id for each in waiting]]
    else:
        zone = ZoneInfo(who.department.time_zone if who.department else "Europe/Warsaw")
        day = at.astimezone(zone).date()
        if day in who.served or not is_open(who.department, at):
            return []
        begin = opened_at(who.department, at)
        waiting = [each for each in waiting if each.at < begin]
        if not waiting:
            return []
        who.served.add(day)
        found = [[each.id for each in waiting]]
    for each in waiting:
        each.mailed = True
    return [ids[-MOST:] for ids in found]


def company(session: Session, random: Random) -> list[Somebody]:
    """Departments with hours, zones and special days of their own, and people with every preference."""
    top = Department(key="top", name="Zarząd", name_en="Board")
    session.add(top)
    session.flush()
    units: list[Department] = []
    for n, (zone, country) in enumerate(ZONES):
        opens = random.choice((6 * 60, 7 * 60 + 30, 9 * 60))
        unit = Department(
            key=f"d{n}", name=f"D{n}", name_en=f"D{n}", parent_id=top.id, time_zone=zone, country=country
        )
        unit.opens, unit.closes = opens, opens + random.choice((240, 480, 600))
        unit.work_days = random.choice(("12345", "1234", "123456"))
        for begin in BEGINS:
            special = SpecialDay(day=(begin + timedelta(days=random.randrange(8))).date())
            if random.random() < 0.5:
                special.opens, special.closes = 10 * 60, 13 * 60
            unit.special_days.append(special)
        units.append(unit)
        session.add(unit)
    session.flush()
    found = []
    homes: list[Department | None] = [None, *units]
    for n, home in enumerate(homes * 3):
        person = Person(email=f"p{n}@wislane.example", name=f"P {n}", created_at=MONDAY)
        person.digest = random.choice(("each", "daily", "daily", "daily", "never"))
        if home is not None:
            person.memberships.append(Membership(department_id=home.id))
        session.add(person)
        found.append(Somebody(person, home))
    session.commit()
    return found


def ticks(begin: datetime) -> Iterator[datetime]:
    """Eight days in steps of 27 minutes: no step falls on the same minute of two mornings."""
    at = begin
    while at < begin + timedelta(days=8):
        yield at
        at += timedelta(minutes=27)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_everybody_gets_what_brute_force_says_they_get_when_it_says_so(session: Session, seed: int) -> None:
    random = Random(seed)
    people, wrong = company(session, random), []
    sent: dict[int, int] = defaultdict(int)
    for at in ticks(BEGINS[seed]):
        happen(session, people, random, at)
        due = {who.person.id: expected(who, at) for who in people}
        last = session.scalar(select(func.max(Job.id))) or 0
        digests.mail_each(session, write, now=at)
        digests.digest_due(session, write, now=at)
        session.flush()
        got: dict[int, list[list[int]]] = {who.person.id: [] for who in people}
        for job in session.scalars(select(Job).where(Job.id > last).order_by(Job.id)):
            got[job.inputs["to"]].append([int(each) for each in job.inputs["text"].split()])
            sent[job.inputs["to"]] += 1
        if got != due:
            wrong.append((at, {each: (got[each], due[each]) for each in got if got[each] != due[each]}))

    assert wrong == []
    assert sum(sent.values()) > 30
    keys = session.scalars(select(Job.key).where(Job.key.like("digest:%"))).all()
    assert len(keys) > 20


def happen(session: Session, people: Sequence[Somebody], random: Random, at: datetime) -> None:
    """In the minutes before a tick somebody is told something, somebody sees something."""
    for who in people:
        if random.random() < 0.06:
            for n in range(random.choice((1, 1, 2, 9))):
                row = Notice(
                    person_id=who.person.id,
                    kind="k",
                    subject=f"promise:{n}",
                    data={},
                    at=at - timedelta(seconds=1),
                )
                session.add(row)
                session.flush()
                who.told.append(Told(row.id, row.at, None))
        if random.random() < 0.01 and who.told:
            seen = random.choice(who.told)
            seen.seen_at = at
            session.execute(update(Notice).where(Notice.id == seen.id).values(seen_at=at))
