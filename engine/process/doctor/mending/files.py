"""How the repairs of a whole file are drawn: its encoding, its namespaces, what stands where nothing can."""

import re
from collections.abc import Callable
from urllib.parse import quote

from engine.process.doctor.loading import EARLIER
from engine.process.doctor.mending.document import BPMN
from engine.process.doctor.mending.sheet import Sheet
from engine.process.doctor.mending.task import Task

_PREFIX = re.compile(r"(?:<\s*|\s)([A-Za-z_][\w.\-]*):[\w.\-]+(?=[\s=/>])")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_DRAFT_DRAWING = re.compile(r"http://www\.omg\.org/spec/(BPMN|DD)/201005\d\d/(DI|DC)")
_KNOWN = frozenset({"xml", "xmlns"})


def encode(sheet: Sheet, _task: Task) -> bool:
    """X12: written as the UTF-8 it says it is."""
    return bool(sheet.whole.parts)


def declare(sheet: Sheet, _task: Task) -> bool:
    """X19: a prefix that nobody declared stands for a namespace of its own."""
    missing = {
        prefix
        for each in sheet.root.everything()
        for prefix in _PREFIX.findall(_QUOTED.sub('""', each.head))
        if prefix not in _KNOWN and each.space(prefix) is None
    }
    for prefix in sorted(missing):
        sheet.root.set(f"xmlns:{prefix}", f"urn:undeclared:{prefix}")
    return bool(missing)


def address(sheet: Sheet, _task: Task) -> bool:
    """X26: a namespace as an address can be written."""
    return _spaces(sheet, lambda uri: quote(uri.strip(), safe=":/?#[]@!$&'()*+,;=%-._~"))


def modern(sheet: Sheet, _task: Task) -> bool:
    """X20: the namespaces of BPMN 2.0 instead of those of its draft."""
    return _spaces(sheet, lambda uri: BPMN if uri in EARLIER else _DRAFT_DRAWING.sub(_drawing, uri))


def _drawing(found: re.Match[str]) -> str:
    return f"http://www.omg.org/spec/{found[1]}/20100524/{found[2]}"


def not_here(sheet: Sheet, task: Task) -> bool:
    """X18: what nobody knows at its place goes."""
    found = [
        each for each in sheet.root.everything() if each.get("id") and each.get("id") == task.finding.element
    ]
    for each in found[:1]:
        sheet.drop(each)
    return bool(found)


def _spaces(sheet: Sheet, read: Callable[[str], str]) -> bool:
    """Write every declared namespace as it is read; whether one changed."""
    changed = False
    for each in sheet.root.everything():
        for name, uri in each.attributes.items() if "xmlns" in each.head else ():
            if name.partition(":")[0] == "xmlns" and read(uri) != uri:
                each.set(name, read(uri))
                changed = True
    return changed
