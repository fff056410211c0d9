"""A report as one description: what it says, its pictures and tables. Screen, print, PDF, mail and files are made of it.

Words and figures are in the reader's language; a picture is SVG text whose marks are links, see `reports.charts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Value = str | int | float | Decimal | date | datetime | None
Form = Literal["text", "count", "money", "share", "days", "day", "moment"]
"""How a column's values are meant: shares are parts of 1, days are lengths in days of 24 hours, money is in units."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. Figures stand to the right."""

    title: str
    form: Form = "text"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value and, for a figure, the address of the list it counts. ``note`` says why there is none."""

    value: Value
    href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table under its title. ``key`` names it in files: lower case, no spaces."""

    key: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture, the sentence it shows, and the table of the same numbers, if the paper has one under ``table``."""

    key: str
    title: str
    finding: str
    svg: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A report. ``about`` is what it covers (process, filter, days), ``known`` the moment it stands on, UTC.

    ``definition`` says in words how its numbers are counted; ``finding`` is the sentence that it begins with.
    """

    key: str
    title: str
    about: str
    known: datetime
    finding: str
    definition: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    warnings: Sequence[str] = field(default=())
    """What the reader must know before believing it: too few to judge, not balanced."""
