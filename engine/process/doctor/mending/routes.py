"""A way for a line from shape to shape: right angles, around what stands between, with few bends."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import count

from engine.process.doctor.mending.boxes import Box, Point, line
from engine.process.doctor.mending.rooms import Around

_STUB = 15
_CLEAR = 8
_BEND = 30
_LEAVING = (0, 12, 12, 70)
_ENTERING = (70, 12, 12, 0)
_USED = 45
_NEAREST = 36
_NEARBY = 150
_FAR = 250
_MOST = 6_000
_LABEL, _LINE, _ALONG = 60, 18, 60


def route(one: Box, other: Box, around: Around, used: Iterable[Point] = ()) -> list[Point]:
    """The best way found. ``used`` are points where other lines begin or end."""
    straight = _straight(one, other, around)
    if straight:
        return straight
    found = _Search(one, other, around, list(used)).run()
    return found or _plain(one, other)


def _straight(one: Box, other: Box, around: Around) -> list[Point]:
    """A level or upright line where nothing stands between."""
    for (start, away), (end, back) in zip(one.docks, reversed(other.docks), strict=True):
        off = abs(start[1] - end[1]) if away[0] else abs(start[0] - end[0])
        ahead = (end[0] - start[0]) * away[0] + (end[1] - start[1]) * away[1]
        if off < 1 and ahead > 0 and back == (-away[0], -away[1]) and away != (-1, 0):
            room = line(start, end)
            if not any(room.meets(each) for each in around.shapes if each not in (one, other)):
                return [start, end]
    return []


def _plain(one: Box, other: Box) -> list[Point]:
    right, _, _, left = range(4)
    ahead = one.middle[0] <= other.middle[0]
    start, end = one.docks[right if ahead else left][0], other.docks[left if ahead else right][0]
    half = (start[0] + end[0]) / 2
    return [start, end] if abs(start[1] - end[1]) < 1 else [start, (half, start[1]), (half, end[1]), end]


class _Search:
    """The cheapest way over a grid of lines that pass the shapes at some distance."""

    def __init__(self, one: Box, other: Box, around: Around, used: list[Point]) -> None:
        self.one, self.other, self.used, self.home = one, other, used, around.home
        between = line(one.middle, other.middle)
        around = around.within(between.wider(_FAR), most=_NEARBY)
        near = sorted(around.shapes, key=lambda each: _distance(each, between))[:_NEAREST]
        shapes = [*dict.fromkeys([one, other, *near])]
        self.walls = [each.wider(_CLEAR) for each in shapes]
        self.labels, self.lines = list(around.labels), list(around.lines)
        self.xs = _marks([(each.x, each.far[0]) for each in shapes], one.middle[0], other.middle[0])
        self.ys = _marks([(each.y, each.far[1]) for each in shapes], one.middle[1], other.middle[1])
        self.weights: dict[tuple[Point, Point], float | None] = {}

    def run(self) -> list[Point]:
        goals = self._goals()
        turn, best = count(), dict[tuple[Point, Point], float]()
        todo: list[tuple[float, int, Point, Point, tuple[Point, ...]]] = []
        for place, (dock, away) in enumerate(self.one.docks):
            stub = _moved(dock, away)
            cost = _LEAVING[place] + self._crowd(dock)
            if self._weight(dock, stub, own=self.one) is not None:
                heappush(todo, (cost, next(turn), stub, away, ((dock, stub))))
        while todo and next(turn) < _MOST:
            cost, _, here, heading, path = heappop(todo)
            if here == self.other.middle:
                return _tidy(path[:-1])
            if best.get((here, heading), float("inf")) <= cost:
                continue
            best[here, heading] = cost
            for end, back, dock, more in goals.get(here, ()):
                bend = 0 if heading == (-back[0], -back[1]) else _BEND
                if heading != back:
                    heappush(todo, (cost + more + bend, next(turn), end, heading, (*path, dock, end)))
            for step, way in self._steps(here):
                weight = None if way == (-heading[0], -heading[1]) else self._weight(here, step)
                if weight is not None:
                    total = cost + weight + (0 if way == heading else _BEND)
                    heappush(todo, (total, next(turn), step, way, (*path, step)))
        return []

    def _goals(self) -> dict[Point, list[tuple[Point, Point, Point, float]]]:
        """Before which points a way may end, at which dock, and what that costs."""
        found: dict[Point, list[tuple[Point, Point, Point, float]]] = {}
        for place, (dock, away) in enumerate(self.other.docks):
            stub = _moved(dock, away)
            weight = self._weight(stub, dock, own=self.other)
            if weight is not None:
                cost = _ENTERING[place] + self._crowd(dock) + weight
                found.setdefault(stub, []).append((self.other.middle, away, dock, cost))
        return found

    def _crowd(self, dock: Point) -> float:
        return _USED * any(abs(dock[0] - x) + abs(dock[1] - y) < 6 for x, y in self.used)

    def _steps(self, here: Point) -> Iterator[tuple[Point, Point]]:
        """The neighbours on the grid and the directions to them."""
        across, down = bisect_left(self.xs, here[0]), bisect_left(self.ys, here[1])
        for sign in (1, -1):
            if 0 <= across + sign < len(self.xs):
                yield (self.xs[across + sign], here[1]), (sign, 0)
            if 0 <= down + sign < len(self.ys):
                yield (here[0], self.ys[down + sign]), (0, sign)

    def _weight(self, one: Point, other: Point, own: Box | None = None) -> float | None:
        """What a piece of the grid costs; None where a shape stands."""
        key = (one, other) if one <= other else (other, one)
        if own is None and key in self.weights:
            return self.weights[key]
        middle = (one[0] + other[0]) / 2, (one[1] + other[1]) / 2
        mine = own.wider(_CLEAR) if own is not None else None
        blocked = any(each.has(middle) for each in self.walls if each != mine)
        outside = self.home is not None and not self.home.has(other)
        weight = None if blocked or outside else self._soft(one, other)
        if own is None:
            self.weights[key] = weight
        return weight

    def _soft(self, one: Point, other: Point) -> float:
        room = line(one, other)
        length = abs(one[0] - other[0]) + abs(one[1] - other[1])
        over = sum(room.meets(each) for each in self.labels)
        level = one[1] == other[1]
        met = [each for each in self.lines if room.meets(each)]
        along = sum((each.width > each.height) == level for each in met)
        return length + _LABEL * over + _LINE * (len(met) - along) + _ALONG * along


def _marks(sides: Iterable[tuple[float, float]], *more: float) -> list[float]:
    """Where the lines of the grid run: beside every shape, and through the middles."""
    near = {value for low, high in sides for value in (low - _STUB, high + _STUB)}
    return sorted(near | set(more) | {sum(more) / len(more)})


def _moved(point: Point, way: Point) -> Point:
    return point[0] + way[0] * _STUB, point[1] + way[1] * _STUB


def _distance(one: Box, other: Box) -> float:
    across = max(one.x - other.far[0], other.x - one.far[0], 0)
    return across + max(one.y - other.far[1], other.y - one.far[1], 0)


def _tidy(path: Sequence[Point]) -> list[Point]:
    """Without the points that lie on a straight piece."""
    kept: list[Point] = []
    for point in path:
        if kept and point == kept[-1]:
            continue
        while len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return kept
