"""Correlation keys: the values by which a message finds its case, read from its payload by expressions."""

import re
from collections.abc import Iterator

from lxml import etree

from engine.process.doctor import conditions, dialects
from engine.process.doctor.definitions import Definitions
from engine.process.doctor.loading import BPMN, local
from engine.process.doctor.model import Bundle

MOST = 8
"""Properties of one message that count: a message may carry any part of them."""

_ID = re.compile(r"(?!dr_)[A-Za-z_][\w.\-]{0,199}")


def read(bundle: Bundle, definitions: Definitions, root: etree._Element) -> None:
    """Keep what the engine can read of the correlation properties of a file."""
    for (key, message), text in definitions.keys(root).items():
        expression = conditions.unwrapped(text)
        if not conditions.usable(expression):
            expression = dialects.read(text) or ""
        several = sum(1 for _, other in bundle.keys if other == message)
        if expression and conditions.usable(expression) and _ID.fullmatch(key) and several < MOST:
            bundle.keys.setdefault((key, message), expression)


def names(bundle: Bundle) -> frozenset[str]:
    """The names that the expressions read: what a case throws carries them only if its data keep them."""
    return frozenset[str]().union(*(conditions.names(each) for each in bundle.keys.values()))


def left_out(bundle: Bundle, root: etree._Element) -> Iterator[str]:
    """K03: names of keys and properties of a file that nothing was kept of."""
    kept = {key for key, _ in bundle.keys}
    for each in root.iter(f"{{{BPMN}}}correlationKey", f"{{{BPMN}}}correlationProperty"):
        refs = [
            str(part.text or "").strip().rpartition(":")[2] for part in each if local(part).endswith("Ref")
        ]
        own = [str(each.get("id") or "")]
        if not kept.intersection(refs if local(each) == "correlationKey" else own):
            yield " ".join(str(each.get("name") or "").split()) or own[0] or "–"
