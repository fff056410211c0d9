"""A long sale of four stages and what happens to it, without a diagram running: rows are real, steps are told."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process.advancing import Answered, Entered, Happened
from engine.process.blueprint import Blueprint, Diagram, Element, Stage, Start, Text
from engine.process.definitions import Definition, DefinitionFile, Source
from engine.process.forms import Form, from_json
from engine.process.instances import Instance
from engine.process.tasks import NO_DUE, UserTask
from engine.sales import deals, intake, ladders
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from tests.conftest import MONDAY

STAGES = {"qualification": 10, "offer": 50, "negotiation": 70, "contract": 85}


def plan(kind: str = "funnel") -> Blueprint:
    """Qualification, offer, negotiation, contract; a waiting room; three ways to end."""
    found = {f"in_{key}": Element(f"in_{key}", "callActivity", stage=key) for key in STAGES}
    found["waits"] = Element("waits", "userTask", state="suspended")
    found |= {key: Element(key, "endEvent", outcome=key) for key in ("won", "lost", "converted")}
    found["lost_no_answer"] = Element("lost_no_answer", "endEvent", outcome="lost")
    ladder = tuple(
        Stage(key, Text(key, key), place * 10, odds) for place, (key, odds) in enumerate(STAGES.items())
    )
    process = "long_sale" if kind == "funnel" else "quick_sale"
    main = Diagram(process, "sale.bpmn", Text("Sprzedaż", "Sale"), found)
    start = Start("asked", "form", form="deal")
    return Blueprint(process, Text("Sprzedaż", "Sale"), kind, {process: main}, ladder, (start,))


def stored(session: Session, kind: str = "funnel") -> Definition:
    """The definition of the plan, as a deployment would leave it."""
    blueprint = plan(kind)
    content = orjson.dumps(blueprint.to_json())
    digest = hashlib.sha256(content).hexdigest()
    known = session.scalar(select(Definition).where(Definition.content_hash == digest))
    if known is not None:
        return known
    made = Definition(
        process=blueprint.process,
        version=1,
        title={"pl": "Sprzedaż", "en": "Sale"},
        kind=kind,
        content_hash=digest,
        deployed_at=MONDAY,
    )
    session.add_all([made, Source(hash=digest, content=content)])
    session.flush()
    name = blueprint.process
    session.add(DefinitionFile(definition_id=made.id, kind="blueprint", name=name, source_hash=digest))
    session.flush()
    return made


def case(session: Session, owner: Person | None, *, kind: str = "funnel") -> Instance:
    """A running instance that carries no deal yet."""
    definition = stored(session, kind)
    instance = Instance(
        definition_id=definition.id,
        process=definition.process,
        owner_id=owner.id if owner else None,
        started_by_id=owner.id if owner else None,
        started_at=MONDAY,
    )
    session.add(instance)
    session.flush()
    return instance


def sale(
    session: Session,
    owner: Person,
    amount: int = 1000,
    *,
    kind: str = "funnel",
    title: str = "Suwnica bramowa",
) -> Deal:
    """A deal that has just been opened and stands nowhere yet."""
    instance = case(session, owner, kind=kind)
    values = {"title": title, "amount": amount}
    fields = [{"key": key, "type": "text", "binds": f"deal.{key}"} for key in values]
    tell(
        session,
        instance,
        values,
        {"key": "deal", "title": "Deal", "fields": fields},
        by=owner,
        kind=kind,
        start=True,
    )
    found = deals.of(session, instance.id)
    assert found is not None
    return found


def tell(
    session: Session,
    instance: Instance,
    answers: dict[str, Any],
    form: dict[str, Any] | None,
    *,
    by: Person | None,
    now: datetime = MONDAY,
    kind: str = "funnel",
    start: bool = False,
    message: str | None = None,
    listener: Any = intake.answered,
) -> None:
    """Somebody brought answers, as `instances.start`, `complete` or `send` would tell."""
    blueprint = plan(kind)
    read: Form | None = from_json(form) if form else None
    begin = blueprint.starts[0] if start else None
    listener(
        session, Answered(instance, blueprint, answers, by, now, form=read, start=begin, message=message)
    )
    session.flush()


def happen(
    session: Session,
    deal: Deal,
    *elements: str,
    by: Person | None,
    now: datetime = MONDAY,
    cause: str = "user",
    answers: dict[str, Any] | None = None,
    message: str | None = None,
    ends: str | None = None,
) -> list[Move]:
    """The diagram entered these elements in one command; returns all moves of the deal."""
    instance = session.get_one(Instance, deal.instance_id)
    blueprint = plan("flow" if instance.process == "quick_sale" else "funnel")
    entered = []
    for number, name in enumerate(elements):
        instance.seq += 1
        element = blueprint.main.elements[name]
        entered.append(Entered(blueprint.process, element, f"t{number}", instance.seq))
    if ends:
        instance.ended_at, instance.outcome = now, ends
    what = Happened(instance, blueprint, cause, by, now, answers or {}, {}, entered=entered, message=message)
    ladders.follow(session, what)
    session.flush()
    return list(session.scalars(ladders.moves(f"deal:{deal.id}")))


def kinds(moves: Sequence[Move]) -> list[str]:
    """The kinds of moves, in order."""
    return [move.kind for move in moves]


def task(
    session: Session,
    instance: Instance,
    *,
    audience: str | None = None,
    assignee: Person | None = None,
    handoff: str | None = None,
    due: datetime | None = None,
    now: datetime = MONDAY,
) -> UserTask:
    """An open task of the instance."""
    made = UserTask(
        instance_id=instance.id,
        definition_id=instance.definition_id,
        token="t",
        diagram="long_sale",
        element="do_it",
        title="Zrób",
        title_en="Do it",
        audience=audience,
        assignee_id=assignee.id if assignee else None,
        handoff=handoff,
        opened_at=now,
        due_at=due,
        order_at=due or now + NO_DUE,
    )
    session.add(made)
    session.flush()
    return made


THOUSAND = Decimal("1000.00")
