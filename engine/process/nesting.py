"""Which sub-process each element stands in, for versions deployed before blueprints said so."""

from dataclasses import replace

from lxml import etree

from engine.process.blueprint import Blueprint, Diagram
from engine.process.crossings import SUB_PROCESSES


def is_silent(blueprint: Blueprint) -> bool:
    """Whether there are sub-processes and nothing is said to stand in one."""
    elements = [element for _, element in blueprint.everything()]
    return any(each.kind in SUB_PROCESSES for each in elements) and not any(each.parent for each in elements)


def told(blueprint: Blueprint, executable: bytes) -> Blueprint:
    """The blueprint with every element's sub-process as the executable form has it."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    parents = _parents(etree.fromstring(executable, parser))
    diagrams = {key: _told(diagram, parents.get(key, {})) for key, diagram in blueprint.diagrams.items()}
    return replace(blueprint, diagrams=diagrams)


def _told(diagram: Diagram, parents: dict[str, str]) -> Diagram:
    elements = {key: replace(element, parent=parents.get(key)) for key, element in diagram.elements.items()}
    return replace(diagram, elements=elements)


def _parents(root: etree._Element) -> dict[str, dict[str, str]]:
    """By process, each element directly inside a sub-process and that sub-process."""
    found: dict[str, dict[str, str]] = {}
    for process in root.iter("{*}process"):
        here = found.setdefault(process.get("id", ""), {})
        for body in process.iter(*(f"{{*}}{kind}" for kind in sorted(SUB_PROCESSES))):
            here |= {key: body.get("id", "") for each in body.iterchildren("*") if (key := each.get("id"))}
    return found
