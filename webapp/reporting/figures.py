"""A paper's values as they are read: by what a column means, in the reader's language."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from webapp import formats
from webapp.reporting.paper import Cell, Column, Form, Paper, Table, Value

FIGURES: tuple[Form, ...] = ("count", "money", "share", "days")
"""Forms whose values stand to the right."""
WIDE = 10
"""Columns that a page has room for whatever stands in them."""


def shown(value: Value, form: Form = "text") -> str:
    """One value in words and figures; a dash for what is not known, a dot for none."""
    if value is None:
        return formats.UNKNOWN
    if isinstance(value, datetime):
        return formats.full(value)
    if isinstance(value, date):
        return formats.full_day(value)
    if isinstance(value, str):
        return value
    return _figure(value, form)


def _figure(value: float | Decimal, form: Form) -> str:
    match form:
        case "money":
            return formats.money(value)
        case "share":
            return formats.percent(float(value), 0 if round(value * 100) == value * 100 else 1)
        case "days":
            return formats.number(value, 0 if value >= 10 or value == int(value) else 1)
        case "count":
            return formats.count(int(value)) if value == int(value) else formats.number(value, 1)
        case _:
            return formats.number(value, 0 if value == int(value) else 2)


def is_figure(column: Column) -> bool:
    """Whether a column's values stand to the right."""
    return column.form in FIGURES


def filled(table: Table) -> Table:
    """The table without columns in which nothing stands: a mail is narrow. The first column stays."""
    kept = [
        place
        for place in range(len(table.columns))
        if not place or any(row[place].value not in (None, 0, "") for row in table.rows)
    ]
    columns = [table.columns[place] for place in kept]
    return replace(table, columns=columns, rows=[[row[place] for place in kept] for row in table.rows])


def printed(paper: Paper) -> Paper:
    """The paper as a page has room for it: tables of many columns are `filled`."""
    tables = [filled(each) if len(each.columns) > WIDE else each for each in paper.tables]
    return replace(paper, tables=tables)


def rows(table: Table) -> list[list[tuple[Cell, str, bool]]]:
    """Every cell of a table with what is written into it, and whether it stands to the right."""
    return [
        [
            (cell, shown(cell.value, column.form), is_figure(column))
            for cell, column in zip(row, table.columns, strict=True)
        ]
        for row in table.rows
    ]
