"""From a BPMN file to the model: every id, name, property, lane and event; nothing is judged here but ids."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.process.blueprint import Text
from engine.process.doctor import correlation, extensions, model, schema, uniting, words
from engine.process.doctor.definitions import Definitions
from engine.process.doctor.findings import Ledger
from engine.process.doctor.loading import BPMN, is_bpmn, local
from engine.process.doctor.model import Bundle, Conversation, LaneRead, Link, Loop, Node, Process, Scope

_RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
_RESERVED_ENDS = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin", " [child]")
_ID = re.compile(r"[A-Za-z_][\w.\-]{0,199}")
_DATA = frozenset({"dataObject", "dataObjectReference", "dataStoreReference", "dataInput", "dataOutput"})
_CONVERSATIONS = frozenset({"choreography", "globalConversation", "conversation", "choreographyTask"})
_TALKS = {
    "choreography": Text("choreografia", "choreography"),
    "globalChoreographyTask": Text("choreografia", "choreography"),
    "globalConversation": Text("konwersacja", "conversation"),
    "conversation": Text("konwersacja", "conversation"),
    "subConversation": Text("konwersacja", "conversation"),
    "collaboration": Text("współpraca pustych basenów", "collaboration of empty pools"),
}
_GLOBAL_TASKS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
_BESIDE = frozenset(
    [
        *(
            "documentation",
            "extensionElements",
            "auditing",
            "monitoring",
            "property",
            "laneSet",
            "resourceRole",
        ),
        *(
            "performer",
            "humanPerformer",
            "potentialOwner",
            "incoming",
            "outgoing",
            "ioSpecification",
            "ioBinding",
        ),
        *(
            "dataInputAssociation",
            "dataOutputAssociation",
            "dataOutput",
            "dataInput",
            "inputSet",
            "outputSet",
        ),
        *("standardLoopCharacteristics", "multiInstanceLoopCharacteristics", "eventDefinitionRef"),
        *("association", "group", "textAnnotation", "artifact", "supports", "correlationSubscription"),
        *(
            "supportedInterfaceRef",
            "completionCondition",
            "dataStore",
            "transformation",
            "script",
            "rendering",
        ),
    ]
)
"""What stands in a process beside its steps and flows: it is kept as documentation or read in its place."""
_STEP_LIKE = re.compile(r"(Task|Event|Gateway|SubProcess|Activity|transaction)$")
_NO_WAY_TO_AN_END = frozenset({"endEvent", "eventBasedGateway"})
"""Behind these no end event can be added where a flow has lost its end."""
MOST_STEPS = 3000
_CHOREOGRAPHIES = tuple(f"{{{BPMN}}}{kind}" for kind in ("choreography", "subChoreography"))
_THINGS = tuple(f"{{{BPMN}}}{kind}" for kind in sorted(_DATA))
_STEPS = tuple(f"{{{BPMN}}}{kind}" for kind in model.NODES)


def read(ledger: Ledger, bundle: Bundle, file: str, root: etree._Element) -> None:
    """Add the processes of a BPMN file to the bundle."""
    if root.tag != f"{{{BPMN}}}definitions":
        ledger.say("X02", file=file, root=str(root.tag)[:80])
        return
    schema.compare(ledger, file, root)
    _Reader(ledger, bundle, file, root).read()


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
    flows: list[tuple[Process, etree._Element]] = field(default_factory=list)
    rootless: list[tuple[Process, Link, Node]] = field(default_factory=list)
    """Flows without a start, with the step they lead to."""
    met: set[etree._Element] = field(default_factory=set)
    """The steps and flows that were read."""
    told: set[etree._Element] = field(default_factory=set)
    """What was said not to be known here, with everything in it."""
    parties: set[str] = field(default_factory=set)
    """Ids of pools and processes: what a message may come from or go to."""

    def __post_init__(self) -> None:
        self.definitions = Definitions(self.root)

    def read(self) -> None:
        """The whole file: pools, processes, flows, messages between pools."""
        if next(self.root.iter(*(f"{{{BPMN}}}{kind}" for kind in sorted(_CONVERSATIONS))), None) is not None:
            self.ledger.say("P07", file=self.file)
        self._foreign()
        correlation.read(self.bundle, self.definitions, self.root)
        elements = list(_all(self.root, "process"))
        if not elements:
            self._no_process()
            return
        if sum(1 for each in self.root.iter(*_STEPS)) > MOST_STEPS:
            self.ledger.say("X22", file=self.file, most=str(MOST_STEPS))
            return
        self._global_tasks()
        pools = self._pools({str(each.get("id")) for each in elements})
        for each in elements:
            self._process(each, pools)
        self._unite(pools)
        for process, flow in self.flows:
            self._flow(process, flow)
        for process, link, node in self.rootless:
            self._from_nowhere(process, link, node)
        for each in _all(self.root, "messageFlow"):
            self._conversation(each)
        self._overlooked()

    def _no_process(self) -> None:
        """X07, X21: there is nothing to run, perhaps because it is drawn as a conversation of parties."""
        for kind, what in _TALKS.items():
            found = list(_all(self.root, kind))
            if found:
                parties = [*found, *_all(self.root, "participant")]
                names = [_name(each) or str(each.get("id") or "–") for each in parties]
                self.ledger.say("X21", file=self.file, kind=what, names=words.listed(names))
                return
        self.ledger.say("X07", file=self.file)

    def _global_tasks(self) -> None:
        """Tasks outside any process, which call activities may call."""
        for each in self.root:
            kind = _GLOBAL_TASKS.get(local(each))
            if kind is not None and is_bpmn(each):
                key = str(each.get("id") or "")
                script = next((str(part.text or "") for part in each if local(part) == "script"), None)
                task = Node(key, kind, _name(each), key or None, script=script)
                task.properties = extensions.properties(each)
                self.bundle.global_tasks.setdefault(key, task)

    def _overlooked(self) -> None:
        """X18: steps, flows and lanes where none can be, such as inside a task or outside any process."""
        for each in self.root.iter(*_STEPS, f"{{{BPMN}}}sequenceFlow"):
            if each not in self.met:
                self._misplaced(each)
        for each in _all(self.root, "lane"):
            if next(each.iterancestors(f"{{{BPMN}}}process"), None) is None:
                self._unknown("", each)
        known = model.NODES | _GLOBAL_TASKS.keys() | _TALKS.keys()
        for each in self.root.iter(f"{{{BPMN}}}*"):
            kind = local(each)
            if kind not in known and _STEP_LIKE.search(kind) and each not in self.told:
                self._misplaced(each)
        for each in self.root.iter(*(f"{{{BPMN}}}{kind}" for kind in sorted(_GLOBAL_TASKS))):
            if each.getparent() is not self.root:
                self._unknown("", each)

    def _misplaced(self, element: etree._Element) -> None:
        """Not known where it is, unless that is a choreography, which is drawn for people only."""
        if next(element.iterancestors(*_CHOREOGRAPHIES), None) is None:
            process = next(element.iterancestors(f"{{{BPMN}}}process"), None)
            self._unknown(str(process.get("id") or "") if process is not None else "", element)

    def _conversation(self, element: etree._Element) -> None:
        """A message between pools; X23: one that leads nowhere."""
        refs = [str(element.get(key) or "").strip() for key in ("sourceRef", "targetRef")]
        ends = [self._find(ref) for ref in refs]
        name = _name(element) or self.definitions.name("message", element.get("messageRef")) or ""
        if any(
            end is None and not self.parties & {ref, _bare(ref)} for ref, end in zip(refs, ends, strict=True)
        ):
            self.ledger.say("X23", element=element.get("id"), name=name or str(element.get("id") or "–"))
        self.bundle.conversations.append(Conversation(ends[0], ends[1], name))

    def _find(self, ref: str) -> Node | None:
        """A node by a reference, which may carry the prefix of its namespace."""
        return self.nodes.get(ref) or self.nodes.get(_bare(ref))

    def _foreign(self) -> None:
        """Forms inside the file and keys of messages, as other tools write them."""
        for each in _all(self.root, "extensionElements"):
            for form in [part for part in each if local(part) == "userTaskForm" and part.get("id")]:
                self.bundle.foreign_forms.setdefault(str(form.get("id")), str(form.text or ""))
        for each in self.root:
            key = extensions.setting(each, "subscription", "correlationKey")
            if local(each) == "message" and key:
                self.bundle.correlations.append((str(each.get("id") or ""), _name(each), key))

    def _pools(self, processes: set[str]) -> dict[str, str]:
        """Names of pools by the process they hold; the empty ones are noted."""
        found: dict[str, str] = {}
        for each in self.root.iter(f"{{{BPMN}}}participant", f"{{{BPMN}}}process"):
            self.parties.add(str(each.get("id") or ""))
        for each in _all(self.root, "participant"):
            held = _ref(each, "processRef", processes)
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
        for each in _all(element, "association"):
            self._undoing(each)

    def _undoing(self, association: etree._Element) -> None:
        """A line between a compensation event and the step that undoes."""
        start, end = self._ends(association)
        for edge, handler in ((start, end), (end, start)):
            if edge is not None and handler is not None and edge.kind == "boundaryEvent":
                edge.undone_by = handler.id if handler.for_compensation else edge.undone_by

    def _scope(self, process: Process, scope: Scope, element: etree._Element) -> None:
        for child in element:
            kind = local(child)
            if kind in model.NODES and is_bpmn(child):
                self._node(process, scope, child)
            elif kind == "sequenceFlow" and is_bpmn(child):
                self.flows.append((process, child))
            elif kind not in _BESIDE and kind not in _DATA and kind and not kind.endswith("EventDefinition"):
                self._unknown(process.source, child)

    def _unknown(self, process: str, element: etree._Element) -> None:
        """X18: something BPMN 2.0 does not have here; what tools put there for themselves is theirs."""
        steps = model.NODES | {"sequenceFlow"}
        if (is_bpmn(element) or local(element) in steps) and not self.told.intersection(
            element.iterancestors()
        ):
            key, kind = str(element.get("id") or ""), local(element)[:60]
            inside = [str(each.get("id")) for each in element.iter() if each.get("id")]
            self.told.add(element)
            said = words.listed([key] if key else inside, most=20) or "–"
            self.ledger.say("X18", process, element=key or None, file=self.file, kind=kind, id=said)

    def _node(self, process: Process, scope: Scope, element: etree._Element) -> None:
        kind = local(element)
        node = Node("", kind, _name(element), element.get("id"), drawn=kind)
        is_body = kind in model.SUB_PROCESSES
        node.id = self._identify(process, node, element, body=is_body)
        node.properties = extensions.properties(element)
        node.foreign = extensions.foreign(element)
        node.default = _bare(str(element.get("default") or "")) or None
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
        self.met.add(element)
        self.scopes[node] = scope
        if node.source and node.source not in self.nodes:
            self.nodes[node.source] = node
        if is_body:
            node.body = Scope(node.id, node, scope)
            self._scope(process, node.body, element)

    def _flow(self, process: Process, element: etree._Element) -> None:
        self.met.add(element)
        link = Link("", "", "", name=_name(element), source_id=element.get("id"))
        link.id = self._identify(process, link, element)
        link.properties = extensions.properties(element)
        condition = next((each for each in element if local(each) == "conditionExpression"), None)
        if condition is not None:
            link.condition = _text(condition) or None
        start, end = self._ends(element)
        if start is not None and end is None and start.kind not in _NO_WAY_TO_AN_END:
            self.ledger.say("F11", process.source, link)
            end = self._add(self.scopes[start], "endEvent")
        if start is not None and end is not None:
            self._place(process, link, start, end)
        elif end is not None:
            self.rootless.append((process, link, end))
        else:
            self.ledger.say("F01", process.source, link)

    def _from_nowhere(self, process: Process, link: Link, node: Node) -> None:
        """S11: a flow without a start begins a way, if nothing else leads there; F01: else it means nothing."""
        scope = self.scopes[node]
        apart = node.kind in {"startEvent", "boundaryEvent"} or node.by_event or node.for_compensation
        if apart or scope.incoming(node):
            self.ledger.say("F01", process.source, link)
            return
        self.ledger.say("S11", process.source, node)
        link.start, link.end = self._add(scope, "startEvent").id, node.id
        scope.links.append(link)

    def _add(self, scope: Scope, kind: str) -> Node:
        """A step for the loose end of a flow."""
        node = scope.add(Node(self.bundle.fresh(kind), kind))
        self.scopes[node] = scope
        return node

    def _ends(self, flow: etree._Element) -> tuple[Node | None, Node | None]:
        start, end = (self._find(str(flow.get(key) or "").strip()) for key in ("sourceRef", "targetRef"))
        return start, end

    def _unite(self, pools: dict[str, str]) -> None:
        """Processes that flows join; from here on they are one."""
        home = {each.scope: each for each in self.bundle.processes if each.file == self.file}
        pairs = []
        for _, flow in self.flows:
            ends = [node for node in self._ends(flow) if node is not None]
            parts = [home[list(_path(self.scopes[node]))[-1]] for node in ends]
            if len(parts) > 1 and parts[0] is not parts[1]:
                pairs.append((parts[0], parts[1]))
        united = uniting.unite(self.ledger, self.bundle, pairs, pools) if pairs else {}
        self.flows = [(united.get(process.source, process), flow) for process, flow in self.flows]
        for process in set(united.values()) if united else ():
            self.scopes.update(dict.fromkeys(process.scope.nodes.values(), process.scope))

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
        lanes: set[str] = set()
        for each in _all(element, "lane"):
            refs = [self._find((ref.text or "").strip()) for ref in each if local(ref) == "flowNodeRef"]
            inside = [node.id for node in refs if node is not None]
            lane = LaneRead(str(each.get("id") or ""), _name(each), extensions.properties(each), inside)
            if lane.id in lanes:
                self.ledger.say("I04", process.source, lane, id=lane.id)
            if not lane.id or lane.id in lanes:
                lane.id = self.bundle.fresh("lane")
            lanes.add(lane.id)
            process.lanes.append(lane)
            process.lane_of.update((node, lane) for node in inside)
            process.leftovers.setdefault("K02", []).extend(extensions.leftovers(each))

    def _leftovers(self, process: Process, element: etree._Element) -> None:
        notes = process.leftovers
        for each in element.iter(*_THINGS):
            notes.setdefault("K01", []).append(_name(each) or str(each.get("id") or local(each)))
        for each in (element, *element.iter(*_STEPS)):
            notes.setdefault("K02", []).extend(extensions.leftovers(each))
        notes["K03"] = list(correlation.left_out(self.bundle, self.root))

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


def _ref(element: etree._Element, attribute: str, known: Collection[str] = ()) -> str:
    value = str(element.get(attribute) or "").strip()
    return value if value in known else _bare(value)


def _bare(ref: str) -> str:
    """A reference without the prefix of its namespace."""
    return ref.partition(":")[2] or ref


def _name(element: etree._Element) -> str:
    return " ".join(str(element.get("name") or "").split())


def _text(element: etree._Element) -> str:
    return "".join(str(part) for part in element.itertext()).strip()


def _flag(element: etree._Element, attribute: str, default: bool) -> bool:
    value = element.get(attribute)
    return default if value is None else str(value).strip().lower() in {"true", "1"}
