"""What tools do to a file when they write it. Each habit changes a drawn tree; `HABITS` says how common it is."""

import random
import re
from collections.abc import Callable

from lxml import etree

from tests.engine.process.vendors.drawing import BPMN, SPACES, Pen, tag

Habit = Callable[[Pen, random.Random], None]
DI = SPACES["bpmndi"]
VENDORS = {prefix: space for prefix, space in SPACES.items() if prefix != "bpmndi"}
STEPS = re.compile(r"(?i)task$|event$|gateway$|subprocess$|callactivity$|transaction$")


def steps(root: etree._Element) -> list[etree._Element]:
    return [each for each in root.iter(f"{{{BPMN}}}*") if STEPS.search(kind(each)) and not each.get("_")]


def kind(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def processes(root: etree._Element) -> list[etree._Element]:
    return list(root.iter(tag("process")))


# what a tool adds


def flow_references(pen: Pen, dice: random.Random) -> None:
    """incoming and outgoing in every node, now and then contradicting the flows."""
    for flow in list(pen.root.iter(tag("sequenceFlow"))):
        for each in steps(pen.root):
            for end, child in (("sourceRef", "outgoing"), ("targetRef", "incoming")):
                if each.get("id") == flow.get(end) and dice.random() < 0.95:
                    etree.SubElement(each, tag(child)).text = flow.get("id")


def drawing(pen: Pen, dice: random.Random) -> None:
    """The drawn shapes; edges without waypoints, shapes without bounds, references to nothing."""
    diagram = etree.SubElement(pen.root, f"{{{DI}}}BPMNDiagram", id="drawn")
    plane = etree.SubElement(diagram, f"{{{DI}}}BPMNPlane", bpmnElement=str(pen.root.get("id")))
    for number, each in enumerate(steps(pen.root)):
        shape = etree.SubElement(plane, f"{{{DI}}}BPMNShape", id=f"shape_{number}")
        shape.set("bpmnElement", dice.choice([str(each.get("id")), str(each.get("id")), "gone"]))


def vendor_settings(pen: Pen, dice: random.Random) -> None:
    """Attributes and extension elements of the tool's own."""
    namespace = dice.choice(list(VENDORS.values()))
    for each in steps(pen.root):
        if dice.random() < 0.5:
            name = dice.choice(
                ["assignee", "async", "formKey", "candidateGroups", "dueDate", "class", "bgcolor"]
            )
            value = dice.choice(["anna.wzor", "${owner}", "true", "#ffffff", "now() + duration('P1D')", ""])
            each.set(f"{{{namespace}}}{name}", value)
        if dice.random() < 0.4:
            holder = etree.Element(tag("extensionElements"))
            each.insert(0, holder)
            setting = etree.SubElement(
                holder, f"{{{namespace}}}{dice.choice(['properties', 'ioMapping', 'metaData', 'formData'])}"
            )
            etree.SubElement(setting, f"{{{namespace}}}property", name="farbe", value="rot")


def lanes(pen: Pen, dice: random.Random) -> None:
    """Lanes within lanes, some of them without a name; not every step lies in one."""
    for process in processes(pen.root):
        inside = [each.get("id") for each in process if STEPS.search(kind(each))]
        lane_set = etree.Element(tag("laneSet"), id=f"set_{process.get('id')}")
        process.insert(0, lane_set)
        outer = pen.put(lane_set, "lane", name="Handel")
        nested = pen.put(etree.SubElement(outer, tag("childLaneSet")), "lane")
        other = pen.put(lane_set, "lane", name=dice.choice(["", "legal", "Dział prawny"]))
        for key in inside:
            for lane in dice.choice([[outer], [outer, nested], [other], []]):
                etree.SubElement(lane, tag("flowNodeRef")).text = dice.choice(["", "tns:"]) + str(key)


def data_and_notes(pen: Pen, dice: random.Random) -> None:
    """Data objects and stores, annotations, groups, associations."""
    category = pen.put(pen.root, "category")
    value = pen.put(category, "categoryValue", value="ważne")
    pen.root.append(etree.Element(tag("dataStore"), id="store", name="Archiwum"))
    for process in processes(pen.root):
        thing = pen.put(process, "dataObject")
        pen.put(process, "dataObjectReference", dataObjectRef=str(thing.get("id")), name="Faktura")
        pen.put(process, "dataStoreReference", dataStoreRef="store")
        note = pen.put(process, "textAnnotation")
        etree.SubElement(note, tag("text")).text = "Uwaga"
        pen.put(process, "group", categoryValueRef=str(value.get("id")))
        some = dice.choice(steps(process)).get("id")
        pen.put(process, "association", sourceRef=str(some), targetRef=str(note.get("id")))


def pools(pen: Pen, dice: random.Random) -> None:
    """A collaboration: pools for the processes, a black box, messages between them, one of them to nobody."""
    talk = etree.Element(tag("collaboration"), id="collaboration")
    pen.root.insert(0, talk)
    for process in processes(pen.root):
        prefix = dice.choice(["", "tns:"])
        pen.put(
            talk, "participant", name=f"Basen {process.get('id')}", processRef=prefix + str(process.get("id"))
        )
    box = pen.put(talk, "participant", name=dice.choice(["Klient", ""]))
    every = [str(each.get("id")) for each in steps(pen.root)]
    for _ in range(dice.randrange(4)):
        ends = dice.sample([*dice.sample(every, min(4, len(every))), str(box.get("id")), "nobody"], 2)
        pen.put(talk, "messageFlow", sourceRef=ends[0], targetRef=ends[1])


def second_process(pen: Pen, dice: random.Random) -> None:
    """Another process, called by the first or not."""
    other = pen.process("Obsługa", isExecutable="true")
    calls = list(pen.root.iter(tag("callActivity")))
    for each in calls[: dice.randrange(3)]:
        each.set("calledElement", dice.choice(["", "ns1:"]) + str(other.get("id")))
    if dice.random() < 0.3:
        nodes = [steps(each) for each in processes(pen.root)]
        pen.flow(other, nodes[0][0], nodes[1][-1])


def global_tasks(pen: Pen, dice: random.Random) -> None:
    found = etree.SubElement(pen.root, tag(dice.choice(["globalUserTask", "globalTask", "globalScriptTask"])))
    found.set("id", "globalTask_x")
    found.set("name", "Ogólny krok")


def event_handler(pen: Pen, dice: random.Random) -> None:
    pen.handler(dice.choice(processes(pen.root)), 3)


def compensation(pen: Pen, dice: random.Random) -> None:
    process = dice.choice(processes(pen.root))
    host = dice.choice(
        [each for each in process if kind(each).endswith("ask")] or [pen.node(process, "task")]
    )
    edge = pen.put(process, "boundaryEvent", attachedToRef=str(host.get("id")))
    pen.event(edge, "compensate")
    undo = pen.node(process, "task", "Cofnij")
    undo.set("isForCompensation", "true")
    pen.put(process, "association", sourceRef=str(edge.get("id")), targetRef=str(undo.get("id")))
    if dice.random() < 0.6:
        asks = pen.node(process, "intermediateThrowEvent", "Cofnij")
        asked = pen.put(asks, "compensateEventDefinition")
        if dice.random() < 0.5:
            asked.set("activityRef", dice.choice(["", "tns:"]) + str(host.get("id")))
        pen.flow(process, host, asks)


def links(pen: Pen, dice: random.Random) -> None:
    """A pair of link events, or one half of it."""
    process = dice.choice(processes(pen.root))
    for name in ("intermediateThrowEvent", "intermediateCatchEvent")[: dice.choice([1, 2, 2])]:
        event = pen.node(process, name)
        pen.put(event, "linkEventDefinition", name="Strona 2")
        other = pen.node(process, "task")
        pen.flow(process, *((other, event) if "Throw" in name else (event, other)))


# what a tool leaves out or gets wrong


def no_names(pen: Pen, dice: random.Random) -> None:
    for each in pen.root.iter(f"{{{BPMN}}}*"):
        if "name" in each.attrib:
            del each.attrib["name"]


def not_executable(pen: Pen, dice: random.Random) -> None:
    for each in processes(pen.root):
        each.attrib.pop("isExecutable", None)
        each.set("processType", "None")


def lost_ends(pen: Pen, dice: random.Random) -> None:
    """A flow whose end is gone, and one that was never attached."""
    flows = list(pen.root.iter(tag("sequenceFlow")))
    for flow in dice.sample(flows, min(2, len(flows))):
        flow.set(dice.choice(["sourceRef", "targetRef"]), dice.choice(["", "gone", str(flow.get("id"))]))


def way_to_nowhere(pen: Pen, dice: random.Random) -> None:
    """A flow that was pulled out of a step and never attached."""
    process = dice.choice(processes(pen.root))
    inside = [each for each in process if STEPS.search(kind(each))]
    flow = pen.put(process, "sequenceFlow", name=dice.choice(["", "Nein"]))
    flow.set(dice.choice(["sourceRef", "sourceRef", "targetRef"]), str(dice.choice(inside).get("id")))


def headless_way(pen: Pen, dice: random.Random) -> None:
    """An event that begins a way of its own beside the start, as people draw what may happen at any time."""
    process = dice.choice(processes(pen.root))
    event = pen.node(process, dice.choice(["intermediateCatchEvent", "receiveTask", "exclusiveGateway"]))
    if kind(event) == "intermediateCatchEvent":
        pen.event(event, dice.choice(["message", "timer", "conditional", "signal"]))
    step = pen.node(process, "task")
    pen.flow(process, event, step)
    if dice.random() < 0.5:
        inside = [each for each in process if kind(each) == "endEvent"]
        pen.flow(process, step, dice.choice(inside or [step]))


def outside_the_pool(pen: Pen, dice: random.Random) -> None:
    """Steps drawn beside the pool: tools put them into a process of their own, and the flows lead across."""
    process = dice.choice(processes(pen.root))
    if not list(pen.root.iter(tag("collaboration"))):
        talk = etree.Element(tag("collaboration"), id="pools")
        pen.root.insert(0, talk)
        pen.put(talk, "participant", name="Basen", processRef=str(process.get("id")))
    stray = pen.put(pen.root, "process")
    end = pen.node(stray, "endEvent", "Poza basenem")
    inside = [each for each in process if STEPS.search(kind(each)) and kind(each) != "endEvent"]
    pen.flow(process, dice.choice(inside), end)


def same_items(pen: Pen, dice: random.Random) -> None:
    """Two repeated steps that call their item alike."""
    process = dice.choice(processes(pen.root))
    for _ in range(2):
        step = pen.node(process, "userTask")
        several = etree.SubElement(step, tag("multiInstanceLoopCharacteristics"), isSequential="true")
        etree.SubElement(several, tag("loopCardinality")).text = "2"
        etree.SubElement(several, tag("inputDataItem"), id=f"i_{step.get('id')}", name="assignee")
        pen.flow(process, next(each for each in process if STEPS.search(kind(each))), step)


def lifted_end(pen: Pen, dice: random.Random) -> None:
    """A flow that crosses the border of a sub-process."""
    inside = [each for each in steps(pen.root) if STEPS.search(kind(next(each.iterancestors())))]
    flows = list(pen.root.iter(tag("sequenceFlow")))
    if inside and flows:
        dice.choice(flows).set("targetRef", str(dice.choice(inside).get("id")))


def twins(pen: Pen, dice: random.Random) -> None:
    """Two elements with one id."""
    found = steps(pen.root)
    dice.choice(found).set("id", str(dice.choice(found).get("id")))


def unknown_elements(pen: Pen, dice: random.Random) -> None:
    """Elements nobody knows, and steps where none can be."""
    process = dice.choice(processes(pen.root))
    pen.put(process, dice.choice(["agentTask", "implicitThrowEvent", "choreographyTask"]), name="Nieznane")
    pen.put(
        dice.choice([each for each in steps(process) if kind(each).endswith("ask")] or [process]), "userTask"
    )
    pen.put(pen.root, "userTask", name="Poza procesem")


def idle_steps(pen: Pen, dice: random.Random) -> None:
    """Steps that nothing leads to."""
    process = dice.choice(processes(pen.root))
    one, two = pen.node(process, "task"), pen.node(process, "parallelGateway")
    pen.flow(process, one, two)
    pen.node(process, "userTask", "Sam")


def strange_ids(pen: Pen, dice: random.Random) -> None:
    """Ids with dots, digits in front, letters of other alphabets, spaces or the whole address of a repository."""
    style = dice.choice(["{}.v1", "1_{}", "krok-{}-żółty", "sid-{}-0F", "a {}", "{}:2", "_{}"])
    renamed = {
        str(each.get("id")): style.format(each.get("id")) for each in pen.root.iter() if each.get("id")
    }
    for each in pen.root.iter():
        for name, value in each.attrib.items():
            bare = value.removeprefix("tns:").removeprefix("ns1:")
            if bare in renamed and not name.endswith("name"):
                each.set(name, value[: len(value) - len(bare)] + renamed[bare])
        bare = (each.text or "").strip().removeprefix("tns:")
        if bare in renamed:
            each.text = str(each.text).replace(bare, renamed[bare])


def reserved_ids(pen: Pen, dice: random.Random) -> None:
    found = dice.choice(steps(pen.root))
    old, new = str(found.get("id")), dice.choice(["Start", "End", "Root", "x.EndJoin", "dr_task_1"])
    for each in pen.root.iter():
        for name, value in each.attrib.items():
            if value == old:
                each.set(name, new)


HABITS: list[tuple[Habit, float]] = [
    *((second_process, 0.25), (global_tasks, 0.2), (event_handler, 0.2), (compensation, 0.15), (links, 0.15)),
    *((lanes, 0.35), (data_and_notes, 0.35), (pools, 0.35), (vendor_settings, 0.4)),
    *((unknown_elements, 0.06), (idle_steps, 0.1), (lost_ends, 0.08), (lifted_end, 0.06)),
    *((way_to_nowhere, 0.06), (headless_way, 0.08), (outside_the_pool, 0.06), (same_items, 0.06)),
    *((no_names, 0.08), (not_executable, 0.6)),
    *((twins, 0.06), (reserved_ids, 0.06), (strange_ids, 0.25), (flow_references, 0.5), (drawing, 0.5)),
]
