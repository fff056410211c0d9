"""Roll-ups: kept in the transaction of every move, the same as the log, and rebuilt from it."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, event, insert, select, update
from sqlalchemy.orm import Session

from engine.db import Base, sessions
from engine.sales.ladders import Move
from reports import cohort_facts, dynamics, queries, rollups
from reports.movements import RED, Fact, tally, tell
from reports.periods import BY, Period, containing
from reports.queries import Scope
from reports.rollups import DayRollup, rebuilding, writing
from reports.visits import journeys
from tests.reports import company
from tests.reports.histories import FIRST, RANKS, STAGES, Item, at_noon, facts, logs, write

EVER = Period(FIRST, FIRST + timedelta(days=400))
LATER = at_noon(FIRST + timedelta(days=400))
TABLES: tuple[type[Base], ...] = (
    rollups.LadderRollup,
    rollups.DayRollup,
    rollups.CauseRollup,
    rollups.NetRollup,
    rollups.CohortRollup,
    rollups.StayRollup,
    rollups.ReachRollup,
    rollups.JourneyRow,
)
whatever = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def ladder(session: Session) -> None:
    """“sales” is a ladder of four stages."""
    company.define(session)


def empty(session: Session) -> None:
    session.rollback()
    for table in (*TABLES, Move):
        session.execute(delete(table))


# ------------------------------------------------------------------------------------------ brute force, from the moves


Rows = dict[str, dict[tuple[Any, ...], tuple[Any, ...]]]


def brute(told: Sequence[Fact], ranks: dict[str, int]) -> Rows:
    """Every roll-up of a log, each by the definition that the reports print."""
    movements, mine = tell(told), journeys(told, ranks)
    days: Counter[tuple[Any, ...]] = Counter()
    for grain in BY:
        for key, total in tally(movements).items():
            start = containing(key.day, grain).start
            for name, value in total._asdict().items():
                days[(grain, start, *key[1:]), name] += value
    cohorts = {tuple(key): (total.n, total.money) for key, total in cohort_facts.counts(mine).items()}
    stays: Counter[tuple[Any, ...]] = Counter()
    for stay, count in cohort_facts.stays(mine, LATER).items():
        if stay.outcome:
            stays[(*stay[1:], stay.month), "n"] += count.n
            stays[(*stay[1:], stay.month), "seconds"] += count.seconds
    return {
        "rollup_days": _rows(days, ("n", "dwell", "money", "gain")),
        "rollup_cohorts": cohorts,
        "rollup_stays": _rows(stays, ("n", "seconds")),
        "rollup_nets": _nets(told),
        "rollup_causes": _causes(told),
        "rollup_reach": _reach(mine),
    }


def _rows(counted: Counter[tuple[Any, ...]], names: Sequence[str]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    keys = {key for key, _ in counted}
    return {key: tuple(counted[key, name] for name in names) for key in keys}


def _nets(told: Sequence[Fact]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    movements = tell(told)
    found = {}
    for grain in BY:
        for start in {containing(fact.day, grain).start for fact in told}:
            period = containing(start, grain)
            net = dynamics.net([each for each in movements if each.fact.day in period])
            found[grain, start] = (net.further, net.back, net.same, net.recovered)
    return {key: values for key, values in found.items() if any(values)}


def _causes(told: Sequence[Fact]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for each in tell(told):
        if each.kind in RED:
            for grain in BY:
                start = containing(each.fact.day, grain).start
                key = (grain, start, each.fact.causing_department_id or 0, each.fact.reason or "", each.kind)
                found[key, "n"] += 1
                found[key, "money"] += each.money
    return _rows(found, ("n", "money"))


def _reach(mine: Sequence[Any]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    firsts = ((first.day, rank) for each in mine for rank, first in enumerate(each.firsts, start=1))
    return {key: (n,) for key, n in Counter(firsts).items()}


def kept(session: Session) -> Rows:
    """What stands in the roll-ups of “sales”, rows of zeros left out."""
    found: Rows = {}
    for model in TABLES[1:-1]:
        table: Any = model.__table__
        width = len(table.primary_key)
        columns = writing.ordered(table)
        rows = session.execute(select(*columns).where(table.c.ladder == "sales"))
        values = {tuple(row[1:width]): tuple(row[width:]) for row in rows if any(row[width:])}
        if model is DayRollup:
            values = {key: each[:4] for key, each in values.items()}
        found[table.name] = values
    return found


# ---------------------------------------------------------------------------------------------------------- properties


@whatever
@given(items=logs(), data=st.data())
def test_roll_ups_followed_move_by_move_equal_the_log(
    session: Session, ladder: None, items: list[Item], data: st.DataObject
) -> None:
    empty(session)
    for move in map(_move, facts(items)):
        session.add(move)
        session.flush()
        if data.draw(st.booleans()):
            rollups.settle(session)
        if data.draw(st.integers(0, 5)) == 0:
            nested = session.begin_nested()
            session.add(_move(facts([Item("deal:99").new("needs")])[0], id=99))
            session.flush()
            nested.rollback()
    rollups.settle(session)

    assert kept(session) == brute(facts(items), RANKS)
    assert rollups.read(session, "sales", EVER) == tally(tell(facts(items)))
    assert rollups.read(session, "sales", EVER) == queries.grouped(session, Scope("sales"), EVER)
    assert rollups.compare(session) == []


@whatever
@given(items=logs())
def test_rebuilt_roll_ups_equal_those_that_were_followed(
    session: Session, ladder: None, items: list[Item]
) -> None:
    empty(session)
    write(session, items, commit=False)
    rollups.settle(session)
    followed = kept(session)
    heard: list[tuple[int, int]] = []

    rollups.rebuild(session, progress=lambda done, whole: heard.append((done, whole)))

    count = len(facts(items))
    assert kept(session) == followed
    assert heard[-1] == (count, count)
    assert rollups.compare(session) == []


@whatever
@given(items=logs(), stages=st.permutations(STAGES).flatmap(lambda every: st.just(every[:3])))
def test_a_ladder_with_other_stages_is_counted_by_them_after_a_rebuild(
    session: Session, ladder: None, items: list[Item], stages: list[str]
) -> None:
    """Stages of older versions keep their ranks, within the ladder."""
    empty(session)
    write(session, items, commit=False)
    connection = session.connection()
    told = {table.name: found for table, found in rebuilding.told(connection, "sales", stages, _unheard)}

    wanted = brute(facts(items), {key: rank for rank, key in enumerate(stages, start=1)})
    cohorts = {
        (date.fromisoformat(month), *rest): (n, money)
        for _, month, *rest, n, money in zip(*told["rollup_cohorts"], strict=True)
    }
    assert cohorts == wanted["rollup_cohorts"]
    reach = {
        (date.fromisoformat(day), rank): (n,) for _, day, rank, n in zip(*told["rollup_reach"], strict=True)
    }
    assert reach == wanted["rollup_reach"]


def _unheard(_done: int) -> None:
    """Nobody watches."""


def test_a_move_after_midnight_of_the_day_the_clocks_change_counts_on_its_local_day(
    session: Session, ladder: None
) -> None:
    """25 October 2026 has 25 hours in Warsaw: 22:30 UTC before it and 22:30 UTC on it are the same local day."""
    item = Item("deal:1", start=date(2026, 10, 24))
    item.now = item.now.replace(hour=22, minute=30)
    item.new().after(1).to("needs")
    write(session, [item])

    days = session.scalars(select(DayRollup.day).where(DayRollup.grain == "day")).all()

    assert days == [date(2026, 10, 25)] * 2
    weeks = session.scalars(select(DayRollup.day).where(DayRollup.grain == "week")).all()
    assert weeks == [date(2026, 10, 19)] * 2


# ------------------------------------------------------------------------------------------------------------ one by one


def test_moves_are_added_up_at_commit(session: Session) -> None:
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


def test_moves_read_in_a_savepoint_that_is_rolled_back_are_still_added_up(session: Session) -> None:
    write(session, [Item("deal:1").new()], commit=False)
    nested = session.begin_nested()
    assert [key.entered for key in rollups.read(session, "sales", EVER)] == ["meet"]
    nested.rollback()
    session.commit()

    assert [key.entered for key in rollups.read(session, "sales", EVER)] == ["meet"]
    assert rollups.compare(session) == []


def test_a_correction_takes_back_what_the_mistake_had_added(session: Session) -> None:
    item = Item("deal:1").new().to("offer")
    write(session, [item])
    item.after(1).mistake()
    session.add(_move(facts([item])[-1]))
    session.commit()

    kinds = {key.kind: total.n for key, total in rollups.read(session, "sales", EVER).items()}

    assert kinds == {"new": 1, "mistaken": 1, "corrected": 1}


def test_a_transaction_without_moves_costs_no_statement_and_one_with_many_a_few(
    session: Session, database: Engine
) -> None:
    session.add(_move(facts([Item("deal:0").new()])[0], id=None))
    session.commit()
    said: list[str] = []
    items = [Item(f"deal:{n}").new().after(1).to("needs").after(1).lost() for n in range(1, 9)]
    session.add_all([_move(fact, id=None) for fact in facts(items)])
    session.flush()
    event.listen(database, "before_cursor_execute", lambda *call: said.append(call[2].split()[0]))

    session.commit()

    if database.dialect.name == "postgresql":
        assert said == ["SELECT", "WITH"]
    else:
        assert said == ["SELECT", *["INSERT"] * 7]
    said.clear()
    session.commit()
    assert said == []


def test_the_comparison_finds_what_is_wrong_in_either_direction(session: Session) -> None:
    write(session, [Item("deal:1").new()])
    session.execute(update(DayRollup).where(DayRollup.grain == "month").values(n=5))
    session.execute(delete(rollups.CohortRollup))
    session.execute(update(rollups.JourneyRow).values(rank=3))
    session.add(rollups.ReachRollup(ladder="ghost", day=FIRST, rank=1, n=1))
    session.flush()

    found = {(each.table, each.key[0], bool(each.kept), bool(each.told)) for each in rollups.compare(session)}

    assert found == {
        ("rollup_days", "sales", True, True),
        ("rollup_cohorts", "sales", False, True),
        ("journeys", "sales", True, True),
        ("rollup_reach", "ghost", True, False),
    }
    rollups.rebuild(session)
    assert rollups.compare(session) == []


def test_a_ladder_whose_older_moves_are_in_no_roll_up_is_left_to_the_rebuild(session: Session) -> None:
    session.add(_move(facts([Item("deal:1").new()])[0], id=None))
    session.commit()
    session.execute(delete(rollups.LadderRollup))
    for table in TABLES[1:]:
        session.execute(delete(table))
    session.add(_move(facts([Item("deal:2").new()])[0], id=None))
    session.commit()

    assert rollups.read(session, "sales", EVER) == {}
    rollups.rebuild(session, ladders=["sales"])
    assert [total.n for total in rollups.read(session, "sales", EVER).values()] == [2]


def test_two_sessions_add_to_the_same_row(database: Engine) -> None:
    for name in ("deal:1", "deal:2"):
        with sessions(database)() as session:
            session.add(_move(facts([Item(name).new()])[0], id=None))
            session.commit()

    with sessions(database)() as session:
        assert [total.n for total in rollups.read(session, "sales", EVER).values()] == [2]


def test_a_move_waits_for_a_rebuild_and_is_counted_against_what_that_made(
    session: Session, database: Engine, ladder: None
) -> None:
    item = Item("deal:1").new().after(1).to("needs").after(1).to("offer")
    first, unnoticed, last = facts([item])
    session.add(_move(first, id=None))
    session.commit()
    session.execute(insert(Move).values(_columns(unnoticed)))
    session.commit()

    rollups.rebuild(session)
    other = Thread(target=_write_alone, args=(database, last))
    other.start()
    other.join(0.3)
    is_waiting = other.is_alive()
    session.commit()
    other.join()

    assert is_waiting
    assert rollups.compare(session) == []


def _write_alone(database: Engine, fact: object) -> None:
    with sessions(database)() as session:
        session.add(_move(fact, id=None))
        session.commit()


def _columns(fact: Fact) -> dict[str, Any]:
    return {
        name: value for name, value in vars(_move(fact)).items() if name in Move.__table__.c and name != "id"
    }


def _move(fact: object, **more: object) -> Move:
    columns = {**fact._asdict(), **more}  # type: ignore[attr-defined]
    return Move(
        **columns, ladder="sales", ladder_version=1, recorded_at=columns["at"], cause="user", currency="PLN"
    )


def move_of(fact: object) -> Move:
    """A move as a command writes it: the database numbers it."""
    return _move(fact, id=None)
