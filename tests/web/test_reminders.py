"""Once a minute: days that have come are asked about, and signed agreements begin."""

from datetime import date, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.people import Department, Person
from engine.process import checkpoints
from engine.process.checkpoints import Checkpoint
from engine.process.housekeeping import MOST_KEPT
from engine.process.instances import Instance
from engine.sales import negotiating
from engine.sales.agreements import AgreementVersion
from tests.conftest import MONDAY
from tests.engine.process.kit import World, diagram, end, start, task, way
from tests.web import sales_kit
from webapp import clockwork


def test_a_signed_agreement_begins_on_its_day(
    session: Session, database: Engine, departments: dict[str, Department], clara: Person, borys: Person
) -> None:
    sides = {"provider": departments["legal"], "consumer": departments["sales"]}
    said = {**sales_kit.TERMS, "valid_from": date(2026, 12, 1).isoformat()}
    made = negotiating.draft(session, "Projekt umowy", terms=said, by=clara, now=MONDAY, **sides)
    version = negotiating.propose(session, made, by=clara, now=MONDAY)
    negotiating.accept(session, version, by=borys, now=MONDAY)
    session.commit()

    early = clockwork.remind(sessions(database), lambda: MONDAY + timedelta(days=1))
    due = clockwork.remind(sessions(database), lambda: MONDAY + timedelta(days=15))
    again = clockwork.remind(sessions(database), lambda: MONDAY + timedelta(days=16))

    session.expire_all()
    assert (early, due, again) == (0, 1, 0)
    assert session.scalars(select(AgreementVersion.state)).all() == ["in_force"]


def test_old_ways_back_are_swept(database: Engine, departments: dict[str, Department]) -> None:
    world = World(database)
    case = world.start(
        world.deploy(diagram("order", start(), task("ask"), end(), way("begin", "ask", "done")))
    )
    with world.factory.begin() as session:
        for _ in range(MOST_KEPT + 2):
            checkpoints.keep(session, session.get_one(Instance, case), "moved", by=None, now=MONDAY)

    clockwork.remind(world.factory, lambda: MONDAY)

    assert len(world.rows(Checkpoint)) == MOST_KEPT
