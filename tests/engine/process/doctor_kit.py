"""Small diagrams for the doctor's tests, and a player that drives a compiled one at random to its end."""

import random
from collections.abc import Collection
from typing import Any, Literal

from engine.process import doctor, program
from engine.process.blueprint import Blueprint, Element
from engine.process.runner import Run, Waiting

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" id="d" targetNamespace="urn:test">'
)
KNOWN = doctor.Known(departments={"sales": "Sprzedaż", "legal": "Dział prawny"})
PLAIN = {
    "number": 7,
    "money": 7,
    "percent": 7,
    "yes_no": True,
    "date": "2026-11-20",
    "lines": [],
    "choices": [],
}
"""What the player answers to a field that offers nothing to choose from."""
HURRY = 60
"""After so many commands the player takes the shortest way to an end."""


def say(**properties: str) -> str:
    """Extension properties; ``__`` in a name stands for a colon."""
    inside = "".join(
        f'<spiffworkflow:property name="{name.replace("__", ":")}" value="{value}"/>'
        for name, value in properties.items()
    )
    return f"<extensionElements><spiffworkflow:properties>{inside}</spiffworkflow:properties></extensionElements>"


def flows(*ways: str) -> str:
    """Flows written ``a>b``, ``a>b: condition`` or ``a>b! name``; their ids are ``a_b``."""
    found = []
    for way in ways:
        path, _, condition = way.partition(":")
        path, _, name = path.partition("!")
        start, _, end = path.strip().partition(">")
        inside = f"<conditionExpression>{condition.strip()}</conditionExpression>" if condition else ""
        label = f' name="{name.strip()}"' if name else ""
        found.append(
            f'<sequenceFlow id="{start}_{end}" sourceRef="{start}" targetRef="{end}"{label}>{inside}</sequenceFlow>'
        )
    return "".join(found)


def diagram(body: str, *, key: str = "sale", top: str = "", more: str = "") -> bytes:
    """A file with one process; ``top`` goes before it, ``more`` after it."""
    return (
        f'{HEAD}{top}<process id="{key}" name="Sprzedaż próbna" isExecutable="true">{body}</process>{more}</definitions>'
    ).encode()


def examine(
    *contents: bytes | doctor.File,
    accepted: Collection[str] | Literal["all"] = (),
    known: doctor.Known = KNOWN,
    process: str | None = None,
) -> doctor.Examined:
    """Examine diagrams given as bytes (named one.bpmn, two.bpmn …) or whole files."""
    names = iter(["one.bpmn", "two.bpmn", "three.bpmn"])
    files = [each if isinstance(each, doctor.File) else doctor.File(next(names), each) for each in contents]
    return doctor.examine(files, accepted=accepted, known=known, process=process)


def codes(examined: doctor.Examined, *, beside: Collection[str] = ("L03", "Q06", "X17")) -> list[str]:
    """The codes found, without the hints that every small diagram has."""
    return [finding.code for finding in examined.findings if finding.code not in beside]


def finding(examined: doctor.Examined, code: str) -> doctor.Finding:
    """The only finding of a code."""
    (found,) = [each for each in examined.findings if each.code == code]
    return found


def compiled(examined: doctor.Examined) -> doctor.Compiled:
    """What came out; fails with the findings that stood in the way."""
    blocking = [each.id for each in examined.findings if each.severity == "error" and not each.accepted]
    assert examined.compiled is not None, blocking
    return examined.compiled


def element(examined: doctor.Examined, key: str, diagram: str = "sale") -> Element:
    """An element of the blueprint."""
    found = compiled(examined).blueprint.element(diagram, key)
    assert found is not None, key
    return found


def play(what: doctor.Compiled, seed: int, *, people_only: bool = False, most: int = 400) -> list[str]:
    """Drive a case at random to its end through dump and load; the elements passed. Fails if it gets stuck."""
    dice = random.Random(seed)
    made = program.parse(what.executable, what.blueprint)
    begin = dice.choice(what.blueprint.starts).element
    run = Run.start(made, {"start": begin}, facts=dict)
    passed = [step.element for step in run.steps() if step.what == "passed"]
    for move in range(most):
        run = Run.load(made, run.dump(), facts=dict)
        if run.ended:
            return passed
        waiting = [each for each in run.waiting() if not people_only or each.kind in {"task", "call"}]
        work = [each for each in waiting if each.kind in {"task", "call"}]
        assert waiting, [(each.kind, each.element) for each in run.waiting()]
        hurry = move > HURRY
        _act(
            run, what, dice.choice(work if work and (hurry or dice.random() < 0.8) else waiting), dice, hurry
        )
        passed += [step.element for step in run.steps() if step.what == "passed"]
    raise AssertionError(f"no end after {most} commands: {[each.element for each in run.waiting()]}")


def _act(run: Run, what: doctor.Compiled, one: Waiting, dice: random.Random, hurry: bool) -> None:
    match one.kind:
        case "task":
            run.complete(one.token, answers(what, one, dice, hurry))
        case "call":
            run.finish(one.token, {})
        case "timer":
            run.fire(one.token)
        case "signal":
            run.signal(one.name or "", {})
        case _:
            run.send(one.name or "", {}, token=one.token)


def answers(what: doctor.Compiled, one: Waiting, dice: random.Random, hurry: bool) -> dict[str, Any]:
    """Random answers to the doctor's own questions; in a hurry those that lead to an end."""
    found = what.blueprint.element(one.diagram, one.element)
    form = what.forms.get(found.form or "") if found else None
    chosen: dict[str, Any] = {}
    for field in form["fields"] if form else ():
        if "options" not in field:
            chosen[field["key"]] = (
                PLAIN.get(field["type"], "x") if field["type"] != "integer" else dice.randrange(3)
            )
            continue
        options = [option["value"] for option in field["options"]]
        nearest = min(options, key=lambda flow: steps_to_end(what.blueprint, one.diagram).get(flow, 999))
        picked = nearest if hurry else dice.choice(options)
        chosen[field["key"]] = [picked] if field["type"] == "choices" else picked
    return chosen


def steps_to_end(plan: Blueprint, diagram: str) -> dict[str, int]:
    """How far each flow of a diagram is from an end event."""
    drawn = plan.diagrams[diagram]
    far: dict[str, int] = {}
    todo = [key for key, each in drawn.elements.items() if each.kind == "endEvent"]
    reached: set[str] = set()
    for depth in range(len(drawn.elements)):
        reached.update(todo)
        entering = [flow for flow in drawn.flows.values() if flow.target in todo]
        far.update((flow.id, depth) for flow in entering if flow.id not in far)
        todo = [flow.source for flow in entering if flow.source not in reached]
    return far
