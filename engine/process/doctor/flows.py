"""The flows of a file: between which steps each leads, in which scope, and what becomes of loose ends."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from engine.process.doctor import elements, extensions, uniting
from engine.process.doctor.findings import Ledger
from engine.process.doctor.identities import Identities
from engine.process.doctor.loading import local
from engine.process.doctor.model import Bundle, Link, Node, Process, Scope

_NO_WAY_TO_AN_END = frozenset({"endEvent", "eventBasedGateway"})
"""Behind these no end event can be added where a flow has lost its end."""


@dataclass(slots=True)
class Steps:
    """The steps of a file, and the scope each stands in."""

    by_id: dict[str, Node] = field(default_factory=dict)
    """By their id in the upload; the first where an id is used twice."""
    scopes: dict[Node, Scope] = field(default_factory=dict)

    def add(self, node: Node, scope: Scope) -> Node:
        """A step, put into its scope."""
        scope.add(node)
        self.scopes[node] = scope
        if node.source:
            self.by_id.setdefault(node.source, node)
        return node

    def find(self, ref: str) -> Node | None:
        """A step by a reference, which may carry the prefix of its namespace."""
        return self.by_id.get(ref) or self.by_id.get(elements.bare(ref))

    def ends(self, flow: etree._Element) -> tuple[Node | None, Node | None]:
        """From which step a flow or an association leads to which."""
        start, end = (self.find(str(flow.get(key) or "").strip()) for key in ("sourceRef", "targetRef"))
        return start, end


@dataclass(slots=True)
class Flows:
    """The flows of a file in its order, each with the process it is drawn in; drawn when all steps are known."""

    ledger: Ledger
    bundle: Bundle
    identities: Identities
    steps: Steps
    drawn: list[tuple[Process, etree._Element]] = field(default_factory=list)
    rootless: list[tuple[Process, Link, Node]] = field(default_factory=list)
    """Flows without a start, with the step they lead to."""

    def connect(self, file: str, pools: dict[str, str]) -> None:
        """Every flow between its steps; ``pools`` are the names of the pools by process."""
        self._unite(file, pools)
        for process, flow in self.drawn:
            self._flow(process, flow)
        for process, link, node in self.rootless:
            self._from_nowhere(process, link, node)

    def _flow(self, process: Process, element: etree._Element) -> None:
        link = Link("", "", "", name=elements.name(element), source_id=element.get("id"))
        link.id = self.identities.give(process, link, element)
        link.properties = extensions.properties(element)
        condition = next((each for each in element if local(each) == "conditionExpression"), None)
        if condition is not None:
            link.condition = elements.text(condition) or None
        start, end = self.steps.ends(element)
        if start is not None and end is None and start.kind not in _NO_WAY_TO_AN_END:
            self.ledger.say("F11", process.source, link)
            end = self._add(self.steps.scopes[start], "endEvent")
        if start is not None and end is not None:
            self._place(process, link, start, end)
        elif end is not None:
            self.rootless.append((process, link, end))
        else:
            self.ledger.say("F01", process.source, link)

    def _from_nowhere(self, process: Process, link: Link, node: Node) -> None:
        """S11: a flow without a start begins a way, if nothing else leads there; F01: else it means nothing."""
        scope = self.steps.scopes[node]
        apart = node.kind in {"startEvent", "boundaryEvent"} or node.by_event or node.for_compensation
        if apart or scope.incoming(node):
            self.ledger.say("F01", process.source, link)
            return
        self.ledger.say("S11", process.source, node)
        link.start, link.end = self._add(scope, "startEvent").id, node.id
        scope.links.append(link)

    def _add(self, scope: Scope, kind: str) -> Node:
        """A step for the loose end of a flow."""
        return self.steps.add(Node(self.bundle.fresh(kind), kind), scope)

    def _unite(self, file: str, pools: dict[str, str]) -> None:
        """Processes that flows join; from here on they are one."""
        home = {each.scope: each for each in self.bundle.processes if each.file == file}
        pairs = []
        for _, flow in self.drawn:
            ends = [node for node in self.steps.ends(flow) if node is not None]
            parts = [home[list(_path(self.steps.scopes[node]))[-1]] for node in ends]
            if len(parts) > 1 and parts[0] is not parts[1]:
                pairs.append((parts[0], parts[1]))
        united = uniting.unite(self.ledger, self.bundle, pairs, pools) if pairs else {}
        self.drawn = [(united.get(process.source, process), flow) for process, flow in self.drawn]
        for process in set(united.values()) if united else ():
            self.steps.scopes.update(dict.fromkeys(process.scope.nodes.values(), process.scope))

    def _place(self, process: Process, link: Link, start: Node, end: Node) -> None:
        """Put a flow into the scope both ends share, lifting an end that lies deeper."""
        scopes = self.steps.scopes
        if scopes[start] is not scopes[end]:
            above, below = list(_path(scopes[start])), list(_path(scopes[end]))
            shared = next((scope for scope in above if scope in below), None)
            if shared is None:
                self.ledger.say("F02", process.source, link)
                return
            self.ledger.say("F03", process.source, link)
            start, end = _lifted(start, above, shared), _lifted(end, below, shared)
            if start is end:
                return
        link.start, link.end = start.id, end.id
        scopes[start].links.append(link)


def _path(scope: Scope | None) -> Iterator[Scope]:
    while scope is not None:
        yield scope
        scope = scope.parent


def _lifted(node: Node, path: list[Scope], shared: Scope) -> Node:
    depth = path.index(shared)
    owner = path[depth - 1].owner if depth else None
    return owner or node
