"""XES: the events of a log, one after another, without holding the log. What is hostile is refused."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from engine.sales.past import wrong
from engine.sales.past.files import Heard, Log, Unpacked

OF_CASE = "case:"
"""Columns of the case, not of the event, are called so: ``case:concept:name``."""
HARDENED: Mapping[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_pis": True,
    "remove_comments": True,
}

Cells = list[str | None]


def rows(
    log: Log, columns: Mapping[str, Iterable[int]], width: int, heard: Heard | None = None
) -> Iterator[tuple[int, Cells]]:
    """Every event's line and cells: ``columns`` says to which places of ``width`` a key of XES goes.

    Raises XesBroken, XesDoctype, NotXes.
    """
    of_event = {key: tuple(places) for key, places in columns.items() if not key.startswith(OF_CASE)}
    of_case = {
        key[len(OF_CASE) :]: tuple(places) for key, places in columns.items() if key.startswith(OF_CASE)
    }
    events: list[tuple[int, Cells]] = []
    for element in _elements(log, heard):
        if _is(element, "event"):
            cells: Cells = [None] * width
            _fill(cells, element, of_event)
            events.append((element.sourceline or 0, cells))
            _forget(element)
        elif _is(element, "trace"):
            shared: Cells = [None] * width
            _fill(shared, element, of_case)
            given = [(place, value) for place, value in enumerate(shared) if value is not None]
            for line, cells in events:
                for place, value in given:
                    cells[place] = value
                yield line, cells
            events = []
            _forget(element)


def keys(
    log: Log, most: int
) -> tuple[dict[str, int], dict[str, int], list[tuple[int, str | None, dict[str, str]]]]:
    """How often each key occurs among the first traces (until ``most`` events) and among their events, and those
    events: case, line, what they say."""
    traces: dict[str, int] = {}
    events: dict[str, int] = {}
    found: list[tuple[int, str | None, dict[str, str]]] = []
    waiting: list[tuple[int, dict[str, str]]] = []
    for element in _elements(log, None):
        if _is(element, "log"):
            break
        said = {
            each.get("key", ""): each.get("value", "") for each in element if each.get("value") is not None
        }
        counted = events if _is(element, "event") else traces
        for key in said:
            counted[key] = counted.get(key, 0) + 1
        if _is(element, "event"):
            waiting.append((element.sourceline or 0, said))
        else:
            found += [
                (line, said.get("concept:name"), {**{OF_CASE + k: v for k, v in said.items()}, **each})
                for line, each in waiting
            ]
            waiting = []
            if len(found) >= most:
                break
        _forget(element)
    return traces, events, found


def _elements(log: Log, heard: Heard | None) -> Iterator[etree._Element]:
    """Ended events, traces and the log. A document type is refused before anything of it is used."""
    with log.again() as raw:
        source = Unpacked(raw, log.size, heard)
        found = etree.iterparse(
            source, events=("start", "end"), tag=("{*}log", "{*}trace", "{*}event"), **HARDENED
        )
        is_first = True
        try:
            for what, element in found:
                if is_first:
                    _check(element)
                    is_first = False
                if what == "end":
                    yield element
        except etree.XMLSyntaxError as error:
            _doctype(found)
            raise wrong.XesBroken(line=error.lineno or 1, field="file") from error
        if is_first:
            root = found.root
            if root is None:
                raise wrong.XesBroken(line=1, field="file")
            raise wrong.NotXes(tag=etree.QName(root).localname[:60], field="file")


def _check(element: etree._Element) -> None:
    tree = element.getroottree()
    if tree.docinfo.doctype or tree.docinfo.internalDTD is not None:
        raise wrong.XesDoctype(field="file")
    root = tree.getroot()
    if not _is(root, "log"):
        raise wrong.NotXes(tag=etree.QName(root).localname[:60], field="file")


def _doctype(found: Any) -> None:
    """A type of its own may be why it cannot be read: then that is said."""
    root = found.root
    if root is not None and root.getroottree().docinfo.doctype:
        raise wrong.XesDoctype(field="file")


def _is(element: etree._Element, name: str) -> bool:
    tag = str(element.tag)
    return tag == name or tag.endswith(f"}}{name}")


def _fill(cells: Cells, element: etree._Element, columns: Mapping[str, tuple[int, ...]]) -> None:
    for each in element:
        places = columns.get(each.get("key", ""))
        if places is not None:
            value = each.get("value")
            for place in places:
                cells[place] = value


def _forget(element: etree._Element) -> None:
    """What was read takes no room: the element is emptied, its elder brothers of the same kind are taken away."""
    tail, before, parent = element.tail, element.getprevious(), element.getparent()
    element.clear()
    element.tail = tail
    if before is not None and parent is not None and before.tag == element.tag:
        parent.remove(before)
