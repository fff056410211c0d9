"""Events of the token game: boundaries, event sub-processes, what is thrown, errors and escalations, interruptions."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.engine.process.token_diagrams import Event, Node, is_other_end
from tests.engine.process.token_places import Data, Frame, Work, values


class Events:
    """The part of the game that throws and catches; the game itself moves tokens."""

    evaluate: Any
    queue: deque[Any]
    thrown: list[tuple[str, str | None]]
    top: Frame
    end_element: str | None
    _begin: Callable[..., None]
    _broadcast: Any
    _close: Callable[..., None]
    _leave: Callable[..., None]
    _next: Callable[[], int]

    def _arm(self, work: Work) -> None:
        for boundary in work.node.boundaries:
            work.armed[boundary.id] = self._armed(boundary, work.entered)
        for boundary in work.node.boundaries:
            event = boundary.events[0]
            if (
                event.kind == "conditional"
                and not work.gone
                and self.evaluate(event.text, values(work.entered))
            ):
                self._fire(work, boundary, work.entered)

    def _armed(self, node: Node, data: Data) -> str:
        """The text of a cycle, or whether the event may come more than once."""
        event = node.events[0]
        if event.timer == "timeCycle":
            return str(self.evaluate(event.text, values(data)))
        return "R" if event.kind in ("message", "signal", "escalation") else "R1"

    def _once_less(self, armed: dict[str, str], key: str) -> None:
        rounds, slash, rest = armed.pop(key).removeprefix("R").partition("/")
        if rounds != "1":
            armed[key] = "R" + (str(int(rounds) - 1) if rounds else "") + slash + rest

    def _fire(self, work: Work, boundary: Node, data: Data) -> None:
        frame = work.frame
        if boundary.interrupts:
            frame.works.remove(work)
            self._drop(work)
        else:
            self._once_less(work.armed, boundary.id)
        self._leave(frame, boundary, data)

    def _trigger(self, frame: Frame, node: Node, data: Data) -> None:
        """An event sub-process begins beside its scope or takes it over."""
        self._once_less(frame.handlers, node.id)
        if node.start.interrupts:
            self._sweep(frame)
        work = Work(self._next(), frame, node, data, entered=dict(data))
        frame.works.append(work)
        self._begin(work)

    def _drop(self, work: Work) -> None:
        work.gone = True
        for each in work.instances:
            self._drop(each)
        if work.inner is not None:
            work.inner.ended = True
            self._sweep(work.inner)

    def _sweep(self, frame: Frame) -> None:
        frame.sweeps += 1
        for work in frame.works:
            self._drop(work)
        frame.works, frame.held, frame.handlers = [], {}, {}
        self.queue = deque(each for each in self.queue if each[0] is not frame)

    def _throw(self, frame: Frame, node: Node, data: Data) -> None:
        seen = frame.sweeps
        for event in (each for each in node.events if each.kind == "escalation"):
            self._raise(self._around(frame), "escalation", event.name, lambda known: known | data)
        self._send(node.events, data)
        if any(event.kind == "link" for event in node.events):
            node = next(each for each in frame.graph.nodes.values() if is_other_end(each, node))
        if frame.sweeps == seen:
            self._leave(frame, node, data)

    def _send(self, events: list[Event], data: Data) -> None:
        for event in (each for each in events if each.kind in ("message", "signal")):
            if (
                not self._broadcast(event.kind, event.name, lambda known: known | data)
                or event.kind == "signal"
            ):
                self.thrown.append((event.kind, event.name))

    def _end(self, frame: Frame, node: Node, data: Data) -> None:
        kinds = {event.kind: event for event in node.events}
        frame.newest = data
        if frame is self.top:
            self.end_element = node.id
        frame.ends.append(data)
        self._send(node.events, data)
        if "terminate" in kinds:
            self._sweep(frame)
            frame.ends = [data]
            return self._close(frame)
        for kind in ("error", "escalation", "cancel"):
            if kind in kinds and not frame.ended:
                self._raise(self._around(frame), kind, kinds[kind].name, lambda known: known | data)
        return None

    def _around(self, frame: Frame) -> Iterator[Work]:
        """The activities around a scope, the nearest first, each with the boundaries it has."""
        while frame.owner is not None:
            yield frame.owner.within or frame.owner
            frame = frame.owner.frame

    def _raise(
        self, around: Iterable[Work], kind: str, code: str | None, bring: Callable[[Data], Data]
    ) -> str | None:
        """Give an error to the nearest activity that catches it, there to the exact code before the one for all."""
        for work in around:
            fitting = [
                (event.name is None, boundary)
                for boundary in work.node.boundaries
                for event in boundary.events
                if boundary.id in work.armed and event.kind == kind and event.name in (None, code)
            ]
            if fitting:
                boundary = min(fitting, key=lambda each: each[0])[1]
                self._fire(work, boundary, bring(work.entered))
                return boundary.id
        return None
