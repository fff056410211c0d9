"""A program: one version of a process, parsed once and shared by all its cases and threads."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.specs import control, defaults

from engine.process import expressions
from engine.process.blueprint import Blueprint, Element, Text
from engine.process.spiff import events, joins, loops, nodes, values
from engine.process.spiff.refusals import NotSupported

UNPARSABLE = (ValidationException, etree.XMLSyntaxError, NotSupported)
"""What `parse` raises for an executable that this version of the engine cannot run."""


class DecisionTable(Protocol):
    """What a business rule task asks; see `engine.process.decisions`."""

    @property
    def outputs(self) -> Sequence[str]:
        """The names the table gives values to."""

    def decide(self, scope: Mapping[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
        """The outputs for these inputs; ``now`` is what its cells take for the present."""


@dataclass(frozen=True, slots=True)
class Program:
    """A parsed process: ``spec`` for the main diagram, ``subspecs`` for sub-processes and called processes by id.

    Nothing here changes while cases run, so threads may share it. ``owners`` names the diagram each spec belongs to.
    """

    blueprint: Blueprint
    spec: Any
    subspecs: Mapping[str, Any]
    decisions: Mapping[str, DecisionTable] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    flows: Mapping[tuple[str, str, str], str | None] = field(default_factory=dict)
    correlations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the message's name: the properties of its correlation keys, and the expression that reads each from a payload."""
    approved: bool = False
    """Whether an administrator lets its Python scripts run; says nothing where it has none."""

    def diagram(self, spec: str) -> str:
        """The diagram a spec was drawn in: a sub-process stands in the diagram around it."""
        return self.owners.get(spec, spec)

    def element(self, spec: str, node: Any) -> Element | None:
        """What the blueprint says about a node; None for what the engine added."""
        return self.blueprint.element(self.diagram(spec), node.bpmn_id) if node.bpmn_id else None

    def label(self, spec: str, node: Any) -> Text | str:
        """What a node is called on the diagram, in both languages; one without a name goes by its id."""
        element = self.element(spec, node)
        return element.label if element else str(node.name)

    def correlation(self, message: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """What a payload says under the correlation keys of a message; what it does not say is left out."""
        return said(self.correlations.get(message, {}), payload)

    def flow(self, diagram: str, source: str, target: str) -> str | None:
        """The one sequence flow between two elements; None where there is none or more than one."""
        return self.flows.get((diagram, source, target))


def said(keys: Mapping[str, str], payload: Mapping[str, Any]) -> dict[str, Any]:
    """What a payload says under correlation keys, by their names; what it does not say is left out."""
    found: dict[str, Any] = {}
    for name, source in keys.items():
        with suppress(expressions.ExpressionRefused):
            found[name] = values.plain(expressions.evaluate(source, payload))
    return {name: value for name, value in found.items() if value is not None}


def parse(
    executable: bytes, blueprint: Blueprint, *, decisions: Mapping[str, DecisionTable] | None = None
) -> Program:
    """Read executable XML. Raises SpiffWorkflow's ValidationException, lxml's XMLSyntaxError and NotSupported."""
    parser = _Parser()
    root = etree.fromstring(executable, etree.XMLParser(resolve_entities=False, no_network=True))
    _part_twins(root)
    for each in root.iter(full_tag("subProcess")):
        if each.get("triggeredByEvent") == "true":
            # the parser reads the plain attribute in one place and the prefixed one in another
            each.set(full_tag("triggeredByEvent"), "true")
    parser.add_bpmn_xml(root)
    spec = parser.get_spec(blueprint.process)
    subspecs = parser.get_subprocess_specs(blueprint.process)
    # A process that calls itself is in both; the case runs the one, its calls the other, so both are prepared.
    for each in {id(each): each for each in (spec, *subspecs.values())}.values():
        _adopt(each)
    owners = {spec.name: spec.name}
    _find_owners(spec, subspecs, owners)
    keys = _correlations(parser)
    return Program(blueprint, spec, subspecs, dict(decisions or {}), owners, _flows(blueprint), keys)


def _correlations(parser: Any) -> dict[str, dict[str, str]]:
    """By the names of messages, also of one that only starts cases."""
    found: dict[str, dict[str, str]] = {}
    for message, properties in parser.message_correlations.items():
        named = found.setdefault(parser.messages.get(message) or message, {})
        named.update({each.name: each.retrieval_expression for each in properties})
    return found


def _part_twins(root: etree._Element) -> None:
    """Flows between the same two nodes get a node each, for a join knows its ways in by the nodes before it."""
    seen: set[tuple[str | None, str | None]] = set()
    for flow in list(root.iter(full_tag("sequenceFlow"))):
        between, scope = (flow.get("sourceRef"), flow.get("targetRef")), flow.getparent()
        if between in seen and scope is not None:
            name = f"{flow.get('id')}.way"
            onward = {"id": f"{name}.on", "sourceRef": name, "targetRef": flow.get("targetRef", "")}
            etree.SubElement(scope, full_tag("exclusiveGateway"), id=name)
            etree.SubElement(scope, full_tag("sequenceFlow"), onward)
            flow.set("targetRef", name)
        seen.add(between)


def _flows(blueprint: Blueprint) -> dict[tuple[str, str, str], str | None]:
    found: dict[tuple[str, str, str], str | None] = {}
    for diagram in blueprint.diagrams.values():
        for flow in diagram.flows.values():
            between = (diagram.id, flow.source, flow.target)
            found[between] = None if between in found else flow.id
    return found


def _find_owners(spec: Any, subspecs: Mapping[str, Any], owners: dict[str, str]) -> None:
    waiting = [spec]
    while waiting:
        outer = waiting.pop()
        for node in outer.task_specs.values():
            if isinstance(node, nodes.Inner) and node.spec not in owners:
                owners[node.spec] = node.spec if node.is_call else owners[outer.name]
                waiting.append(subspecs[node.spec])


# ------------------------------------------------------------------------------------------------ reading


class _BusinessRule(defaults.ServiceTask):  # type: ignore[misc]
    """The base parser knows no business rule task."""


class _ProcessParser(ProcessParser):  # type: ignore[misc]
    """Reads a process from its end to its start, so that no node has to read those behind it by recursion."""

    def add_tasks(self) -> None:
        for node in reversed(list(self._reached())):
            self.parse_node(node)
        super().add_tasks()

    def _reached(self) -> Iterable[Any]:
        waiting = [node.get("id") for node in self.xpath("./bpmn:startEvent")]
        seen: dict[str, Any] = {}
        while waiting:
            name = waiting.pop(0)
            if name not in seen:
                seen[name] = self.get_node_by_id(name)
                waiting += [flow.get("targetRef") for flow in self.get_outgoing_sequence_flows(name)]
                for boundary in self.get_boundary_events(name):
                    behind = self.get_outgoing_sequence_flows(boundary.get("id"))
                    waiting += [flow.get("targetRef") for flow in behind]
        return [node for node in seen.values() if node is not None]


class _Parser(BpmnParser):  # type: ignore[misc]
    PROCESS_PARSER_CLASS = _ProcessParser
    OVERRIDE_PARSER_CLASSES = {full_tag("businessRuleTask"): (TaskParser, _BusinessRule)}


# ----------------------------------------------------------------------------------------------- adopting

ADOPTED: dict[type[Any], type[nodes.Node]] = {
    control.BpmnStartTask: nodes.Node,
    control.SimpleBpmnTask: nodes.Node,
    control._EndJoin: joins.Finish,
    control.BoundaryEventSplit: nodes.Guard,
    defaults.UserTask: nodes.Human,
    defaults.ManualTask: nodes.Human,
    defaults.NoneTask: nodes.Human,
    defaults.ServiceTask: nodes.Call,
    _BusinessRule: nodes.Decision,
    defaults.ScriptTask: nodes.Script,
    defaults.CallActivity: nodes.Inner,
    defaults.SubWorkflowTask: nodes.Inner,
    defaults.TransactionSubprocess: nodes.Inner,
    defaults.EventSubprocess: nodes.Inner,
    defaults.StandardLoopTask: loops.Loop,
    defaults.ParallelMultiInstanceTask: loops.Each,
    defaults.SequentialMultiInstanceTask: loops.OneByOne,
    defaults.ExclusiveGateway: nodes.Exclusive,
    defaults.InclusiveGateway: joins.Inclusive,
    defaults.ParallelGateway: joins.Parallel,
    defaults.EventBasedGateway: events.EventChoice,
    defaults.StartEvent: events.Begin,
    defaults.IntermediateCatchEvent: events.Catch,
    defaults.ReceiveTask: events.Catch,
    defaults.BoundaryEvent: events.Boundary,
    defaults.IntermediateThrowEvent: events.Throw,
    defaults.SendTask: events.Throw,
    defaults.EndEvent: events.End,
}


def _adopt(spec: Any) -> None:
    """Give every node our behaviour. The parser makes stock nodes in twenty places; one table is easier to read."""
    _drop_boundary_joins(spec)
    for node in spec.task_specs.values():
        node.is_call = isinstance(node, defaults.CallActivity)
        ours = ADOPTED.get(type(node))
        if ours is None:
            raise NotSupported(element=node.name, what=type(node).__name__)
        node.__class__ = ours
    _separate_event_subprocesses(spec)
    for node in spec.task_specs.values():
        if isinstance(node, joins.Inclusive):
            node.reachable = joins.reachable(node)


def _drop_boundary_joins(spec: Any) -> None:
    """Stock disarms boundaries in a node behind the activity; our guards need none."""
    gone = {name for name, node in spec.task_specs.items() if isinstance(node, control.BoundaryEventJoin)}
    for name in gone:
        del spec.task_specs[name]
    for node in spec.task_specs.values():
        node._outputs = [name for name in node._outputs if name not in gone]


def _separate_event_subprocesses(spec: Any) -> None:
    """Event sub-processes wait beside the scope instead of holding tokens in it; they end where it ends."""
    timed = [name for name in spec.start._outputs if isinstance(spec.task_specs[name], nodes.Inner)]
    spec.event_subprocesses = list(dict.fromkeys([*spec.start.trigger_specs, *timed]))
    spec.start._outputs = [name for name in spec.start._outputs if name not in timed]
    for name in spec.event_subprocesses:
        node = spec.task_specs[name]
        node._outputs = [spec.end.name]
        spec.end._inputs = [*spec.end._inputs, name]
