"""Terms between a form and a signed wording: lengths of time as numbers with units, cases and steps as rows."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import request

from engine.errors import Invalid, Refusal
from engine.sales import cases, terms
from webapp.agreement_cells import Fields, is_written, says, sent, table_of, time_of, times
from webapp.agreement_words import BELOW, BETWEEN, FACTS, FROM, SHAPES, WORDS, split

AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,2})?")
COLUMNS = ("deal.amount", "deal.product_line", "deal.kind")
"""What the form asks of a deal by itself: from and to for the amount, words for the others."""


def typed(before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The terms of the form that was sent, as `engine.sales.terms.clean` reads them.

    A field that the form did not ask stays as it was ``before``. Raises Invalid for a length that is no number.
    """
    form, before = request.form, before or {}
    found: dict[str, Any] = {}
    for field, kind in terms.TERMS.items():
        if kind == "duration" and f"{field}_number" in form:
            found[field] = form.get(field) or _length(form, field)
        elif kind == "table" and "table-asked" in form:
            found[field] = table_of(form) if is_written(form) else _table(form)
        elif kind == "steps" and "steps-asked" in form:
            found[field] = _steps(form)
        else:
            found[field] = form.get(field, before.get(field, ""))
    wrong: dict[str, Refusal] = {
        field: terms.NotANumber() for field in found if _is_no_number(form, field, found[field])
    }
    unreadable = None if is_written(form) or "table-asked" not in form else _no_amount(form)
    if unreadable is not None:
        wrong["table"] = unreadable
    if wrong:
        raise Invalid(_with_the_rest(found, wrong))
    return found


def table_rows(table: Mapping[str, Any] | None) -> list[Fields]:
    """The table of cases as the form shows it, row by row."""
    if not table:
        return []
    asks = [column["expression"] for column in table["inputs"]]
    return [_row(dict(zip(asks, rule["when"], strict=True)), rule) for rule in table["rules"]]


def table_as_typed() -> dict[str, Any] | None:
    """The table of the form that was sent, as it is before anybody judges it."""
    return _table(request.form)


def step_rows(steps: list[Mapping[str, str]] | None) -> list[Fields]:
    """Escalation steps as the form shows them."""
    found = []
    for step in steps or ():
        after = step["after"]
        number, unit = split(after.removeprefix("-"))
        side = "before" if after.startswith("-") else "after"
        found.append({"number": number, "unit": unit, "side": side, "who": step["who"], "how": step["how"]})
    return found


def other_column(table: Mapping[str, Any] | None) -> Fields:
    """The one column that the form does not offer by itself: what it asks, and what it is called."""
    columns = (table or {}).get("inputs", ())
    return next((dict(each) for each in columns if each["expression"] not in COLUMNS), {})


def can_be_typed(table: Mapping[str, Any] | None) -> bool:
    """Whether the form can show this table whole; one written otherwise is shown cell by cell."""
    if not table:
        return True
    asks = [column["expression"] for column in table["inputs"]]
    cells = [each for rule in table["rules"] for each in zip(asks, rule["when"], strict=True)]
    strange = [ask for ask in asks if ask not in COLUMNS]
    return len(strange) <= 1 and len(asks) == len(set(asks)) and all(_shows(*each) for each in cells)


def _shows(ask: str, cell: str) -> bool:
    shapes = {"deal.amount": (FROM, BELOW, BETWEEN)}.get(ask, (WORDS,))
    return cell == "-" or ask not in COLUMNS or any(shape.fullmatch(cell) for shape in shapes)


# ------------------------------------------------------------------------------------------------ lengths of time


def _length(form: Mapping[str, str], field: str) -> str:
    number = form.get(f"{field}_number", "").strip()
    return SHAPES.get(form.get(f"{field}_unit", ""), "{}").format(number) if number else ""


def _is_no_number(form: Mapping[str, str], field: str, value: Any) -> bool:
    """A length with a unit needs a whole number; what is “as written” is read by the terms themselves."""
    number = form.get(f"{field}_number", "").strip()
    plain = number.isascii() and number.isdecimal() and len(number) <= 6
    return bool(
        number and form.get(f"{field}_unit") in SHAPES and not form.get(field) and not plain and value
    )


def _with_the_rest(found: Mapping[str, Any], wrong: dict[str, Refusal]) -> dict[str, Refusal]:
    """What else is wrong, so that everything is said at once."""
    try:
        terms.clean({**found, **{field: None if field == "table" else "P1D" for field in wrong}})
    except Invalid as refusal:
        return {**refusal.errors, **wrong}
    return wrong


# ------------------------------------------------------------------------------------------------ rows


def _steps(form: Mapping[str, str]) -> list[Mapping[str, str]]:
    return [_step(row) for row in sent(form, "steps") if says(row)]


def _step(row: Fields) -> Mapping[str, str]:
    number = row.get("number") or "0"
    sign = "-" if row.get("side") == "before" else ""
    after = sign + SHAPES.get(row.get("unit", ""), "{}").format(number)
    return {"after": after, "who": row.get("who", ""), "how": row.get("how") or "notice"}


def _table(form: Mapping[str, str]) -> dict[str, Any] | None:
    """The table of cases; a column in which no row says anything is left out, and so is an empty row."""
    rows = [row for row in sent(form, "table") if says(row)]
    if not rows:
        return None
    asks = {"deal.amount": _amount, "deal.product_line": _words("product_line"), "deal.kind": _words("kind")}
    other = form.get("table-other", "").strip()
    if other:
        asks[other] = lambda row: row.get("other") or "-"
    cells = {expression: [read(row) for row in rows] for expression, read in asks.items()}
    used = [each for each in cells if any(cell != "-" for cell in cells[each])]
    columns = [_column(form, each) for each in used]
    return {
        "inputs": columns or [{"expression": "deal.amount", "label": "deal.amount"}],
        "rules": [
            {
                "when": [cells[each][at] for each in used] or ["-"],
                "promise_time": time_of(row, "promise"),
                "deliver_time": time_of(row, "deliver"),
            }
            for at, row in enumerate(rows)
        ],
    }


def _no_amount(form: Mapping[str, str]) -> Refusal | None:
    """The first row whose amounts are no numbers, or leave nothing between them: as a cell it would be a name."""
    rows = [row for row in sent(form, "table") if says(row)]
    for at, row in enumerate(rows, start=1):
        low, high = (_plain(row.get(name, "")) for name in ("from", "to"))
        bad = next((each for each in (low, high) if each and not AMOUNT.fullmatch(each)), None)
        if bad is None and low and high and Decimal(low) >= Decimal(high):
            bad = f"{low} – {high}"
        if bad is not None:
            return cases.CellUnreadable(row=at, column=FACTS["deal.amount"], cell=bad[:80])
    return None


def _column(form: Mapping[str, str], expression: str) -> dict[str, str]:
    label = expression if expression in COLUMNS else form.get("table-other_label", "").strip()
    return {"expression": expression, "label": label or expression}


def _amount(row: Fields) -> str:
    """``from`` and ``to`` of an amount as a cell: the second is not included, so that no two rows can both hold."""
    low, high = (_plain(row.get(name, "")) for name in ("from", "to"))
    if low and high:
        return f"[{low}..{high})"
    return f">= {low}" if low else f"< {high}" if high else "-"


def _plain(typed: str) -> str:
    """An amount without the spaces and the comma that people write."""
    return re.sub(r"[\s\u00a0\u202f]", "", typed).replace(",", ".")


def _words(name: str) -> Any:
    def read(row: Fields) -> str:
        """Words as a cell; several are divided by commas."""
        each = [part.strip().replace('"', "") for part in row.get(name, "").split(",")]
        return ", ".join(f'"{part}"' for part in each if part) or "-"

    return read


def _row(cells: Mapping[str, str], rule: Mapping[str, Any]) -> Fields:
    found = _bounds(cells.get("deal.amount", "-"))
    for name in ("product_line", "kind"):
        cell = cells.get(f"deal.{name}", "-")
        found[name] = "" if cell == "-" else cell.replace('"', "")
    found["other"] = next((cell for ask, cell in cells.items() if ask not in COLUMNS and cell != "-"), "")
    return found | times(rule)


def _bounds(cell: str) -> Fields:
    between, low, high = BETWEEN.fullmatch(cell), FROM.fullmatch(cell), BELOW.fullmatch(cell)
    if between:
        return {"from": between[1], "to": between[2]}
    return {"from": low[1] if low else "", "to": high[1] if high else ""}
