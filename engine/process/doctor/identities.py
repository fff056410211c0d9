"""The ids that steps and flows of a bundle go by: those of the upload wherever they can be."""

import re
from dataclasses import dataclass, field

from lxml import etree

from engine.process.doctor.findings import Ledger
from engine.process.doctor.loading import local
from engine.process.doctor.model import Bundle, Link, Node, Process

_RESERVED = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
_RESERVED_ENDS = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin", " [child]")
_ID = re.compile(r"[A-Za-z_][\w.\-]{0,199}")


@dataclass(slots=True)
class Identities:
    """The ids of one file."""

    ledger: Ledger
    bundle: Bundle
    taken: set[str] = field(default_factory=set)

    def give(
        self, process: Process, about: Node | Link, element: etree._Element, *, body: bool = False
    ) -> str:
        """The id an element goes by: its own, or a new one after a finding."""
        given = str(element.get("id") or "").strip()
        code = self._objection(given, body, is_step=isinstance(about, Node))
        if code is None:
            self._take(given, body)
            return given
        made = self.bundle.fresh(local(element))
        self._take(made, body)
        self.ledger.say(code, process.source, about, element=given or None, id=given)
        return made

    def _objection(self, given: str, body: bool, *, is_step: bool) -> str | None:
        if not given:
            return "I01"
        if is_step and (given in _RESERVED or given.endswith(_RESERVED_ENDS)):
            return "I02"
        if not _ID.fullmatch(given) or given.startswith("dr_"):
            return "I03"
        if given in self.taken or (body and given in self.bundle.bodies):
            return "I04"
        return None

    def _take(self, key: str, body: bool) -> None:
        self.taken.add(key)
        self.bundle.ids.add(key)
        if body:
            self.bundle.bodies.add(key)
