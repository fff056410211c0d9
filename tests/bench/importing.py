"""How fast a history from elsewhere comes in: events a second, from a file to rows with their roll-ups, into SQLite."""

import gzip
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine import migrations
from engine.db import opened, sessions
from engine.sales.past import files, importing, staging
from tests.bench.figures import Figure
from webapp.past_reports import add_up

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
SMALL, LARGE = 200_000, 1_000_000
ACTIVITIES = ("Asked", "Called back", "Offered", "Corrected", "Negotiated", "Noted", "Signed", "Refused")
MAP = """
[history]
ladder = "bench_past"
title = "Dawna sprzedaż"
[columns]
case = "{case}"
activity = "{activity}"
time = "{time}"
actor = "{actor}"
amount = "{amount}"
[[positions]]
key = "asked"
[[positions]]
key = "offered"
[[positions]]
key = "negotiated"
[activities]
Asked = "asked"
Corrected = "asked"
Offered = "offered"
Negotiated = "negotiated"
Signed = "won"
Refused = "lost"
"""
CSV = {"case": "case", "activity": "activity", "time": "time", "actor": "who", "amount": "amount"}
XES = {
    "case": "case:concept:name",
    "activity": "concept:name",
    "time": "time:timestamp",
    "actor": "org:resource",
    "amount": "amount",
}


def events(count: int) -> Iterator[tuple[int, str, datetime, str, int]]:
    """Cases of ten events each: an invented sale that goes back once in a while."""
    began = datetime(2022, 1, 3, 8, tzinfo=UTC)
    for number in range(count):
        case, step = divmod(number, 10)
        name = ACTIVITIES[(step * 5 + case) % 6] if step < 9 else ACTIVITIES[6 + case % 2]
        yield (
            case,
            name,
            began + timedelta(hours=case % 30_000, minutes=37 * step),
            f"Person {case % 40}",
            case % 900,
        )


def csv_file(path: Path, count: int) -> None:
    """The events as a table."""
    with path.open("w", encoding="utf-8") as file:
        file.write("case;activity;time;who;amount\n")
        file.writelines(
            f"{case};{name};{at.isoformat()};{who};{amount}.50\n"
            for case, name, at, who, amount in events(count)
        )


def xes_file(path: Path, count: int) -> None:
    """The events as a packed XES log."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        file.write("<?xml version='1.0' encoding='UTF-8'?>\n<log xmlns='http://www.xes-standard.org/'>\n")
        last = None
        for case, name, at, who, amount in events(count):
            if case != last:
                file.write("</trace>\n" if last is not None else "")
                file.write(f"<trace><string key='concept:name' value='{case}'/>\n")
                last = case
            file.write(
                f"<event><string key='concept:name' value='{name}'/><date key='time:timestamp' value='{at.isoformat()}'/>"
                f"<string key='org:resource' value='{who}'/><float key='amount' value='{amount}.5'/></event>\n"
            )
        file.write("</trace></log>\n")


def bring(path: Path, columns: dict[str, str], folder: Path) -> tuple[float, int, int]:
    """Processor seconds from the file to the commit, with the moves and steps written."""
    with opened(f"sqlite:///{folder / (path.name + '.db')}") as engine:
        migrations.upgrade(engine)
        began = time.process_time()
        checked = importing.check(files.at(path), MAP.format(**columns), now=NOW)
        with staging.alone(sessions(engine)) as session:
            staging.only_read(session, only=True)
            staged = importing.stage(session, checked)
            session.commit()
            staging.only_read(session, only=False)
            made = importing.begin(session, checked, by=None, now=NOW)
            counts = importing.bring(session, made, checked, by=None, now=NOW, staged=staged)
            add_up(session, made.ladder)
            session.commit()
        return time.process_time() - began, counts.moves, counts.steps


def figures(counts: tuple[int, ...] = (SMALL,)) -> Iterator[Figure]:
    """Events a second from a table and from a packed XES log."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in counts:
            for kind, make, columns in (("csv", csv_file, CSV), ("xes.gz", xes_file, XES)):
                path = folder / f"{count}.{kind}"
                make(path, count)
                took, moves, _ = bring(path, columns, folder)
                speed = count / took
                yield Figure(
                    f"history of {count:,} events, {kind}, {moves:,} moves",
                    speed,
                    (speed, speed),
                    20_000,
                    "/s",
                    True,
                )


if __name__ == "__main__":
    for found in figures((SMALL, LARGE) if "--large" in sys.argv else (SMALL,)):
        print(found)
