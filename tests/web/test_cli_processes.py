"""Examining and deploying from the command line, also what nobody here drew."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department
from engine.process.definitions import Definition
from tests.web.test_processes import DIAGRAM, LANE
from webapp.cli import main

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("CONTENTUM_CORPUS", ROOT.parent / "shared" / "corpus")) / "miwg-reference"


@pytest.fixture
def diagram(tmp_path: Path) -> Path:
    """A diagram in a file."""
    path = tmp_path / "repairs.bpmn"
    path.write_text(DIAGRAM, encoding="utf-8")
    return path


@pytest.fixture
def command(engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """The command line on the test's database."""
    monkeypatch.setenv("DATABASE_URL", engine_url)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    return CliRunner()


def test_a_diagram_without_a_flaw_ends_with_zero(diagram: Path) -> None:
    result = CliRunner().invoke(main, ["doctor", str(diagram)])

    assert result.exit_code == 0, result.output
    assert str(diagram) in result.output


def test_what_blocks_is_named_with_its_element_and_ends_with_one(tmp_path: Path) -> None:
    path = tmp_path / "a.bpmn"
    path.write_text(DIAGRAM.replace("<bpmn:userTask", "<bpmn:task").replace("</bpmn:userTask", "</bpmn:task"))

    result = CliRunner().invoke(main, ["doctor", str(path)])

    assert result.exit_code == 1
    assert "“Napraw” (mend)" in result.output
    assert "id: A01:repairs_desk:mend" in result.output


def test_findings_are_json_for_machines(diagram: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<oops")

    result = CliRunner().invoke(main, ["doctor", "--json", str(diagram), str(broken)])

    good, bad = map(json.loads, result.stdout.splitlines())
    assert result.exit_code == 1
    assert good["deployable"]
    assert not bad["deployable"]
    assert bad["findings"][0]["severity"] == "error"


def test_diagrams_that_call_each_other_are_examined_together() -> None:
    paths = [
        str(path) for path in sorted((ROOT / "bpmn").rglob("*")) if path.suffix in {".bpmn", ".dmn", ".json"}
    ]
    funnel = [
        path for path in paths if "stages" in path or "sales_funnel" in path or not path.endswith(".bpmn")
    ]

    result = CliRunner().invoke(main, ["doctor", "--together", "--lang", "pl", "--json", *funnel])

    assert len(result.stdout.splitlines()) == 1
    assert json.loads(result.stdout)["deployable_after_repair"]


def test_a_deployment_stops_at_what_nobody_accepted(
    command: CliRunner, diagram: Path, session: Session, departments: dict[str, Department]
) -> None:
    result = command.invoke(main, ["deploy", str(diagram), "--as", "repairs"])

    assert result.exit_code == 1
    assert "“Warsztat” matches no department" in result.output
    assert not session.scalars(select(Definition)).all()


@pytest.mark.parametrize("accepted", ["all", f"{LANE}=department:legal"])
def test_a_deployment_with_accepted_repairs_is_the_next_version(
    accepted: str, command: CliRunner, diagram: Path, session: Session, departments: dict[str, Department]
) -> None:
    first = command.invoke(main, ["deploy", str(diagram), "--as", "repairs", "--accept", accepted])
    diagram.write_text(DIAGRAM.replace("Napraw", "Napraw i sprawdź"), encoding="utf-8")
    second = command.invoke(
        main, ["deploy", str(diagram), "--as", "repairs", "--accept", accepted, "--title", "Repairs"]
    )

    assert "repairs: version 1" in first.output
    assert "repairs: version 2, “Repairs”" in second.output
    assert [each.version for each in session.scalars(select(Definition))] == [1, 2]


def test_a_name_that_is_no_name_is_refused(command: CliRunner, diagram: Path, session: Session) -> None:
    result = command.invoke(main, ["deploy", str(diagram), "--as", "two words"])

    assert result.exit_code == 1
    assert "two words" in result.output


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the MIWG reference models are not beside the repository")
def test_every_reference_model_gets_findings_that_name_elements_and_never_a_traceback() -> None:
    paths = sorted(str(path) for path in CORPUS.glob("*.bpmn"))
    assert len(paths) == 21

    words = CliRunner().invoke(main, ["doctor", "--details", *paths])
    data = CliRunner().invoke(main, ["doctor", "--json", *paths])

    assert words.exception is None or isinstance(words.exception, SystemExit)
    assert "Traceback" not in words.output
    reports = [json.loads(line) for line in data.stdout.splitlines()]
    assert [report["file"] for report in reports] == paths
    for report in reports:
        named = [each for each in report["findings"] if each["element"]]
        assert report["deployable"] or named, report["file"]
        for each in named:
            assert each["message"]
            assert each["element"] in words.output
