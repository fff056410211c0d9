"""Where things lie in a drawing, where what is added goes, and how lines run that got another end."""

from collections.abc import Iterator, Mapping, Sequence
from xml.sax.saxutils import quoteattr

from engine.process.doctor.mending import rooms, routes
from engine.process.doctor.mending.boxes import Box, Point, pieces
from engine.process.doctor.mending.document import Piece
from engine.process.doctor.mending.rooms import Around

DI = {
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}
SIZES = {"Event": (36, 36), "Gateway": (50, 50), "Task": (100, 80)}
_POOLS = frozenset({"participant", "lane", "group"})
_OPEN = frozenset({"subProcess", "transaction", "adHocSubProcess"})
_ENDS = ("sourceRef", "targetRef")


class Canvas:
    """The shapes and edges of one file; a file without a drawing has none and gets none. ``ids`` are its elements."""

    def __init__(self, root: Piece, ids: Mapping[str, Piece]) -> None:
        self.root, self.ids = root, ids
        self.shapes: dict[str, Piece] = {}
        self.edges: dict[str, Piece] = {}
        self._boxes: dict[str, Box | None] = {}
        self._lines: dict[str, list[Point]] = {}
        for each in root.everything():
            about = each.get("bpmnElement").rpartition(":")[2] if "bpmnElement" in each.head else ""
            if about and each.local == "BPMNShape":
                self.shapes.setdefault(about, each)
            elif about and each.local == "BPMNEdge":
                self.edges.setdefault(about, each)

    def box(self, key: str) -> Box | None:
        """Where an element lies."""
        if key not in self._boxes:
            bounds = self.shapes[key].children("Bounds") if key in self.shapes else []
            self._boxes[key] = _bounds(bounds[0]) if bounds else None
        return self._boxes[key]

    def points(self, key: str) -> list[Point]:
        """How the line of an element runs."""
        if key not in self._lines:
            found = self.edges[key].children("waypoint") if key in self.edges else []
            self._lines[key] = [(_number(each.get("x")), _number(each.get("y"))) for each in found]
        return self._lines[key]

    def beside(self, key: str, kind: str, *, side: str) -> Box | None:
        """Room for a new element to the right or left of another, whose lines will make way, or below it.

        None where nothing is drawn.
        """
        near = self.box(key)
        if near is None:
            return None
        own = [each for each in self.edges if key in self._ends(each)] if side != "below" else []
        return rooms.beside(near, *size(kind), self._around(key, without=own), side=side)

    def on_border(self, key: str) -> Box | None:
        """Room for an event on the border of a step: below, then above, from right to left."""
        host = self.box(key)
        if host is None:
            return None
        width, height = size("Event")
        taken = [box for each in self.shapes if each != key and (box := self.box(each))]
        steps = range(max(int(host.width // (width + 6)), 1))
        places = [
            Box(host.far[0] - (step + 1) * (width + 6), edge - height / 2, width, height)
            for edge in (host.far[1], host.y)
            for step in steps
        ]
        free = [each for each in places if not any(each.meets(box) and not box.holds(host) for box in taken)]
        return (free or places)[0]

    def place(self, key: str, box: Box, *, beside: str) -> None:
        """Draw a shape on the plane on which another lies."""
        near = self.shapes[beside]
        marker = ' isMarkerVisible="true"' if self._kind(key) == "exclusiveGateway" else ""
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
        self._boxes[key] = box

    def resize(self, key: str, kind: str) -> None:
        """Give a shape the size of another kind, its centre where it was; what leads to it ends at its new border."""
        old = self.box(key)
        if old is None or (old.width, old.height) == size(kind):
            return
        box = rooms.shrunk(old, *size(kind), self._around(key).shapes)
        bounds = self.shapes[key].children("Bounds")[0]
        for name, value in (("x", box.x), ("y", box.y), ("width", box.width), ("height", box.height)):
            bounds.set(name, f"{value:g}")
        for label in self.shapes[key].children("BPMNLabel"):
            label.remove()
        self._boxes[key] = box
        for each in [each for each in self.edges if key in self._ends(each)]:
            self._clip(each, key)

    def _clip(self, edge: str, key: str) -> None:
        """Let a line end at the border of a shape that has grown."""
        box, points = self.box(key), list(self.points(edge))
        ends = self._ends(edge)
        if box is None or len(points) < 2 or ends[0] == ends[1]:
            return
        points = points if ends[0] == key else points[::-1]
        while len(points) > 2 and box.has(points[1]):
            points.pop(0)
        if box.has(points[1]):
            self.draw_again(edge)
            return
        points[0] = _border(box, points[0], points[1])
        self._write(edge, points if ends[0] == key else points[::-1])

    def wire(self, key: str, start: str, end: str) -> None:
        """Draw an edge between two shapes."""
        if self.box(start) is None or self.box(end) is None:
            return
        near = self.shapes[start]
        edge = _element(
            near, "bpmndi", "BPMNEdge", f"id={quoteattr(f'{key}_di')} bpmnElement={quoteattr(key)}"
        )
        self.edges[key] = self._plane(near).add(edge)
        self._lines[key] = []
        self.draw_again(key, start, end)

    def start_at(self, key: str, node: str) -> None:
        """Let an edge begin at another shape; the rest of its way stays as it was where that looks well."""
        self._pull(key, node, 0)

    def end_at(self, key: str, node: str) -> None:
        """Let an edge end at another shape."""
        self._pull(key, node, -1)

    def _pull(self, key: str, node: str, place: int) -> None:
        points, box = self.points(key), self.box(node)
        if len(points) < 2 or box is None:
            return
        ahead = points if place == 0 else points[::-1]
        kept = self._kept(key, box, ahead)
        if kept:
            self._write(key, kept if place == 0 else kept[::-1])
        else:
            self.draw_again(key)

    def _kept(self, key: str, box: Box, points: Sequence[Point]) -> list[Point]:
        """A line from a shape that goes on as this one does after its first piece; [] where that does not look well."""
        target, ends = points[1], self._ends(key)
        shapes = (
            [each.wider(-2) for each in self._around(*ends, line=True).shapes]
            if all(map(self.box, ends))
            else []
        )
        for dock, away in box.docks:
            if abs(dock[1] - target[1]) if away[0] else abs(dock[0] - target[0]):
                continue
            ahead = (target[0] - dock[0]) * away[0] + (target[1] - dock[1]) * away[1]
            rest = [dock, *points[1:]]
            if ahead >= 5 and not any(each.meets(room) for each in pieces(rest) for room in shapes):
                return rest
        return []

    def draw_again(self, key: str, start: str = "", end: str = "") -> None:
        """Find a new way for an edge."""
        ends = self._ends(key)
        start, end = start or ends[0], end or ends[1]
        one, other = self.box(start), self.box(end)
        if one is None or other is None or key not in self.edges:
            return
        used = [
            points[place]
            for each in self.edges
            if each != key and {start, end} & set(self._ends(each)) and (points := self.points(each))
            for place in (0, -1)
        ]
        self._write(key, routes.route(one, other, self._around(start, end, without=[key], line=True), used))

    def _write(self, key: str, points: Sequence[Point]) -> None:
        """Waypoints instead of those there are; a label that stood beside the old way finds its own place."""
        edge = self.edges[key]
        for each in edge.children("waypoint", "BPMNLabel"):
            each.remove()
        first = next(iter(edge.children()), None)
        for x, y in points:
            raw = _element(edge, "di", "waypoint", f'x="{x:g}" y="{y:g}"')
            _ = edge.add(raw, before=first) if first is not None else edge.add(raw)
        self._lines[key] = list(points)

    def erase(self, key: str) -> None:
        """Take what is drawn of an element off the drawing."""
        for drawn in (self.shapes, self.edges):
            if key in drawn:
                drawn.pop(key).remove()
        self._boxes.pop(key, None)
        self._lines.pop(key, None)

    # ---------------------------------------------------------------- what lies around

    def _around(self, *keys: str, without: Sequence[str] = (), line: bool = False) -> Around:
        """What lies near these shapes on their plane; ``line``: as it matters for a line between them."""
        boxes = [box for key in keys if (box := self.box(key))]
        plane = self.shapes[keys[0]].parent
        here = [key for key, shape in self.shapes.items() if shape.parent is plane and self.box(key)]
        holding = [key for key in here if self._is_open(key) and key not in keys]
        homes = [
            box
            for key in holding
            if (box := self.box(key)) and all(box.holds(each) for each in boxes)
            if self._kind(key) != "group" and not (line and self._kind(key) == "lane")
        ]
        free = {
            key
            for key in holding
            if self._kind(key) in _POOLS
            or ((box := self.box(key)) and any(box.holds(each) for each in boxes))
        }
        return Around(
            [box for key in here if key not in free and (box := self.box(key))],
            list(self._labels(here)),
            [each for key in self._drawn(plane) if key not in without for each in pieces(self.points(key))],
            min(homes, key=lambda each: each.width * each.height, default=None),
        )

    def _labels(self, here: Sequence[str]) -> Iterator[Box]:
        """Where names stand: where the file says, else below an event or gateway."""
        for key in here:
            said = [
                each for label in self.shapes[key].children("BPMNLabel") for each in label.children("Bounds")
            ]
            box, node = self.box(key), self.ids.get(key)
            if said:
                yield _bounds(said[0])
            elif box is not None and node is not None and node.get("name") and box.width <= 50:
                yield Box(box.middle[0] - 45, box.far[1] + 4, 90, 14 if len(node.get("name")) < 15 else 28)
        for edge in self.edges.values():
            for label in edge.children("BPMNLabel"):
                yield from (_bounds(each) for each in label.children("Bounds"))

    def _drawn(self, plane: Piece | None) -> list[str]:
        return [key for key, edge in self.edges.items() if edge.parent is plane]

    def _ends(self, edge: str) -> tuple[str, str]:
        piece = self.ids.get(edge)
        one, other = (
            piece.get(name).strip().rpartition(":")[2] if piece is not None else "" for name in _ENDS
        )
        return one, other

    def _kind(self, key: str) -> str:
        return self.ids[key].local if key in self.ids else ""

    def _is_open(self, key: str) -> bool:
        """Whether it holds others: a pool, a lane, a group or a sub-process drawn with its steps."""
        box, kind = self.box(key), self._kind(key)
        return kind in _POOLS or (kind in _OPEN and box is not None and box.width > 150 and box.height > 100)

    def _plane(self, near: Piece) -> Piece:
        assert near.parent is not None  # noqa: S101  # a shape stands on a plane
        return near.parent


def size(kind: str) -> tuple[int, int]:
    """How large a new element is drawn."""
    return next((found for name, found in SIZES.items() if kind.endswith(name)), SIZES["Task"])


def _border(box: Box, inside: Point, outside: Point) -> Point:
    """Where a line from inside a box leaves it."""
    reach = []
    for axis, (low, high) in enumerate(((box.x, box.far[0]), (box.y, box.far[1]))):
        way = outside[axis] - inside[axis]
        if way:
            reach.append(((high if way > 0 else low) - inside[axis]) / way)
    part = min((each for each in reach if 0 <= each <= 1), default=0)
    return tuple(round(inside[axis] + part * (outside[axis] - inside[axis]), 2) for axis in (0, 1))  # type: ignore[return-value]


def _bounds(piece: Piece) -> Box:
    said = piece.attributes
    return Box(*(_number(said.get(name, "")) for name in ("x", "y", "width", "height")))


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
