"""The BPMN 2.0 schema: what departs from it is a hint, because many tools do and can be read all the same."""

import re
from functools import cache
from threading import Lock

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import XSD_PATH

from engine.process.blueprint import Text
from engine.process.doctor.findings import Ledger

_NAMESPACE = re.compile(r"\{[^}]*\}")
_KNOWN = (
    (
        re.compile(r"Element '(\S+)': This element is not expected"),
        Text(
            "element „%s” stoi w nieprzewidzianym miejscu", "the element “%s” is at a place not meant for it"
        ),
    ),
    (
        re.compile(r"Element '\S+', attribute '(\S+)': The attribute '\S+' is not allowed"),
        Text("atrybutu „%s” tam nie ma", "there is no attribute “%s” there"),
    ),
    (
        re.compile(r"Element '(\S+)': The attribute '(\S+)' is required but missing"),
        Text("w elemencie „%s” brakuje „%s”", "“%s” lacks its “%s”"),
    ),
    (
        re.compile(r"Element '\S+', attribute '(\S+)': '([^']*)' is not a valid value"),
        Text("atrybut „%s” ma wartość „%s”", "the attribute “%s” is “%s”"),
    ),
    (
        re.compile(r"Element '(\S+)': Missing child element"),
        Text("w elemencie „%s” czegoś brakuje", "something is missing in “%s”"),
    ),
)


def compare(ledger: Ledger, file: str, root: etree._Element) -> None:
    """X17: where the file first departs from the schema, and how often it does."""
    count, line, first = _departures(root)
    if count:
        ledger.say("X17", file=file, count=str(count), line=str(line), reason=_said(first))


def _departures(root: etree._Element) -> tuple[int, int, str]:
    """How many there are; the line and the message of the first."""
    schema, lock = _schema()
    with lock:  # the schema keeps the errors of its last validation
        if schema.validate(root):
            return 0, 0, ""
        first = schema.error_log[0]
        return len(schema.error_log), first.line, first.message


@cache
def _schema() -> tuple[etree.XMLSchema, Lock]:
    """Parsed once in a process: that takes longer than many validations."""
    return etree.XMLSchema(etree.parse(XSD_PATH)), Lock()


def _said(message: str) -> Text:
    plain = _NAMESPACE.sub("", message)
    for pattern, text in _KNOWN:
        found = pattern.match(plain)
        if found is not None:
            places = tuple(each[:60] for each in found.groups())
            return Text(text.pl % places, text.en % places)
    return Text(f"„{plain[:120]}”", plain[:120].rstrip("."))
