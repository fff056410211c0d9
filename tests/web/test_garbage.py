"""A server that answers quickly does not look through the whole program for garbage meanwhile."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from webapp import garbage


class Circle:
    """Holds itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_is_loaded_is_spared_and_what_comes_later_is_not() -> None:
    loaded = Circle()
    garbage.spare_the_loaded()
    early, late = weakref.ref(loaded), weakref.ref(Circle())
    del loaded

    gc.collect()

    assert early() is not None
    assert late() is None


def test_a_few_thousand_new_objects_are_not_looked_at_at_once() -> None:
    garbage.spare_the_loaded()
    late = weakref.ref(Circle())

    kept = [[number] for number in range(5000)]

    assert len(kept) == 5000
    assert late() is not None
