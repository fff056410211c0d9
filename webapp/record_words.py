"""Words of the database's lists: names of people, departments and stages, the text of every cell, and CSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import g
from flask_babel import gettext
from sqlalchemy import select

from engine import departments as units
from engine.calendars import HOME
from engine.people import ROLES, Person
from engine.process import definitions
from engine.sales.records import Client
from engine.sales.subjects import SUBJECTS, Field, Subject
from webapp.database import db
from webapp.languages import current, into_words

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that begins so for a formula."""


class Cells:
    """The plain value of every cell of some rows, with one query for each kind of name instead of one for each row."""

    def __init__(self, about: Subject, rows: Sequence[Any]) -> None:
        self.about = about
        linked = {row.client_id for row in rows if getattr(row, "client_id", None)}
        found = db.session.scalars(select(Client).where(Client.id.in_(linked))) if linked else ()
        self.clients = {each.id: each for each in found}

    def __call__(self, row: Any, key: str) -> Any:
        """What stands in a cell, ids and keys put into words; None for nothing."""
        field = self.about.fields[key]
        source = row if field.through is None else self.clients.get(row.client_id)
        value = getattr(source, field.column.key) if source is not None else None
        return None if value is None else _words(field, value)


def _words(field: Field, value: Any) -> Any:
    if field.type == "person":
        return people().get(value)
    if field.type == "department":
        return dict(departments()).get(str(value))
    if field.type == "stage":
        return stages().get(value, value)
    return option(field, value)


def option(field: Field | str, value: Any) -> Any:
    """A choice's value in words; ``field`` may be said as ``leads.status``."""
    if isinstance(field, str):
        subject, _, key = field.partition(".")
        field = SUBJECTS[subject].fields[key]
    return next((into_words(label) for key, label in field.options if key == value), value)


def people() -> dict[int, str]:
    """Everybody's name by id, in the order of names."""
    if "record_people" not in g:
        rows = db.session.execute(select(Person.id, Person.name).order_by(Person.name, Person.id))
        g.record_people = {row.id: row.name for row in rows}
    known: dict[int, str] = g.record_people
    return known


def departments() -> list[tuple[str, str]]:
    """Open departments: id as text, and name."""
    if "record_departments" not in g:
        rows = db.session.scalars(units.everything())
        g.record_departments = [(str(row.id), row.name_en if current() == "en" else row.name) for row in rows]
    known: list[tuple[str, str]] = g.record_departments
    return known


def stages() -> dict[str, str]:
    """Every stage of the newest versions of all processes, in the order of their ladders."""
    if "record_stages" not in g:
        g.record_stages = {}
        for definition in db.session.scalars(definitions.catalogue()):
            ladder = definitions.blueprint(db.session(), definition).ladder
            for stage in sorted(ladder, key=lambda each: each.order):
                g.record_stages.setdefault(stage.key, into_words(stage.title))
    known: dict[str, str] = g.record_stages
    return known


def names() -> dict[str, str]:
    """How sentences spell ids and keys: ``person:7``, ``department:2``, ``stage:offer``."""
    found = {f"person:{key}": name for key, name in people().items()}
    found |= {f"stage:{key}": words for key, words in stages().items()}
    return found | {f"department:{key}": name for key, name in departments()}


def circles() -> list[tuple[str, str]]:
    """With whom a section can be shared."""
    rows = db.session.scalars(units.everything())
    found = [("everyone:", gettext("everyone"))]
    found += [(f"department:{row.key}", row.name_en if current() == "en" else row.name) for row in rows]
    found += [(f"role:{role}", gettext("role: %(name)s", name=role)) for role in ROLES]
    return found + [(f"person:{key}", name) for key, name in people().items()]


def as_csv(about: Subject, columns: Sequence[str], rows: Sequence[Any]) -> Iterator[str]:
    """The rows as CSV text, line by line: a semicolon and a decimal comma where people write Polish."""
    polish = current() == "pl"
    cells = Cells(about, rows)
    yield "\N{BYTE ORDER MARK}"
    yield _line([into_words(about.fields[key].label) for key in columns], polish=polish)
    for row in rows:
        yield _line([cells(row, key) for key in columns], polish=polish)


def _line(values: Sequence[Any], *, polish: bool) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";" if polish else ",").writerow(
        [_plain(each, polish=polish) for each in values]
    )
    return text.getvalue()


def _plain(value: Any, *, polish: bool) -> str:
    if isinstance(value, Decimal | int | float):
        return str(value).replace(".", ",") if polish else str(value)
    if isinstance(value, datetime):
        return value.astimezone(HOME).strftime("%Y-%m-%d %H:%M")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(DANGEROUS) else text
