"""History from elsewhere on the command line: propose a map for a file, import it, look at what is wrong with it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson
from sqlalchemy.orm import Session

from engine import migrations
from engine.db import opened, sessions
from engine.errors import Refusal
from engine.sales.past import files, importing, maps, proposals, staging
from engine.sales.past.importing import Checked, Counts
from engine.sales.past.maps import MOST_KB
from engine.sales.past.wrong import Rows
from webapp.past_reports import add_up
from webapp.settings import Settings

ALREADY = "This file was imported with this map on {at:%Y-%m-%d %H:%M} UTC. Nothing changed."

file_argument = click.argument(
    "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.group()
def history() -> None:
    """Bring in the history of another system, so that reports can look at it."""


@history.command("map")
@file_argument
@click.option("--ladder", metavar="KEY", help="What the ladder will be called; without it the file's name.")
@click.option("--to", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
def map_command(path: Path, ladder: str | None, out: Path | None) -> None:
    """Propose a map for an event log: look it over and correct it before you import."""
    with _in_words():
        text = proposals.propose(files.at(path), ladder=ladder)
    if out is None:
        click.echo(text)
        return
    if out.exists():
        raise click.ClickException(f"{out} is there already.")
    out.write_text(text, encoding="utf-8")
    click.echo(f"The proposal is in {out}.")


@history.command("import")
@file_argument
@click.option(
    "--map",
    "map_path",
    metavar="MAP.toml",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What its columns and activities mean.",
)
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def import_command(path: Path, map_path: Path, *, dry_run: bool, as_json: bool) -> None:
    """Import an event log (XES, .xes.gz, CSV) as the history of a ladder of its own: all of it, or nothing."""
    settings, now = Settings(), datetime.now(UTC)
    with _in_words(), _session(settings) as session:
        checked = _checked(path, map_path, now)
        staging.only_read(session, only=True)
        before = importing.same(session, checked.sha256, checked.chosen)
        if before is not None:
            click.echo(ALREADY.format(at=before.at), err=as_json)
            _tell(checked, Counts(checked.count, len(checked.cases), 0, len(checked.cases)), as_json=as_json)
            return
        counts = importing.rehearse(session, checked) if dry_run else _bring(session, checked, now)
        _tell(checked, counts, as_json=as_json, dry_run=dry_run)


def _bring(session: Session, checked: Checked, now: datetime) -> Counts:
    """Make the rows while others write, then bring them in at once."""
    with _progress("Cases") as heard:
        staged = importing.stage(session, checked, heard=heard)
        session.commit()
        staging.only_read(session, only=False)
        made = importing.begin(session, checked, by=None, now=now)
        counts = importing.bring(session, made, checked, by=None, now=now, heard=heard, staged=staged)
        if counts.new:
            add_up(session, made.ladder)
        session.commit()
    return counts


def register(main: click.Group) -> None:
    """Add the commands to ``contentum``."""
    main.add_command(history)


def _checked(path: Path, map_path: Path, now: datetime) -> Checked:
    """The whole file, read by the map. No transaction is open meanwhile."""
    with map_path.open("rb") as file:
        text = maps.decoded(file.read(MOST_KB * 1024 + 1))
    with _progress("Reading") as heard:
        return importing.check(files.at(path), text, now=now, heard=heard)


def _tell(checked: Checked, counts: Counts, *, as_json: bool, dry_run: bool = False) -> None:
    if as_json:
        plain = {"ladder": checked.chosen.ladder, "written": not dry_run, **counts.plain()}
        click.echo(orjson.dumps(plain, option=orjson.OPT_INDENT_2).decode())
        return
    what = "would be written" if dry_run else "written"
    click.echo(f"{counts.events} events of {counts.cases} cases; {counts.known} cases were here already.")
    click.echo(f"{counts.new} cases with {counts.steps} steps and {counts.moves} moves {what}.")
    kept = [name for name in checked.activities if name not in checked.chosen.activities]
    if kept:
        click.echo(f"Kept as steps, for the map does not name them: {', '.join(kept[:20])}", err=True)
    if not dry_run and counts.new:
        click.echo(f"Look at it: contentum report funnel --ladder {checked.chosen.ladder}")


@contextmanager
def _in_words() -> Iterator[None]:
    """A refusal is a message with the wrong lines, not a traceback."""
    try:
        yield
    except Rows as refusal:
        for line, each in refusal.ledger.first:
            click.echo(f"line {line}: {each}", err=True)
        left = refusal.ledger.count - len(refusal.ledger.first)
        if left:
            click.echo(f"… and {left} more", err=True)
        raise click.ClickException(str(refusal)) from refusal
    except Refusal as refusal:
        raise click.ClickException(str(refusal)) from refusal


@contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    if not settings.database_url:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
    with opened(settings.database) as engine:
        migrations.upgrade(engine)
        with staging.alone(sessions(engine)) as session:
            yield session


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the error stream, and none where nobody looks."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def heard(done: int, whole: int) -> None:
            bar.length = whole
            bar.update(done - bar.pos)

        yield heard
