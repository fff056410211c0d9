"""Random processes without any order: joins nobody feeds, loops through joins, several tokens, ends in the middle.

The same seed draws the same process. Every step can be reached; nothing else is promised.
"""

import random
from dataclasses import dataclass, field

from tests.engine.process.drawing import (
    TERMINATE,
    Drawing,
    cycle,
    duration,
    each,
    error,
    escalation,
    message,
    repeat,
    signal,
)

VARIABLES = ("k0", "k1", "k2", "tick")
CONDITIONS = ("True", "False", "k0 % 2 == 0", "k1 > k2", "tick % 3 == 0", "k2 % 3 == 1")
KINDS = {
    "task": 9,
    "service": 2,
    "many": 2,
    "repeat": 1,
    "sub": 3,
    "call": 2,
    "choice": 5,
    "fork": 5,
    "some": 4,
    "first_of": 2,
    "catch": 1,
    "script": 1,
    "end": 1,
}
OPENING = {"sub", "call"}
GUARDED = {"task", "service", "many", "repeat", "sub", "call"}


@dataclass
class Sketch:
    """A scope before it is drawn: kinds and ways out by key."""

    key: str
    kinds: dict[str, str] = field(default_factory=dict)
    ways: dict[str, list[str]] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)
    """Events behind an event gateway: nothing else leads to them."""
    guards: dict[str, str] = field(default_factory=dict)
    """Boundary events by key, with the activity they are on."""

    def reached(self) -> set[str]:
        found, waiting = set(), ["began"]
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += self.ways.get(key, [])
                waiting += [guard for guard, on in self.guards.items() if on == key]
        return found


@dataclass
class Artist:
    """Sketches and draws scopes; called processes are collected."""

    dice: random.Random
    called: list[Drawing] = field(default_factory=list)

    def draw(self, key: str, depth: int, prefix: str = "") -> Drawing:
        """One process or sub-process with all it contains."""
        sketch = self._sketch(key, depth)
        while not any(sketch.kinds[name] == "end" for name in sketch.reached()):
            sketch = self._sketch(key, depth)
        reached = sketch.reached()
        drawing = Drawing(key)
        for each_key in [name for name in sketch.kinds if name in reached]:
            self._node(drawing, sketch, each_key, prefix, depth)
        for source in [name for name in sketch.kinds if name in reached]:
            self._flows(
                drawing,
                sketch.kinds[source],
                prefix + source,
                [prefix + each for each in sketch.ways[source]],
            )
        return drawing

    def _sketch(self, key: str, depth: int) -> Sketch:
        sketch, dice = Sketch(key), self.dice
        sketch.kinds["began"] = "start"
        kinds = {kind: weight for kind, weight in KINDS.items() if depth or kind not in OPENING}
        for number in range(dice.randint(3, 6) + 4 * depth):
            (kind,) = dice.choices(list(kinds), list(kinds.values()))
            sketch.kinds[f"{kind}{number}"] = kind
        sketch.kinds["ended"] = "end"
        for name in [name for name, kind in sketch.kinds.items() if kind in GUARDED]:
            if dice.random() < 0.4:
                sketch.kinds[f"{name}_guard"] = "guard"
                sketch.guards[f"{name}_guard"] = name
        for name in [name for name, kind in sketch.kinds.items() if kind == "first_of"]:
            for number in range(dice.randint(2, 3)):
                sketch.kinds[f"{name}_way{number}"] = "catch"
                sketch.alone.add(f"{name}_way{number}")
        for name, kind in sketch.kinds.items():
            sketch.ways[name] = self._ways(sketch, name, kind)
        return sketch

    def _ways(self, sketch: Sketch, name: str, kind: str) -> list[str]:
        if kind == "end":
            return []
        if kind == "first_of":
            return sorted(each for each in sketch.alone if each.startswith(name + "_"))
        names = [each for each in sketch.kinds if each not in sketch.alone | set(sketch.guards) | {"began"}]
        here = list(sketch.kinds).index(name)
        ahead = [each for each in names if here < list(sketch.kinds).index(each)] or names
        near = [each for each in ahead if sketch.kinds[each] != "end"][:5] or ahead
        several = self.dice.choice((1, 2, 2, 3)) if kind in ("choice", "fork", "some") else 1
        chosen = [self.dice.choice(near if self.dice.random() < 0.8 else names) for _ in range(several)]
        return [each for each in chosen if each != name or kind in GUARDED] or ["ended"]

    def _node(self, drawing: Drawing, sketch: Sketch, name: str, prefix: str, depth: int) -> None:
        key, kind, dice = prefix + name, sketch.kinds[name], self.dice
        match kind:
            case "start" | "task" | "service" | "choice" | "fork" | "some" | "first_of":
                getattr(drawing, kind)(key)
            case "script":
                drawing.script(key, f"{dice.choice(VARIABLES[:3])} = {dice.randint(0, 9)}")
            case "many":
                drawing.task(key, many=each(dice.choice("0123"), one_by_one=dice.random() < 0.5))
            case "repeat":
                drawing.task(key, many=repeat(maximum=2))
            case "end":
                drawing.end(key, event=self._ending(prefix))
            case "catch":
                event = dice.choice((duration('"P9D"'), message("anything"), message("other"), signal("all")))
                drawing.catch(key, event)
            case "guard":
                self._guard(drawing, key, prefix + sketch.guards[name], sketch.kinds[sketch.guards[name]])
            case "sub":
                many = each("2", one_by_one=dice.random() < 0.5) if dice.random() < 0.25 else ""
                drawing.inside(key, self.draw(key, depth - 1, f"{key}_"), many=many)
            case "call":
                many = each("2", one_by_one=dice.random() < 0.5) if dice.random() < 0.25 else ""
                self.called.append(self.draw(f"{key}_body", depth - 1, f"{key}_"))
                drawing.call(key, f"{key}_body", many=many)

    def _ending(self, prefix: str) -> str:
        plain = [""] * 8
        return self.dice.choice([*plain, TERMINATE, *([error("E1"), escalation("up")] if prefix else [])])

    def _guard(self, drawing: Drawing, key: str, on: str, kind: str) -> None:
        events = [duration('"P9D"'), message("anything"), signal("all"), cycle('"R3/P1D"')]
        errors = [error("E1"), error("E2"), error()]
        if kind in ("sub", "call"):
            events += [*errors, escalation("up")] * 2
        if kind == "service":
            events += errors * 2
        event = self.dice.choice(events)
        drawing.boundary(key, on, event, interrupting="errorEvent" in event or self.dice.random() < 0.5)

    def _flows(self, drawing: Drawing, kind: str, source: str, targets: list[str]) -> None:
        for place, target in enumerate(targets):
            if kind in ("choice", "some") and len(targets) > 1:
                drawing.flow(
                    source, target, self.dice.choice(CONDITIONS) if place else None, default=not place
                )
            else:
                drawing.flow(source, target)


def process(seed: int) -> tuple[Drawing, list[Drawing]]:
    """A random process and what it calls."""
    artist = Artist(random.Random(seed))
    return artist.draw("p", 2), artist.called
