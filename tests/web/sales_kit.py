"""A small sale that runs, for pages: a deal of Anna's on its first stage, and agreements between Sales and Legal."""

from typing import Any

from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales import negotiating
from engine.sales.agreements import AgreementVersion
from engine.sales.deals import Deal
from tests.conftest import MONDAY
from tests.engine.sales import live

TERMS: dict[str, Any] = {
    "deliverable": "Projekt umowy",
    "ready": ["oferta", "warunki"],
    "deliver_time": "P3D",
    "target": 90,
}


def deal(session: Session, owner: Person, **answers: Any) -> Deal:
    """A deal on its first stage, committed."""
    definition = live.deployed(session)
    made = live.started(session, definition, owner, **answers)
    session.commit()
    return made


def proposal(session: Session, departments: dict[str, Department], by: Person) -> AgreementVersion:
    """What Legal delivers to Sales under H5, on the table, committed."""
    sides = {"provider": departments["legal"], "consumer": departments["sales"]}
    made = negotiating.draft(session, "Projekt umowy", code="H5", terms=TERMS, by=by, now=MONDAY, **sides)
    version = negotiating.propose(session, made, by=by, now=MONDAY)
    session.commit()
    return version
