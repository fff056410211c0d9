"""Hand-made diagrams for every supported element, each with walks whose ready tasks were written by hand.

A walk is read from top to bottom. A line is a command, a bar, and what must be open afterwards: tasks and calls,
then, behind a semicolon, the events waited for (left out where they are not the point); or ``ended at`` an end event.

    do ELEMENT name=value …      a person completes the task          time ELEMENT     its timer is due
    answer ELEMENT name=value …  a connector answers                  hear MESSAGE …   for everybody who waits
    fail ELEMENT CODE …          it fails with an error code          signal NAME …
    repeat N { … }               the lines between, N times

Values are Python literals. A case is dumped and loaded after every command, and the token game plays along.
"""

import ast
import shlex
from dataclasses import dataclass, field
from typing import Any

from tests.engine.process.drawing import Drawing, xml
from tests.engine.process.versus import Versus


@dataclass(frozen=True)
class Pattern:
    """A diagram with the processes it calls, what it begins with, and the walks through it."""

    drawing: Drawing
    walks: tuple[str, ...]
    called: tuple[Drawing, ...] = ()
    variables: str = ""
    data: dict[str, Any] = field(default_factory=dict)

    def walk(self, text: str) -> Versus:
        """Play one walk; fails at the first line whose expectation is not met."""
        drawings = (self.drawing, *self.called)
        names = {*self.variables.split(), *self.data}
        versus = Versus(self.drawing.program(*self.called, variables=names), xml(drawings), **self.data)
        for line in _lines(text.splitlines()):
            command, _, expected = line.partition("|")
            if command.strip():
                _act(versus, *shlex.split(command))
            assert not versus.excused, line
            _expect(versus, expected, line)
        return versus


def _lines(lines: list[str]) -> list[str]:
    """The lines of a walk, repeated where it says so."""
    found: list[str] = []
    while lines:
        line, *lines = lines
        if line.strip().startswith("repeat"):
            end = next(place for place, each in enumerate(lines) if each.strip() == "}")
            found += _lines(lines[:end]) * int(line.split()[1])
            lines = lines[end + 1 :]
        elif line.strip():
            found.append(line.strip())
    return found


def _act(versus: Versus, command: str, about: str, *rest: str) -> None:
    values = {
        name: ast.literal_eval(value)
        for name, _, value in (each.partition("=") for each in rest if "=" in each)
    }
    code = next((each for each in rest if "=" not in each), "")
    kind = {
        "do": "task",
        "answer": "call",
        "fail": "call",
        "time": "timer",
        "hear": "message",
        "signal": "signal",
    }[command]
    open_ = sorted(versus.game.enabled(), key=lambda each: each.work.number)
    fitting = [each for each in open_ if each.kind == kind and about in (each.element, each.name)]
    assert fitting, f"nothing to {command} at {about}: {open_}"
    versus.act(fitting[0], values, to_all=command == "hear", code=code)


def _expect(versus: Versus, expected: str, line: str) -> None:
    play = versus.play
    tasks, semicolon, events = (part.strip() for part in expected.partition(";"))
    if tasks.startswith("ended"):
        assert play.ended, f"{line}: {play.open()}"
        assert tasks == "ended" or play.run.end_element == tasks.split()[-1], (
            f"{line}: {play.run.end_element}"
        )
        return
    assert not play.ended, line
    assert play.open() == sorted(tasks.split()), f"{line}: {play.open()}"
    assert not semicolon or play.events() == sorted(events.split()), f"{line}: {play.events()}"
