"""Where there is room for something new: near where it belongs, on nothing else, and inside what it belongs to."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from engine.process.doctor.mending.boxes import Box

_AWAY = (50, 40, 30, 22, 15, 10, 70, 90, 120, 160, 210, 270, 340, 420)
_DOWN = (
    0,
    *(sign * step for step in (20, 40, 60, 80, 100, 120, 150, 190, 240, 300, 380) for sign in (1, -1)),
)
_SIZES = (1.0, 0.8, 0.6)
_CLEAR = 10
_FAR = 600
_MOST = 150
_EDGE = 8
_COSTS = {"shape": 10_000, "outside": 3_000, "smaller": 200, "behind": 500, "label": 150, "line": 90}


@dataclass(frozen=True, slots=True)
class Around:
    """What lies near: shapes must not be met, labels and lines rather not; ``home`` is what holds everything here."""

    shapes: Sequence[Box]
    labels: Sequence[Box] = ()
    lines: Sequence[Box] = ()
    home: Box | None = None

    def within(self, window: Box, *, most: int) -> "Around":
        """Only what lies in a window, and the nearest of it."""
        shapes, labels, lines = (
            _nearest(each, window, most) for each in (self.shapes, self.labels, self.lines)
        )
        return Around(shapes, labels, lines, self.home)


def _nearest(boxes: Sequence[Box], window: Box, most: int) -> list[Box]:
    return sorted((each for each in boxes if each.meets(window)), key=lambda each: _distance(each, window))[
        :most
    ]


def _distance(one: Box, other: Box) -> float:
    (x, y), (to_x, to_y) = one.middle, other.middle
    return abs(x - to_x) + abs(y - to_y)


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    least: float
    box: Box = field(compare=False)


def beside(near: Box, width: float, height: float, around: Around, *, side: str) -> Box:
    """Room of this size to the right or left of a shape, or below it, as near and as free as it can be."""
    best, cheapest = None, float("inf")
    around = around.within(near.wider(_FAR), most=_MOST)
    for place in sorted(_places(near, width, height, side)):
        if place.least >= cheapest:
            break
        cost = place.least + _cost(place.box, around)
        if cost < cheapest:
            best, cheapest = place.box, cost
    assert best is not None  # noqa: S101  # there is always a place
    return best


def _places(near: Box, width: float, height: float, side: str) -> Iterator[_Place]:
    """Places to look at, with what each costs even if it is free."""
    for scale in _SIZES if width == height else _SIZES[:2]:
        size = width * scale, height * scale
        for away, least in _columns(near, size[0], side):
            for down in _DOWN:
                box = Box(away, near.middle[1] - size[1] / 2 + down, *size)
                if not box.meets(near):
                    smaller = _COSTS["smaller"] * (1 - scale) * 2
                    yield _Place(least + smaller + abs(down) * 1.2 + (25 if down else 0), box)


def _columns(near: Box, width: float, side: str) -> Iterator[tuple[float, float]]:
    """Where it may begin, from left to right, and what that costs."""
    yield near.middle[0] - width / 2, 0 if side == "below" else 40
    for gap in _AWAY:
        ahead, behind = near.far[0] + gap, near.x - gap - width
        ahead, behind = (behind, ahead) if side == "left" else (ahead, behind)
        least = abs(gap - 50) * (2.5 if gap > 50 else 1)
        yield ahead, least
        yield behind, _COSTS["behind"] + least


def _cost(box: Box, around: Around) -> float:
    clear = box.wider(_CLEAR)
    cost = _COSTS["shape"] * sum(clear.meets(each) for each in around.shapes)
    if around.home is not None and not around.home.holds(box.wider(_EDGE)):
        cost += _COSTS["outside"]
    cost += _COSTS["label"] * sum(box.meets(each) for each in around.labels)
    return cost + _COSTS["line"] * sum(box.wider(4).meets(each) for each in around.lines)


def shrunk(near: Box, width: float, height: float, others: Sequence[Box]) -> Box:
    """A shape of this size about the same centre, smaller where others stand close."""
    for scale in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5):
        wide, high = max(width * scale, near.width), max(height * scale, near.height)
        box = Box(near.middle[0] - wide / 2, near.middle[1] - high / 2, wide, high)
        if not any(box.wider(5).meets(each) for each in others if not each.meets(near)):
            break
    return box
