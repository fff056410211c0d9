"""What an agreement says, field by field: reading what was typed, the fingerprint that is signed, the difference."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import SequenceMatcher
from typing import Any

import isodate
import orjson

from engine import calendars
from engine.calendars import TooFar
from engine.errors import Invalid, Refusal
from engine.lengths import NotALength
from engine.sales import cases

ANY_DAY = datetime(2026, 1, 5, 8, tzinfo=UTC)

TERMS = {
    "deliverable": "text",
    "ready": "list",
    "acceptance": "list",
    "promise_time": "duration",
    "deliver_time": "duration",
    "table": "table",
    "target": "number",
    "capacity": "number",
    "capacity_week": "number",
    "pause_reasons": "list",
    "rework": "number",
    "accepts": "choice",
    "acceptance_window": "duration",
    "buffer": "duration",
    "steps": "steps",
    "escalation": "text",
    "consequence": "text",
    "in_flight": "choice",
    "notice": "duration",
    "valid_from": "day",
    "valid_to": "day",
    "review_on": "day",
}
"""What an agreement says, field by field, in the order it is read; times are ISO 8601 durations in work time."""

CHOICES = {"accepts": ("at_once", "consumer"), "in_flight": ("old", "new")}
"""What may be chosen; the first is meant where nothing is said, and is not written down."""

WHO = ("provider_head", "consumer_head", "common_manager", "director")
HOW = ("notice", "task")

RANGES = {"target": (1, 100), "capacity": (1, 10_000), "capacity_week": (1, 10_000), "rework": (0, 100)}
MAY_BE_NOTHING = frozenset({"buffer", "notice"})
"""Lengths of time that may be none at all."""

LONGEST_TEXT, LONGEST_LINE, MOST_LINES, MOST_STEPS = 4000, 500, 50, 10


class Required(Refusal):
    """This is needed."""


class NotADuration(Refusal):
    """Write the time like P2D (two work days) or PT4H (four work hours)."""


class NoTimeAtAll(Refusal):
    """Give more than no time at all."""


class NotANumber(Refusal):
    """Give a whole number."""


class OutOfRange(Refusal):
    """Give a number from %(least)s to %(most)s."""


class NotADay(Refusal):
    """Give a day like 2026-12-01."""


class EndsBeforeItBegins(Refusal):
    """It must end after the day on which it begins, %(day)s."""


class ReviewedOutside(Refusal):
    """Choose a day of review while it is in force: after it begins and not after it ends."""


class NotAChoice(Refusal):
    """Choose one of: %(choices)s."""


class OnlyWhenAccepted(Refusal):
    """Silence can be acceptance only where the receiver accepts what is delivered. Choose that, or leave this empty."""


class StepUnreadable(Refusal):
    """Step %(step)s needs a time after the due time (P1D, PT4H, or -PT4H for before it), who is told, and how."""


class TooMuch(Refusal):
    """This is too long: at most %(most)s."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, or a step, in two wordings; None where one of them has none."""

    before: Any
    after: Any

    @property
    def changed(self) -> bool:
        """Whether the two differ."""
        return bool(self.before != self.after)


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
        return [item for item in _items(self.after) if item not in _items(self.before)]

    @property
    def removed(self) -> list[Any]:
        """What a list has lost."""
        return [item for item in _items(self.before) if item not in _items(self.after)]

    @property
    def rows(self) -> list[Row]:
        """Rows of a table, steps or lines beside each other, in order; what was put between moves nothing else."""
        return _aligned(_items(self.before), _items(self.after))


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Difference]:
    """Two wordings field by field; fields that neither fills are left out."""
    return [
        Difference(field, old.get(field), new.get(field))
        for field in TERMS
        if old.get(field) is not None or new.get(field) is not None
    ]


def clean(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Terms as they are stored and signed: known fields only, nothing empty, nothing that goes without saying.

    Lists may come as lines of text, tables and steps as JSON. Raises Invalid with a refusal for each wrong field.
    """
    errors: dict[str, Refusal] = {}
    terms: dict[str, Any] = {}
    for field, kind in TERMS.items():
        try:
            value = READERS[kind](field, raw.get(field))
        except Refusal as refusal:
            errors[field] = refusal
            continue
        if value is not None:
            terms[field] = value
    errors = {**dict(_together(terms)), **errors}
    if errors:
        raise Invalid(errors)
    return terms


def fingerprint(terms: Mapping[str, Any]) -> str:
    """SHA-256 of the terms in canonical JSON: what a signature is given over."""
    return hashlib.sha256(orjson.dumps(dict(terms), option=orjson.OPT_SORT_KEYS)).hexdigest()


def said_for(
    terms: Mapping[str, Any], facts: Mapping[str, Any], now: datetime
) -> tuple[str | None, str | None, int | None]:
    """Time to promise and to deliver for these facts, and which row of the table said so (from 0; None: the plain times).

    A table that cannot answer (a fact is missing or of another type) says nothing: a hand-off never fails for it.
    """
    promise, deliver = terms.get("promise_time"), terms.get("deliver_time")
    table = terms.get("table")
    row = cases.row_for(table, facts, now) if table else None
    if table is None or row is None:
        return promise, deliver, None
    said = table["rules"][row]
    return said.get("promise_time") or promise, said.get("deliver_time") or deliver, row


# ------------------------------------------------------------------------------------------------ reading a field


def _together(terms: Mapping[str, Any]) -> list[tuple[str, Refusal]]:
    """What is wrong only because of another field."""
    found: list[tuple[str, Refusal]] = [
        (field, Required()) for field in ("deliverable", "deliver_time") if field not in terms
    ]
    begins, ends, review = (terms.get(field) for field in ("valid_from", "valid_to", "review_on"))
    if begins and ends and ends <= begins:
        found.append(("valid_to", EndsBeforeItBegins(day=begins)))
    if review and ((begins and review <= begins) or (ends and review > ends)):
        found.append(("review_on", ReviewedOutside()))
    if "acceptance_window" in terms and terms.get("accepts") != "consumer":
        found.append(("acceptance_window", OnlyWhenAccepted()))
    return found


def _list(_field: str, raw: Any) -> list[str] | None:
    lines = raw.splitlines() if isinstance(raw, str) else [str(line) for line in raw or ()]
    found = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    if len(found) > MOST_LINES or any(len(line) > LONGEST_LINE for line in found):
        raise TooMuch(most=MOST_LINES if len(found) > MOST_LINES else LONGEST_LINE)
    return found or None


def _words(raw: Any) -> str:
    return "" if raw is None else str(raw).strip()


def _text(_field: str, raw: Any) -> str | None:
    text = _words(raw)
    if len(text) > LONGEST_TEXT:
        raise TooMuch(most=LONGEST_TEXT)
    return text or None


def _duration(field: str, raw: Any) -> str | None:
    text = _words(raw).upper()
    if not text:
        return None
    if field not in MAY_BE_NOTHING and not _reach(text):
        raise NoTimeAtAll
    _reach(text)
    return text


def _reach(text: str) -> bool:
    """Whether a length of work time is more than none. Raises NotADuration also for what nobody can wait for."""
    try:
        isodate.parse_duration(text)
        return calendars.ORGANIZATION.add(ANY_DAY, text) > ANY_DAY
    except (isodate.ISO8601Error, ValueError, OverflowError, NotALength, TooFar) as error:
        raise NotADuration from error


def _number(field: str, raw: Any) -> int | None:
    text = _words(raw)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise NotANumber
    least, most = RANGES[field]
    if not least <= int(text) <= most:
        raise OutOfRange(least=least, most=most)
    return int(text)


def _day(_field: str, raw: Any) -> str | None:
    text = _words(raw)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise NotADay from error
    if not 2000 <= day.year < 2100:
        raise NotADay
    return day.isoformat()


def _choice(field: str, raw: Any) -> str | None:
    text, known = _words(raw), CHOICES[field]
    if text and text not in known:
        raise NotAChoice(choices=", ".join(known))
    return text if text and text != known[0] else None


def _table(_field: str, raw: Any) -> dict[str, Any] | None:
    return cases.clean(_structure(raw), time=lambda text: _duration("deliver_time", text))


def _steps(_field: str, raw: Any) -> list[dict[str, str]] | None:
    given = _structure(raw) or []
    if not isinstance(given, list):
        raise StepUnreadable(step=1)
    if len(given) > MOST_STEPS:
        raise TooMuch(most=MOST_STEPS)
    found = [_step(number, each) for number, each in enumerate(given, start=1)]
    return sorted(found, key=_when) or None


def _step(number: int, raw: Any) -> dict[str, str]:
    given = raw if isinstance(raw, Mapping) else {}
    after, who, how = (_words(given.get(name)) for name in ("after", "who", "how"))
    after = after.upper()
    try:
        _reach(after.removeprefix("-"))
    except NotADuration as refusal:
        raise StepUnreadable(step=number) from refusal
    if who not in WHO or how not in HOW:
        raise StepUnreadable(step=number)
    return {"after": after, "who": who, "how": how}


def _when(step: Mapping[str, str]) -> float:
    """Where a step lies on the line of time: steps are taken in order."""
    plain = step["after"].removeprefix("-")
    worked = calendars.ORGANIZATION.between(ANY_DAY, calendars.ORGANIZATION.add(ANY_DAY, plain))
    return worked.total_seconds() * (-1 if step["after"].startswith("-") else 1)


def _structure(raw: Any) -> Any:
    """A table or steps as data; a form sends them as JSON. Raises NotData."""
    if not isinstance(raw, str):
        return raw
    try:
        return orjson.loads(raw) if raw.strip() else None
    except orjson.JSONDecodeError as error:
        raise cases.NotATable from error


READERS: dict[str, Callable[[str, Any], Any]] = {
    "text": _text,
    "list": _list,
    "duration": _duration,
    "number": _number,
    "day": _day,
    "choice": _choice,
    "table": _table,
    "steps": _steps,
}
"""How a field of each kind is read: None when it says nothing."""


# ------------------------------------------------------------------------------------------------ beside each other


def _items(value: Any) -> list[Any]:
    """The lines, steps or rows of a value."""
    if isinstance(value, Mapping):
        return list(value.get("rules", ()))
    return list(value) if isinstance(value, list) else []


def _aligned(old: list[Any], new: list[Any]) -> list[Row]:
    rows: list[Row] = []
    for _, a, b, c, d in SequenceMatcher(None, _keys(old), _keys(new), autojunk=False).get_opcodes():
        left, right = old[a:b], new[c:d]
        length = max(len(left), len(right))
        left, right = [*left, *[None] * (length - len(left))], [*right, *[None] * (length - len(right))]
        rows += [Row(before, after) for before, after in zip(left, right, strict=True)]
    return rows


def _keys(rows: list[Any]) -> list[bytes]:
    return [orjson.dumps(each, option=orjson.OPT_SORT_KEYS) for each in rows]
