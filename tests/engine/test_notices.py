"""Notices: who is told, once; what they have seen; what is swept."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from engine import digests, notices
from engine.notices import Notice
from engine.people import Person
from tests.conftest import MONDAY

ABOUT: dict[str, Any] = {"title": "Projekt umowy", "due_at": MONDAY}


def told(session: Session, person: Person) -> list[str]:
    """The kinds a person was told, the earliest first."""
    return [each.kind for each in session.scalars(notices.recent(person))][::-1]


def test_everybody_concerned_is_told_but_not_who_did_it_nor_who_left(
    session: Session, anna: Person, borys: Person, clara: Person
) -> None:
    borys.left_at = MONDAY

    number = notices.tell(
        session, [anna, borys, clara.id, anna.id], "promise_late", "promise:3", ABOUT, now=MONDAY, by=clara
    )

    assert number == 1
    (found,) = session.scalars(select(Notice))
    assert (found.person_id, found.subject, found.at) == (anna.id, "promise:3", MONDAY)
    assert found.data == {
        "by": "Clara Zając",
        "title": "Projekt umowy",
        "due_at": "2026-11-16T09:00:00+00:00",
    }


def test_telling_nobody_says_nothing(session: Session, anna: Person) -> None:
    assert notices.tell(session, [], "promise_late", "promise:3", {}, now=MONDAY) == 0
    assert notices.tell(session, [anna], "promise_late", "promise:3", {}, now=MONDAY, by=anna) == 0


def test_the_same_is_not_said_twice_within_a_minute_to_who_has_not_seen_it(
    session: Session, anna: Person, borys: Person
) -> None:
    for seconds in (0, 30, 59):
        at = MONDAY + timedelta(seconds=seconds)
        notices.tell(session, [anna], "promise_late", "promise:3", ABOUT, now=at)
    once = told(session, anna)
    notices.tell(session, [anna, borys], "promise_late", "promise:3", {}, now=MONDAY + timedelta(seconds=40))
    notices.tell(session, [anna], "promise_late", "promise:4", {}, now=MONDAY)
    notices.tell(session, [anna], "promise_step", "promise:3", {}, now=MONDAY)
    notices.tell(session, [anna], "promise_late", "promise:3", {}, now=MONDAY + timedelta(seconds=60))

    assert once == ["promise_late"]
    assert told(session, borys) == ["promise_late"]
    assert told(session, anna) == ["promise_late", "promise_late", "promise_step", "promise_late"]


def test_what_was_seen_is_said_again(session: Session, anna: Person) -> None:
    notices.tell(session, [anna], "promise_late", "promise:3", {}, now=MONDAY)
    notices.see(session, anna, now=MONDAY)

    assert notices.tell(session, [anna], "promise_late", "promise:3", {}, now=MONDAY) == 1


def test_all_receivers_cost_one_statement(
    session: Session, database: Engine, anna: Person, borys: Person, clara: Person
) -> None:
    said: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *a: said.append(a[2]))

    notices.tell(session, [anna, borys, clara], "promise_late", "promise:3", ABOUT, now=MONDAY)

    assert len([each for each in said if not each.startswith("BEGIN")]) == 1


def test_one_some_or_all_are_seen_and_nobody_sees_for_another(
    session: Session, anna: Person, borys: Person
) -> None:
    for number in range(5):
        notices.tell(session, [anna, borys], "promise_late", f"promise:{number}", {}, now=MONDAY)
    ids = sorted(each.id for each in session.scalars(notices.recent(anna)))

    assert notices.see(session, borys, only=ids[0], now=MONDAY) == 0
    assert notices.see(session, anna, only=ids[4], now=MONDAY) == 1
    assert notices.see(session, anna, ids[1], now=MONDAY) == 2
    assert [each.id for each in session.scalars(notices.unseen(anna))] == [ids[3], ids[2]]
    assert notices.see(session, anna, now=MONDAY + timedelta(hours=1)) == 2
    assert notices.count_unseen(session, anna) == 0
    assert notices.count_unseen(session, borys) == 5
    assert {each.seen_at for each in session.scalars(notices.recent(anna))} == {
        MONDAY,
        MONDAY + timedelta(hours=1),
    }


def test_the_bell_counts_no_further_than_it_shows(session: Session, anna: Person) -> None:
    session.add_all(
        Notice(person_id=anna.id, kind="promise_late", subject=f"promise:{n}", data={}, at=MONDAY)
        for n in range(120)
    )
    session.flush()

    assert notices.count_unseen(session, anna) == 100


def test_what_was_seen_long_ago_is_swept_in_shares(session: Session, anna: Person) -> None:
    long_ago, lately = MONDAY - notices.KEPT - timedelta(seconds=1), MONDAY - notices.KEPT
    for seen_at, number in ((long_ago, 5), (lately, 2), (None, 3)):
        session.add_all(
            Notice(person_id=anna.id, kind="k", subject="promise:1", data={}, at=long_ago, seen_at=seen_at)
            for _ in range(number)
        )
    session.flush()

    shares = [notices.sweep(session, now=MONDAY, limit=3) for _ in range(3)]

    assert shares == [3, 2, 0]
    left = session.execute(select(Notice.seen_at, func.count()).group_by(Notice.seen_at)).all()
    assert sorted(number for _, number in left) == [2, 3]


def test_everything_about_notices_is_found_by_index(session: Session, database: Engine, anna: Person) -> None:
    if database.dialect.name != "sqlite":
        pytest.skip("reads SQLite's query plans")
    said: list[tuple[str, Any]] = []
    event.listen(database, "before_cursor_execute", lambda *a: said.append((a[2], a[3])))
    notices.tell(session, [anna], "promise_late", "promise:3", {}, now=MONDAY)
    notices.count_unseen(session, anna)
    notices.see(session, anna, 5, now=MONDAY)
    notices.sweep(session, now=MONDAY)
    session.scalars(notices.recent(anna).limit(50)).all()
    for way in ("each", "daily"):
        session.scalar(digests.waiting(way).limit(1))
    session.commit()

    asked = [each for each in said if "notices" in each[0]]
    with database.connect() as connection:
        steps = [
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]

    assert len(asked) == 7
    assert [step for step in steps if step.startswith("SCAN notices")] == []
    assert any("ix_notices_unmailed (person_id=? AND mailed_at=?" in step for step in steps), steps
    assert any("ix_notices_seen" in step for step in steps), steps
    assert any("ix_notices_unseen (person_id=?" in step for step in steps), steps
