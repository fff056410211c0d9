"""Answers as people read them later: in histories, on the deal's page, in mails."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from engine import files
from engine.calendars import HOME
from engine.process.blueprint import Text
from engine.process.forms.model import NUMBERS, REFERENCES, Field, Form

YES, NO = Text(pl="tak", en="yes"), Text(pl="nie", en="no")

Names = Callable[[str, int], str | None]
"""What a row is called: its type (client, person…) and number to a name."""


def display(
    form: Form, answers: Mapping[str, Any], locale: str, *, names: Names | None = None
) -> list[tuple[str, str]]:
    """Labels and answers in ``pl`` or ``en``, in the form's order, without what was left empty.

    Without ``names`` a reference reads #12, and a file has its name only. A row of lines is a line of text.
    """
    shown = [(field, answers.get(field.key)) for field in form.fields]
    filled = [(field, answer) for field, answer in shown if answer not in (None, "", [])]
    return [(_label(field, locale), _shown(field, answer, locale, names)) for field, answer in filled]


def _label(field: Field, locale: str) -> str:
    return field.label.into(locale) or field.key


def _shown(field: Field, answer: Any, locale: str, names: Names | None) -> str:
    if field.type == "lines" and isinstance(answer, list):
        return "\n".join(_row(field, row, locale, names) for row in answer)
    if isinstance(answer, list):
        return ", ".join(_shown(field, one, locale, names) for one in answer)
    if isinstance(answer, bool):
        return (YES if answer else NO).into(locale)
    if field.type in REFERENCES and isinstance(answer, int):
        return (names and names(field.type, answer)) or f"#{answer}"
    if isinstance(answer, int | float):
        return _with_unit(field, _number(answer, locale, money=field.type == "money"))
    if field.type == "file":
        return _file(str(answer), names)
    if field.type in ("date", "datetime"):
        return _time(str(answer), locale)
    return next(
        (option.label.into(locale) for option in field.options if option.value == answer), str(answer)
    )


def _file(answer: str, names: Names | None) -> str:
    named = files.NAMED.fullmatch(answer)
    return (named and names and names("file", int(named["id"]))) or files.name_in(answer)


def _row(field: Field, row: Mapping[str, Any], locale: str, names: Names | None) -> str:
    cells = [(column, row.get(column.key)) for column in field.columns]
    return "; ".join(
        f"{_label(column, locale)}: {_shown(column, cell, locale, names)}"
        for column, cell in cells
        if cell not in (None, "", [])
    )


def _number(number: float, locale: str, *, money: bool) -> str:
    """``1 240 000,50`` or ``1,240,000.50``."""
    text = f"{number:,.2f}" if money and number != int(number) else f"{number:,}"
    return text if locale == "en" else text.replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")


def _with_unit(field: Field, text: str) -> str:
    unit = field.unit or ("%" if field.type == "percent" else "")
    return f"{text}\N{NO-BREAK SPACE}{unit}" if unit and field.type in NUMBERS | {"computed"} else text


def _time(iso: str, locale: str) -> str:
    """``24.11.2026`` or ``2026-11-24``, a moment with the organization's time."""
    try:
        moment = datetime.fromisoformat(iso).astimezone(HOME) if len(iso) > 10 else None
        day = moment.date() if moment else date.fromisoformat(iso)
    except ValueError:
        return iso
    shown = day.isoformat() if locale == "en" else f"{day:%d.%m.%Y}"
    return f"{shown}, {moment:%H:%M}" if moment else shown
