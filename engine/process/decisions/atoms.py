"""A condition column cut into pieces in which no cell changes its mind: the ground of every check of a table.

The cuts are the constants that the cells name. One value of each piece is put through the very tests that decide, so
that the check and the decision cannot differ. A cell with a name, arithmetic or a function is *open*: nothing is
claimed about it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from math import floor
from typing import Any

from engine.process.decisions.feel import Env, Test, YearsMonths
from engine.process.decisions.feel.compiling import formula
from engine.process.decisions.feel.grammar import Node
from engine.process.decisions.feel.pieces import CONSTRUCTORS
from engine.process.decisions.feel.values import kind
from engine.process.decisions.table import Input
from engine.process.expressions import ExpressionRefused

OTHER = "…"
"""Stands for any text that no cell names."""
STRUCTURE = frozenset(
    {"tests", "none of", "against", "among", "compare", "between", "and", "or", "not", "range", "list"}
)
LEAVES = frozenset({"number", "text", "literal", "at", "minus"})
ORDERING = frozenset({"range", "between"})
MOST = 2_000


@dataclass(frozen=True, slots=True)
class Column:
    """The pieces of one column. ``sure`` and ``may`` say for each which rules (as bits) apply, or may apply."""

    samples: tuple[Any, ...]
    sure: tuple[int, ...]
    may: tuple[int, ...]

    def of(self, rule: int) -> list[int]:
        """The places of the pieces that a rule may accept."""
        return [place for place, rules in enumerate(self.may) if rules >> rule & 1]


def cut(ask: Input, cells: list[Test | None]) -> Column:
    """The column of an input with the cells of all rules."""
    closed = [cell is None or is_closed(cell) for cell in cells]
    known = [cell for cell, is_known in zip(cells, closed, strict=True) if cell is not None and is_known]
    allowed = [test for test in ask.kind.allowed if is_closed(test)]
    limited = bool(allowed) and len(allowed) == len(ask.kind.allowed)
    samples = list(_samples(ask.kind.name, [*known, *(allowed if limited else [])]))[:MOST]
    if limited:
        samples = [each for each in samples if ask.kind.allows(each, Env({}))]
    sure, may = [], []
    for sample in samples:
        certain = open_ = 0
        for number, (cell, is_known) in enumerate(zip(cells, closed, strict=True)):
            certain |= (cell is None or (is_known and holds(cell, sample))) << number
            open_ |= (not is_known) << number
        sure.append(certain)
        may.append(certain | open_)
    return _joined(samples, sure, may)


def _joined(samples: list[Any], sure: list[int], may: list[int]) -> Column:
    """Pieces that the same rules accept are one, but an empty value stays apart."""
    first: dict[tuple[int, int, bool], Any] = {}
    for sample, certain, possible in zip(samples, sure, may, strict=True):
        first.setdefault((certain, possible, sample is None), sample)
    return Column(tuple(first.values()), tuple(key[0] for key in first), tuple(key[1] for key in first))


def holds(cell: Test, value: Any) -> bool:
    """Whether a closed cell accepts a value."""
    env = Env({})
    env.item = value
    try:
        return cell.run(env) is True
    except ExpressionRefused:
        return False


# ------------------------------------------------------------------------------------------- what a cell names


def is_closed(cell: Test) -> bool:
    """Whether nothing but constants decides about the value of the column."""
    return cell.node is not None and _is_closed(cell.node)


def _is_closed(node: Node) -> bool:
    if node.kind == "?" or _is_constant(node):
        return True
    if node.kind == "call" and node.parts[0] == "not":
        return all(_is_closed(part) for part in node.parts[1:])
    return node.kind in STRUCTURE and all(_is_closed(part) for part in node.parts if isinstance(part, Node))


def _is_constant(node: Node) -> bool:
    if node.kind == "minus":
        return _is_constant(node.parts[0])
    if node.kind == "call":
        return node.parts[0] in CONSTRUCTORS and len(node.parts) == 2 and node.parts[1].kind == "text"
    return node.kind in LEAVES


def constants(nodes: Iterable[Node]) -> list[Any]:
    """The constants of closed trees, without null."""
    found = [_value(each) for node in nodes for each in _leaves(node)]
    return [each for each in found if each is not None]


def is_broken(node: Node) -> bool:
    """Whether a date, time or duration is written that does not exist."""
    return any(leaf.kind in ("call", "at") and _value(leaf) is None for leaf in _leaves(node))


def _leaves(node: Node) -> Iterator[Node]:
    if _is_constant(node):
        yield node
        return
    for part in node.parts:
        if isinstance(part, Node):
            yield from _leaves(part)


def _value(node: Node) -> Any:
    if node.kind == "minus":
        inner = _value(node.parts[0])
        return -inner if type(inner) in (int, Decimal, timedelta) else None
    if node.kind == "text":
        return node.parts[0]
    if node.kind == "literal":
        return node.parts[0]
    if node.kind == "number":
        source = node.parts[0]
    else:
        inside = (
            (node.parts[0] if node.kind == "at" else node.parts[1].parts[0])
            .replace("\\", "")
            .replace('"', "")
        )
        source = f'@"{inside}"' if node.kind == "at" else f'{node.parts[0]}("{inside}")'
    ready = formula(source)
    return ready.run(Env({})) if ready is not None else None


def _is_ordering(node: Node) -> bool:
    signs = [part for part in node.parts if isinstance(part, str)]
    own = node.kind in ORDERING or (
        node.kind in ("against", "compare") and signs[0] in ("<", "<=", ">", ">=")
    )
    return own or any(_is_ordering(part) for part in node.parts if isinstance(part, Node))


# ------------------------------------------------------------------------------------------- the pieces


def _samples(name: str, cells: list[Test]) -> Iterator[Any]:
    nodes = [cell.node for cell in cells if cell.node is not None]
    groups: dict[str, list[Any]] = {}
    for value in constants(nodes):
        groups.setdefault(kind(value), []).append(value)
    wanted = "number" if name == "integer" else name
    for group in (
        [wanted]
        if wanted not in ("Any", "string")
        else sorted({*groups, *({"string"} - {"Any"} if wanted == "string" and not groups else ())})
    ):
        yield from _of_group(
            group, _sorted(groups.get(group, [])), name == "integer", any(map(_is_ordering, nodes))
        )
    if not groups and wanted == "Any":
        yield OTHER
    yield None


def _sorted(values: list[Any]) -> list[Any]:
    """Each value once; by order where there is one."""
    found: list[Any] = []
    for each in sorted(values):
        if not found or found[-1] != each:
            found.append(each)
    return found


def _of_group(group: str, points: list[Any], whole: bool, ordered: bool) -> Iterator[Any]:
    if group == "boolean":
        yield from (True, False)
    elif group == "string":
        yield from _texts(points, ordered)
    elif not points:
        yield from EXAMPLES.get(group, ())
    else:
        yield from _line(points, whole)


EXAMPLES: dict[str, tuple[Any, ...]] = {
    "number": (1,),
    "date": (date(2026, 1, 1),),
    "time": (time(12),),
    "days and time duration": (timedelta(days=1),),
    "years and months duration": (YearsMonths(1),),
}


def _texts(points: list[str], ordered: bool) -> Iterator[str]:
    if not ordered:
        yield from points
        yield OTHER
        return
    if points[:1] != [""]:
        yield ""
    for place, point in enumerate(points):
        yield point
        after = f"{point} "
        if place + 1 == len(points) or after < points[place + 1]:
            yield after


def _line(points: list[Any], whole: bool) -> Iterator[Any]:
    """The points and a value of every gap before, between and behind them; none where nothing lies in a gap."""
    yield from _some(_step(points[0], -1))
    for place, point in enumerate(points):
        if not whole or point == int(point):
            yield point
        if place + 1 < len(points):
            yield from _some(_between(point, points[place + 1], whole))
    yield from _some(_step(points[-1], 1))


def _some(value: Any) -> Iterator[Any]:
    if value is not None:
        yield value


def _step(point: Any, sign: int) -> Any:
    """A value beyond a point, None where there is none."""
    try:
        if type(point) in (int, Decimal):
            return floor(point) + 1 if sign > 0 else int(Decimal(point).to_integral_value(ROUND_CEILING)) - 1
        if type(point) is YearsMonths:
            return YearsMonths(point.months + sign)
        if type(point) is time:
            edge = time(23, 59, 59, 999999, point.tzinfo) if sign > 0 else time(0, tzinfo=point.tzinfo)
            return edge if point != edge else None
        return point + sign * timedelta(days=1)
    except OverflowError:
        return None


def _between(low: Any, high: Any, whole: bool) -> Any:
    """A value between two, a round one where there is one."""
    if type(low) in (int, Decimal):
        after = floor(low) + 1
        return after if after < high else None if whole else (Decimal(low) + Decimal(high)) / 2
    if type(low) is date and type(low) is not datetime:
        after_day = low + timedelta(days=1)
        return after_day if after_day < high else None
    if type(low) is YearsMonths:
        return YearsMonths(low.months + 1) if low.months + 1 < high.months else None
    if type(low) is time:
        return _between_times(low, high)
    return low + (high - low) / 2


def _between_times(low: time, high: time) -> time | None:
    day = date(2000, 1, 1)
    first, last = datetime.combine(day, low), datetime.combine(day, high)
    middle = first + (last - first) / 2
    return middle.timetz() if first < middle < last else None
