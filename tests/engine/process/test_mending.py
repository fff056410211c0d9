"""The mended diagram: repairs drawn in, everything else as it came, and never a new error."""

import json
import os
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from engine.process import doctor
from engine.process.doctor import mending
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.mending.document import decoded, parsed
from tests.engine.process.doctor_kit import KNOWN, compiled, diagram, flows, play
from tests.engine.process.specimens import SPECIMENS, Specimen
from tests.engine.process.test_doctor_reference import damaged

CORPUS = (
    Path(os.environ.get("CONTENTUM_CORPUS", Path(__file__).parents[4] / "shared" / "corpus"))
    / "miwg-reference"
)
MODELS = sorted(CORPUS.glob("*.bpmn"))
REFERENCE = pytest.mark.skipif(not MODELS, reason=f"the reference models are not at {CORPUS}")
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DRAWN = sorted(
    code
    for code in SPECIMENS
    if code in mending.DRAWERS and (CATALOGUE[code].repairable or CATALOGUE[code].severity == "mended")
)
START, END = '<startEvent id="s"/>', '<endEvent id="e"/>'


def with_drawing(content: bytes) -> bytes:
    """A diagram with a shape for each step, side by side, and an edge for each flow."""
    text = content.decode("utf-8", "surrogateescape")
    ids = re.findall(
        r"<(\w*(?:Event|Task|task|Gateway|subProcess|callActivity|transaction|adHocSubProcess)) id=[\"']([^\"']+)",
        text,
    )
    place = {key: number for number, (_, key) in enumerate(ids)}
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{key}_di" bpmnElement="{key}"><dc:Bounds x="{200 * number}" y="100" '
        f'width="{36 if kind.endswith("Event") else 50 if kind.endswith("Gateway") else 100}" '
        f'height="{36 if kind.endswith("Event") else 50 if kind.endswith("Gateway") else 80}"/></bpmndi:BPMNShape>\n'
        for number, (kind, key) in enumerate(ids)
    )
    lines = re.findall(r'<sequenceFlow id="([^"]+)" sourceRef="([^"]+)" targetRef="([^"]+)"', text)
    edges = "".join(
        f'<bpmndi:BPMNEdge id="{key}_di" bpmnElement="{key}"><di:waypoint x="{200 * place[one] + 50}" y="120"/>'
        f'<di:waypoint x="{200 * place[other]}" y="120"/></bpmndi:BPMNEdge>\n'
        for key, one, other in lines
        if one in place and other in place
    )
    plane = (
        '\n<bpmndi:BPMNDiagram xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" id="D" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI">'
        f'<bpmndi:BPMNPlane id="P" bpmnElement="sale">\n{shapes}{edges}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>\n'
    )
    return text.replace("</definitions>", f"{plane}</definitions>").encode("utf-8", "surrogateescape")


def mend(files: list[doctor.File], accepted: object = "all", **more: object) -> mending.Mended:
    return mending.mend(files, accepted, **{"known": KNOWN, **more})  # type: ignore[arg-type]


def again(mended: mending.Mended, **more: object) -> doctor.Examined:
    files = [doctor.File(name, content) for name, content in mended.files.items()]
    return doctor.examine(files, **{"known": KNOWN, **more})  # type: ignore[arg-type]


def errors(examined: doctor.Examined) -> set[str]:
    return {each.id for each in examined.findings if each.severity == "error"}


def dangling(content: bytes) -> set[str]:
    """Shapes, edges and flows that point at nothing."""
    root = etree.fromstring(content, etree.XMLParser(recover=True))
    ids = {each.get("id") for each in root.iter() if each.get("id")}
    found = {each.get("bpmnElement") or "" for each in root.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")}
    for each in root.iter(f"{BPMN}sequenceFlow"):
        found |= {each.get("sourceRef") or "", each.get("targetRef") or ""}
    for each in root.iter(f"{BPMN}flowNodeRef", f"{BPMN}incoming", f"{BPMN}outgoing"):
        found.add((each.text or "").strip())
    return {each for each in found if each.rpartition(":")[2] not in ids}


# ---------------------------------------------------------------- what is untouched stays


@pytest.mark.parametrize(
    "text",
    [
        "<a/>",
        "<?xml version=\"1.0\"?>\r\n<!-- note -->\n<a  b = '1'>x &amp; y<c/><![CDATA[<d>]]></a>\n",
        '<a:b xmlns:a="urn:a"><a:c d="&quot;&#10;>"/>\n\t<a:c></a:c></a:b>',
    ],
)
def test_a_text_that_nobody_touches_is_written_back_byte_for_byte(text: str) -> None:
    assert str(parsed(text)) == text


@REFERENCE
@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_a_reference_model_is_written_back_as_it_came(model: Path) -> None:
    text = decoded(model.read_bytes())

    assert str(parsed(text)) == text


def test_only_what_was_accepted_changes() -> None:
    content = diagram(START + '<task id="a"/>\n  <task id="b"/>' + END + flows("s>a", "a>b", "b>e"))

    mended = mend([doctor.File("sale.bpmn", content)], ["A01:sale:b"])

    assert mended.files["sale.bpmn"] == content.replace(b'<task id="b"/>', b'<userTask id="b"/>')
    assert mend([doctor.File("sale.bpmn", content)], []).files["sale.bpmn"] == content


def test_a_declared_encoding_becomes_the_true_one() -> None:
    text = (
        '<?xml version="1.0" encoding="ISO-8859-2"?>'
        + diagram(START + '<task id="a" name="Żółw"/>' + END + flows("s>a", "a>e")).decode()
    )

    mended = mend([doctor.File("sale.bpmn", text.encode("iso-8859-2"))])

    assert 'encoding="UTF-8"' in mended.files["sale.bpmn"].decode()
    assert '<userTask id="a" name="Żółw"/>' in mended.files["sale.bpmn"].decode()


def test_a_file_that_cannot_be_read_comes_back_as_it_was() -> None:
    assert mend([doctor.File("sale.bpmn", b"<oops")]).files == {"sale.bpmn": b"<oops"}


# ---------------------------------------------------------------- every repair


@pytest.mark.parametrize("drawing", [False, True], ids=["bare", "drawn"])
@pytest.mark.parametrize("code", DRAWN)
def test_a_drawn_repair_is_gone_when_the_file_is_examined_again(code: str, drawing: bool) -> None:
    specimen: Specimen = SPECIMENS[code]
    files = [
        doctor.File(
            each.name, with_drawing(each.content) if drawing and each.name.endswith(".bpmn") else each.content
        )
        for each in specimen.files
    ]
    before = doctor.examine(files, known=specimen.known, process=specimen.process)

    mended = mend(files, known=specimen.known, process=specimen.process)

    after = again(mended, known=specimen.known, process=specimen.process)
    undrawn = {each.id for each in mended.undrawn}
    assert errors(after) <= errors(before)
    assert {each.id for each in after.findings if each.code == code} <= undrawn
    assert code not in {each.code for each in mended.undrawn}
    assert len(after.findings) <= len(before.findings)
    for name, content in mended.files.items():
        if name.endswith(".bpmn"):
            assert dangling(content) <= set().union(
                *(dangling(each.content) for each in files if each.name.endswith("bpmn"))
            )


def test_what_is_added_lies_beside_what_it_belongs_to() -> None:
    content = with_drawing(
        diagram(START + '<userTask id="a"/><userTask id="b"/><userTask id="c"/>' + flows("s>a", "a>b", "a>c"))
    )

    mended = mend([doctor.File("sale.bpmn", content)]).files["sale.bpmn"]

    root = etree.fromstring(mended)
    boxes = {
        each.get("bpmnElement"): tuple(
            float(each[0].get(name) or 0) for name in ("x", "y", "width", "height")
        )
        for each in root.iter(f"{DI}BPMNShape")
    }
    (gate,) = [key for key in boxes if str(key).startswith("parallelGateway")]
    assert boxes[gate][0] > boxes["a"][0] + boxes["a"][2]
    assert sum(str(key).startswith("endEvent") for key in boxes) == 2
    steps = list(boxes.values())
    for place, one in enumerate(steps):
        for other in steps[place + 1 :]:
            apart = one[0] + one[2] <= other[0] or other[0] + other[2] <= one[0]
            assert apart or one[1] + one[3] <= other[1] or other[1] + other[3] <= one[1]
    wired = {each.get("bpmnElement") for each in root.iter(f"{DI}BPMNEdge")}
    assert wired == {each.get("id") for each in root.iter(f"{BPMN}sequenceFlow")}


def test_a_choice_of_a_person_comes_with_its_form_and_runs() -> None:
    content = diagram(
        START
        + '<userTask id="u"/><exclusiveGateway id="g" name="Duża?"/><userTask id="x"/><userTask id="y"/>'
        + END
        + flows("s>u", "u>g", "g>x! Tak", "g>y! Nie", "x>e", "y>e")
    )

    mended = mend([doctor.File("sale.bpmn", content)])

    assert set(mended.files) == {"sale.bpmn", "mended_choice_g.json"}
    examined = again(mended)
    assert compiled(examined).blueprint.main.elements["u"].form == "mended_choice_g"
    assert not {"G06", "G08", "G09"} & {each.code for each in examined.findings}


def test_a_value_that_was_given_is_drawn() -> None:
    clock = "<timerEventDefinition/>"
    content = diagram(
        f'{START}<intermediateCatchEvent id="a">{clock}</intermediateCatchEvent>{END}' + flows("s>a", "a>e")
    )

    mended = mend([doctor.File("sale.bpmn", content)], ["T01:sale:a=PT4H"])

    assert b'<timeDuration>"PT4H"</timeDuration>' in mended.files["sale.bpmn"]


def test_a_repair_without_a_drawing_is_named() -> None:
    specimen = SPECIMENS["S08"]

    mended = mend(list(specimen.files))

    assert "S08" in {each.code for each in mended.undrawn}
    assert mended.files["sale.bpmn"] == specimen.files[0].content


@REFERENCE
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_no_damage_raises_and_none_gets_worse(seed: int) -> None:
    dice = random.Random(seed)
    model = dice.choice([each for each in MODELS if each.stat().st_size < 40_000])
    file = doctor.File(model.name, damaged(dice, model.read_text()))
    before = doctor.examine([file], known=KNOWN)
    offered = [each.id for each in before.findings if each.repairable]

    after = again(mend([file], dice.sample(offered, len(offered) // 2)))

    renamed = any(each.code in {"I02", "I03", "I04"} for each in before.findings)
    assert renamed or errors(after) <= errors(before)
    assert len(after.findings) <= len(before.findings)


@REFERENCE
@pytest.mark.slow
def test_reference_models_are_mended_to_fewer_findings_and_run() -> None:
    for model in MODELS:
        file = doctor.File(model.name, model.read_bytes())
        before = doctor.examine([file], known=KNOWN)
        mended = mend([file])
        after = again(mended)

        assert errors(after) <= errors(before), model.name
        assert len(after.findings) <= len(before.findings), model.name
        assert {each.id for each in after.findings if each.code in mending.DRAWERS and each.repairable} <= {
            each.id for each in mended.undrawn
        }
        assert dangling(mended.files[model.name]) <= dangling(file.content), model.name
        what = compiled(again(mended, accepted="all"))
        forms = {key[:-5]: json.loads(each) for key, each in mended.files.items() if key.endswith(".json")}
        play(replace(what, forms={**what.forms, **forms}), 1)
