"""From a seed to uploaded files: a drawn diagram with a tool's habits, in its spelling and its encoding."""

import random
import re

from lxml import etree

from engine.process import doctor
from tests.engine.process.vendors.drawing import BPMN, Pen
from tests.engine.process.vendors.habits import HABITS

PREFIXES = [None, "bpmn", "bpmn2", "semantic", "ns0", "model", "bpmn20"]
DRAFT = "http://schema.omg.org/spec/BPMN/2.0"


def drawn(seed: int, *, size: int = 8) -> etree._Element:
    """One diagram with random habits; its ids are those of the upload."""
    dice = random.Random(seed)
    pen = Pen(seed, size)
    pen.process(isExecutable=dice.choice(["true", "false"]))
    for habit, likely in HABITS:
        if dice.random() < likely:
            habit(pen, dice)
    return pen.root


def written(seed: int, *, size: int = 8) -> list[doctor.File]:
    """The files of an upload."""
    return [doctor.File(f"tool_{seed}.bpmn", spelled(random.Random(-seed), drawn(seed, size=size)))]


def spelled(dice: random.Random, root: etree._Element) -> bytes:
    """A tree as bytes: with some prefix, encoding and first line."""
    text = etree.tostring(with_prefix(root, dice.choice(PREFIXES)), encoding="unicode")
    if dice.random() < 0.1:
        text = re.sub(r"\?>|^", lambda found: found[0], text, count=1).replace(BPMN, DRAFT)
    if dice.random() < 0.1:
        text = text.replace("<", "\n\t<")
    return encoded(dice, text)


def encoded(dice: random.Random, text: str) -> bytes:
    """Encodings with and without a mark, declared rightly, wrongly or not at all."""

    def line(encoding: str) -> str:
        return f'<?xml version="1.0" encoding="{encoding}" standalone="yes"?>\n'

    narrow = text.encode("cp1252", "xmlcharrefreplace").decode("cp1252")
    return dice.choice(
        [
            text.encode(),
            (line("UTF-8") + text).encode(),
            (line("UTF-8") + text).encode("utf-8-sig"),
            (line("UTF-16") + text).encode("utf-16"),
            (line("utf-16") + text).encode(),
            ("\ufeff" + text).encode("utf-16-be"),
            (line("windows-1252") + narrow).encode("cp1252"),
            (line("iso-8859-1") + narrow).encode("cp1252"),
            (line("UTF-8") + narrow).encode("cp1252"),
            ("\n\n  " + line("UTF-8") + text).encode(),
        ]
    )


def with_prefix(root: etree._Element, prefix: str | None) -> etree._Element:
    """The same tree with another prefix for BPMN's own elements."""
    if prefix is None:
        return root
    spaces = {prefix: BPMN, **{key: value for key, value in root.nsmap.items() if key is not None}}
    fresh = etree.Element(root.tag, dict(root.attrib), nsmap=spaces)
    fresh.text = root.text
    for each in root:
        fresh.append(each)
    etree.cleanup_namespaces(fresh, keep_ns_prefixes=list(spaces))
    return fresh
