"""States of every release load for ever: they stand where they stood, and go to their end."""

from pathlib import Path

import orjson
import pytest

from engine.process import frontier
from engine.process.runner import BrokenState, Run
from tests.engine.process.states import HERE, Stored, command, seen
from tests.engine.process.states.cases import CASES

FILES = sorted(HERE.glob("v*/*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_a_state_of_any_release_stands_where_it_stood_and_goes_to_its_end(path: Path) -> None:
    stored = Stored.read(path)
    run = stored.load()
    assert seen(run.waiting()) == stored.waiting
    for what, element, values in stored.commands:
        command(run, what, element, values)
        run = stored.load(run.dump())

    assert run.ended
    assert (run.end_element, run.data) == (stored.end, stored.data)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name} {path.stem}")
def test_a_state_of_any_release_is_saved_in_the_present_format(path: Path) -> None:
    run = Stored.read(path).load()

    assert orjson.loads(run.dump())["v"] == frontier.VERSION


def test_the_present_release_has_its_states_among_them() -> None:
    names = {path.stem for path in FILES if path.parent.name == f"v{frontier.VERSION}"}

    assert names >= {*CASES, "long_sale_decides", "long_sale_hands_over"}


def test_a_state_of_a_release_to_come_is_refused_by_its_number() -> None:
    stored = Stored.read(next(path for path in FILES if path.stem == "loop"))
    newer = orjson.dumps({**stored.state, "v": frontier.VERSION + 1})

    with pytest.raises(BrokenState, match=rf"\(v{frontier.VERSION + 1}\)"):
        Run.load(stored.program(), newer, facts=dict)
