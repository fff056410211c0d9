"""From what a page sent to typed answers. Only what the form asks is taken; everything else is refused.

``raw`` holds lists of texts by field name, as a browser sends them; cells of lines are called
``lines-0-product``. Of the page's own controls only `CONTROLS` are passed over.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.errors import Invalid, Refusal
from engine.ports import Known
from engine.process import expressions
from engine.process.forms import kinds, numbers, refusals
from engine.process.forms.model import CONTROLS, Field, Form

MAX_NAMES = 5_000
MAX_TYPED = 20_000
MAX_TEXTS = 500
MAX_ROWS = 200
CELL = re.compile(r"([A-Za-z][A-Za-z0-9_]*)-([0-9]{1,4})-([A-Za-z][A-Za-z0-9_]*)")

Raw = Mapping[str, Sequence[str]]


def read(form: Form, raw: Raw, *, known: Known | None = None, now: datetime | None = None) -> dict[str, Any]:
    """The answers, JSON-ready, one for every field: None where nothing was typed or the field is not asked.

    Raises `Invalid` with a refusal for each field that is wrong; a cell is named like ``lines-0-product``.
    """
    _refuse_strangers(form, raw)
    reading = _Reading(raw, known, now)
    answers: dict[str, Any] = {}
    for field in form.fields:
        answers[field.key] = reading.answer(field, answers)
    if reading.errors:
        raise Invalid(reading.errors)
    return answers


def asked(form: Form, raw: Raw, *, now: datetime | None = None) -> frozenset[str]:
    """The keys of the fields to show for what has been typed so far, however wrong it still is."""
    reading = _Reading(raw, None, now)
    answers: dict[str, Any] = {}
    for field in form.fields:
        answers[field.key] = reading.answer(field, answers)
    return frozenset(form.names - reading.hidden)


def preview(form: Form, raw: Raw, *, now: datetime | None = None) -> dict[str, Any]:
    """The answers so far, however wrong the rest is: None where one is missing. What is computed is worked out."""
    reading = _Reading(raw, None, now)
    answers: dict[str, Any] = {}
    for field in form.fields:
        answers[field.key] = reading.answer(field, answers)
    return answers


def draft(form: Form, raw: Mapping[str, Any]) -> dict[str, list[str]]:
    """What was typed, unchecked but harmless: only names the form asks, only text, each up to 20,000 characters."""
    kept = [name for name in raw if isinstance(name, str) and _of(form, name)][:MAX_NAMES]
    return {name: [_storable(text) for text in _typed(raw, name, blanks=True)][:MAX_TEXTS] for name in kept}


def _storable(text: str) -> str:
    """Text that every database takes."""
    return text[:MAX_TYPED].replace("\0", "").encode("utf-8", "ignore").decode()


def _of(form: Form, name: str) -> bool:
    """Whether a submitted name belongs to a field or a cell of the form that people fill in."""
    field = form.field(name)
    if field is not None:
        return field.type not in ("lines", "computed")
    cell = CELL.fullmatch(name)
    lines = form.field(cell[1]) if cell else None
    column = lines.column(cell[3]) if cell and lines else None
    return column is not None and column.type != "computed"


def _refuse_strangers(form: Form, raw: Raw) -> None:
    if len(raw) > MAX_NAMES:
        raise Invalid({"": refusals.TooMany(max=MAX_NAMES)})
    strangers = [
        str(name)[:60] for name in set(raw) - CONTROLS if not isinstance(name, str) or not _of(form, name)
    ]
    if strangers:
        raise Invalid({name: refusals.UnknownField(field=name, name=name) for name in sorted(strangers)[:20]})


def _typed(raw: Mapping[str, Any], name: str, *, blanks: bool = False) -> list[str]:
    """The texts sent under a name, trimmed; without empty ones unless ``blanks``."""
    sent = raw.get(name, ())
    texts = [sent] if not isinstance(sent, list | tuple) else sent
    found = ["" if text is None else str(text) for text in texts]
    return found if blanks else [text.strip() for text in found if text.strip()]


@dataclass(slots=True)
class _Reading:
    """One going through a form from top to bottom: each answer may depend on those above it."""

    raw: Raw
    known: Known | None
    now: datetime | None
    errors: dict[str, Refusal] = dataclass_field(default_factory=dict)
    hidden: set[str] = dataclass_field(default_factory=set)

    def answer(self, field: Field, above: Mapping[str, Any], name: str | None = None) -> Any:
        """The answer to a field, or to the cell ``name`` of a column; what is wrong with it goes to ``errors``."""
        name = name or field.key
        if not self.asks(field, above):
            self.hidden.add(name)
            return None
        if field.type == "computed":
            return self.computed(field, above)
        if field.type == "lines":
            return self.lines(field, above)
        try:
            return self.typed(field, name)
        except Refusal as refusal:
            refusal.field = name
            self.errors[name] = refusal
            return None

    def asks(self, field: Field, above: Mapping[str, Any]) -> bool:
        """Whether a field's condition holds. A condition over something not answered yet does not."""
        try:
            return field.when is None or bool(expressions.evaluate(field.when, above, now=self.now))
        except expressions.ExpressionRefused:
            return False

    def typed(self, field: Field, name: str) -> Any:
        """What was typed into one place, as its type. Raises the refusal that fits."""
        texts = _typed(self.raw, name)
        if not texts and field.required:
            raise refusals.Required
        if len(texts) > MAX_TEXTS or any(len(text) > MAX_TYPED for text in texts):
            raise refusals.TooLong(max=MAX_TYPED)
        if not texts:
            return [] if field.type == "choices" else None
        return kinds.value(field, texts, self.known, self.now)

    def computed(self, field: Field, above: Mapping[str, Any]) -> Any:
        """A computed field's value; None while something it needs is missing."""
        try:
            return _plain(expressions.evaluate(field.expression or "None", above, now=self.now))
        except expressions.ExpressionRefused:
            return None

    def lines(self, field: Field, above: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of lines in the order of their numbers; rows left empty do not count."""
        rows = [row for row in _numbered(field, self.raw) if self.filled(field, row)]
        least = int(field.min) if isinstance(field.min, int | float) else int(field.required)
        most = int(field.max) if isinstance(field.max, int | float) else MAX_ROWS
        if not rows and field.required:
            self.errors[field.key] = refusals.Required(field=field.key)
        elif rows and len(rows) < least:
            self.errors[field.key] = refusals.TooFew(field=field.key, min=least)
        elif len(rows) > most:
            self.errors[field.key] = refusals.TooMany(field=field.key, max=most)
            return []
        return [self.row(field, row, above) for row in rows]

    def filled(self, field: Field, row: int) -> bool:
        return any(_typed(self.raw, f"{field.key}-{row}-{column.key}") for column in field.columns)

    def row(self, field: Field, row: int, above: Mapping[str, Any]) -> dict[str, Any]:
        """One row: a column sees the fields above the lines and the columns before it."""
        cells: dict[str, Any] = {}
        for column in field.columns:
            cells[column.key] = self.answer(column, {**above, **cells}, f"{field.key}-{row}-{column.key}")
        return cells


def _numbered(field: Field, raw: Raw) -> list[int]:
    """The numbers of the rows that were sent."""
    cells = filter(None, map(CELL.fullmatch, raw))
    return sorted({int(cell[2]) for cell in cells if cell[1] == field.key})


def _plain(value: Any) -> Any:
    """A computed value as JSON: numbers without the noise of binary fractions, dates as ISO text."""
    if isinstance(value, float | Decimal):
        return numbers.plain(Decimal(str(round(value, 6))))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
