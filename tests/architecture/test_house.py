"""The house keeps its promises: every file says what it is for, and the database's steps lead to today's shape."""

import ast
import re
import subprocess
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine

from engine import db, migrations

ROOT = Path(__file__).parents[2]
SOURCES = [
    path for top in ("engine", "reports", "connectors", "webapp") for path in (ROOT / top).rglob("*.py")
]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_in_its_first_line_what_it_is_for(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert docstring, "no docstring"
    assert len(docstring.splitlines()[0]) > 15


def test_an_empty_database_is_led_to_todays_shape(database: Engine) -> None:
    with database.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.Base.metadata) == []
    assert migrations.is_current(database)


def test_the_project_speaks_of_itself_alone() -> None:
    """No registry host, no path of a machine, no unfinished marks in anything that is kept."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    forbidden = re.compile(
        "|".join(
            [
                "registry\\.npm" + "js",
                "pypi\\.o" + "rg/simple",
                "/ho" + "me/",
                "/wor" + "k/(main|shared)",
                "/ro" + "ot/",
            ]
        )
    )
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.suffix in {".png", ".woff2", ".pdf"} or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        found += [f"{name}: {match.group()}" for match in forbidden.finditer(text)]

    assert not found
