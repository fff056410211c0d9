"""From bytes to an element tree, with limits: hostile XML becomes a finding, never an exception."""

import re

from lxml import etree

from engine.process.blueprint import Text
from engine.process.doctor.findings import Ledger

MOST_BYTES = 2 * 1024 * 1024
MOST_NODES = 20_000
MOST_TEXT = 20_000
MOST_DEPTH = 80


def load(ledger: Ledger, file: str, content: bytes) -> etree._Element | None:
    """The root of an XML file that is safe to walk; None after a finding that says why not."""
    if len(content) > MOST_BYTES:
        ledger.say("X04", file=file, size=f"{len(content) / 1024 / 1024:.1f}")
        return None
    if re.search(rb"<!DOCTYPE", content, re.IGNORECASE):
        ledger.say("X03", file=file)
        return None
    root = _parse(ledger, file, content)
    if root is None:
        return None
    if root.getroottree().docinfo.doctype:
        ledger.say("X03", file=file)
        return None
    return root if _modest(ledger, file, root) else None


def _parse(ledger: Ledger, file: str, content: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(content, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        reason, place = str(error), _place(error)
    if "encoding" in reason or "not proper UTF-8" in reason:
        mended = _as_windows_1252(content)
        if mended is not None:
            ledger.say("X12", file=file)
            return mended
    ledger.say("X01", file=file, reason=place)
    return None


def _place(error: Exception) -> Text:
    line, column = getattr(error, "position", (1, 1))
    return Text(
        f"błąd w wierszu {line}, przy znaku {column}", f"an error in line {line}, at character {column}"
    )


def _as_windows_1252(content: bytes) -> etree._Element | None:
    try:
        return etree.fromstring(content.decode("cp1252").encode(), _parser("utf-8"))
    except (etree.XMLSyntaxError, ValueError):
        return None


def _parser(encoding: str | None = None) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )


def _modest(ledger: Ledger, file: str, root: etree._Element) -> bool:
    depth = count = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth, count = depth + 1, count + 1
        if count > MOST_NODES:
            ledger.say("X05", file=file, most=str(MOST_NODES))
            return False
        if depth > MOST_DEPTH:
            ledger.say("X13", file=file, most=str(MOST_DEPTH))
            return False
        if _longest(element) > MOST_TEXT:
            ledger.say("X06", file=file, element_name=local(element), most=str(MOST_TEXT))
            return False
    return True


def _longest(element: etree._Element) -> int:
    texts = [element.text, element.tail, *element.attrib.values()]
    return max(len(text or "") for text in texts)


def local(element: etree._Element) -> str:
    """The name of an element without its namespace ('' for an unresolved entity)."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
