"""What a deployed diagram means to us: elements, lanes, ladder, starts; plain data, read from the upload once.

The doctor writes a blueprint beside the executable XML; it is stored with the definition as JSON and never
changes. Everything that is not SpiffWorkflow reads the blueprint, never XML. Ids are those of the upload.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Text:
    """A label in both languages; a diagram that gives one says it in both."""

    pl: str = ""
    en: str = ""

    def into(self, locale: str) -> str:
        """The label in ``pl`` or ``en``, the other where this one is empty."""
        return (self.en or self.pl) if locale == "en" else (self.pl or self.en)

    def __str__(self) -> str:
        return self.into("en")


@dataclass(frozen=True, slots=True)
class Timer:
    """When a timer fires: ``kind`` is duration, date or cycle; ``expression`` gives ISO 8601 text or a date.

    ``clock`` is ``work`` (time of the owning department's calendar) or ``round`` (round the clock).
    """

    kind: str
    expression: str
    clock: str = "work"


@dataclass(frozen=True, slots=True)
class Element:
    """One flow node of a diagram, with what its extension properties say about it."""

    id: str
    kind: str
    """The BPMN element: userTask, exclusiveGateway, boundaryEvent …"""
    name: Text = Text()
    lane: str | None = None
    audience: str | None = None
    """Who may claim it: ``department:KEY``, ``head:KEY`` or ``role:NAME``; None for the system."""
    assignee: str | None = None
    """``owner``, ``starter``, or an expression that gives a person's mail address."""
    form: str | None = None
    why: Text = Text()
    due: str | None = None
    """Time to do it: ISO 8601 duration in work time (P2D is two work days), or an expression."""
    stage: str | None = None
    """Entering this element moves the item to this position of the ladder."""
    state: str | None = None
    """``suspended``: the item waits while a token is here."""
    outcome: str | None = None
    """For an end event: won, lost, converted, … : how the item ended."""
    handoff: str | None = None
    """Code of the agreement under which this task is done for another department."""
    connector: str | None = None
    operation: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Names to expressions, evaluated when the call is made."""
    output: str | None = None
    """The variable that takes the connector's answer; without it the answer's keys are merged."""
    decision: str | None = None
    called: str | None = None
    timer: Timer | None = None
    message: str | None = None
    payload: tuple[str, ...] = ()
    """Variables a thrown message takes along."""
    attached_to: str | None = None
    interrupting: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)
    """Every extension property as it was written."""
    script: str | None = None
    """The Python of a script task that was deployed as trusted; a safe script stands in the executable only."""
    parent: str | None = None
    """The sub-process it stands in; None on the diagram itself."""

    @property
    def label(self) -> "Text | str":
        """What a refusal calls it: its name in both languages, or the id of one without a name."""
        return self.name if self.name.pl or self.name.en else self.id

    @property
    def drawn(self) -> str:
        """The id of the upload that history names: its own, or of what it was added for."""
        return str(self.properties.get("stands_for") or self.id) if self.added else self.id

    @property
    def added(self) -> bool:
        """Whether the doctor added it, so that nobody finds it in the drawing."""
        return self.id.startswith("dr_")


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow of a diagram."""

    id: str
    source: str
    target: str
    name: Text = Text()
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """A position on a ladder. ``rots`` is work days until an item here is called rotten.

    ``exit_requires`` is an expression over facts that must hold before an item goes on from here, ``exit_words`` says it
    to people.
    """

    key: str
    title: Text
    order: int
    probability: int | None = None
    rots: int | None = None
    exit_requires: str | None = None
    exit_words: Text = Text()


@dataclass(frozen=True, slots=True)
class Start:
    """One way to start the process: by a person with a form, or by a message."""

    element: str
    kind: str
    name: Text = Text()
    form: str | None = None
    message: str | None = None
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane of a diagram and whose work it holds."""

    id: str
    name: Text
    audience: str | None


@dataclass(frozen=True, slots=True)
class Diagram:
    """One BPMN process of the bundle: the main one or one that a call activity calls. ``file`` holds its drawing."""

    id: str
    file: str
    title: Text
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow] = field(default_factory=dict)
    lanes: Mapping[str, Lane] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A whole definition. ``process`` is the main diagram's id; ``kind`` is ``funnel``, ``flow`` or ``plain``."""

    process: str
    title: Text
    kind: str
    diagrams: Mapping[str, Diagram]
    ladder: tuple[Stage, ...] = ()
    starts: tuple[Start, ...] = ()
    variables: frozenset[str] = frozenset()
    """Names that some expression of the bundle reads: only these answers enter the process data."""
    item: Text = Text()
    """What one instance is called on screens: Transakcja / Deal, Zamówienie / Order."""

    @property
    def main(self) -> Diagram:
        """The diagram an instance starts in."""
        return self.diagrams[self.process]

    def element(self, diagram: str, element: str) -> Element | None:
        """One element, or None for something the engine added."""
        found = self.diagrams.get(diagram)
        return found.elements.get(element) if found else None

    def everything(self) -> Iterator[tuple[Diagram, Element]]:
        """Every element with the diagram it stands in."""
        for diagram in self.diagrams.values():
            for element in diagram.elements.values():
                yield diagram, element

    def stage(self, key: str) -> Stage | None:
        """A position of the ladder by its key."""
        return next((stage for stage in self.ladder if stage.key == key), None)

    def rank(self, key: str) -> int | None:
        """The place of a position on the ladder, counted from 1."""
        ordered = sorted(self.ladder, key=lambda stage: stage.order)
        return next((place for place, stage in enumerate(ordered, 1) if stage.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, the form that is stored."""
        plain = asdict(self)
        plain["variables"] = sorted(self.variables)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Self:
        """The blueprint that `to_json` wrote."""

        def text(value: Mapping[str, str]) -> Text:
            return Text(**value)

        def stage(value: Mapping[str, Any]) -> Stage:
            words = text(value.get("exit_words") or {})
            return Stage(**{**value, "title": text(value["title"]), "exit_words": words})

        def element(value: Mapping[str, Any]) -> Element:
            timer = Timer(**value["timer"]) if value["timer"] else None
            more = {"name": text(value["name"]), "why": text(value["why"]), "timer": timer}
            return Element(**{**value, **more, "payload": tuple(value["payload"])})

        def diagram(value: Mapping[str, Any]) -> Diagram:
            return Diagram(
                id=value["id"],
                file=value["file"],
                title=text(value["title"]),
                elements={key: element(item) for key, item in value["elements"].items()},
                flows={
                    key: Flow(**{**item, "name": text(item["name"])}) for key, item in value["flows"].items()
                },
                lanes={
                    key: Lane(**{**item, "name": text(item["name"])}) for key, item in value["lanes"].items()
                },
            )

        return cls(
            process=plain["process"],
            title=text(plain["title"]),
            kind=plain["kind"],
            diagrams={key: diagram(value) for key, value in plain["diagrams"].items()},
            ladder=tuple(stage(each) for each in plain["ladder"]),
            starts=tuple(Start(**{**start, "name": text(start["name"])}) for start in plain["starts"]),
            variables=frozenset(plain["variables"]),
            item=text(plain["item"]),
        )
