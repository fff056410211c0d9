"""What comes in from elsewhere is what a plain reading of the raw log says: moves, funnel and dynamics."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engine.process.definitions import Definition, DefinitionFile
from engine.process.instances import Instance
from engine.sales.ladders import Move
from engine.sales.past.rows import Import, ImportedCase, ImportedStep
from reports import funnel_reading, ladders, queries, reading, rollups
from reports.periods import DAY, Period
from tests.past.logs import MAP, XES_MAP, bring, packed, table, xes

STAGES = {"Asked": 1, "Again": 1, "Offered": 2, "Agreed": 3}
NAMES = ("asked", "offered", "agreed")
ENDS = {"Signed": "won", "Refused": "lost", "Moved": "rerouted"}
ACTIVITIES = (*STAGES, *ENDS, "Paused", "Woken", "Noted", "Unheard of")
BEGAN = datetime(2026, 3, 28, 20, tzinfo=UTC)


class Went(NamedTuple):
    """A move as the oracle tells it."""

    case: str
    kind: str
    left: int | None
    entered: int | None
    at: datetime
    dwell: int | None


Row = tuple[str, str, str]


@st.composite
def logs(draw: st.DrawFn) -> list[Row]:
    """Some cases, interleaved, times out of order and equal."""
    found = []
    for _ in range(draw(st.integers(1, 40))):
        case = draw(st.sampled_from(["A 1", "B/2", "ż-3", "4"]))
        at = BEGAN + timedelta(minutes=15 * draw(st.integers(0, 60)))
        found.append((case, draw(st.sampled_from(ACTIVITIES)), at.isoformat()))
    return found


def oracle(rows: list[Row]) -> list[Went]:
    """Every move, case by case, in words as plain as the rules: nothing of the product is asked."""
    moves: list[Went] = []
    for case in dict.fromkeys(row[0] for row in rows):
        mine = sorted(
            (datetime.fromisoformat(at), n, what) for n, (of, what, at) in enumerate(rows) if of == case
        )
        rank: int | None = None
        state = "none"
        since = mine[0][0]

        def went(kind: str, to: int | None, at: datetime) -> None:
            stood = int((at - since).total_seconds()) if state == "open" and kind != "new" else None  # noqa: B023
            moves.append(Went(case, kind, rank, to, at, stood))  # noqa: B023

        for at, _, what in mine:
            if what in STAGES:
                to = STAGES[what]
                if state == "open" and to == rank:
                    continue
                if state == "none":
                    kind = "new"
                elif state == "suspended":
                    kind = "resumed"
                elif state != "open":
                    kind = "reopened"
                else:
                    kind = (
                        "backward"
                        if to < (rank or 0)
                        else "forward"
                        if to - (rank or 0) == 1
                        else "forward_skip"
                    )
                went(kind, to, at)
                rank, state, since = to, "open", at
            elif what == "Woken":
                if state == "suspended":
                    went("resumed", rank, at)
                    state, since = "open", at
            elif what in ENDS or what == "Paused":
                if state in ENDS.values() or (what == "Paused" and state == "suspended"):
                    continue
                if state == "none":
                    went("new", 1, at)
                    rank, state, since = 1, "open", at
                went(ENDS.get(what, "suspended"), None if what in ENDS else rank, at)
                state = ENDS.get(what, "suspended")
    return moves


def clean(session: Session) -> None:
    """Nothing was ever imported."""
    rollups.rebuild(session, ladders=[])
    for table_ in (Move, ImportedStep, ImportedCase, Instance, Import, DefinitionFile, Definition):
        session.execute(delete(table_))
    session.execute(delete(rollups.LadderRollup))
    session.commit()


def kept(session: Session) -> list[Went]:
    """The moves as they are kept."""
    query = select(Instance.business_key, Move).join(Move, Move.instance_id == Instance.id)
    found = session.execute(query.order_by(Instance.id, Move.seq)).all()
    return [Went(name, each.kind, each.from_rank, each.to_rank, each.at, each.dwell) for name, each in found]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=logs(), shape=st.sampled_from(["csv", "xes", "xes.gz"]))
def test_a_history_says_what_its_log_says(session: Session, rows: list[Row], shape: str) -> None:
    clean(session)
    expected = oracle(rows)
    if not any(what in STAGES for _, what, _ in rows):
        return
    if shape == "csv":
        bring(session, table(rows))
    else:
        content = xes(rows)
        bring(session, packed(content) if shape == "xes.gz" else content, XES_MAP.format(more=""))

    assert kept(session) == expected
    _steps_are_the_rows(session, rows)
    _numbers_have_no_gap(session)
    _reports_agree(session, expected)


def _steps_are_the_rows(session: Session, rows: list[Row]) -> None:
    query = select(Instance.business_key, ImportedStep).join(
        ImportedStep, ImportedStep.instance_id == Instance.id
    )
    steps = session.execute(query.order_by(Instance.id, ImportedStep.seq)).all()
    found = [(name, step.activity, step.ended_at) for name, step in steps]
    wanted = []
    for case in dict.fromkeys(row[0] for row in rows):
        mine = [(datetime.fromisoformat(at), n, what) for n, (of, what, at) in enumerate(rows) if of == case]
        wanted += [(case, what, at) for at, _, what in sorted(mine)]
    assert found == wanted


def _numbers_have_no_gap(session: Session) -> None:
    moves = session.execute(select(Move.item, Move.seq).order_by(Move.item, Move.seq)).all()
    for _, group in groupby(moves, key=lambda row: row[0]):
        numbers = [seq for _, seq in group]
        assert numbers == list(range(1, len(numbers) + 1))


def _reports_agree(session: Session, expected: list[Went]) -> None:
    """The funnel's reached, won and open, and the moves of every day by kind: from roll-ups and from the log."""
    ladder = ladders.find(session, "old_sales")
    assert [stage.key for stage in ladder.stages] == list(NAMES)
    window = Period(date(2026, 3, 1), date(2026, 4, 30) + DAY, "month")
    now = datetime(2026, 11, 16, 9, tzinfo=UTC)
    per_case = [list(group) for _, group in groupby(expected, key=lambda each: each.case)]
    top = [4 if path[-1].kind == "won" else max(each.entered or 0 for each in path) for path in per_case]
    for as_of in (None, now):
        scope = queries.scope(session, "old_sales", viewer=None, as_of=as_of)
        found = funnel_reading.cohort(session, scope, ladder, window, now=now)
        for rank, step in enumerate(found.steps, 1):
            assert step.reached.n == sum(each >= rank for each in top), (as_of, step.stage)
        assert found.won.n == sum(path[-1].kind == "won" for path in per_case)
        assert found.lost.n == sum(path[-1].kind == "lost" for path in per_case)
        moved = reading.movement(session, scope, ladder, Period(date(2026, 3, 28), date(2026, 3, 30), "day"))
        counts = Counter(each.kind for each in expected)
        said: Counter[str] = Counter()
        for bar in moved.bars:
            said.update({kind: total.n for kind, total in bar.row.kinds.items() if total.n})
        assert said == counts
        assert moved.whole.is_balanced
    assert rollups.compare(session) == []


def test_the_past_of_a_history_can_be_looked_at(session: Session) -> None:
    rows = [
        ("1", "Asked", "2026-03-02T08:00:00Z"),
        ("1", "Offered", "2026-03-05T08:00:00Z"),
        ("1", "Signed", "2026-03-09T08:00:00Z"),
    ]
    bring(session, table(rows), MAP.format(more=""))
    ladder = ladders.find(session, "old_sales")
    window = Period(date(2026, 3, 1), date(2026, 4, 1), "month")
    told = []
    for day in (3, 6, 10):
        as_of = datetime(2026, 3, day, tzinfo=UTC)
        scope = queries.scope(session, "old_sales", viewer=None, as_of=as_of)
        cohort = funnel_reading.cohort(session, scope, ladder, window, now=as_of)
        told.append([step.reached.n for step in cohort.steps] + [cohort.won.n])
    assert told == [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=logs())
def test_many_histories_say_what_their_logs_say(session: Session, rows: list[Row]) -> None:
    clean(session)
    if any(what in STAGES for _, what, _ in rows):
        bring(session, table(rows))
        assert kept(session) == oracle(rows)
