"""The small model an upload is read into and repaired in; written out again as fresh XML.

Nothing here knows XML or SpiffWorkflow. Ids are those of the upload; what the doctor adds has ids starting ``dr_``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.process import decisions
from engine.process.blueprint import Text

TASKS = frozenset(
    [
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
    ]
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
GATEWAYS = frozenset(
    ["exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway"]
)
EVENTS = frozenset(
    ["startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"]
)
NODES = ACTIVITIES | GATEWAYS | EVENTS


@dataclass(slots=True)
class Trigger:
    """What an event waits for or throws. ``declared``: its name comes from a definition in the file."""

    kind: str
    name: str | None = None
    code: str | None = None
    declared: bool = False
    missing: str | None = None
    """A reference that leads nowhere."""
    timer: str | None = None
    """duration, date or cycle."""
    text: str | None = None
    """The time or condition as written; after the repairs an expression."""


@dataclass(slots=True)
class Loop:
    """How an activity repeats. ``kind`` is standard, sequential or parallel."""

    kind: str
    condition: str | None = None
    test_before: bool = False
    maximum: str | None = None
    cardinality: str | None = None
    collection: str | None = None
    item: str | None = None
    results: str | None = None
    result: str | None = None
    until: str | None = None
    """A condition that ends a multi-instance early."""


@dataclass(frozen=True, slots=True)
class Setting:
    """An extension element of another tool: its name, attributes, text and parts."""

    name: str
    said: dict[str, str]
    text: str = ""
    parts: "list[Setting]" = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Foreign:
    """What other tools say about an element: their attributes, and their extension elements."""

    attributes: dict[str, str]
    settings: list[Setting]

    def all(self, *names: str) -> list[Setting]:
        """The extension elements of these names, in the order of the file."""
        return [each for each in self.settings if each.name in names]

    def said(self, element: str, attribute: str) -> str:
        """An attribute of an extension element, '' where it is not there."""
        return next((each.said[attribute] for each in self.all(element) if each.said.get(attribute)), "")


@dataclass(slots=True, eq=False)
class Node:
    """One flow node. ``source`` is its id in the upload, None for a step the doctor added."""

    id: str
    kind: str
    name: str = ""
    source: str | None = None
    drawn: str = ""
    """The kind in the upload, where a repair changed it."""
    properties: dict[str, str] = field(default_factory=dict)
    triggers: list[Trigger] = field(default_factory=list)
    host: str | None = None
    interrupting: bool = True
    all_of: bool = False
    default: str | None = None
    body: "Scope | None" = None
    by_event: bool = False
    for_compensation: bool = False
    undone_by: str | None = None
    """Of a compensation event on a border: the step that undoes what it is attached to."""
    loop: Loop | None = None
    script: str | None = None
    trusted: bool = False
    """The designer wants the script to run as Python, once an administrator has approved it."""
    called: str | None = None
    message: str | None = None
    declared: bool = False
    missing: str | None = None
    decision: str | None = None
    questions: list["Question"] = field(default_factory=list)
    """What the generated form of this user task asks."""
    settled: bool = False
    """A gateway of our own whose conditions stand."""
    asked: bool = False
    """An event nobody can cause: a person says that it happened."""
    title: Text | None = None
    """A name in both languages, for steps the doctor added."""
    foreign: Foreign | None = None
    """What other tools say about it."""

    @property
    def audible(self) -> bool:
        """Whether it waits for something to happen."""
        return self.kind in {"intermediateCatchEvent", "receiveTask", "boundaryEvent", "startEvent"}


@dataclass(slots=True, eq=False)
class Link:
    """A sequence flow. ``source_id`` is its id in the upload."""

    id: str
    start: str
    end: str
    condition: str | None = None
    name: str = ""
    source_id: str | None = None
    properties: dict[str, str] = field(default_factory=dict)
    title: Text | None = None
    home: "Links | None" = field(default=None, repr=False)
    """The flows of the scope it is in, which keep an index of its ends."""

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if name in {"start", "end"} and getattr(self, "home", None) is not None:
            self.home.forget()  # type: ignore[union-attr]


class Links(list[Link]):
    """The flows of a scope, found by their ends without looking at all of them."""

    def __init__(self, links: Iterable[Link] = ()) -> None:
        super().__init__(links)
        self._by_start: dict[str, list[Link]] | None = None
        self._by_end: dict[str, list[Link]] = {}
        for link in self:
            link.home = self

    def append(self, link: Link) -> None:
        """Add a flow."""
        super().append(link)
        link.home = self
        self.forget()

    def remove(self, link: Link) -> None:
        """Take a flow out."""
        super().remove(link)
        self.forget()

    def forget(self) -> None:
        """An end has moved: the index is built again when somebody asks."""
        self._by_start = None

    def leaving(self, key: str) -> list[Link]:
        """The flows that start at a node, in the order of the file."""
        return list(self._index().get(key, ()))

    def entering(self, key: str) -> list[Link]:
        """The flows that end at a node."""
        self._index()
        return list(self._by_end.get(key, ()))

    def _index(self) -> dict[str, list[Link]]:
        if self._by_start is None:
            self._by_start, self._by_end = {}, {}
            for link in self:
                self._by_start.setdefault(link.start, []).append(link)
                self._by_end.setdefault(link.end, []).append(link)
        return self._by_start


@dataclass(frozen=True, slots=True)
class Answer:
    """One way out of a choice."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Question:
    """A field of a generated form. ``kind`` is choice, choices or number."""

    key: str
    label: Text
    kind: str
    answers: tuple[Answer, ...] = ()


@dataclass(slots=True)
class LaneRead:
    """A lane as drawn: the node ids that lie in it, its properties, its audience once found."""

    id: str
    name: str
    properties: dict[str, str]
    nodes: list[str]
    audience: str | None = None


@dataclass(slots=True, eq=False)
class Scope:
    """What one process or sub-process contains."""

    id: str
    owner: Node | None = None
    parent: "Scope | None" = None
    nodes: dict[str, Node] = field(default_factory=dict)
    ways: Links = field(default_factory=Links)

    @property
    def links(self) -> Links:
        """The sequence flows, in the order of the file."""
        return self.ways

    @links.setter
    def links(self, links: Iterable[Link]) -> None:
        self.ways = Links(links)

    def add(self, node: Node) -> Node:
        """Put a node here."""
        self.nodes[node.id] = node
        if node.body is not None:
            node.body.parent = self
        return node

    def outgoing(self, node: Node) -> list[Link]:
        """The flows that leave a node, in the order of the file."""
        return self.ways.leaving(node.id)

    def incoming(self, node: Node) -> list[Link]:
        """The flows that lead to a node."""
        return self.ways.entering(node.id)

    def boundaries(self, node: Node) -> list[Node]:
        """The boundary events on an activity."""
        return [each for each in self.nodes.values() if each.kind == "boundaryEvent" and each.host == node.id]

    def handlers(self) -> list[Node]:
        """The event sub-processes of this scope."""
        return [each for each in self.nodes.values() if each.by_event and each.body is not None]

    def remove(self, node: Node) -> None:
        """Take a node, its flows and its boundary events out."""
        self.lift(node)
        for boundary in self.boundaries(node):
            self.remove(boundary)

    def lift(self, node: Node) -> None:
        """Take a node and its flows out; its boundary events stay behind, attached to nothing."""
        self.nodes.pop(node.id, None)
        self.links = [link for link in self.links if node.id not in (link.start, link.end)]

    def everything(self) -> "Iterator[tuple[Scope, Node]]":
        """Every node here and in the sub-processes, with the scope it stands in."""
        for node in list(self.nodes.values()):
            yield self, node
            if node.body is not None:
                yield from node.body.everything()

    def scopes(self) -> "Iterator[Scope]":
        """This scope and those of its sub-processes, the outer first."""
        yield self
        for node in list(self.nodes.values()):
            if node.body is not None:
                yield from node.body.scopes()


@dataclass(slots=True, eq=False)
class Process:
    """One BPMN process of the bundle."""

    id: str
    name: str
    file: str
    scope: Scope
    source: str = ""
    """Its id in the upload."""
    executable: bool = False
    properties: dict[str, str] = field(default_factory=dict)
    lanes: list[LaneRead] = field(default_factory=list)
    lane_of: dict[str, LaneRead] = field(default_factory=dict)
    starts: list[Node] = field(default_factory=list)
    """The start events as drawn, with their triggers."""
    leftovers: dict[str, list[str]] = field(default_factory=dict)
    """What is kept as documentation only: names by finding code."""


@dataclass(slots=True)
class Conversation:
    """A message flow between pools and the name written on it. An end that is a whole pool is None."""

    sender: Node | None
    receiver: Node | None
    name: str


@dataclass(slots=True)
class Bundle:
    """Everything that was uploaded together."""

    processes: list[Process] = field(default_factory=list)
    conversations: list[Conversation] = field(default_factory=list)
    forms: dict[str, frozenset[str]] = field(default_factory=dict)
    """Keys of the uploaded forms with the names of their fields."""
    decisions: dict[str, "Decision"] = field(default_factory=dict)
    drawn_forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Forms that diagrams of other tools hold themselves, in our format, by key."""
    foreign_forms: dict[str, str] = field(default_factory=dict)
    """The same as they were written, by the ids that tasks refer to."""
    correlations: list[tuple[str, str, str]] = field(default_factory=list)
    """Messages that another tool matches by a key: id, name, key."""
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    """Correlation: by the id of a property and the name of a message, the expression that reads it from the payload."""
    ids: set[str] = field(default_factory=set)
    global_tasks: dict[str, Node] = field(default_factory=dict)
    """Tasks outside any process, by id."""
    called_tasks: set[str] = field(default_factory=set)
    """Those that some call activity calls."""
    bodies: set[str] = field(default_factory=set)
    """Ids of processes and sub-processes: the engine knows them by name, so they are unique in the bundle."""
    variables: set[str] = field(default_factory=set)
    """Names the doctor made up for answers."""
    made: int = 0

    def variable(self, wanted: str) -> str:
        """A name for an answer that no other answer has."""
        base = re.sub(r"[^a-z0-9]+", "_", wanted.lower())[:34].strip("_")
        found, count = base, 1
        while found in self.variables:
            count += 1
            found = f"{base}_{count}"
        self.variables.add(found)
        return found

    def fresh(self, what: str) -> str:
        """A new id; the same upload always gets the same ones."""
        while True:
            self.made += 1
            found = f"dr_{what}_{self.made}"
            if found not in self.ids:
                self.ids.add(found)
                return found

    def node(
        self, scope: Scope, kind: str, pl: str = "", en: str = "", *, properties: dict[str, str] | None = None
    ) -> Node:
        """A step that the doctor adds to a scope."""
        made = Node(self.fresh(kind), kind, pl, title=Text(pl, en), properties=properties or {})
        return scope.add(made)

    def link(self, scope: Scope, start: Node, end: Node, *, like: Link | None = None) -> Link:
        """A flow that the doctor adds, named like another."""
        made = Link(self.fresh("flow"), start.id, end.id)
        if like is not None:
            made.name, made.title, made.properties = like.name, like.title, like.properties
        scope.links.append(made)
        return made

    def process(self, key: str | None) -> Process | None:
        """A process by its id."""
        return next((each for each in self.processes if each.id == key), None)


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of an uploaded DMN file: the names it reads and gives."""

    key: str
    reads: frozenset[str]
    gives: frozenset[str]
    made: "decisions.Decision | None" = None
    """What it decides, for the checks of tables."""
