"""Roll-ups of work items: what each local day added by step and pair of departments, and how long steps waited.

Every number is a sum of `adds` and `waits` over tasks, kept in the transaction of every change as
`reports.promise_rollups` does: two upserts at most. Day sums carry the moments (seconds since 2000) of what became
ready and of what left, so that the time spent in a queue within any days is F(b) - F(a), exactly.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Connection, String, delete, event, func, insert, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session
from sqlalchemy.orm.base import NO_VALUE

from engine.calendars import local_day
from engine.db import Base, BigId
from engine.process.tasks import UserTask
from reports import savepoints, step_sums
from reports.cohort_facts import bucket
from reports.step_sums import ANY, DAY, MONTH
from reports.steps import BEGINNING, Step, seconds

CHANGED = "changes of steps not in the roll-ups yet"
CHUNK = 200
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}
WHOLE = 0
"""The definition of the row that says that the roll-ups hold everything: `rebuild` writes it."""


class Place(NamedTuple):
    """Where a sum stands. ``grain`` is day, or month and then ``day`` its first one; ``bucket`` is None for sums of days.

    Lengths stand once by pair of departments (no element) and once by element (``came_from_id`` `ANY`).
    """

    grain: str
    definition_id: int
    day: date
    came_from_id: int
    department_id: int
    diagram: str
    element: str
    bucket: int | None = None


Sums = Mapping[Place, Mapping[str, int]]


class StepDay(Base):
    """What steps of one kind did on a local day, or in a month; a row of zeros means nothing.

    By the day they became ready: ``ready``, of these ``taken`` (begun since, with the seconds they waited) and ``back``
    (A > B > A). By the day they left their queue: ``left`` and ``waited``. By the day they ended: the rest; ``worked`` are
    seconds in which somebody had them. ``…_at`` are sums of moments.
    """

    __tablename__ = "rollup_steps"
    __table_args__ = CLUSTERED

    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    definition_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    came_from_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    department_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    diagram: Mapped[str] = mapped_column(String(200), primary_key=True)
    element: Mapped[str] = mapped_column(String(200), primary_key=True)
    ready_n: Mapped[int] = mapped_column(BigInteger)
    ready_at: Mapped[int] = mapped_column(BigInteger)
    left_n: Mapped[int] = mapped_column(BigInteger)
    left_at: Mapped[int] = mapped_column(BigInteger)
    ended_n: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int] = mapped_column(BigInteger)
    done: Mapped[int] = mapped_column(BigInteger)
    cancelled: Mapped[int] = mapped_column(BigInteger)
    abandoned: Mapped[int] = mapped_column(BigInteger)
    waited: Mapped[int] = mapped_column(BigInteger)
    worked: Mapped[int] = mapped_column(BigInteger)
    taken_n: Mapped[int] = mapped_column(BigInteger)
    taken: Mapped[int] = mapped_column(BigInteger)
    back: Mapped[int] = mapped_column(BigInteger)


class StepWait(Base):
    """How long steps that became ready in a month waited until they began: ``n`` of them in this step of
    `reports.cohort_facts.bucket`, ``seconds`` together."""

    __tablename__ = "rollup_waits"
    __table_args__ = CLUSTERED

    grain: Mapped[str] = mapped_column(String(5), primary_key=True)
    definition_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    came_from_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    department_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    diagram: Mapped[str] = mapped_column(String(200), primary_key=True)
    element: Mapped[str] = mapped_column(String(200), primary_key=True)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[int] = mapped_column(BigInteger)


PLACE = Place._fields[:-1]
DAYS = tuple(column.key for column in StepDay.__mapper__.column_attrs if column.key not in PLACE)
LENGTHS = ("n", "seconds")
COLUMNS = {
    "id": "id",
    "instance_id": "instance_id",
    "definition_id": "definition_id",
    "diagram": "diagram",
    "element": "element",
    "seq": "done_seq",
    "ready": "opened_at",
    "started": "started_at",
    "ended": "closed_at",
    "department_id": "department_id",
    "came_from_id": "came_from_id",
    "came_before_id": "came_before_id",
    "pauses": "pauses",
}
"""What a step is made of here, and the column of the task that says it."""


def adds(step: Step) -> Iterator[tuple[Place, dict[str, int]]]:
    """What a step adds to the sums of days and to the histogram of waits."""
    waited = step.waited
    came = {"ready_n": 1, "ready_at": seconds(step.ready), "back": int(step.is_back)}
    if step.started is not None and waited is not None:
        came |= {"taken_n": 1, "taken": waited}
        for place in _lengths(step, bucket(waited)):
            yield place, {"n": 1, "seconds": waited}
    yield from _both(step, step.ready, came)
    if step.left is not None and waited is not None:
        yield from _both(step, step.left, {"left_n": 1, "left_at": seconds(step.left), "waited": waited})
    if step.ended is not None:
        yield from _both(step, step.ended, _ended(step, step.ended))


def _both(step: Step, at: datetime, counts: dict[str, int]) -> Iterator[tuple[Place, dict[str, int]]]:
    """By day and by month: long windows are read month by month."""
    day = local_day(at)
    where = (step.came_from_id, step.department_id, step.diagram, step.element)
    yield Place(DAY, step.definition_id, day, *where), counts
    yield Place(MONTH, step.definition_id, day.replace(day=1), *where), dict(counts)


def _lengths(step: Step, length: int) -> Iterator[Place]:
    month = local_day(step.ready).replace(day=1)
    at = MONTH, step.definition_id, month
    yield Place(*at, step.came_from_id, step.department_id, "", "", length)
    yield Place(*at, ANY, 0, step.diagram, step.element, length)


def _ended(step: Step, at: datetime) -> dict[str, int]:
    return {
        "ended_n": 1,
        "ended_at": seconds(at),
        "done": int(step.seq is not None),
        "cancelled": int(step.seq is None),
        "abandoned": int(step.started is None),
        "worked": step.worked,
    }


def total(steps: Iterable[Step]) -> dict[Place, dict[str, int]]:
    """The sums of some steps."""
    return _together(each for step in steps for each in adds(step))


def _together(parts: Iterable[tuple[Place, dict[str, int]]]) -> dict[Place, dict[str, int]]:
    found: dict[Place, dict[str, int]] = {}
    for place, counts in parts:
        mine = found.get(place)
        if mine is None:
            found[place] = counts
            continue
        for name, n in counts.items():
            mine[name] = mine.get(name, 0) + n
    return found


# ------------------------------------------------------------------------------------------------ what changed


@event.listens_for(UserTask, "after_insert")
def _begun(_mapper: Any, connection: Connection, task: UserTask) -> None:
    row = {name: task.__dict__.get(column, NO_VALUE) for name, column in COLUMNS.items()}
    _note(task, [], [_step(row if NO_VALUE not in row.values() else _stored(connection, task))])


@event.listens_for(UserTask, "before_update")
def _changed(_mapper: Any, connection: Connection, task: UserTask) -> None:
    state = inspect(task)
    if not any(column in state.committed_state for column in COLUMNS.values()):
        return
    before = {
        name: state.committed_state.get(column, state.dict.get(column, NO_VALUE))
        for name, column in COLUMNS.items()
    }
    if NO_VALUE in before.values():  # nobody has read it before it was changed
        before = _stored(connection, task)
    after = before | {name: state.dict[column] for name, column in COLUMNS.items() if column in state.dict}
    _note(task, [_step(before)], [_step(after)])


@event.listens_for(UserTask, "before_delete")
def _gone(_mapper: Any, connection: Connection, task: UserTask) -> None:
    _note(task, [_step(_stored(connection, task))], [])


def _stored(connection: Connection, task: UserTask) -> dict[str, Any]:
    columns = [getattr(UserTask, column).label(name) for name, column in COLUMNS.items()]
    return dict(connection.execute(select(*columns).where(UserTask.id == task.id)).one()._mapping)


def _step(row: Mapping[str, Any]) -> Step:
    numbers = {name: row[name] or 0 for name in ("department_id", "came_from_id", "came_before_id")}
    return Step(**{**row, **numbers, "due": None, "actor_id": None})


def _note(task: UserTask, before: Iterable[Step], after: Iterable[Step]) -> None:
    """Keep what a change adds and takes back until the command is over."""
    session = object_session(task)
    if session is None:
        return
    waiting = session.info.setdefault(CHANGED, {})
    for steps, sign in ((before, -1), (after, 1)):
        for place, counts in total(steps).items():
            found = waiting.setdefault(place, Counter())
            for name, n in counts.items():
                found[name] += sign * n


savepoints.guard_sums(CHANGED)


@event.listens_for(Session, "before_commit")
def _at_commit(session: Session) -> None:
    """What was changed outside a command (claiming, handing over) is added up as well."""
    session.flush()
    settle(session)


# ------------------------------------------------------------------------------------------------ adding up


def follow(session: Session, _happened: object) -> None:
    """The projection: add up what this command changed. It stands last: its rows are shared by many transactions."""
    settle(session)


def settle(session: Session) -> None:
    """Add what changed to the rows: at most one upsert a table, or nothing at all."""
    changes: Sums | None = session.info.pop(CHANGED, None)
    if changes:
        _add(session, {place: counts for place, counts in changes.items() if any(counts.values())})


def rebuild(session: Session, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Forget all roll-ups of steps and add up all tasks again. ``progress`` hears (done, all). Returns rows."""
    session.flush()
    session.info.pop(CHANGED, None)
    session.execute(delete(StepDay))
    session.execute(delete(StepWait))
    sums = _all(session, progress)
    _write(session, sums)
    session.add(StepDay(**_marked(), **dict.fromkeys(DAYS, 0)))
    session.flush()
    return len(sums)


def _marked() -> dict[str, Any]:
    place = Place(DAY, WHOLE, BEGINNING.date(), 0, 0, "", "")
    return {name: getattr(place, name) for name in PLACE}


def are_whole(session: Session) -> bool:
    """Whether the roll-ups hold everything since the beginning; not so from an upgrade until the next rebuild."""
    marked = select(StepDay.grain).where(StepDay.grain == DAY, StepDay.definition_id == WHOLE).limit(1)
    return session.scalar(marked) is not None


def compare(session: Session) -> list[tuple[Place, str, int, int]]:
    """Where roll-ups and tasks differ, looked for in both directions: (place, what, in the roll-up, in the tasks)."""
    session.flush()
    settle(session)
    mine, its = _kept(session), _all(session, None)
    found = []
    for place in sorted(mine.keys() | its.keys(), key=_order):
        one: Mapping[str, int] = mine.get(place, {})
        other: Mapping[str, int] = its.get(place, {})
        names = DAYS if place.bucket is None else LENGTHS
        found += [
            (place, name, one.get(name, 0), other.get(name, 0))
            for name in names
            if one.get(name, 0) != other.get(name, 0)
        ]
    return found


def _all(session: Session, progress: Callable[[int, int], None] | None) -> dict[Place, dict[str, int]]:
    """The sums of all tasks: what the tables hold."""
    whole = session.scalar(select(func.count()).select_from(UserTask)) or 0
    heard = (lambda done: progress(done, whole)) if progress is not None else None
    parts = step_sums.totals(session.connection(), heard)
    return _together((Place._make(place), counts) for place, counts in parts)


def _kept(session: Session) -> dict[Place, dict[str, int]]:
    found: dict[Place, dict[str, int]] = {}
    for day in session.scalars(select(StepDay).where(StepDay.definition_id != WHOLE)):
        place = Place(*(getattr(day, name) for name in PLACE))
        found[place] = {name: getattr(day, name) for name in DAYS}
    for wait in session.scalars(select(StepWait)):
        place = Place(*(getattr(wait, name) for name in PLACE))._replace(bucket=wait.bucket)
        found[place] = {name: getattr(wait, name) for name in LENGTHS}
    return found


def _add(session: Session, changes: Sums) -> None:
    """Add to the rows in the order of their keys: two transactions that share rows take them in the same order."""
    for model, names, timed in ((StepDay, DAYS, False), (StepWait, LENGTHS, True)):
        mine = {place: counts for place, counts in changes.items() if (place.bucket is not None) == timed}
        _upsert(session, model.__table__, names, mine)


def _write(session: Session, sums: Sums) -> None:
    """Put sums into empty tables."""
    for model, names, timed in ((StepDay, DAYS, False), (StepWait, LENGTHS, True)):
        table: Any = model.__table__
        nothing = dict.fromkeys(names, 0)
        rows = [
            {**_key(place, table), **nothing, **counts}
            for place, counts in sums.items()
            if (place.bucket is not None) == timed
        ]
        if rows:
            session.connection().execute(insert(table), sorted(rows, key=lambda row: tuple(row.values())[:7]))


def _upsert(session: Session, table: Any, names: tuple[str, ...], changes: Sums) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    rows = [
        {**_key(place, table), **dict.fromkeys(names, 0), **changes[place]}
        for place in sorted(changes, key=_order)
    ]
    for start in range(0, len(rows), CHUNK):
        upsert = dialect.insert(table).values(rows[start : start + CHUNK])
        sums = {name: table.c[name] + upsert.excluded[name] for name in names}
        session.execute(upsert.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums))


def _key(place: Place, table: Any) -> dict[str, Any]:
    return {name: value for name, value in place._asdict().items() if name in table.c}


def _order(place: Place) -> tuple[Any, ...]:
    return (place.bucket is not None, *place[:-1], place.bucket or 0)
