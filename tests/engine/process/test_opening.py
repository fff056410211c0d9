"""What a command asks the database for when it opens tasks and starts timers."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from engine.errors import Refusal
from engine.people import Department
from engine.process import doctor
from engine.process.blueprint import Text
from tests.engine.process.kit import (
    World,
    after,
    diagram,
    end,
    fork,
    properties,
    script,
    start,
    task,
    wait,
    way,
)


def busy(branches: int) -> doctor.File:
    """So many tasks with due times and reminders, and as many waits, all beginning at once."""
    parts, ways = [fork("split")], [way("begin", "split")]
    for n in range(branches):
        parts += [
            task(f"do{n}", due="P2D"),
            after(f"late{n}", f"do{n}", "P1D", interrupting=False),
            wait(f"rest{n}", "PT4H"),
        ]
        ways += [way("split", f"do{n}", "done"), way(f"late{n}", "done"), way("split", f"rest{n}", "done")]
    return diagram("busy", start(), *parts, end(), *ways)


@contextmanager
def asked(engine: Engine) -> Iterator[list[str]]:
    """The statements that read departments and their days."""
    found: list[str] = []

    def executed(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        about = "FROM departments" in statement or "special_days" in statement
        if about and statement.startswith("SELECT"):
            found.append(statement)

    event.listen(engine, "before_cursor_execute", executed)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", executed)


@pytest.mark.parametrize("branches", [1, 6])
def test_a_command_reads_the_calendars_once_however_much_begins_to_wait(
    world: World, departments: dict[str, Department], branches: int
) -> None:
    definition = world.deploy(busy(branches))

    with asked(world.engine) as statements:
        case = world.start(definition)

    assert (len(world.open_(case)), len(world.timers())) == (branches, 2 * branches)
    assert len(statements) <= 3, statements


def test_a_command_that_starts_no_time_reads_no_calendar(
    world: World, departments: dict[str, Department]
) -> None:
    plain = world.deploy(diagram("plain", start(), task("ask"), end(), way("begin", "ask", "done")))

    with asked(world.engine) as statements:
        world.start(plain)

    assert statements == []


@pytest.mark.parametrize(
    "step",
    [
        task("ask", due="1 / size", name__en="Ask the client"),
        script("ask", "x = 1 / size").replace("<script>", f"{properties(name__en='Ask the client')}<script>"),
    ],
    ids=["due", "script"],
)
def test_what_fails_at_a_step_calls_it_as_the_reader_does(world: World, step: str) -> None:
    named = step.replace('name="ask"', 'name="Zapytaj klienta"')
    drawn = diagram("asks", start(), named, end(), way("begin", "ask", "done"))
    definition = world.deploy(drawn)

    with pytest.raises(Refusal) as refused:
        world.start(definition)

    assert refused.value.places["element"] == Text("Zapytaj klienta", "Ask the client")
    assert "“Ask the client”" in str(refused.value)
