"""How a process that runs for long looks for circles of garbage."""

import gc

YOUNG, MIDDLE, OLD = 20_000, 10, 20
"""So many new objects before the youngest are looked at (Python: 700), so many looks before the next older are."""


def spare_the_loaded() -> None:
    """Never look for garbage among what is loaded by now, the program itself, and seldom among the rest.

    One look at everything takes up to a tenth of a second, in the middle of whichever answer happens to cause it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
