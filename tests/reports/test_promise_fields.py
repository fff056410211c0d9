"""The page on what machines read names every number of promises."""

import re
from pathlib import Path

from reports.scoreboard import TOGETHER

PAGE = Path("docs/reports-json-foresight.md")


def test_every_number_of_promises_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE.read_text(encoding="utf-8")))
    assert set(TOGETHER) - told == set()
