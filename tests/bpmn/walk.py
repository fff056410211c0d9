"""A walk through a shipped process without a database: every command on a freshly loaded state, as in production."""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from engine.process import decisions, doctor, forms
from engine.process.blueprint import Blueprint
from engine.process.forms import Field, Form
from engine.process.program import Program, parse
from engine.process.runner import Run, Step, Thrown, Waiting

BPMN = Path(__file__).parents[2] / "bpmn"
BUNDLES = {
    "sales_funnel": ("sales_funnel.bpmn", "stages/*.bpmn"),
    "fast_sale": ("fast_sale.bpmn", "phases/*.bpmn", "complaint.bpmn"),
    "agreement_answer": ("house/agreement_answer.bpmn",),
    "agreement_review": ("house/agreement_review.bpmn",),
    "promise_escalation": ("house/promise_escalation.bpmn",),
    "low_green": ("house/low_green.bpmn",),
    "department_request": ("house/department_request.bpmn",),
}
DEPARTMENTS = (
    "company sales sales_north sales_south presales production finance legal sales_desk warehouse delivery"
)
KNOWN = doctor.Known(
    departments={key: key for key in DEPARTMENTS.split()},
    roles={key: key for key in ("employee", "designer", "director", "administrator")},
    connectors=frozenset({"mail", "http", "catalogue", "document"}),
    agreements=frozenset({"H1", "H2", "H3", "H4", "H5", "H6", "H7", "F1", "F2", "F3", "F4"}),
)

SAMPLES: dict[str, str] = {
    "text": "Hala 4",
    "paragraph": "Jak ustalono na spotkaniu",
    "number": "2",
    "integer": "2",
    "money": "1000",
    "percent": "0",
    "date": "2026-12-01",
    "datetime": "2026-12-01T09:00",
    "email": "biuro@example.com",
    "phone": "+48 600 700 800",
    "tax_id": "5260250995",
    "yes_no": "yes",
    "person": "1",
    "department": "1",
    "client": "1",
    "contact": "1",
    "product": "1",
    "stage": "offer",
    "currency": "PLN",
    "file": "rysunek.pdf",
}
"""An answer that a field of each type accepts."""

ANSWERS: dict[tuple[str | None, str | None], dict[str, Any]] = {
    ("catalogue", "enrich"): {
        "client_id": 7,
        "client_class": "c",
        "items_count": 3,
        "list_amount": 1200.0,
        "duplicate_of": None,
    },
    ("catalogue", "price"): {"amount": 1200.0, "margin": 30.0, "discount": 0.0, "lines": []},
}
"""What connectors answer unless a test says otherwise."""


def bundle(process: str) -> list[doctor.File]:
    """The files that are deployed together."""
    patterns = (*BUNDLES[process], "*.dmn", "forms/*.json")
    paths = [path for pattern in patterns for path in sorted(BPMN.glob(pattern))]
    return [doctor.File(str(path.relative_to(BPMN)), path.read_bytes()) for path in paths]


@lru_cache
def examined(process: str) -> doctor.Examined:
    """What the doctor says about a bundle."""
    return doctor.examine(bundle(process), process=process, known=KNOWN)


@lru_cache
def program(process: str) -> Program:
    """The bundle as it runs."""
    compiled = examined(process).compiled
    assert compiled is not None, examined(process).findings
    return parse(compiled.executable, compiled.blueprint, decisions=tables())


@lru_cache
def tables() -> dict[str, decisions.Decision]:
    """Every shipped decision table by its key."""
    found: dict[str, decisions.Decision] = {}
    for path in sorted(BPMN.glob("*.dmn")):
        found |= decisions.read(path.read_bytes())
    return found


@lru_cache
def shipped_forms() -> dict[str, Form]:
    """Every shipped form by its key."""
    return {
        form.key: form
        for form in (forms.load(path.read_bytes()) for path in sorted(BPMN.glob("forms/*.json")))
    }


def blueprint(process: str) -> Blueprint:
    """What the diagrams of a bundle mean."""
    return program(process).blueprint


def ends_reached(process: str, *modules: str) -> set[str]:
    """Walk through every test of these modules once more; the end events that its walks came to."""
    walks: list[Walk] = []
    Walk.listeners.append(walks)
    try:
        for test in (each for module in modules for each in _tests(module)):
            for arguments in _cases(test):
                _run(process, test, arguments)
    finally:
        Walk.listeners.remove(walks)
    return {end for walk in walks for end in walk.ends if walk.process == process}


def ends_drawn(process: str) -> set[str]:
    """Every end event of every diagram of a bundle."""
    everything = blueprint(process).everything()
    return {f"{diagram.id}/{element.id}" for diagram, element in everything if element.kind == "endEvent"}


def _tests(module: str) -> list[Any]:
    found = inspect.getmembers(sys.modules[module], inspect.isfunction)
    return [
        test
        for name, test in found
        if name.startswith("test_") and "ends_reached" not in test.__code__.co_names
    ]


def _cases(test: Any) -> list[dict[str, Any]]:
    """The arguments of a test's parameters, one dict for each time it runs."""
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names = [mark.args[0]] if isinstance(mark.args[0], str) else list(mark.args[0])
            rows = [values if isinstance(values, tuple) else (values,) for values in mark.args[1]]
            return [dict(zip(names, values, strict=True)) for values in rows]
    return [{}]


def _run(process: str, test: Any, arguments: dict[str, Any]) -> None:
    wanted = inspect.signature(test).parameters
    if "deal" in wanted:
        arguments["deal"] = Walk(process).start("deal_opened")
    if "order" in wanted:
        arguments["order"] = Walk(process)
    test(**arguments)


class Walk:
    """One case on its way. ``deal`` is what the facts say of it; its stage follows the ladder's marks by itself.

    Connectors answer by themselves as in `ANSWERS`; ``failing`` maps a service task to the codes of its next failures.
    """

    listeners: ClassVar[list[list["Walk"]]] = []
    """Lists that want to hold every new walk."""

    def __init__(self, process: str, **deal: Any) -> None:
        for walks in self.listeners:
            walks.append(self)
        self.process, self.program, self.state = process, program(process), b""
        self.deal: dict[str, Any] = {
            "number": "S-1",
            "title": "Hala 4",
            "amount": 60_000,
            "client_id": 7,
            **deal,
        }
        self.deal.setdefault("stage", None)
        self.failing: dict[str, list[str]] = {}
        self.answers: dict[tuple[str | None, str | None], dict[str, Any]] = dict(ANSWERS)
        self.calls: list[str] = []
        self.ends: list[str] = []
        self.stages: list[str] = []
        self.thrown: list[Thrown] = []
        self.waiting: list[Waiting] = []
        self.ended, self.outcome = False, ""
        self.states: list[int] = []

    # ---- commands

    def start(self, element: str, **data: Any) -> "Walk":
        """Begin at one of the start events."""
        given = {name: value for name, value in data.items() if name in self.program.blueprint.variables}
        run = Run.start(self.program, {**given, "start": element}, facts=self._facts)
        self._settle(run)
        return self

    def do(self, element: str, **answers: Any) -> None:
        """Complete the open task at an element; what the form requires beyond ``answers`` is filled in."""
        task = self._one("task", element)
        form = self._element(task).form
        typed = fill(shipped_forms()[form], answers) if form else answers
        self._command(lambda run: run.complete(task.token, typed))

    def fire(self, element: str) -> None:
        """The timer of an element is due."""
        timer = self._one("timer", element)
        self._command(lambda run: run.fire(timer.token))

    def send(self, message: str, **payload: Any) -> None:
        """A message arrives; exactly one token must have waited for it."""
        caught: list[int] = []
        self._command(lambda run: caught.append(run.send(message, payload)))
        assert caught == [1], f"{message} was caught {caught} times"

    # ---- what there is to see

    @property
    def tasks(self) -> list[str]:
        """The elements of the open tasks, sorted."""
        return sorted(each.element for each in self.waiting if each.kind == "task")

    @property
    def timers(self) -> dict[str, str | None]:
        """What is waited for, by element: the evaluated time."""
        return {each.element: each.due for each in self.waiting if each.kind == "timer"}

    @property
    def messages(self) -> set[str | None]:
        """The names of the messages that would be heard."""
        return {each.name for each in self.waiting if each.kind == "message"}

    # ---- inside

    def _facts(self) -> Mapping[str, Any]:
        return {"deal": self.deal, "order": self.deal}

    def _element(self, waiting: Waiting) -> Any:
        found = self.program.blueprint.element(waiting.diagram, waiting.element)
        assert found is not None, waiting
        return found

    def _one(self, kind: str, element: str) -> Waiting:
        found = [each for each in self.waiting if each.kind == kind and each.element == element]
        assert found, f"{kind} {element} does not wait; there are {self.tasks}, {sorted(self.timers)}"
        return found[0]

    def _command(self, command: Callable[[Run], Any]) -> None:
        run = Run.load(self.program, self.state, facts=self._facts)
        command(run)
        self._settle(run)

    def _settle(self, run: Run) -> None:
        self._look(run)
        calls = [each for each in self.waiting if each.kind == "call"]
        if not calls:
            return
        call, element = calls[0], self._element(calls[0])
        self.calls.append(element.id)
        codes = self.failing.get(element.id)
        if codes:
            code = codes.pop(0)
            self._command(lambda run: self._must_catch(run.fail(call.token, code, {}), element.id))
        else:
            answer = self.answers.get((element.connector, element.operation), {})
            self._command(lambda run: run.finish(call.token, answer))

    def _must_catch(self, boundary: str | None, element: str) -> None:
        assert boundary, f"nobody catches the failure of {element}"

    def _look(self, run: Run) -> None:
        for step in run.steps():
            self._follow(step)
        self.thrown += run.thrown()
        self.ended = run.ended
        self.outcome = run.end_element or "" if run.ended else ""
        self.waiting = [] if run.ended else run.waiting()
        self.state = run.dump()
        self.states.append(len(self.state))

    def _follow(self, step: Step) -> None:
        element = self.program.blueprint.element(step.diagram, step.element)
        if element is None:
            return
        if element.stage and step.what == "opened":
            stage = self.program.blueprint.stage(element.stage)
            assert stage is not None
            self.deal.update(stage=stage.key, stage_rank=stage.order)
            self.stages.append(stage.key)
        if element.kind == "endEvent" and step.what == "passed":
            self.ends.append(f"{step.diagram}/{step.element}")


def fill(form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as the form reads them, with something acceptable in every other field it requires."""
    unknown = set(answers) - form.names
    assert not unknown, f"{form.key} does not ask {unknown}"
    raw: dict[str, list[str]] = {}
    for field in form.fields:
        if field.key in answers:
            raw |= _typed(field, answers[field.key])
        elif field.required and field.type != "computed" and field.key in forms.asked(form, raw):
            raw |= _typed(field, [{}, {}] if field.type == "lines" else _sample(field))
    return forms.read(form, raw)


def _typed(field: Field, value: Any) -> dict[str, list[str]]:
    if field.type == "lines":
        return {
            f"{field.key}-{number}-{column.key}": [_text(row.get(column.key, _sample(column)))]
            for number, row in enumerate(value)
            for column in field.columns
            if column.type != "computed"
        }
    return {field.key: [_text(value)]}


def _sample(field: Field) -> str:
    return field.options[0].value if field.options else SAMPLES[field.type]


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)
