"""Reports from the command line, for the whole company, and the roll-ups from the log."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any

import click
import orjson
from sqlalchemy.orm import Session

from engine.db import opened, sessions
from engine.errors import Refusal
from reports import ladders, promise_rollups, reading, rollups
from reports.balance import Line
from reports.dynamics import Row
from reports.movements import Total
from reports.periods import BY, By
from reports.reading import Dynamics
from webapp.reporting_address import Asked
from webapp.reporting_funnel_plain import plain as plain_funnel
from webapp.settings import Settings

Command = Callable[..., None]


@click.group()
def report() -> None:
    """Print a report about the whole company."""


def _asked(command: Command) -> Command:
    """The options that both reports share."""
    day = click.DateTime(["%Y-%m-%d"])
    options = (
        click.option("--ladder", help="Key of the process; without it the first long sale."),
        click.option("--from", "start", type=day, help="First day."),
        click.option("--to", "end", type=day, help="Last day."),
        click.option("--as-of", "as_of", type=day, help="As it was known at the end of that day."),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _in_words(command: Command) -> Command:
    """A refusal is a message, not a traceback."""

    @wraps(command)
    def said(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except Refusal as refusal:
            raise click.ClickException(str(refusal)) from refusal

    return said


@report.command()
@_asked
@click.option("--by", type=click.Choice(BY), default="week", show_default=True, help="Kind of period.")
@_in_words
def dynamics(by: By, *, as_json: bool, **chosen: Any) -> None:
    """Agreement dynamics: forward and back, period by period, and the balance."""
    with _session() as session:
        ask = _ask(session, by=by, **chosen)
        found = reading.movement(session, ask.scope(session, None), ask.ladder, ask.window())
    _print(_dynamics(ask, found), _dynamics_table, as_json=as_json)


@report.command()
@_asked
@_in_words
def funnel(*, as_json: bool, **chosen: Any) -> None:
    """The funnel: how far those created in a window came, and where their time went."""
    with _session() as session:
        ask = _ask(session, **chosen)
        told = plain_funnel(session, ask, None, exact=True)
    _print(told, _funnel_table, as_json=as_json)


@click.command()
@click.option(
    "--check", is_flag=True, help="Only compare the roll-ups with the log; exit 1 when they differ."
)
def rebuild(*, check: bool) -> None:
    """Make the roll-ups again from the log, and those of promises from the promises."""
    with _session() as session:
        if check:
            wrong = _differences(session)
            for line in wrong[:20]:
                click.echo(line)
            click.echo(f"{len(wrong)} differences")
            sys.exit(1 if wrong else 0)
        with _progress("Moves") as heard:
            rows = rollups.rebuild(session, progress=heard)
        with _progress("Promises") as heard:
            rows += promise_rollups.rebuild(session, progress=heard)
        session.commit()
    click.echo(f"{rows} rows")


def _differences(session: Session) -> list[str]:
    """Where a roll-up is not what it is made of, in words."""
    moves = [
        f"{each.table} {' '.join(map(str, each.key))}: {each.kept or 'nothing'} in the roll-up, {each.told or 'nothing'} in the log"
        for each in rollups.compare(session)
    ]
    promises = [
        f"agreement {key.agreement_id} {key.day} {what}: {kept} in the roll-up, {told} promises"
        for (key, _), what, kept, told in promise_rollups.compare(session)
    ]
    return moves + promises


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


def _ask(
    session: Session,
    *,
    ladder: str | None,
    start: datetime | None,
    end: datetime | None,
    as_of: datetime | None,
    by: By = "week",
) -> Asked:
    now = datetime.now(UTC)
    days = [day.date() if day else None for day in (start, end, as_of)]
    return Asked(ladders.find(session, ladder), now, by=by, start=days[0], end=days[1], as_of=days[2])


def _print(plain: dict[str, Any], table: Callable[[dict[str, Any]], Iterator[str]], *, as_json: bool) -> None:
    if as_json:
        click.echo(orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode())
        return
    for line in table(plain):
        click.echo(line)


# ------------------------------------------------------------------------------------------------ as plain data


def _amount(total: Total) -> dict[str, float]:
    return {"n": total.n, "money": total.money / 100}


def _head(ask: Asked, first: date, last: date) -> dict[str, Any]:
    return {"ladder": ask.ladder.key, "from": first, "to": last, "as_of": ask.moment}


def _row(row: Row) -> dict[str, Any]:
    figures = {
        "green": row.green,
        "red": row.red,
        "grey": row.grey,
        "new": row.new,
        "corrected": row.corrected,
    }
    return {
        "from": row.period.start,
        "to": row.period.last,
        **{name: _amount(total) for name, total in figures.items()},
        "net": _amount(row.net),
        "red_share": row.red_share,
        "kinds": {kind: _amount(total) for kind, total in row.kinds.items()},
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "stage": line.stage or None,
        "start": _amount(line.start),
        "came": {kind: _amount(total) for kind, total in line.came.items() if total.n},
        "went": {kind: _amount(total) for kind, total in line.went.items() if total.n},
        "changed_amounts": line.gained.money / 100,
        "end": _amount(line.end),
        "balanced": line.is_balanced,
    }


def _dynamics(ask: Asked, found: Dynamics) -> dict[str, Any]:
    return {
        **_head(ask, found.window.start, found.window.last),
        "by": ask.by,
        "current": _row(found.current),
        "usual": {"green": found.usual.green, "red": found.usual.red, "too_few": found.usual.too_few},
        "previous": _row(found.previous),
        "periods": [_row(row) for row in found.rows],
        "bars": [
            {**_row(bar.row), "usual": bar.usual, "limit": bar.limit, "off": bar.is_off, "low": bar.is_low}
            for bar in found.bars
        ],
        "balance": _line(found.whole),
        "stages": [_line(line) for line in found.stages],
        "units": [{"department_id": unit.id or None, **_row(unit.row)} for unit in found.units],
        "causes": [
            {"department_id": cause.department_id or None, "n": cause.n, "reasons": dict(cause.reasons)}
            for cause in found.causes
        ],
        "net": {
            "further": found.net.further,
            "back": found.net.back,
            "same": found.net.same,
            "recovered": found.net.recovered,
        },
    }


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
