"""What a diagram refers to: forms, agreements, expressions in its properties; and which names its data keeps."""

from collections.abc import Iterator

import isodate

from engine import lengths
from engine.process.blueprint import Text
from engine.process.doctor import conditions, knowledge
from engine.process.doctor.model import Node, Scope
from engine.process.doctor.visit import Visit
from engine.process.scripts.python import outline

PEOPLE = frozenset({"owner", "starter"})


def check(visit: Visit) -> None:
    """Q01 to Q05 for every step of a process."""
    for scope, node in visit.process.scope.everything():
        form = node.properties.get("form")
        if form and form not in visit.bundle.forms:
            visit.say("Q01", node, form=form)
            node.properties.pop("form")
        agreement = node.properties.get("handoff")
        if agreement and visit.known.agreements and agreement not in visit.known.agreements:
            visit.say("Q02", node, agreement=agreement)
        clock = node.properties.get("clock")
        if clock and clock not in {"work", "round"}:
            visit.say("Q05", node, property="clock", value=clock[:60])
            node.properties.pop("clock")
        _check_keep(visit, node)
        decision = visit.bundle.decisions.get(node.decision or "")
        if decision is not None and node.kind == "businessRuleTask":
            _check_names(visit, node, Text("tabela decyzyjna", "the decision table"), decision.reads)
        if node.trusted:
            _check_names(visit, node, Text("skrypt", "the script"), outline(node.script or "").needs)
        for where, expression in _own(node):
            _check_expression(visit, node, where, expression)
        for where, expression in _of_flow(scope, node):
            if conditions.usable(expression):
                continue
            _check_expression(visit, node, where, expression)


def variables(visit: Visit) -> set[str]:
    """The names this process reads somewhere, keeps on purpose or asks for with a choice."""
    found = set(knowledge.listed(visit.process.properties.get("keeps")))
    for scope, node in visit.process.scope.everything():
        for _, expression in [*_own(node), *_of_flow(scope, node)]:
            found |= conditions.names(expression)
        for expression in (conditions.assignments(node.script) or {}).values():
            found |= conditions.names(expression)
        found.update(outline(node.script or "").reads if node.trusted else ())
        found.update(question.key for question in node.questions)
        found.update(knowledge.listed(node.properties.get("payload")))
        decision = visit.bundle.decisions.get(node.decision or "")
        if decision is not None:
            found |= decision.reads
    return found


def _check_keep(visit: Visit, node: Node) -> None:
    """How long an early message waits; what an event sub-process says counts for its start."""
    keep = node.properties.get("keep")
    if keep and not lengths.is_length(keep):
        visit.say("Q05", node, property="keep", value=keep[:60])
        node.properties.pop("keep")
    elif keep and node.by_event and node.body is not None:
        for each in node.body.nodes.values():
            if each.kind == "startEvent":
                each.properties.setdefault("keep", keep)


def is_duration(text: str) -> bool:
    """Whether a text is an ISO 8601 duration."""
    try:
        isodate.parse_duration(text)
    except (isodate.ISO8601Error, ValueError, TypeError, ArithmeticError):
        return False
    return True


def _own(node: Node) -> Iterator[tuple[Text, str]]:
    """The expressions of a node itself, with what they are for."""
    properties = node.properties
    for name, value in properties.items():
        if name.startswith("in:"):
            yield Text(f"wartość {name[3:]}", f"the value {name[3:]}"), value
    assignee, due = properties.get("assignee"), properties.get("due")
    if assignee and assignee not in PEOPLE:
        yield Text("wykonawca", "the assignee"), assignee
    if due and not is_duration(due):
        yield Text("termin", "the due time"), due
    for trigger in node.triggers:
        if trigger.kind in {"timer", "conditional"} and trigger.text:
            yield Text("czas lub warunek", "the time or condition"), trigger.text
    if node.loop is not None:
        parts = (node.loop.condition, node.loop.cardinality, node.loop.collection, node.loop.until)
        for expression in parts:
            if expression:
                yield Text("powtarzanie", "the repetition"), expression


def _of_flow(scope: Scope, node: Node) -> Iterator[tuple[Text, str]]:
    for link in scope.outgoing(node):
        if link.condition:
            yield Text("warunek drogi", "the condition of a way"), link.condition


def _check_expression(visit: Visit, node: Node, where: Text, expression: str) -> None:
    reason = conditions.problem(expression)
    if reason is not None:
        visit.say("Q03", node, expression=expression[:100], where=where, reason=reason)
        return
    _check_names(visit, node, where, conditions.names(expression))


def _check_names(visit: Visit, node: Node, where: Text, names: frozenset[str]) -> None:
    missing = visit.unprovided(names)
    if missing:
        visit.say("Q04", node, names=", ".join(missing[:6]), where=where)
