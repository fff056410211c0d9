"""Ask a judge: a script beside this file, run by the Python of ``.oracle``; it reads JSON and answers in JSON."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parents[2]
PYTHON = HOME / ".oracle" / "bin" / "python"
ANSWER = "answer: "

here = pytest.mark.skipif(
    not PYTHON.exists(),
    reason="the judges are not installed: `make oracle` puts lifelines and pm4py into .oracle",
)
"""For tests that need a judge; with it goes `pytest.mark.oracle`."""


def ask(judge: str, question: Any, *, seconds: int = 120) -> Any:
    """What ``tests/oracles/<judge>.py`` prints after ``answer: ``, asked with ``question`` on its standard input."""
    script = Path(__file__).parent / f"{judge}.py"
    asked = subprocess.run(
        [str(PYTHON), "-W", "ignore", str(script)],
        input=json.dumps(question, default=str),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr[-2000:]
    said = [line for line in asked.stdout.splitlines() if line.startswith(ANSWER)]
    return json.loads(said[-1].removeprefix(ANSWER))
