"""A program: one version of a process, parsed once and shared by all its cases and threads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from lxml import etree
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.specs import control, defaults

from engine.process.blueprint import Blueprint, Element
from engine.process.spiff import events, joins, loops, nodes
from engine.process.spiff.refusals import NotSupported


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

    def diagram(self, spec: str) -> str:
        """The diagram a spec was drawn in: a sub-process stands in the diagram around it."""
        return self.owners.get(spec, spec)

    def element(self, spec: str, node: Any) -> Element | None:
        """What the blueprint says about a node; None for what the engine added."""
        return self.blueprint.element(self.diagram(spec), node.bpmn_id) if node.bpmn_id else None

    def label(self, spec: str, node: Any) -> str:
        """What a node is called on the diagram."""
        element = self.element(spec, node)
        return (element.name.pl or element.name.en or element.id) if element else str(node.name)

    def flow(self, diagram: str, source: str, target: str) -> str | None:
        """The one sequence flow between two elements; None where there is none or more than one."""
        return self.flows.get((diagram, source, target))


def parse(
    executable: bytes, blueprint: Blueprint, *, decisions: Mapping[str, DecisionTable] | None = None
) -> Program:
    """Read executable XML. Raises SpiffWorkflow's ValidationException, lxml's XMLSyntaxError and NotSupported."""
    parser = _Parser()
    parser.add_bpmn_xml(
        etree.fromstring(executable, etree.XMLParser(resolve_entities=False, no_network=True))
    )
    spec = parser.get_spec(blueprint.process)
    subspecs = parser.get_subprocess_specs(blueprint.process)
    # A process that calls itself is in both; the case runs the one, its calls the other, so both are prepared.
    for each in {id(each): each for each in (spec, *subspecs.values())}.values():
        _adopt(each)
    owners = {spec.name: spec.name}
    _find_owners(spec, subspecs, owners)
    return Program(blueprint, spec, subspecs, dict(decisions or {}), owners, _flows(blueprint))


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
