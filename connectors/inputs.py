"""Reading what a diagram hands to a connector. Whatever does not fit is `Failed`, and says which input."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from engine.ports import Call, Failed

LONGEST = 20_000


def missing(name: str) -> Failed:
    """The failure of an input that is needed and is not there: diagrams catch it as ``DATA_MISSING``."""
    return Failed(f"“{name}” is missing", code="DATA_MISSING", permanent=True)


def wrong(name: str, why: str) -> Failed:
    """The failure of an input that cannot be right: trying again would not help."""
    return Failed(f"“{name}” {why}", code="BAD_INPUT", permanent=True)


def text(
    inputs: Mapping[str, Any], name: str, *, otherwise: str | None = None, longest: int = LONGEST
) -> str:
    """A text (numbers are written out). Without ``otherwise`` it must be there."""
    value = inputs.get(name)
    if value is None or value == "":
        if otherwise is None:
            raise missing(name)
        return otherwise
    if not isinstance(value, str | int | float | Decimal):
        raise wrong(name, "is not a text")
    if len(str(value)) > longest:
        raise wrong(name, f"is longer than {longest} signs")
    return str(value)


def number(inputs: Mapping[str, Any], name: str, *, otherwise: Decimal | None = None) -> Decimal:
    """A finite number. Without ``otherwise`` it must be there."""
    value = inputs.get(name)
    if value is None or value == "":
        if otherwise is None:
            raise missing(name)
        return otherwise
    try:
        found = Decimal(str(value))
    except InvalidOperation as error:
        raise wrong(name, "is not a number") from error
    if not found.is_finite() or abs(found) > Decimal(10**12):
        raise wrong(name, "is not a number that can be worked with")
    return found


def many(inputs: Mapping[str, Any], name: str, *, most: int = 500) -> list[Mapping[str, Any]]:
    """A list of records, perhaps empty."""
    value = inputs.get(name) or []
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise wrong(name, "is not a list of records")
    if len(value) > most:
        raise wrong(name, f"has more than {most} records")
    return list(value)


def unknown(call: Call) -> Failed:
    """The failure of an operation that the connector does not have."""
    return Failed(
        f"“{call.connector}” has no operation “{call.operation}”", code="UNKNOWN_OPERATION", permanent=True
    )
