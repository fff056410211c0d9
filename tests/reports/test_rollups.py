"""Roll-ups: kept in the transaction of every move, the same as the log, and rebuilt from it."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, delete, event, select, update
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.sales.ladders import Move
from reports import queries, rollups
from reports.movements import tally, tell
from reports.periods import Period
from reports.queries import Scope
from reports.rollups import DayRollup
from tests.reports.histories import FIRST, Item, facts, logs, write

EVER = Period(FIRST, FIRST + timedelta(days=400))
whatever = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def empty(session: Session) -> None:
    session.rollback()
    session.execute(delete(Move))
    session.execute(delete(DayRollup))


@whatever
@given(logs())
def test_roll_ups_followed_move_by_move_equal_the_log(session: Session, items: list[Item]) -> None:
    empty(session)
    moves = [_move(fact) for fact in facts(items)]
    for move in moves:
        session.add(move)
        session.flush()
        rollups.follow(session, None)

    assert rollups.read(session, "sales", EVER) == tally(tell(facts(items)))
    assert rollups.read(session, "sales", EVER) == queries.grouped(session, Scope("sales"), EVER)
    assert rollups.compare(session) == []


@whatever
@given(logs())
def test_rebuilt_roll_ups_equal_those_that_were_followed(session: Session, items: list[Item]) -> None:
    empty(session)
    write(session, items, commit=False)
    rollups.settle(session)
    followed = rollups.read(session, "sales", EVER)
    heard: list[tuple[int, int]] = []

    rows = rollups.rebuild(session, progress=lambda done, whole: heard.append((done, whole)))

    count = len(facts(items))
    assert rollups.read(session, "sales", EVER) == followed
    assert heard[-1] == (count, count)
    assert rows == len(session.scalars(select(DayRollup)).all())


def test_moves_written_outside_a_command_are_added_up_at_commit(session: Session) -> None:
    write(session, [Item("deal:1").new().to("needs")])

    assert sum(total.n for total in rollups.read(session, "sales", EVER).values()) == 2


def test_what_was_rolled_back_is_in_no_roll_up(session: Session) -> None:
    write(session, [Item("deal:1").new()], commit=False)
    session.rollback()
    write(session, [Item("deal:2").new("needs")])

    assert [key.entered for key in rollups.read(session, "sales", EVER)] == ["needs"]
    assert rollups.compare(session) == []


def test_a_savepoint_rolled_back_keeps_the_moves_before_it(session: Session) -> None:
    write(session, [Item("deal:1").new()], commit=False)
    nested = session.begin_nested()
    session.add(_move(facts([Item("deal:2").new("needs")])[0], id=2))
    session.flush()
    nested.rollback()
    session.commit()

    assert [key.entered for key in rollups.read(session, "sales", EVER)] == ["meet"]


def test_a_correction_takes_back_what_the_mistake_had_added(session: Session) -> None:
    item = Item("deal:1").new().to("offer")
    write(session, [item])
    item.after(1).mistake()
    session.add(_move(facts([item])[-1]))
    session.commit()

    kinds = {key.kind: total.n for key, total in rollups.read(session, "sales", EVER).items()}

    assert kinds == {"new": 1, "mistaken": 1, "corrected": 1}


def test_a_command_without_moves_costs_no_statement_and_one_with_moves_two(
    session: Session, database: Engine
) -> None:
    said: list[str] = []
    session.add(_move(facts([Item("deal:1").new()])[0]))
    session.flush()
    event.listen(database, "before_cursor_execute", lambda *call: said.append(call[2]))

    rollups.follow(session, None)
    assert [text.split()[0] for text in said] == ["SELECT", "INSERT"]
    said.clear()
    rollups.follow(session, None)
    assert said == []


def test_the_comparison_finds_what_is_wrong_in_either_direction(session: Session) -> None:
    write(session, [Item("deal:1").new()])
    session.execute(update(DayRollup).values(n=5))
    session.add(
        DayRollup(
            ladder="ghost",
            day=FIRST,
            department_id=0,
            from_stage="",
            to_stage="x",
            kind="new",
            n=1,
            dwell=0,
            money=0,
            gain=0,
        )
    )
    session.flush()

    found = {(ladder, mine.n, its.n) for ladder, _key, mine, its in rollups.compare(session)}

    assert found == {("ghost", 1, 0), ("sales", 5, 1)}
    rollups.rebuild(session)
    assert rollups.compare(session) == []


def test_two_sessions_add_to_the_same_row(database: Engine) -> None:
    for name in ("deal:1", "deal:2"):
        with sessions(database)() as session:
            session.add(_move(facts([Item(name).new()])[0], id=None))
            session.commit()

    with sessions(database)() as session:
        assert [total.n for total in rollups.read(session, "sales", EVER).values()] == [2]


def _move(fact: object, **more: object) -> Move:
    columns = {**fact._asdict(), **more}  # type: ignore[attr-defined]
    return Move(
        **columns, ladder="sales", ladder_version=1, recorded_at=columns["at"], cause="user", currency="PLN"
    )
