"""What an agreement says, field by field: reading what was typed, the fingerprint that is signed, the difference."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import isodate
import orjson

from engine import calendars
from engine.calendars import TooFar
from engine.errors import Invalid, Refusal
from engine.lengths import NotALength

ANY_DAY = datetime(2026, 1, 1, tzinfo=UTC)

TERMS = {
    "deliverable": "text",
    "ready": "list",
    "acceptance": "list",
    "promise_time": "duration",
    "deliver_time": "duration",
    "target": "number",
    "capacity": "number",
    "rework": "number",
    "acceptance_window": "duration",
    "escalation": "text",
    "consequence": "text",
    "valid_from": "day",
    "valid_to": "day",
    "review_on": "day",
}
"""What an agreement says, field by field, in the order it is read; times are ISO 8601 durations in work time."""


class Required(Refusal):
    """This is needed."""


class NotADuration(Refusal):
    """Write the time like P2D (two work days) or PT4H (four work hours)."""


class NotANumber(Refusal):
    """Give a whole number."""


class NotADay(Refusal):
    """Give a day like 2026-12-01."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of two wordings beside each other."""

    field: str
    before: Any
    after: Any

    @property
    def changed(self) -> bool:
        """Whether the two differ."""
        return bool(self.before != self.after)

    @property
    def added(self) -> list[Any]:
        """What a list has gained."""
        return [item for item in self.after or [] if item not in (self.before or [])]

    @property
    def removed(self) -> list[Any]:
        """What a list has lost."""
        return [item for item in self.before or [] if item not in (self.after or [])]


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Two wordings field by field; fields that neither fills are left out."""
    return [
        Difference(field, old.get(field), new.get(field))
        for field in TERMS
        if old.get(field) is not None or new.get(field) is not None
    ]


def clean(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Terms as they are stored and signed: known fields only, lists without empty lines. Raises Invalid."""
    errors: dict[str, Refusal] = {}
    terms: dict[str, Any] = {}
    for field, kind in TERMS.items():
        try:
            value = _read(kind, raw.get(field))
        except Refusal as refusal:
            errors[field] = refusal
            continue
        if value is not None:
            terms[field] = value
    for field in ("deliverable", "deliver_time"):
        if field not in terms and field not in errors:
            errors[field] = Required()
    if errors:
        raise Invalid(errors)
    return terms


def fingerprint(terms: Mapping[str, Any]) -> str:
    """SHA-256 of the terms in canonical JSON: what a signature is given over."""
    return hashlib.sha256(orjson.dumps(dict(terms), option=orjson.OPT_SORT_KEYS)).hexdigest()


def _read(kind: str, raw: Any) -> Any:
    """One term as it is stored: None when it says nothing."""
    if kind == "list":
        lines = raw.splitlines() if isinstance(raw, str) else [str(line) for line in raw or ()]
        return [line.strip() for line in lines if line.strip()] or None
    text = "" if raw is None else str(raw).strip()
    if not text:
        return None
    return READERS[kind](text)


def _duration(text: str) -> str:
    try:
        isodate.parse_duration(text)
        calendars.ORGANIZATION.add(ANY_DAY, text.upper())  # what nobody can wait for is refused here
    except (isodate.ISO8601Error, ValueError, NotALength, TooFar) as error:
        raise NotADuration from error
    return text.upper()


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise NotANumber
    return int(text)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise NotADay from error


READERS: dict[str, Callable[[str], Any]] = {
    "text": str,
    "duration": _duration,
    "number": _number,
    "day": _day,
}
