"""A drawing for a diagram that has none: steps in columns as a designer would lay them, lines with right angles."""

from dataclasses import dataclass, field

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DI = {
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
}
SCOPES = ("subProcess", "transaction", "adHocSubProcess")
SPACE = 60
ROW = 120


def drawn(content: bytes) -> bytes:
    """The same file with a shape for each step and an edge for each flow; what cannot be read comes back as it was."""
    try:
        root = etree.fromstring(content, etree.XMLParser(recover=True))
    except etree.XMLSyntaxError:
        return content
    layout, top = Layout(), 100.0
    for process in [each for each in root if _local(each) == "process"]:
        _, height = layout.lay(process, 160, top)
        top += height + 100
    if not layout.boxes:
        return content
    at = content.rindex(b"</")
    return content[:at] + layout.plane(root).encode() + content[at:]


@dataclass
class Layout:
    """Where everything lies: ``boxes`` are x, y, width, height by id."""

    boxes: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    lines: dict[str, tuple[str, str]] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)

    def lay(self, scope: etree._Element, x: float, y: float) -> tuple[float, float]:
        """Lay what is just inside a scope from this corner on; the room it takes."""
        nodes = [each for each in scope if _is_step(each) and _local(each) != "boundaryEvent"]
        links = [each for each in scope if _local(each) == "sequenceFlow"]
        columns = _columns(nodes, links)
        across, lowest = x, y
        for column in columns:
            widest, down = 0.0, y
            for node in column:
                width, height = self._put(node, across, down)
                widest, down = max(widest, width), down + max(height + 40, ROW)
            across, lowest = across + widest + SPACE, max(lowest, down)
        self._borders(scope)
        self.lines |= {
            each.get("id") or "": (each.get("sourceRef") or "", each.get("targetRef") or "") for each in links
        }
        return across - SPACE - x, lowest - y

    def _put(self, node: etree._Element, x: float, y: float) -> tuple[float, float]:
        width, height = _size(_local(node))
        key = node.get("id") or ""
        if any(_is_step(each) for each in node):
            inside = self.lay(node, x + 40, y + 40)
            width, height = max(inside[0] + 80, 200), max(inside[1] + 40, 140)
        if key not in self.boxes:
            self.boxes[key] = (x, y if height >= 80 else y + 40 - height / 2, width, height)
        return width, height

    def _borders(self, scope: etree._Element) -> None:
        for node in [each for each in scope if _local(each) == "boundaryEvent"]:
            host = self.boxes.get(node.get("attachedToRef") or "", (160.0, 400.0, 100.0, 80.0))
            used = sum(1 for each in self.boxes.values() if each[1] == host[1] + host[3] - 18)
            self.boxes[node.get("id") or ""] = (host[0] + 20 + 40 * used, host[1] + host[3] - 18, 36, 36)

    def plane(self, root: etree._Element) -> str:
        """The drawing as XML."""
        said = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in DI.items())
        process = next(each for each in root if _local(each) == "process")
        shapes = "".join(self._shape(key, *box) for key, box in self.boxes.items() if key)
        edges = "".join(self._edge(key, *ends) for key, ends in self.lines.items() if key)
        return (
            f'\n<bpmndi:BPMNDiagram{said} id="Diagram"><bpmndi:BPMNPlane id="Plane" bpmnElement="{process.get("id")}">'
            f"\n{shapes}{edges}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>\n"
        )

    def _shape(self, key: str, x: float, y: float, width: float, height: float) -> str:
        wide = ' isExpanded="true"' if width > 150 else ""
        bounds = f'<dc:Bounds x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"/>'
        name = key.replace(" ", "_")
        return f'<bpmndi:BPMNShape id="{name}_shape" bpmnElement="{key}"{wide}>{bounds}</bpmndi:BPMNShape>\n'

    def _edge(self, key: str, start: str, end: str) -> str:
        if start not in self.boxes or end not in self.boxes:
            return ""
        points = "".join(f'<di:waypoint x="{x:g}" y="{y:g}"/>' for x, y in self._way(start, end))
        name = key.replace(" ", "_")
        return f'<bpmndi:BPMNEdge id="{name}_edge" bpmnElement="{key}">{points}</bpmndi:BPMNEdge>\n'

    def _way(self, start: str, end: str) -> list[tuple[float, float]]:
        (x, y, w, h), (to_x, to_y, to_w, to_h) = self.boxes[start], self.boxes[end]
        if to_x <= x:
            low = max(y + h, to_y + to_h) + 30
            return [
                (x + w / 2, y + h),
                (x + w / 2, low),
                (to_x + to_w / 2, low),
                (to_x + to_w / 2, to_y + to_h),
            ]
        one, other = (x + w, y + h / 2), (to_x, to_y + to_h / 2)
        bend = other[0] - SPACE / 2
        return [one, other] if one[1] == other[1] else [one, (bend, one[1]), (bend, other[1]), other]


def _columns(nodes: list[etree._Element], links: list[etree._Element]) -> list[list[etree._Element]]:
    """Steps by how far they are from where it begins."""
    leads: dict[str | None, list[str | None]] = {}
    for each in links:
        leads.setdefault(each.get("sourceRef"), []).append(each.get("targetRef"))
    entered = {target for targets in leads.values() for target in targets}
    depth: dict[str | None, int] = {each.get("id"): 0 for each in nodes if each.get("id") not in entered}
    todo = list(depth) or [nodes[0].get("id")] if nodes else []
    depth |= dict.fromkeys(todo, 0)
    while todo:
        here = todo.pop(0)
        for target in leads.get(here, []):
            if target not in depth:
                depth[target] = depth[here] + 1
                todo.append(target)
    columns: dict[int, list[etree._Element]] = {}
    for each in nodes:
        columns.setdefault(depth.get(each.get("id"), 1), []).append(each)
    return [columns[place] for place in sorted(columns)]


def _size(kind: str) -> tuple[float, float]:
    return (36, 36) if kind.endswith("Event") else (50, 50) if kind.endswith("Gateway") else (100, 80)


def _is_step(each: etree._Element) -> bool:
    kind = _local(each)
    return (
        kind in (*SCOPES, "callActivity")
        or kind.lower().endswith("task")
        or kind.endswith(("Event", "Gateway"))
    )


def _local(each: etree._Element) -> str:
    return etree.QName(each).localname if isinstance(each.tag, str) else ""


def processes(content: bytes) -> list[etree._Element]:
    """The processes of a file."""
    return [each for each in etree.fromstring(content) if _local(each) == "process"]


def contents(process: etree._Element) -> tuple[list[str], list[str]]:
    """The ids of the steps and of the flows of a process that can be seen: not inside what is drawn closed."""
    inside = list(process.iter(f"{{{BPMN}}}*"))
    steps = [each.get("id") or "" for each in inside if _is_step(each)]
    return steps, [each.get("id") or "" for each in inside if _local(each) == "sequenceFlow"]
