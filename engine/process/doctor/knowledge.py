"""What the diagrams of a bundle give a value: fields, answers of tables and connectors, scripts, kept names."""

import re
from collections.abc import Iterator

from engine.process.doctor import conditions
from engine.process.doctor.model import Bundle, Node


def listed(text: str | None) -> list[str]:
    """Names in a property, parted by commas or spaces."""
    return [each for each in re.split(r"[,\s]+", text) if each] if text else []


def provided(bundle: Bundle) -> frozenset[str]:
    """Every name that something in the bundle gives a value."""
    found = {"start"}
    for process in bundle.processes:
        found.update(listed(process.properties.get("keeps")))
        for _, node in process.scope.everything():
            found.update(_gives(bundle, node))
    for fields in bundle.forms.values():
        found.update(fields)
    return frozenset(found)


def is_open(bundle: Bundle) -> bool:
    """Whether some connector's answer is merged whole, so that its names cannot be known."""
    return any(
        node.properties.get("connector")
        and not node.properties.get("out")
        and "connector:from" not in node.properties  # what another tool's worker answers, ours may not
        for process in bundle.processes
        for _, node in process.scope.everything()
    )


def _gives(bundle: Bundle, node: Node) -> Iterator[str]:
    yield from listed(node.properties.get("out"))
    yield from listed(node.properties.get("payload"))
    yield from conditions.assignments(node.script) or ()
    decision = bundle.decisions.get(node.properties.get("decision") or node.decision or "")
    if decision is not None:
        yield from decision.gives
    if node.loop is not None:
        yield from (each for each in (node.loop.item, node.loop.results, node.loop.result) if each)
