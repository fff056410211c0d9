"""The demo from the command line: fill it once, show its progress, print its log-ins."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine, event, make_url, select

from engine import migrations
from engine.db import connect, opened, sessions
from engine.people import Person
from webapp import wiring
from webapp.demo import company, play
from webapp.settings import Settings


class NotHere(click.ClickException):
    """Why there will be no demo."""


def register(group: click.Group) -> None:
    """Add the command to ``contentum``."""
    group.add_command(demo)


@click.command()
@click.option("--size", type=click.Choice(sorted(play.SIZES)), default="small", show_default=True)
@click.option("--seed", default=7, show_default=True, help="The same seed plays the same months.")
def demo(size: str, seed: int) -> None:
    """Fill an empty database with months of an invented company's work, played through the engine."""
    fill(Settings(), size=size, seed=seed)
    for line in log_ins(Settings()):
        click.echo(line)


def fill_once(settings: Settings) -> None:
    """Fill the demo unless there is somebody in the database already."""
    if is_empty(settings):
        fill(settings)


def is_empty(settings: Settings) -> bool:
    """Whether nobody is in the database, or there is none yet."""
    path = _file(settings)
    if path is not None and not path.exists():
        return True
    with opened(settings.database) as engine:
        migrations.upgrade(engine)
        with sessions(engine)() as session:
            return not play.is_played(session)


def fill(settings: Settings, *, size: str = "small", seed: int = 7) -> None:
    """Play the demo into the database, showing how far it is.

    On SQLite it is played into a file beside and moved there when it is whole: a demo that was interrupted
    leaves nothing behind. Demo accounts have a known password, so they refuse to exist beyond this machine.
    """
    if not settings.is_loopback:
        raise NotHere("Demo accounts exist on loopback only: HOST is not a loopback address.")
    if not is_empty(settings):
        raise NotHere("There are people in this database already: the demo needs an empty one.")
    path = _file(settings)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
    if path is None:
        _fill(connect(settings.database), settings, size, seed)
        return
    beside = path.with_name(path.name + ".filling")
    _remove(beside)
    engine = connect(f"sqlite:///{beside}")
    event.listen(engine, "connect", _hurry)
    _fill(engine, settings, size, seed)
    _remove(path)
    beside.replace(path)


def log_ins(settings: Settings) -> list[str]:
    """The demo's log-ins, one for each way of using the product; none where there is no demo."""
    with opened(settings.database) as engine, sessions(engine)() as session:
        here = session.scalar(select(Person.id).where(Person.email == company.address(company.SHOWN[0])))
    if here is None:
        return []
    role = {name: roles for name, _, _, roles in company.PEOPLE}
    department = {name: key for name, key, _, _ in company.PEOPLE}
    unit = {key: english for key, _, english, _ in company.DEPARTMENTS}
    lines = [f"Log in with one of these addresses; the password is “{company.PASSWORD}”:"]
    for name in company.SHOWN:
        what = ", ".join((*role[name], unit[department[name]]))
        lines.append(f"  {company.address(name):28} {name} ({what})")
    return lines


def _fill(engine: Engine, settings: Settings, size: str, seed: int) -> None:
    migrations.upgrade(engine)
    with _progress() as told:
        play.play(
            engine,
            wiring.build(settings, prints_later=True),
            now=datetime.now(UTC),
            size=size,
            seed=seed,
            progress=told,
        )
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    engine.dispose()


class _progress:  # noqa: N801  # reads as what it is: `with _progress() as told`
    """A bar that is told a share between 0 and 1."""

    def __enter__(self) -> Callable[[float], None]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(40),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True))
        self._bar.start()
        task = self._bar.add_task("Playing the demo", total=1.0)
        return lambda share: self._bar.update(task, completed=share)

    def __exit__(self, *_: object) -> None:
        self._bar.stop()


def _hurry(connection: Any, _record: Any) -> None:
    """A file that is thrown away when the power fails need not wait for the disk."""
    connection.execute("PRAGMA synchronous=OFF")


def _file(settings: Settings) -> Path | None:
    """The database's file, or None on a server."""
    url = make_url(settings.database)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _remove(path: Path) -> None:
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        each.unlink(missing_ok=True)
