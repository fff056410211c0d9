"""The log as roll-ups read it, which ladders of it they hold, and who may write them at the same time."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby

import orjson
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from engine.errors import NotFound
from reports import ladders
from reports.rollups.steps import Step

SHARED = "NOT EXISTS (SELECT 1 FROM rollup_ladders WHERE false FOR KEY SHARE)"
"""A condition that always holds. A statement that has it waits until nobody makes the roll-ups anew (PostgreSQL; SQLite
has one writer): a statement has its tables before it looks at rows, and this one locks none."""
CHUNK = 200


def alone(connection: Connection) -> None:
    """Wait until nobody adds to the roll-ups, and let nobody do so until the end of the transaction; all may read."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE rollup_ladders IN EXCLUSIVE MODE")


@lru_cache(maxsize=2)
def columns(dialect: str) -> str:
    """The columns of a `Step` in SQL."""
    if dialect == "postgresql":
        second = "floor(extract(epoch FROM at))::bigint - 946684800"
        day, money = "day::text", "round(coalesce(amount, 0) * 100)::bigint"
    else:
        second = "CAST(strftime('%s', substr(at, 1, 19)) AS INTEGER) - 946684800"
        day, money = "day", "CAST(round(coalesce(amount, 0) * 100) AS INTEGER)"
    return (
        f"id, item, seq, kind, from_stage, to_stage, from_rank, to_rank, {second}, {day}, dwell, "
        f"department_id, owner_id, {money}, reason, causing_department_id, instance_id, corrects_id"
    )


def items(connection: Connection, paths: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Step]]:
    """The whole logs of items on their ladders."""
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    found: dict[tuple[str, str], list[Step]] = {path: [] for path in paths}
    wanted = sorted({item for _, item in paths})
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        query = (
            f"SELECT ladder, {columns(connection.dialect.name)} FROM moves "
            f"WHERE item IN ({', '.join([mark] * len(part))}) ORDER BY item, seq"
        )
        for ladder, *row in connection.exec_driver_sql(query, tuple(part)):
            if (ladder, row[1]) in found:
                found[ladder, row[1]].append(Step._make(row))
    return found


def histories(connection: Connection, ladder: str) -> Iterator[list[Step]]:
    """The logs of all items of a ladder, one at a time, without holding them all."""
    query = text(
        f"SELECT {columns(connection.dialect.name)} FROM moves WHERE ladder = :ladder ORDER BY item, seq"
    )
    rows = connection.execute(query, {"ladder": ladder}, execution_options={"yield_per": 5000})
    for _, group in groupby(map(Step._make, rows), key=lambda step: step.item):
        yield list(group)


def stages(session: Session, ladder: str) -> list[str]:
    """The stages of a ladder in order, as its newest version has them; none of one that no process has."""
    try:
        return ladders.find(session, ladder).keys
    except NotFound:
        return []


def begin(session: Session, ladder: str, fresh: Iterable[int]) -> list[str] | None:
    """Hold a ladder that has no moves but the fresh ones. Returns its stages; None when it has others and must be
    rebuilt first."""
    ids = ", ".join(str(id_) for id_ in sorted(fresh))
    other = f"SELECT 1 FROM moves WHERE ladder = :ladder AND id NOT IN ({ids}) LIMIT 1"
    if session.execute(text(other), {"ladder": ladder}).first() is None:
        hold(session, ladder)
    kept = session.execute(
        text("SELECT stages FROM rollup_ladders WHERE ladder = :ladder"), {"ladder": ladder}
    )
    said = kept.scalar()
    return None if said is None else list(orjson.loads(said))


def hold(session: Session, ladder: str) -> list[str]:
    """From now on the log of this ladder is in the roll-ups, by today's stages; another's word stands."""
    found = stages(session, ladder)
    session.execute(
        text("INSERT INTO rollup_ladders (ladder, stages) VALUES (:ladder, :stages) ON CONFLICT DO NOTHING"),
        {"ladder": ladder, "stages": orjson.dumps(found).decode()},
    )
    return found


def held(session: Session) -> dict[str, list[str]]:
    """The stages by which ranks of each ladder are counted in the roll-ups."""
    rows = session.execute(text("SELECT ladder, stages FROM rollup_ladders ORDER BY ladder"))
    return {ladder: orjson.loads(said) for ladder, said in rows}
