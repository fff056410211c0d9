"""Every finding has a specimen that raises it, names its element, and is written down for designers."""

import pytest

from engine.process.doctor import mending
from engine.process.doctor.catalogue import CATALOGUE
from engine.process.doctor.catalogue.losses import LOSSES
from tests.engine.process.specimens import SPECIMENS

ELSEWHERE = {
    "X15": "the last net: an engine error that no other finding foresaw has no specimen by definition",
    "V90": "raised where a disk is read: tests/web/test_cli_doctor.py",
}
NOT_DRAWN = {
    "F10", "G05", "P07", "V02", "V05", "V07", "V09", "V12", "V13", "V21", "V27", "Q05", "C02", "A16", "X18", "K03", "P02", "P03",
}  # fmt: skip
"""Findings whose remedy leaves out only what means nothing, or a setting that is no part of the drawing."""


def test_every_finding_has_a_specimen() -> None:
    assert set(CATALOGUE) - set(SPECIMENS) - set(ELSEWHERE) == set()
    assert set(SPECIMENS) <= set(CATALOGUE)


@pytest.mark.parametrize("code", sorted(SPECIMENS))
def test_the_specimen_raises_its_finding_and_names_its_element(code: str) -> None:
    specimen = SPECIMENS[code]

    found = [each for each in specimen.examine().findings if each.code == code]

    assert found, sorted({each.code for each in specimen.examine().findings})
    assert specimen.element in {each.element or each.diagram or None for each in found}
    for each in found:
        assert "%(" not in each.message.pl + each.message.en + each.remedy.pl + each.remedy.en
        assert each.message.pl
        assert each.message.en


@pytest.mark.parametrize("code", sorted(code for code in SPECIMENS if CATALOGUE[code].repairable))
def test_a_repair_that_is_accepted_blocks_no_more(code: str) -> None:
    specimen = SPECIMENS[code]
    ids = [each.id for each in specimen.examine().findings if each.repairable]

    examined = type(specimen)(
        specimen.files, known=specimen.known, process=specimen.process, accepted=tuple(ids)
    ).examine()

    assert all(each.accepted for each in examined.findings if each.code == code)


def test_what_leaves_something_out_is_counted_as_a_loss() -> None:
    leaving = {code for code, entry in CATALOGUE.items() if "left out" in entry.remedy.en}

    assert leaving - LOSSES - NOT_DRAWN == set()
    assert set(CATALOGUE) >= LOSSES


def test_every_repair_is_drawn_or_said_to_stay() -> None:
    repairs = {code for code, entry in CATALOGUE.items() if entry.repairable or entry.severity == "mended"}

    assert set(mending.DRAWERS) | mending.STAYS == repairs
    assert not set(mending.DRAWERS) & mending.STAYS
