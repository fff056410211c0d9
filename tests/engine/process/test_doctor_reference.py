"""Diagrams nobody here wrote: the 21 reference models of the BPMN interchange group, whole and damaged."""

import os
import random
import re
from pathlib import Path

import pytest
from lxml import etree

from engine.process import doctor
from tests.engine.process.doctor_kit import KNOWN, compiled, play

HERE = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("CONTENTUM_CORPUS", HERE.parent / "shared" / "corpus")) / "miwg-reference"
MODELS = sorted(CORPUS.glob("*.bpmn"))
pytestmark = pytest.mark.skipif(not MODELS, reason=f"the reference models are not at {CORPUS}")
MODEL = pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


def examine(model: Path, content: bytes | None = None, **more: object) -> doctor.Examined:
    return doctor.examine([doctor.File(model.name, content or model.read_bytes())], known=KNOWN, **more)  # type: ignore[arg-type]


def test_all_models_are_there() -> None:
    assert len(MODELS) == 21


@MODEL
def test_findings_are_sentences_about_elements_of_the_upload(model: Path) -> None:
    ids = {each.get("id") for each in etree.parse(model).getroot().iter(f"{BPMN}*")}

    examined = examine(model)

    about = [finding for finding in examined.findings if finding.element]
    assert about
    assert {finding.element for finding in about} <= ids
    for finding in examined.findings:
        assert finding.message.pl.endswith(".")
        assert finding.message.en.endswith(".")
        assert finding.name in finding.message.pl or len(finding.name) > 70
    assert len({finding.id for finding in examined.findings}) == len(examined.findings)


@MODEL
def test_with_every_proposal_accepted_it_runs_to_an_end(model: Path) -> None:
    what = compiled(examine(model, accepted="all"))

    ends = {key for key, each in what.blueprint.main.elements.items() if each.kind == "endEvent"}
    for seed in range(5):
        assert ends & set(play(what, seed))


@MODEL
def test_nothing_disappears_without_a_finding(model: Path) -> None:
    examined = examine(model, accepted="all")

    kept = {key for diagram in compiled(examined).blueprint.diagrams.values() for key in diagram.elements}
    noted = {finding.element for finding in examined.findings}
    steps = re.compile(r"(?i)task|event$|gateway|subprocess|callactivity|transaction")
    for each in etree.parse(model).getroot().iter(f"{BPMN}*"):
        name = etree.QName(each).localname
        if (
            steps.search(name)
            and not name.startswith("global")
            and each.getparent().tag != f"{BPMN}definitions"
        ):
            around = {
                each.get("id"),
                *(outer.get("id") for outer in each.iterancestors() if "Process" in outer.tag),
            }
            assert each.get("id") in kept or around & noted, each.get("id")


def test_people_alone_complete_the_invoice_of_c_1_0() -> None:
    examined = examine(CORPUS / "C.1.0.bpmn", accepted="all")

    what = compiled(examined)
    ways = {frozenset(play(what, seed, people_only=True)) for seed in range(8)}

    assert what.process == "bpmn-miwg-test-case-c.1.0"
    lanes = {each.lane for each in what.blueprint.main.elements.values() if each.kind == "userTask"}
    assert lanes == {"Approver", "teamAssistant", "Accountant"}
    assert any("invoiceProcessed" in way for way in ways)
    assert any("invoiceNotProcessed" in way for way in ways)


def test_every_pool_of_c_1_0_can_be_deployed() -> None:
    model = CORPUS / "C.1.0.bpmn"

    for process in examine(model).processes:
        for seed in range(3):
            play(compiled(examine(model, accepted="all", process=process)), seed, people_only=True)


# ---------------------------------------------------------------- damaged


def damaged(dice: random.Random, content: str) -> bytes:
    """A model with bytes changed, ids mixed up, elements renamed, dropped or doubled."""
    if dice.random() < 0.3:
        broken = bytearray(content.encode())
        for _ in range(dice.randrange(1, 20)):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        return bytes(broken)
    for _ in range(dice.randrange(1, 8)):
        content = dice.choice((mix_ids, rename, drop, double, scribble))(dice, content)
    return content.encode()


def mix_ids(dice: random.Random, content: str) -> str:
    ids = re.findall(r'(?:id|Ref)="([^"]*)"', content)
    return content.replace(
        f'"{dice.choice(ids)}"', f'"{dice.choice([*ids, "", "End", "a b"])}"', dice.choice((1, -1))
    )


KINDS = [
    "task",
    "userTask",
    "receiveTask",
    "callActivity",
    "subProcess",
    "transaction",
    "adHocSubProcess",
    "exclusiveGateway",
    "parallelGateway",
    "complexGateway",
    "eventBasedGateway",
    "startEvent",
    "endEvent",
    "intermediateCatchEvent",
    "intermediateThrowEvent",
    "boundaryEvent",
    "messageEventDefinition",
    "timerEventDefinition",
    "linkEventDefinition",
    "compensateEventDefinition",
]


def rename(dice: random.Random, content: str) -> str:
    return re.sub(rf"(</?(?:\w+:)?){dice.choice(KINDS)}(?=[\s>/])", rf"\g<1>{dice.choice(KINDS)}", content)


def piece(dice: random.Random, content: str) -> re.Match[str] | None:
    kind = dice.choice(["sequenceFlow", "startEvent", "endEvent", "boundaryEvent", "laneSet", "messageFlow"])
    found = list(re.finditer(rf"<(?:\w+:)?{kind}\b[^>]*?(?:/>|>.*?</(?:\w+:)?{kind}>)", content, re.DOTALL))
    return dice.choice(found) if found else None


def drop(dice: random.Random, content: str) -> str:
    found = piece(dice, content)
    return content[: found.start()] + content[found.end() :] if found else content


def double(dice: random.Random, content: str) -> str:
    found = piece(dice, content)
    return content[: found.end()] + found[0] + content[found.end() :] if found else content


def scribble(dice: random.Random, content: str) -> str:
    text = dice.choice(["x", "not", "${a", "__import__('os')", "((((", "P9999999Y", "R/x", "\\", "x" * 5000])
    return re.sub(
        r"((?:conditionExpression|time\w+|script)[^>]*>)[^<]*",
        lambda found: found[1] + text,
        content,
        count=2,
    )


@pytest.mark.parametrize("seed", range(30))
def test_no_damage_raises(seed: int) -> None:
    dice = random.Random(seed)

    for _ in range(10):
        model = dice.choice(MODELS)
        content = damaged(dice, model.read_text())
        examined = examine(model, content, accepted=dice.choice(((), "all")))
        assert examined.findings
        if examined.compiled is not None:
            etree.fromstring(examined.compiled.executable)
