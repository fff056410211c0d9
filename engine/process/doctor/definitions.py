"""The messages, signals, errors, escalations and shared events a file defines, by their ids."""

from lxml import etree

from engine.process.doctor.loading import BPMN, local
from engine.process.doctor.model import Trigger

_NAMED = frozenset({"message", "signal", "error", "escalation"})
_TIMES = {"timeDuration": "duration", "timeDate": "date", "timeCycle": "cycle"}
MOST_NAME = 200
_KINDS = (
    "message",
    "signal",
    "error",
    "escalation",
    "timer",
    "conditional",
    "terminate",
    "cancel",
    "compensate",
    "link",
)
_EVENTS = tuple(f"{{{BPMN}}}{kind}EventDefinition" for kind in _KINDS)


class Definitions:
    """What an event of a file can refer to."""

    def __init__(self, root: etree._Element) -> None:
        self._named = {
            (local(each), str(each.get("id"))): each
            for each in root
            if local(each) in _NAMED and each.get("id")
        }
        self._events = {str(each.get("id")): each for each in root.iter(*_EVENTS) if each.get("id")}

    def name(self, kind: str, ref: str | None) -> str | None:
        """The name of a message, signal, error or escalation."""
        found = self._find(kind, ref)
        return (
            (" ".join(str(found.get("name") or "").split())[:MOST_NAME] or None)
            if found is not None
            else None
        )

    def keys(self, root: etree._Element) -> dict[tuple[str, str], str]:
        """What correlation properties read from messages: by the property's id and the message's name, as written."""
        found: dict[tuple[str, str], str] = {}
        for each in root.iter(f"{{{BPMN}}}correlationPropertyRetrievalExpression"):
            above = each.getparent()
            key = (
                str(above.get("id") or "")
                if above is not None and local(above) == "correlationProperty"
                else ""
            )
            name = self.name("message", each.get("messageRef"))
            text = next(("".join(str(part) for part in path.itertext()).strip() for path in each), "")
            if key and name and text:
                found.setdefault((key, name), text)
        return found

    def triggers(self, element: etree._Element) -> list[Trigger]:
        """What an event waits for or throws, also by reference to a shared definition."""
        found = []
        for each in element:
            if local(each).endswith("EventDefinition"):
                found.append(self._trigger(each))
            elif local(each) == "eventDefinitionRef":
                ref = (each.text or "").strip().rpartition(":")[2]
                shared = self._events.get(ref)
                found.append(Trigger("none", missing=ref) if shared is None else self._trigger(shared))
        return found

    def _trigger(self, element: etree._Element) -> Trigger:
        kind = local(element).removesuffix("EventDefinition")
        trigger = Trigger(kind)
        ref = element.get(f"{kind}Ref")
        if kind in _NAMED:
            definition = self._find(kind, ref)
            trigger.name = self.name(kind, ref)
            trigger.declared = trigger.name is not None
            trigger.code = (
                str(definition.get(f"{kind}Code") or "") or None if definition is not None else None
            )
            trigger.missing = str(ref) if ref and definition is None else None
        elif kind == "compensate":
            trigger.name = str(element.get("activityRef") or "").strip().rpartition(":")[2] or None
        elif kind == "link":
            trigger.name = " ".join(str(element.get("name") or "").split()) or None
        for child in element:
            if local(child) in _TIMES:
                trigger.timer = _TIMES[local(child)]
                trigger.text = "".join(str(part) for part in child.itertext()).strip() or None
            elif local(child) == "condition":
                trigger.text = "".join(str(part) for part in child.itertext()).strip() or None
        return trigger

    def _find(self, kind: str, ref: str | None) -> etree._Element | None:
        if not ref:
            return None
        ref = str(ref).strip()
        return self._named.get((kind, ref), self._named.get((kind, ref.rpartition(":")[2])))
