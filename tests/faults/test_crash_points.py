"""Fault 1, at every word: a command that breaks anywhere is all there or not at all, and given again it is there once."""

from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from engine.people import Department
from engine.process import definitions
from tests.engine.process.kit import World
from tests.faults.commands import ORDERS, Order, listen
from tests.faults.kit import Crash, Make, begun_under, counts, crash, hiccup, moments, must_be_whole, portrait

NOW = timedelta(0)


@pytest.mark.slow
@pytest.mark.parametrize("make", [crash, hiccup])
@pytest.mark.parametrize("name", ORDERS)
def test_a_command_that_breaks_at_any_moment_is_whole_or_nothing_and_then_happens_once(
    world: World, departments: dict[str, Department], name: str, make: Make
) -> None:
    listen(world)
    broken = Broken(world, ORDERS[name], make)
    passed = broken.undisturbed()
    whole = [broken.at(number) for number in range(len(passed))]

    assert len(passed) >= 20, "the command says less than it must"
    assert whole == sorted(whole), "what was there at one moment was gone at a later one"
    assert (whole[0], whole[-1]) == (False, True)


class Broken:
    """One command, broken at one moment after the other, each time on a case of its own."""

    def __init__(self, world: World, order: Order, make: Make) -> None:
        self.world, self.order, self.make = world, order, make
        self.definition = world.deploy(*order.files)
        with world.looking() as session:
            definitions.program(session, self.definition)

    def undisturbed(self) -> list[str]:
        """The moments of the command, and what is there after it."""
        id_ = self.order.ready(self.world, self.definition)
        self._give(id_, "warm")
        id_ = self.order.ready(self.world, self.definition)
        before = counts(self.world)
        with moments(self.world.engine) as seen:
            self._give(id_, "sound")
        self.grown = self._grown(before)
        self.sound = portrait(self.world, id_ or begun_under(self.world, "sound"))
        return seen.passed

    def at(self, moment: int) -> bool:
        """Break it at one moment, look, give it again, look. Returns whether it was there after the crash."""
        id_, key = self.order.ready(self.world, self.definition), f"press-{moment}"
        before, rows = portrait(self.world, id_), counts(self.world)
        with moments(self.world.engine, moment, self.make), suppress(Crash, OperationalError):
            self._give(id_, key)
        found = portrait(self.world, id_ or begun_under(self.world, key))
        there = found == self.sound
        assert there or found == before, f"half a command after {moment}"
        assert self._grown(rows) == (self.grown if there else {}), f"rows after {moment}"

        self._give(id_, key, self.order.again)
        case = id_ or begun_under(self.world, key)
        assert case is not None
        assert portrait(self.world, case) == self.sound, f"not once after {moment}"
        assert self._grown(rows) == self.grown
        must_be_whole(self.world, case)
        return there

    def _give(self, id_: int | None, key: str, later: timedelta = NOW) -> None:
        self.order.give(self.world, self.definition, id_, key, later)

    def _grown(self, before: dict[str, int]) -> dict[str, int]:
        """By how many rows which tables have grown."""
        now = counts(self.world)
        changed = {name: now[name] - rows for name, rows in before.items() if now[name] != rows}
        return {name: rows for name, rows in changed.items() if name not in self.order.beside}
