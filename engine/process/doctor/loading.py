"""From bytes to an element tree, with limits: hostile XML becomes a finding, never an exception."""

import re

from lxml import etree

from engine.process.blueprint import Text
from engine.process.doctor.findings import Ledger

MOST_BYTES = 2 * 1024 * 1024
MOST_NODES = 40_000
MOST_TEXT = 20_000
MOST_DEPTH = 80
BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
EARLIER = frozenset(
    [
        "http://schema.omg.org/spec/BPMN/2.0",
        "http://www.omg.org/spec/BPMN/20100501/MODEL",
        "http://www.omg.org/spec/BPMN/20100524",
        "http://www.omg.org/bpmn20",
        "http://www.omg.org/spec/BPMN/2.0/",
        "http://www.omg.org/spec/BPMN/2.0",
    ]
)
"""What drafts of BPMN 2.0 called themselves; some tools still write it."""
# counted by libxml2 itself: a walk in Python over a large file takes longer than all the rest of an examination
_COUNT = etree.XPath("count(//*)")
_TOO_DEEP = etree.XPath(f"boolean({'/*' * (MOST_DEPTH + 1)})")
_IN_BPMN = "namespace-uri(..) = '{0}' and local-name(..) != 'documentation' and local-name(..) != 'text'"
_TEXT = etree.XPath("string-length(/)")
_LONG_VALUES, _LONG_TEXTS = (
    etree.XPath(f"//{what}[string-length() > {MOST_TEXT} and {_IN_BPMN.format(BPMN)}]/..")
    for what in ("@*", "text()")
)


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
    return _modern(ledger, file, root) if _modest(ledger, file, root) else None


def _parse(ledger: Ledger, file: str, content: bytes) -> etree._Element | None:
    if not content.startswith(b"<") and content[:200].lstrip().startswith(b"<"):
        content = content.lstrip()
    try:
        return etree.fromstring(content, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        reason, place = str(error), _place(error)
    if re.search(r"Namespace prefix \S+ .*is not defined|xmlns.* is not a valid URI", reason):
        return _with_odd_names(ledger, file, content, place)
    return _with_other_encoding(ledger, file, content, place)


def _place(error: Exception) -> Text:
    line, column = getattr(error, "position", (1, 1))
    return Text(
        f"błąd w wierszu {line}, przy znaku {column}", f"an error in line {line}, at character {column}"
    )


def _with_other_encoding(ledger: Ledger, file: str, content: bytes, place: Text) -> etree._Element | None:
    """X12: what the first line says of the characters is not true; UTF-8 is tried before windows-1252."""
    for encoding, name in (("utf-8-sig", "UTF-8"), ("cp1252", "windows-1252")):
        try:
            root = etree.fromstring(content.decode(encoding).encode(), _parser("utf-8"))
        except (etree.XMLSyntaxError, ValueError):
            continue
        ledger.say("X12", file=file, encoding=name)
        return root
    ledger.say("X01", file=file, reason=place)
    return None


def _with_odd_names(ledger: Ledger, file: str, content: bytes, place: Text) -> etree._Element | None:
    """X19: prefixes nobody declared belong to extensions of some tool; X26: declared ones, but not with an address.

    Anything else wrong is still refused.
    """
    parser = _parser(recover=True)
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    errors = [each for each in parser.error_log if each.domain != etree.ErrorDomains.NAMESPACE]
    if root is None or errors:
        ledger.say("X01", file=file, reason=place)
        return None
    said = [each.message for each in parser.error_log]
    undeclared = {each.split()[2] for each in said if each.startswith("Namespace prefix")}
    if undeclared:
        ledger.say("X19", file=file, names=", ".join(sorted(undeclared))[:200])
    if any(each.endswith("is not a valid URI") for each in said):
        ledger.say("X26", file=file)
    return root


def _parser(encoding: str | None = None, *, recover: bool = False) -> etree.XMLParser:
    return etree.XMLParser(
        encoding=encoding,
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )


def _modest(ledger: Ledger, file: str, root: etree._Element) -> bool:
    if _TOO_DEEP(root):
        ledger.say("X13", file=file, most=str(MOST_DEPTH))
        return False
    if _COUNT(root) > MOST_NODES:
        ledger.say("X05", file=file, most=str(MOST_NODES))
        return False
    for long in _LONG_VALUES(root) or (_TEXT(root) > MOST_TEXT and _LONG_TEXTS(root)) or ():
        ledger.say("X06", file=file, element_name=local(long), most=str(MOST_TEXT))
        return False
    return True


def _modern(ledger: Ledger, file: str, root: etree._Element) -> etree._Element:
    """X20: a draft of BPMN 2.0 is read like the standard it became."""
    namespace = root.tag[1:].partition("}")[0] if isinstance(root.tag, str) and "}" in root.tag else ""
    if namespace in EARLIER and local(root) == "definitions":
        ledger.say("X20", file=file, namespace=namespace)
        for each in list(root.iter(f"{{{namespace}}}*")):
            each.tag = f"{{{BPMN}}}{local(each)}"
    return root


def local(element: etree._Element) -> str:
    """The name of an element without its namespace ('' for an unresolved entity)."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def is_bpmn(element: etree._Element) -> bool:
    """Whether an element is one of BPMN and not of some tool."""
    return isinstance(element.tag, str) and element.tag.startswith("{" + BPMN + "}")
