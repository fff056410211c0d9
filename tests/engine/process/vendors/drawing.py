"""Random diagrams as a person would draw them: blocks within blocks, now and then a slip of the pen."""

import random
from collections.abc import Callable

from lxml import etree

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SPACES = {
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "camunda": "http://camunda.org/schema/1.0/bpmn",
    "zeebe": "http://camunda.org/schema/zeebe/1.0",
    "flowable": "http://flowable.org/bpmn",
    "activiti": "http://activiti.org/bpmn",
    "signavio": "http://www.signavio.com",
    "drools": "http://www.jboss.org/drools",
}
NAMES = [
    *(
        "Przyjmij zamówienie",
        "Sprawdź umowę",
        "Zażółć gęślą jaźń",
        "Prüfe Auftrag",
        "Wyślij ofertę",
        "注文を確認する",
    ),
    *(
        "Call the client",
        "Vérifier l'adresse",
        "Проверить счёт",
        "Ship <quickly> & safely",
        '"Quoted" step',
        "  ",
    ),
]
TASKS = [
    *(
        "task",
        "task",
        "userTask",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "sendTask",
        "receiveTask",
    ),
    *("businessRuleTask", "callActivity"),
]
TRIGGERS = [
    "message",
    "signal",
    "timer",
    "conditional",
    "error",
    "escalation",
    "link",
    "terminate",
    "compensate",
]
CONDITIONS = [
    *(
        "amount > 100",
        "${approved}",
        '= status = "ok"',
        "Betrag über 5000",
        "",
        "${amount > 10 && !late}",
        "true",
    ),
    *("_undefined", "return x == 1;", "#{order.total ge 5}", "not(", "amount > 100 and status in ('a', 'b')"),
]
TIMES = [
    *(
        ("timeDuration", "PT1H"),
        ("timeDuration", '"P2D"'),
        ("timeDate", "2026-12-24T18:00:00"),
        ("timeDuration", ""),
    ),
    *(
        ("timeCycle", "R3/PT10M"),
        ("timeCycle", "0 0 9 * * ?"),
        ("timeDuration", "3 days"),
        ("timeDuration", "${wait}"),
    ),
]
Ends = tuple[etree._Element, etree._Element]


def tag(name: str) -> str:
    return f"{{{BPMN}}}{name}"


class Pen:
    """Draws into one definitions element. ``size`` is about how many blocks a process gets."""

    def __init__(self, seed: int, size: int = 8) -> None:
        self.dice = random.Random(seed)
        self.size = size
        self.number = 0
        spaces: dict[str | None, str] = {None: BPMN, "xsi": XSI}
        spaces.update(SPACES)
        self.root = etree.Element(tag("definitions"), nsmap=spaces)
        self.root.set("id", "definitions")
        self.root.set("targetNamespace", "urn:drawn")
        self.messages: list[str] = []

    # strokes

    def put(self, parent: etree._Element, kind: str, /, **said: str) -> etree._Element:
        self.number += 1
        said.setdefault("id", f"{kind}_{self.number}")
        return etree.SubElement(parent, tag(kind), said)

    def node(self, scope: etree._Element, kind: str, name: str | None = None) -> etree._Element:
        found = self.put(scope, kind)
        if name or self.dice.random() < 0.8:
            found.set("name", name or self.dice.choice(NAMES))
        return found

    def flow(self, scope: etree._Element, start: etree._Element, end: etree._Element) -> etree._Element:
        return self.put(scope, "sequenceFlow", sourceRef=str(start.get("id")), targetRef=str(end.get("id")))

    def condition(self, flow: etree._Element, text: str | None = None) -> None:
        found = etree.SubElement(flow, tag("conditionExpression"))
        found.set(f"{{{XSI}}}type", "tFormalExpression")
        found.text = self.dice.choice(CONDITIONS) if text is None else text

    def event(self, element: etree._Element, kind: str) -> None:
        """An event definition, complete or as bare as tools leave it."""
        definition = self.put(element, f"{kind}EventDefinition")
        if kind == "timer":
            field, text = self.dice.choice(TIMES)
            if text or self.dice.random() < 0.5:
                etree.SubElement(definition, tag(field)).text = text
        elif kind == "conditional":
            etree.SubElement(definition, tag("condition")).text = self.dice.choice(CONDITIONS)
        elif kind == "link":
            definition.set("name", self.dice.choice(["A", "B", ""]))
        elif kind in {"message", "signal", "error", "escalation"} and self.dice.random() < 0.6:
            definition.set(f"{kind}Ref", self.defined(kind))

    def defined(self, kind: str) -> str:
        shared = [each for each in self.root if each.tag == tag(kind)]
        if shared and self.dice.random() < 0.5:
            return str(self.dice.choice(shared).get("id"))
        found = etree.Element(tag(kind), id=f"{kind}_{self.number}d")
        if self.dice.random() < 0.8:
            found.set("name", f"{kind} {self.number % 4}")
        if kind in {"error", "escalation"} and self.dice.random() < 0.7:
            found.set(f"{kind}Code", f"E{self.number % 3}")
        self.root.insert(0, found)
        return str(found.get("id"))

    # blocks

    def process(self, name: str = "Sprzedaż", **said: str) -> etree._Element:
        """A process with everything in it."""
        process = self.put(self.root, "process", name=name, **said)
        self.fill(process, self.size)
        return process

    def fill(self, scope: etree._Element, size: int) -> None:
        starts = self.dice.choices([1, 0, 2], [8, 1, 1])[0]
        first, last = self.row(scope, size)
        for _ in range(starts):
            start = self.node(scope, "startEvent")
            if self.dice.random() < 0.3:
                self.event(start, self.dice.choice(["message", "timer", "signal", "conditional"]))
            self.flow(scope, start, first)
        if self.dice.random() < 0.9:
            end = self.node(scope, "endEvent")
            if self.dice.random() < 0.3:
                self.event(end, self.dice.choice(["message", "signal", "terminate", "error", "compensate"]))
            self.flow(scope, last, end)

    def row(self, scope: etree._Element, size: int) -> Ends:
        """Blocks one after the other."""
        first, last = self.block(scope, size)
        for _ in range(self.dice.randrange(max(1, size // 2))):
            begin, end = self.block(scope, size // 2)
            self.flow(scope, last, begin)
            last = end
        return first, last

    def block(self, scope: etree._Element, size: int) -> Ends:
        if size < 2:
            return self.single(scope)
        kinds: list[tuple[Callable[[etree._Element, int], Ends], int]] = [
            *((self.choice, 5), (self.together, 3), (self.some, 2), (self.race, 2), (self.again, 2)),
            *((self.inner, 3), (self.guarded, 3), (self.crossed, 1), (self.spread, 1)),
        ]
        blocks, weights = zip(*kinds, strict=True)
        ends: Ends = self.dice.choices(blocks, weights)[0](scope, size)
        return ends

    def single(self, scope: etree._Element) -> Ends:
        if self.dice.random() < 0.25:
            kind = self.dice.choice(["intermediateCatchEvent", "intermediateThrowEvent"])
            found = self.node(scope, kind)
            for _ in range(self.dice.choices([1, 0, 2], [8, 1, 1])[0]):
                self.event(found, self.dice.choice(TRIGGERS[:8]))
            if self.dice.random() < 0.2:
                found.set("parallelMultiple", "true")
            return found, found
        found = self.node(scope, self.dice.choice(TASKS))
        kind = etree.QName(found).localname
        if kind == "callActivity" and self.dice.random() < 0.7:
            found.set("calledElement", self.dice.choice(["elsewhere", "globalTask_x", "definitions"]))
        if kind == "scriptTask" and self.dice.random() < 0.7:
            etree.SubElement(found, tag("script")).text = self.dice.choice(
                ["x = 1", "print(1)", "total = 2 + 3"]
            )
        if self.dice.random() < 0.15:
            self.repeat(found)
        return found, found

    def repeat(self, element: etree._Element) -> None:
        if self.dice.random() < 0.5:
            etree.SubElement(element, tag("standardLoopCharacteristics"))
            return
        several = etree.SubElement(element, tag("multiInstanceLoopCharacteristics"))
        several.set("isSequential", self.dice.choice(["true", "false"]))
        if self.dice.random() < 0.6:
            text = self.dice.choice(["3", "20000", "nrOfItems", "${list.size()}"])
            etree.SubElement(several, tag("loopCardinality")).text = text

    def choice(self, scope: etree._Element, size: int) -> Ends:
        return self._fork(scope, size, "exclusiveGateway", self.dice.choice(["exclusiveGateway", None]))

    def together(self, scope: etree._Element, size: int) -> Ends:
        return self._fork(scope, size, "parallelGateway", "parallelGateway")

    def some(self, scope: etree._Element, size: int) -> Ends:
        kind = self.dice.choice(["inclusiveGateway", "complexGateway"])
        return self._fork(scope, size, kind, "inclusiveGateway")

    def crossed(self, scope: etree._Element, size: int) -> Ends:
        """The modelling error of the trade: a choice that a parallel join waits for, or the other way round."""
        kinds = ["exclusiveGateway", "parallelGateway", "inclusiveGateway"]
        return self._fork(scope, size, self.dice.choice(kinds), self.dice.choice(kinds))

    def spread(self, scope: etree._Element, size: int) -> Ends:
        """Several flows out of a task, some with conditions."""
        first, last = self.node(scope, "task"), self.node(scope, "task")
        for _ in range(2):
            begin, end = self.row(scope, size // 3)
            flow = self.flow(scope, first, begin)
            if self.dice.random() < 0.4:
                self.condition(flow)
            self.flow(scope, end, last)
        return first, last

    def _fork(self, scope: etree._Element, size: int, split: str, join: str | None) -> Ends:
        gate = self.node(scope, split)
        meet = self.node(scope, join or "task")
        flows = []
        for _ in range(self.dice.choice([2, 2, 3])):
            if self.dice.random() < 0.15:
                flows.append(self.flow(scope, gate, meet))
                continue
            begin, end = self.row(scope, size // 3)
            flows.append(self.flow(scope, gate, begin))
            self.flow(scope, end, meet)
        for flow in flows:
            if self.dice.random() < 0.4:
                self.condition(flow)
            if self.dice.random() < 0.4:
                flow.set("name", self.dice.choice(["Tak", "Nein", "yes", "> 1000"]))
        if split != "parallelGateway" and self.dice.random() < 0.3:
            gate.set("default", str(self.dice.choice(flows).get("id")))
        return gate, meet

    def race(self, scope: etree._Element, size: int) -> Ends:
        """An event gateway."""
        gate, meet = self.node(scope, "eventBasedGateway"), self.node(scope, "exclusiveGateway")
        for kind in self.dice.sample(["message", "timer", "signal", "conditional", "task"], 2):
            waits = self.node(scope, "task" if kind == "task" else "intermediateCatchEvent")
            if kind != "task":
                self.event(waits, kind)
            self.flow(scope, gate, waits)
            self.flow(scope, waits, meet)
        return gate, meet

    def again(self, scope: etree._Element, size: int) -> Ends:
        """A way back."""
        into, out = self.node(scope, "exclusiveGateway"), self.node(scope, "exclusiveGateway", "Jeszcze raz?")
        begin, end = self.row(scope, size // 2)
        self.flow(scope, into, begin)
        self.flow(scope, end, out)
        back = self.flow(scope, out, into)
        if self.dice.random() < 0.5:
            self.condition(back)
        return into, out

    def inner(self, scope: etree._Element, size: int) -> Ends:
        """A sub-process of some kind."""
        kind = self.dice.choices(["subProcess", "transaction", "adHocSubProcess"], [7, 2, 1])[0]
        found = self.node(scope, kind)
        if self.dice.random() < 0.9:
            self.fill(found, size // 2)
        if self.dice.random() < 0.2:
            self.handler(found, size // 3)
        if self.dice.random() < 0.15:
            self.repeat(found)
        return found, found

    def handler(self, scope: etree._Element, size: int) -> None:
        """An event sub-process."""
        found = self.node(scope, "subProcess")
        found.set("triggeredByEvent", "true")
        start, (begin, end) = self.node(found, "startEvent"), self.row(found, size)
        if self.dice.random() < 0.9:
            self.event(start, self.dice.choice(["message", "timer", "error", "signal", "escalation"]))
        start.set("isInterrupting", self.dice.choice(["true", "false"]))
        self.flow(found, start, begin)
        self.flow(found, end, self.node(found, "endEvent"))

    def guarded(self, scope: etree._Element, size: int) -> Ends:
        """An activity with boundary events."""
        kinds = ["message", "timer", "error", "escalation", "signal", "conditional", "compensate"]
        first, last = self.single(scope) if self.dice.random() < 0.6 else self.inner(scope, size // 2)
        for _ in range(self.dice.choice([1, 1, 2])):
            edge = self.node(scope, "boundaryEvent")
            edge.set("attachedToRef", str(first.get("id")))
            if self.dice.random() < 0.3:
                edge.set("cancelActivity", "false")
            if self.dice.random() < 0.9:
                self.event(edge, self.dice.choice(kinds))
            begin, end = self.row(scope, size // 3)
            self.flow(scope, edge, begin)
            if self.dice.random() < 0.5:
                self.flow(scope, end, self.node(scope, "endEvent"))
        return first, last
