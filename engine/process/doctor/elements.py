"""What one element of a file says: its name, text and flags, a whole step, a repetition."""

from collections.abc import Collection, Iterator

from lxml import etree

from engine.process.doctor import extensions, model
from engine.process.doctor.definitions import Definitions
from engine.process.doctor.loading import BPMN, local
from engine.process.doctor.model import Loop, Node

STEPS = tuple(f"{{{BPMN}}}{kind}" for kind in model.NODES)
"""The tags of everything that a token can come to."""


def step(element: etree._Element, definitions: Definitions) -> Node:
    """A step as drawn, still without the id it will go by."""
    kind = local(element)
    node = Node("", kind, name(element), element.get("id"), drawn=kind)
    node.properties = extensions.properties(element)
    node.foreign = extensions.foreign(element)
    node.default = bare(str(element.get("default") or "")) or None
    node.host = element.get("attachedToRef")
    node.interrupting = flag(element, "isInterrupting" if kind == "startEvent" else "cancelActivity", True)
    node.all_of = flag(element, "parallelMultiple", False)
    node.by_event = flag(element, "triggeredByEvent", False)
    node.for_compensation = flag(element, "isForCompensation", False)
    node.triggers = definitions.triggers(element)
    node.loop = _loop(element)
    _refer(node, element, definitions)
    return node


def _refer(node: Node, element: etree._Element, definitions: Definitions) -> None:
    """What it calls, decides by, runs, sends or waits for."""
    node.called = ref(element, "calledElement") or extensions.setting(element, "calledElement", "processId")
    node.decision = extensions.setting(element, "calledDecision", "decisionId")
    node.decision = node.decision or extensions.vendor_attribute(element, "decisionRef")
    node.script = next((str(each.text or "") for each in element if local(each) == "script"), None)
    if node.kind in {"sendTask", "receiveTask"}:
        node.message = definitions.name("message", element.get("messageRef"))
        node.declared = node.message is not None


def _loop(element: etree._Element) -> Loop | None:
    for each in element:
        parts = {local(child): child for child in each}
        if local(each) == "standardLoopCharacteristics":
            return Loop(
                "standard",
                condition=_part(parts, "loopCondition"),
                test_before=flag(each, "testBefore", False),
                maximum=each.get("loopMaximum"),
            )
        if local(each) == "multiInstanceLoopCharacteristics":
            return _several(each, parts)
    return None


def _several(element: etree._Element, parts: dict[str, etree._Element]) -> Loop:
    loop = Loop("sequential" if flag(element, "isSequential", False) else "parallel")
    loop.cardinality = _part(parts, "loopCardinality")
    loop.collection = _part(parts, "loopDataInputRef") or extensions.vendor_attribute(element, "collection")
    loop.collection = loop.collection or extensions.setting(element, "loopCharacteristics", "inputCollection")
    loop.item = _item(parts, "inputDataItem") or extensions.vendor_attribute(element, "elementVariable")
    loop.item = loop.item or extensions.setting(element, "loopCharacteristics", "inputElement")
    loop.results, loop.result = _part(parts, "loopDataOutputRef"), _item(parts, "outputDataItem")
    loop.until = _part(parts, "completionCondition")
    return loop


def _part(parts: dict[str, etree._Element], name: str) -> str | None:
    return text(parts[name]) or None if name in parts else None


def _item(parts: dict[str, etree._Element], name: str) -> str | None:
    return str(parts[name].get("name") or parts[name].get("id") or "") or None if name in parts else None


def inside(element: etree._Element, kind: str) -> Iterator[etree._Element]:
    """Every element of a kind, however deep."""
    return element.iter(f"{{{BPMN}}}{kind}")


def ref(element: etree._Element, attribute: str, known: Collection[str] = ()) -> str:
    """What an attribute refers to: as written where that is known, else without a prefix."""
    value = str(element.get(attribute) or "").strip()
    return value if value in known else bare(value)


def bare(ref: str) -> str:
    """A reference without the prefix of its namespace."""
    return ref.partition(":")[2] or ref


def name(element: etree._Element) -> str:
    """Its name on one line, '' where it has none."""
    return " ".join(str(element.get("name") or "").split())


def text(element: etree._Element) -> str:
    """Everything written in it."""
    return "".join(str(part) for part in element.itertext()).strip()


def flag(element: etree._Element, attribute: str, default: bool) -> bool:
    """Whether an attribute says yes."""
    value = element.get(attribute)
    return default if value is None else str(value).strip().lower() in {"true", "1"}
