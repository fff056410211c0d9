"""Findings: what is wrong with an upload, in whole sentences that name the element, and what can be done."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from engine.process.blueprint import Text
from engine.process.doctor import words
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.model import LaneRead, Link, Node

Severity = Literal["error", "warning", "hint", "mended"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the doctor noticed. ``id`` is stable: the same upload gives the same ids on every examination.

    *error* blocks deployment until its repair is accepted (or the diagram changed), *warning* does not block,
    *hint* is good to know, *mended* was put right without a change of meaning. ``element`` is an id of the upload.
    ``remedy`` says what to do, or what the repair will do.
    """

    id: str
    code: str
    severity: Severity
    diagram: str
    element: str | None
    name: str
    message: Text
    remedy: Text
    repairable: bool
    accepted: bool


class Ledger:
    """Collects findings and knows which repairs the designer accepted (``id`` or ``id=value``)."""

    def __init__(self, accepted: Collection[str] | Literal["all"]) -> None:
        self.findings: list[Finding] = []
        self._all = accepted == "all"
        self._values = dict(_split(each) for each in accepted) if not isinstance(accepted, str) else {}
        self._seen: Counter[str] = Counter()

    def say(
        self,
        code: str,
        diagram: str = "",
        about: Node | Link | LaneRead | None = None,
        *,
        element: str | None = None,
        **places: str | Text,
    ) -> bool:
        """Note a finding; True when the designer accepted its repair."""
        return self.ask(code, diagram, about, element=element, severity=None, **places) is not None

    def ask(
        self,
        code: str,
        diagram: str = "",
        about: Node | Link | LaneRead | None = None,
        *,
        element: str | None = None,
        severity: Severity | None = None,
        **places: str | Text,
    ) -> str | None:
        """Like `say`; the value the designer gave with the acceptance ('' for a plain one), None if not accepted."""
        entry = CATALOGUE[code]
        element = element or words.source(about) or None
        key = f"{code}:{diagram}:{element or ''}"
        self._seen[key] += 1
        if self._seen[key] > 1:
            key = f"{key}:{self._seen[key]}"
        value = self._value(key) if entry.repairable else None
        filled = {"it": words.called(about), "at": words.quoted(about), **places}
        self.findings.append(
            Finding(
                id=key,
                code=code,
                severity=severity or entry.severity,
                diagram=diagram,
                element=element,
                name=words.name(about),
                message=_fill(entry.message, filled),
                remedy=_fill(entry.remedy, filled),
                repairable=entry.repairable,
                accepted=value is not None,
            )
        )
        return value

    def _value(self, key: str) -> str | None:
        return self._values.get(key, "" if self._all else None)

    @property
    def blocked(self) -> bool:
        """Whether an error is left that nobody accepted a repair for."""
        return any(each.severity == "error" and not each.accepted for each in self.findings)


def _split(accepted: str) -> tuple[str, str]:
    key, _, value = accepted.partition("=")
    return key, value


def _fill(text: Text, places: dict[str, str | Text]) -> Text:
    polish = {key: each if isinstance(each, str) else each.pl for key, each in places.items()}
    english = {key: each if isinstance(each, str) else each.en for key, each in places.items()}
    return Text(_sentence(text.pl % polish), _sentence(text.en % english))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
