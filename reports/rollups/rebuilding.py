"""Roll-ups made anew from the log, and compared with it in both directions."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from reports.movements import MISTAKEN
from reports.rollups import log, settling, writing
from reports.rollups.steps import Course, State, Sums, go, outside, stand, tell
from reports.rollups.writing import ADDED, JOURNEYS

Progress = Callable[[int, int], None]
EVERY = 20_000


class Difference(NamedTuple):
    """A row that is not what the log says. ``key`` begins with the ladder; no values where there is no row."""

    table: str
    key: tuple[Any, ...]
    kept: tuple[Any, ...]
    told: tuple[Any, ...]


def rebuild(
    session: Session, *, ladders: Iterable[str] | None = None, progress: Progress | None = None
) -> int:
    """Forget the roll-ups of these ladders (None: of all) and add up their log again. ``progress`` hears (moves done,
    all moves). Returns how many rows there are. What was written in bulk, unnoticed, is counted by this alone.
    """
    session.flush()
    connection = session.connection()
    log.alone(connection)
    wanted = sorted(logged(session) | _kept(connection) if ladders is None else set(ladders))
    _forget(session, wanted)
    whole, done, rows = sum(_count(connection, ladder) for ladder in wanted), 0, 0
    for ladder in wanted:
        count = _count(connection, ladder)
        if count:
            heard = _heard(progress, done, whole)
            rows += _write(connection, ladder, *_summed(connection, ladder, log.hold(session, ladder), heard))
            done += count
    if progress is not None:
        progress(done, whole)
    return rows


def _heard(progress: Progress | None, before: int, whole: int) -> Callable[[int], None]:
    return lambda done: progress(before + done, whole) if progress is not None else None


def logged(session: Session) -> set[str]:
    """The ladders in the log, found by jumping from one to the next."""
    query = text(
        "WITH RECURSIVE each_one(ladder) AS (SELECT min(ladder) FROM moves UNION ALL "
        "SELECT (SELECT min(ladder) FROM moves WHERE ladder > each_one.ladder) FROM each_one "
        "WHERE each_one.ladder IS NOT NULL) SELECT ladder FROM each_one WHERE ladder IS NOT NULL"
    )
    return set(session.connection().scalars(query)) - settling.ELSEWHERE


def _kept(connection: Connection) -> set[str]:
    """The ladders in any roll-up."""
    found: set[str] = set()
    for table in (*ADDED, JOURNEYS):
        found |= set(connection.scalars(text(f"SELECT DISTINCT ladder FROM {table.name}")))
    return found


def _count(connection: Connection, ladder: str) -> int:
    return (
        connection.scalar(text("SELECT count(*) FROM moves WHERE ladder = :ladder"), {"ladder": ladder}) or 0
    )


def _forget(session: Session, ladders: Sequence[str]) -> None:
    fresh = session.info.get(settling.FRESH, [])
    fresh[:] = [each for each in fresh if each[0] not in ladders]
    for name in (*(table.name for table in (*ADDED, JOURNEYS)), "rollup_ladders"):
        for ladder in ladders:
            session.execute(text(f"DELETE FROM {name} WHERE ladder = :ladder"), {"ladder": ladder})


def held(session: Session) -> dict[str, list[str]]:
    """The stages by which ranks of each ladder are counted in the roll-ups."""
    return log.held(session)


States = list[tuple[str, str, State | None]]


def _summed(
    connection: Connection, ladder: str, stages: Sequence[str], heard: Callable[[int], None]
) -> tuple[Sums, States]:
    """The whole log of a ladder added up, as it was written; item by item where that is not the order of each item."""
    sums, course = Sums(), Course.of(stages)
    with _no_garbage():
        states = _streamed(connection, ladder, course, sums, heard)
        if states is None:
            sums = Sums()
            states = {steps[0].item: tell(steps, course, sums) for steps in log.histories(connection, ladder)}
    return sums, [(ladder, item, state) for item, state in states.items()]


def _streamed(
    connection: Connection, ladder: str, course: Course, sums: Sums, heard: Callable[[int], None]
) -> dict[str, State | None] | None:
    mistaken, states = log.mistaken(connection, ladder), dict[str, State | None]()
    last: dict[str, int] = {}
    for done, step in enumerate(log.stream(connection, ladder), 1):
        item = step.item
        if step.seq <= last.get(item, 0):
            return None
        last[item] = step.seq
        if step.kind == "corrected":
            outside(step, "corrected", sums)
        elif step.id in mistaken:
            outside(step, MISTAKEN, sums)
        else:
            states[item] = go(states.get(item), step, course, sums)
        if done % EVERY == 0:
            heard(done)
    for item, seq in last.items():
        state = states.setdefault(item, None)
        if state is not None:
            state.seq = seq
            stand(state, course, sums)
    return states


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Millions of small sums and no cycles: looking for garbage among them takes longer than adding them up."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _write(connection: Connection, ladder: str, sums: Sums, states: States) -> int:
    written = 0
    with _no_garbage():
        for table, rows in zip(ADDED, writing.rows({ladder: sums}), strict=True):
            rows.sort()
            if rows:
                writing.fill(connection, table, rows)
            written += len(rows)
        kept = sorted(
            (ladder, item, *writing.columns(state)) for _, item, state in states if state is not None
        )
        if kept:
            writing.fill(connection, JOURNEYS, kept)
    return written + len(kept)


def _silent(_done: int) -> None:
    """Nobody watches."""


def compare(session: Session) -> list[Difference]:
    """Where roll-ups and log differ: rows that are wrong, rows that are missing, rows that nothing stands for."""
    session.flush()
    settling.settle(session)
    connection = session.connection()
    found: list[Difference] = []
    held = log.held(session)
    for ladder in sorted(_kept(connection) | held.keys()):
        stages = held.get(ladder)
        if stages is None:
            sums, states = Sums(), States()
        else:
            sums, states = _summed(connection, ladder, stages, _silent)
        for table, rows in zip(ADDED, writing.rows({ladder: sums}), strict=True):
            found += _differences(connection, table, ladder, rows)
        kept = [
            (ladder, item, *writing.columns(state)) for ladder, item, state in states if state is not None
        ]
        found += _differences(connection, JOURNEYS, ladder, kept)
    return found


def _differences(connection: Connection, table: Any, ladder: str, rows: Iterable[Any]) -> list[Difference]:
    width = len(table.primary_key)
    told = {row[:width]: row[width:] for row in rows}
    names = ", ".join(column.name for column in writing.ordered(table))
    query = text(f"SELECT {names} FROM {table.name} WHERE ladder = :ladder")
    kept = {row[:width]: row[width:] for row in map(_plain, connection.execute(query, {"ladder": ladder}))}
    found = []
    for key in sorted(kept.keys() | told.keys()):
        mine, its = kept.get(key, ()), told.get(key, ())
        if mine != its and (table is JOURNEYS or any(mine) or any(its)):
            found.append(Difference(table.name, key, mine, its))
    return found


def _plain(row: Sequence[Any]) -> tuple[Any, ...]:
    """A row as it is written: days in ISO form."""
    return tuple(value.isoformat() if hasattr(value, "isoformat") else value for value in row)
