"""One diagram on the table: its elements and its drawing, changed together."""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from engine.process.doctor.mending.boxes import Box
from engine.process.doctor.mending.canvas import Canvas
from engine.process.doctor.mending.document import BPMN, Piece, decoded, parsed
from engine.process.doctor.model import EVENTS, GATEWAYS, NODES, SUB_PROCESSES

OURS = "http://spiffworkflow.org/bpmn/schema/1.0/core"
_LINES = ("sequenceFlow", "messageFlow", "association", "dataInputAssociation", "dataOutputAssociation")
_HELD_BY = {**dict.fromkeys(_LINES, ("sourceRef", "targetRef")), "boundaryEvent": ("attachedToRef",)}
_POINTING = (
    "sourceRef",
    "targetRef",
    "attachedToRef",
    "default",
    "bpmnElement",
    "calledElement",
    "processRef",
)
_NAMING = frozenset({"incoming", "outgoing", "flowNodeRef", "sourceRef", "targetRef"})
_CATCHING = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})
_ONLY_OF = {
    "parallelMultiple": _CATCHING,
    "isInterrupting": {"startEvent"},
    "cancelActivity": {"boundaryEvent"},
    "attachedToRef": {"boundaryEvent"},
    "gatewayDirection": GATEWAYS,
    "eventGatewayType": {"eventBasedGateway"},
    "activationCondition": {"complexGateway"},
}
"""What only some kinds of steps can say."""
_FIRST = frozenset({"documentation", "extensionElements", "auditing", "monitoring", "categoryValueRef"})


class Sheet:
    """A file that is being mended. ``forms`` are the forms that its drawers added, by file name."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.whole = parsed(decoded(content))
        self.root = next(iter(self.whole.children()), self.whole) if not self.whole.head else self.whole
        self.forms: dict[str, bytes] = {}
        self.renamed: dict[str, str] = {}
        self.ids = {each.get("id"): each for each in reversed(list(self._elements())) if each.get("id")}
        self.canvas = Canvas(self.root, self.ids)

    def content(self) -> bytes:
        """The file as it is now."""
        return str(self.whole).encode()

    def _elements(self) -> Iterable[Piece]:
        for each in self.root.everything():
            if each.space(each.name.rpartition(":")[0]) == BPMN:
                yield each

    # ---------------------------------------------------------------- looking

    def process(self, key: str) -> Piece | None:
        """A process by its id; the only one where the id is empty."""
        found = [each for each in self.root.children("process") if each.get("id") == key or not key]
        return found[0] if found else None

    def scope(self, key: str) -> Piece | None:
        """A process or sub-process by its id."""
        found = self.process(key) or self.ids.get(key)
        return found if found is not None and found.local in {"process", *SUB_PROCESSES} else None

    def nodes(self, scope: Piece) -> list[Piece]:
        """The steps just inside a process or sub-process."""
        return [each for each in scope.children() if each.local in NODES]

    def flows(self) -> list[Piece]:
        """Every sequence flow of the file."""
        return [
            each for each in self.ids.values() if each.local == "sequenceFlow" and each.parent is not None
        ]

    def outgoing(self, node: Piece) -> list[Piece]:
        """The flows that leave a step, in the order of the file."""
        return self._at(node, "sourceRef")

    def incoming(self, node: Piece) -> list[Piece]:
        """The flows that lead to a step."""
        return self._at(node, "targetRef")

    def _at(self, node: Piece, end: str) -> list[Piece]:
        key = node.get("id")
        if node.parent is None or not key:
            return []
        return [
            each for each in self.root.everything() if each.local == "sequenceFlow" and _ref(each, end) == key
        ]

    def end(self, flow: Piece, which: str) -> Piece | None:
        """The step at an end of a flow: sourceRef or targetRef."""
        return self.ids.get(_ref(flow, which))

    # ---------------------------------------------------------------- changing

    def fresh(self, kind: str) -> str:
        """An id that nothing has."""
        count = 1
        while f"{kind}_added_{count}" in self.ids:
            count += 1
        return f"{kind}_added_{count}"

    def tag(self, like: Piece, local: str) -> str:
        """An element name under the prefix another BPMN element has."""
        prefix = like.name.rpartition(":")[0]
        return f"{prefix}:{local}" if prefix else local

    def add_node(self, kind: str, near: Piece, box: Box | None, name: str = "") -> Piece:
        """A new step in the scope and lane of another."""
        key = self.fresh(kind)
        label = f" name={quoteattr(name)}" if name else ""
        assert near.parent is not None  # noqa: S101  # a step stands in a scope
        made = near.parent.add(f"<{self.tag(near, kind)} id={quoteattr(key)}{label}/>", after=near)
        self.ids[key] = made
        for ref in [each for each in self.root.everything() if each.local == "flowNodeRef"]:
            if ref.text() == near.get("id") and ref.parent is not None:
                ref.parent.add(f"<{ref.name}>{escape(key)}</{ref.name}>", after=ref)
        if box is not None:
            self.canvas.place(key, box, beside=near.get("id"))
        return made

    def add_flow(self, start: Piece, end: Piece, name: str = "") -> Piece:
        """A new flow between two steps of one scope."""
        key = self.fresh("flow")
        label = f" name={quoteattr(name)}" if name else ""
        ends = f"sourceRef={quoteattr(start.get('id'))} targetRef={quoteattr(end.get('id'))}"
        assert start.parent is not None  # noqa: S101
        made = start.parent.add(f"<{self.tag(start, 'sequenceFlow')} id={quoteattr(key)}{label} {ends}/>")
        self.ids[key] = made
        self._note(start, "outgoing", key)
        self._note(end, "incoming", key)
        self.canvas.wire(key, start.get("id"), end.get("id"))
        return made

    def start_at(self, flow: Piece, node: Piece) -> None:
        """Let a flow begin at another step."""
        self._move(flow, node, "sourceRef", "outgoing")
        self.canvas.start_at(flow.get("id"), node.get("id"))
        self.line(flow)

    def end_at(self, flow: Piece, node: Piece) -> None:
        """Let a flow end at another step."""
        self._move(flow, node, "targetRef", "incoming")
        self.canvas.end_at(flow.get("id"), node.get("id"))
        self.line(flow)

    def line(self, flow: Piece) -> None:
        """Draw a flow that has no line yet."""
        if flow.get("id") not in self.canvas.edges:
            self.canvas.wire(flow.get("id"), _ref(flow, "sourceRef"), _ref(flow, "targetRef"))

    def _move(self, flow: Piece, node: Piece, end: str, note: str) -> None:
        old = self.end(flow, end)
        for each in old.children(note) if old is not None else ():
            if each.text() == flow.get("id"):
                each.remove()
        flow.set(end, node.get("id"))
        self._note(node, note, flow.get("id"))

    def _note(self, node: Piece, note: str, key: str) -> None:
        """The list of flows that a step keeps, where it keeps one."""
        if not node.children("incoming", "outgoing") and "_added_" not in node.get("id"):
            return
        text = f"<{self.tag(node, note)}>{escape(key)}</{self.tag(node, note)}>"
        ahead = [each for each in node.children() if each.local in _FIRST]
        ahead += node.children("incoming") + (node.children("outgoing") if note == "outgoing" else [])
        following = [each for each in node.children() if each not in ahead]
        if ahead:
            node.add(text, after=ahead[-1])
        else:
            node.add(text, before=following[0]) if following else node.add(text)

    def turn(self, node: Piece, kind: str) -> None:
        """Make another kind of step of it, of that kind's size."""
        if _family(node.local) != _family(kind):
            self.canvas.resize(node.get("id"), kind)
        node.rename(kind)
        for name, kinds in _ONLY_OF.items():
            if f"{name}=" in node.head and kind not in kinds:
                node.set(name, None)

    def drop(self, piece: Piece) -> None:
        """Take an element out, with its flows, boundary events, drawing and everything that refers to it."""
        gone = {each.get("id") for each in piece.everything() if each.get("id")}
        keys = {piece.get("id")} if piece.get("id") else set()
        piece.remove()
        for key in gone & set(self.ids):
            if self.ids[key].parent is None or self._is_inside(self.ids[key], piece):
                self.ids.pop(key)
                self.canvas.erase(key)
        self._forget(gone | keys)

    def _is_inside(self, inner: Piece, outer: Piece) -> bool:
        here: Piece | None = inner
        while here is not None and here is not outer:
            here = here.parent
        return here is outer

    def _forget(self, gone: set[str]) -> None:
        """References to what is gone go too; lines and boundary events cannot be without their ends."""
        for each in list(self.root.everything()):
            if each.local in _NAMING and not each.children() and each.text().rpartition(":")[2] in gone:
                each.remove()
            elif {_ref(each, name) for name in _HELD_BY.get(each.local, ())} & gone:
                self.drop(each)
            elif each.get("default") in gone:
                each.set("default", None)

    def rename_id(self, piece: Piece, new: str, *, shared: bool = False) -> None:
        """Another id; what points to it follows, unless the old id is shared and means another element."""
        old = piece.get("id")
        piece.set("id", new)
        self.ids[new] = piece
        self.renamed[old] = new
        if shared or not old:
            return
        self.ids.pop(old, None)
        for each in self.root.everything():
            for name in _POINTING:
                if f"{name}=" in each.head and _ref(each, name) == old:
                    each.set(name, new)
            if each.local in _NAMING and not each.children() and each.text() == old:
                each.write(new)

    # ---------------------------------------------------------------- what an element says

    def say(self, piece: Piece, name: str, value: str) -> None:
        """An extension property of ours."""
        holder = next(iter(piece.children("extensionElements")), None)
        if holder is None:
            text = f"<{self.tag(piece, 'extensionElements')}/>"
            documented, inside = piece.children("documentation"), piece.children()
            if documented:
                holder = piece.add(text, after=documented[-1])
            else:
                holder = piece.add(text, before=inside[0]) if inside else piece.add(text)
        ours = [
            each for each in holder.children("properties") if each.space(each.name.rpartition(":")[0]) == OURS
        ]
        group = ours[0] if ours else holder.add(f'<spiffworkflow:properties xmlns:spiffworkflow="{OURS}"/>')
        for each in group.children("property"):
            if each.get("name") == name:
                each.remove()
        prefix = group.name.rpartition(":")[0]
        group.add(
            f"<{prefix}{':' if prefix else ''}property name={quoteattr(name)} value={quoteattr(value)}/>"
        )

    def unsay(self, piece: Piece, name: str) -> None:
        """Leave a property out, whoever's it is."""
        for holder in piece.children("extensionElements"):
            for each in [inner for inner in holder.everything() if inner.local == "property"]:
                if each.get("name") == name:
                    each.remove()

    def condition(self, flow: Piece, text: str | None) -> None:
        """The condition of a flow, or none."""
        for each in flow.children("conditionExpression"):
            each.remove()
        if text is not None:
            name = self.tag(flow, "conditionExpression")
            flow.add(f"<{name}>{escape(text)}</{name}>")

    def define(self, kind: str, name: str) -> str:
        """The id of a message or signal of this name, defined before the processes."""
        for each in self.root.children(kind):
            if each.get("name") == name and each.get("id"):
                return each.get("id")
        key = self.fresh(kind)
        first = next(each for each in self.root.children() if each.local in {"process", "collaboration"})
        text = f"<{self.tag(first, kind)} id={quoteattr(key)} name={quoteattr(name)}/>"
        self.ids[key] = self.root.add(text, before=first)
        return key


def _ref(piece: Piece, name: str) -> str:
    return piece.get(name).strip().rpartition(":")[2]


def _family(kind: str) -> str:
    return "event" if kind in EVENTS else "gateway" if kind in GATEWAYS else "step"
