"""The doctor on the command line: any number of files, one line each, in memory that does not grow."""

import json
import os
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.process import doctor
from tests.engine.process.doctor_kit import diagram, flows
from webapp.cli import main

ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("CONTENTUM_CORPUS", ROOT.parent / "shared" / "corpus")) / "miwg-reference"
GOOD = diagram('<startEvent id="s"/><userTask id="a" name="Zrób"/><endEvent id="e"/>' + flows("s>a", "a>e"))
UNTYPED = GOOD.replace(b"userTask", b"task")
LOSING = GOOD.replace(b"<endEvent", b'<userTask id="alone" name="Sam"/><endEvent')
HOPELESS = GOOD.replace(b"</process>", b"")
KEYS = ["file", "deployable", "deployable_after_repair", "lossless", "refused", "findings"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of diagrams, good and bad, with other things among them."""
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    (tmp_path / "good.bpmn").write_bytes(GOOD)
    (tmp_path / "deep" / "untyped.bpmn20.xml").write_bytes(UNTYPED)
    (tmp_path / "deep" / "deeper" / "losing.bpmn").write_bytes(LOSING)
    (tmp_path / "deep" / "hopeless.bpmn").write_bytes(HOPELESS)
    (tmp_path / "deep" / "letter.xml").write_text("<letter/>")
    (tmp_path / "deep" / "notes.txt").write_text("nothing")
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["doctor", *map(str, arguments)])


def lines(result: Result) -> dict[str, dict[str, object]]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    return {Path(each["file"]).name: each for each in found}


def test_a_folder_is_walked_and_every_diagram_is_one_object_a_line(folder: Path) -> None:
    result = run("--json", folder)

    found = lines(result)
    assert result.exit_code == 1
    assert set(found) == {"good.bpmn", "untyped.bpmn20.xml", "losing.bpmn", "hopeless.bpmn"}
    assert all(list(each) == KEYS for each in found.values())
    assert {name: tuple(each[key] for key in KEYS[1:5]) for name, each in found.items()} == {
        "good.bpmn": (True, True, True, False),
        "untyped.bpmn20.xml": (False, True, True, False),
        "losing.bpmn": (False, True, False, False),
        "hopeless.bpmn": (False, False, False, True),
    }


def test_a_finding_names_its_element_and_what_a_repair_would_do(folder: Path) -> None:
    found = lines(run("--json", folder / "deep" / "untyped.bpmn20.xml"))["untyped.bpmn20.xml"]

    (told,) = [each for each in found["findings"] if each["code"] == "A01"]  # type: ignore[attr-defined]
    assert (told["severity"], told["element"], told["name"]) == ("error", "a", "Zrób")
    assert "Zrób" in told["message"]
    assert told["repair"] == "It becomes a user task."


def test_findings_are_told_in_polish_too(folder: Path) -> None:
    result = run("--json", "--lang", "pl", folder / "deep" / "untyped.bpmn20.xml")

    assert "Stanie się zadaniem dla człowieka." in result.stdout


def test_only_good_diagrams_end_with_zero(folder: Path) -> None:
    assert run("--json", folder / "good.bpmn").exit_code == 0
    assert run(folder / "good.bpmn", folder / "good.bpmn").exit_code == 0


@pytest.mark.parametrize("name", ["nowhere.bpmn", "locked.bpmn"])
def test_what_the_disk_does_not_give_is_an_object_too(name: str, folder: Path) -> None:
    if name == "locked.bpmn":
        (folder / name).symlink_to(folder / "nobody")

    result = run("--json", folder / name, folder / "good.bpmn")

    found = lines(result)
    assert result.exit_code == 1
    assert found[name]["refused"]
    assert [each["code"] for each in found[name]["findings"]] == ["V90"]  # type: ignore[attr-defined]
    assert found["good.bpmn"]["deployable"]


def test_a_giant_is_refused_without_being_read(folder: Path) -> None:
    with (folder / "giant.bpmn").open("wb") as opened:
        opened.truncate(5 * 1024**3)

    found = lines(run("--json", folder / "giant.bpmn"))["giant.bpmn"]

    (told,) = list(found["findings"])  # type: ignore[call-overload]
    assert told["code"] == "X04"
    assert "5120.0 MB" in told["message"]


def test_without_json_a_summary_counts_by_finding_and_names_the_refused(folder: Path) -> None:
    result = run(folder)

    assert result.exit_code == 1
    assert (
        "4 files: 1 deployable as they are, 3 after repair (2 of them without leaving anything out), 1 refused"
        in (result.stdout)
    )
    assert f"refused  {folder / 'deep' / 'hopeless.bpmn'}: X01" in result.stdout
    (counted,) = [line for line in result.stdout.splitlines() if line.startswith("A01")]
    assert counted.split()[:5] == ["A01", "blocks", "1", "in", "1"]
    assert "Zrób" not in result.stdout


def test_one_file_or_details_tell_every_finding(folder: Path) -> None:
    one = run(folder / "deep" / "untyped.bpmn20.xml")
    all_ = run("--details", folder)

    assert "“Zrób” (a)" in one.stdout
    assert "“Zrób” (a)" in all_.stdout
    assert "files:" not in one.stdout


def test_tables_and_forms_belong_to_every_diagram_named_with_them(folder: Path) -> None:
    asking = GOOD.replace(b'name="Zr\xc3\xb3b"/>', b'name="Zr\xc3\xb3b" camunda:formKey="ask"/>')
    (folder / "asking.bpmn").write_bytes(asking)
    (folder / "ask.json").write_text(
        '{"key": "ask", "title": "Ask", "fields": [{"key": "x", "type": "text"}]}'
    )

    alone = lines(run("--json", folder / "asking.bpmn"))["asking.bpmn"]
    beside = lines(run("--json", folder / "asking.bpmn", folder / "ask.json"))["asking.bpmn"]

    assert "V12" in [each["code"] for each in alone["findings"]]  # type: ignore[attr-defined]
    assert "V12" not in [each["code"] for each in beside["findings"]]  # type: ignore[attr-defined]


def test_mended_diagrams_are_written_beside_each_other(folder: Path, tmp_path: Path) -> None:
    (folder / "deep" / "good.bpmn").write_bytes(UNTYPED)

    run("--json", "--mend", tmp_path / "mended", folder)

    written = {path.name: path for path in (tmp_path / "mended").iterdir()}
    assert set(written) == {"good.bpmn", "good-2.bpmn", "untyped.bpmn20.xml", "losing.bpmn", "hopeless.bpmn"}
    assert written["hopeless.bpmn"].read_bytes() == HOPELESS
    again = lines(run("--json", *(path for name, path in written.items() if name != "hopeless.bpmn")))
    assert all(each["deployable"] for each in again.values())


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    for place, count in ((few, 20), (many, 300)):
        place.mkdir()
        for number in range(count):
            (place / f"{number}.bpmn").write_bytes(UNTYPED.replace(b'"sale"', b'"sale%d"' % number))
    run(few)
    peaks = []
    for place in (few, many):
        tracemalloc.start()
        surveyed = run(place)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert "after repair" in surveyed.stdout

    assert peaks[1] < peaks[0] + 3_000_000


@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the MIWG reference models are not at {CORPUS}")
def test_every_reference_model_is_deployable_after_repair() -> None:
    found = lines(run("--json", CORPUS))

    assert len(found) == 21
    assert [name for name, each in found.items() if not each["deployable_after_repair"]] == []


def test_the_survey_is_what_examining_says() -> None:
    survey = doctor.survey([doctor.File("a.bpmn", UNTYPED)])
    examined = doctor.examine([doctor.File("a.bpmn", UNTYPED)])

    assert survey.findings == examined.findings
    assert (survey.deployable, survey.deployable_after_repair) == (False, True)
