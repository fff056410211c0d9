"""Whose work a lane holds: its property, or the department whose key or name it carries."""

from engine.process.doctor.findings import Severity
from engine.process.doctor.model import LaneRead, Node, Scope
from engine.process.doctor.visit import Visit

EVERYBODY = "role:employee"
_KINDS = frozenset({"department", "head", "role"})


def find(visit: Visit) -> dict[str, LaneRead]:
    """L01 to L05: the audience of every lane; the lane of every node, inside sub-processes too."""
    lane_of = _inherited(visit)
    people = {
        lane_of[node.id].id
        for _, node in visit.process.scope.everything()
        if node.kind == "userTask" and node.id in lane_of
    }
    for lane in visit.process.lanes:
        lane.audience = _audience(visit, lane, lane.id in people)
    tasks = [node for _, node in visit.process.scope.everything() if node.kind == "userTask"]
    if not visit.process.lanes and tasks:
        visit.say("L03")
    for node in tasks if visit.process.lanes else []:
        if node.id not in lane_of:
            visit.say("L05", node)
        elif lane_of[node.id].audience is None:
            visit.say("L04", node)
    return lane_of


def _inherited(visit: Visit) -> dict[str, LaneRead]:
    """The lane of each node: where it was drawn, else that of its host, neighbour or sub-process."""
    found: dict[str, LaneRead] = {}

    def settle(scope: Scope, outer: LaneRead | None) -> None:
        for node in scope.nodes.values():
            lane = visit.process.lane_of.get(node.id) or _borrowed(visit, scope, node) or outer
            if lane is not None:
                found[node.id] = lane
        for node in scope.nodes.values():
            if node.kind == "boundaryEvent" and node.host in found and node.id not in visit.process.lane_of:
                found[node.id] = found[node.host]
            if node.body is not None:
                settle(node.body, found.get(node.id, outer))

    settle(visit.process.scope, None)
    return found


def _borrowed(visit: Visit, scope: Scope, node: Node) -> LaneRead | None:
    """A step the doctor added stands in the lane of what it stands for, or of what follows it."""
    if node.source is not None:
        return None
    twin = node.properties.get("stands_for", "")
    near = [
        twin,
        *(link.end for link in scope.outgoing(node)),
        *(link.start for link in scope.incoming(node)),
    ]
    return next((visit.process.lane_of[key] for key in near if key in visit.process.lane_of), None)


def _audience(visit: Visit, lane: LaneRead, has_people: bool) -> str | None:
    written = lane.properties.get("audience", "").strip()
    if written == "system":
        return None
    if written:
        return written if _exists(visit, written) else _asked(visit, lane, "L02", has_people, written)
    departments = visit.known.departments
    if not departments:
        return f"department:{lane.id}"
    if lane.id in departments:
        return f"department:{lane.id}"
    labels = {lane.id.casefold(), lane.name.casefold()}
    for key, name in departments.items():
        if {key.casefold(), name.casefold()} & labels - {""}:
            return f"department:{key}"
    return _asked(visit, lane, "L01", has_people, lane.name)


def _asked(visit: Visit, lane: LaneRead, code: str, has_people: bool, written: str) -> str:
    """The audience the designer gave with the acceptance, else everybody."""
    severity: Severity = "error" if has_people else "warning"
    given = visit.ask(code, lane, severity=severity, audience=written)
    return given if given and _exists(visit, given) else EVERYBODY


def _exists(visit: Visit, audience: str) -> bool:
    kind, _, key = audience.partition(":")
    if kind not in _KINDS or not key:
        return False
    known = visit.known.roles if kind == "role" else visit.known.departments
    return not known or key in known
