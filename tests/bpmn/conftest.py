"""Walks through the shipped processes."""

import pytest

from tests.bpmn.walk import Walk


@pytest.fixture
def deal() -> Walk:
    """A long sale that somebody has just opened."""
    return Walk("sales_funnel").start("deal_opened")


@pytest.fixture
def order() -> Walk:
    """A fast sale that has not started yet."""
    return Walk("fast_sale")
