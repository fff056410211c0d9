"""Moves become roll-ups in the transaction that wrote them: noticed when they are written, added up at its very end.

Rows that many transactions share are so held for the shortest time, and taken in the same order by all.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session, object_session

from engine.sales.ladders import Move
from reports import savepoints
from reports.rollups import log, writing
from reports.rollups.steps import Course, State, Step, Sums, go, noted, stand, tell

FRESH = "moves not in the roll-ups yet"
ELSEWHERE = frozenset({"promise"})
"""Ladders that have roll-ups of their own (`reports.promise_rollups`): their moves are in none of these."""
CHUNK = 200

Path = tuple[str, str]
"""A ladder and an item on it."""


@event.listens_for(Move, "after_insert")
def _notice(_mapper: Any, _connection: Any, move: Move) -> None:
    session = object_session(move)
    if session is not None and move.ladder not in ELSEWHERE:
        session.info.setdefault(FRESH, []).append((move.ladder, noted(move)))


savepoints.guard_list(FRESH)


@event.listens_for(Session, "before_commit")
def _at_commit(session: Session) -> None:
    if not session.in_nested_transaction():
        session.flush()
        settle(session)


def settle(session: Session) -> None:
    """Add up every move of this session that is not in the roll-ups yet: one query and an upsert a table, however many
    moves there are and however old their items; nothing at all without moves.

    A move is counted against the state its item was in. Only a correction makes its item's log be read again.
    """
    fresh: list[tuple[str, Step]] | None = session.info.pop(FRESH, None)
    if not fresh:
        return
    paths: dict[Path, list[Step]] = {}
    for ladder, step in fresh:
        paths.setdefault((ladder, step.item), []).append(step)
    connection = session.connection()
    known = _known(connection, paths)
    for ladder in sorted({ladder for ladder, _ in paths} - known.keys()):
        stages = log.begin(session, ladder, [step.id for each, step in fresh if each == ladder])
        if stages is not None:
            known[ladder] = (Course.of(stages), {})
    covered = {path: steps for path, steps in paths.items() if path[0] in known}
    if covered:
        _add(connection, covered, known)


Known = dict[str, tuple[Course, dict[str, State]]]


def _known(connection: Connection, paths: Iterable[Path]) -> Known:
    """The ladders whose log is in the roll-ups, and where their items of these stood."""
    ladders, items = sorted({ladder for ladder, _ in paths}), sorted({item for _, item in paths})
    found: Known = {}
    for start in range(0, len(items), CHUNK):
        part = items[start : start + CHUNK]
        question = _question(len(ladders), len(part), connection.dialect.name)
        for ladder, stages, item, said in connection.exec_driver_sql(question, (*part, *ladders)):
            _, states = found.setdefault(ladder, (_course(stages), {}))
            if item is not None:
                states[item] = State(*orjson.loads(said))
    return found


@lru_cache(maxsize=256)
def _course(stages: str) -> Course:
    return Course.of(orjson.loads(stages))


@lru_cache(maxsize=256)
def _question(ladders: int, items: int, dialect: str) -> str:
    """Each ladder with its stages, and with each of its items as JSON: one value costs less than twenty."""
    is_served = dialect == "postgresql"
    mark, shared = ("%s", f" AND {log.SHARED}") if is_served else ("?", "")
    return (
        f"SELECT l.ladder, l.stages, j.item, {writing.said(dialect)} FROM rollup_ladders l LEFT JOIN journeys j "
        f"ON j.ladder = l.ladder AND j.item IN ({', '.join([mark] * items)}) "
        f"WHERE l.ladder IN ({', '.join([mark] * ladders)}){shared}"
    )


def _add(connection: Connection, paths: dict[Path, list[Step]], known: Known) -> None:
    again = [path for path, steps in paths.items() if not _follows(known[path[0]][1].get(path[1]), steps)]
    logs = log.items(connection, again) if again else {}
    sums: dict[str, Sums] = {}
    states: list[tuple[str, str, State | None]] = []
    for (ladder, item), steps in paths.items():
        course, before = known[ladder]
        mine = sums.setdefault(ladder, Sums())
        if (ladder, item) in logs:
            state = _retell(logs[ladder, item], steps, course, mine)
        else:
            state = _go_on(before.get(item), steps, course, mine)
        states.append((ladder, item, state))
    writing.write(connection, sums, states)


def _follows(state: State | None, steps: Sequence[Step]) -> bool:
    """Whether these moves only add to what is known of the item."""
    if any(step.corrects_id or step.kind == "corrected" for step in steps):
        return False
    return steps[0].seq == 1 if state is None else steps[0].seq > state.seq


def _go_on(state: State | None, steps: Iterable[Step], course: Course, sums: Sums) -> State | None:
    if state is not None:
        stand(state, course, sums, -1)
    for step in steps:
        state = go(state, step, course, sums)
    if state is not None:
        stand(state, course, sums)
    return state


def _retell(steps: Sequence[Step], fresh: Sequence[Step], course: Course, sums: Sums) -> State | None:
    """What the item adds with the fresh moves, less what it added without them."""
    new = {step.id for step in fresh}
    before = Sums()
    tell([step for step in steps if step.id not in new], course, before)
    sums.take(before, -1)
    return tell(steps, course, sums)
