"""What does the work: types and topics become connectors, expressions scripts, result variables ours."""

import re

from engine.process.doctor import conditions, dialects
from engine.process.doctor.model import Node
from engine.process.doctor.visit import Visit

ALIASES = {
    "http-connector": "http",
    "io.camunda:http-json": "http",
    "io.camunda.connectors.httpjson": "http",
    "mail-send": "mail",
    "io.camunda:email": "mail",
}
"""Connectors of other tools that do what one of ours does."""
_WORKING = frozenset({"serviceTask", "sendTask", "businessRuleTask", "scriptTask"})
_CODE = ("delegateExpression", "class", "expression")
_VERSION = re.compile(r":\d+$")


def adopt(visit: Visit, node: Node) -> None:
    """V20 to V23 for a step that the system does."""
    if node.foreign is None or node.kind not in _WORKING or node.properties.get("connector"):
        return
    result = _result(node)
    if node.kind == "businessRuleTask":
        node.decision = node.decision or _header(node, "decisionRef") or None
    if _becomes_script(visit, node, result):
        return
    topic = _topic(node)
    if topic and node.message is None and not (node.kind == "businessRuleTask" and node.decision):
        _connect(visit, node, topic)
    _name_code(visit, node)
    if result and not node.properties.get("out") and node.properties.get("connector"):
        node.properties["out"] = result
        visit.say("V23", node, name=result)


def _topic(node: Node) -> str:
    """What another tool calls the one who does it."""
    assert node.foreign is not None  # noqa: S101
    connector = next((part.text for each in node.foreign.all("connector") for part in each.parts
                      if part.name == "connectorId"), "")  # fmt: skip
    if connector or node.foreign.attributes.get("topic"):
        return connector or node.foreign.attributes["topic"]
    kind = node.foreign.attributes.get("type", "")
    return node.foreign.said("taskDefinition", "type") or (kind if kind not in {"external", "dmn"} else "")


def _connect(visit: Visit, node: Node, topic: str) -> None:
    bare = _VERSION.sub("", topic.lstrip("=").strip().strip('"'))
    node.properties["connector"] = connector = ALIASES.get(bare, bare)[:80]
    node.properties["connector:from"] = topic[:80]
    operation = _input(node, "method").strip('="').lower()
    if connector == "http" and not node.properties.get("operation"):
        node.properties["operation"] = operation or "get"
    elif connector == "mail" and not node.properties.get("operation"):
        node.properties["operation"] = "send"
    if not visit.known.connectors or connector in visit.known.connectors:
        visit.say("V20", node, topic=topic[:80], connector=connector)


def _input(node: Node, name: str) -> str:
    """A literal that goes in under this name."""
    assert node.foreign is not None  # noqa: S101
    for each in node.foreign.all("ioMapping", "inputOutput", "connector"):
        for part in [*each.parts, *(inner for outer in each.parts for inner in outer.parts)]:
            if part.said.get("target") == name or part.said.get("name") == name:
                return (part.said.get("source") or part.text).strip()
    return ""


def _becomes_script(visit: Visit, node: Node, result: str) -> bool:
    """An expression with a name for its result is an assignment."""
    assert node.foreign is not None  # noqa: S101
    written = node.foreign.attributes.get("expression") or node.foreign.said("script", "expression")
    result = result or node.foreign.said("script", "resultVariable")
    read = dialects.read(written)
    if not written or not result.isidentifier() or read is None or node.kind == "businessRuleTask":
        return False
    if node.kind == "scriptTask" and conditions.assignments(node.script):
        return False
    node.kind, node.script = "scriptTask", f"{result} = {read}"
    visit.say("V22", node, written=written[:80], read=node.script[:80])
    return True


def _name_code(visit: Visit, node: Node) -> None:
    assert node.foreign is not None  # noqa: S101
    code = next((node.foreign.attributes[key] for key in _CODE if node.foreign.attributes.get(key)), "")
    if not code:
        return
    bean = code.strip().strip("$#{} ")
    if bean in visit.known.connectors:
        node.properties["connector"] = node.properties["connector:from"] = bean
        visit.say("V20", node, topic=code[:80], connector=bean)
    else:
        visit.say("V21", node, program=code[:80])


def _result(node: Node) -> str:
    assert node.foreign is not None  # noqa: S101
    found = node.foreign.attributes.get("resultVariable") or node.foreign.attributes.get("resultVariableName")
    return found or node.foreign.said("calledDecision", "resultVariable") or _header(node, "resultVariable")


def _header(node: Node, key: str) -> str:
    """A header of a Zeebe task."""
    assert node.foreign is not None  # noqa: S101
    parts = (part for each in node.foreign.all("taskHeaders") for part in each.parts)
    return next((part.said.get("value", "") for part in parts if part.said.get("key") == key), "")
