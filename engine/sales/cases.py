"""The cases of an agreement: a small decision table that says which deals have other times than the plain ones.

It is written in the language of decision tables, first hit wins, and every cell is read before anybody signs.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from engine.errors import Refusal
from engine.process.decisions import DecisionFailed, Table
from engine.process.decisions.feel import Formula, formula, test
from engine.process.decisions.table import Input, Output, Rule
from engine.process.expressions import ExpressionRefused

TIMES = ("promise_time", "deliver_time")
MOST_COLUMNS, MOST_ROWS, LONGEST_CELL = 6, 50, 200


class NotATable(Refusal):
    """The table of cases needs up to 6 columns that ask something, and up to 50 rows with a cell for each column."""


class ColumnUnreadable(Refusal):
    """Column %(column)s of the table cannot be read: “%(cell)s”. Ask something of the deal, for example deal.amount."""


class CellUnreadable(Refusal):
    """Row %(row)s of the table, column “%(column)s”: “%(cell)s” cannot be read. Write for example > 1000000 or "A"."""


class RowWithoutTime(Refusal):
    """Row %(row)s of the table says no time: give a time to promise or a time to deliver, like P6D."""


Given = Mapping[str, Any]


def clean(raw: Any, *, time: Callable[[Any], str | None]) -> dict[str, Any] | None:
    """A table as it is stored and signed; None when it has no rows. ``time`` reads a length of work time.

    Raises NotATable, ColumnUnreadable, CellUnreadable, RowWithoutTime.
    """
    if not raw:
        return None
    if not isinstance(raw, Mapping) or not all(isinstance(raw.get(key), list) for key in ("inputs", "rules")):
        raise NotATable
    inputs, rules = raw["inputs"], raw["rules"]
    if not rules:
        return None
    if not 1 <= len(inputs) <= MOST_COLUMNS or len(rules) > MOST_ROWS:
        raise NotATable
    columns = [_column(number, each) for number, each in enumerate(inputs, start=1)]
    said = [_row(number, each, columns, time) for number, each in enumerate(rules, start=1)]
    return {"inputs": columns, "rules": said}


def row_for(table: Given, facts: Given, now: datetime) -> int | None:
    """The first row that applies to these facts, from 0; None where none does or the table cannot be worked out."""
    try:
        row = _compiled(orjson.dumps(table, option=orjson.OPT_SORT_KEYS)).decide(facts, now=now)["row"]
    except DecisionFailed:
        return None
    return None if row is None else int(row) - 1


def _column(number: int, raw: Any) -> dict[str, str]:
    given = raw if isinstance(raw, Mapping) else {"expression": raw}
    cell = str(given.get("expression") or "").strip()
    asks = _asks(cell)
    if asks is None or not asks.paths:
        raise ColumnUnreadable(column=number, cell=cell[:80])
    return {"expression": cell, "label": str(given.get("label") or "").strip()[:80] or cell}


def _asks(cell: str) -> Formula | None:
    try:
        return formula(cell, optional=True) if len(cell) <= LONGEST_CELL else None
    except ExpressionRefused:
        return None


def _row(
    number: int, raw: Any, columns: list[dict[str, str]], time: Callable[[Any], str | None]
) -> dict[str, Any]:
    given = raw if isinstance(raw, Mapping) else {}
    when = given.get("when")
    if not isinstance(when, list) or len(when) != len(columns):
        raise NotATable
    cells = [str("-" if each is None else each).strip() or "-" for each in when]
    for cell, column in zip(cells, columns, strict=True):
        _must_test(number, column["label"], cell)
    try:
        times = {name: time(given.get(name)) for name in TIMES}
    except Refusal as refusal:
        raise RowWithoutTime(row=number) from refusal
    if not any(times.values()):
        raise RowWithoutTime(row=number)
    return {"when": cells, **times}


def _must_test(row: int, column: str, cell: str) -> None:
    try:
        if len(cell) <= LONGEST_CELL:
            test(cell)
            return
    except ExpressionRefused:
        pass
    raise CellUnreadable(row=row, column=column, cell=cell[:80])


@lru_cache(256)
def _compiled(table: bytes) -> Table:
    said = orjson.loads(table)
    asks = tuple(
        Input(each["expression"], _ready(each["expression"]), each["label"]) for each in said["inputs"]
    )
    rules = tuple(
        Rule(number, tuple(test(cell) for cell in each["when"]), (_ready(str(number)),), tuple(each["when"]))
        for number, each in enumerate(said["rules"], start=1)
    )
    return Table("cases", "cases", "FIRST", None, asks, (Output("row"),), rules)


def _ready(cell: str) -> Formula:
    ready = formula(cell, optional=True)
    if ready is None:
        raise NotATable
    return ready
