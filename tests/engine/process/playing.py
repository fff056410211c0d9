"""Plays a process in tests as its host would: one command at a time, dumped and loaded after each."""

from collections.abc import Mapping
from typing import Any

from engine.process import frontier
from engine.process.program import Program
from engine.process.runner import Run, Step, Thrown, Waiting


class Play:
    """A case between commands; ``size`` is its state in bytes, ``tokens`` how many are in it.

    With ``stored`` false it stays in memory and is never compacted, for comparison.
    """

    def __init__(
        self,
        program: Program,
        *,
        facts: Mapping[str, Any] | None = None,
        stored: bool = True,
        budget: int = 2000,
        **data: Any,
    ) -> None:
        self.program, self.stored, self.budget = program, stored, budget
        self.facts = dict(facts or {})
        self.history: list[Step] = []
        self.thrown: list[Thrown] = []
        self.size = self.tokens = 0
        self.asked = 0
        self.run = Run.start(program, data, facts=self._facts, budget=budget)
        self._after()

    def _facts(self) -> Mapping[str, Any]:
        self.asked += 1
        return self.facts

    # commands

    def do(self, element: str, nth: int = 0, **answers: Any) -> "Play":
        """A person completes the nth open task of this element."""
        self.run.complete(self.one("task", element, nth).token, answers)
        return self._after()

    def answer(self, element: str, **answer: Any) -> "Play":
        """A connector answers."""
        self.run.finish(self.one("call", element).token, answer)
        return self._after()

    def fail(self, element: str, code: str = "FAILED", **payload: Any) -> str | None:
        """A connector gives up; which boundary caught it."""
        caught = self.run.fail(self.one("call", element).token, code, payload)
        self._after()
        return caught

    def hear(self, name: str, token: str | None = None, **payload: Any) -> int:
        """A message arrives; how many heard it."""
        caught = self.run.send(name, payload, token=token)
        self._after()
        return caught

    def signal(self, name: str, **payload: Any) -> int:
        caught = self.run.signal(name, payload)
        self._after()
        return caught

    def time(self, element: str) -> "Play":
        """The timer of this element is due."""
        self.run.fire(self.one("timer", element).token)
        return self._after()

    # looking

    def one(self, kind: str, element: str, nth: int = 0) -> Waiting:
        found = [each for each in self.run.waiting() if each.kind == kind and each.element == element]
        assert len(found) > nth, f"no {kind} waits at {element}: {self.open()}, {self.events()}"
        return found[nth]

    def open(self) -> list[str]:
        """The elements of open tasks and calls, sorted."""
        return sorted(each.element for each in self.run.waiting() if each.kind in ("task", "call"))

    def events(self) -> list[str]:
        """The elements of events that are waited for, sorted."""
        return sorted(each.element for each in self.run.waiting() if each.kind not in ("task", "call"))

    def told(self, *, since: int = 0) -> list[str]:
        return [f"{step.what} {step.element}" for step in self.history[since:]]

    @property
    def ended(self) -> bool:
        return self.run.ended

    @property
    def data(self) -> dict[str, Any]:
        return self.run.data

    def _after(self) -> "Play":
        self.history += self.run.steps()
        self.thrown += self.run.thrown()
        if self.stored:
            self._store()
        else:
            self.run._steps.clear()
            self.run._thrown.clear()
        return self

    def _store(self) -> None:
        seen = (self.run.waiting(), self.run.ended, self.run.end_element, self.run.data)
        state = self.run.dump()
        self.size = len(state)
        parts = frontier.read(state)
        scopes = [parts["top"], *(inner for _, _, inner in parts.get("sub", ()))]
        self.tokens = sum(len(scope.get("t", ())) for scope in scopes)
        self.run = Run.load(self.program, state, facts=self._facts, budget=self.budget)
        assert (self.run.waiting(), self.run.ended, self.run.end_element, self.run.data) == seen
        assert self.run.dump() == state
