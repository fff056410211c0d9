"""Forms as JSON: what they may say, read into frozen values and checked once.

A form has ``key``, ``title``, ``intro`` and ``fields``. A field has a ``key``, a ``type`` of `TYPES` and a ``label``;
further ``hint``, ``required``, ``max``, ``min``, ``options``, ``binds``, ``when``, ``columns``, ``unit``, ``default``,
``rows`` and, for a computed one, ``expression``. Labels are ``{"pl": …, "en": …}`` or one text for both languages.

``max`` and ``min`` count characters of a text, rows of lines and choices; they bound numbers; for dates they are
expressions, such as ``today()``. ``when`` and ``expression`` read fields above their own only (in a column: also the
columns before it), so that a form can be answered from top to bottom.
"""

import json
import keyword
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from engine.process import expressions
from engine.process.blueprint import Text
from engine.process.expressions import functions
from engine.process.forms.refusals import (
    BadExpression,
    BadKey,
    NotAForm,
    PartsMissing,
    ReadsLater,
    SameKey,
    TakenKey,
    UnknownProperty,
    UnknownType,
)

TEXTS = frozenset({"text", "paragraph", "email", "phone", "tax_id", "file"})
NUMBERS = frozenset({"number", "integer", "money", "percent"})
DATES = frozenset({"date", "datetime"})
CHOICES = frozenset({"choice", "choices"})
REFERENCES = frozenset({"person", "department", "client", "contact", "product", "stage"})
"""Types whose answer points to a row: its number, for a stage its key."""
TYPES = TEXTS | NUMBERS | DATES | CHOICES | REFERENCES | {"yes_no", "currency", "lines", "computed"}

NOTHING = Text()
MAX_SOURCE = 200_000
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
FORM_KEY = re.compile(r"[A-Za-z][\w./-]{0,99}")
PATH = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
CONTROLS = frozenset({"csrf_token", "key"})
"""What a page sends beside the answers: its token and the idempotency key of the command. Never fields."""
POISON = frozenset({"typename", *CONTROLS, *keyword.kwlist})
"""Keys that no expression could read, or that mean something to the engine or the page."""
CALLED = frozenset({*functions.FUNCTIONS, *functions.CLOCK})
"""Names that an expression takes for functions; a column may have one, for it is read as part of its line."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer a choice offers."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class Field:
    """One question. ``columns`` are the questions of each row of ``lines``; ``rows`` how many empty ones to show."""

    key: str
    type: str
    label: Text = NOTHING
    hint: Text = NOTHING
    required: bool = False
    max: int | float | str | None = None
    min: int | float | str | None = None
    options: tuple[Option, ...] = ()
    binds: str | None = None
    """Where the answer belongs in the real tables: ``deal.amount``."""
    when: str | None = None
    """Asked only when this expression over the fields above holds."""
    columns: tuple["Field", ...] = ()
    unit: str | None = None
    default: Any = None
    """What the empty form shows; not an answer until it is sent."""
    rows: int | None = None
    expression: str | None = None

    def column(self, key: str) -> "Field | None":
        """One column of lines by its key."""
        return next((column for column in self.columns if column.key == key), None)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, without what is not said."""
        return _said(self)


@dataclass(frozen=True, slots=True)
class Form:
    """A form, checked. ``key`` is how diagrams call it."""

    key: str
    title: Text
    intro: Text = NOTHING
    fields: tuple[Field, ...] = ()

    def field(self, key: str) -> Field | None:
        """One field by its key."""
        return next((field for field in self.fields if field.key == key), None)

    @property
    def binds(self) -> dict[str, str]:
        """Keys of the fields whose answers belong in real tables, with their places."""
        return {field.key: field.binds for field in self.fields if field.binds}

    @property
    def names(self) -> frozenset[str]:
        """The names of the answers this form brings."""
        return frozenset(field.key for field in self.fields)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON that `load` reads back."""
        return _said(self)


def load(source: str | bytes) -> Form:
    """Read and check a form. Raises `FormWrong`, which names the field."""
    try:
        plain = json.loads(source, parse_constant=_no_such_number) if len(source) <= MAX_SOURCE else None
    except (ValueError, RecursionError):
        raise NotAForm from None
    return from_json(plain)


def _no_such_number(name: str) -> None:
    raise ValueError(name)


def from_json(plain: Any) -> Form:
    """The form that plain JSON describes. Raises `FormWrong`."""
    if not isinstance(plain, dict) or not isinstance(plain.get("fields"), list) or set(plain) - _names(Form):
        raise NotAForm
    key = plain.get("key")
    if not isinstance(key, str) or not FORM_KEY.fullmatch(key):
        raise NotAForm
    found = _fields(key, plain["fields"], frozenset())
    return Form(
        key, _text(key, "title", plain.get("title")), _text(key, "intro", plain.get("intro", "")), found
    )


def choice_form(
    key: str, title: Text, field: str, options: Iterable[tuple[str, Text]], many: bool = False
) -> Form:
    """A form that asks for one choice (or ``many``): for a gateway whose ways out have no conditions."""
    offered = tuple(Option(value, label) for value, label in options)
    asked = Field(field, "choices" if many else "choice", title, required=True, options=offered)
    return Form(key, title, fields=(asked,))


def _said(value: "Form | Field | Option") -> dict[str, Any]:
    """A frozen value as plain JSON, leaving out what is not said (a default of False is said)."""
    parts = {part.name: getattr(value, part.name) for part in fields(value)}
    said = {name: part for name, part in parts.items() if name == "default" or part is not False}
    return {
        name: _json(part) for name, part in said.items() if part is not None and part not in ((), NOTHING)
    }


def _json(part: Any) -> Any:
    if isinstance(part, Text):
        return {"pl": part.pl, "en": part.en}
    return [_said(item) for item in part] if isinstance(part, tuple) else part


def _names(cls: type[Form] | type[Field]) -> frozenset[str]:
    return frozenset(part.name for part in fields(cls))


def _text(form: str, field: str, value: Any) -> Text:
    """A label in both languages, from ``{"pl", "en"}`` or from one text for both."""
    if isinstance(value, str):
        return Text(pl=value, en=value)
    if (
        isinstance(value, dict)
        and set(value) <= {"pl", "en"}
        and all(isinstance(part, str) for part in value.values())
    ):
        return Text(**value)
    raise PartsMissing(form=form, name=field, what="pl, en")


def _fields(form: str, plain: Any, above: frozenset[str], *, column: bool = False) -> tuple[Field, ...]:
    """Fields in order, each of which may read the keys in ``above`` and those before it."""
    found: list[Field] = []
    for described in plain:
        field = _field(form, described, above, column=column)
        if field.key in {other.key for other in found}:
            raise SameKey(form=form, name=field.key)
        found.append(field)
        above |= {field.key}
    return tuple(found)


def _field(form: str, plain: Any, above: frozenset[str], *, column: bool) -> Field:
    key = plain.get("key") if isinstance(plain, dict) else None
    if not isinstance(key, str) or not KEY.fullmatch(key) or "__" in key:
        raise BadKey(form=form, name=str(key)[:60])
    if key in POISON or (key in CALLED and not column):
        raise TakenKey(form=form, name=key)
    unknown = set(plain) - _names(Field)
    if unknown:
        raise UnknownProperty(form=form, name=key, what=", ".join(sorted(map(str, unknown))))
    kind = plain.get("type")
    if not isinstance(kind, str) or kind not in TYPES or (column and kind == "lines"):
        raise UnknownType(form=form, name=key, what=kind)
    _check_kinds(form, key, plain)
    for name in ("when", "expression"):
        _reads_above(form, key, plain.get(name), above)
    if kind in DATES:
        for name in ("min", "max"):
            _reads_above(form, key, plain.get(name), frozenset())
    said = {name: value for name, value in plain.items() if value is not None}
    worded = ("label", "hint", "options", "columns")
    return Field(
        **{name: value for name, value in said.items() if name not in worded},
        label=_text(form, key, said.get("label") or key),
        hint=_text(form, key, said.get("hint", "")),
        options=_options(form, key, said.get("options", [])),
        columns=_fields(form, said.get("columns", []), above, column=True),
    )


def _check_kinds(form: str, key: str, plain: Mapping[str, Any]) -> None:
    """Every property is of its kind, and what the type needs is there."""
    kind = plain["type"]
    bound = str if kind in DATES else (int, float)
    kinds: dict[str, Any] = {
        "required": bool,
        "binds": str,
        "when": str,
        "unit": str,
        "expression": str,
        "rows": int,
    }
    kinds |= {"options": list, "columns": list, "max": bound, "min": bound}
    for name, wanted in kinds.items():
        value = plain.get(name)
        if value is not None and (not isinstance(value, wanted) or (wanted is not bool and value is True)):
            raise UnknownProperty(form=form, name=key, what=name)
    if plain.get("binds") is not None and not PATH.fullmatch(plain["binds"]):
        raise UnknownProperty(form=form, name=key, what="binds")
    needs = {"choice": "options", "choices": "options", "lines": "columns", "computed": "expression"}.get(
        kind
    )
    if needs and not plain.get(needs):
        raise PartsMissing(form=form, name=key, what=needs)


def _reads_above(form: str, key: str, source: str | None, above: frozenset[str]) -> None:
    if source is None:
        return
    try:
        later = expressions.names(source) - above
    except (expressions.ExpressionRefused, TypeError) as refusal:
        raise BadExpression(form=form, name=key, what=refusal) from refusal
    if later:
        raise ReadsLater(form=form, name=key, what=", ".join(sorted(later)))


def _options(form: str, key: str, plain: list[Any]) -> tuple[Option, ...]:
    found: list[Option] = []
    for option in plain:
        option = {"value": option} if isinstance(option, str) else option
        value = option.get("value") if isinstance(option, dict) else None
        if not isinstance(value, str) or not 0 < len(value) <= 200 or set(option) - {"value", "label"}:
            raise PartsMissing(form=form, name=key, what="options")
        if value in {other.value for other in found}:
            raise SameKey(form=form, name=f"{key}: {value}")
        found.append(Option(value, _text(form, key, option.get("label", value))))
    return tuple(found)
