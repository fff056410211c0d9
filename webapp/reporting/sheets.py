"""Lists of a report as files: one row a line, and no word that a spreadsheet takes for a formula."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, request, url_for

from engine.calendars import HOME
from webapp.reporting import words
from webapp.reporting.seen import Seen

PAGE, MOST = 50, 20_000
"""Rows of a page, and of a file."""


def same(endpoint: str, **changes: Any) -> str:
    """This address with other arguments, or the same of another endpoint."""
    return url_for(endpoint, **{**request.args.to_dict(), **changes})


def csv_file(seen: Seen, lines: Sequence[Sequence[object]], what: str) -> Response:
    """The lines as a CSV file, for a spreadsheet that speaks Polish."""
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([words.plain(cell) for cell in line] for line in lines)
    name = f"{seen.ask.ladder.key}-{what}-{seen.ask.today.isoformat()}.csv"
    headers = {"Content-Disposition": f"attachment; filename={name}"}
    return Response("\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue(), mimetype="text/csv", headers=headers)


def who(seen: Seen, person: int | None) -> str:
    """A person's name; nothing for nobody."""
    return seen.names.person(person) if person else ""


def stamp(at: datetime | None) -> str:
    """A moment in the home zone, as spreadsheets read it."""
    return at.astimezone(HOME).strftime("%Y-%m-%d %H:%M") if at else ""
