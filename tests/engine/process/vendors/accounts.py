"""What became of everything in an upload: it runs, or a finding says why not."""

import re
from collections.abc import Iterator

from lxml import etree

from engine.process import doctor
from engine.process.doctor.catalogue.losses import LOSSES
from tests.engine.process.vendors.drawing import BPMN, tag
from tests.engine.process.vendors.habits import STEPS, kind

OTHERS = frozenset(
    {"sequenceFlow", "lane", "participant", "messageFlow", "process", "globalUserTask", "globalTask"}
)
"""What counts beside steps. Data, notes and groups are kept in the drawing and were never meant to run."""
NAMELESS = "–"
"""Stands for an element without an id: of a very full one only the first ids inside are listed."""
DOCUMENTED = frozenset({"choreography", "subChoreography", "extensionElements"})


def lost(root: etree._Element, examined: doctor.Examined) -> list[str]:
    """Ids of the upload that neither run nor are named by any finding."""
    runs = running(examined)
    named = {
        key
        for each in examined.findings
        for key in (each.element, each.diagram if each.code == "P03" else None)
        if key
    }
    for each in examined.findings:
        if each.code == "X18":
            named |= set(re.findall(r"[^\s,()“”]+", each.message.en))
            named |= {NAMELESS} if "… (+" in each.message.en else set()
        elif each.element is None and each.code in LOSSES:
            named.add(NAMELESS + each.name)
    return [key for key in counted(root, named) if key not in runs and key not in named]


def counted(root: etree._Element, named: set[str]) -> Iterator[str]:
    """Ids that have to be accounted for: not those inside or at the end of something a finding already names."""
    pools = {str(each.get("id")) for each in root.iter(tag("process"), tag("participant"))}
    steps = {str(each.get("id")) for each in root.iter(f"{{{BPMN}}}*") if STEPS.search(kind(each))}
    called = {each.get("calledElement") for each in root.iter(tag("callActivity"))}
    for each in root.iter(f"{{{BPMN}}}*"):
        key = each.get("id")
        if not key or (kind(each) not in OTHERS and not STEPS.search(kind(each))):
            continue
        ends = {_meant(each.get("sourceRef"), pools | steps), _meant(each.get("targetRef"), pools | steps)}
        around = {key for outer in each.iterancestors() for key in _called(outer)}
        if named & (ends | around) or any(kind(outer) in DOCUMENTED for outer in each.iterancestors()):
            continue
        if kind(each).startswith("global") and key in called:
            continue
        if kind(each) == "messageFlow" and ends <= pools | steps:
            continue
        if kind(each) == "participant" and each.get("processRef"):
            key = _meant(each.get("processRef"), pools)
            if each.get("id") in named:
                continue
        yield str(key)


def running(examined: doctor.Examined) -> set[str]:
    """Ids in the executable form and in the blueprint."""
    if examined.compiled is None:
        return set()
    found = {
        str(each.get("id"))
        for each in etree.fromstring(examined.compiled.executable).iter()
        if each.get("id")
    }
    for diagram in examined.compiled.blueprint.diagrams.values():
        found |= {diagram.id, *diagram.elements, *diagram.flows, *diagram.lanes}
    return found


def _called(outer: etree._Element) -> set[str]:
    """By what a finding can name an element: its id, or its name where it has none."""
    name = " ".join(str(outer.get("name") or "").split())
    return {str(outer.get("id"))} if outer.get("id") else {NAMELESS, NAMELESS + name}


def _meant(ref: str | None, ids: set[str]) -> str | None:
    return ref if ref is None or ref in ids else ref.partition(":")[2]
