"""Half a year of a small company's sales: deals with instances, a ladder in a definition, moves with reasons."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from random import Random

import orjson
from sqlalchemy.orm import Session

from engine.calendars import is_work_day
from engine.people import Department, Person
from engine.process.blueprint import Blueprint, Diagram, Stage, Text
from engine.process.definitions import Definition, DefinitionFile, Source
from engine.process.instances import Instance
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from tests.reports.histories import STAGES, Item, at_noon, facts

TITLES = {
    "meet": Text("Rozpoznanie", "Meet"),
    "needs": Text("Potrzeby", "Needs"),
    "offer": Text("Oferta", "Offer"),
    "sign": Text("Umowa", "Sign"),
}
DWELL = {"meet": 6, "needs": 9, "offer": 19, "sign": 5}
REASONS = ("out_of_scope", "budget_cut", "wrong_contact")


def define(session: Session, process: str = "sales") -> Definition:
    """A process whose ladder has the four stages, without a drawing."""
    ladder = tuple(Stage(key, TITLES[key], order) for order, key in enumerate(STAGES, start=1))
    title = Text("Długa sprzedaż", "Long sale")
    diagram = Diagram(process, f"{process}.bpmn", title, {})
    plan = Blueprint(process, title, "funnel", {process: diagram}, ladder, item=Text("Transakcja", "Deal"))
    content = orjson.dumps(plan.to_json())
    digest = hashlib.sha256(content).hexdigest()
    definition = Definition(
        process=process,
        version=1,
        title={"pl": title.pl, "en": title.en},
        kind="funnel",
        content_hash=digest,
        deployed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    session.add(definition)
    session.add(Source(hash=digest, content=content))
    session.flush()
    session.add(
        DefinitionFile(definition_id=definition.id, kind="blueprint", name=process, source_hash=digest)
    )
    session.commit()
    return definition


def carry(session: Session, definition: Definition, item: Item, owner: Person, department_id: int) -> Deal:
    """The deal of an item, with the instance it belongs to."""
    started = item.rows[0]["at"]
    instance = Instance(
        definition_id=definition.id,
        process=definition.process,
        title=item.name,
        owner_id=owner.id,
        started_at=started,
    )
    session.add(instance)
    session.flush()
    deal = Deal(
        instance_id=instance.id,
        process=definition.process,
        ladder=definition.process,
        number=f"S/{instance.id:04}",
        title=f"Hurtownia {item.name.partition(':')[2]}",
        owner_id=owner.id,
        department_id=department_id,
        amount=item.amount,
        opened_at=started,
    )
    session.add(deal)
    session.flush()
    return deal


def tell(session: Session, definition: Definition, items: list[tuple[Item, Person, int]]) -> None:
    """Write deals and moves of these items, each owned by a person of a department."""
    deals = {item.name: carry(session, definition, item, owner, of) for item, owner, of in items}
    for item, owner, _ in items:
        for row in item.rows:
            row["owner_id"] = owner.id
            row["instance_id"] = deals[item.name].instance_id
    moves = [
        Move(
            **{**fact._asdict(), "item": f"deal:{deals[fact.item].id}", "id": None, "corrects_id": None},
            ladder=definition.process,
            ladder_version=1,
            recorded_at=fact.at,
            cause="user",
            currency="PLN",
        )
        for fact in facts([item for item, _, _ in items])
    ]
    session.add_all(moves)
    session.flush()
    session.commit()


def half_year(
    session: Session,
    sellers: list[tuple[Person, Department]],
    causes: list[Department | None],
    *,
    until: datetime,
    count: int = 160,
) -> Definition:
    """So many deals created over the half year before ``until``; the same every time."""
    dice = Random(11)
    definition = define(session)
    items = []
    for number in range(count):
        owner, department = dice.choice(sellers)
        start = until.date() - timedelta(days=dice.randrange(200))
        item = Item(
            f"deal:{number}",
            start=_worked(start),
            amount=dice.randrange(20, 400) * 1000,
            department_id=department.id,
        )
        _walk(item.new(), dice, until, causes)
        items.append((item, owner, department.id))
    tell(session, definition, items)
    return definition


def _worked(day: date) -> date:
    while not is_work_day(day):
        day += timedelta(days=1)
    return day


def _walk(item: Item, dice: Random, until: datetime, causes: list[Department | None]) -> None:
    while item.status == "open":
        stage = item.stage or "meet"
        item.now = at_noon(
            _worked((item.now + timedelta(days=1 + dice.expovariate(1 / DWELL[stage]))).date())
        )
        if item.now > until:
            return
        place, turn = STAGES.index(stage), dice.random()
        cause = dice.choice(causes)
        why = {"reason": dice.choice(REASONS), "causing_department_id": cause.id if cause else None}
        if turn < 0.12:
            item.lost(**why)
        elif turn < 0.22 and place:
            item.to(STAGES[place - 1], **why)
        elif turn < 0.25:
            item.suspended()
        elif place + 1 == len(STAGES):
            item.won()
        else:
            item.to(STAGES[min(place + (2 if turn > 0.95 else 1), len(STAGES) - 1)])
