"""The page of findings is the one the catalogue makes."""

import pytest

from engine.process.doctor.catalogue import CATALOGUE
from tests.guide import findings


@pytest.mark.parametrize("lang", ["en", "pl"])
def test_the_page_is_current(lang: str) -> None:
    written = findings.PAGES[lang].read_text(encoding="utf-8")

    assert written == findings.page(lang), "run: .venv/bin/python -m tests.guide.findings"


def test_every_kind_of_finding_has_its_chapter() -> None:
    assert {code[0] for code in CATALOGUE} <= set(findings.GROUPS)
