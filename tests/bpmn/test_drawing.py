"""What every shipped diagram owes its reader: names in both languages, a place on the drawing, nobody left out."""

from itertools import combinations

import pytest
from lxml import etree

from engine.process.blueprint import Element
from tests.bpmn.walk import BPMN, BUNDLES, blueprint, shipped_forms, tables

BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
FILES = sorted(str(path.relative_to(BPMN)) for path in BPMN.rglob("*.bpmn"))
CHOOSING = {"exclusiveGateway", "inclusiveGateway"}


def elements(process: str) -> list[tuple[str, Element]]:
    return [(f"{diagram.id}/{element.id}", element) for diagram, element in blueprint(process).everything()]


@pytest.mark.parametrize("process", BUNDLES)
def test_every_step_is_named_in_polish_and_english(process: str) -> None:
    drawn = [(key, element) for key, element in elements(process) if not element.id.startswith("dr_")]
    nameless = [key for key, element in drawn if not (element.name.pl and element.name.en)]

    assert nameless == []


@pytest.mark.parametrize("process", BUNDLES)
def test_every_way_out_of_a_choice_says_which_answer_it_is(process: str) -> None:
    silent = [
        flow.id
        for diagram in blueprint(process).diagrams.values()
        for flow in diagram.flows.values()
        if diagram.elements[flow.source].kind in CHOOSING
        and len([each for each in diagram.flows.values() if each.source == flow.source]) > 1
        and not (flow.name.pl and flow.name.en)
    ]

    assert silent == []


@pytest.mark.parametrize("process", BUNDLES)
def test_every_gateway_that_chooses_asks_a_question(process: str) -> None:
    choices = {
        (diagram.id, flow.source)
        for diagram in blueprint(process).diagrams.values()
        for flow in diagram.flows.values()
        if flow.condition
    }
    asked = [
        element.name
        for diagram, element in blueprint(process).everything()
        if (diagram.id, element.id) in choices
    ]

    assert [name for name in asked if not (name.pl.endswith("?") and name.en.endswith("?"))] == []


@pytest.mark.parametrize("process", BUNDLES)
def test_every_task_of_a_person_has_somebody_a_form_and_a_time(process: str) -> None:
    tasks = [(key, element) for key, element in elements(process) if element.kind == "userTask"]
    wanting = [
        key
        for key, element in tasks
        if not (element.audience and element.due and element.form in shipped_forms())
    ]

    assert wanting == []


@pytest.mark.parametrize("process", BUNDLES)
def test_what_one_department_does_for_another_names_its_agreement(process: str) -> None:
    codes = {element.handoff for _, element in elements(process) if element.handoff}

    wanted = {"sales_funnel": {f"H{n}" for n in range(1, 8)}, "fast_sale": {f"F{n}" for n in range(1, 5)}}
    assert codes == wanted.get(process, set())


@pytest.mark.parametrize("process", BUNDLES)
def test_every_end_of_the_item_says_how_it_ended(process: str) -> None:
    main = blueprint(process).main
    outermost = {"won", "lost", "converted"}
    ends = [each for each in main.elements.values() if each.kind == "endEvent" and each.outcome]

    assert {each.outcome for each in ends} <= outermost
    assert [each.id for each in ends if each.outcome == "lost" and process == "fast_sale"] == [
        each.id for each in ends if each.properties.get("reason")
    ]


def test_every_shipped_form_and_table_is_used() -> None:
    used = [element for process in BUNDLES for _, element in elements(process)]
    starts = {begin.form for process in BUNDLES for begin in blueprint(process).starts}

    assert set(shipped_forms()) - {element.form for element in used} - starts == set()
    assert set(tables()) - {element.decision for element in used} == set()


@pytest.mark.parametrize("file", FILES)
def test_every_element_and_flow_is_drawn(file: str) -> None:
    root = etree.parse(str(BPMN / file)).getroot()
    drawn = {each.get("bpmnElement") for each in root.iter(f"{BPMNDI}BPMNShape", f"{BPMNDI}BPMNEdge")}
    (process,) = root.iter(f"{MODEL}process")
    silent = {"flowNodeRef", "incoming", "outgoing", "laneSet"}
    there = {
        each.get("id")
        for each in process.iterdescendants()
        if isinstance(each.tag, str)
        and each.get("id")
        and etree.QName(each).namespace == MODEL.strip("{}")
        and etree.QName(each).localname not in silent
    }

    assert there - drawn == set()


@pytest.mark.parametrize("file", FILES)
def test_no_two_steps_lie_on_each_other(file: str) -> None:
    root = etree.parse(str(BPMN / file)).getroot()
    containers = {"subProcess", "lane", "participant", "boundaryEvent"}
    kinds = {each.get("id"): etree.QName(each).localname for each in root.iter() if each.get("id")}
    boxes = {
        shape.attrib["bpmnElement"]: [float(bounds.attrib[side]) for side in ("x", "y", "width", "height")]
        for shape in root.iter(f"{BPMNDI}BPMNShape")
        for bounds in shape.iterfind(f"{DC}Bounds")
        if kinds[shape.attrib["bpmnElement"]] not in containers
    }
    lying = [
        (one, other)
        for (one, a), (other, b) in combinations(boxes.items(), 2)
        if a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
    ]

    assert lying == []
