"""What only needs saying: save points, versions to call, listeners, keys of messages."""

from engine.process.doctor import words
from engine.process.doctor.findings import Ledger
from engine.process.doctor.model import Bundle, Node, Setting
from engine.process.doctor.visit import Visit

_SAVES = ("async", "asyncBefore", "asyncAfter", "exclusive")
_VERSIONS = ("calledElementBinding", "calledElementVersion", "calledElementVersionTag")
_CODE = ("class", "expression", "delegateExpression", "type", "event")


def tell(ledger: Ledger, bundle: Bundle) -> None:
    """V28: keys by which another tool finds the receiver of a message."""
    for element, name, key in bundle.correlations:
        ledger.say("V28", element=element or None, message=(name or element)[:80], key=key[:80])


def listen(visit: Visit, node: Node) -> None:
    """V25: a version to call; V26: save points; V27: code beside the step."""
    assert node.foreign is not None  # noqa: S101  # only such steps are shown
    attributes = node.foreign.attributes
    versions = [f"{key}={attributes[key]}" for key in _VERSIONS if key in attributes]
    bound = node.foreign.said("calledElement", "bindingType") or node.foreign.said(
        "calledDecision", "bindingType"
    )
    versions += [f"bindingType={bound}"] if bound else []
    if versions:
        visit.say("V25", node, names=words.listed(versions))
    saves = [key for key in _SAVES if attributes.get(key, "").lower() in {"true", "false"}]
    if saves:
        visit.say("V26", node, names=words.listed(saves))
    code = [_called(each.said, each.name) for each in _listeners(node)]
    if code:
        visit.say("V27", node, names=words.listed(code))


def _listeners(node: Node) -> list[Setting]:
    assert node.foreign is not None  # noqa: S101
    alone = node.foreign.all("executionListener", "taskListener")
    grouped = node.foreign.all("executionListeners", "taskListeners")
    return alone + [part for each in grouped for part in each.parts]


def _called(said: dict[str, str], name: str) -> str:
    return next((said[key] for key in _CODE if said.get(key)), name)
