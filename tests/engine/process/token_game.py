"""A token game: what BPMN 2.0 (chapter 13) says a process does, played on executable XML. The reference of our proofs.

It knows nothing of the engine or of SpiffWorkflow: tokens wait on flows or in activities, automatic steps happen at
once, one after another, and the game rests when everything waits for somebody. Then it says what may happen next:

    game = Game(executable, "sale", {"amount": 3})
    game.enabled()               # [Action("task", "offer", …), Action("timer", "rots", …)]
    game.apply(game.enabled()[0], {"answer": "yes"})
    game.ended, game.deadlocked, game.held(), game.data, copy.deepcopy(game)

Where the standard leaves a choice, the game takes the engine's: inclusive joins are looked at when nothing else
moves, an armed boundary event counts as a place of its own, a message thrown inside is heard inside first, data
travel with tokens and are merged where tokens meet: of two values the one that knew the other, else the later.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.engine.process.token_diagrams import INSIDE, Flow, Graph, Node, reach, read
from tests.engine.process.token_events import Events
from tests.engine.process.token_loops import Loops
from tests.engine.process.token_places import Action, Data, Frame, Work, Write, evaluate, merge, values

TASKS = {"userTask": "task", "manualTask": "task", "task": "task", "serviceTask": "call"}
AUTOMATIC = {"scriptTask", "businessRuleTask", "sendTask"}
OUTSIDE_EVENTS = ("timer", "message", "signal")


class GoesRound(Exception):
    """The process moves for ever without waiting for anybody."""


class Game(Loops, Events):
    """One case of a process. ``choose`` may pick the ways out of a gateway, ``decide`` answer decision tables."""

    def __init__(
        self,
        executable: bytes,
        process: str,
        data: Mapping[str, Any] | None = None,
        *,
        evaluate: Callable[[str, Mapping[str, Any]], Any] = evaluate,
        choose: Callable[[Node, Mapping[str, Any]], list[Flow]] | None = None,
        decide: Callable[[Node, Mapping[str, Any]], Mapping[str, Any]] = lambda node, data: {},
        budget: int = 5000,
    ) -> None:
        self.graphs = read(executable)
        self.evaluate, self.choose, self.decide = evaluate, choose, decide
        self.budget = budget
        self.number = 0
        self.queue: deque[tuple[Frame, Callable[..., None], tuple[Any, ...]]] = deque()
        self.thrown: list[tuple[str, str | None]] = []
        self.end_element: str | None = None
        self.doubtful = False
        self.top = self._open(self.graphs[process], None, self._written({}, data or {}))
        self._play()

    # looking

    @property
    def ended(self) -> bool:
        return self.top.ended

    @property
    def deadlocked(self) -> bool:
        """Whether tokens are left and nothing can ever happen to them."""
        return not self.ended and not self.enabled()

    @property
    def data(self) -> dict[str, Any]:
        """The data of a case that ended."""
        return values(self.top.newest)

    def enabled(self) -> list[Action]:
        """Everything that people, connectors, clocks and senders may do now."""
        return [action for frame in self._frames() for action in self._enabled(frame)]

    def held(self) -> list[str]:
        """The joins before which tokens wait, once for each token."""
        waiting = [
            (frame, flow) for frame in self._frames() for flow, those in frame.held.items() for _ in those
        ]
        return sorted(frame.graph.flows[flow].target.id for frame, flow in waiting)

    def everything(self) -> Iterator[Data]:
        """The data of every token."""
        for frame in [self.top, *self._frames()]:
            yield from (frame.newest, *(work.data for work in self._works(frame)), *frame.ends)

    # commands

    def apply(self, action: Action, written: Mapping[str, Any] | None = None) -> "Game":
        """Let it happen, bringing values along, and play on until everything waits again."""
        self._happen(action, lambda data: self._written(data, written or {}))
        return self._play()

    def hear(self, kind: str, name: str, written: Mapping[str, Any] | None = None) -> int:
        """A message or signal for everybody who waits for it; how many that were."""
        heard = self._broadcast(kind, name, lambda data: self._written(data, written or {}))
        self._play()
        return heard

    def fail(self, action: Action, code: str, written: Mapping[str, Any] | None = None) -> str | None:
        """A call failed; the boundary event that took it."""
        work: Work = action.work
        around = [work.within or work, *self._around(work.frame)]
        caught = self._raise(around, "error", code, lambda data: self._written(data, written or {}))
        self._play()
        return caught

    # ------------------------------------------------------------------------------------ what may happen

    def _frames(self) -> Iterator[Frame]:
        waiting = [] if self.top.ended else [self.top]
        while waiting:
            frame = waiting.pop()
            yield frame
            waiting += [work.inner for work in self._works(frame) if work.inner is not None]

    def _works(self, frame: Frame) -> list[Work]:
        return [each for work in frame.works for each in (work, *work.instances)]

    def _enabled(self, frame: Frame) -> Iterator[Action]:
        for work in self._works(frame):
            kind, node = TASKS.get(work.node.kind), work.node
            if kind and (work.within or node.repeats is None):
                yield Action(kind, node.id, work, node, data=values(work.data))
            elif node.kind == "eventBasedGateway":
                for flow in node.outgoing:
                    yield from self._heard(work, flow.target, work.data)
            elif node.kind in ("receiveTask", "intermediateCatchEvent") and (
                work.within or node.repeats is None
            ):
                yield from self._heard(work, node, work.data)
            for boundary in (each for each in node.boundaries if each.id in work.armed):
                yield from self._heard(work, boundary, work.entered)
        for node in (each for each in frame.graph.handlers if each.id in frame.handlers):
            for event in (each for each in node.start.events if each.kind in OUTSIDE_EVENTS):
                yield Action(event.kind, node.start.id, frame, node, event.name, values(frame.begun))

    def _heard(self, work: Work, node: Node, data: Data) -> Iterator[Action]:
        for event in (each for each in node.events if each.kind in OUTSIDE_EVENTS):
            yield Action(event.kind, node.id, work, node, event.name, values(data))

    def _happen(self, action: Action, write: Callable[[Data], Data]) -> None:
        stands, node = action.work, action.node
        if isinstance(stands, Frame):
            self._trigger(stands, node, write(stands.newest))
        elif node in stands.node.boundaries:
            self._fire(stands, node, write(stands.entered))
        elif stands.node.kind == "eventBasedGateway":
            stands.frame.works.remove(stands)
            stands.gone = True
            self._leave(stands.frame, node, write(stands.data))
        else:
            stands.data = write(stands.data)
            self._complete(stands)

    def _is_live(self, action: Action) -> bool:
        stands, node = action.work, action.node
        if isinstance(stands, Frame):
            return not stands.ended and node.id in stands.handlers
        return not stands.gone and (node not in stands.node.boundaries or node.id in stands.armed)

    def _broadcast(self, kind: str, name: str | None, write: Callable[[Data], Data]) -> int:
        heard = 0
        fitting = [each for each in self.enabled() if (each.kind, each.name) == (kind, name)]
        for action in sorted(fitting, key=lambda each: each.work.number):
            if self._is_live(action):
                self._happen(action, write)
                heard += 1
        return heard

    # ------------------------------------------------------------------------------------------- moving

    def _play(self) -> "Game":
        moves = 0
        while self.queue or self._settled():
            moves += 1
            if moves > self.budget:
                raise GoesRound
            frame, step, given = self.queue.popleft()
            if not frame.ended:
                step(*given)
        return self

    def _next(self) -> int:
        self.number += 1
        return self.number

    def _later(self, frame: Frame, step: Callable[..., None], *given: Any) -> None:
        self.queue.append((frame, step, given))

    def _open(self, graph: Graph, owner: Work | None, data: Data) -> Frame:
        frame = Frame(self._next(), graph, owner, data, data)
        for node in graph.handlers:
            frame.handlers[node.id] = self._armed(node.start, data)
        self._later(frame, self._leave, frame, graph.start, data)
        return frame

    def _leave(self, frame: Frame, node: Node, data: Data) -> None:
        """A token goes on along every way it may take."""
        frame.newest = data
        for flow in self._ways(node, data):
            self._later(frame, self._arrive, frame, flow, dict(data))

    def _ways(self, node: Node, data: Data) -> list[Flow]:
        out = node.outgoing
        if self.choose is not None and node.kind in ("exclusiveGateway", "inclusiveGateway") and len(out) > 1:
            return self.choose(node, values(data))
        default = next((flow for flow in out if flow.id == node.xml.get("default")), None)
        if node.kind == "parallelGateway":
            return out
        found = [flow for flow in out if flow is not default and self._holds(flow, data)]
        found = found or [flow for flow in [default] if flow is not None]
        assert found or not out, f"no way out of {node.id}"
        return found[:1] if node.kind == "exclusiveGateway" else found

    def _holds(self, flow: Flow, data: Data) -> bool:
        if flow.condition is None:
            return True
        self.doubtful |= any(write.contested and name in flow.condition for name, write in data.items())
        return bool(self.evaluate(flow.condition, values(data)))

    def _arrive(self, frame: Frame, flow: Flow, data: Data) -> None:
        if not flow.target.joins:
            return self._enter(frame, flow.target, data)
        frame.held.setdefault(flow.id, []).append((self._next(), data))
        if all(frame.held.get(each.id) for each in flow.target.incoming):
            self._join(frame, flow.target)
        return None

    def _join(self, frame: Frame, node: Node) -> None:
        """One token from each way in that has one goes on as one."""
        taken = [frame.held[flow.id].pop(0) for flow in node.incoming if frame.held.get(flow.id)]
        self._leave(frame, node, merge(data for _, data in sorted(taken, key=lambda each: each[0])))

    def _enter(self, frame: Frame, node: Node, data: Data) -> None:
        activity = node.kind in INSIDE or node.kind in TASKS or node.kind in AUTOMATIC | {"receiveTask"}
        if node.kind == "endEvent":
            self._end(frame, node, data)
        elif node.kind == "intermediateThrowEvent":
            self._throw(frame, node, data)
        elif activity or node.kind == "eventBasedGateway" or self._must_wait(node, data):
            work = Work(self._next(), frame, node, data, entered=dict(data))
            frame.works.append(work)
            self._begin_many(work) if node.repeats is not None else self._begin(work)
            self._arm(work)
        else:
            self._leave(frame, node, data)

    def _must_wait(self, node: Node, data: Data) -> bool:
        kinds = {event.kind for event in node.events} if node.kind == "intermediateCatchEvent" else set()
        if "conditional" in kinds:
            return not self.evaluate(node.events[0].text, values(data))
        return bool(kinds - {"link"})

    def _begin(self, work: Work) -> None:
        node, kind = work.node, work.node.kind
        if kind in INSIDE:
            graph = self.graphs[node.xml.get("calledElement")] if kind == "callActivity" else node.body
            assert graph is not None
            work.inner = self._open(graph, work, dict(work.data))
        elif kind in AUTOMATIC:
            self._later(work.frame, self._automatic, work)

    def _automatic(self, work: Work) -> None:
        if work.gone:
            return
        if work.node.kind == "scriptTask":
            for line in filter(str.strip, work.node.script.splitlines()):
                name, _, source = line.partition("=")
                work.data = self._written(work.data, {name.strip(): self.evaluate(source, values(work.data))})
        elif work.node.kind == "businessRuleTask":
            work.data = self._written(work.data, self.decide(work.node, values(work.data)))
        elif work.node.kind == "sendTask":
            self._send(work.node.events, work.data)
        self._complete(work)

    def _complete(self, work: Work) -> None:
        frame = work.frame
        if work.gone or frame.ended:
            return None
        work.inner = None
        if work.within is not None:
            return self._one_done(work.within, work)
        frame.works.remove(work)
        work.gone = True
        if work.node in frame.graph.handlers:
            frame.newest = work.data
            frame.ends.append(work.data)
            return None
        return self._leave(frame, work.node, work.data)

    # ---------------------------------------------------------------------------------------- resting

    def _settled(self) -> bool:
        """Nothing moves: let inclusive joins go on, then what has no token left end; True when something moves."""
        for frame in sorted(self._frames(), key=lambda each: (-each.depth, each.number)):
            if any(self._merge_inclusive(frame, node) for node in self._waited_at(frame)):
                return True
            for work in frame.works:
                if work.node.kind == "intermediateCatchEvent" and not self._must_wait(work.node, work.data):
                    self._complete(work)
                    return True
            if not frame.works and not any(frame.held.values()):
                self._close(frame)
                return bool(self.queue) or self._settled()
        return False

    def _waited_at(self, frame: Frame) -> list[Node]:
        waiting = sorted((those[0][0], flow) for flow, those in frame.held.items() if those)
        nodes = [frame.graph.flows[flow].target for _, flow in waiting]
        return [node for node in dict.fromkeys(nodes) if node.kind == "inclusiveGateway"]

    def _merge_inclusive(self, frame: Frame, node: Node) -> bool:
        """13.4.3: no token may come to an empty way in that could not as well come to one that has a token."""
        filled = {flow.id for flow in node.incoming if frame.held.get(flow.id)}
        empty = {flow.id for flow in node.incoming} - filled
        for flows in self._places(frame, node):
            reached = reach(flows, node)
            if reached & empty and not reached & filled:
                return False
        self._join(frame, node)
        return True

    def _places(self, frame: Frame, node: Node) -> Iterator[list[Flow]]:
        """For every token elsewhere the flows it may take next."""
        for flow_id, those in frame.held.items():
            if those and frame.graph.flows[flow_id].target is not node:
                yield [frame.graph.flows[flow_id]]
        for work in frame.works:
            yield work.node.outgoing
            yield from (each.outgoing for each in work.node.boundaries if each.id in work.armed)

    def _close(self, frame: Frame) -> None:
        frame.ended = True
        frame.newest = merge(frame.ends) if frame.ends else frame.newest
        if frame.owner is not None and not frame.owner.gone:
            frame.owner.data = frame.newest
            self._later(frame.owner.frame, self._complete, frame.owner)

    def _written(self, data: Data, new: Mapping[str, Any]) -> Data:
        """Data with new values; to write what is there already is no write."""
        written = dict(data)
        for name, value in new.items():
            old = data.get(name)
            if old is None or type(old.value) is not type(value) or old.value != value:
                seen = old.seen | {old.number} if old is not None else frozenset()
                written[name] = Write(value, self._next(), seen)
        return written
