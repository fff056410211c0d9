"""What was typed, by the type of its field: into JSON-ready values, or a refusal that says what is wrong.

| type | answer |
|---|---|
| text, paragraph, email, phone, tax_id, file, choice, currency, stage | text |
| number, integer, money, percent | int, or float where it has decimals (money at most two; percent 12.5 is 12.5 %) |
| date, datetime | ISO text; a moment in UTC, typed in the organization's zone |
| yes_no | true or false |
| person, department, client, contact, product | the number of a row |
| choices | list of texts |

Money stays a plain number so that expressions compare it; tables turn it into a Decimal by ``Decimal(str(answer))``.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from email_validator import EmailNotValidError, validate_email
from stdnum.exceptions import ValidationError
from stdnum.pl import nip

from engine.calendars import HOME
from engine.ports import Known
from engine.process import expressions
from engine.process.forms import numbers, refusals
from engine.process.forms.model import DATES, NUMBERS, REFERENCES, Field

LENGTHS = {"text": 300, "paragraph": 10_000, "file": 200, "email": 254, "phone": 40, "tax_id": 40}
LARGEST = 10**12
CURRENCIES = ("PLN", "EUR", "USD", "GBP", "CZK", "CHF", "NOK", "SEK", "DKK")
YES, NO = frozenset({"yes", "true", "on", "1", "tak"}), frozenset({"no", "false", "off", "0", "nie"})
DECIMALS = {"money": 2, "percent": 4, "number": 6, "integer": 0}


def value(field: Field, typed: list[str], known: Known | None, now: datetime | None) -> Any:
    """The answer to a field that was filled in. Raises the refusal that fits."""
    if field.type == "choices":
        return _choices(field, typed)
    if field.type in NUMBERS:
        return _number(field, typed[0])
    if field.type in REFERENCES:
        return _reference(field, typed[0], known)
    if field.type in DATES:
        return _time(field, typed[0], now)
    return _OTHERS[field.type](field, typed[0])


def _text(field: Field, typed: str) -> str:
    """Text of a sensible length without control characters."""
    text = typed.replace("\r\n", "\n").replace("\r", "\n")
    if field.type != "paragraph":
        text = " ".join(text.split())
    longest = int(field.max) if isinstance(field.max, int | float) else LENGTHS[field.type]
    if len(text) > longest:
        raise refusals.TooLong(max=longest)
    if isinstance(field.min, int | float) and len(text) < field.min:
        raise refusals.TooShort(min=int(field.min))
    if any((ord(sign) < 32 and sign not in "\n\t") or 0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        raise refusals.NotText
    return text


def _email(field: Field, typed: str) -> str:
    try:
        return validate_email(_text(field, typed), check_deliverability=False).normalized
    except EmailNotValidError:
        raise refusals.NotAnEmail from None


def _phone(field: Field, typed: str) -> str:
    text = _text(field, typed)
    digits = re.sub(r"[\s()/.-]", "", text)
    if not re.fullmatch(r"\+?[0-9]{6,15}", digits):
        raise refusals.NotAPhone
    return digits


def _tax_id(field: Field, typed: str) -> str:
    try:
        return str(nip.validate(_text(field, typed)))
    except ValidationError:
        raise refusals.NotATaxId from None


def _file(field: Field, typed: str) -> str:
    """The name of a file, without the folders it lay in."""
    name = re.split(r"[/\\]", _text(field, typed))[-1]
    if name in ("", ".", ".."):
        raise refusals.NotText
    return name


def _choice(field: Field, typed: str) -> str:
    if typed not in {option.value for option in field.options}:
        raise refusals.NotAnOption
    return typed


def _choices(field: Field, typed: list[str]) -> list[str]:
    chosen = list(dict.fromkeys(_choice(field, one) for one in typed))
    if isinstance(field.min, int | float) and len(chosen) < field.min:
        raise refusals.TooFew(min=int(field.min))
    if isinstance(field.max, int | float) and len(chosen) > field.max:
        raise refusals.TooMany(max=int(field.max))
    return chosen


def _currency(field: Field, typed: str) -> str:
    offered = [option.value for option in field.options] or CURRENCIES
    if typed.upper() not in offered:
        raise refusals.NotAnOption
    return typed.upper()


def _yes_no(_field: Field, typed: str) -> bool:
    if typed.lower() not in YES | NO:
        raise refusals.NotAnOption
    return typed.lower() in YES


def _number(field: Field, typed: str) -> int | float:
    digits = DECIMALS[field.type]
    number = numbers.parse(typed, digits=digits)
    if number != round(number, digits):
        raise refusals.TooPrecise(digits=digits) if digits else refusals.NotWhole()
    lowest = Decimal(str(field.min)) if isinstance(field.min, int | float) else Decimal(-LARGEST)
    highest = Decimal(str(field.max)) if isinstance(field.max, int | float) else Decimal(LARGEST)
    if number < lowest:
        raise refusals.TooSmall(min=lowest)
    if number > highest:
        raise refusals.TooBig(max=highest)
    return numbers.plain(number)


def _reference(field: Field, typed: str, known: Known | None) -> int | str:
    """The number of a row that exists, where somebody can say so; the key of a stage."""
    if field.options:
        return _choice(field, typed)
    if field.type == "stage":
        return _text(Field(field.key, "text", max=100), typed)
    if not re.fullmatch(r"[1-9][0-9]{0,17}", typed):
        raise refusals.NotThere
    if known is not None and not known.exists(field.type, int(typed)):
        raise refusals.NotThere
    return int(typed)


def _time(field: Field, typed: str, now: datetime | None) -> str:
    """A day, or a moment, within its bounds; a day may also be written 24.11.2026."""
    local = re.sub(
        r"^(\d{1,2})\.(\d{1,2})\.(\d{4})", lambda found: "{2}-{1:0>2}-{0:0>2}".format(*found.groups()), typed
    )
    moment = field.type == "datetime"
    try:
        found: Any = datetime.fromisoformat(local) if moment else date.fromisoformat(local)
    except ValueError:
        raise refusals.NotATime() if moment else refusals.NotADate() from None
    if not 1900 <= found.year <= 2200 or (moment and len(local) <= 10):
        raise refusals.NotATime() if moment else refusals.NotADate()
    if moment:
        found = (found if found.tzinfo else found.replace(tzinfo=HOME)).astimezone(UTC)
    lowest, highest = (_bound(field, bound, now) for bound in (field.min, field.max))
    if lowest and found < lowest:
        raise refusals.TooEarly(min=_shown(lowest))
    if highest and found > highest:
        raise refusals.TooLate(max=_shown(highest))
    return str(found.isoformat())


def _bound(field: Field, source: Any, now: datetime | None) -> Any:
    return expressions.evaluate(f"{field.type}({source})", {}, now=now) if source else None


def _shown(bound: Any) -> str:
    return f"{bound.astimezone(HOME):%Y-%m-%d %H:%M}" if isinstance(bound, datetime) else str(bound)


_OTHERS: dict[str, Callable[[Field, str], Any]] = {
    "text": _text,
    "paragraph": _text,
    "email": _email,
    "phone": _phone,
    "tax_id": _tax_id,
    "file": _file,
    "choice": _choice,
    "currency": _currency,
    "yes_no": _yes_no,
}
