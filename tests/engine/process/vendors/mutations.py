"""Damage: what wires, editors, scripts and bad luck do to a file."""

import random
import re
from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from tests.engine.process.vendors.drawing import BPMN

KINDS = [
    *(
        "task",
        "userTask",
        "receiveTask",
        "sendTask",
        "scriptTask",
        "callActivity",
        "subProcess",
        "transaction",
    ),
    *("adHocSubProcess", "exclusiveGateway", "parallelGateway", "inclusiveGateway", "complexGateway", "lane"),
    *("eventBasedGateway", "startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent"),
    *("boundaryEvent", "messageEventDefinition", "timerEventDefinition", "linkEventDefinition", "process"),
    *("compensateEventDefinition", "cancelEventDefinition", "sequenceFlow", "participant", "nonsense"),
]
TEXTS = [
    *("", "x", "not", "${a", "#{", "__import__('os')", "((((", "P9999999Y", "R/x", "\\", "R99999999999/PT0S"),
    *(
        "x" * 5000,
        "9" * 400,
        "-1",
        "1e400",
        "0",
        "a.b.c",
        "[" * 300,
        "'",
        '"',
        "None",
        "%s %d {}",
        "\u202e\u0000"[:1],
    ),
]
VALUES = [
    *TEXTS[:12],
    "true",
    "false",
    "End",
    "Start",
    "a b",
    "definitions",
    "99999999999999999999",
    "ż",
    "1",
    "x:y",
]


def damage(dice: random.Random, content: bytes) -> bytes:
    """One to eight faults of any kind."""
    if dice.random() < 0.2:
        return bytes_hit(dice, content)
    root = etree.fromstring(content)
    for _ in range(dice.randrange(1, 9)):
        dice.choice(FAULTS)(dice, root)
    broken: bytes = etree.tostring(root)
    return bytes_hit(dice, broken) if dice.random() < 0.1 else broken


def bytes_hit(dice: random.Random, content: bytes) -> bytes:
    broken = bytearray(content)
    for _ in range(dice.randrange(1, 12)):
        at = dice.randrange(len(broken))
        match dice.randrange(3):
            case 0:
                broken[at] = dice.randrange(256)
            case 1:
                del broken[at : at + dice.randrange(1, 40)]
            case _:
                broken[at:at] = broken[at // 2 : at // 2 + dice.randrange(1, 40)]
    return bytes(broken) or b"<"


def element(dice: random.Random, root: etree._Element) -> etree._Element:
    found = list(root.iter(f"{{{BPMN}}}*"))[1:]
    return dice.choice(found) if found else root


def attribute(dice: random.Random, root: etree._Element) -> None:
    hit = element(dice, root)
    if hit.attrib:
        hit.set(dice.choice(list(hit.attrib)), dice.choice(VALUES).replace("\x00", ""))


def attribute_gone(dice: random.Random, root: etree._Element) -> None:
    hit = element(dice, root)
    if hit.attrib:
        del hit.attrib[dice.choice(list(hit.attrib))]


def reference(dice: random.Random, root: etree._Element) -> None:
    """Something refers to something else that exists."""
    ids = [str(each.get("id")) for each in root.iter() if each.get("id")]
    refs = [
        (each, name)
        for each in root.iter()
        for name in each.attrib
        if re.search(r"Ref$|^id$|default|called", str(name))
    ]
    if refs and ids:
        hit, name = dice.choice(refs)
        hit.set(name, dice.choice(ids))


def renamed(dice: random.Random, root: etree._Element) -> None:
    element(dice, root).tag = f"{{{BPMN}}}{dice.choice(KINDS)}"


def dropped(dice: random.Random, root: etree._Element) -> None:
    hit = element(dice, root)
    around = hit.getparent()
    if around is not None:
        around.remove(hit)


def doubled(dice: random.Random, root: etree._Element) -> None:
    hit = element(dice, root)
    if hit.getparent() is not None and len(list(root.iter())) < 4000:
        hit.addnext(deepcopy(hit))


def moved(dice: random.Random, root: etree._Element) -> None:
    """An element finds itself inside another."""
    hit, into = element(dice, root), element(dice, root)
    if hit is not root and hit not in [into, *into.iterancestors()]:
        into.append(hit)


def nested(dice: random.Random, root: etree._Element) -> None:
    hit = element(dice, root)
    for _ in range(dice.choice([2, 30, 120])):
        hit = etree.SubElement(hit, f"{{{BPMN}}}{dice.choice(['subProcess', 'extensionElements', 'task'])}")


def scribbled(dice: random.Random, root: etree._Element) -> None:
    hit = element(dice, root)
    hit.text = dice.choice(TEXTS)


def huge(dice: random.Random, root: etree._Element) -> None:
    """Far more of something than anybody draws."""
    hit = element(dice, root)
    for number in range(dice.choice([50, 400])):
        etree.SubElement(hit, f"{{{BPMN}}}{dice.choice(KINDS[:14])}", id=f"many_{number}")


def foreign(dice: random.Random, root: etree._Element) -> None:
    element(dice, root).tag = f"{{urn:other}}{dice.choice(KINDS)}"


FAULTS: list[Callable[[random.Random, etree._Element], None]] = [
    *(
        attribute,
        attribute,
        attribute_gone,
        reference,
        reference,
        renamed,
        dropped,
        doubled,
        moved,
        scribbled,
    ),
    *(nested, foreign, huge),
]
