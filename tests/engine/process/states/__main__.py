"""Writes the states of the present release; what is there already stays as it is."""

import json
from typing import Any

from engine.process.frontier import VERSION
from engine.process.runner import Run
from tests.bpmn.walk import Walk
from tests.engine.process.states import HERE, Command, Stored, command, seen
from tests.engine.process.states.cases import CASES, Case, long_sales, shipped


def of_case(case: Case) -> Stored:
    """The state of a hand-made diagram, and where it goes from there."""
    pattern = case.pattern
    names = {*pattern.variables.split(), *pattern.data}
    program = pattern.drawing.program(*pattern.called, variables=names)
    run = Run.start(program, pattern.data, facts=dict)
    for what, element, values in case.before:
        command(run, what, element, values)
    return stored(run, case.executable, program.blueprint.to_json(), [], {}, case.after)


def of_walk(walk: Walk, after: list[Command]) -> Stored:
    """The state of a shipped process."""
    executable, blueprint, tables = shipped()
    facts: dict[str, Any] = {"deal": dict(walk.deal), "order": dict(walk.deal)}
    run = Run.load(walk.program, walk.state, facts=lambda: facts)
    return stored(run, executable, blueprint, tables, facts, after)


def stored(
    run: Run,
    executable: bytes,
    blueprint: dict[str, Any],
    tables: list[str],
    facts: dict[str, Any],
    after: list[Command],
) -> Stored:
    """What stands now, and what comes out at the end."""
    state, waiting = json.loads(run.dump()), seen(run.waiting())
    for what, element, values in after:
        command(run, what, element, values)
    assert run.ended, seen(run.waiting())
    return Stored(
        executable.decode(), blueprint, tables, facts, state, waiting, after, run.end_element, run.data
    )


def write() -> None:
    folder = HERE / f"v{VERSION}"
    folder.mkdir(exist_ok=True)
    made = {name: of_case(case) for name, case in CASES.items()}
    made |= {name: of_walk(walk, after) for name, walk, after in long_sales()}
    for name, each in made.items():
        path = folder / f"{name}.json"
        if not path.exists():
            each.write(path)


if __name__ == "__main__":
    write()
