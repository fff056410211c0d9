"""From a BPMN file to the model: every id, name, property, lane and event; nothing is judged here but ids."""

from dataclasses import dataclass, field

from lxml import etree

from engine.process.doctor import correlation, elements, extensions, model, schema, words
from engine.process.doctor.definitions import Definitions
from engine.process.doctor.findings import Ledger
from engine.process.doctor.flows import Flows, Steps
from engine.process.doctor.identities import Identities
from engine.process.doctor.loading import BPMN, is_bpmn, local
from engine.process.doctor.model import Bundle, Conversation, LaneRead, Node, Process, Scope
from engine.process.doctor.strays import DATA, GLOBAL_TASKS, TALKS, Strays

_CONVERSATIONS = frozenset({"choreography", "globalConversation", "conversation", "choreographyTask"})
MOST_STEPS = 3000
_THINGS = tuple(f"{{{BPMN}}}{kind}" for kind in sorted(DATA))


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
    identities: Identities = field(init=False)
    steps: Steps = field(default_factory=Steps)
    flows: Flows = field(init=False)
    strays: Strays = field(init=False)
    met: set[etree._Element] = field(default_factory=set)
    """The steps and flows that were read."""
    parties: set[str] = field(default_factory=set)
    """Ids of pools and processes: what a message may come from or go to."""

    def __post_init__(self) -> None:
        self.definitions = Definitions(self.root)
        self.identities = Identities(self.ledger, self.bundle)
        self.flows = Flows(self.ledger, self.bundle, self.identities, self.steps)
        self.strays = Strays(self.ledger, self.file)

    def read(self) -> None:
        """The whole file: pools, processes, flows, messages between pools."""
        if next(self.root.iter(*(f"{{{BPMN}}}{kind}" for kind in sorted(_CONVERSATIONS))), None) is not None:
            self.ledger.say("P07", file=self.file)
        self._foreign()
        correlation.read(self.bundle, self.definitions, self.root)
        drawn = list(elements.inside(self.root, "process"))
        if not drawn:
            self._no_process()
            return
        if sum(1 for each in self.root.iter(*elements.STEPS)) > MOST_STEPS:
            self.ledger.say("X22", file=self.file, most=str(MOST_STEPS))
            return
        self._global_tasks()
        pools = self._pools({str(each.get("id")) for each in drawn})
        for each in drawn:
            self._process(each, pools)
        self.flows.connect(self.file, pools)
        for each in elements.inside(self.root, "messageFlow"):
            self._conversation(each)
        self.strays.look_for(self.root, self.met)

    def _no_process(self) -> None:
        """X07, X21: there is nothing to run, perhaps because it is drawn as a conversation of parties."""
        for kind, what in TALKS.items():
            found = list(elements.inside(self.root, kind))
            if found:
                parties = [*found, *elements.inside(self.root, "participant")]
                names = [elements.name(each) or str(each.get("id") or "–") for each in parties]
                self.ledger.say("X21", file=self.file, kind=what, names=words.listed(names))
                return
        self.ledger.say("X07", file=self.file)

    def _global_tasks(self) -> None:
        """Tasks outside any process, which call activities may call."""
        for each in self.root:
            kind = GLOBAL_TASKS.get(local(each))
            if kind is not None and is_bpmn(each):
                key = str(each.get("id") or "")
                script = next((str(part.text or "") for part in each if local(part) == "script"), None)
                task = Node(key, kind, elements.name(each), key or None, script=script)
                task.properties = extensions.properties(each)
                self.bundle.global_tasks.setdefault(key, task)

    def _conversation(self, element: etree._Element) -> None:
        """A message between pools; X23: one that leads nowhere."""
        refs = [str(element.get(key) or "").strip() for key in ("sourceRef", "targetRef")]
        ends = [self.steps.find(ref) for ref in refs]
        name = elements.name(element) or self.definitions.name("message", element.get("messageRef")) or ""
        if any(
            end is None and not self.parties & {ref, elements.bare(ref)}
            for ref, end in zip(refs, ends, strict=True)
        ):
            self.ledger.say("X23", element=element.get("id"), name=name or str(element.get("id") or "–"))
        self.bundle.conversations.append(Conversation(ends[0], ends[1], name))

    def _foreign(self) -> None:
        """Forms inside the file and keys of messages, as other tools write them."""
        for each in elements.inside(self.root, "extensionElements"):
            for form in [part for part in each if local(part) == "userTaskForm" and part.get("id")]:
                self.bundle.foreign_forms.setdefault(str(form.get("id")), str(form.text or ""))
        for each in self.root:
            key = extensions.setting(each, "subscription", "correlationKey")
            if local(each) == "message" and key:
                self.bundle.correlations.append((str(each.get("id") or ""), elements.name(each), key))

    def _pools(self, processes: set[str]) -> dict[str, str]:
        """Names of pools by the process they hold; the empty ones are noted."""
        found: dict[str, str] = {}
        for each in self.root.iter(f"{{{BPMN}}}participant", f"{{{BPMN}}}process"):
            self.parties.add(str(each.get("id") or ""))
        for each in elements.inside(self.root, "participant"):
            held = elements.ref(each, "processRef", processes)
            if held and held in processes:  # a process may have lost its id: nobody holds it then
                found[held] = elements.name(each)
            else:
                self.ledger.say(
                    "P02", element=each.get("id"), pool=elements.name(each) or str(each.get("id"))
                )
        return found

    def _process(self, element: etree._Element, pools: dict[str, str]) -> None:
        source = str(element.get("id") or "")
        other = next((each for each in self.bundle.processes if each.source == source and source), None)
        if other is not None and other.file != self.file:
            self.ledger.say("X14", source, name=source, file=self.file, other=other.file)
            return
        process = Process("", elements.name(element) or pools.get(source, ""), self.file, Scope(""), source)
        holder = Node("", "subProcess", process.name, source or None)
        process.id = process.scope.id = self.identities.give(process, holder, element, body=True)
        process.source = source or process.id
        process.executable = element.get("isExecutable") == "true"
        process.properties = extensions.properties(element)
        self.bundle.processes.append(process)
        self._leftovers(process, element)
        self._scope(process, process.scope, element)
        self._lanes(process, element)
        for each in elements.inside(element, "association"):
            self._undoing(each)

    def _undoing(self, association: etree._Element) -> None:
        """A line between a compensation event and the step that undoes."""
        start, end = self.steps.ends(association)
        for edge, handler in ((start, end), (end, start)):
            if edge is not None and handler is not None and edge.kind == "boundaryEvent":
                edge.undone_by = handler.id if handler.for_compensation else edge.undone_by

    def _scope(self, process: Process, scope: Scope, element: etree._Element) -> None:
        for child in element:
            kind = local(child)
            if kind in model.NODES and is_bpmn(child):
                self._node(process, scope, child)
            elif kind == "sequenceFlow" and is_bpmn(child):
                self.met.add(child)
                self.flows.drawn.append((process, child))
            else:
                self.strays.meet(process.source, child)

    def _node(self, process: Process, scope: Scope, element: etree._Element) -> None:
        node = elements.step(element, self.definitions)
        is_body = node.kind in model.SUB_PROCESSES
        node.id = self.identities.give(process, node, element, body=is_body)
        self.steps.add(node, scope)
        self.met.add(element)
        if is_body:
            node.body = Scope(node.id, node, scope)
            self._scope(process, node.body, element)

    def _lanes(self, process: Process, element: etree._Element) -> None:
        """Lanes in the order of the file, so that an inner lane wins over the outer."""
        lanes: set[str] = set()
        for each in elements.inside(element, "lane"):
            refs = [self.steps.find((ref.text or "").strip()) for ref in each if local(ref) == "flowNodeRef"]
            inside = [node.id for node in refs if node is not None]
            lane = LaneRead(
                str(each.get("id") or ""), elements.name(each), extensions.properties(each), inside
            )
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
            notes.setdefault("K01", []).append(elements.name(each) or str(each.get("id") or local(each)))
        for each in (element, *element.iter(*elements.STEPS)):
            notes.setdefault("K02", []).extend(extensions.leftovers(each))
        notes["K03"] = list(correlation.left_out(self.bundle, self.root))
