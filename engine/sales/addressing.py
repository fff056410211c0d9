"""Which agreement covers a hand-off, and for which deal: what somebody decided about its flow, else what the diagram says."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import Session

from engine import calendars, people
from engine.people import Department, Membership
from engine.process import definitions
from engine.process.advancing import Happened
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import promising
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.deals import Deal
from engine.sales.handoffs import Handoff


@dataclass(frozen=True, slots=True)
class Addressed:
    """What was read, in one statement, about a hand-off: whose agreement it is, for which deal."""

    deal: Deal | None
    agreement: Agreement | None
    version: AgreementVersion | None
    provider: Department | None
    head_id: int | None
    decided: Handoff | None = None
    """What somebody decided about the flow: it counts before what the diagram says."""

    @property
    def consumer_id(self) -> int | None:
        """The deal's department; without one the agreement's."""
        if self.deal and self.deal.department_id:
            return self.deal.department_id
        return self.agreement.consumer_id if self.agreement else None


def ways(session: Session, task: UserTask, happened: Happened) -> frozenset[str]:
    """The flows from another department by which its token may have come: the one it took, where that is known."""
    definition = session.get_one(Definition, task.definition_id)
    crossings = definitions.handed_over(session, definition)
    asked = (each for each in crossings if each.kind == "request")
    here = {each.flow for each in asked if (each.diagram, each.target) == (task.diagram, task.element)}
    taken = next((each.flow for each in happened.steps if each.token == task.token and each.flow), None)
    known = here & {taken} if taken is not None and not taken.startswith("dr_") else here
    return frozenset(known)


def _decision(task: UserTask, came: frozenset[str]) -> ColumnElement[bool]:
    return and_(
        Handoff.process == Instance.process,
        Handoff.diagram == task.diagram,
        Handoff.flow.in_(sorted(came)),
        Handoff.ended_at.is_(None),
    )


def find(session: Session, task: UserTask, came: frozenset[str], now: datetime) -> tuple[Addressed, bool]:
    """What is known of a hand-off, and whether its agreement is suspended now."""
    heads = and_(Membership.department_id == Agreement.provider_id, Membership.is_head)
    drawn = and_(Handoff.id.is_(None), _named(task.handoff or ""))
    query = (
        select(Deal, Agreement, AgreementVersion, Department, Membership.person_id, Handoff)
        .select_from(Instance)
        .outerjoin(Deal, Deal.instance_id == Instance.id)
        .outerjoin(Handoff, _decision(task, came))
        .outerjoin(Agreement, or_(Agreement.id == Handoff.agreement_id, drawn))
        .outerjoin(AgreementVersion, AgreementVersion.id == Agreement.current_version_id)
        .outerjoin(Department, Department.id == Agreement.provider_id)
        .outerjoin(Membership, heads)
        .where(Instance.id == task.instance_id)
        .order_by(Handoff.id)
    )
    if promising.is_server(session):
        query = query.add_columns(_place())
    row: Any = session.execute(query).first()
    deal, agreement, version, provider, head_id, decided = row[:6] if row else (None,) * 6
    if decided is not None:
        task.handoff = code_of(agreement) if agreement is not None else None
    if not task.handoff:
        return Addressed(deal, None, None, None, None, decided), False
    if agreement is None or version is None or version.state in {"terminated", "expired"}:
        return Addressed(deal, None, None, _provider(session, task), None, decided), False
    today = calendars.local_day(now)
    rests = agreement.suspended_until is not None and today < agreement.suspended_until
    if agreement.ends_on is not None and agreement.ends_on < today:
        return Addressed(deal, None, None, provider, None, decided), False
    if rests or version.state != "in_force":
        return Addressed(deal, None, None, provider, None, decided), True
    return Addressed(deal, agreement, version, provider, head_id, decided), False


def _place() -> ColumnElement[Any]:
    """Where places are counted, what is promised at once waits for its turn here: that costs no statement more."""
    says = [AgreementVersion.terms[name].as_string().is_not(None) for name in promising.CAPACITY]
    return case((or_(*says), promising.queue(Agreement.id)))


def _named(code: str) -> ColumnElement[bool]:
    """The agreement of a code, or of a number as `code_of` writes it."""
    number = code.removeprefix("#")
    is_number = code.startswith("#") and number.isdecimal() and len(number) < 19
    return Agreement.id == int(number) if is_number else Agreement.code == code


def code_of(agreement: Agreement) -> str:
    """What a task carries: its agreement's code, or its number where nobody gave it one."""
    return agreement.code or f"#{agreement.id}"


def _provider(session: Session, task: UserTask) -> Department | None:
    kind, _, key = (task.audience or "").partition(":")
    return people.department(session, key) if kind in {"department", "head"} else None


def is_bound(session: Session, task: UserTask, happened: Happened) -> bool:
    """Whether the new version has a way to it that somebody bound to an agreement."""
    came = ways(session, task, happened)
    bound = select(Handoff.id).where(_decision(task, came), Handoff.agreement_id.is_not(None))
    query = bound.where(Instance.id == task.instance_id).limit(1)
    return bool(came) and session.scalar(query) is not None
