"""Moves as reports count them: mistakes struck through, positions open or empty. The specification of the SQL.

A move of the log says where an item went; a movement says what that changes. ``left`` is the open position the item
left, ``entered`` the one it came to, each empty where there is none: a suspended item stands on no open position.
A pair of a move and its correction changes nothing and has kinds of its own.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from operator import attrgetter
from typing import Any, NamedTuple

GREEN = ("forward", "forward_skip", "won")
RED = ("backward", "lost")
GREY = ("suspended",)
OPENING = ("new", "forward", "forward_skip", "backward", "reopened", "resumed")
"""After these kinds the item stands on an open position; after ``rerouted`` only if it has one."""
MISTAKEN = "mistaken"
OUTSIDE = (MISTAKEN, "corrected")
TAKEN_OVER, HANDED_OVER = "taken_over", "handed_over"
PASSED = frozenset((TAKEN_OVER, HANDED_OVER))
UNMOVED = frozenset((*OUTSIDE, TAKEN_OVER))
"""These do not say where an item stands: what it stood on before is the last word."""


class Fact(NamedTuple):
    """The columns of a move that reports read."""

    id: int
    item: str
    seq: int
    kind: str
    from_stage: str | None
    to_stage: str | None
    from_rank: int | None
    to_rank: int | None
    at: datetime
    day: date
    dwell: int | None
    actor_id: int | None
    owner_id: int | None
    department_id: int | None
    amount: Decimal | float | None
    reason: str | None
    causing_department_id: int | None
    instance_id: int | None
    task_id: int | None
    corrects_id: int | None


class Movement(NamedTuple):
    """One move as it counts. Money is in hundredths of the currency.

    ``gain`` is what the item is worth more than when it came to the position it left. ``previous`` is the last
    move that counted before this one.
    """

    fact: Fact
    kind: str
    left: str
    entered: str
    money: int
    gain: int = 0
    previous: Fact | None = None


class Key(NamedTuple):
    """What movements are counted by. ``unit`` is a department's or a person's id, 0 for none."""

    day: date
    unit: int
    left: str
    entered: str
    kind: str


class Total(NamedTuple):
    """How many movements, their dwell in seconds, their money and gain in hundredths."""

    n: int = 0
    dwell: int = 0
    money: int = 0
    gain: int = 0

    def plus(self, other: "Total", sign: int = 1) -> "Total":
        """Both together; with ``sign`` -1 this without the other."""
        return Total(
            self.n + sign * other.n,
            self.dwell + sign * other.dwell,
            self.money + sign * other.money,
            self.gain + sign * other.gain,
        )


class Ways(NamedTuple):
    """What moved forward and what moved back."""

    green: Total = Total()
    red: Total = Total()

    def plus(self, other: "Ways") -> "Ways":
        """Both together."""
        return Ways(self.green.plus(other.green), self.red.plus(other.red))


Buckets = dict[Key, Total]


def cents(amount: Decimal | float | None) -> int:
    """An amount in hundredths; nothing is zero. SQLite keeps amounts as numbers of its own."""
    if not amount:
        return 0
    if isinstance(amount, Decimal):
        return int((amount * 100).to_integral_value(ROUND_HALF_UP))
    return round(amount * 100)


IN_ORDER = attrgetter("item", "seq")
ENTERING = frozenset((*OPENING, "rerouted"))


def tell(facts: Iterable[Fact]) -> list[Movement]:
    """The movements of these moves, in the order of each item's ``seq``. All moves of an item must be given."""
    ordered = sorted(facts, key=IN_ORDER)
    mistaken = {fact.corrects_id for fact in ordered}
    last: Movement | None = None
    told = []
    for fact in ordered:
        if last is not None and last.fact.item != fact.item:
            last = None
        if fact.kind == "corrected" or fact.id in mistaken:
            told.append(_outside(fact))
        else:
            last = _told(fact, last)
            told.append(last)
    return told


def _outside(fact: Fact) -> Movement:
    kind = fact.kind if fact.kind == "corrected" else MISTAKEN
    return Movement(fact, kind, "", "", cents(fact.amount), 0, None)


def _told(fact: Fact, last: Movement | None) -> Movement:
    kind, money, entered = fact.kind, cents(fact.amount), ""
    if kind in ENTERING:
        entered = fact.to_stage or (fact.from_stage if kind == "resumed" else None) or ""
    if last is None:
        return Movement(fact, kind, "", entered, money, 0, None)
    left = (fact.from_stage or "") if last.entered else ""
    return Movement(fact, kind, left, entered, money, money - last.money if left else 0, last.fact)


def within(
    movements: Iterable[Movement],
    *,
    department_ids: Container[int] | None = None,
    owner_id: int | None = None,
) -> Iterator[Movement]:
    """The movements of a department or an owner *at that time*.

    An item that changes hands while it is open is taken over by one side and handed over by the other: two kinds
    that no log has, so that the side's sums still add up.
    """

    def is_mine(fact: Fact | None) -> bool:
        if fact is None:
            return False
        in_department = department_ids is None or (fact.department_id or 0) in department_ids
        return in_department and owner_id in (None, fact.owner_id or 0)

    for movement in movements:
        mine, was_mine = is_mine(movement.fact), is_mine(movement.previous)
        if movement.left and mine != was_mine:
            passed = movement._replace(money=movement.money - movement.gain, gain=0)
            if mine:
                yield passed._replace(kind=TAKEN_OVER, left="", entered=movement.left)
            else:
                yield passed._replace(kind=HANDED_OVER, entered="")
        if mine:
            yield movement


def tally(movements: Iterable[Movement], *, by_owner: bool = False) -> Buckets:
    """Count movements by day, department (or owner), positions and kind."""
    sums: dict[tuple[date, int, str, str, str], list[int]] = {}
    for each in movements:
        fact = each.fact
        unit = fact.owner_id if by_owner else fact.department_id
        _count(sums, (fact.day, unit or 0, each.left, each.entered, each.kind), each)
    return {Key(*key): Total(*values) for key, values in sums.items()}


def tally_kinds(movements: Iterable[Movement]) -> Buckets:
    """Count movements by day and kind alone."""
    sums: dict[tuple[date, str], list[int]] = {}
    for each in movements:
        _count(sums, (each.fact.day, each.kind), each)
    return {Key(day, 0, "", "", kind): Total(*values) for (day, kind), values in sums.items()}


def _count(sums: dict[Any, list[int]], key: Any, each: Movement) -> None:
    fact, kind, _, _, money, gain, _ = each
    dwell = (fact.dwell or 0) if kind not in PASSED else 0
    known = sums.get(key)
    if known is None:
        sums[key] = [1, dwell, money, gain]
        return
    known[0] += 1
    known[1] += dwell
    known[2] += money
    known[3] += gain


def last_moves(movements: Iterable[Movement], *, before: date) -> list[Movement]:
    """The last movement of each item before a day began."""
    last: dict[str, Movement] = {}
    for each in movements:
        fact = each.fact
        if fact.day < before and each.kind not in UNMOVED:
            last[fact.item] = each
    return list(last.values())


def standing(movements: Iterable[Movement], *, before: date) -> dict[str, Total]:
    """How many items stood on each open position when ``before`` began, and their money."""
    return positions(last_moves(movements, before=before))


def positions(last: Iterable[Movement]) -> dict[str, Total]:
    """How many items stand on each open position, and their money: told by each one's last move."""
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for each in last:
        if each.entered:
            found[each.entered][0] += 1
            found[each.entered][1] += each.money
    return {stage: Total(n, 0, money) for stage, (n, money) in found.items()}
