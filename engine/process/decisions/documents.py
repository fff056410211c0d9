"""DMN XML as a tree that is safe to walk: what is not a harmless document of versions 1.1 to 1.5 is refused."""

import re

from lxml import etree

from engine.process.decisions.refusals import FileWrong

MAX_BYTES = 2_000_000
MAX_NODES = 20_000
MAX_TEXT = 20_000
DMN = re.compile(r"https?://www\.omg\.org/spec/DMN/\d{8}/")


def root(xml: bytes) -> etree._Element:
    """The root of a harmless DMN document. Raises FileWrong."""
    if len(xml) > MAX_BYTES or b"<!DOCTYPE" in xml.replace(b"\0", b""):
        raise FileWrong
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        found = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise FileWrong from None
    nodes = list(found.iter())
    if found.getroottree().docinfo.doctype or len(nodes) > MAX_NODES or any(_long(node) for node in nodes):
        raise FileWrong
    if not DMN.match(str(etree.QName(found).namespace)) or etree.QName(found).localname != "definitions":
        raise FileWrong
    return found


def _long(node: etree._Element) -> bool:
    texts = (node.text or "", node.tail or "", *map(str, node.attrib.values()))
    return not isinstance(node.tag, str) or max(map(len, texts)) > MAX_TEXT


def children(node: etree._Element, name: str) -> list[etree._Element]:
    """The child elements of a name, in any version of the standard."""
    return [
        child
        for child in node
        if etree.QName(child).localname == name and DMN.match(str(etree.QName(child).namespace))
    ]


def child(node: etree._Element, name: str) -> etree._Element | None:
    """The first child element of a name."""
    return next(iter(children(node, name)), None)


def text(node: etree._Element | None) -> str:
    """The ``text`` child of a node."""
    found = child(node, "text") if node is not None else None
    return "".join(map(str, found.itertext())).strip() if found is not None else ""


def own(node: etree._Element) -> str:
    """The characters of a node itself."""
    return " ".join("".join(map(str, node.itertext())).split())


def attribute(node: etree._Element | None, name: str) -> str:
    """An attribute, empty when it or the node is not there."""
    return str(node.get(name) or "").strip() if node is not None else ""


def reference(node: etree._Element | None) -> str:
    """The id in ``href="#id"``; with its file where it points into another."""
    return attribute(node, "href").removeprefix("#")
