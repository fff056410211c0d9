"""What the doctor reads, refuses and compiles. Repairs have a file of their own, real diagrams another."""

import orjson
import pytest
from lxml import etree

from engine.process import doctor, forms
from engine.process.blueprint import Blueprint, Text
from engine.process.doctor.catalogue import CATALOGUE
from tests.engine.process.doctor_kit import (
    HEAD,
    KNOWN,
    codes,
    compiled,
    diagram,
    element,
    examine,
    finding,
    flows,
    play,
    say,
)

LANES = (
    '<laneSet><lane id="sales" name="Sprzedaż"><flowNodeRef>begin</flowNodeRef><flowNodeRef>offer</flowNodeRef>'
    "<flowNodeRef>big</flowNodeRef><flowNodeRef>sold</flowNodeRef></lane>"
    '<lane id="chiefs" name="Dyrektor">'
    + say(audience="head:sales", name__en="Director")
    + "<flowNodeRef>approve</flowNodeRef></lane></laneSet>"
)
FORM = orjson.dumps(
    {"key": "offer", "title": "Oferta", "fields": [{"key": "amount", "type": "money", "label": "Kwota"}]}
)
STAGE = {
    "stage": "offer",
    "stage__order": "1",
    "stage__probability": "50",
    "stage__rots": "10",
    "stage__title": "Oferta",
    "stage__title__en": "Offer",
}
OFFER = {"name__en": "Prepare the offer", "form": "offer", "due": "P2D", "assignee": "owner", "handoff": "H1"}
CLEAN = diagram(
    say(kind="funnel", title__en="Trial sale", item="Transakcja", item__en="Deal", keeps="source, region")
    + LANES
    + '<startEvent id="begin" name="Szansa"/>'
    + '<userTask id="offer" name="Przygotuj ofertę">'
    + say(why="Bez oferty nie ma sprzedaży", **OFFER, **STAGE)
    + "</userTask>"
    + '<exclusiveGateway id="big" name="Duża?" default="big_sold"/>'
    + '<userTask id="approve" name="Zatwierdź">'
    + say(stage="approval", stage__order="2")
    + "</userTask>"
    + '<boundaryEvent id="late" name="Po czasie" attachedToRef="approve" cancelActivity="false">'
    + say(clock="round")
    + '<timerEventDefinition><timeDuration>"PT4H"</timeDuration></timerEventDefinition></boundaryEvent>'
    + f'<endEvent id="sold" name="Sprzedane">{say(outcome="won")}</endEvent><endEvent id="noted"/>'
    + flows("begin>offer", "offer>big", "big>approve! Tak: amount &gt; 1000", "big>sold", "approve>sold")
    + flows("late>noted")
)
WITH_FORM = (CLEAN, doctor.File("offer.json", FORM))


def test_a_clean_diagram_has_nothing_to_repair() -> None:
    examined = examine(*WITH_FORM)

    assert codes(examined) == []
    assert compiled(examined).process == "sale"


def test_the_blueprint_says_what_the_properties_say() -> None:
    plan = compiled(examine(*WITH_FORM)).blueprint

    assert (plan.kind, plan.title, plan.item) == (
        "funnel",
        Text("Sprzedaż próbna", "Trial sale"),
        Text("Transakcja", "Deal"),
    )
    offer = plan.main.elements["offer"]
    assert offer.name == Text("Przygotuj ofertę", "Prepare the offer")
    assert (offer.form, offer.due, offer.assignee, offer.handoff) == ("offer", "P2D", "owner", "H1")
    assert offer.why.pl == "Bez oferty nie ma sprzedaży"
    assert plan.main.elements["sold"].outcome == "won"
    late = plan.main.elements["late"]
    assert late.timer is not None
    assert (late.timer.expression, late.timer.clock, late.attached_to) == ('"PT4H"', "round", "approve")
    assert not late.interrupting
    flow = plan.main.flows["big_approve"]
    assert (flow.source, flow.target, flow.name.pl, flow.condition) == (
        "big",
        "approve",
        "Tak",
        "amount > 1000",
    )


def test_ids_and_lanes_are_those_of_the_upload() -> None:
    plan = compiled(examine(*WITH_FORM)).blueprint

    assert set(plan.main.elements) == {"begin", "offer", "big", "approve", "late", "sold", "noted"}
    assert plan.main.elements["offer"].audience == "department:sales"
    assert plan.main.elements["approve"].audience == "head:sales"
    assert plan.main.elements["late"].lane == "chiefs", "a boundary event stands in the lane of its activity"
    assert plan.main.lanes["chiefs"].name == Text("Dyrektor", "Director")


def test_the_ladder_is_read_from_the_stages() -> None:
    first, second = compiled(examine(*WITH_FORM)).blueprint.ladder

    assert (first.key, first.title, first.order, first.probability, first.rots) == (
        "offer",
        Text("Oferta", "Offer"),
        1,
        50,
        10,
    )
    assert (second.key, second.title.pl) == ("approval", "Zatwierdź")


def test_only_names_that_are_read_or_kept_enter_the_data() -> None:
    assert compiled(examine(*WITH_FORM)).blueprint.variables == {"amount", "source", "region"}


def test_the_blueprint_survives_its_json() -> None:
    plan = compiled(examine(*WITH_FORM)).blueprint

    assert Blueprint.from_json(orjson.loads(orjson.dumps(plan.to_json()))) == plan


def test_the_executable_is_fresh_and_holds_neither_drawing_nor_extensions() -> None:
    root = etree.fromstring(compiled(examine(*WITH_FORM)).executable)

    names = {etree.QName(each).localname for each in root.iter()}
    assert not names & {"extensionElements", "laneSet", "BPMNDiagram", "documentation"}


def test_examining_twice_gives_the_same() -> None:
    bad = diagram('<task id="a"/><task id="b"/>' + flows("a>b"))

    assert examine(bad).findings == examine(bad).findings
    assert compiled(examine(bad, accepted="all")) == compiled(examine(bad, accepted="all"))


def test_one_repair_is_accepted_by_its_id() -> None:
    bad = diagram(
        '<startEvent id="s"/><task id="a"/><task id="b"/><endEvent id="e"/>' + flows("s>a", "a>b", "b>e")
    )

    first = examine(bad, accepted={"A01:sale:a"})
    assert first.compiled is None
    assert [(each.id, each.accepted) for each in first.findings if each.code == "A01"] == [
        ("A01:sale:a", True),
        ("A01:sale:b", False),
    ]

    assert compiled(examine(bad, accepted={"A01:sale:a", "A01:sale:b"}))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "X01"),
        (b"this is not XML", "X01"),
        (b"<definitions>", "X01"),
        (b"<html/>", "X02"),
        (b"<definitions/>", "X02"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]>' + CLEAN, "X03"),
        (('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x>' + CLEAN.decode()).encode("utf-16"), "X03"),
        (CLEAN + b" " * 3_000_000, "X04"),
        (diagram("<documentation/>" * 41_000), "X05"),
        (diagram(f"<script>{'x' * 20_001}</script>"), "X06"),
        (f"{HEAD}</definitions>".encode(), "X07"),
        (diagram(""), "X08"),
        (diagram("<subProcess>" * 90 + "</subProcess>" * 90), "X13"),
    ],
)
def test_a_hopeless_file_is_refused_with_a_sentence(content: bytes, code: str) -> None:
    examined = examine(content, accepted="all")

    assert examined.compiled is None
    said = finding(examined, code)
    assert said.severity == "error"
    assert said.message.pl.endswith(".")
    assert said.message.en.endswith(".")
    assert said.remedy.pl
    assert "%(" not in said.message.pl + said.message.en


def test_what_is_not_a_diagram_a_table_or_a_form_is_named() -> None:
    examined = examine(CLEAN, doctor.File("notes.txt", b"hello"), doctor.File("offer.json", b"{"))

    assert "notes.txt" in finding(examined, "X09").message.en
    assert "offer.json" in finding(examined, "X10").message.en
    assert examined.compiled is None


def test_a_broken_table_is_refused() -> None:
    assert "X11" in codes(examine(CLEAN, doctor.File("policy.dmn", b"<definitions/>")))


def test_no_diagram_at_all_is_refused() -> None:
    assert codes(examine()) == ["X16"]


def test_a_wrong_encoding_is_read_all_the_same() -> None:
    latin = CLEAN.decode().replace("Szansa", "Anfrage für Müller").encode("cp1252", "ignore")

    assert "X12" in codes(
        examine(b'<?xml version="1.0" encoding="utf-8"?>' + latin, doctor.File("o.json", FORM))
    )


def test_the_same_process_in_two_files_is_refused() -> None:
    assert "X14" in codes(examine(CLEAN, CLEAN))


# ---------------------------------------------------------------- ids


def test_a_duplicate_id_is_an_error_that_names_the_second_element() -> None:
    body = '<startEvent id="s"/><userTask id="a" name="Zadzwoń"/><userTask id="a" name="Napisz"/><endEvent id="e"/>'

    examined = examine(diagram(body + flows("s>a", "a>e")))

    said = finding(examined, "I04")
    assert said.severity == "error"
    assert said.element == "a"
    assert "Napisz" in said.message.pl
    assert examined.compiled is None
    assert element(examine(diagram(body + flows("s>a", "a>e")), accepted="all"), "a").name.pl == "Zadzwoń"


@pytest.mark.parametrize(
    ("key", "code"), [("End", "I02"), ("a.EndJoin", "I02"), ("2nd", "I03"), ("a b", "I03")]
)
def test_ids_the_engine_cannot_carry_are_changed_by_consent(key: str, code: str) -> None:
    body = f'<startEvent id="s"/><userTask id="{key}" name="Zadzwoń"/><endEvent id="e"/>'

    examined = examine(diagram(body + flows(f"s>{key}", f"{key}>e")), accepted="all")

    (said,) = [each for each in examined.findings if each.element == key]
    assert (said.code, said.repairable) == (code, True)
    assert "Zadzwoń" in {each.name.pl for each in compiled(examined).blueprint.main.elements.values()}


# ---------------------------------------------------------------- lanes


def lanes(inside: str) -> bytes:
    return diagram(
        f"<laneSet>{inside}</laneSet>"
        '<startEvent id="s"/><userTask id="a" name="Zadzwoń"/><endEvent id="e"/>' + flows("s>a", "a>e")
    )


def test_a_lane_is_found_by_the_name_of_a_department() -> None:
    examined = examine(lanes('<lane id="lane_1" name="dział PRAWNY"><flowNodeRef>a</flowNodeRef></lane>'))

    assert element(examined, "a").audience == "department:legal"


def test_an_unknown_lane_with_work_for_people_blocks_until_somebody_says_whose_it_is() -> None:
    content = lanes('<lane id="lane_1" name="Approver"><flowNodeRef>a</flowNodeRef></lane>')

    said = finding(examine(content), "L01")
    assert (said.severity, said.repairable, said.element) == ("error", True, "lane_1")
    assert "Approver" in said.message.en

    assert element(examine(content, accepted={said.id}), "a").audience == "role:employee"
    mapped = examine(content, accepted={f"{said.id}=department:legal"})
    assert element(mapped, "a").audience == "department:legal"
    assert compiled(mapped).blueprint.main.lanes["lane_1"].audience == "department:legal"


def test_an_unknown_lane_without_work_for_people_only_warns() -> None:
    examined = examine(lanes('<lane id="x" name="Maszyna"><flowNodeRef>s</flowNodeRef></lane>'))

    assert finding(examined, "L01").severity == "warning"
    assert compiled(examined)


def test_where_nothing_is_known_the_lane_is_the_department() -> None:
    content = lanes('<lane id="packing" name="Pakowanie"><flowNodeRef>a</flowNodeRef></lane>')

    assert element(examine(content, known=doctor.Known()), "a").audience == "department:packing"


def test_an_audience_that_does_not_exist_is_named() -> None:
    lane = f'<lane id="x" name="X">{say(audience="department:ghosts")}<flowNodeRef>a</flowNodeRef></lane>'

    assert "department:ghosts" in finding(examine(lanes(lane)), "L02").message.pl


def test_without_lanes_everybody_may_claim() -> None:
    assert element(examine(lanes("")), "a").audience == "role:employee"


def test_steps_inside_a_sub_process_stand_in_its_lane() -> None:
    inner = '<startEvent id="s2"/><userTask id="b"/><endEvent id="e2"/>' + flows("s2>b", "b>e2")
    content = diagram(
        '<laneSet><lane id="legal"><flowNodeRef>sub</flowNodeRef></lane></laneSet><startEvent id="s"/>'
        f'<subProcess id="sub">{inner}</subProcess><endEvent id="e"/>' + flows("s>sub", "sub>e")
    )

    assert element(examine(content), "b").audience == "department:legal"


# ---------------------------------------------------------------- the ladder and references


def stages(first: str, second: str) -> bytes:
    return diagram(
        f'<startEvent id="s"/><userTask id="a">{say(stage="one", stage__order=first)}</userTask>'
        f'<userTask id="b">{say(stage="two", stage__order=second)}</userTask><endEvent id="e"/>'
        + flows("s>a", "a>b", "b>e")
    )


@pytest.mark.parametrize(
    ("first", "second", "code"), [("1", "1", "Z01"), ("1", "3", "Z02"), ("1", "", "Z03"), ("1", "two", "Q05")]
)
def test_a_crooked_ladder_is_noticed(first: str, second: str, code: str) -> None:
    assert code in codes(examine(stages(first, second)))


def test_a_straight_ladder_is_not() -> None:
    assert codes(examine(stages("1", "2"))) == []


def test_what_a_step_refers_to_must_exist() -> None:
    known = doctor.Known(agreements=frozenset({"H1"}), connectors=frozenset({"mail"}))
    content = diagram(
        f'<startEvent id="s"/><userTask id="a">{say(form="ghost", handoff="H9", due="soon")}</userTask>'
        f'<serviceTask id="b">{say(connector="pigeon", operation="fly", out="answer")}</serviceTask><endEvent id="e"/>'
        + flows("s>a", "a>b", "b>e")
    )

    assert {"Q01", "Q02", "Q04", "A14"} <= set(codes(examine(content, known=known)))


def test_an_expression_the_fence_refuses_is_an_error() -> None:
    content = diagram(
        f'<startEvent id="s"/><userTask id="a">{say(assignee="__import__(1)")}</userTask><endEvent id="e"/>'
        + flows("s>a", "a>e")
    )

    examined = examine(content, accepted="all")

    assert finding(examined, "Q03").severity == "error"
    assert examined.compiled is None


# ---------------------------------------------------------------- bundles


CALLED = diagram('<startEvent id="s"/><userTask id="x"/><endEvent id="e"/>' + flows("s>x", "x>e"), key="body")
CALLING = diagram(
    '<startEvent id="s"/><callActivity id="c" calledElement="body"/><endEvent id="e"/>' + flows("s>c", "c>e")
)


def test_the_main_process_is_the_one_that_nobody_calls() -> None:
    examined = examine(CALLED, CALLING)

    plan = compiled(examined).blueprint
    assert (plan.process, set(plan.diagrams), plan.diagrams["body"].file) == (
        "sale",
        {"sale", "body"},
        "one.bpmn",
    )
    assert plan.main.elements["c"].called == "body"
    assert play(compiled(examined), 1) == ["s", "s", "x", "e", "c", "e"]


def test_of_two_that_nobody_calls_the_designer_chooses() -> None:
    other = diagram(
        '<startEvent id="s"/><userTask id="x"/><endEvent id="e"/>' + flows("s>x", "x>e"), key="other"
    )

    asked = finding(examine(CALLED, other), "P05")
    assert asked.repairable

    assert compiled(examine(CALLED, other, accepted={f"{asked.id}=other"})).process == "other"
    assert compiled(examine(CALLED, other, process="body")).process == "body"
    assert codes(examine(CALLED, other, process="nothing")) == ["P06"]


def test_steps_of_two_processes_may_share_an_id_but_sub_processes_may_not() -> None:
    inner = (
        '<subProcess id="same"><startEvent id="s2"/><endEvent id="e2"/>' + flows("s2>e2") + "</subProcess>"
    )
    one = diagram(
        '<startEvent id="s"/>' + inner + '<endEvent id="e"/>' + flows("s>same", "same>e"), key="one"
    )
    two = diagram(
        '<startEvent id="s"/>' + inner + '<endEvent id="e"/>' + flows("s>same", "same>e"), key="two"
    )

    examined = examine(one, two, process="one", accepted="all")

    assert [each.element for each in examined.findings if each.code == "I04"] == ["same"]
    assert compiled(examined)


def test_generated_forms_are_forms() -> None:
    content = diagram(
        '<startEvent id="s"/><userTask id="a"/><exclusiveGateway id="g" name="Co dalej?"/><endEvent id="x" name="Koniec"/>'
        '<endEvent id="y"/>' + flows("s>a", "a>g", "g>x", "g>y! Inaczej")
    )

    what = compiled(examine(content, accepted="all"))

    (form,) = what.forms.values()
    read = forms.from_json(form)
    assert read.key == what.blueprint.main.elements["a"].form
    assert [option.value for option in read.fields[0].options] == ["g_x", "g_y"]
    assert [option.label.pl for option in read.fields[0].options] == ["→ „Koniec”", "Inaczej"]


# ---------------------------------------------------------------- the catalogue


def test_every_sentence_is_said_in_both_languages_with_the_same_places() -> None:
    for code, entry in CATALOGUE.items():
        for text in (entry.message, entry.remedy):
            assert bool(text.pl) == bool(text.en), code
        assert entry.message.pl.count("%(") == entry.message.en.count("%("), code
        assert entry.message.pl.endswith("."), code
        assert not entry.repairable or entry.remedy.pl, code


def test_known_is_only_what_was_given() -> None:
    assert doctor.Known().departments == {}
    assert KNOWN.connectors == frozenset()
