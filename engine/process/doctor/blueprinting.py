"""From the repaired model to the blueprint: what every element means to the rest of the product."""

from collections.abc import Mapping

from engine.process.blueprint import Blueprint, Diagram, Element, Flow, Lane, Stage, Start, Text, Timer
from engine.process.doctor import knowledge, lanes
from engine.process.doctor.model import LaneRead, Link, Node, Process, Scope, Trigger
from engine.process.doctor.visit import Visit

KINDS = frozenset({"funnel", "flow", "plain"})


def draw(
    visits: list[Visit],
    main: Process,
    lane_of: Mapping[str, Mapping[str, LaneRead]],
    ladder: tuple[Stage, ...],
    variables: set[str],
) -> Blueprint:
    """The blueprint of a whole bundle."""
    diagrams = {visit.process.id: _diagram(visit.process, lane_of[visit.process.id]) for visit in visits}
    properties = main.properties
    kind = properties.get("kind", "plain")
    return Blueprint(
        process=main.id,
        title=_title(main),
        kind=kind if kind in KINDS else "plain",
        diagrams=diagrams,
        ladder=ladder,
        starts=tuple(_start(main, node, lane_of[main.id]) for node in main.starts),
        variables=frozenset(variables),
        item=_both(properties.get("item", ""), properties.get("item:en")),
    )


def _diagram(process: Process, lane_of: Mapping[str, LaneRead]) -> Diagram:
    elements: dict[str, Element] = {}
    flows: dict[str, Flow] = {}
    for scope, node in process.scope.everything():
        if node.source is None and node.properties.get("stands_for", "dr_").startswith("dr_"):
            node.properties = {**node.properties, "stands_for": _neighbour(process, scope, node)}
        parent = scope.owner.id if scope.owner is not None else None
        elements[node.id] = _element(process, node, lane_of.get(node.id), parent)
        flows.update((link.id, _flow(link)) for link in scope.outgoing(node))
    return Diagram(
        id=process.id,
        file=process.file,
        title=_title(process),
        elements=elements,
        flows=flows,
        lanes={
            lane.id: Lane(lane.id, _both(lane.name, lane.properties.get("name:en")), lane.audience)
            for lane in process.lanes
        },
    )


def _neighbour(process: Process, scope: Scope, node: Node) -> str:
    """The id in the upload of the nearest step, for one that the doctor added without saying for what."""
    todo, seen = [node], {node.id}
    for near in todo:
        if near.source is not None:
            return near.id
        ids = [link.start for link in scope.incoming(near)] + [link.end for link in scope.outgoing(near)]
        ids += [near.host] if near.host else []
        fresh = [scope.nodes[key] for key in ids if key in scope.nodes and key not in seen]
        seen.update(each.id for each in fresh)
        todo += fresh
    return scope.owner.id if scope.owner is not None and scope.owner.source else process.source


def _element(process: Process, node: Node, lane: LaneRead | None, parent: str | None) -> Element:
    said = node.properties
    return Element(
        id=node.id,
        kind="startEvent" if node.drawn == "startEvent" else node.kind,
        name=_name(node),
        lane=lane.id if lane is not None else None,
        audience=_audience(process, node, lane),
        assignee=said.get("assignee"),
        form=said.get("form"),
        why=_both(said.get("why", ""), said.get("why:en")),
        due=said.get("due"),
        stage=said.get("stage"),
        state=said.get("state"),
        outcome=said.get("outcome"),
        handoff=said.get("handoff"),
        connector=said.get("connector") if node.kind == "serviceTask" else None,
        operation=said.get("operation") if node.kind == "serviceTask" else None,
        inputs={name[3:]: value for name, value in said.items() if name.startswith("in:")},
        output=said.get("out"),
        decision=node.decision if node.kind == "businessRuleTask" else None,
        called=node.called if node.kind == "callActivity" else None,
        timer=_timer(node),
        message=_message(node),
        payload=tuple(knowledge.listed(said.get("payload"))),
        attached_to=node.host if node.kind == "boundaryEvent" else None,
        interrupting=node.interrupting,
        properties=dict(said),
        script=(node.script or "").strip() if node.trusted else None,
        parent=parent,
    )


def _audience(process: Process, node: Node, lane: LaneRead | None) -> str | None:
    if node.kind in {"userTask", "manualTask"} and node.properties.get("audience"):
        return node.properties["audience"]
    if lane is not None and lane.audience is not None:
        return lane.audience
    lonely = lane is None or not process.lanes or node.kind == "userTask"
    return lanes.EVERYBODY if node.kind in {"userTask", "manualTask", "startEvent"} and lonely else None


def _timer(node: Node) -> Timer | None:
    trigger = _trigger(node, "timer")
    if trigger is None or not trigger.text:
        return None
    clock = "round" if node.properties.get("clock") == "round" else "work"
    return Timer(trigger.timer or "duration", trigger.text, clock)


def _message(node: Node) -> str | None:
    trigger = _trigger(node, "message") or _trigger(node, "signal")
    return trigger.name if trigger is not None else node.message


def _trigger(node: Node, kind: str) -> Trigger | None:
    return next((each for each in node.triggers if each.kind == kind), None)


def _flow(link: Link) -> Flow:
    name = link.title if link.title is not None else _both(link.name, link.properties.get("name:en"))
    return Flow(link.id, link.start, link.end, name, link.condition)


def _start(process: Process, node: Node, lane_of: Mapping[str, LaneRead]) -> Start:
    lane = lane_of.get(node.id)
    trigger = node.triggers[0] if node.triggers else None
    return Start(
        element=node.id,
        kind=trigger.kind if trigger is not None else "none",
        name=_name(node),
        form=node.properties.get("form"),
        message=trigger.name if trigger is not None and trigger.kind in {"message", "signal"} else None,
        audience=_audience(process, Node(node.id, "startEvent"), lane),
    )


def _name(node: Node) -> Text:
    if node.title is not None and (node.title.pl or node.title.en):
        return node.title
    return _both(node.name, node.properties.get("name:en"))


def _title(process: Process) -> Text:
    polish = process.name or process.source
    return Text(
        process.properties.get("title", "") or polish, process.properties.get("title:en", "") or polish
    )


def _both(polish: str, english: str | None) -> Text:
    return Text(polish, english or polish)
