"""The watch over roll-ups: what is missing is made anew, what is wrong is told to the administrators."""

from datetime import UTC, datetime

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.history import Event
from engine.notices import Notice
from engine.people import Person
from reports import rollups, step_rollups, watching
from reports.rollups import DayRollup
from tests.reports import company
from tests.reports.histories import Item, write
from webapp import clockwork

NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)


def test_a_wrong_sum_is_told_to_administrators_and_to_nobody_else(
    session: Session, database: Engine, adam: Person, anna: Person
) -> None:
    write(session, [Item("deal:1").new()])
    session.execute(update(DayRollup).where(DayRollup.grain == "day").values(n=7))
    session.commit()

    assert clockwork.compare(sessions(database), now=lambda: NOW) == 1

    (notice,) = session.scalars(select(Notice)).all()
    assert (notice.person_id, notice.kind, notice.data["title"]) == (adam.id, "rollups_differ", "1")
    (fact,) = session.scalars(select(Event).where(Event.kind == watching.ALARM)).all()
    assert fact.data["count"] == 1
    assert anna.id != adam.id


def test_a_quiet_night_tells_nobody(session: Session, database: Engine, adam: Person) -> None:
    write(session, [Item("deal:1").new()])

    assert clockwork.compare(sessions(database), now=lambda: NOW) == 0
    assert session.scalars(select(Notice)).all() == []


def test_a_database_of_an_earlier_release_gets_its_roll_ups_from_the_clock(
    session: Session, database: Engine
) -> None:
    company.define(session)
    write(session, [Item("deal:1").new()])
    for table in (rollups.LadderRollup, rollups.DayRollup, rollups.JourneyRow):
        session.execute(delete(table))
    session.commit()
    assert watching.stale(session) == ["sales"]
    session.rollback()

    assert clockwork.refresh(sessions(database)) == 1

    assert watching.stale(session) == []
    assert step_rollups.are_whole(session)
    assert rollups.compare(session) == []


def test_a_ladder_that_got_other_stages_is_counted_by_them_from_the_next_round_on(
    session: Session, database: Engine
) -> None:
    write(session, [Item("deal:1").new()])
    assert watching.stale(session) == []
    company.define(session)

    assert watching.stale(session) == ["sales"]
    session.rollback()
    assert clockwork.refresh(sessions(database)) == 1
    assert watching.stale(session) == []
