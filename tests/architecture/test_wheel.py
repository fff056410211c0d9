"""The wheel holds everything a server needs: code, diagrams, translations and the built assets."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_wheel_holds_assets_diagrams_and_words(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )

    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())

    assert "webapp/static/gen/manifest.json" in names
    assert any(name.startswith("webapp/static/gen/app-") and name.endswith(".css") for name in names)
    assert "webapp/translations/pl/LC_MESSAGES/messages.mo" in names
    assert {"bpmn/sales_funnel.bpmn", "bpmn/stages/offer.bpmn", "bpmn/forms/new_deal.json"} <= names
    assert "engine/migrations/versions/0001_the_first_tables.py" in names
    assert "engine/migrations/script.py.mako" in names
    assert not any(name.startswith("tests/") for name in names)
