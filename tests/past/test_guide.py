"""The worked example of the guide is worked out right, and its commands do what it says."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.sales.ladders import Move
from webapp.cli import main

GUIDE = Path(__file__).parents[2] / "docs" / "history-import.md"


def example(name: str) -> str:
    """A file of the guide."""
    block = re.search(rf"`{re.escape(name)}`:\n\n((?:    .*\n)+)", GUIDE.read_text(encoding="utf-8"))
    assert block
    return re.sub(r"^    ", "", block[1], flags=re.MULTILINE)


@pytest.fixture
def run(tmp_path: Path, engine_url: str, monkeypatch: pytest.MonkeyPatch) -> "Run":
    """The command line beside the example's files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", engine_url)
    for name in ("old-crm.csv", "MAP.toml"):
        Path(name).write_text(example(name), encoding="utf-8")
    return Run()


class Run:
    """Runs commands."""

    def __call__(self, *words: str) -> Result:
        return CliRunner().invoke(main, ["history", *words])


def test_the_example_becomes_the_moves_of_its_table(run: Run, session: Session) -> None:
    dry = run("import", "old-crm.csv", "--map", "MAP.toml", "--dry-run")
    assert "2 cases with 8 steps and 7 moves would be written" in dry.output
    assert session.scalars(select(Move)).all() == []
    session.rollback()

    assert "8 steps and 7 moves written" in run("import", "old-crm.csv", "--map", "MAP.toml").output

    table = []
    for line in re.findall(r"^\| 1[78] \|.*$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE):
        _, _, kind, way, stood, worth, reason, _ = (cell.strip() for cell in line.split("|"))
        left, _, entered = (each.strip() for each in way.partition("→"))
        table.append((kind, left, entered, stood.removesuffix(" days"), worth, reason))
    moves = session.scalars(select(Move).order_by(Move.id)).all()
    told = [
        (
            each.kind,
            each.from_stage or "",
            each.to_stage or "",
            str(each.dwell // 86400) if each.dwell else "",
            f"{each.amount:,.2f}" if each.amount else "",
            each.reason or "",
        )
        for each in moves
    ]
    assert told == table
    assert len(table) == 7


def test_a_second_time_changes_nothing_and_says_so(run: Run, session: Session) -> None:
    run("import", "old-crm.csv", "--map", "MAP.toml")
    again = run("import", "old-crm.csv", "--map", "MAP.toml")
    assert again.exit_code == 0
    assert "Nothing changed" in again.output
    assert len(session.scalars(select(Move)).all()) == 7


def test_wrong_rows_are_told_with_their_lines_and_the_code_is_1(run: Run) -> None:
    text = Path("old-crm.csv").read_text(encoding="utf-8").replace("2025-03-05 09:00", "last week")
    Path("old-crm.csv").write_text(text, encoding="utf-8")
    told = run("import", "old-crm.csv", "--map", "MAP.toml")
    assert told.exit_code == 1
    assert "line 3: “last week” is not a time" in told.output


def test_a_map_is_proposed_and_never_written_over(run: Run) -> None:
    assert run("map", "old-crm.csv", "--to", "NEW.toml").exit_code == 0
    assert run("import", "old-crm.csv", "--map", "NEW.toml", "--dry-run").exit_code == 0
    assert run("map", "old-crm.csv", "--to", "NEW.toml").exit_code == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"[history]\nladder = 'x'"])
def test_a_broken_map_is_a_sentence_not_a_traceback(run: Run, content: bytes) -> None:
    Path("MAP.toml").write_bytes(content)
    told = run("import", "old-crm.csv", "--map", "MAP.toml")
    assert told.exit_code == 1
    assert told.output.startswith("Error: ")
