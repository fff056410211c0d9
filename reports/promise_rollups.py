"""Roll-ups of promises: what each local day added, by agreement and pair of departments, rebuilt from the rows at will.

Every number is the sum of `reports.promise_facts` over promises. They are kept in the transaction of every change: what a
promise added before and what it adds now differ by so much. Who reads them puts rights into the query: a row names both sides.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, event, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session
from sqlalchemy.orm.base import NO_VALUE

from engine.db import Base, BigId
from engine.sales.promises import Promise
from reports import savepoints
from reports.promise_facts import COLUMNS, WHATS, Key, Row, facts, took

CHANGED = "changes of promises not in the roll-ups yet"
CHUNK = 200
NAMES = (*WHATS, "n")

Place = tuple[Key, int | None]
"""A day of two sides, or with a bucket, how often something took so long on it."""

Sums = Mapping[Place, Mapping[str, int]]


class PromiseDay(Base):
    """What promises of one agreement, provider and consumer did on a local day; 0 stands for none of them.

    See `reports.promise_facts.WHATS` for what is counted. A row of zeros means nothing. Beside it stand ``timed`` rows:
    ``n`` deliveries judged that day took more than 1.05^(bucket-1) and at most 1.05^bucket seconds of work time from ready
    to delivered, pauses included; a percentile read from them (nearest rank) is at most 5 % too long. One table, so that
    a change of a promise is one statement here.
    """

    __tablename__ = "promise_days"

    agreement_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    timed: Mapped[bool] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    provider_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    consumer_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    requested: Mapped[int]
    unagreed: Mapped[int]
    ready_first: Mapped[int]
    returned: Mapped[int]
    promised_in_time: Mapped[int]
    promised_late: Mapped[int]
    kept_first: Mapped[int]
    kept_renegotiated: Mapped[int]
    broken_late: Mapped[int]
    broken_quality: Mapped[int]
    cancelled: Mapped[int]
    waived: Mapped[int]
    accepted_first_try: Mapped[int]
    accepted_in_window: Mapped[int]
    accepted_late: Mapped[int]
    n: Mapped[int]


# ------------------------------------------------------------------------------------------------ what changed


@event.listens_for(Promise, "after_insert")
def _begun(_mapper: Any, _connection: Connection, promise: Promise) -> None:
    _note(promise, {}, _sums([_row(promise)]))


@event.listens_for(Promise, "before_update")
def _changed(_mapper: Any, connection: Connection, promise: Promise) -> None:
    state = inspect(promise)
    if not any(name in state.committed_state for name in Row._fields):
        return
    before: dict[str, Any] = {
        name: state.committed_state.get(name, state.dict.get(name, NO_VALUE)) for name in Row._fields
    }
    if NO_VALUE in before.values():  # nobody has read it before it was changed
        said = connection.execute(select(*COLUMNS).where(Promise.id == promise.id)).one()
        before, after = said._asdict(), {**said._asdict(), **_known(state.dict)}
    else:
        after = {name: state.dict[name] for name in Row._fields}
    _note(promise, _sums([Row(**before)]), _sums([Row(**after)]))


@event.listens_for(Promise, "before_delete")
def _gone(_mapper: Any, connection: Connection, promise: Promise) -> None:
    said = connection.execute(select(*COLUMNS).where(Promise.id == promise.id)).first()
    if said is not None:
        _note(promise, _sums([Row._make(said)]), {})


def _known(loaded: Mapping[str, Any]) -> dict[str, Any]:
    return {name: loaded[name] for name in Row._fields if name in loaded}


def _row(promise: Promise) -> Row:
    return Row._make(getattr(promise, name) for name in Row._fields)


def _note(promise: Promise, before: Sums, after: Sums) -> None:
    """Keep what a change adds and takes back until the command is over."""
    session = object_session(promise)
    if session is None:
        return
    waiting = session.info.setdefault(CHANGED, {})
    for sums, sign in ((before, -1), (after, 1)):
        for place, counts in sums.items():
            found = waiting.setdefault(place, Counter())
            for name, n in counts.items():
                found[name] += sign * n


savepoints.guard_sums(CHANGED)


@event.listens_for(Session, "before_commit")
def _at_commit(session: Session) -> None:
    """What was changed outside a command (imports, the clock) is added up as well."""
    session.flush()
    settle(session)


# ------------------------------------------------------------------------------------------------ adding up


def follow(session: Session, _happened: object) -> None:
    """The projection: add up what this command changed. It stands last: its rows are shared by many transactions."""
    settle(session)


def settle(session: Session) -> None:
    """Add what changed to the rows: one upsert, or nothing at all."""
    changes: Sums | None = session.info.pop(CHANGED, None)
    if changes:
        _add(session, {place: counts for place, counts in changes.items() if any(counts.values())})


def rebuild(session: Session, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Forget all roll-ups of promises and add up all promises again. ``progress`` hears (done, all). Returns rows."""
    session.flush()
    session.info.pop(CHANGED, None)
    session.execute(delete(PromiseDay))
    sums = _sums(_all(session, progress))
    _add(session, sums)
    return len(sums)


def compare(session: Session) -> list[tuple[Place, str, int, int]]:
    """Where roll-ups and promises differ, looked for in both directions: (place, what, in the roll-up, in the rows)."""
    session.flush()
    settle(session)
    mine: Sums = _kept(session)
    its: Sums = _sums(_all(session, None))
    found = []
    for place in sorted(
        mine.keys() | its.keys(), key=lambda each: (each[0], -1 if each[1] is None else each[1])
    ):
        one: Mapping[str, int] = mine.get(place, {})
        other: Mapping[str, int] = its.get(place, {})
        names = [name for name in NAMES if one.get(name, 0) != other.get(name, 0)]
        found += [(place, name, one.get(name, 0), other.get(name, 0)) for name in names]
    return found


def _all(session: Session, progress: Callable[[int, int], None] | None) -> Iterator[Row]:
    whole = session.scalar(select(func.count()).select_from(Promise)) or 0
    rows = session.execute(select(*COLUMNS).order_by(Promise.id).execution_options(yield_per=2000))
    for done, row in enumerate(rows, 1):
        yield Row._make(row)
        if progress is not None and (done % 500 == 0 or done == whole):
            progress(done, whole)


def _sums(rows: Iterable[Row]) -> dict[Place, Counter[str]]:
    found: dict[Place, Counter[str]] = {}
    for row in rows:
        for what, key in facts(row):
            found.setdefault((key, None), Counter())[what] += 1
        lasted = took(row)
        if lasted is not None:
            found.setdefault(lasted, Counter())["n"] += 1
    return found


def _kept(session: Session) -> dict[Place, dict[str, int]]:
    found: dict[Place, dict[str, int]] = {}
    for row in session.scalars(select(PromiseDay)):
        key = Key(row.agreement_id, row.day, row.provider_id, row.consumer_id)
        found[key, row.bucket if row.timed else None] = {name: getattr(row, name) for name in NAMES}
    return found


def _add(session: Session, changes: Sums) -> None:
    """Add to the rows in the order of their keys: two transactions that share rows take them in the same order."""
    table: Any = PromiseDay.__table__
    rows = sorted((_values(place, counts) for place, counts in changes.items()), key=_order)
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    for start in range(0, len(rows), CHUNK):
        insert = dialect.insert(table).values(rows[start : start + CHUNK])
        sums = {name: table.c[name] + insert.excluded[name] for name in NAMES}
        session.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums))


def _values(place: Place, counts: Mapping[str, int]) -> dict[str, Any]:
    key, bucket = place
    where = {"timed": bucket is not None, "bucket": bucket or 0}
    return {**key._asdict(), **where, **dict.fromkeys(NAMES, 0), **counts}


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in PromiseDay.__table__.primary_key)
