"""Reports from the command line, for the whole company, and the roll-ups from the log."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import click
import orjson
from sqlalchemy.orm import Session

from engine.db import opened, sessions
from engine.errors import Refusal
from reports import promise_rollups, rollups, step_rollups, watching
from webapp.app import create_app
from webapp.reporting.address import CHOICES, Asked
from webapp.reporting.paper import Cell, Paper, Table
from webapp.reporting.paper_here import as_if_at
from webapp.reporting.shelf import REPORTS, Report
from webapp.settings import Settings

Print = Callable[[dict[str, Any]], Iterator[str]]


class NoNumbers(Refusal):
    """The report “%(name)s” has no numbers for machines."""


@click.group()
def report() -> None:
    """Print a report about the whole company."""


def _command(of: Report) -> click.Command:
    """The command of a report on the shelf: its page's filter as options."""
    day = click.DateTime(["%Y-%m-%d"])
    told = "As it was known at the end of that day."
    options: list[click.Parameter] = [
        click.Option(["--ladder"], help="Key of the process; without it the first long sale."),
        click.Option(["--from", "from"], type=day, help="First day."),
        click.Option(["--to"], type=day, help="Last day."),
        click.Option(["--as-of", "as_of"], type=day, help=told),
        click.Option(["--by"], type=click.Choice(CHOICES["by"]), help="Kind of period."),
        click.Option(["--view"], help="View of the report, where it has several."),
        click.Option(["--measure"], type=click.Choice(CHOICES["measure"]), help="What tables count."),
        click.Option(["--group"], type=click.Choice(CHOICES["group"]), help="What stands side by side."),
        click.Option(["--department"], help="Number of a department, with those below it."),
        click.Option(["--team"], help="Number of a department, alone."),
        click.Option(["--owner"], help="Number of a person."),
        click.Option(["--section"], help="Number of a section of deals."),
        click.Option(["--product"], help="Line of products; a dash for deals of none."),
        click.Option(
            ["--with", "more"],
            multiple=True,
            metavar="NAME=VALUE",
            help="What else the page's address holds.",
        ),
        click.Option(
            ["--json", "as_json"], is_flag=True, help="Print JSON; docs/reports-json.md tells every field."
        ),
    ]

    def run(*, as_json: bool, more: tuple[str, ...], **chosen: Any) -> None:
        try:
            _print(of, _query(chosen, more), as_json=as_json)
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal

    return click.Command(of.key, callback=run, params=options, help=_help(of))


def _help(of: Report) -> str:
    """The English words of the shelf, outside of any reader's language."""
    return str(getattr(of.about, "_args", [of.about])[-1])


def _query(chosen: dict[str, Any], more: Sequence[str]) -> str:
    """The options as the page's address."""
    pairs = [(name, value) for name, _, value in (each.partition("=") for each in more)]
    for name, value in chosen.items():
        if value is not None:
            pairs.append((name, value.date().isoformat() if isinstance(value, datetime) else str(value)))
    return urlencode(pairs)


def _print(of: Report, query: str, *, as_json: bool) -> None:
    settings = Settings()
    now = datetime.now(UTC)
    with (
        create_app(settings).app_context(),
        _session() as session,
        as_if_at(of, query, "en", now, session) as ask,
    ):
        for line in _json(session, of, ask) if as_json else _text(session, of, ask):
            click.echo(line)


def _json(session: Session, of: Report, ask: Asked) -> Iterator[str]:
    if of.plain is None:
        raise NoNumbers(name=of.key)
    yield orjson.dumps(
        of.plain(session, ask, None), option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    ).decode()


def _text(session: Session, of: Report, ask: Asked) -> Iterator[str]:
    """The short table of a report that has one, else its whole paper."""
    if of.key in SHORT and of.plain is not None:
        yield from SHORT[of.key](of.plain(session, ask, None))
    elif of.paper is not None:
        yield from _paper(of.paper(session, ask, None))


def _paper(paper: Paper) -> Iterator[str]:
    yield f"{paper.title}: {paper.about}"
    yield from (paper.finding, *paper.warnings)
    for table in paper.tables:
        yield ""
        yield table.title
        yield from _table(*_cells(table))


def _cells(table: Table) -> tuple[list[str], list[list[str]]]:
    heads = [column.title for column in table.columns]
    return heads, [[_said(cell) for cell in row] for row in table.rows]


def _said(cell: Cell) -> str:
    value = cell.value
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.isoformat(timespec="minutes")
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@click.command()
@click.option(
    "--check", is_flag=True, help="Only compare the roll-ups with the log; exit 1 when they differ."
)
def rebuild(*, check: bool) -> None:
    """Make the roll-ups again from the log, those of promises from the promises, those of steps from the tasks."""
    with _session() as session:
        if check:
            wrong = watching.differences(session)
            for line in wrong[:20]:
                click.echo(line)
            click.echo(f"{len(wrong)} differences")
            sys.exit(1 if wrong else 0)
        with _progress("Moves") as heard:
            rows = rollups.rebuild(session, progress=heard)
        with _progress("Promises") as heard:
            rows += promise_rollups.rebuild(session, progress=heard)
        with _progress("Tasks") as heard:
            rows += step_rollups.rebuild(session, progress=heard)
        session.commit()
    click.echo(f"{rows} rows")


def register(main: click.Group) -> None:
    """Add these commands to ``contentum``."""
    main.add_command(report)
    main.add_command(rebuild)


@contextmanager
def _session() -> Iterator[Session]:
    with opened(Settings().database) as engine, sessions(engine)() as session:
        yield session


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream, and none where nobody looks."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def heard(done: int, whole: int) -> None:
            bar.length = whole
            bar.update(done - bar.pos)

        yield heard


# ------------------------------------------------------------------------------------------------ as a table


def _dynamics_table(plain: dict[str, Any]) -> Iterator[str]:
    rows = [
        (f"{row['from']} {row['to']}", *(row[name]["n"] for name in ("green", "red", "net", "new", "grey")))
        for row in plain["periods"]
    ]
    yield f"{plain['ladder']}, {plain['from']} to {plain['to']}"
    yield from _table(("period", "▲ forward", "▼ back", "net", "new", "put aside"), rows)
    for line in (plain["balance"], *plain["stages"]):
        yield _balance(line)


def _balance(line: dict[str, Any]) -> str:
    came = "".join(f" + {total['n']} {kind}" for kind, total in line["came"].items())
    went = "".join(f" - {total['n']} {kind}" for kind, total in line["went"].items())
    verdict = "adds up" if line["balanced"] else "DOES NOT ADD UP"
    return f"{line['stage'] or 'balance'}: {line['start']['n']}{came}{went} = {line['end']['n']}  {verdict}"


def _funnel_table(plain: dict[str, Any]) -> Iterator[str]:
    yield f"{plain['ladder']}, created {plain['from']} to {plain['to']}: {plain['created']['n']}"
    heads = (
        "stage",
        "reached",
        "further",
        "conversion",
        "when ended",
        "lost",
        "open",
        "p50",
        "p85",
        "p95",
        "days",
    )
    yield from _table(heads, [_funnel_row(step) for step in plain["stages"]])
    yield f"won {plain['won']['n']}, lost {plain['lost']['n']}, open {plain['open']['n']}, gone {plain['gone']['n']}"


def _funnel_row(step: dict[str, Any]) -> tuple[object, ...]:
    dwell, mature = step["dwell"], step["mature"]
    times = (_figure(dwell[name]) for name in ("p50", "p85", "p95", "days"))
    counts = (step[name]["n"] for name in ("lost", "open"))
    shares = (_share(step["conversion"]), _share(mature["share"] if mature else None))
    return (step["stage"], step["reached"]["n"], step["further"]["n"], *shares, *counts, *times)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Columns as wide as their widest cell: the first to the left, figures to the right."""
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(heads))]
    for first, *rest in cells:
        figures = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *figures])


SHORT: dict[str, Print] = {"dynamics": _dynamics_table, "funnel": _funnel_table}
"""Reports that have a short table for the terminal."""

for _each in REPORTS:
    report.add_command(_command(_each))
