"""Bringing a history in: the file is read and checked whole, then written in one transaction or not at all."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import calendars, history
from engine.db import Base
from engine.people import Person
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.sales.ladders import Move
from engine.sales.past import events, ladder, maps, staging, wrong
from engine.sales.past.events import Cases
from engine.sales.past.files import Heard, Log
from engine.sales.past.maps import Map
from engine.sales.past.names import Names
from engine.sales.past.paths import Moved, Step, Told, tell
from engine.sales.past.rows import Import, ImportedCase, ImportedStep
from engine.sales.past.writing import Stored, hold, put, reserve, stored

CAUSE = "import"
SHARE = 2000
"""Cases told and written before the next."""
OUTCOMES = {"suspended": "open"}

INSTANCES = (
    "id", "definition_id", "process", "business_key", "title", "owner_id", "state", "version", "seq",
    "started_at", "ended_at", "outcome",
)  # fmt: skip
CASES = ("instance_id", "import_id", "digest", "department_id", "owner_id", "product", "product_id")
STEPS = (
    "instance_id", "seq", "activity", "ready_at", "started_at", "ended_at", "outcome", "actor", "person_id",
    "department", "department_id", "amount", "currency", "reason",
)  # fmt: skip
MOVES = (
    "item", "seq", "ladder", "ladder_version", "kind", "from_stage", "to_stage", "from_rank", "to_rank", "at", "day",
    "recorded_at", "dwell", "actor_id", "owner_id", "department_id", "amount", "currency", "probability_after",
    "reason", "note", "causing_department_id", "definition_id", "instance_id", "event_seq", "cause",
)  # fmt: skip

TABLES: tuple[tuple[type[Base], tuple[str, ...]], ...] = (
    (Instance, INSTANCES), (ImportedCase, CASES), (ImportedStep, STEPS), (Move, MOVES),
)  # fmt: skip
"""What an import writes, in the order in which rows name each other."""
NAMES = tuple(str(model.__tablename__) for model, _ in TABLES)


@dataclass(frozen=True)
class Checked:
    """A file that can be imported: its cases by name, what its activities are. Made by `check`."""

    name: str
    sha256: str
    text: str
    chosen: Map
    cases: Cases = field(repr=False)
    activities: dict[str, int] = field(repr=False)

    @property
    def count(self) -> int:
        """How many events it holds."""
        return sum(self.activities.values())


@dataclass(slots=True)
class Counts:
    """What an import found: events and cases of the file, cases that are new and known here, steps and moves written."""

    events: int = 0
    cases: int = 0
    new: int = 0
    known: int = 0
    steps: int = 0
    moves: int = 0

    def plain(self) -> dict[str, int]:
        """The same by name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True)
class Staged:
    """The new cases of a file as rows that wait to be copied: what was counted, how many cases were here then."""

    counts: Counts
    before: int


def check(log: Log, text: str, *, now: datetime, heard: Heard | None = None) -> Checked:
    """Read the whole file by the map. Raises what is wrong with the map or the file, Rows for wrong rows."""
    chosen = maps.read(text)
    with _uncollected():
        cases, ledger = events.read(log, chosen, now=now, heard=heard)
        found = events.activities(cases)
    ledger.check()
    events.stands(found, chosen)
    return Checked(log.name, log.digest(), text, chosen, cases, found)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Millions of rows without a cycle among them: looking for cycles again and again takes a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def same(session: Session, sha256: str, chosen: Map) -> Import | None:
    """The import that brought in the same file by the same map."""
    query = select(Import).where(
        Import.sha256 == sha256,
        Import.ladder == chosen.ladder,
        Import.meaning == chosen.meaning,
        Import.status == "done",
    )
    return session.scalars(query.order_by(Import.id).limit(1)).first()


def fit(session: Session, chosen: Map) -> None:
    """Raises LadderTaken, LadderDiffers, DepartmentUnknown when what is here does not let this map in."""
    ladder.check(session, chosen)
    Names(session, chosen)


def rehearse(session: Session, checked: Checked) -> Counts:
    """What importing would write; changes nothing. Raises what `bring` raises."""
    fit(session, checked.chosen)
    counts = Counts(events=checked.count, cases=len(checked.cases))
    for _, told in _new(session, checked, counts):
        counts.steps += len(told.steps)
        counts.moves += len(told.moves)
    return counts


def begin(session: Session, checked: Checked, *, by: Person | None, now: datetime) -> Import:
    """The row of an import that is carried out at once."""
    made = Import(
        ladder=checked.chosen.ladder,
        title=checked.chosen.title.pl,
        file_name=checked.name[:200],
        sha256=checked.sha256,
        map=checked.text,
        meaning=checked.chosen.meaning,
        status="running",
        counts={},
        wrong=[],
        by_id=by.id if by else None,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def stage(session: Session, checked: Checked, *, heard: Heard | None = None) -> Staged | None:
    """Make the rows of the new cases, locking nobody out; None where that is not needed. See `staging.alone`.

    ``heard`` is told how many cases are done. Raises what `bring` raises.
    """
    if not staging.is_needed(session):
        return None
    fit(session, checked.chosen)
    before = _count(session, checked.chosen.ladder)
    counts = Counts(events=checked.count, cases=len(checked.cases))
    tables = tuple(staging.lay(session, model, columns) for model, columns in TABLES)
    scribe = Scribe(session, checked.chosen, tables)
    with _uncollected():
        for share in _shares(session, checked, counts, heard):
            scribe.write(range(counts.new - len(share) + 1, counts.new + 1), share, counts)
    return Staged(counts, before)


def bring(
    session: Session,
    made: Import,
    checked: Checked,
    *,
    by: Person | None,
    now: datetime,
    heard: Heard | None = None,
    staged: Staged | None = None,
) -> Counts:
    """Write the new cases of a checked file with their steps and moves, in this transaction.

    Rows ``staged`` on this connection are only copied, unless the ladder got other cases meanwhile. ``heard`` is told
    how many cases are done. Cases that are here already stay as they are. Raises LadderTaken, LadderDiffers,
    DepartmentUnknown, CasesChanged.
    """
    hold(session, checked.chosen.ladder)
    ladder.check(session, checked.chosen)
    if staged is not None and staged.before == _count(session, checked.chosen.ladder):
        counts = staged.counts
        definition = _copy(session, made, checked, counts, by=by, now=now)
    else:
        counts, definition = _write(session, made, checked, by=by, now=now, heard=heard)
    made.status, made.at, made.leased_until = "done", now, None
    made.counts, made.definition_id = counts.plain(), definition.id if definition else None
    what = {"ladder": made.ladder, "file": made.file_name, **counts.plain()}
    history.record(session, "history_imported", at=now, actor=by, subject=f"import:{made.id}", data=what)
    session.flush()
    return counts


def _copy(
    session: Session, made: Import, checked: Checked, counts: Counts, *, by: Person | None, now: datetime
) -> Definition | None:
    """Copy the rows that wait."""
    if not counts.new:
        return None
    definition = ladder.define(session, checked.chosen, checked.activities, by=by, now=now)
    base = reserve(session, Instance, counts.new)[0] - 1
    known = {"base": base, "definition": definition.id, "version": definition.version, "import": made.id}
    for model, columns in TABLES:
        staging.copy(session, model, columns, known)
    return definition


def _write(
    session: Session, made: Import, checked: Checked, *, by: Person | None, now: datetime, heard: Heard | None
) -> tuple[Counts, Definition | None]:
    """Make the rows and write them, a share at a time."""
    counts = Counts(events=checked.count, cases=len(checked.cases))
    definition, scribe = None, None
    with _uncollected():
        for share in _shares(session, checked, counts, heard):
            if definition is None:
                definition = ladder.define(session, checked.chosen, checked.activities, by=by, now=now)
            scribe = scribe or Scribe(session, checked.chosen, made=made, definition=definition)
            scribe.write(reserve(session, Instance, len(share)), share, counts)
    return counts, definition


def _shares(
    session: Session, checked: Checked, counts: Counts, heard: Heard | None
) -> Iterator[list[tuple[str, Told]]]:
    """The new cases, a share at a time; counts them and tells how far it is."""
    new = _new(session, checked, counts)
    while share := list(islice(new, SHARE)):
        yield share
        if heard is not None:
            heard(counts.new + counts.known, counts.cases)


def _count(session: Session, process: str) -> int:
    """How many cases of a ladder are here. They are never dropped, so an equal number is the same cases."""
    return session.scalar(select(func.count()).where(Instance.process == process)) or 0


def _new(session: Session, checked: Checked, counts: Counts) -> Iterator[tuple[str, Told]]:
    """The cases that are not here yet, told one by one; counts them. Raises CasesChanged before the first."""
    known = _known(session, checked.chosen.ladder)
    changed = [
        name
        for name, digest in known.items()
        if name in checked.cases and tell(checked.cases[name], checked.chosen).digest != digest
    ]
    if changed:
        raise wrong.CasesChanged(count=len(changed), names=wrong.short(changed, wrong.LISTED), field="file")
    for name, found in checked.cases.items():
        if name in known:
            counts.known += 1
        else:
            counts.new += 1
            yield name, tell(found, checked.chosen)


def _known(session: Session, process: str) -> dict[str, str]:
    """The digests of the cases of a ladder by their names."""
    query = (
        select(Instance.business_key, ImportedCase.digest)
        .join(ImportedCase, ImportedCase.instance_id == Instance.id)
        .where(Instance.process == process)
    )
    return {str(name): digest for name, digest in session.execute(query)}


class Scribe:
    """Writes told cases as rows of `TABLES`, or into tables laid for them before import and version are known."""

    def __init__(
        self,
        session: Session,
        chosen: Map,
        tables: Sequence[str] = NAMES,
        *,
        made: Import | None = None,
        definition: Definition | None = None,
    ) -> None:
        self._session, self._chosen, self._tables = session, chosen, tables
        self._import = made.id if made else None
        self._definition = definition.id if definition else None
        self._version = definition.version if definition else None
        self._names: Names = Names(session, chosen)
        self._as: Stored = stored(session)
        self._days: dict[datetime, Any] = {}

    def write(self, ids: Sequence[int], share: list[tuple[str, Told]], counts: Counts) -> None:
        """Write a share of cases under these numbers and count what was written."""
        found = [(id_, name, told) for id_, (name, told) in zip(ids, share, strict=True)]
        instances, cases, steps, moves = self._tables
        put(self._session, instances, INSTANCES, (self._instance(*each) for each in found))
        put(self._session, cases, CASES, (self._case(id_, told) for id_, _, told in found))
        counts.steps += put(self._session, steps, STEPS, self._steps(found))
        counts.moves += put(self._session, moves, MOVES, self._moves(found))

    def _instance(self, id_: int, name: str, told: Told) -> tuple[Any, ...]:
        moment = self._as.moment
        outcome = OUTCOMES.get(told.outcome, told.outcome) or None
        owner = self._names.person(told.owner)
        last = max(told.last, told.first)
        return (
            id_, self._definition, self._chosen.ladder, name, name, owner, b"", 1, 0,
            moment(told.first), moment(last), outcome,
        )  # fmt: skip

    def _case(self, id_: int, told: Told) -> tuple[Any, ...]:
        names = self._names
        unit, owner = names.department(told.department), names.person(told.owner)
        return (id_, self._import, told.digest, unit, owner, told.product, names.product(told.product))

    def _steps(self, found: list[tuple[int, str, Told]]) -> Iterator[tuple[Any, ...]]:
        names, moment, money = self._names, self._as.moment, self._as.money
        for id_, _, told in found:
            for seq, step in enumerate(told.steps, 1):
                yield self._step(id_, seq, step, names, moment, money)

    @staticmethod
    def _step(
        id_: int,
        seq: int,
        step: Step,
        names: Names,
        moment: Callable[[datetime | None], Any],
        money: Callable[[int | None], Any],
    ) -> tuple[Any, ...]:
        activity, ready, started, ended, outcome, actor, unit, amount, currency, reason = step
        return (
            id_, seq, activity, moment(ready), moment(started), moment(ended), outcome, actor, names.person(actor),
            unit, names.department(unit), money(amount), currency, reason,
        )  # fmt: skip

    def _moves(self, found: list[tuple[int, str, Told]]) -> Iterator[tuple[Any, ...]]:
        for id_, _, told in found:
            for seq, move in enumerate(told.moves, 1):
                yield self._move(id_, seq, move)

    def _day(self, at: datetime) -> Any:
        """The local day; within an hour it does not change."""
        hour = at.replace(minute=0, second=0, microsecond=0)
        found = self._days.get(hour)
        if found is None:
            found = self._days[hour] = self._as.day(calendars.local_day(hour.replace(tzinfo=UTC)))
        return found

    def _move(self, id_: int, seq: int, move: Moved) -> tuple[Any, ...]:
        names, at = self._names, self._as.moment(move.at)
        day = self._day(move.at)
        chance = {"won": 100, "lost": 0}.get(move.kind)
        return (
            f"case:{id_}", seq, self._chosen.ladder, self._version, move.kind, move.from_stage,
            move.to_stage, move.from_rank, move.to_rank, at, day, at, move.dwell, names.person(move.actor),
            names.person(move.owner), names.department(move.department), self._as.money(move.amount), move.currency,
            chance, move.reason, move.note, names.department(move.causing), self._definition, id_, move.step, CAUSE,
        )  # fmt: skip
