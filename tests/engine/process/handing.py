"""Small plans of departments handing work to each other, random ones, and a token that walks them all for itself."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from engine.process.blueprint import Blueprint, Diagram, Element, Flow, Start, Text

Place = tuple[str, str]
Found = tuple[str, str, str, str, Place]
"""A diagram, a flow, the department it comes from, the one it leads to, and the step done last before it."""
KINDS = {"go": "startEvent", "stop": "endEvent", "way": "exclusiveGateway", "does": "serviceTask"}
PEOPLE = ("sales", "legal", "finance")


@dataclass
class Sketch:
    """One diagram by words: ``legal:review`` is a step of Legal, ``way:w`` a gateway, ``head:legal:sign`` its head's."""

    key: str
    elements: dict[str, Element] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)

    def put(self, *words: str, inside: str | None = None, **more: Any) -> "Sketch":
        for word in words:
            who, _, key = word.rpartition(":")
            audience = who if who.startswith(("head:", "role:")) else f"department:{who}"
            made = Element(key, "userTask", name=Text(key, key), audience=audience, parent=inside)
            if who in KINDS:
                made = Element(key, KINDS[who], parent=inside)
            self.elements[key] = replace(made, **more)
        return self

    def part(self, key: str, *words: str, inside: str | None = None) -> "Sketch":
        """A sub-process with these inside."""
        self.elements[key] = Element(key, "subProcess", parent=inside)
        return self.put(*words, inside=key)

    def call(self, key: str, called: str, inside: str | None = None) -> "Sketch":
        self.elements[key] = Element(key, "callActivity", called=called, parent=inside)
        return self

    def event(self, key: str, on: str) -> "Sketch":
        parent = self.elements[on].parent
        self.elements[key] = Element(key, "boundaryEvent", attached_to=on, parent=parent)
        return self

    def row(self, *keys: str) -> "Sketch":
        """Flows from each to the next, named ``a>b``."""
        for source, target in itertools.pairwise(keys):
            self.flows[f"{source}>{target}"] = Flow(f"{source}>{target}", source, target)
        return self


def plan(main: Sketch, *called: Sketch, pressed_by: str = "") -> Blueprint:
    """A blueprint of these diagrams; ``pressed_by`` is the department that starts a case by hand."""
    diagrams = {
        each.key: Diagram(each.key, f"{each.key}.bpmn", Text(each.key), each.elements, each.flows)
        for each in (main, *called)
    }
    starts = ()
    if pressed_by:
        begin = next(key for key, each in main.elements.items() if each.kind == "startEvent")
        starts = (Start(begin, "none", audience=f"department:{pressed_by}"),)
    return Blueprint(main.key, Text(main.key), "plain", diagrams, starts=starts)


# ------------------------------------------------------------------------------------------------ random plans


def scribbled(dice: random.Random) -> Blueprint:
    """Three diagrams, of which each may call those after it; anything may lead anywhere, also to nothing."""
    keys = ["main", "second", "third"]
    sketches = [_scribble(dice, key, keys[place + 1 :]) for place, key in enumerate(keys)]
    return plan(*sketches, pressed_by=dice.choice(("", *PEOPLE)))


def _scribble(dice: random.Random, key: str, calls: list[str]) -> Sketch:
    sketch = Sketch(key)
    _fill(dice, sketch, None, calls, dice.randint(3, 6))
    return sketch


def _fill(dice: random.Random, sketch: Sketch, inside: str | None, calls: list[str], many: int) -> None:
    prefix = f"{inside}." if inside else ""
    sketch.put(f"go:{prefix}go", f"stop:{prefix}stop", inside=inside)
    made = []
    for number in range(many):
        key = f"{prefix}n{number}"
        made.append(key)
        kind = dice.choice(("person", "person", "person", "role", "way", "does", "part", "call"))
        if kind == "part" and len(prefix) < 6:
            sketch.part(key, inside=inside)
            _fill(dice, sketch, key, calls, dice.randint(1, 3))
        elif kind == "call" and calls:
            sketch.call(key, dice.choice(calls), inside=inside)
        elif kind == "person":
            sketch.put(f"{dice.choice(('', 'head:'))}{dice.choice(PEOPLE)}:{key}", inside=inside)
        else:
            sketch.put(
                {"role": f"role:director:{key}", "way": f"way:{key}"}.get(kind, f"does:{key}"), inside=inside
            )
    for key in list(made):
        if dice.random() < 0.3 and sketch.elements[key].kind != "exclusiveGateway":
            sketch.event(f"{key}.late", key)
            made.append(f"{key}.late")
    goals = [key for key in made if not key.endswith(".late")]
    sketch.row(f"{prefix}go", *made[: dice.randint(1, many)], f"{prefix}stop")
    for key in (f"{prefix}go", *made):
        for goal in dice.sample(
            [*goals, f"{prefix}stop"], k=min(dice.choice((0, 0, 1, 1, 2)), len(goals) + 1)
        ):
            sketch.row(key, goal)


# ------------------------------------------------------------------------------------------------ a walking token


class Walk:
    """Takes a token every way there is, with calls written out where they stand, and notes who handed it to whom."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.blueprint, self.found = blueprint, set[Found]()
        pressed = {each.element: each.audience for each in blueprint.starts}
        first = [
            ((), (blueprint.process, key), (blueprint.process, key) if key in pressed else None)
            for key in self._begins(blueprint.process, None)
        ]
        self.pressed = {(blueprint.process, key): str(who).partition(":")[2] for key, who in pressed.items()}
        handlers = [((), place, None) for place in self._handlers(blueprint.process, None)]
        todo, seen = [*first, *handlers], set[Any]()
        while todo:
            here = todo.pop()
            if here not in seen:
                seen.add(here)
                todo += self._step(*here)

    def whose(self, place: Place | None) -> str | None:
        if place is None:
            return None
        element = self.blueprint.diagrams[place[0]].elements[place[1]]
        kind, _, key = (element.audience or "").partition(":")
        if element.kind == "userTask" and kind in {"department", "head"}:
            return key
        return self.pressed.get(place)

    def _step(self, path: Any, place: Place, last: Place | None) -> Iterator[Any]:
        diagram, key = place
        element = self.blueprint.diagrams[diagram].elements[key]
        yield from self._events(path, place, last)
        inner = self._inner(place)
        if inner is None:
            does = element.kind == "userTask" and self.whose(place)
            yield from self._leave(path, place, place if does else last)
            return
        deeper = (*path, place)
        for begin in self._begins(*inner):
            yield deeper, (inner[0], begin), last
        for handler in self._handlers(*inner):
            yield deeper, handler, None

    def _leave(self, path: Any, place: Place, last: Place | None) -> Iterator[Any]:
        diagram, key = place
        drawn = self.blueprint.diagrams[diagram]
        ways = [flow for flow in drawn.flows.values() if flow.source == key]
        for flow in ways:
            theirs, ours = self.whose(last), self.whose((diagram, flow.target))
            if theirs and ours and theirs != ours and last and drawn.elements[flow.target].kind == "userTask":
                self.found.add((diagram, flow.id, theirs, ours, last))
            yield path, (diagram, flow.target), last
        if not ways and path and drawn.elements[key].kind != "boundaryEvent":
            yield from self._leave(path[:-1], path[-1], last)

    def _events(self, path: Any, place: Place, last: Place | None) -> Iterator[Any]:
        diagram, key = place
        on_it = [
            each.id for each in self.blueprint.diagrams[diagram].elements.values() if each.attached_to == key
        ]
        inner = self._inner(place)
        inside = ({place} if self.whose(place) else set()) if inner is None else self._workers(inner)
        lasts = inside if len({self.whose(each) for each in inside}) == 1 else {last}
        for event in on_it:
            for each in lasts:
                yield path, (diagram, event), each

    def _workers(self, body: tuple[str, str | None]) -> set[Place]:
        """Who can come to do something inside, by a walk of its own."""
        found, seen = set[Place](), set[Any]()
        todo: list[Any] = [((), (body[0], key), None) for key in self._begins(*body)]
        todo += [((), each, None) for each in self._handlers(*body)]
        quiet = Walk.__new__(Walk)
        quiet.blueprint, quiet.found, quiet.pressed = self.blueprint, set(), self.pressed
        while todo:
            here = todo.pop()
            if here in seen:
                continue
            seen.add(here)
            place = here[1]
            if self.blueprint.diagrams[place[0]].elements[place[1]].kind == "userTask" and self.whose(place):
                found.add(place)
            todo += quiet._step(*here)
        return found

    def _inner(self, place: Place) -> tuple[str, str | None] | None:
        element = self.blueprint.diagrams[place[0]].elements[place[1]]
        if element.kind == "callActivity":
            return (element.called or "", None)
        return place if element.kind == "subProcess" else None

    def _begins(self, diagram: str, parent: str | None) -> list[str]:
        elements = self.blueprint.diagrams[diagram].elements.values()
        return [each.id for each in elements if each.parent == parent and each.kind == "startEvent"]

    def _handlers(self, diagram: str, parent: str | None) -> list[Place]:
        drawn = self.blueprint.diagrams[diagram]
        led_to = {flow.target for flow in drawn.flows.values()}
        inside = (each for each in drawn.elements.values() if each.parent == parent)
        return [(diagram, each.id) for each in inside if each.kind == "subProcess" and each.id not in led_to]
