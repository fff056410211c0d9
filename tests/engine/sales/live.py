"""The small sale as a real diagram that runs: three stages, a move message, withdrawing, waiting."""

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from engine.people import Person
from engine.ports import Wiring
from engine.process import definitions, doctor, instances
from engine.process.definitions import Definition
from engine.sales import (
    alarms,
    at_rest,
    chain,
    commitments,
    conversation,
    deals,
    intake,
    ladders,
    promises,
    remembering,
)
from engine.sales.deals import Deal
from engine.sales.known import Records
from tests.conftest import MONDAY

DIAGRAMS = Path(__file__).parent / "diagrams"
WIRING = Wiring(
    answered=(conversation.answered, intake.answered, remembering.answered, alarms.answered),
    facts=(deals.facts, commitments.facts, chain.facts),
    rested=(at_rest.follow,),
    projections=(ladders.follow, chain.address, promises.follow, remembering.follow),
    known=Records,
)


def deployed(session: Session, *more: doctor.File) -> Definition:
    """The small sale, with further files (a decision table) if a test brings some."""
    files = [doctor.File(path.name, path.read_bytes()) for path in sorted(DIAGRAMS.iterdir())]
    return definitions.deploy(session, [*files, *more], accepted="all", by=None, now=MONDAY)


def started(session: Session, definition: Definition, owner: Person, **answers: Any) -> Deal:
    """A deal of the small sale on its first stage."""
    session.info["wiring"] = WIRING
    given = {"title": "Suwnica", "firm": "Stocznia Mewa", "amount": "1000", "next_stage": "qualification"}
    raw = {key: [value] for key, value in {**given, **answers}.items()}
    instance = instances.start(session, definition, raw, by=owner, now=MONDAY)
    found = deals.of(session, instance.id)
    assert found is not None
    return found
