"""Roll-ups made by whole columns: the same as those told move by move, whatever the log holds."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.instances import Instance
from engine.sales.ladders import KINDS, Move
from reports import rollups
from reports.cohort_facts import BOUNDS, bucket
from reports.movements import RED
from reports.rollups import columns, filling, rebuilding, writing
from reports.rollups.columns import dates, frames, moves, source
from reports.rollups.steps import Course
from tests.reports import company
from tests.reports.histories import FIRST, STAGES, Item, at_noon, facts, logs
from tests.reports.test_rollups import empty, kept

whatever = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OLDER = ("call", "visit")
"""Stages that only an older version of the ladder had."""
AMOUNTS = (None, Decimal("0.01"), Decimal(1000), Decimal("-250.5"), Decimal("999999999999.99"))
REASONS = ("too_dear", "budget_cut", "out\\of\tscope\n", "")


@pytest.fixture
def ids(session: Session) -> list[int]:
    """“sales” is a ladder of four stages; three departments."""
    company.define(session)
    some = [Department(key=f"d{n}", name=f"D{n}", name_en=f"D{n}") for n in range(3)]
    session.add_all(some)
    session.commit()
    return [each.id for each in some]


def log(data: st.DataObject, items: list[Item], ids: list[int]) -> list[dict[str, Any]]:
    """Rows of these items as a long life may have left them: ids out of order, clocks set back, an older version's
    stages, moves on another ladder, nothing where nothing need be."""
    rows = [fact._asdict() for fact in facts(items)]
    order = data.draw(st.permutations(range(1, len(rows) + 1)))
    renamed = dict(zip((row["id"] for row in rows), order, strict=True))
    chance = st.integers(0, 9)
    for row in rows:
        row |= {"id": renamed[row["id"]], "corrects_id": renamed.get(row["corrects_id"]), "ladder": "sales"}
        row["amount"] = data.draw(st.sampled_from((row["amount"], row["amount"], *AMOUNTS)))
        row["department_id"] = data.draw(st.sampled_from((None, *ids)))
        if row["kind"] in RED:
            row["reason"] = data.draw(st.sampled_from((None, *REASONS)))
            row["causing_department_id"] = data.draw(st.sampled_from((None, *ids)))
        if data.draw(chance) == 0:
            row["at"] -= timedelta(days=data.draw(st.integers(1, 12)), microseconds=1)
            row["day"] = row["at"].date()
        if data.draw(chance) == 0:
            row["ladder"] = "service"
        if data.draw(chance) == 0:
            _older(row, data)
        row |= {"ladder_version": 1, "recorded_at": row["at"], "cause": "user"}
    return sorted(rows, key=lambda row: (row["item"], row["seq"]))


def _older(row: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(("from", "to")))
    row[f"{name}_stage"] = data.draw(st.sampled_from((None, "", *OLDER)))
    row[f"{name}_rank"] = data.draw(st.sampled_from((None, 2, 9)))


def keep(session: Session, rows: list[dict[str, Any]]) -> None:
    """In bulk, unnoticed; mistakes before what takes them back."""
    empty(session)
    session.execute(insert(Move), rows)


def by_columns(session: Session, ladder: str, stages: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    connection = session.connection()
    log_ = columns.read(connection, ladder, unheard)
    if log_ is None:
        return {}
    found = columns.whole(log_, Course.of(stages), unheard)
    tables = ((table, columns.columns(found, table, ladder)) for table in (*writing.ADDED, writing.JOURNEYS))
    return {table.name: rows for table, each in tables if (rows := list(zip(*each, strict=True)))}


def one_by_one(session: Session, ladder: str, stages: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    told = rebuilding._one_by_one(session.connection(), ladder, Course.of(stages), unheard)
    return {table.name: rows for table, found in told if (rows := list(zip(*found, strict=True)))}


def unheard(_done: int) -> None:
    """Nobody watches."""


@whatever
@given(items=logs(), data=st.data(), stages=st.permutations(STAGES), some=st.integers(0, 4))
def test_columns_and_steps_add_up_to_the_same_rows_in_the_same_order(
    session: Session, ids: list[int], items: list[Item], data: st.DataObject, stages: list[str], some: int
) -> None:
    rows = log(data, items, ids)
    keep(session, rows)

    for ladder in {row["ladder"] for row in rows}:
        assert by_columns(session, ladder, stages[:some]) == one_by_one(session, ladder, stages[:some])


class Whose(NamedTuple):
    """Who and what the moves of a log may name."""

    department: int
    person: int
    instance: int


@pytest.fixture
def whose(session: Session, ids: list[int]) -> Whose:
    """A department, a person and an instance."""
    person = Person(email="ola@contentum.example", name="Ola Rak", created_at=at_noon(FIRST))
    instance = Instance(definition_id=1, process="sales", title="", started_at=at_noon(FIRST))
    session.add_all([person, instance])
    session.commit()
    return Whose(ids[0], person.id, instance.id)


def anything(dice: Random, whose: Whose, items: int = 60) -> list[dict[str, Any]]:
    """A log of moves that follow from nothing, for the sums are defined for any: corrections of anything before, too."""
    rows: list[dict[str, Any]] = []
    numbers = dice.sample(range(1, 20 * items), 12 * items)
    stages, ranks = (None, "", *STAGES, *STAGES, *OLDER), (None, 0, 1, 2, 3, 4, 9)
    for item in range(items):
        at = at_noon(FIRST + timedelta(days=dice.randrange(60)))
        for seq in range(1, dice.choice((2, 3, 3, 5, 13))):
            at += dice.choice((0, 1, 2, 30, -3)) * timedelta(days=dice.random())
            kind = (
                "new"
                if seq == 1
                else dice.choice((*KINDS, "forward", "backward", "backward", "won", "won", "sold"))
            )
            before = [row["id"] for row in rows[-dice.randrange(1, 2 * seq) :]]
            mistake = (
                dice.choice(before) if before and (kind == "corrected" or dice.random() < 0.03) else None
            )
            rows.append(
                {
                    **row(numbers.pop(), item=f"deal:{item}", seq=seq, kind=kind, at=at, day=at.date()),
                    **{f"{way}_stage": dice.choice(stages) for way in ("from", "to")},
                    **{f"{way}_rank": dice.choice(ranks) for way in ("from", "to")},
                    "dwell": dice.choice((None, 5, 86_400)),
                    "department_id": dice.choice((None, whose.department)),
                    "causing_department_id": dice.choice((None, whose.department)),
                    "owner_id": dice.choice((None, whose.person)),
                    "instance_id": dice.choice((None, whose.instance)),
                    "amount": dice.choice(AMOUNTS),
                    "reason": dice.choice((None, *REASONS)),
                    "corrects_id": mistake,
                }
            )
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_columns_and_steps_agree_on_whatever_may_stand_in_a_log(
    session: Session, whose: Whose, seed: int
) -> None:
    dice = Random(seed)
    keep(session, anything(dice, whose))
    stages = dice.sample(STAGES, dice.choice((0, 2, 3, 4, 4)))

    assert by_columns(session, "sales", stages) == one_by_one(session, "sales", stages)


@whatever
@given(items=logs(most=4), data=st.data())
def test_a_rebuild_equals_what_was_followed_move_by_move_and_what_was_told(
    session: Session, ids: list[int], items: list[Item], data: st.DataObject
) -> None:
    rows = log(data, items, ids)
    empty(session)
    for row in rows:
        session.add(Move(**row))
        session.flush()
        rollups.settle(session)
    followed = kept(session)

    assert rollups.compare(session) == []
    rollups.rebuild(session)

    assert kept(session) == followed
    assert rollups.compare(session) == []


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few moves, so that a small log has many of them."""
    monkeypatch.setattr(source, "PART", 3)
    monkeypatch.setattr(moves, "SLICE", 4)
    monkeypatch.setattr(filling, "BLOCK", 2)


@settings(whatever, max_examples=10)
@given(items=logs(most=3), data=st.data())
def test_a_log_read_and_added_up_in_parts_is_the_same_log(
    session: Session, short: None, ids: list[int], items: list[Item], data: st.DataObject
) -> None:
    keep(session, log(data, items, ids))

    assert by_columns(session, "sales", list(STAGES)) == one_by_one(session, "sales", list(STAGES))
    rollups.rebuild(session)
    assert rollups.compare(session) == []


def row(number: int, **more: Any) -> dict[str, Any]:
    at = at_noon(FIRST)
    plain = {"id": number, "item": f"deal:{number}", "seq": 1, "ladder": "sales", "ladder_version": 1}
    return {
        **plain, "kind": "new", "to_stage": "meet", "to_rank": 1, "at": at, "day": FIRST, "recorded_at": at, "cause": "user"
    } | more  # fmt: skip


@pytest.mark.parametrize(
    "odd",
    [
        {"item": "deal:\n2"},
        {"seq": 1 << 21, "to_rank": -5},
        {"to_rank": -1},
        {"id": 1 << 45},
    ],
)
def test_a_move_beyond_what_columns_hold_is_told_one_by_one(session: Session, odd: dict[str, Any]) -> None:
    company.define(session)
    keep(session, [row(1), row(2) | odd])
    heard: list[tuple[int, int]] = []

    rollups.rebuild(session, progress=lambda done, whole: heard.append((done, whole)))

    assert heard[-1] == (2, 2)
    assert sum(n for *_, n, _, _, _, _ in one_by_one(session, "sales", list(STAGES))["rollup_days"]) == 6
    assert len(one_by_one(session, "sales", list(STAGES))["journeys"]) == 2
    assert rollups.compare(session) == []


def test_a_ladder_of_a_thousand_reasons_is_counted_by_each(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.define(session)
    monkeypatch.setattr(source, "TOO_MANY", 5)
    lost = {"kind": "lost", "to_stage": None, "to_rank": None, "from_stage": "meet", "from_rank": 1}
    keep(session, [row(n, **lost, reason=f"reason {n}") for n in range(1, 9)])

    rollups.rebuild(session)

    assert len(kept(session)["rollup_causes"]) == 3 * 8
    assert rollups.compare(session) == []


def test_progress_is_heard_on_the_way_and_never_goes_back(session: Session, short: None) -> None:
    company.define(session)
    keep(session, [row(n) for n in range(1, 31)])
    heard: list[int] = []

    rollups.rebuild(session, progress=lambda done, _whole: heard.append(done))

    assert len(heard) > 10
    assert heard == sorted(heard)
    assert heard[-1] == 30


def test_a_rebuild_of_everything_empties_roll_ups_of_ladders_without_moves(session: Session) -> None:
    company.define(session)
    keep(session, [row(1)])
    session.add(rollups.ReachRollup(ladder="ghost", day=FIRST, rank=1, n=1))

    rollups.rebuild(session)

    assert rollups.compare(session) == []
    assert rollups.rebuild(session) == sum(
        len(rows) for rows in one_by_one(session, "sales", list(STAGES)).values()
    )


def test_a_rebuild_of_one_ladder_leaves_the_others(session: Session) -> None:
    company.define(session)
    keep(session, [row(1), row(2, ladder="service")])
    rollups.rebuild(session)

    rollups.rebuild(session, ladders=["service"])

    assert rollups.compare(session) == []
    assert len(kept(session)["rollup_days"]) == 3


def test_a_rebuild_stays_in_the_transaction_that_it_is_in(session: Session) -> None:
    """What an import wrote and has not committed is counted, and both are gone when it is given up."""
    company.define(session)
    keep(session, [row(1)])
    session.commit()
    rollups.rebuild(session)
    session.commit()
    before = kept(session)
    session.execute(insert(Move), [row(2)])

    rollups.rebuild(session)
    during = kept(session)
    session.rollback()

    assert sum(values[0] for values in during["rollup_days"].values()) == 6
    assert kept(session) == before


def test_many_moves_are_read_in_few_statements(session: Session) -> None:
    company.define(session)
    keep(session, [row(n) for n in range(1, 200)])
    said: list[str] = []
    connection = session.connection()
    event.listen(connection, "before_cursor_execute", lambda *call: said.append(call[2]))

    columns.read(connection, "sales", unheard)

    assert len(said) < 8


# --------------------------------------------------------------------------------------------------------------- columns


@given(
    st.lists(
        st.one_of(
            st.integers(0, 10**7), st.integers(0, 10**12), st.sampled_from([int(b) for b in BOUNDS[:590]])
        )
    )
)
def test_buckets_of_a_column_are_the_buckets_of_its_lengths(lengths: list[int]) -> None:
    around = [max(0, each + more) for each in lengths for more in (-1, 0, 1)]

    assert moves.buckets(np.array(around, np.int64)).tolist() == [bucket(each) for each in around]


@settings(max_examples=30)
@given(st.lists(st.dates(date(1960, 1, 1), date(2040, 1, 1)), min_size=1, max_size=9))
def test_days_are_looked_up_as_the_calendar_has_them(days: list[date]) -> None:
    numbers = np.array([(day - date(1970, 1, 1)).days for day in days])

    assert dates.texts(numbers) == [day.isoformat() for day in days]
    assert dates.texts(dates.months(numbers)) == [day.replace(day=1).isoformat() for day in days]
    assert dates.texts(dates.weeks(numbers)) == [
        (day - timedelta(days=day.weekday())).isoformat() for day in days
    ]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from((0, 1, 1 << 40)), st.integers(-9, 9)), min_size=1)
)
def test_rows_alike_are_added_up_in_the_order_of_their_keys(rows: list[tuple[int, int, int]]) -> None:
    """Also where the keys are too wide to be packed into one number."""
    for width in (1, 1 << 40):
        one, two, value = (np.array(column) for column in zip(*rows, strict=True))
        frame = {"one": one * width, "two": two, "value": value}
        found = frames.grouped(frame, ["one", "two"])
        sums: dict[tuple[int, int], int] = {}
        for key, other, each in rows:
            sums[key * width, other] = sums.get((key * width, other), 0) + each
        assert list(zip(*(found[name].tolist() for name in frame), strict=True)) == [
            (*key, sums[key]) for key in sorted(sums)
        ]
