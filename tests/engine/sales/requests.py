"""Anna promises her client something that Legal has to do: the house process of requests, an agreement, a deal."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import definitions
from engine.process.definitions import Definition
from engine.sales import commitments
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales import live
from webapp import shipped


def deployed(session: Session) -> Definition:
    """The process in which a department is asked, as it ships."""
    known = shipped.known(session)
    bundle = shipped.bundle("department_request")
    return definitions.deploy(session, bundle, process="department_request", known=known, by=None, now=MONDAY)


def sold(session: Session, anna: Person) -> Deal:
    """Anna's deal, and the process of requests beside it."""
    deployed(session)
    return live.started(session, live.deployed(session), anna)


def promised(
    session: Session, deal: Deal, agreement: Agreement | None, by: Person, day: int = 27, **more: Any
) -> Commitment:
    """We promise the client a contract by a day of November 2026."""
    given: dict[str, Any] = {"direction": "we_to_client", "text": "Umowa na piśmie", "now": MONDAY}
    given |= {"due_on": date(2026, 11, day), "agreement": agreement, "by": by}
    return commitments.record(session, deal, **{**given, **more})


def inside(session: Session, commitment: Commitment) -> Promise:
    """The one promise behind a commitment."""
    return session.scalars(select(Promise).where(Promise.commitment_id == commitment.id)).one()
