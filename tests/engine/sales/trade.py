"""Two departments that negotiate: terms, shorthand for the verbs, and a house with the shipped processes deployed."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import absences
from engine.absences import Absence
from engine.history import Event
from engine.people import Department, Membership, Person, Role
from engine.ports import Wiring
from engine.process import definitions, doctor, tasks
from engine.process.tasks import UserTask
from engine.sales import negotiating, standing, summons
from engine.sales.agreements import Agreement, AgreementVersion
from tests.conftest import MONDAY

TERMS: dict[str, Any] = {
    "deliverable": "Projekt umowy",
    "ready": ["oferta", "warunki"],
    "deliver_time": "P3D",
    "target": 90,
}
BPMN = Path(__file__).parents[3] / "bpmn"
WIRING = Wiring(answered=(standing.answered,))
TODAY = MONDAY.date()


def days(number: int) -> datetime:
    """The same hour so many days later."""
    return MONDAY + timedelta(days=number)


def day(number: int) -> date:
    """The local day so many days later."""
    return TODAY + timedelta(days=number)


def said(**more: Any) -> Mapping[str, Any]:
    """The usual terms, some of them otherwise."""
    return {**TERMS, **more}


def drafted(
    session: Session,
    departments: Mapping[str, Department],
    by: Person,
    *,
    code: str | None = "H5",
    **more: Any,
) -> Agreement:
    """Legal will draft contracts for Sales."""
    sides = {"provider": departments["legal"], "consumer": departments["sales"]}
    return negotiating.draft(
        session, "Projekt umowy", terms=said(**more), code=code, by=by, now=MONDAY, **sides
    )


def proposed(
    session: Session, departments: Mapping[str, Department], by: Person, **more: Any
) -> AgreementVersion:
    """The same, on the table."""
    return negotiating.propose(session, drafted(session, departments, by, **more), by=by, now=MONDAY)


def in_force(
    session: Session, departments: Mapping[str, Department], by: Person, other: Person, **more: Any
) -> Agreement:
    """The same, signed by both."""
    version = proposed(session, departments, by, **more)
    negotiating.accept(session, version, by=other, now=MONDAY)
    return session.get_one(Agreement, version.agreement_id)


def current(session: Session, agreement: Agreement) -> AgreementVersion:
    """The version that binds."""
    return session.get_one(AgreementVersion, agreement.current_version_id)


def facts(session: Session, agreement: Agreement) -> list[str]:
    """What history tells of it, in order."""
    told = select(Event.kind).where(Event.subject == f"agreement:{agreement.id}").order_by(Event.id)
    return list(session.scalars(told))


def somebody(
    session: Session, name: str, *roles: str, in_: Department | None = None, head: bool = False
) -> Person:
    """A person of the house."""
    made = Person(email=f"{name.lower()}@wislane.example", name=name, created_at=MONDAY)
    made.roles = [Role(name=role) for role in roles]
    if in_ is not None:
        made.memberships.append(Membership(department_id=in_.id, is_head=head))
    session.add(made)
    session.flush()
    return made


def away(session: Session, person: Person, deputy: Person, first: int = 0, last: int = 4) -> Absence:
    """A person is away from one day to another, counted from Monday, and somebody stands in."""
    return absences.record(session, person, deputy, day(first), day(last), by=person, now=MONDAY)


def house(session: Session) -> None:
    """The processes of agreements deployed, and somebody who listens to their tasks."""
    session.info["wiring"] = WIRING
    for process in sorted(summons.PROCESSES):
        paths = [BPMN / "house" / f"{process}.bpmn", BPMN / "forms" / f"{process}.json"]
        files = [doctor.File(path.name, path.read_bytes()) for path in paths]
        definitions.deploy(session, files, process=process, accepted="all", by=None, now=MONDAY)


def asked(session: Session, person: Person) -> list[UserTask]:
    """What a person is asked now."""
    return list(session.scalars(tasks.mine(person)))
