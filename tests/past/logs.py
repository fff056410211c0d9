"""Invented logs of an old system, as tables and as XES, and the map that says what they mean."""

import gzip
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import quoteattr

from sqlalchemy.orm import Session

from engine.sales.past import files, importing
from engine.sales.past.files import Log
from engine.sales.past.importing import Counts
from webapp.past_reports import add_up

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)

MAP = """
[history]
ladder = "old_sales"
title = "Dawna sprzedaż"
currency = "PLN"
zone = "UTC"
[columns]
case = "case"
activity = "activity"
time = "time"
{more}
[[positions]]
key = "asked"
title = "Zapytanie"
[[positions]]
key = "offered"
title = "Oferta"
[[positions]]
key = "agreed"
title = "Uzgodnienia"
[activities]
Asked = "asked"
Again = "asked"
Offered = "offered"
Agreed = "agreed"
Signed = "won"
Refused = "lost"
Moved = "rerouted"
Paused = "suspended"
Woken = "resumed"
Noted = "step"
"""
XES_MAP = (
    MAP.replace('case = "case"', 'case = "case:concept:name"')
    .replace('activity = "activity"', 'activity = "concept:name"')
    .replace('time = "time"', 'time = "time:timestamp"')
)


def table(rows: Iterable[Sequence[str]], heads: Sequence[str] = ("case", "activity", "time")) -> bytes:
    """A CSV with these columns."""
    return "\n".join(";".join(row) for row in (heads, *rows)).encode() + b"\n"


def xes(rows: Iterable[tuple[str, str, str]], more: str = "") -> bytes:
    """A XES log of the same rows; traces come as their cases do."""
    cases: dict[str, list[tuple[str, str]]] = {}
    for case, activity, at in rows:
        cases.setdefault(case, []).append((activity, at))
    traces = "".join(
        f"<trace><string key='concept:name' value={quoteattr(case)}/>\n"
        + "".join(
            f"<event><string key='concept:name' value={quoteattr(activity)}/><date key='time:timestamp' value='{at}'/>{more}</event>\n"
            for activity, at in events
        )
        + "</trace>\n"
        for case, events in cases.items()
    )
    return f"<?xml version='1.0' encoding='UTF-8'?>\n<log xmlns='http://www.xes-standard.org/'>\n{traces}</log>".encode()


def packed(content: bytes) -> bytes:
    """The same with gzip."""
    return gzip.compress(content)


def log(content: bytes, name: str = "log.csv") -> Log:
    """A log held in memory."""
    return files.held(name, content)


def bring(session: Session, content: bytes, text: str = MAP.format(more="")) -> Counts:
    """Import it and add its moves up, as the command line does."""
    checked = importing.check(log(content), text, now=NOW)
    made = importing.begin(session, checked, by=None, now=NOW)
    counts = importing.bring(session, made, checked, by=None, now=NOW)
    add_up(session, made.ladder)
    session.commit()
    return counts
