"""Reading what somebody typed about a client, a contact or a lead: trimmed, checked, one refusal for each field."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from email_validator import EmailNotValidError, validate_email
from stdnum.exceptions import ValidationError
from stdnum.pl import nip

from engine.db import Base
from engine.errors import Invalid, NotAllowed, Refusal
from engine.people import Person
from engine.process.forms import refusals

Card = Mapping[str, str]
"""What was typed, by the name of the column; ``class_`` is called ``class``."""


def must_trade(by: Person) -> None:
    """Clients and leads are written by those who sell or direct. Raises NotAllowed."""
    if not by.has("employee", "director"):
        raise NotAllowed


def read(
    model: type[Base],
    card: Card,
    names: Iterable[str],
    *,
    required: Iterable[str] = (),
    choices: Mapping[str, Iterable[str]] | None = None,
) -> tuple[dict[str, Any], dict[str, Refusal]]:
    """The values of these columns (None where nothing was typed), and what is wrong with them."""
    values: dict[str, Any] = {}
    errors: dict[str, Refusal] = {}
    for name in names:
        try:
            values[name] = _one(model, name, str(card.get(name, "")), choices or {})
            if values[name] is None and name in required:
                raise refusals.Required(field=name)
        except Refusal as refusal:
            refusal.field = name
            errors[name] = refusal
    return values, errors


def refuse(errors: dict[str, Refusal]) -> None:
    """Raises Invalid if anything is wrong."""
    if errors:
        raise Invalid(errors)


def _one(model: type[Base], name: str, typed: str, choices: Mapping[str, Iterable[str]]) -> str | None:
    lines = name == "need"
    text = typed.replace("\r\n", "\n").strip() if lines else " ".join(typed.split())
    longest = getattr(model.__table__.c[name].type, "length", None) or 10_000
    if len(text) > longest:
        raise refusals.TooLong(max=longest)
    if any((ord(sign) < 32 and sign != "\n") or 0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        raise refusals.NotText
    if not text:
        return None
    if name in choices:
        if text not in choices[name]:
            raise refusals.NotAnOption
        return text
    return _KINDS.get(name, str)(text)


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise refusals.NotAnEmail from None


def _country(text: str) -> str:
    if len(text) != 2 or not text.isalpha():
        raise refusals.TooLong(max=2)
    return text.upper()


def tax_id(typed: str, country: str) -> str:
    """A tax number without spaces and dashes; a Polish one must pass its check. Raises NotATaxId."""
    if country != "PL":
        return "".join(sign for sign in typed.upper() if sign.isalnum())
    try:
        return str(nip.validate(typed))
    except ValidationError:
        raise refusals.NotATaxId(field="tax_id") from None


_KINDS: dict[str, Callable[[str], str]] = {"email": _email, "country": _country}
