"""An import asked for on the screen is carried out once, by one clock, or says why not; a crash leaves nothing behind."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from engine.db import sessions
from engine.people import Person
from engine.sales.ladders import Move
from engine.sales.past import jobs, wrong
from engine.sales.past.rows import Import, ImportFile
from tests.past.logs import MAP, NOW, table
from webapp.past_reports import add_up

ROWS = [("1", "Asked", "2026-03-02 08:00"), ("1", "Signed", "2026-03-03 08:00")]
PLAIN = MAP.format(more="")


@pytest.fixture
def factory(database: Engine) -> sessionmaker[Session]:
    return sessions(database)


def asked(session: Session, by: Person, content: bytes = table(ROWS)) -> int:
    """An import that waits."""
    made = jobs.draft(session, "old.csv", content, by=by, now=NOW)
    jobs.ask(session, made, PLAIN)
    session.commit()
    return made.id


def count(session: Session) -> int:
    """How many moves there are."""
    session.rollback()
    return session.scalar(select(func.count()).select_from(Move)) or 0


def test_it_is_done_once(session: Session, factory: sessionmaker[Session], clara: Person) -> None:
    asked(session, clara)

    assert [jobs.work(factory, add_up, now=NOW) for _ in range(2)] == [1, 0]
    assert count(session) == 2
    assert session.scalars(select(Import.status)).one() == "done"
    assert session.scalars(select(ImportFile)).all() == []


def test_wrong_rows_are_kept_and_a_mended_map_tries_again(
    session: Session, factory: sessionmaker[Session], clara: Person
) -> None:
    number = asked(session, clara, table([("1", "Asked", "02.03.2026 08:00")]))
    jobs.work(factory, add_up, now=NOW)

    session.expire_all()
    made = session.get_one(Import, number)
    assert (made.status, made.wrong_count, made.wrong[0]["line"]) == ("refused", 1, 2)
    assert count(session) == 0
    jobs.ask(session, made, PLAIN + '[file]\ntime = "%d.%m.%Y %H:%M"\n')
    session.commit()
    jobs.work(factory, add_up, now=NOW)
    assert count(session) == 1


def test_what_dies_in_the_middle_leaves_nothing_and_is_tried_again(
    session: Session, factory: sessionmaker[Session], clara: Person
) -> None:
    asked(session, clara)

    def die(_session: Session, _ladder: str) -> None:
        raise MemoryError

    with pytest.raises(MemoryError):
        jobs.work(factory, die, now=NOW)
    assert count(session) == 0
    session.rollback()
    assert jobs.work(factory, add_up, now=NOW) == 0, "somebody has it"
    assert jobs.work(factory, add_up, now=NOW + jobs.LEASE) == 1
    assert count(session) == 2


def test_after_three_deaths_it_is_given_up(
    session: Session, factory: sessionmaker[Session], clara: Person
) -> None:
    number = asked(session, clara)

    def die(_session: Session, _ladder: str) -> None:
        raise MemoryError

    for turn in range(jobs.TRIES):
        with pytest.raises(MemoryError):
            jobs.work(factory, die, now=NOW + turn * jobs.LEASE)
    jobs.work(factory, add_up, now=NOW + timedelta(days=1))

    session.expire_all()
    made = session.get_one(Import, number)
    assert made.status == "refused"
    assert made.wrong[0]["message"] == wrong.NeverEnded(tries=3).message
    assert count(session) == 0


def test_whoever_lost_it_to_another_clock_writes_nothing(
    session: Session, factory: sessionmaker[Session], clara: Person
) -> None:
    asked(session, clara)

    def slowly(inner: Session, ladder: str) -> None:
        add_up(inner, ladder)

    first = jobs._lease(factory, NOW)
    assert first is not None
    assert jobs.work(factory, slowly, now=NOW + jobs.LEASE) == 1
    jobs._refuse(factory, first[0], wrong.HistoryEmpty())
    session.expire_all()
    assert session.scalars(select(Import.status)).one() == "done"
    assert count(session) == 2


def test_a_map_does_not_change_once_it_is_asked_for(session: Session, clara: Person) -> None:
    made = session.get_one(Import, asked(session, clara))
    with pytest.raises(wrong.NotADraft):
        jobs.change(made, PLAIN)
    with pytest.raises(wrong.NotADraft):
        jobs.drop(session, made)
