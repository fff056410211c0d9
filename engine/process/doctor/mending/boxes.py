"""Rectangles, points and lines of a drawing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        """Its centre."""
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def far(self) -> Point:
        """Its lower right corner."""
        return self.x + self.width, self.y + self.height

    @property
    def docks(self) -> tuple[tuple[Point, Point], ...]:
        """The middles of its sides with the directions away from it: right, bottom, top, left."""
        (across, down), (right, bottom) = self.middle, self.far
        return (
            ((right, down), (1, 0)),
            ((across, bottom), (0, 1)),
            ((across, self.y), (0, -1)),
            ((self.x, down), (-1, 0)),
        )

    def wider(self, by: float) -> "Box":
        """With so much more on every side."""
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def meets(self, other: "Box") -> bool:
        """Whether two overlap."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height

    def holds(self, other: "Box") -> bool:
        """Whether another lies wholly inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.far[0] <= self.far[0]
            and other.far[1] <= self.far[1]
        )

    def has(self, point: Point) -> bool:
        """Whether a point lies inside, not on the border."""
        return self.x < point[0] < self.far[0] and self.y < point[1] < self.far[1]


def line(one: Point, other: Point) -> Box:
    """The room that a straight piece of a line takes; exact where it is level or upright."""
    x, y = min(one[0], other[0]), min(one[1], other[1])
    return Box(x - 0.5, y - 0.5, abs(one[0] - other[0]) + 1, abs(one[1] - other[1]) + 1)


def pieces(points: Sequence[Point]) -> Iterator[Box]:
    """The rooms of the pieces of a line."""
    return (line(one, other) for one, other in pairwise(points))
