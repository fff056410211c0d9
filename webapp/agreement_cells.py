"""The table of cases as it is written, cell by cell, for tables that say more than amounts and words; and rows that forms send."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from engine.sales import cases
from webapp.agreement_words import SHAPES, split

Fields = dict[str, str]

ROW = re.compile(r"(table|steps)-(\d{1,3})-")
CHOSEN, SPARE = ("side", "how"), 1


def sent(form: Mapping[str, str], name: str) -> list[Fields]:
    """The rows that were sent, in order, each by what comes after its number."""
    found: dict[int, Fields] = {}
    for key, value in form.items():
        match = ROW.match(key)
        if match and match[1] == name:
            found.setdefault(int(match[2]), {})[key[match.end() :]] = value.strip()
    return [found[at] for at in sorted(found)][: cases.MOST_ROWS + 1]


def says(row: Fields) -> bool:
    """Whether somebody typed something: units and sides are always chosen."""
    return any(value for name, value in row.items() if not name.endswith("unit") and name not in CHOSEN)


def rows_of(name: str, otherwise: Sequence[Fields]) -> list[Fields]:
    """The rows of a table that was typed, by name without its number; else those of the wording; with a spare one."""
    given = sent(request.form, name) if f"{name}-asked" in request.form else otherwise
    more = SPARE + (request.form.get("more") == name)
    return [*(row for row in given if says(row)), *({} for _ in range(more))]


def time_of(row: Fields, name: str) -> str | None:
    """A length of work time of a row, as terms write it."""
    number = row.get(f"{name}_number")
    return SHAPES.get(row.get(f"{name}_unit", ""), "{}").format(number) if number else None


def times(rule: Mapping[str, Any]) -> Fields:
    """Both times of a row of the table, each as a number and its unit."""
    found: Fields = {}
    for name in ("promise", "deliver"):
        found[f"{name}_number"], found[f"{name}_unit"] = split(rule[f"{name}_time"])
    return found


def is_written(form: Mapping[str, str]) -> bool:
    """Whether the form that was sent shows the cells as they are written, or asks for that."""
    return "table-written" in form or form.get("more") == "written"


def table_of(form: Mapping[str, str]) -> dict[str, Any] | None:
    """The table of cells as they were written; columns that ask nothing are left out, and so are empty rows."""
    rows = [row for row in sent(form, "table") if says(row)]
    if not rows:
        return None
    asks = [(at, column) for at, column in enumerate(_columns(form)) if column["expression"]]
    return {
        "inputs": [column for _, column in asks],
        "rules": [
            {
                "when": [row.get(f"c{at}") or "-" for at, _ in asks],
                "promise_time": time_of(row, "promise"),
                "deliver_time": time_of(row, "deliver"),
            }
            for row in rows
        ],
    }


def columns_of(table: Mapping[str, Any] | None) -> list[Mapping[str, str]]:
    """What the columns ask and what they are called, as typed, else as worded; with a spare one while there is room."""
    form = request.form
    found = _columns(form) if "table-written" in form else list((table or {}).get("inputs", ()))
    used = max(
        (at for at, each in enumerate(found, start=1) if each["expression"] or each["label"]), default=0
    )
    return [*found[:used], {"expression": "", "label": ""}][: cases.MOST_COLUMNS]


def rows_as_written(table: Mapping[str, Any] | None) -> list[Fields]:
    """The rows of a wording, cell by cell; a cell that asks nothing is empty."""
    return [
        {f"c{at}": "" if cell == "-" else cell for at, cell in enumerate(rule["when"])} | times(rule)
        for rule in (table or {}).get("rules", ())
    ]


def _columns(form: Mapping[str, str]) -> list[Mapping[str, str]]:
    return [
        {name: form.get(f"table-{name}-{at}", "").strip() for name in ("expression", "label")}
        for at in range(cases.MOST_COLUMNS)
    ]
