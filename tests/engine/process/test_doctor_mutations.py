"""Damaged files: no exception escapes, nothing hangs, nothing disappears without a word."""

import random
import time
from functools import cache

import pytest
from lxml import etree

from engine.process import doctor
from engine.process.doctor import loading
from engine.process.doctor.findings import Ledger
from tests.engine.process.doctor_kit import KNOWN
from tests.engine.process.test_doctor_reference import HERE, MODELS
from tests.engine.process.vendors.accounts import lost
from tests.engine.process.vendors.mutations import damage
from tests.engine.process.vendors.writing import drawn

PATIENCE = 2.0
"""Seconds of processor time for one file."""


@cache
def originals() -> list[bytes]:
    """Reference models, the shipped diagrams and drawings like those of other tools."""
    shipped = sorted((HERE / "bpmn").rglob("*.bpmn"))
    files = [each.read_bytes() for each in [*MODELS, *shipped]]
    return [each for each in files if len(each) < 50_000] + [
        etree.tostring(drawn(seed)) for seed in range(40)
    ]


def survive(seed: int) -> None:
    """One damaged file, examined as it is or with everything accepted."""
    dice = random.Random(seed)
    content = damage(dice, dice.choice(originals()))
    accepted = dice.choice(((), "all", "all"))
    began = time.process_time()
    examined = doctor.examine([doctor.File("hit.bpmn", content)], known=KNOWN, accepted=accepted)
    assert time.process_time() - began < PATIENCE, seed
    assert not any("%(" in each.message.pl + each.message.en for each in examined.findings), seed
    if examined.compiled is not None:
        root = loading.load(Ledger(()), "hit.bpmn", content)
        assert root is not None
        assert lost(root, examined) == [], seed
    else:
        assert any(each.severity == "error" and not each.accepted for each in examined.findings), seed


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_examined_all_the_same(seed: int) -> None:
    survive(seed)


@pytest.mark.slow
def test_two_thousand_damaged_files_are_examined_all_the_same() -> None:
    for seed in range(1_000, 3_000):
        survive(seed)


@pytest.mark.long
@pytest.mark.parametrize("start", range(10_000, 30_000, 1_000))
def test_twenty_thousand_damaged_files_are_examined_all_the_same(start: int) -> None:
    for seed in range(start, start + 1_000):
        survive(seed)
