"""The demo's agreements between two heads: drafted, proposed, answered and signed through the product's own verbs."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars, people
from engine.people import Department, Person
from engine.sales import negotiating, speaking
from engine.sales.agreements import Agreement, AgreementVersion
from webapp.demo.company import Company
from webapp.demo.terms import STARTERS, Starter

REVIEWED_AFTER = timedelta(days=300)

FASTER: Mapping[str, Any] = {"deliver_time": "P7D", "target": 90}
FEWER: Mapping[str, Any] = {
    "deliver_time": "P8D",
    "capacity": 9,
    "target": 88,
    "ready": [
        "zakres opisany jednym akapitem",
        "znany termin, na kiedy potrzebne",
        "wskazana osoba po stronie klienta",
        "plan magazynu w pliku",
    ],
}
"""What Sales asks of the solution design, and what Presales answers."""

ASKED = "Klienci czekają na projekt dłużej niż na ofertę."
ANSWERED = (
    "Osiem dni, jeśli naraz będzie najwyżej dziewięć projektów i jeśli od razu dostaniemy plan magazynu."
)


def sign_all(session: Session, company: Company, *, now: datetime) -> None:
    """Every starter agreement drafted by its consumer, proposed, and signed by the other side two hours later."""
    for starter in STARTERS:
        version = propose(session, starter, now=now)
        sign(session, version, now=now + timedelta(hours=2))


def propose(session: Session, starter: Starter, *, now: datetime, **otherwise: Any) -> AgreementVersion:
    """The consumer's head drafts and proposes it; ``otherwise`` says it in other words."""
    made = draft(session, starter, now=now, **otherwise)
    return negotiating.propose(session, made, by=head(session, made.consumer_id), now=now)


def draft(session: Session, starter: Starter, *, now: datetime, **otherwise: Any) -> Agreement:
    """The consumer's head writes it down."""
    units = {unit.key: unit for unit in session.scalars(select(Department))}
    review = calendars.local_day(now + REVIEWED_AFTER).isoformat()
    consumer = units[starter.consumer]
    return negotiating.draft(
        session,
        starter.title,
        provider=units[starter.provider],
        consumer=consumer,
        terms={**starter.words, "review_on": review, **otherwise},
        code=starter.code,
        title_en=starter.title_en,
        by=head(session, consumer.id),
        now=now,
    )


def sign(session: Session, version: AgreementVersion, *, now: datetime, by: Person | None = None) -> None:
    """The side that is asked signs what it sees, by its head unless it says who."""
    by = by or head(session, asked(session, version))
    negotiating.accept(session, version, terms_hash=version.terms_hash, by=by, now=now)


def answer(
    session: Session, version: AgreementVersion, changed: Mapping[str, Any], said: str, *, now: datetime
) -> AgreementVersion:
    """The side that is asked answers with a change, and says why."""
    by = head(session, asked(session, version))
    made = negotiating.counter(session, version, {**version.terms, **changed}, by=by, now=now)
    negotiating.remark(
        session, session.get_one(Agreement, made.agreement_id), said, version=made, by=by, now=now
    )
    return made


def change(
    session: Session, code: str, changed: Mapping[str, Any], said: str, *, now: datetime
) -> AgreementVersion:
    """The consumer's head proposes other words of what is in force, and says why."""
    agreement = of(session, code)
    by = head(session, agreement.consumer_id)
    current = session.get_one(AgreementVersion, agreement.current_version_id)
    made = negotiating.propose(session, agreement, {**current.terms, **changed}, by=by, now=now)
    negotiating.remark(session, agreement, said, version=made, by=by, now=now)
    return made


def negotiate(session: Session, company: Company, *, now: datetime) -> None:
    """Sales wants the solution design faster; Presales answers with a smaller capacity, and Sales has to answer now."""
    if session.scalar(select(Agreement.id).where(Agreement.code == "H2")) is None:
        return
    first, second = (calendars.ORGANIZATION.next_opening(now - timedelta(days=back)) for back in (6, 4))
    proposed = change(session, "H2", FASTER, ASKED, now=first)
    answer(session, proposed, FEWER, ANSWERED, now=second)


def asked(session: Session, version: AgreementVersion) -> int:
    """The department that has to answer a proposal."""
    agreement = session.get_one(Agreement, version.agreement_id)
    return speaking.other_side(agreement, version.proposed_by_department_id)


def of(session: Session, code: str) -> Agreement:
    """The agreement of a code."""
    return session.scalars(select(Agreement).where(Agreement.code == code)).one()


def on_the_table(session: Session, code: str) -> AgreementVersion | None:
    """What is being negotiated of it, if anything is: in a long year a review may have settled it."""
    return session.get(AgreementVersion, of(session, code).negotiating_version_id or 0)


def head(session: Session, department_id: int) -> Person:
    """The head of a department; every one of the demo has one."""
    found = people.head_of(session, department_id)
    if found is None:
        raise LookupError(department_id)
    return found
