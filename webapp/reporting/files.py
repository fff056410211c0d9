"""Files from a report's paper: PDF with the same pictures, a workbook, tables as CSV, one picture as SVG or PNG."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from flask import render_template
from flask_babel import gettext
from markupsafe import Markup

from engine.errors import Refusal
from webapp.reporting import figures, ink
from webapp.reporting import tables as report_tables
from webapp.reporting.paper import Figure, Paper
from webapp.wiring import paper as printer

FORMS = ("pdf", "xlsx", "csv", "svg", "png")
TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
    "svg": "image/svg+xml",
    "png": "image/png",
}
AT_ONCE = {"pdf": 300, "xlsx": 10_000, "csv": 50_000, "svg": 10**9, "png": 10**9}
"""Rows that a reader may wait for; more of them are made in the background."""


class NoSuchForm(Refusal):
    """Reports are not given out as “%(name)s”."""


class NoPicture(Refusal):
    """This report has no picture called “%(name)s”."""


class CannotPrint(Refusal):
    """PDF and PNG cannot be made on this machine: the libraries for it are missing. Print the page instead."""


@dataclass(frozen=True, slots=True)
class File:
    """What is given out."""

    name: str
    media_type: str
    content: bytes


def is_small(paper: Paper, form: str) -> bool:
    """Whether a reader may wait for it."""
    return sum(len(table.rows) for table in paper.tables) <= AT_ONCE.get(form, 0)


def make(paper: Paper, form: str, *, which: str = "", root: str = "") -> File:
    """A paper as a file. ``which`` names its figure or table, else it is the first (of tables: all).

    ``root`` is the product's address; without one the file has no links. Raises NoSuchForm, NoPicture, CannotPrint.
    """
    if form not in FORMS:
        raise NoSuchForm(name=form[:20])
    name = f"{paper.key}-{paper.known:%Y-%m-%d}"
    try:
        match form:
            case "pdf":
                return File(f"{name}.pdf", TYPES["pdf"], printer.print_(page(paper, root)))
            case "xlsx":
                return File(f"{name}.xlsx", TYPES["xlsx"], report_tables.workbook(paper, root))
            case "csv":
                return _tables(paper, name, which)
            case _:
                figure = figure_of(paper, which)
                return File(f"{name}-{figure.key}.{form}", TYPES[form], drawn(figure, form, root))
    except printer.NoPrinter as missing:
        raise CannotPrint from missing


def page(paper: Paper, root: str = "") -> str:
    """The whole paper as a page that brings everything with it, for the printer."""
    pictures = {each.key: Markup(ink.alone(each.svg, root=root)) for each in paper.figures}  # noqa: S704  # ours
    return render_template(
        "reporting/paper_alone.html",
        paper=figures.printed(paper),
        pictures=pictures,
        rows=figures.rows,
        root=root,
    )


def drawn(figure: Figure, form: str, root: str = "") -> bytes:
    """One picture. Raises `connectors.paper.NoPrinter` for PNG on a bare machine."""
    if form == "svg":
        return ink.alone(figure.svg, root=root).encode()
    svg = ink.alone(figure.svg)
    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
    wide, high = (float(each) for each in size.groups()) if size else (900, 300)
    # a page of exactly the picture's size; 1 px of it is 1 px of the page
    sheet = f"@page{{size:{wide + 32:g}px {high + 32:g}px;margin:16px}}body{{margin:0}}svg{{display:block}}"
    return printer.photograph(f"<style>{sheet}</style>{svg}", scale=8 / 3)


def figure_of(paper: Paper, key: str) -> Figure:
    """The picture of this key, or the first. Raises NoPicture."""
    found = next((each for each in paper.figures if key in {"", each.key}), None)
    if found is None:
        raise NoPicture(name=key[:60] or gettext("Picture"))
    return found


def _tables(paper: Paper, name: str, which: str) -> File:
    tables = [each for each in paper.tables if which in {"", each.key}]
    if len(tables) == 1:
        return File(f"{name}-{tables[0].key}.csv", TYPES["csv"], report_tables.csv(tables[0]))
    made = BytesIO()
    with ZipFile(made, "w", ZIP_DEFLATED) as archive:
        for each in tables:
            archive.writestr(f"{each.key}.csv", report_tables.csv(each))
    return File(f"{name}.zip", TYPES["zip"], made.getvalue())


def keys(paper: Paper) -> Sequence[tuple[str, str]]:
    """The pictures of a paper, by key and title."""
    return [(each.key, each.title) for each in paper.figures]
