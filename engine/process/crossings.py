"""Crossings: the flows by which work passes from a step of one department to a step of another.

A token is followed backwards from each step that a department does, through gateways, events, steps of roles and of
the system, into sub-processes and called processes and out of them, to the steps that somebody of a department did
last. A boundary event comes from the department whose work it interrupts; where several work inside, from who had it
begun. An event sub-process comes from nobody: its event came from outside.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from engine.process.blueprint import Blueprint, Element, Flow

Kind = Literal["request", "return"]
Place = tuple[str, str]
"""A diagram and an element in it."""
Body = tuple[str, str | None]
"""What a sub-process or, without an element, a whole diagram contains."""

DONE_BY_PEOPLE = frozenset({"task", "userTask", "manualTask"})
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})


@dataclass(frozen=True, slots=True)
class Crossing:
    """One flow into a step of the department ``to_key`` that a token takes coming from steps of ``from_key``.

    ``handoff`` is the agreement the step names. A *return* brings back what the other department had asked for.
    """

    diagram: str
    flow: str
    target: str
    sources: tuple[Place, ...]
    from_key: str
    to_key: str
    handoff: str | None
    kind: Kind = "request"


def find(blueprint: Blueprint) -> tuple[Crossing, ...]:
    """Every crossing of a definition that a case can take, in the order in which a case first can."""
    return _told_apart(_Ground(blueprint))


def department(audience: str | None) -> str | None:
    """The key of the department that an audience is, or is the head of."""
    kind, _, key = (audience or "").partition(":")
    return key if kind in {"department", "head"} and key else None


# ------------------------------------------------------------------------------------------------ the ground


class _Ground:
    """The diagrams of a definition as one net: who stands in what, what leads where, what a case can reach."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint = blueprint
        self.elements: dict[Place, Element] = {}
        self.inside: dict[Body, list[Place]] = defaultdict(list)
        self.ways_in: dict[Place, list[tuple[Flow, Place]]] = defaultdict(list)
        self.ways_out: dict[Place, list[Place]] = defaultdict(list)
        self.events: dict[Place, list[Place]] = defaultdict(list)
        self.entrances: dict[Body, list[Place]] = defaultdict(list)
        for diagram in sorted(blueprint.diagrams):
            self._lay(diagram)
        pressed = (each for each in blueprint.starts if each.kind == "none")
        self.begun = {
            (blueprint.process, each.element): key for each in pressed if (key := department(each.audience))
        }
        """Starts that somebody of a department presses."""
        self.reached = self._reach()

    def _lay(self, diagram: str) -> None:
        drawn = self.blueprint.diagrams[diagram]
        for element in sorted(drawn.elements.values(), key=lambda each: each.id):
            here = (diagram, element.id)
            self.elements[here] = element
            self.inside[diagram, element.parent].append(here)
            if element.attached_to:
                self.events[diagram, element.attached_to].append(here)
            if (body := self.body(here)) is not None:
                self.entrances[body].append(here)
        for flow in sorted(drawn.flows.values(), key=lambda each: each.id):
            source, target = (diagram, flow.source), (diagram, flow.target)
            self.ways_in[target].append((flow, source))
            self.ways_out[source].append(target)

    def whose(self, place: Place) -> str | None:
        """The department whose step this is; None where nobody of a department does anything."""
        element = self.elements[place]
        return department(element.audience) if element.kind in DONE_BY_PEOPLE else None

    def body(self, place: Place) -> Body | None:
        """What stands inside a sub-process or a called process."""
        element = self.elements[place]
        if element.kind == "callActivity" and element.called and element.called in self.blueprint.diagrams:
            return element.called, None
        return place if element.kind in SUB_PROCESSES else None

    def around(self, place: Place) -> Body:
        """What this stands in."""
        return (place[0], self.elements[place].parent)

    @cached_property
    def begins(self) -> dict[Body, list[Place]]:
        """Where a token comes into a body."""
        found: dict[Body, list[Place]] = {}
        for body, inside in self.inside.items():
            starts = [each for each in inside if self.elements[each].kind == "startEvent"]
            found[body] = starts or [
                each for each in inside if not self.ways_in[each] and not self._waits(each)
            ]
        return found

    @cached_property
    def handlers(self) -> dict[Body, list[Place]]:
        """The event sub-processes in a body: nothing leads to them."""
        bodies = {body: set(begins) for body, begins in self.begins.items()}
        return {
            body: [
                each
                for each in self.inside[body]
                if self.elements[each].kind in SUB_PROCESSES and not self.ways_in[each] and each not in begins
            ]
            for body, begins in bodies.items()
        }

    @cached_property
    def ends(self) -> dict[Body, list[Place]]:
        """Where a token leaves a body, as far as one can come there."""
        found: dict[Body, list[Place]] = {body: [] for body in self.inside}
        for each in self.reached:
            if not self.ways_out[each] and not self._waits(each):
                found[self.around(each)].append(each)
        return found

    def is_begin(self, place: Place) -> bool:
        """Whether a token comes into its body here."""
        return place in self._all_begins

    @cached_property
    def _all_begins(self) -> frozenset[Place]:
        return frozenset(each for begins in self.begins.values() for each in begins)

    def _waits(self, place: Place) -> bool:
        return self.elements[place].kind == "boundaryEvent"

    def _reach(self) -> dict[Place, int]:
        """The places a token of a case can come to, numbered in the order in which it first can."""
        found: dict[Place, int] = {}
        left: set[Body] = set()
        todo = deque(self._entered((self.blueprint.process, None)))
        while todo:
            place = todo.popleft()
            if place in found:
                continue
            found[place] = len(found)
            todo += self.events[place]
            body = self.body(place)
            if body is None or body in left:
                todo += self._gone_on(place, found, left)
            else:
                todo += self._entered(body)
        return found

    def _entered(self, body: Body) -> list[Place]:
        return [*self.begins.get(body, ()), *self.handlers.get(body, ())]

    def _gone_on(self, place: Place, found: Mapping[Place, int], left: set[Body]) -> Iterator[Place]:
        """What comes next; at the end of a body what comes after those that are known to contain it."""
        waiting = [place]
        while waiting:
            here = waiting.pop()
            yield from self.ways_out[here]
            around = self.around(here)
            if not self.ways_out[here] and not self._waits(here) and around not in left:
                left.add(around)
                waiting += [each for each in self.entrances[around] if each in found]

    @cached_property
    def passable(self) -> frozenset[Body]:
        """Bodies that a token can come through without anybody of a department doing anything."""
        found: set[Body] = set()
        grown = True
        while grown:
            fresh = {body for body in self.inside if body not in found and _passes(self, body, found)}
            grown = bool(fresh)
            found |= fresh
        return frozenset(found)

    def workers(self, body: Body) -> set[Place]:
        """Every step of a department inside, however deep."""
        todo, seen = [body], {body}
        found: set[Place] = set()
        for each in todo:
            for place in (each for each in self.inside[each] if each in self.reached):
                if self.whose(place):
                    found.add(place)
                inner = self.body(place)
                if inner is not None and inner not in seen:
                    seen.add(inner)
                    todo.append(inner)
        return found


# ------------------------------------------------------------------------------------------------ looking back


def _before(ground: _Ground, source: Place) -> set[Place]:
    """The steps of departments that were done last when a token leaves this place."""
    return set(_looked_back(ground, [(source, True, True)], ground.passable)[0])


def _passes(ground: _Ground, body: Body, known: Iterable[Body]) -> bool:
    starts = [(each, False, True) for each in ground.ends.get(body, ())]
    seen = _looked_back(ground, starts, known)[1]
    return any((each, False, False) in seen for each in ground.begins.get(body, ()))


def _looked_back(
    ground: _Ground, starts: list[tuple[Place, bool, bool]], passable: Iterable[Body]
) -> tuple[set[Place], set[tuple[Place, bool, bool]]]:
    """Steps found, and all that was looked at: a place, whether one may go up to who calls, whether leaving or coming.

    Inside what was entered from behind one may not go up: its calls elsewhere are not where the token came from.
    """
    found: set[Place] = set()
    seen: set[tuple[Place, bool, bool]] = set()
    todo = list(starts)
    while todo:
        here = todo.pop()
        place, up, leaving = here
        if here in seen or place not in ground.reached:
            continue
        seen.add(here)
        if not leaving:
            stopped = _interrupted(ground, place)
            found |= stopped
            todo += _came_from(ground, place, up, interrupted=bool(stopped))
        elif ground.whose(place):
            found.add(place)
        else:
            if place in ground.begun:
                found.add(place)
            body = ground.body(place)
            if body is not None:
                todo += [(each, False, True) for each in ground.ends.get(body, ())]
            if body is None or body in passable:
                todo.append((place, up, False))
    return found, seen


def _came_from(
    ground: _Ground, place: Place, up: bool, *, interrupted: bool
) -> Iterator[tuple[Place, bool, bool]]:
    for _, source in ground.ways_in[place]:
        yield source, up, True
    element = ground.elements[place]
    if element.attached_to and not interrupted:
        yield (place[0], element.attached_to), up, False
    around = ground.around(place)
    if up and ground.is_begin(place):
        for entrance in ground.entrances[around]:
            yield entrance, True, False


def _interrupted(ground: _Ground, place: Place) -> set[Place]:
    """The steps a boundary event interrupts, if they are one department's: its host, or all that stand inside it."""
    element = ground.elements[place]
    if not element.attached_to:
        return set()
    host = (place[0], element.attached_to)
    body = ground.body(host)
    steps = {host} if body is None else ground.workers(body)
    return steps if len(whose := {ground.whose(each) for each in steps}) == 1 and None not in whose else set()


# ------------------------------------------------------------------------------------------------ there and back


def _told_apart(ground: _Ground) -> tuple[Crossing, ...]:
    """The crossings, each a request unless one before it asked for what it brings back."""
    before: dict[Place, set[Place]] = defaultdict(set)
    drawn: list[Crossing] = []
    for place in sorted(ground.reached, key=ground.reached.__getitem__):
        mine = ground.whose(place)
        if mine is None:
            continue
        for flow, source in _drawn_ways(ground, place):
            if source in ground.reached:
                last = _before(ground, source)
                before[place] |= last
                drawn += _crossings(ground, place, mine, flow, last)
    drawn.sort(key=lambda each: (_first(ground, each), each.diagram, each.flow, each.from_key))
    asked = {(each.from_key, (each.diagram, each.target)) for each in drawn if each.handoff}
    found = []
    for each in drawn:
        brought = not each.handoff and any(
            (each.to_key, step) in asked for step in _run(ground, each, before)
        )
        if not brought:
            asked.add((each.from_key, (each.diagram, each.target)))
        found.append(replace(each, kind="return") if brought else each)
    return tuple(found)


def _drawn_ways(ground: _Ground, place: Place) -> Iterator[tuple[Flow, Place]]:
    """The flows into a step that somebody drew: before gateways that the doctor added."""
    todo, seen = list(ground.ways_in[place]), {place}
    while todo:
        flow, source = todo.pop(0)
        before = ground.ways_in[source]
        if (
            flow.id.startswith("dr_")
            and ground.elements[source].added
            and before
            and not ground.whose(source)
        ):
            todo += before if source not in seen else []
            seen.add(source)
        else:
            yield flow, source


def _crossings(ground: _Ground, place: Place, mine: str, flow: Flow, last: set[Place]) -> Iterator[Crossing]:
    theirs: dict[str, list[Place]] = defaultdict(list)
    for step in sorted(last):
        key = ground.whose(step) or ground.begun.get(step)
        if key and key != mine:
            theirs[key].append(step)
    handoff = ground.elements[place].handoff
    for key, steps in sorted(theirs.items()):
        yield Crossing(place[0], flow.id, place[1], tuple(steps), key, mine, handoff)


def _first(ground: _Ground, crossing: Crossing) -> tuple[int, int]:
    """When a case can first take it: not before one of the steps it comes from."""
    source = min(ground.reached[each] for each in crossing.sources)
    return source, ground.reached[crossing.diagram, crossing.target]


def _run(ground: _Ground, crossing: Crossing, before: Mapping[Place, set[Place]]) -> set[Place]:
    """The steps its department did, one after another, until it gave the work away."""
    todo, found = list(crossing.sources), set(crossing.sources)
    while todo:
        for step in before.get(todo.pop(), ()):
            if step not in found and ground.whose(step) == crossing.from_key:
                found.add(step)
                todo.append(step)
    return found
