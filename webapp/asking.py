"""Showing a diagram's form (`engine.process.forms`): what is in its fields, which are asked, what may be chosen."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Flask, g
from sqlalchemy import Select, or_, select

from engine import access, departments, people
from engine.people import Department, Person
from engine.process import expressions, forms
from engine.process.blueprint import Blueprint
from engine.process.forms import Field, Form
from engine.process.forms.kinds import CURRENCIES
from engine.sales.records import Client, Contact, Product
from webapp.access import me
from webapp.clock import now
from webapp.database import db
from webapp.formats import number
from webapp.languages import current, into_words

MOST = 2_000
"""Rows offered in one search select."""

MOST_ROWS = 200
"""Rows of lines on a page, as many as `engine.process.forms` takes."""

NUMBER = re.compile("[0-9]{1,18}")
"""The number of a row, of lines or of a table, as pages write it."""

CONTROLS = {
    "email": "email",
    "phone": "tel",
    "date": "date",
    "datetime": "datetime-local",
    "number": "decimal",
    "money": "decimal",
    "percent": "decimal",
    "integer": "numeric",
}
"""The input type of a field, or the keyboard of a number, which stays text: people write 1 240,50."""


def texts(name: str, values: Mapping[str, Any], otherwise: Any = None) -> list[str]:
    """What a field shows: what was just typed, else the draft or answer in ``values``, else its default."""
    if name in g.get("kept_files", ()):
        return list(g.kept_files[name])
    if "typed" in g:
        return [str(text) for text in g.typed.getlist(name)]
    found = values.get(name, otherwise)
    if isinstance(found, bool):
        return ["yes" if found else "no"]
    listed = found if isinstance(found, list | tuple) else [found]
    return [str(each) for each in listed if each is not None]


def asked(form: Form, values: Mapping[str, Any]) -> frozenset[str]:
    """The keys of the fields to show for what the page holds now."""
    return forms.asked(form, _raw(form, values), now=now())


def unseen(form: Form, raw: Mapping[str, list[str]]) -> list[str]:
    """Questions that depend on others and are asked now, but were not on the page these answers came from.

    A browser sends every field it shows, if only empty.
    """
    conditional = [field for field in form.fields if field.when and field.type not in ("computed", "lines")]
    if not conditional:
        return []
    shown_now = forms.asked(form, raw, now=now())
    return [field.key for field in conditional if field.key in shown_now and field.key not in raw]


def computed(form: Form, values: Mapping[str, Any]) -> dict[str, str]:
    """What computed fields and cells come to now, in the reader's figures; empty while something is missing."""
    so_far = flat(forms.preview(form, _raw(form, values), now=now()))
    return {
        name: number(value, 2 if value % 1 else 0) if isinstance(value, int | float) else str(value)
        for name, value in so_far.items()
        if value is not None
    }


def rows(field: Field, values: Mapping[str, Any]) -> list[int]:
    """The row numbers of lines to show: up to the last that is filled, and one to spare."""
    names = g.typed if "typed" in g else values
    cells = (
        name.split("-") for name in names if name.startswith(f"{field.key}-") and any(texts(name, values))
    )
    last = max((int(cell[1]) for cell in cells if len(cell) == 3 and NUMBER.fullmatch(cell[1])), default=-1)
    return list(range(min(max(last + 2, field.rows or 1), MOST_ROWS)))


def deciding(form: Form) -> frozenset[str]:
    """Fields that others read: a change of one may show or hide them."""
    read: set[str] = set()
    for field in form.fields:
        for part in (field, *field.columns):
            for source in (part.when, part.expression):
                read |= expressions.names(source) if source else set()
    return frozenset(read & form.names)


def flat(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers as the names a page sends: rows of lines become ``lines-0-product``."""
    found: dict[str, Any] = {}
    for name, answer in answers.items():
        if isinstance(answer, list) and answer and isinstance(answer[0], dict):
            cells = ((row, key, cell) for row, line in enumerate(answer) for key, cell in line.items())
            found |= {f"{name}-{row}-{key}": cell for row, key, cell in cells}
        else:
            found[name] = answer
    return found


def choices(field: Field, plan: Blueprint | None, picked: Sequence[str]) -> list[tuple[str, str]]:
    """What a field offers: its own options, or rows of the table it points to, with the picked ones among them."""
    if field.type == "stage":
        return [(stage.key, into_words(stage.title)) for stage in plan.ladder] if plan else []
    if field.type == "currency" and not field.options:
        return [(code, code) for code in CURRENCIES]
    if field.type == "department":
        indent = "\N{NO-BREAK SPACE}" * 3
        return [(str(row.id), indent * depth + _name(row)) for depth, row in departments.tree(db.session())]
    if field.type in _ROWS:
        return _offered(field.type, [int(one) for one in picked if NUMBER.fullmatch(one)])
    return [(option.value, into_words(option.label)) for option in field.options]


_ROWS: dict[str, type[Any]] = {"person": Person, "client": Client, "contact": Contact, "product": Product}


def _offered(kind: str, picked: list[int]) -> list[tuple[str, str]]:
    model = _ROWS[kind]
    used: Select[Any] = (
        people.everybody().where(Person.left_at.is_(None))
        if kind == "person"
        else (select(model).where(access.visible(me(), model)).order_by(model.name, model.id))
    )
    if kind == "product":
        used = used.where(or_(Product.active, Product.id.in_(picked)))
    found = list(db.session.scalars(used.limit(MOST)))
    missing = set(picked) - {row.id for row in found}
    found += (
        db.session.scalars(select(model).where(model.id.in_(missing))) if missing and kind == "person" else []
    )
    return [(str(row.id), _name(row)) for row in found]


def _name(row: Any) -> str:
    if isinstance(row, Product):
        return f"{(row.name_en or row.name) if current() == 'en' else row.name} ({row.sku})"
    if isinstance(row, Department):
        return row.name_en if current() == "en" else row.name
    return str(row.name)


def _raw(form: Form, values: Mapping[str, Any]) -> dict[str, list[str]]:
    if "typed" in g:
        return {name: g.typed.getlist(name) for name in g.typed}
    defaults = {field.key: field.default for field in form.fields if field.default is not None}
    return {name: texts(name, {**defaults, **values}) for name in {**defaults, **values}}


def init_app(app: Flask) -> None:
    """Offer the helpers of ``_form.html``."""
    app.jinja_env.globals.update(asking=_Asking)


class _Asking:
    """The names ``_form.html`` uses."""

    texts = staticmethod(texts)
    asked = staticmethod(asked)
    computed = staticmethod(computed)
    rows = staticmethod(rows)
    deciding = staticmethod(deciding)
    choices = staticmethod(choices)
    controls = CONTROLS
