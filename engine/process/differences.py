"""Two versions of a process side by side: what was added, what is gone, what means something else now."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from engine.process.blueprint import Blueprint, Diagram, Element, Flow, Stage, Text

What = Literal["added", "removed", "changed"]

IGNORED = frozenset({"id", "properties"})
"""Properties repeat what the named fields say; those no field reads change nothing when a case runs."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an element that says something else now; empty values are None."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Difference:
    """One element, flow or stage that differs. ``kind`` is the BPMN element, ``flow`` or ``stage``."""

    diagram: str
    element: str
    name: Text
    kind: str
    what: What
    changes: tuple[Change, ...] = ()


def compare(old: Blueprint, new: Blueprint) -> list[Difference]:
    """Every difference by element, in the order of the new version; what is gone comes last in each diagram.

    The main diagrams are compared with each other also where their ids differ.
    """
    found = list(_compare(new.process, _stages(old), _stages(new)))
    for key, diagram in new.diagrams.items():
        found += _diagrams(old.diagrams.get(old.process if key == new.process else key), diagram)
    called = {old.process if key == new.process else key for key in new.diagrams}
    for key in (key for key in old.diagrams if key not in called):
        found += _diagrams(old.diagrams[key], None)
    return found


def twin(old: Blueprint, new: Blueprint, diagram: str) -> str:
    """The diagram of the new version that takes the place of this one: the main one that of the main one."""
    return new.process if diagram == old.process else diagram


def _diagrams(old: Diagram | None, new: Diagram | None) -> Iterator[Difference]:
    shown = new or old
    if shown is None:
        return
    yield from _compare(shown.id, old.elements if old else {}, new.elements if new else {})
    yield from _compare(shown.id, old.flows if old else {}, new.flows if new else {})


def _stages(plan: Blueprint) -> dict[str, Stage]:
    return {stage.key: stage for stage in plan.ladder}


def _compare(
    diagram: str,
    old: Mapping[str, Element] | Mapping[str, Flow] | Mapping[str, Stage],
    new: Mapping[str, Element] | Mapping[str, Flow] | Mapping[str, Stage],
) -> Iterator[Difference]:
    for key, each in new.items():
        before = old.get(key)
        if before is None:
            yield _difference(diagram, key, each, "added")
        elif before != each and (changes := tuple(_changes(before, each))):
            yield _difference(diagram, key, each, "changed", changes)
    for key, each in old.items():
        if key not in new:
            yield _difference(diagram, key, each, "removed")


def _difference(
    diagram: str, key: str, thing: Element | Flow | Stage, what: What, changes: tuple[Change, ...] = ()
) -> Difference:
    name = thing.title if isinstance(thing, Stage) else thing.name
    kind = thing.kind if isinstance(thing, Element) else "stage" if isinstance(thing, Stage) else "flow"
    return Difference(diagram, key, name, kind, what, changes)


def _changes(before: Element | Flow | Stage, after: Element | Flow | Stage) -> Iterator[Change]:
    was, is_ = asdict(before), asdict(after)
    for field in fields(after):
        if field.name not in IGNORED and was.get(field.name) != is_[field.name]:
            yield Change(field.name, was.get(field.name) or None, is_[field.name] or None)
