"""What the page of a case offers to those who operate it: where it stands, where it may go, what it knows, ways back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext, lazy_gettext
from sqlalchemy import select

from engine.errors import Refusal
from engine.people import ROLES, Department, Person, everybody
from engine.process import advancing, checkpoints, operating, tasks
from engine.process.blueprint import Blueprint as Plan
from engine.process.blueprint import Element
from engine.process.checkpoints import Checkpoint
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.overrides import MOVERS, OPERATORS
from engine.process.runner import Run, Waiting
from engine.process.tasks import UserTask
from webapp.access import me
from webapp.clock import now
from webapp.database import db
from webapp.languages import into_words
from webapp.processes import whose

KEPT = {
    "manual": lazy_gettext("kept by hand"),
    "moved": lazy_gettext("before it was moved"),
    "edited": lazy_gettext("before its data were changed"),
    "restored": lazy_gettext("before it went back"),
    "migrated": lazy_gettext("before it changed its version"),
}
"""Why a state was kept, for all that one may go back to."""

KINDS = {
    "Gateway": lazy_gettext("gateway"),
    "Event": lazy_gettext("event"),
    "subProcess": lazy_gettext("sub-process"),
    "callActivity": lazy_gettext("called process"),
}
"""What an element is, where its name alone does not say that it is not a step."""

Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Datum:
    """One name of the data: ``text`` as it is typed, ``long`` when it needs room."""

    name: str
    text: str
    long: bool


def around(case: Instance, definition: Definition, plan: Plan) -> dict[str, Any]:
    """Everything the section “Operate” shows; nothing for those who may do nothing."""
    runs = case.ended_at is None
    given = [each for each in tasks.open_of(db.session(), case.id) if _may_give(each)] if runs else []
    if not runs or not (me().has(*OPERATORS) or given):
        return {"operate": None}
    run, broken = _run(case, definition) if me().has(*MOVERS) else (None, None)
    token = request.values.get("token") or None
    return {
        "operate": {
            "operates": me().has(*OPERATORS),
            "moves": run is not None,
            "broken": broken,
            "token": token,
            "tokens": _tokens(run, plan) if run else (),
            "targets": _targets(plan) if run else (),
            "data": data_of(run, token) if run else (),
            "others": _others(run, plan, token) if run else (),
            "kept": _kept(case) if me().has(*OPERATORS) else (),
            "given": given,
            "people": _people() if given else (),
            "queues": _queues() if given else (),
        }
    }


def _may_give(task: UserTask) -> bool:
    return operating.may_reassign(db.session(), task, me())


def _run(case: Instance, definition: Definition) -> tuple[Run | None, Refusal | None]:
    """The case as it stands, to be looked at; or why it cannot be."""
    if case.quarantined_at is not None:
        return None, None
    try:
        run = advancing.load(db.session(), case, definition, now=now())
        run.waiting()
    except Refusal as refusal:
        return None, refusal
    return run, None


# ---------------------------------------------------------------------------------------------- from and to


def _tokens(run: Run, plan: Plan) -> list[Option]:
    """Where tokens stand, each with its address; an event gateway has one for all it waits for."""
    found: dict[str, str] = {}
    for each in run.waiting():
        element = plan.element(each.diagram, each.element)
        if element is not None and _stands(element, each):
            found.setdefault(each.token.partition(".")[0], _named(plan, each.diagram, element))
    return list(found.items())


def _stands(element: Element, each: Waiting) -> bool:
    return each.kind in {"task", "call"} or (element.attached_to is None and element.kind != "startEvent")


def _targets(plan: Plan) -> list[tuple[str, list[Option]]]:
    """Elements by diagram, the main one first, in the order in which they were drawn."""
    ordered = sorted(plan.diagrams.values(), key=lambda each: each.id != plan.process)
    return [
        (
            into_words(each.title) or each.id,
            [(f"{each.id}/{key}", _label(item)) for key, item in each.elements.items() if _is_entered(item)],
        )
        for each in ordered
    ]


def _is_entered(element: Element) -> bool:
    return element.kind not in {"startEvent", "boundaryEvent"} and bool(element.name.pl or element.name.en)


def _label(element: Element) -> str:
    kind = next((str(words) for key, words in KINDS.items() if element.kind.endswith(key)), "")
    name = into_words(element.name) or element.id
    return f"{name} ({kind})" if kind else name


def _named(plan: Plan, diagram: str, element: Element) -> str:
    name = into_words(element.name) or element.id
    if diagram == plan.process or diagram not in plan.diagrams:
        return name
    return f"{name} · {into_words(plan.diagrams[diagram].title) or diagram}"


# ---------------------------------------------------------------------------------------------------- data


def data_of(run: Run, token: str | None) -> list[Datum]:
    """What one token (None: the case) knows, as it is typed."""
    known = sorted(operating.known(run, token).items())
    return [Datum(name, written(value), is_long(value)) for name, value in known]


def _others(run: Run, plan: Plan, token: str | None) -> list[str]:
    """Names that expressions read and the case does not know yet."""
    return sorted(plan.variables - set(operating.known(run, token)))


def is_long(value: Any) -> bool:
    """Whether a value needs more than one line to be typed."""
    return isinstance(value, dict | list) or (isinstance(value, str) and len(value) > 60)


def written(value: Any) -> str:
    """A value as it is typed: a text as it is, nothing as nothing, everything else as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class NotAValue(Refusal):
    """Write it as it stood there: a number like 1200 or 12.5, true or false, or a list or object as JSON."""


def typed_value(text: str, before: Any, field: str) -> Any:
    """What was typed, of the kind it had before. Raises NotAValue."""
    text = text.replace("\r\n", "\n")
    if isinstance(before, str):
        return text
    if not text.strip():
        return None
    try:
        value = json.loads(text)
    except ValueError as error:
        if before is None:
            return text
        raise NotAValue(field=field) from error
    kinds: tuple[type, ...] = (int, float) if isinstance(before, int | float) else (type(before),)
    if isinstance(before, bool) != isinstance(value, bool) and before is not None:
        raise NotAValue(field=field)
    if before is not None and not isinstance(value, kinds):
        raise NotAValue(field=field)
    return value


def changed(fields: Mapping[str, str], before: Mapping[str, Any], prefix: str = "value:") -> dict[str, Any]:
    """The values that were typed over. Raises NotAValue."""
    found: dict[str, Any] = {}
    for key, text in fields.items():
        name = key.removeprefix(prefix)
        if key.startswith(prefix) and name in before and text.replace("\r\n", "\n") != written(before[name]):
            found[name] = typed_value(text, before[name], key)
    return found


# ---------------------------------------------------------------------------------------------- ways back, people


def _kept(case: Instance) -> Sequence[tuple[Checkpoint, str, str]]:
    """States one may go back to, the latest first: why each was kept, and who did it."""
    rows = db.session.scalars(checkpoints.of(case).limit(20)).all()
    names = _names(each.by_id for each in rows)
    return [(each, str(KEPT[each.why]), names.get(each.by_id or 0, "")) for each in rows if each.why in KEPT]


def kept_of(case: Instance) -> Sequence[tuple[Checkpoint, str, str]]:
    """The same for the page of an incident."""
    return _kept(case)


def _names(ids: Iterable[int | None]) -> dict[int, str]:
    found = db.session.execute(
        select(Person.id, Person.name).where(Person.id.in_([id_ for id_ in ids if id_]))
    )
    return {id_: name for id_, name in found}  # noqa: C416  # rows are not pairs to mypy


def _people() -> list[Option]:
    rows = db.session.scalars(everybody().where(Person.left_at.is_(None)))
    return [(f"person:{each.id}", each.name) for each in rows]


def _queues() -> list[Option]:
    keys = db.session.scalars(select(Department.key).order_by(Department.name)).all()
    audiences = [f"department:{key}" for key in keys] + [f"head:{key}" for key in keys]
    return [(each, whose(each)) for each in [*audiences, *(f"role:{role}" for role in ROLES)]]


def version_of(checkpoint: Checkpoint, case: Instance) -> str:
    """The version a kept state belongs to, where it is another one."""
    if checkpoint.definition_id == case.definition_id:
        return ""
    version = db.session.get_one(Definition, checkpoint.definition_id).version
    return str(gettext("version %(version)s", version=version))
