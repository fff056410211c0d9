"""Compensation: its handlers are left out, its events pass."""

from engine.process.doctor.model import Scope
from engine.process.doctor.visit import Visit


def leave_out(visit: Visit, scope: Scope) -> None:
    """C01: what undoes a step goes, by consent; C02: an event that asks for undoing only passes."""
    for node in list(scope.nodes.values()):
        compensates = any(trigger.kind == "compensate" for trigger in node.triggers)
        if node.for_compensation or (compensates and node.kind == "boundaryEvent"):
            visit.say("C01", node)
            scope.remove(node)
        elif (
            compensates and node.kind == "startEvent" and scope.owner is not None and scope.parent is not None
        ):
            visit.say("C01", scope.owner)
            scope.parent.remove(scope.owner)
            scope.owner.body = None
            return
        elif compensates:
            visit.say("C02", node)
            node.triggers = [trigger for trigger in node.triggers if trigger.kind != "compensate"]
            if node.kind == "intermediateCatchEvent":
                node.kind = "intermediateThrowEvent"
