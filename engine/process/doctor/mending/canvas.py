"""Where things lie in a drawing, and where there is room for what is added."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import quoteattr

from engine.process.doctor.mending.document import Piece

DI = {
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}
SIZES = {"Event": (36, 36), "Gateway": (50, 50), "Task": (100, 80)}
GAP = 50
_STEP = 20
_TRIES = 40

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
    def left(self) -> Point:
        """The middle of its left side."""
        return self.x, self.y + self.height / 2

    @property
    def right(self) -> Point:
        """The middle of its right side."""
        return self.x + self.width, self.y + self.height / 2

    def meets(self, other: "Box") -> bool:
        """Whether two overlap."""
        across = self.x < other.x + other.width and other.x < self.x + self.width
        return across and self.y < other.y + other.height and other.y < self.y + self.height


class Canvas:
    """The shapes and edges of one file; a file without a drawing has none and gets none."""

    def __init__(self, root: Piece) -> None:
        self.root = root
        self.shapes: dict[str, Piece] = {}
        self.edges: dict[str, Piece] = {}
        for each in root.everything():
            about = each.get("bpmnElement").rpartition(":")[2] if "bpmnElement" in each.head else ""
            if about and each.local == "BPMNShape":
                self.shapes.setdefault(about, each)
            elif about and each.local == "BPMNEdge":
                self.edges.setdefault(about, each)

    def box(self, key: str) -> Box | None:
        """Where an element lies."""
        bounds = self.shapes[key].children("Bounds") if key in self.shapes else []
        if not bounds:
            return None
        said = [_number(bounds[0].get(name)) for name in ("x", "y", "width", "height")]
        return Box(*said)

    def beside(self, key: str, kind: str, *, side: str) -> Box | None:
        """Room for a new element to the right or left of another; None where nothing is drawn."""
        near = self.box(key)
        if near is None:
            return None
        width, height = size(kind)
        x = near.x + near.width + GAP if side == "right" else near.x - GAP - width
        return self._free(Box(x, near.middle[1] - height / 2, width, height))

    def between(self, one: str, other: str, kind: str) -> Box | None:
        """Room for a new element half-way between two."""
        start, end = self.box(one), self.box(other)
        if start is None or end is None:
            return None
        width, height = size(kind)
        x = (start.middle[0] + end.middle[0] - width) / 2
        return self._free(Box(x, (start.middle[1] + end.middle[1] - height) / 2, width, height))

    def place(self, key: str, box: Box, *, beside: str) -> None:
        """Draw a shape on the plane on which another lies."""
        near = self.shapes[beside]
        marker = ' isMarkerVisible="true"' if box.width == SIZES["Gateway"][0] == box.height else ""
        bounds = _element(
            near, "dc", "Bounds", f'x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}"'
        )
        shape = _element(
            near,
            "bpmndi",
            "BPMNShape",
            f"id={quoteattr(f'{key}_di')} bpmnElement={quoteattr(key)}{marker}",
            bounds,
        )
        self.shapes[key] = self._plane(near).add(shape, after=near)

    def resize(self, key: str, kind: str) -> None:
        """Give a shape the size of another kind, its centre where it was."""
        old = self.box(key)
        if old is None or (old.width, old.height) == size(kind):
            return
        width, height = size(kind)
        x, y = old.middle[0] - width / 2, old.middle[1] - height / 2
        bounds = self.shapes[key].children("Bounds")[0]
        for name, value in (("x", x), ("y", y), ("width", width), ("height", height)):
            bounds.set(name, f"{value:g}")

    def wire(self, key: str, start: str, end: str) -> None:
        """Draw an edge between two shapes."""
        one, other = self.box(start), self.box(end)
        if one is None or other is None:
            return
        near = self.shapes[start]
        points = "".join(
            _element(near, "di", "waypoint", f'x="{x:g}" y="{y:g}"') for x, y in route(one, other)
        )
        edge = _element(
            near, "bpmndi", "BPMNEdge", f"id={quoteattr(f'{key}_di')} bpmnElement={quoteattr(key)}", points
        )
        self.edges[key] = self._plane(near).add(edge)

    def start_at(self, key: str, node: str) -> None:
        """Let an edge begin at another shape; its way stays as it was."""
        self._pull(key, node, 0)

    def end_at(self, key: str, node: str) -> None:
        """Let an edge end at another shape."""
        self._pull(key, node, -1)

    def _pull(self, key: str, node: str, place: int) -> None:
        points = self.edges[key].children("waypoint") if key in self.edges else []
        box = self.box(node)
        if not points or box is None:
            return
        inner = points[1 if place == 0 else -2] if len(points) > 1 else points[0]
        towards = _number(inner.get("x")) >= box.middle[0]
        x, y = box.right if towards else box.left
        points[place].set("x", f"{x:g}")
        points[place].set("y", f"{y:g}")

    def erase(self, key: str) -> None:
        """Take what is drawn of an element off the drawing."""
        for drawn in (self.shapes, self.edges):
            if key in drawn:
                drawn.pop(key).remove()

    def _plane(self, near: Piece) -> Piece:
        assert near.parent is not None  # noqa: S101  # a shape stands on a plane
        return near.parent

    def _free(self, box: Box) -> Box:
        """The box, moved down until it lies on nothing but pools, lanes and sub-processes."""
        others = [found for key in self.shapes if (found := self.box(key)) and not self._contains(key)]
        for _ in range(_TRIES):
            if not any(box.meets(each) for each in others):
                break
            box = replace(box, y=box.y + _STEP)
        return box

    def _contains(self, key: str) -> bool:
        box = self.box(key)
        return box is not None and box.width > 150 and box.height > 100


def size(kind: str) -> tuple[int, int]:
    """How large a new element is drawn."""
    return next((found for name, found in SIZES.items() if kind.endswith(name)), SIZES["Task"])


def route(one: Box, other: Box) -> Sequence[Point]:
    """A way from shape to shape: straight, or with one bend half-way."""
    start, end = (one.right, other.left) if one.middle[0] <= other.middle[0] else (one.left, other.right)
    if abs(start[1] - end[1]) < 1:
        return [start, end]
    half = (start[0] + end[0]) / 2
    return [start, (half, start[1]), (half, end[1]), end]


def _element(near: Piece, prefix: str, local: str, said: str, inside: str = "") -> str:
    """An element of the drawing under the prefix the file uses for its namespace."""
    uri = DI[prefix]
    used = next((each for each in _prefixes(near) if near.space(each) == uri), None)
    name = f"{used}:{local}" if used else local if used == "" else f"{prefix}:{local}"
    declared = f' xmlns:{prefix}="{uri}"' if used is None else ""
    return f"<{name}{declared} {said}>{inside}</{name}>" if inside else f"<{name}{declared} {said}/>"


def _prefixes(near: Piece) -> list[str]:
    found: list[str] = []
    piece: Piece | None = near
    while piece is not None:
        found += [name.partition(":")[2] for name in piece.attributes if name.split(":")[0] == "xmlns"]
        piece = piece.parent
    return found


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if abs(found) < 1e7 else 0.0
