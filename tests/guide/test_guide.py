"""The guide shows every picture that the script takes, and no other."""

import re
from pathlib import Path

from tests.guide import pictures, year

PICTURES = pictures.PICTURES + year.PICTURES
GUIDE = Path(__file__).parents[2] / "docs" / "guide"


def test_every_picture_of_the_guide_is_taken_by_the_script_and_shown_once() -> None:
    shown = [name for page in sorted(GUIDE.glob("*.md")) for name in _shown(page)]
    assert sorted(shown) == sorted(picture.name for picture in PICTURES)


def test_every_picture_is_there_and_is_not_heavy() -> None:
    for picture in PICTURES:
        assert (GUIDE / "pictures" / f"{picture.name}.png").stat().st_size < 300_000, picture.name


def _shown(page: Path) -> list[str]:
    return re.findall(r"!\[[^\]]+\]\(pictures/([\w-]+)\.png\)", page.read_text(encoding="utf-8"))
