"""Roll-ups: sums of moves by day, kept beside the log in the transaction of every move, rebuilt from it at will.

Every row is a pure function of the log (`reports.movements.tally`). A row whose sums are all zero means nothing.
Only views of the whole company as of now may read them: they know nothing of rights, owners or the past's past.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby, islice
from typing import Any, TypeVar

from sqlalchemy import BigInteger, String, and_, delete, event, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column, object_session

from engine.db import Base, BigId
from engine.sales.ladders import Move
from reports.movements import Buckets, Fact, Key, Total, tally, tell
from reports.periods import Period

T = TypeVar("T")
FRESH = "moves not in the roll-ups yet"
ELSEWHERE = frozenset({"promise"})
"""Ladders that have roll-ups of their own (`reports.promise_rollups`): their moves are in none of these."""
CHUNK = 500
TAIL = 8
"""How many of an item's earlier moves are read first: enough unless somebody corrected again and again."""


class DayRollup(Base):
    """What movements of one day, department, positions and kind add up to; empty positions and 0 where there is none.

    ``kind`` may be ``mistaken`` (a move undone by a correction). ``dwell`` is seconds, ``money`` and ``gain``
    hundredths of the currency; see `reports.movements.Movement`.
    """

    __tablename__ = "rollup_days"

    ladder: Mapped[str] = mapped_column(String(120), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    from_stage: Mapped[str] = mapped_column(String(60), primary_key=True)
    to_stage: Mapped[str] = mapped_column(String(60), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    n: Mapped[int]
    dwell: Mapped[int] = mapped_column(BigInteger)
    money: Mapped[int] = mapped_column(BigInteger)
    gain: Mapped[int] = mapped_column(BigInteger)


@event.listens_for(Move, "after_insert")
def _notice(_mapper: Any, _connection: Any, move: Move) -> None:
    session = object_session(move)
    if session is not None:
        session.info.setdefault(FRESH, {})[move.id] = (move.item, move.seq)


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What was rolled back never happened; a savepoint's rollback leaves the moves before it to be added up."""
    if transaction.parent is None:
        session.info.pop(FRESH, None)


@event.listens_for(Session, "before_commit")
def _at_commit(session: Session) -> None:
    """Moves written outside a command (imports, corrections) are added up as well."""
    if session.info.get(FRESH) or any(isinstance(row, Move) for row in session.new):
        session.flush()
        settle(session)


def follow(session: Session, _happened: object) -> None:
    """The projection: add up the moves that this command caused. It stands last in the wiring, so that the rows
    that many transactions share are held for the shortest time."""
    settle(session)


def settle(session: Session) -> None:
    """Add up every move of this session that is not in the roll-ups yet: one query, one upsert, or nothing at all.

    What changes is the difference between the item's sums with and without the new moves, so that a correction
    takes back what the mistake had added. The item's last moves say it: the cost does not grow with its age.
    """
    fresh: dict[int, tuple[str, int]] | None = session.info.pop(FRESH, None)
    if not fresh:
        return
    first: dict[str, int] = {}
    for item, seq in fresh.values():
        first[item] = min(seq, first.get(item, seq))
    rows = _since(session, {item: seq - TAIL for item, seq in first.items()})
    if not all(_tells_enough(facts, fresh) for _, facts in rows):
        rows = _since(session, dict.fromkeys(first, 0))
    changes: dict[tuple[str, Key], Total] = {}
    for ladder, facts in rows:
        known = tally(tell(fact for fact in facts if fact.id not in fresh))
        for key, total in _difference(tally(tell(facts)), known).items():
            place = (ladder, key)
            changes[place] = changes.get(place, Total()).plus(total)
    _add(session, changes)


def _since(session: Session, seqs: Mapping[str, int]) -> list[tuple[str, list[Fact]]]:
    """The moves of these items from a number on, item by item, each with its ladder."""
    wanted = or_(*(and_(Move.item == item, Move.seq >= seq) for item, seq in sorted(seqs.items())))
    rows = session.execute(
        select(Move.ladder, *_columns()).where(wanted).order_by(Move.item, Move.ladder, Move.seq)
    ).all()
    parts = groupby(rows, key=lambda row: (row[0], row.item))
    return [(ladder, [Fact._make(row[1:]) for row in group]) for (ladder, _), group in parts]


def _tells_enough(facts: Sequence[Fact], fresh: Container[int]) -> bool:
    """Whether a move that counts stands before the first one that changes: the sums before it stay as they are."""
    if facts[0].seq == 1:
        return True
    undone = {fact.corrects_id for fact in facts}
    changed = {fact.corrects_id for fact in facts if fact.id in fresh}
    for fact in facts:
        if fact.id in fresh or fact.id in changed:
            return False
        if fact.kind != "corrected" and fact.id not in undone:
            return True
    return False


def read(session: Session, ladder: str, period: Period) -> Buckets:
    """The buckets of a period, the whole company as of now."""
    query = select(DayRollup).where(
        DayRollup.ladder == ladder,
        DayRollup.day >= period.start,
        DayRollup.day < period.end,
        DayRollup.n != 0,
    )
    return {_key(row): _total(row) for row in session.scalars(query)}


def rebuild(session: Session, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Forget all roll-ups and add up the whole log again. ``progress`` hears (moves done, all moves). Returns rows."""
    session.flush()
    session.info.pop(FRESH, None)
    session.execute(delete(DayRollup))
    sums = _summed(session, progress)
    _add(session, sums)
    return len(sums)


def compare(session: Session) -> list[tuple[str, Key, Total, Total]]:
    """Where roll-ups and log differ, looked for in both directions: (ladder, key, in the roll-up, in the log)."""
    settle(session)
    kept = {(row.ladder, _key(row)): _total(row) for row in session.scalars(select(DayRollup))}
    told = _summed(session)
    nothing = Total()
    pairs = ((place, kept.get(place, nothing), told.get(place, nothing)) for place in sorted(kept | told))
    return [(ladder, key, mine, its) for (ladder, key), mine, its in pairs if mine != its]


def _columns() -> list[Any]:
    return [getattr(Move, name) for name in Fact._fields]


def _summed(
    session: Session, progress: Callable[[int, int], None] | None = None
) -> dict[tuple[str, Key], Total]:
    """The whole log added up, item by item."""
    sums: defaultdict[tuple[str, Key], Total] = defaultdict(Total)
    here = Move.ladder.not_in(ELSEWHERE)
    whole, done = session.scalar(select(func.count()).select_from(Move).where(here)) or 0, 0
    for ladder in session.scalars(select(Move.ladder).where(here).distinct().order_by(Move.ladder)).all():
        for facts in _items(session, ladder):
            for key, total in tally(tell(facts)).items():
                sums[ladder, key] = sums[ladder, key].plus(total)
            done += len(facts)
            if progress is not None:
                progress(done, whole)
    return dict(sums)


def _items(session: Session, ladder: str) -> Iterator[list[Fact]]:
    """The histories of the ladder's items, one at a time, without holding them all."""
    query = select(*_columns()).where(Move.ladder == ladder).order_by(Move.item, Move.seq)
    rows = session.execute(query.execution_options(yield_per=2000))
    for _, group in groupby((Fact._make(row) for row in rows), key=lambda fact: fact.item):
        yield list(group)


def _difference(new: Buckets, old: Buckets) -> Buckets:
    changed = {key: new.get(key, Total()).plus(old.get(key, Total()), -1) for key in new.keys() | old.keys()}
    return {key: total for key, total in changed.items() if any(total)}


def _add(session: Session, changes: dict[tuple[str, Key], Total]) -> None:
    """Add to the rows in the order of their keys: two transactions that share rows take them in the same order."""
    table: Any = DayRollup.__table__
    values = [
        dict(zip(table.c.keys(), (ladder, *key, *total), strict=True))
        for (ladder, key), total in sorted(changes.items())
    ]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    for part in _chunks(values):
        insert = dialect.insert(table).values(part)
        sums = {name: table.c[name] + insert.excluded[name] for name in Total._fields}
        session.execute(insert.on_conflict_do_update(index_elements=list(table.primary_key), set_=sums))


def _chunks(values: Iterable[T]) -> Iterator[Sequence[T]]:
    rest = iter(values)
    while part := list(islice(rest, CHUNK)):
        yield part


def _key(row: DayRollup) -> Key:
    return Key(row.day, row.department_id, row.from_stage, row.to_stage, row.kind)


def _total(row: DayRollup) -> Total:
    return Total(row.n, row.dwell, row.money, row.gain)
