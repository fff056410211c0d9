"""Tables of a paper for other programs: a workbook with typed columns, and CSV that no spreadsheet takes for formulas."""

import csv as writing
import re
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO, StringIO
from math import isfinite
from typing import Any

from flask_babel import gettext, pgettext
from xlsxwriter import Workbook

from engine.calendars import HOME
from webapp import formats
from webapp.languages import current
from webapp.reporting import figures
from webapp.reporting.paper import Cell, Column, Form, Paper, Table, Value

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}")
"""What a spreadsheet takes for the beginning of a formula."""
LONGEST = 32_767
"""Signs in a cell of a workbook."""
LINKS = 60_000
"""Links in a sheet; the format allows few more."""
SHAPES = {
    "count": "#,##0",
    "money": "#,##0.00",
    "share": "0.0%",
    "days": "0.0",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}


def csv(table: Table) -> bytes:
    """A table as CSV: UTF-8 with a mark, separated as spreadsheets of the reader's language expect it.

    Days and moments are ISO, moments in the organization's zone; shares are parts of 1.
    """
    out = StringIO()
    separator = ";" if current() == "pl" else ","
    writer = writing.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow([_guarded(column.title) for column in table.columns])
    writer.writerows([_plain(cell.value) for cell in row] for row in table.rows)
    return out.getvalue().encode("utf-8-sig")


def _plain(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(HOME).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return _guarded(value)
    text = f"{value:f}" if isinstance(value, Decimal) else repr(value)
    return text.replace(".", ",") if current() == "pl" else text


def _guarded(text: str) -> str:
    """A text that a spreadsheet reads as a text, whatever it begins with."""
    text = text.replace("\x00", "")
    return (
        f"'{text}"
        if text.lstrip(" \N{NO-BREAK SPACE}\N{ZERO WIDTH NO-BREAK SPACE}").startswith(FORMULA)
        else text
    )


def workbook(paper: Paper, root: str = "") -> bytes:
    """A workbook: a sheet that says what it is, and one sheet a table with figures as figures and days as days."""
    made = BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "remove_timezone": True,
    }
    with Workbook(made, options) as book:
        book.set_properties({"title": paper.title, "comments": paper.finding})
        bold = book.add_format({"bold": True})
        names = _names(paper)
        _about(book, paper, names, bold)
        shapes = {form: book.add_format({"num_format": shape}) for form, shape in SHAPES.items()}
        for table in paper.tables:
            _sheet(book.add_worksheet(names[table.key]), table, bold, shapes, root)
    return made.getvalue()


def _about(book: Workbook, paper: Paper, names: dict[str, str], bold: Any) -> None:
    sheet = book.add_worksheet(gettext("About this report"))
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    lines = [
        (gettext("Report"), paper.title),
        (gettext("What it covers"), paper.about),
        (gettext("As known at"), formats.full(paper.known)),
        (gettext("What it says"), paper.finding),
        *((gettext("Mind"), each) for each in paper.warnings),
        *((pgettext("paper", "How it is counted"), each) for each in paper.definition),
        *((gettext("Sheet “%(name)s”", name=names[each.key]), each.title) for each in paper.tables),
    ]
    for row, (label, text) in enumerate(lines):
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, text[:LONGEST], wrapped)


def _names(paper: Paper) -> dict[str, str]:
    """A name for every sheet: at most 31 signs, none of those that a workbook forbids, none twice."""
    found: dict[str, str] = {}
    taken = {gettext("About this report").casefold()}
    for table in paper.tables:
        plain = re.sub(r"[\[\]:*?/\\]", " ", table.title).strip(" '")[:31].strip() or table.key[:31]
        name, number = plain, 2
        while name.casefold() in taken:
            name, number = f"{plain[:27].strip()} {number}", number + 1
        taken.add(name.casefold())
        found[table.key] = name
    return found


def _sheet(sheet: Any, table: Table, bold: Any, shapes: dict[str, Any], root: str) -> None:
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.title, bold)
        sheet.set_column(place, place, _width(table, place), shapes.get(column.form))
    sheet.freeze_panes(1, 0)
    links = 0
    for row, cells in enumerate(table.rows, start=1):
        for place, (cell, column) in enumerate(zip(cells, table.columns, strict=True)):
            if root and cell.href.startswith("/") and links < LINKS:
                sheet.write_url(row, place, f"{root}{cell.href}"[:2079], string="")
                links += 1
            _write(sheet, row, place, cell, column.form, shapes)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.columns) - 1)


def _write(sheet: Any, row: int, place: int, cell: Cell, form: Form, shapes: dict[str, Any]) -> None:
    value, shape = cell.value, shapes.get(form)
    if value is None or (isinstance(value, float | Decimal) and not isfinite(value)):
        sheet.write_blank(row, place, None, shape)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, place, value.astimezone(HOME), shape)
    elif isinstance(value, date):
        sheet.write_datetime(row, place, datetime(value.year, value.month, value.day), shape)  # noqa: DTZ001  # a day
    elif isinstance(value, str):
        sheet.write_string(row, place, value[:LONGEST])
    else:
        sheet.write_number(
            row, place, value, shapes["days"] if form == "count" and value != int(value) else shape
        )


def _width(table: Table, place: int) -> int:
    column: Column = table.columns[place]
    seen = (figures.shown(row[place].value, column.form) for row in table.rows[:200])
    return max(9, min(60, max([len(column.title), *map(len, seen)], default=9) + 2))
