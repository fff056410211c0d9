"""The SQL of reports: the same movements as `reports.movements`, told and grouped by the database.

Every query starts from what the viewer may see. Department and owner are those of the move, the right is that of now.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from engine import access
from engine.people import Department, Person
from engine.process.definitions import Definition
from engine.sales import promises
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from reports.movements import (
    HANDED_OVER,
    MISTAKEN,
    OPENING,
    OUTSIDE,
    RED,
    TAKEN_OVER,
    Buckets,
    Fact,
    Key,
    Total,
)
from reports.periods import Period

PROMISES = promises.LADDER
WENT_TO = "went_to_"
ANY, NONE = "*", "-"
"""As ``left`` or ``entered`` of a cut: any open position, no open position."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose moves on which ladder a report is about; made by `scope`. Without a viewer nothing is hidden.

    ``as_of`` hides what was recorded later. ``department_ids`` and ``owner_id`` are of the moment of each move.
    """

    ladder: str
    viewer: Person | None = None
    as_of: datetime | None = None
    department_ids: frozenset[int] | None = None
    owner_id: int | None = None
    items: Select[Any] | None = None
    """Only these items (a section's, a product's): a selection of item keys."""

    @property
    def is_whole(self) -> bool:
        """Whether it is everything known now about the whole company: only this may be read from roll-ups."""
        return self == Scope(self.ladder)


@dataclass(frozen=True, slots=True)
class Cut:
    """Which movements a number counts: the same cut lists them. Empty conditions do not narrow."""

    period: Period
    kinds: tuple[str, ...] = ()
    left: str | None = None
    entered: str | None = None
    unit: int | None = None
    owner: int | None = None
    cause: int | None = None
    reason: str | None = None


def scope(
    session: Session,
    ladder: str,
    *,
    viewer: Person | None,
    as_of: datetime | None = None,
    department_ids: Collection[int] | None = None,
    owner_id: int | None = None,
    items: Select[Any] | None = None,
) -> Scope:
    """The scope of a viewer; None is the system itself. One whose rights hide nothing is not narrowed."""
    hidden = viewer if viewer is not None and not _sees_all(session, viewer, ladder) else None
    ids = None if department_ids is None else frozenset(department_ids)
    return Scope(ladder, hidden, as_of, ids, owner_id, items)


def _sees_all(session: Session, viewer: Person, ladder: str) -> bool:
    """Whether no move on the ladder is hidden from this person: a director above every department, or at least above
    every department that leads a deal. No move need be looked at, and one deal at most of each other department."""
    if not viewer.has("director"):
        return False
    beyond = select(Department.id).where(Department.id.not_in(access.departments(viewer)))
    if session.scalar(beyond.limit(1)) is None:
        return True
    if (
        ladder == PROMISES
        or session.scalar(select(Definition.id).where(_is_past(ladder)).limit(1)) is not None
    ):
        return False
    theirs = select(Deal.id).where(Deal.department_id.in_(beyond))
    return session.scalar(theirs.limit(1)) is None


def _is_past(ladder: str) -> ColumnElement[bool]:
    return and_(Definition.process == ladder, Definition.kind == "imported")


def first_day(session: Session, scope: Scope) -> date | None:
    """The day the ladder's history begins."""
    return session.scalar(select(func.min(Move.day)).where(Move.ladder == scope.ladder))


def was_met(session: Session, ladder: str, stage: str) -> bool:
    """Whether any move of the ladder, of whatever version, has to do with this stage."""
    here = or_(Move.from_stage == stage, Move.to_stage == stage)
    return session.scalar(select(Move.id).where(Move.ladder == ladder, here).limit(1)) is not None


def facts(scope: Scope, *, items: Select[Any] | None = None) -> Select[Any]:
    """The moves of the scope as `Fact` columns, whoever owned them; ``items`` narrows to some items."""
    query = select(*(getattr(Move, name) for name in Fact._fields)).where(Move.ladder == scope.ladder)
    if scope.as_of is not None:
        query = query.where(Move.recorded_at <= scope.as_of)
    if scope.viewer is not None:
        query = query.where(access.visible(scope.viewer, Move))
    if scope.items is not None:
        query = query.where(Move.item.in_(scope.items))
    return query if items is None else query.where(Move.item.in_(items))


def _shaped(scope: Scope, *more: ColumnElement[bool]) -> CTE:
    """The moves of the scope with ``told`` (the kind, mistakes marked), ``outside``, ``money`` and ``entered``.

    ``more`` narrows them before they are looked at; what an item did before cannot be told from them then.
    """
    fact = facts(scope).where(*more).cte("facts")
    known = facts(scope).subquery() if more else fact
    corrected = select(known.c.corrects_id).where(known.c.corrects_id.is_not(None))
    kind = case(
        (fact.c.kind == "corrected", fact.c.kind),
        (fact.c.id.in_(corrected), literal(MISTAKEN)),
        else_=fact.c.kind,
    )
    outside = case((kind.in_(OUTSIDE), 1), else_=0)
    money = cast(func.round(func.coalesce(fact.c.amount, 0) * 100), BigInteger)
    entered = case(
        (outside == 1, ""),
        (fact.c.kind == "resumed", func.coalesce(fact.c.to_stage, fact.c.from_stage, "")),
        (fact.c.kind.in_((*OPENING, "rerouted")), func.coalesce(fact.c.to_stage, "")),
        else_="",
    )
    return select(
        *fact.c, kind.label("told"), outside.label("outside"), money.label("money"), entered.label("entered")
    ).cte("shaped")


def movements(scope: Scope) -> CTE:
    """Every movement of the scope: the columns of `Fact`, ``told`` (its kind), left, entered, money, gain."""
    shaped = _shaped(scope)

    def before(column: Any) -> ColumnElement[Any]:
        return func.lag(column).over(partition_by=[shaped.c.item, shaped.c.outside], order_by=shaped.c.seq)

    chained = select(
        *shaped.c,
        before(shaped.c.entered).label("was_on"),
        before(shaped.c.money).label("was_worth"),
        before(shaped.c.department_id).label("was_department"),
        before(shaped.c.owner_id).label("was_owner"),
    ).cte("chained")
    was_open = and_(chained.c.outside == 0, func.coalesce(chained.c.was_on, "") != "")
    left = case((was_open, func.coalesce(chained.c.from_stage, "")), else_="")
    gain = case((and_(was_open, left != ""), chained.c.money - chained.c.was_worth), else_=0)
    every = select(*chained.c, left.label("left"), gain.label("gain")).cte("every")
    return every if scope.department_ids is None and scope.owner_id is None else _within(every, scope)


def _within(every: CTE, scope: Scope) -> CTE:
    """Narrow to a department or owner and add who took over and handed over; see `reports.movements.within`."""
    mine = _is_mine(every.c.department_id, every.c.owner_id, scope)
    was_mine = _is_mine(every.c.was_department, every.c.was_owner, scope)
    worth = every.c.money - every.c.gain
    names = ("told", "left", "entered", "money", "gain")
    kept = [column for column in every.c if column.key not in names]

    def rows(told: Any, left: Any, entered: Any, money: Any, gain: Any) -> Select[Any]:
        values = zip(names, (told, left, entered, money, gain), strict=True)
        return select(*kept, *(value.label(name) for name, value in values))

    nothing, zero = literal("", String), literal(0, BigInteger)
    own = rows(every.c.told, every.c.left, every.c.entered, every.c.money, every.c.gain).where(mine)
    taken = rows(literal(TAKEN_OVER), nothing, every.c.left, worth, zero)
    handed = rows(literal(HANDED_OVER), every.c.left, nothing, worth, zero)
    return union_all(
        own,
        taken.where(mine, ~was_mine, every.c.left != ""),
        handed.where(~mine, was_mine, every.c.left != ""),
    ).cte("within")


def _is_mine(department: Any, owner: Any, scope: Scope) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if scope.department_ids is not None:
        conditions.append(func.coalesce(department, 0).in_(scope.department_ids))
    if scope.owner_id is not None:
        conditions.append(func.coalesce(owner, 0) == scope.owner_id)
    return and_(*conditions)


def grouped(session: Session, scope: Scope, period: Period, *, by_owner: bool = False) -> Buckets:
    """The buckets of the movements in a period; equals `reports.movements.tally`."""
    move = movements(scope)
    unit = func.coalesce(move.c.owner_id if by_owner else move.c.department_id, 0)
    key = (move.c.day, unit, move.c.left, move.c.entered, move.c.told)
    own = move.c.told.not_in((TAKEN_OVER, HANDED_OVER))
    dwell = func.sum(case((own, func.coalesce(move.c.dwell, 0)), else_=0))
    sums = (func.count(), dwell, func.sum(move.c.money), func.sum(move.c.gain))
    query = select(*key, *sums).where(*_days(move, period)).group_by(*key)
    return {Key(*row[:5]): Total(*(int(value) for value in row[5:])) for row in session.execute(query)}


def positions(session: Session, scope: Scope, before: date) -> dict[str, Total]:
    """What stood on each open position when the day ``before`` began; equals `reports.movements.standing`."""
    last = _standing(scope, before).subquery()
    query = select(last.c.entered, func.count(), func.sum(last.c.money)).group_by(last.c.entered)
    return {stage: Total(n, 0, int(money)) for stage, n, money in session.execute(query)}


def idle(session: Session, scope: Scope, before: date, limits: Mapping[str, date]) -> dict[str, Total]:
    """Of what stood on each stage when the day began, what had not moved since before the stage's limit."""
    last = _standing(scope, before).subquery()
    query = select(last.c.entered, func.count(), func.sum(last.c.money)).where(_rests(last, limits))
    found = session.execute(query.group_by(last.c.entered))
    return {stage: Total(n, 0, int(money)) for stage, n, money in found}


def _rests(last: Any, limits: Mapping[str, date]) -> ColumnElement[bool]:
    rested = (and_(last.c.entered == stage, last.c.day < limit) for stage, limit in limits.items())
    return or_(false(), *rested)


def _standing(scope: Scope, before: date) -> Select[Any]:
    """The last move of each item that stood on an open position when the day began."""
    move = _shaped(scope, Move.day < before)
    place = func.row_number().over(partition_by=move.c.item, order_by=move.c.seq.desc())
    last = select(*move.c, place.label("place")).where(move.c.outside == 0).cte("last")
    mine = _is_mine(last.c.department_id, last.c.owner_id, scope)
    return select(*last.c).where(last.c.place == 1, last.c.entered != "", mine)


def causes(session: Session, scope: Scope, period: Period) -> list[tuple[int, str, str, int, int]]:
    """Red movements as (causing department or 0, reason or "", kind, n, money), the most first."""
    move = _shaped(scope, Move.day >= period.start, Move.day < period.end, Move.kind.in_(RED))
    key = (func.coalesce(move.c.causing_department_id, 0), _reason(move, scope.ladder), move.c.told)
    query = (
        select(*key, func.count(), func.sum(move.c.money))
        .where(move.c.told.in_(RED), _is_mine(move.c.department_id, move.c.owner_id, scope))
        .group_by(*key)
        .order_by(func.count().desc(), *key)
    )
    return [(cause, reason, kind, n, int(money)) for cause, reason, kind, n, money in session.execute(query)]


def listed(scope: Scope, cut: Cut) -> Select[Any]:
    """The movements that a number of the report counts, the newest first."""
    move = movements(scope)
    query = select(*move.c).where(*_days(move, cut.period), *_conditions(move, scope.ladder, cut))
    return query.order_by(move.c.at.desc(), move.c.id.desc(), move.c.told)


def stood(
    scope: Scope, before: date, stage: str | None = None, limits: Mapping[str, date] | None = None
) -> Select[Any]:
    """The items that stood open when the day began, each by the movement that brought it there; with ``limits`` only
    those that had not moved since before their stage's."""
    last = _standing(scope, before).subquery()
    query = select(*last.c).order_by(last.c.at.desc(), last.c.id.desc())
    if limits is not None:
        query = query.where(_rests(last, limits))
    return query if stage is None else query.where(last.c.entered == stage)


def chosen(scope: Scope, ids: Collection[int]) -> Select[Any]:
    """These moves of the scope's ladder, the newest first: what a cell of the funnel lists."""
    open_scope = Scope(scope.ladder, scope.viewer, scope.as_of)
    move = movements(open_scope)
    query = select(*move.c).where(move.c.id.in_(ids) if ids else false())
    return query.order_by(move.c.at.desc(), move.c.id.desc())


def _days(move: CTE, period: Period) -> tuple[ColumnElement[bool], ...]:
    return move.c.day >= period.start, move.c.day < period.end


def _reason(move: CTE, ladder: str) -> ColumnElement[str]:
    """Why it moved: the reason given; a promise that went back says it by where it went."""
    given = func.coalesce(move.c.reason, "")
    if ladder != PROMISES:
        return given
    said = literal(WENT_TO) + func.coalesce(move.c.to_stage, "")
    return case((and_(given == "", move.c.kind == "backward"), said), else_=given)


def _conditions(move: CTE, ladder: str, cut: Cut) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if cut.kinds:
        found.append(move.c.told.in_(cut.kinds))
    for column, wanted in ((move.c.left, cut.left), (move.c.entered, cut.entered)):
        if wanted in (ANY, NONE):
            found.append(column != "" if wanted == ANY else column == "")
        elif wanted is not None:
            found.append(column == wanted)
    numbers = (
        (move.c.department_id, cut.unit),
        (move.c.owner_id, cut.owner),
        (move.c.causing_department_id, cut.cause),
    )
    found += [func.coalesce(column, 0) == number for column, number in numbers if number is not None]
    if cut.reason is not None:
        found.append(_reason(move, ladder) == cut.reason)
    return found


def reason(fact: Fact) -> str:
    """Why it moved; see `_reason`."""
    if not fact.reason and fact.kind == "backward" and fact.item.startswith(f"{PROMISES}:"):
        return f"{WENT_TO}{fact.to_stage or ''}"
    return fact.reason or ""


def histories(session: Session, scope: Scope, *, moved_in: Period | None = None) -> list[Fact]:
    """Whole histories on the ladder, item by item in order; ``moved_in`` only of items that moved in the period."""
    touched = None
    if moved_in is not None:
        days = (Move.day >= moved_in.start, Move.day < moved_in.end)
        touched = select(Move.item).where(Move.ladder == scope.ladder, *days)
    query = facts(scope, items=touched).order_by(Move.item, Move.seq)
    return [Fact._make(row) for row in session.execute(query)]
