"""Fresh executable XML: all processes of the bundle, no drawing, no extensions, never a patched upload."""

from lxml import etree

from engine.process.doctor.loading import BPMN
from engine.process.doctor.model import Bundle, Loop, Node, Scope, Trigger

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TIMES = {"duration": "timeDuration", "date": "timeDate", "cycle": "timeCycle"}


def write(bundle: Bundle) -> bytes:
    """One definitions document."""
    writer = _Writer(bundle)
    for process in bundle.processes:
        element = writer.child(writer.root, "process", id=process.id, isExecutable="true")
        _label(element, process.name)
        writer.scope(element, process.scope)
    writer.keys()
    content: bytes = etree.tostring(writer.root, xml_declaration=True, encoding="UTF-8")
    return content


class _Writer:
    """Writes scopes; remembers which messages, signals, errors and escalations were defined."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.root = etree.Element(_tag("definitions"), nsmap={"bpmn": BPMN, "xsi": XSI})
        self.root.set("targetNamespace", "urn:contentum:executable")
        self._defined: dict[tuple[str, str, str | None], str] = {}
        self._items: set[str] = set()

    def child(self, parent: etree._Element, name: str, /, **attributes: str) -> etree._Element:
        """A new element."""
        return etree.SubElement(parent, _tag(name), attributes)

    def scope(self, element: etree._Element, scope: Scope) -> None:
        """Every node and flow of a process or sub-process."""
        for node in scope.nodes.values():
            self._node(element, scope, node)
        if scope.parent is not None and all(node.kind != "endEvent" for node in scope.nodes.values()):
            # only something outside ends this part; the parser wants an end in it all the same
            self.child(element, "endEvent", id=self.bundle.fresh("endEvent"))
        for link in scope.links:
            flow = self.child(element, "sequenceFlow", id=link.id, sourceRef=link.start, targetRef=link.end)
            _label(flow, link.name)
            if link.condition:
                self._formal(flow, "conditionExpression", link.condition)

    def keys(self) -> None:
        """The correlation properties, after the processes; of a message that only starts a case, too."""
        properties: dict[str, etree._Element] = {}
        for (key, message), expression in self.bundle.keys.items():
            if key not in properties:
                properties[key] = self.child(self.root, "correlationProperty", id=key)
            ref = self._define("message", message, None)
            reading = self.child(properties[key], "correlationPropertyRetrievalExpression", messageRef=ref)
            self._formal(reading, "messagePath", expression)

    def _node(self, parent: etree._Element, scope: Scope, node: Node) -> None:
        element = self.child(parent, node.kind, id=node.id)
        _label(element, node.name)
        self._attributes(element, node)
        for link in scope.incoming(node):
            self.child(element, "incoming").text = link.id
        for link in scope.outgoing(node):
            self.child(element, "outgoing").text = link.id
        for trigger in node.triggers:
            self._trigger(element, trigger)
        if node.loop is not None:
            self._loop(element, node.loop)
        if node.kind == "scriptTask":
            self.child(element, "script").text = node.script
        if node.body is not None:
            self.scope(element, node.body)

    def _attributes(self, element: etree._Element, node: Node) -> None:
        if node.kind == "boundaryEvent":
            element.set("attachedToRef", node.host or "")
            element.set("cancelActivity", "true" if node.interrupting else "false")
        if node.default:
            element.set("default", node.default)
        if node.kind in {"sendTask", "receiveTask"} and node.message:
            element.set("messageRef", self._define("message", node.message, None))
        if node.kind == "callActivity" and node.called:
            element.set("calledElement", node.called)
        if node.all_of and len(node.triggers) > 1:
            element.set("parallelMultiple", "true")
        if node.by_event:
            element.set("triggeredByEvent", "true")
        if node.kind == "startEvent" and not node.interrupting:
            element.set("isInterrupting", "false")

    def _trigger(self, element: etree._Element, trigger: Trigger) -> None:
        definition = self.child(element, f"{trigger.kind}EventDefinition")
        if trigger.kind == "timer":
            self._formal(definition, _TIMES[trigger.timer or "duration"], trigger.text or "")
        elif trigger.kind == "conditional":
            self._formal(definition, "condition", trigger.text or "")
        elif trigger.name:
            definition.set(f"{trigger.kind}Ref", self._define(trigger.kind, trigger.name, trigger.code))

    def _loop(self, element: etree._Element, loop: Loop) -> None:
        if loop.kind == "standard":
            standard = self.child(element, "standardLoopCharacteristics")
            standard.set("testBefore", "true" if loop.test_before else "false")
            if loop.maximum:
                standard.set("loopMaximum", loop.maximum)
            if loop.condition:
                self._formal(standard, "loopCondition", loop.condition)
            return
        several = self.child(element, "multiInstanceLoopCharacteristics")
        several.set("isSequential", "true" if loop.kind == "sequential" else "false")
        if loop.cardinality:
            self._formal(several, "loopCardinality", loop.cardinality)
        for name, value in (("loopDataInputRef", loop.collection), ("loopDataOutputRef", loop.results)):
            if value:
                self.child(several, name).text = value
        for name, value in (("inputDataItem", loop.item), ("outputDataItem", loop.result)):
            if value:
                self.child(several, name, id=self._own_id(name, value), name=value)
        if loop.until:
            self._formal(several, "completionCondition", loop.until)

    def _own_id(self, kind: str, name: str) -> str:
        """The name of an item as an id of the document, or a new one where it is taken."""
        key = self.bundle.fresh(kind) if name in self.bundle.ids or name in self._items else name
        self._items.add(key)
        return key

    def _formal(self, parent: etree._Element, name: str, text: str) -> None:
        element = self.child(parent, name)
        element.set(f"{{{XSI}}}type", "bpmn:tFormalExpression")
        element.text = text

    def _define(self, kind: str, name: str, code: str | None) -> str:
        """The id of a message, signal, error or escalation, defined before the processes."""
        key = (kind, name, code)
        if key not in self._defined:
            self._defined[key] = self.bundle.fresh(kind)
            element = etree.Element(_tag(kind), id=self._defined[key], name=name)
            if code:
                element.set(f"{kind}Code", code)
            self.root.insert(len(self._defined) - 1, element)
        return self._defined[key]


def _label(element: etree._Element, name: str) -> None:
    if name:
        element.set("name", name)


def _tag(name: str) -> str:
    return f"{{{BPMN}}}{name}"
