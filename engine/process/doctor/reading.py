"""From a BPMN file to the model: every id, name, property, lane and event; nothing is judged here but ids."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.process.doctor import extensions, model
from engine.process.doctor.definitions import Definitions
from engine.process.doctor.findings import Ledger
from engine.process.doctor.loading import local
from engine.process.doctor.model import Bundle, Conversation, LaneRead, Link, Loop, Node, Process, Scope

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
_RESERVED_ENDS = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin", " [child]")
_ID = re.compile(r"[A-Za-z_][\w.\-]{0,199}")
_DATA = frozenset({"dataObject", "dataObjectReference", "dataStoreReference", "dataInput", "dataOutput"})
_CONVERSATIONS = frozenset({"choreography", "globalConversation", "conversation", "choreographyTask"})


def read(ledger: Ledger, bundle: Bundle, file: str, root: etree._Element) -> None:
    """Add the processes of a BPMN file to the bundle."""
    if root.tag != f"{{{BPMN}}}definitions":
        ledger.say("X02", file=file, root=str(root.tag)[:80])
        return
    reader = _Reader(ledger, bundle, file, root)
    reader.read()


@dataclass(slots=True)
class _Reader:
    ledger: Ledger
    bundle: Bundle
    file: str
    root: etree._Element
    definitions: Definitions = field(init=False)
    taken: set[str] = field(default_factory=set)
    nodes: dict[str, Node] = field(default_factory=dict)
    """Nodes by their id in the upload; the first where an id is used twice."""
    scopes: dict[Node, Scope] = field(default_factory=dict)
    flows: list[tuple[Process, Scope, etree._Element]] = field(default_factory=list)
    renamed: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.definitions = Definitions(self.root)

    def read(self) -> None:
        """The whole file: pools, processes, flows, messages between pools."""
        if any(local(each) in _CONVERSATIONS for each in self.root.iter()):
            self.ledger.say("P07", file=self.file)
        elements = list(_all(self.root, "process"))
        if not elements:
            self.ledger.say("X07", file=self.file)
            return
        pools = self._pools({str(each.get("id")) for each in elements})
        for each in elements:
            self._process(each, pools)
        for process, scope, flow in self.flows:
            self._flow(process, scope, flow)
        for each in _all(self.root, "messageFlow"):
            ends = [self.nodes.get(_ref(each, key)) for key in ("sourceRef", "targetRef")]
            name = _name(each) or self.definitions.name("message", each.get("messageRef")) or ""
            self.bundle.conversations.append(Conversation(ends[0], ends[1], name))

    def _pools(self, processes: set[str]) -> dict[str, str]:
        """Names of pools by the process they hold; the empty ones are noted."""
        found: dict[str, str] = {}
        for each in _all(self.root, "participant"):
            held = _ref(each, "processRef")
            if held in processes:
                found[held] = _name(each)
            else:
                self.ledger.say("P02", element=each.get("id"), pool=_name(each) or str(each.get("id")))
        return found

    def _process(self, element: etree._Element, pools: dict[str, str]) -> None:
        source = str(element.get("id") or "")
        other = next((each for each in self.bundle.processes if each.source == source and source), None)
        if other is not None and other.file != self.file:
            self.ledger.say("X14", source, name=source, file=self.file, other=other.file)
            return
        process = Process("", _name(element) or pools.get(source, ""), self.file, Scope(""), source)
        holder = Node("", "subProcess", process.name, source or None)
        process.id = process.scope.id = self._identify(process, holder, element, body=True)
        process.source = source or process.id
        process.executable = element.get("isExecutable") == "true"
        process.properties = extensions.properties(element)
        self.bundle.processes.append(process)
        self._leftovers(process, element)
        self._scope(process, process.scope, element)
        self._lanes(process, element)

    def _scope(self, process: Process, scope: Scope, element: etree._Element) -> None:
        for child in element:
            kind = local(child)
            if kind in model.NODES:
                self._node(process, scope, child)
            elif kind == "sequenceFlow":
                self.flows.append((process, scope, child))

    def _node(self, process: Process, scope: Scope, element: etree._Element) -> None:
        kind = local(element)
        node = Node("", kind, _name(element), element.get("id"), drawn=kind)
        is_body = kind in model.SUB_PROCESSES
        node.id = self._identify(process, node, element, body=is_body)
        node.properties = extensions.properties(element)
        node.default = element.get("default")
        node.host = element.get("attachedToRef")
        node.interrupting = _flag(
            element, "isInterrupting" if kind == "startEvent" else "cancelActivity", True
        )
        node.all_of = _flag(element, "parallelMultiple", False)
        node.by_event = _flag(element, "triggeredByEvent", False)
        node.for_compensation = _flag(element, "isForCompensation", False)
        node.triggers = self.definitions.triggers(element)
        node.loop = _loop(element)
        node.called = _ref(element, "calledElement") or extensions.setting(
            element, "calledElement", "processId"
        )
        node.decision = extensions.setting(element, "calledDecision", "decisionId")
        node.decision = node.decision or extensions.vendor_attribute(element, "decisionRef")
        node.script = next((str(each.text or "") for each in element if local(each) == "script"), None)
        if kind in {"sendTask", "receiveTask"}:
            node.message = self.definitions.name("message", element.get("messageRef"))
            node.declared = node.message is not None
        scope.add(node)
        self.scopes[node] = scope
        if node.source and node.source not in self.nodes:
            self.nodes[node.source] = node
        if is_body:
            node.body = Scope(node.id, node, scope)
            self._scope(process, node.body, element)

    def _flow(self, process: Process, scope: Scope, element: etree._Element) -> None:
        link = Link("", "", "", name=_name(element), source_id=element.get("id"))
        link.id = self._identify(process, link, element)
        link.properties = extensions.properties(element)
        condition = next((each for each in element if local(each) == "conditionExpression"), None)
        if condition is not None:
            link.condition = _text(condition)
        ends = [self.nodes.get(_ref(element, key)) for key in ("sourceRef", "targetRef")]
        if ends[0] is None or ends[1] is None:
            self.ledger.say("F01", process.source, link)
            return
        self._place(process, link, ends[0], ends[1])

    def _place(self, process: Process, link: Link, start: Node, end: Node) -> None:
        """Put a flow into the scope both ends share, lifting an end that lies deeper."""
        if self.scopes[start] is not self.scopes[end]:
            above, below = list(_path(self.scopes[start])), list(_path(self.scopes[end]))
            shared = next((scope for scope in above if scope in below), None)
            if shared is None:
                self.ledger.say("F02", process.source, link)
                return
            self.ledger.say("F03", process.source, link)
            start, end = _lifted(start, above, shared), _lifted(end, below, shared)
            if start is end:
                return
        link.start, link.end = start.id, end.id
        self.scopes[start].links.append(link)

    def _lanes(self, process: Process, element: etree._Element) -> None:
        """Lanes in the order of the file, so that an inner lane wins over the outer."""
        for each in _all(element, "lane"):
            refs = [self.nodes.get((ref.text or "").strip()) for ref in each if local(ref) == "flowNodeRef"]
            inside = [node.id for node in refs if node is not None]
            lane = LaneRead(str(each.get("id") or ""), _name(each), extensions.properties(each), inside)
            if not lane.id:
                lane.id = self.bundle.fresh("lane")
            process.lanes.append(lane)
            process.lane_of.update((node, lane) for node in inside)
            self._leftovers(process, each)

    def _leftovers(self, process: Process, element: etree._Element) -> None:
        notes = process.leftovers
        for each in element.iter():
            kind = local(each)
            if kind in _DATA:
                notes.setdefault("K01", []).append(_name(each) or str(each.get("id") or kind))
            if kind in model.NODES or each is element:
                notes.setdefault("K02", []).extend(extensions.leftovers(each))
        keys = [_name(each) or str(each.get("id")) for each in _all(self.root, "correlationKey")]
        notes["K03"] = keys

    def _identify(
        self, process: Process, about: Node | Link, element: etree._Element, *, body: bool = False
    ) -> str:
        """The id an element goes by: its own, or a new one after a finding."""
        given = str(element.get("id") or "").strip()
        code = self._objection(given, body, is_step=isinstance(about, Node))
        if code is None:
            self._take(given, body)
            return given
        made = self.bundle.fresh(local(element))
        self._take(made, body)
        self.ledger.say(code, process.source, about, element=given or None, id=given)
        return made

    def _objection(self, given: str, body: bool, *, is_step: bool) -> str | None:
        if not given:
            return "I01"
        if is_step and (given in _RESERVED or given.endswith(_RESERVED_ENDS)):
            return "I02"
        if not _ID.fullmatch(given) or given.startswith("dr_"):
            return "I03"
        if given in self.taken or (body and given in self.bundle.bodies):
            return "I04"
        return None

    def _take(self, key: str, body: bool) -> None:
        self.taken.add(key)
        self.bundle.ids.add(key)
        if body:
            self.bundle.bodies.add(key)


def _loop(element: etree._Element) -> Loop | None:
    for each in element:
        parts = {local(child): child for child in each}
        if local(each) == "standardLoopCharacteristics":
            return Loop(
                "standard",
                condition=_part(parts, "loopCondition"),
                test_before=_flag(each, "testBefore", False),
                maximum=each.get("loopMaximum"),
            )
        if local(each) == "multiInstanceLoopCharacteristics":
            loop = Loop("sequential" if _flag(each, "isSequential", False) else "parallel")
            loop.cardinality = _part(parts, "loopCardinality")
            loop.collection = _part(parts, "loopDataInputRef") or extensions.vendor_attribute(
                each, "collection"
            )
            loop.collection = loop.collection or extensions.setting(
                each, "loopCharacteristics", "inputCollection"
            )
            loop.item = _item(parts, "inputDataItem") or extensions.vendor_attribute(each, "elementVariable")
            loop.item = loop.item or extensions.setting(each, "loopCharacteristics", "inputElement")
            loop.results, loop.result = _part(parts, "loopDataOutputRef"), _item(parts, "outputDataItem")
            loop.until = _part(parts, "completionCondition")
            return loop
    return None


def _part(parts: dict[str, etree._Element], name: str) -> str | None:
    return _text(parts[name]) or None if name in parts else None


def _item(parts: dict[str, etree._Element], name: str) -> str | None:
    return str(parts[name].get("name") or parts[name].get("id") or "") or None if name in parts else None


def _path(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def _lifted(node: Node, path: list[Scope], shared: Scope) -> Node:
    depth = path.index(shared)
    owner = path[depth - 1].owner if depth else None
    return owner or node


def _all(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iter(f"{{{BPMN}}}{name}")


def _ref(element: etree._Element, attribute: str) -> str:
    value = str(element.get(attribute) or "").strip()
    return value.partition(":")[2] or value if ":" in value else value


def _name(element: etree._Element) -> str:
    return " ".join(str(element.get("name") or "").split())


def _text(element: etree._Element) -> str:
    return "".join(str(part) for part in element.itertext()).strip()


def _flag(element: etree._Element, attribute: str, default: bool) -> bool:
    value = element.get(attribute)
    return default if value is None else str(value).strip().lower() in {"true", "1"}
