"""Roll-ups made anew from the log, and compared with it in both directions."""

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from reports.rollups import columns, filling, log, settling, writing
from reports.rollups.steps import Course, Sums, tell
from reports.rollups.writing import ADDED, JOURNEYS

Progress = Callable[[int, int], None]
EVERY = 20_000
"""Moves between two words of progress where items are told one by one."""


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
    wanted = sorted(logged(session) if ladders is None else set(ladders))
    _forget(session, wanted, everything=ladders is None)
    counts = {ladder: _count(connection, ladder) for ladder in wanted}
    whole, done, rows = sum(counts.values()), 0, 0
    for ladder, count in counts.items():
        if count:
            heard = _heard(progress, done, whole)
            rows += _write(connection, ladder, log.hold(session, ladder), heard)
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


def _forget(session: Session, ladders: Sequence[str], *, everything: bool) -> None:
    """All rows of a table are forgotten without looking at any (SQLite)."""
    fresh = session.info.get(settling.FRESH, [])
    fresh[:] = [each for each in fresh if each[0] not in ladders]
    for name in (*(table.name for table in (*ADDED, JOURNEYS)), "rollup_ladders"):
        if everything:
            session.execute(text(f"DELETE FROM {name}"))
            continue
        for ladder in ladders:
            session.execute(text(f"DELETE FROM {name} WHERE ladder = :ladder"), {"ladder": ladder})


def held(session: Session) -> dict[str, list[str]]:
    """The stages by which ranks of each ladder are counted in the roll-ups."""
    return log.held(session)


Told = Iterator[tuple[Any, list[Sequence[Any]]]]
"""Tables, each with its columns as `writing.ordered` has them."""


def told(connection: Connection, ladder: str, stages: Sequence[str], heard: Callable[[int], None]) -> Told:
    """What the log of a ladder comes to: by columns, or item by item where its numbers are beyond what those hold.

    ``heard`` hears how many moves are done: a third when all are read, another when they are added up.
    """
    course = Course.of(stages)
    log_ = (
        columns.read(connection, ladder, lambda done: heard(done // 3))
        if len(stages) <= columns.RANKS
        else None
    )
    if log_ is None:
        yield from _one_by_one(connection, ladder, course, heard)
        return
    count = len(log_)
    whole = columns.whole(log_, course, lambda done: heard((count + done) // 3))
    del log_
    for table in (*ADDED, JOURNEYS):
        yield table, columns.columns(whole, table, ladder)


def _one_by_one(connection: Connection, ladder: str, course: Course, heard: Callable[[int], None]) -> Told:
    sums, kept, done, since = Sums(), list[Any](), 0, 0
    for steps in log.histories(connection, ladder):
        state = tell(steps, course, sums)
        if state is not None:
            kept.append((ladder, steps[0].item, *writing.columns(state)))
        done, since = done + len(steps), since + len(steps)
        if since >= EVERY:
            heard(done)
            since = 0
    for table, rows in zip((*ADDED, JOURNEYS), (*writing.rows({ladder: sums}), kept), strict=True):
        rows.sort()
        width = len(table.columns)
        yield table, [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


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


def _write(connection: Connection, ladder: str, stages: Sequence[str], heard: Callable[[int], None]) -> int:
    with _no_garbage():
        every = told(connection, ladder, stages, heard)
        return sum(filling.fill(connection, table, found) for table, found in every if found[0])


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
        every = told(connection, ladder, stages, _silent) if stages is not None else _nothing()
        with _no_garbage():
            for table, its in every:
                found += _differences(connection, table, ladder, zip(*its, strict=True))
    return found


def _nothing() -> Told:
    """Of a ladder that the roll-ups do not hold there must be no row."""
    for table in (*ADDED, JOURNEYS):
        yield table, [[] for _ in table.columns]


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
