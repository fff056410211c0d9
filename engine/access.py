"""What a person may see: one clause for lists and for single rows. What you may not see does not exist.

Employees see what belongs to their department, heads what belongs to the departments below theirs, directors what
belongs below the departments they are in. Beyond that everybody sees what they own and what they have, or had, a
task in. Holding only the role of administrator or designer opens no deal.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, false, not_, or_, select, true
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.interfaces import ORMOption

from engine import absences
from engine.absences import Absence
from engine.db import Base
from engine.errors import NotFound
from engine.history import Event
from engine.people import Department, Membership, Person
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.agreements import Agreement, AgreementAct, AgreementVersion
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.past.rows import ImportedCase
from engine.sales.promises import Promise
from engine.sales.records import Client, Contact, Contract, Lead, Product

Row = TypeVar("Row", bound=Base)
Clause = ColumnElement[bool]


def one(
    session: Session,
    person: Person,
    model: type[Row],
    id_: int,
    *options: ORMOption,
    on: date | None = None,
) -> Row:
    """The row with this id, if this person may see it. Raises NotFound otherwise, whatever the reason.

    ``options`` say what is read with it in the same statement; ``on`` is as `visible` means it.
    """
    query = select(model).where(model.__table__.c["id"] == id_, visible(person, model, on))
    found = session.scalar(query.options(*options))
    if found is None:
        raise NotFound
    return found


def visible(person: Person, model: type[Base], on: date | None = None) -> Clause:
    """The clause for rows of ``model`` that this person may see: one expression, to be put into a WHERE.

    With a local day it holds also what the person sees that day in place of somebody who is absent.
    """
    if model.__name__ == "Section":
        return _sections(person)
    if on is not None and model in LENT:
        return or_(RULES[model](person), LENT[model](person, on))
    return RULES[model](person)


def departments(person: Person) -> Select[int]:
    """The ids of the departments whose records this person reads; none for one who neither sells nor directs."""
    department = aliased(Department)
    if not person.has("employee", "director"):
        return select(department.id).where(false())
    roots = person.department_ids if person.has("director") else person.headed_ids
    mine = or_(department.id.in_(person.department_ids), department.id.in_(_below(roots)))
    return select(department.id).where(mine)


def _below(roots: Sequence[int]) -> Select[int]:
    top, below = aliased(Department), aliased(Department)
    tree = select(top.id).where(top.id.in_(roots)).cte(recursive=True)
    tree = tree.union(select(below.id).join(tree, below.parent_id == tree.c.id))
    return select(tree.c.id)


def _worked_on(person: Person, instance_id: Any) -> Clause:
    """There is, or was, a task of this person or of their queues in the instance."""
    task = aliased(UserTask)
    return select(task.id).where(task.instance_id == instance_id, _own(person, task)).exists()


def _own(person: Person, task: Any = UserTask) -> Clause:
    return or_(
        task.assignee_id == person.id,
        task.completed_by_id == person.id,
        task.audience.in_(person.audiences),
    )


def _of_department(person: Person, column: Any) -> Clause:
    mine: Clause = column.in_(departments(person))
    return or_(mine, column.is_(None)) if person.has("director") else mine


def _deals(person: Person, deal: Any = Deal) -> Clause:
    return or_(
        deal.owner_id == person.id,
        _of_department(person, deal.department_id),
        _worked_on(person, deal.instance_id),
    )


def _seen_deals(person: Person, column: str = "id") -> Select[int]:
    """Ids (or instance ids) of visible deals. Aliased, as all inner tables here: the query around may join them too."""
    deal = aliased(Deal)
    return select(getattr(deal, column)).where(_deals(person, deal))


def _trade(person: Person) -> Clause:
    """Clients, contacts and products: everybody who sells or directs."""
    return true() if person.has("employee", "director") else false()


def _leads(person: Person) -> Clause:
    return or_(Lead.owner_id == person.id, _of_department(person, Lead.department_id))


def _contracts(person: Person) -> Clause:
    return or_(
        Contract.owner_id == person.id,
        Contract.department_id.in_(departments(person)),
        Contract.deal_id.in_(_seen_deals(person)),
    )


def _promises(person: Person, promise: Any = Promise) -> Clause:
    return or_(
        promise.provider_id.in_(departments(person)),
        promise.consumer_id.in_(departments(person)),
        promise.deal_id.in_(_seen_deals(person)),
    )


def _lent_promises(person: Person, on: date) -> Clause:
    lent = _of_absent(person, on)
    return or_(Promise.provider_id.in_(lent), Promise.consumer_id.in_(lent))


def _agreements(person: Person, agreement: Any = Agreement) -> Clause:
    """Either side's members, also those who hold no selling role, and whoever was asked to bring the sides together.

    One of which there is nothing but the other side's draft is not there yet.
    """
    units, version = _units(person), aliased(AgreementVersion)
    of_it = select(version.id).where(version.agreement_id == agreement.id)
    said = or_(of_it.where(_worded(units, version)).exists(), ~of_it.exists())
    asked = of_it.where(version.escalated_to_id == person.id).exists()
    return or_(and_(_between(units, agreement), said), asked)


def _units(person: Person) -> Select[int]:
    """The departments this person belongs to, and those whose records they read."""
    department = aliased(Department)
    mine: Clause = department.id.in_(person.department_ids)
    if person.has("employee", "director"):
        roots = person.department_ids if person.has("director") else person.headed_ids
        mine = or_(mine, department.id.in_(_below(roots)))
    return select(department.id).where(mine)


def _between(units: Select[int], agreement: Any) -> Clause:
    return or_(agreement.provider_id.in_(units), agreement.consumer_id.in_(units))


def _worded(units: Select[int], version: Any) -> Clause:
    """Words that were put on the table, and drafts of one's own side."""
    return or_(version.state != "draft", version.proposed_by_department_id.in_(units))


def _versions(person: Person) -> Clause:
    agreement, version, units = aliased(Agreement), aliased(AgreementVersion), _units(person)
    seen = select(agreement.id).where(_between(units, agreement))
    asked = select(version.agreement_id).where(version.escalated_to_id == person.id)
    worded = and_(AgreementVersion.agreement_id.in_(seen), _worded(units, AgreementVersion))
    return or_(worded, and_(AgreementVersion.agreement_id.in_(asked), AgreementVersion.state != "draft"))


def _of_absent(person: Person, on: date) -> Select[int]:
    """The departments whose heads this person stands in for on a day."""
    membership = aliased(Membership)
    away = membership.person_id.in_(_absent(person, on))
    return select(membership.department_id).where(membership.is_head, away)


def _absent(person: Person, on: date) -> Select[int]:
    """Whom this person stands in for on a day."""
    absence = aliased(Absence)
    return select(absence.person_id).where(absence.deputy_id == person.id, absences.on(on, absence))


def _lent_agreements(person: Person, on: date, agreement: Any = Agreement) -> Clause:
    units, version = _of_absent(person, on), aliased(AgreementVersion)
    of_it = select(version.id).where(version.agreement_id == agreement.id)
    asked = of_it.where(version.escalated_to_id.in_(_absent(person, on))).exists()
    return or_(and_(_between(units, agreement), of_it.where(_worded(units, version)).exists()), asked)


def _lent_versions(person: Person, on: date) -> Clause:
    agreement, units = aliased(Agreement), _of_absent(person, on)
    version = aliased(AgreementVersion)
    seen = select(agreement.id).where(_between(units, agreement))
    asked = select(version.agreement_id).where(version.escalated_to_id.in_(_absent(person, on)))
    worded = and_(AgreementVersion.agreement_id.in_(seen), _worded(units, AgreementVersion))
    return or_(worded, and_(AgreementVersion.agreement_id.in_(asked), AgreementVersion.state != "draft"))


def _acts(person: Person) -> Clause:
    agreement = aliased(Agreement)
    return AgreementAct.agreement_id.in_(select(agreement.id).where(_agreements(person, agreement)))


def _lent_acts(person: Person, on: date) -> Clause:
    agreement = aliased(Agreement)
    return AgreementAct.agreement_id.in_(select(agreement.id).where(_lent_agreements(person, on, agreement)))


def _absences(person: Person) -> Clause:
    """One's own, those in which one stands in, those of colleagues; an administrator records them for everybody."""
    membership = aliased(Membership)
    colleagues = select(membership.person_id).where(membership.department_id.in_(_units(person)))
    seen = [Absence.person_id == person.id, Absence.deputy_id == person.id, Absence.person_id.in_(colleagues)]
    return true() if person.has("administrator") else or_(*seen)


def _instances(person: Person, instance: Any = Instance) -> Clause:
    """Cases of visible deals and one's own; a case that carries no deal is open to who designs and administers."""
    deal, membership = aliased(Deal), aliased(Membership)
    carried = select(deal.id).where(deal.instance_id == instance.id).exists()
    past = aliased(ImportedCase)
    carries = or_(carried, select(past.instance_id).where(past.instance_id == instance.id).exists())
    members = select(membership.person_id).where(membership.department_id.in_(departments(person)))
    seen = [
        instance.owner_id == person.id,
        instance.started_by_id == person.id,
        _worked_on(person, instance.id),
        instance.id.in_(_seen_deals(person, "instance_id")),
        and_(~carries, instance.owner_id.in_(members)),
        _moved_elsewhere(person, instance.id),
        instance.id.in_(_brought_in(person)),
    ]
    if person.has("designer", "administrator"):
        seen.append(~carries)
    return or_(*seen)


def _moved_elsewhere(person: Person, instance_id: Any) -> Clause:
    """It came from elsewhere, and this person reads what belongs to a department that moved it."""
    past = aliased(Move)
    mine = _of_department(person, past.department_id)
    moved = select(past.id).where(past.instance_id == instance_id, past.ladder.in_(_imported()), mine)
    return moved.exists()


def _brought_in(person: Person) -> Select[int]:
    """Cases from elsewhere that this person owns, or that a department whose records they read had last."""
    past = aliased(ImportedCase)
    mine = or_(past.owner_id == person.id, _of_department(person, past.department_id))
    return select(past.instance_id).where(mine)


def _seen_instances(person: Person) -> Select[int]:
    instance = aliased(Instance)
    return select(instance.id).where(_instances(person, instance))


def _tasks(person: Person) -> Clause:
    """One's own, one's queues', those of cases one may see."""
    return or_(_own(person), UserTask.instance_id.in_(_seen_instances(person)))


def _definitions(person: Person) -> Clause:
    """Who draws, directs or administers; others meet a diagram through a case of theirs."""
    return true() if person.has("designer", "director", "administrator") else false()


def _sections(person: Person) -> Clause:
    from engine.sales.sections import Section, SectionShare  # sections are read with these very clauses

    shared = or_(
        SectionShare.kind == "everyone",
        and_(SectionShare.kind == "person", SectionShare.who == str(person.id)),
        and_(
            SectionShare.kind == "department",
            SectionShare.who.in_([each.department.key for each in person.memberships]),
        ),
        and_(
            SectionShare.kind == "role",
            SectionShare.who.in_([role.name for role in person.roles]),
        ),
    )
    return or_(Section.owner_id == person.id, Section.id.in_(select(SectionShare.section_id).where(shared)))


def _imported() -> Select[str]:
    """The ladders of histories that came from elsewhere."""
    definition = aliased(Definition)
    return select(definition.process).where(definition.kind == "imported")


def _moves(person: Person) -> Clause:
    """Moves of a deal and of its commitments with the deal, those of a promise with the promise.

    A case of a history from elsewhere is seen, whole, by its owner, the departments that moved it, and directors.
    """
    promise, past = aliased(Promise), aliased(Move)
    of_promise, of_past = Move.ladder == "promise", Move.ladder.in_(_imported())
    seen = select(promise.task_id).where(_promises(person, promise))
    mine = select(past.item).where(past.ladder.in_(_imported()), _of_department(person, past.department_id))
    return or_(
        and_(of_promise, Move.task_id.in_(seen)),
        and_(of_past, or_(Move.item.in_(mine), Move.instance_id.in_(_brought_in(person)))),
        and_(not_(of_promise), not_(of_past), Move.instance_id.in_(_seen_deals(person, "instance_id"))),
    )


RULES: dict[type[Base], Callable[[Person], Clause]] = {
    Deal: _deals,
    Client: _trade,
    Contact: _trade,
    Product: _trade,
    Lead: _leads,
    Contract: _contracts,
    Commitment: lambda person: Commitment.deal_id.in_(_seen_deals(person)),
    Promise: _promises,
    Agreement: _agreements,
    AgreementVersion: _versions,
    AgreementAct: _acts,
    Absence: _absences,
    UserTask: _tasks,
    Instance: _instances,
    Definition: _definitions,
    Move: _moves,
    Event: lambda person: Event.instance_id.in_(_seen_instances(person)),
}
"""Who may see rows of a table. A table that is not here is nobody's: asking for it is an error, not a hole."""

LENT: dict[type[Base], Callable[[Person, date], Clause]] = {
    Agreement: _lent_agreements,
    AgreementVersion: _lent_versions,
    AgreementAct: _lent_acts,
    Promise: _lent_promises,
}
"""What a deputy sees besides, inside the days of a recorded absence."""
