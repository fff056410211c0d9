"""Stored states of every release, each with the program it was written for and the way it must still go to its end.

``python -m tests.engine.process.states`` writes what the present release stores into a folder named after the format
number, and never changes a file that is there: a state once written must load for ever.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from engine.process import decisions
from engine.process.blueprint import Blueprint
from engine.process.program import parse
from engine.process.runner import Run, Waiting

HERE = Path(__file__).parent
Command = list[Any]
"""What happens, the element it happens to, and the values it brings."""


@dataclass(frozen=True)
class Stored:
    """A file of test data."""

    executable: str
    blueprint: dict[str, Any]
    tables: list[str]
    facts: dict[str, Any]
    state: dict[str, Any]
    waiting: list[list[str]]
    """Kind and element of everything that is waited for, sorted."""
    commands: list[Command]
    """What leads to the end."""
    end: str | None
    data: dict[str, Any]
    """The data at the end."""

    @classmethod
    def read(cls, path: Path) -> "Stored":
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(vars(self), ensure_ascii=False) + "\n")

    def program(self) -> Any:
        known: dict[str, Any] = {}
        for table in self.tables:
            known |= decisions.read(table.encode())
        return parse(self.executable.encode(), Blueprint.from_json(self.blueprint), decisions=known)

    def load(self, state: bytes | None = None) -> Run:
        """The case as it stands in the file, or in a later state of it."""
        return Run.load(self.program(), state or json.dumps(self.state).encode(), facts=lambda: self.facts)


def command(run: Run, what: str, element: str, values: Mapping[str, Any]) -> None:
    """Give a case one command, to the oldest token that waits at an element."""
    kind = {"do": "task", "answer": "call", "fire": "timer", "hear": "message", "signal": "signal"}[what]
    found = next(each for each in run.waiting() if (each.kind, each.element) == (kind, element))
    commands = {
        "do": partial(run.complete, found.token, values),
        "answer": partial(run.finish, found.token, values),
        "fire": partial(run.fire, found.token),
        "hear": partial(run.send, found.name or "", values, token=found.token),
        "signal": partial(run.signal, found.name or "", values),
    }
    commands[what]()


def seen(waiting: list[Waiting]) -> list[list[str]]:
    """What is waited for, without the numbers of tokens."""
    return sorted([each.kind, each.element] for each in waiting)
