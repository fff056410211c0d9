"""Several ways out of a step are drawn out as the gateway they stand for."""

from engine.process.doctor.model import ACTIVITIES, GATEWAYS, Scope
from engine.process.doctor.visit import Visit


def make_explicit(visit: Visit, scope: Scope) -> None:
    """F06: with conditions an inclusive gateway; F07: without, a parallel one; F08: a step leading to itself."""
    for node in list(scope.nodes.values()):
        outgoing = scope.outgoing(node)
        if node.kind not in GATEWAYS:
            conditional = [link for link in outgoing if link.condition is not None]
            if len(outgoing) > 1:
                kind = "inclusiveGateway" if conditional else "parallelGateway"
                visit.say("F06" if conditional else "F07", node)
                gate = visit.bundle.node(scope, kind, properties={"stands_for": node.id})
                gate.default, node.default = node.default, None
                for link in outgoing:
                    link.start = gate.id
                    if (
                        conditional
                        and link.condition is None
                        and gate.default not in (link.source_id, link.id)
                    ):
                        link.condition = "True"  # such a way always starts, whatever the others decide
                visit.bundle.link(scope, node, gate)
            elif conditional and node.kind in ACTIVITIES:
                visit.say("F10", node)
                outgoing[0].condition = None
        if any(link.end == node.id for link in scope.outgoing(node)):
            visit.say("F08", node)
            merge = visit.bundle.node(scope, "exclusiveGateway")
            for link in scope.incoming(node):
                link.end = merge.id
            visit.bundle.link(scope, merge, node)
