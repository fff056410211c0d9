"""Messages between pools: both ends of a message flow that are events get one name."""

from engine.process.doctor.model import Bundle, Node, Trigger

_THROWING = frozenset({"intermediateThrowEvent", "endEvent", "sendTask"})


def bind(bundle: Bundle) -> frozenset[str]:
    """Name the messages along the flows between pools; the names that somebody in the bundle sends."""
    for flow in bundle.conversations:
        sender = flow.sender if flow.sender is not None and _throws(flow.sender) else None
        receiver = flow.receiver if flow.receiver is not None and _hears(flow.receiver) else None
        if sender is not None and receiver is not None:
            name = (
                _name(sender) or _name(receiver) or flow.name or receiver.name or sender.name or receiver.id
            )
            _give(sender, name)
            _give(receiver, name)
        elif sender is not None and sender.kind != "sendTask":
            _give(sender, flow.name or sender.name or sender.id)
    throwing = [
        node
        for process in bundle.processes
        for _, node in process.scope.everything()
        if node.kind in _THROWING
    ]
    return frozenset(name for name in map(_name, throwing) if name)


def _throws(node: Node) -> bool:
    return node.kind in _THROWING and (node.kind == "sendTask" or _trigger(node) is not None)


def _hears(node: Node) -> bool:
    return node.audible and (node.kind == "receiveTask" or _trigger(node) is not None)


def _trigger(node: Node) -> Trigger | None:
    return next((each for each in node.triggers if each.kind == "message"), None)


def _name(node: Node) -> str | None:
    trigger = _trigger(node)
    return trigger.name if trigger is not None else node.message


def _give(node: Node, name: str) -> None:
    trigger = _trigger(node)
    if trigger is not None:
        trigger.name = trigger.name or name
    else:
        node.message = node.message or name
