"""Who sees what: departments, trees, one's own and one's tasks; everything else does not exist."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.db import Base
from engine.errors import NotFound
from engine.people import Department, Membership, Person, Role
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import commitments
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from engine.sales.records import Client, Contact, Contract, Lead, Product
from tests.conftest import MONDAY
from tests.engine.sales.kit import sale, task


def person(
    session: Session, name: str, *roles: str, in_: Department | None = None, head: bool = False
) -> Person:
    made = Person(email=f"{name}@wislane.example", name=name, created_at=MONDAY)
    made.roles = [Role(name=role) for role in roles]
    if in_:
        made.memberships.append(Membership(department_id=in_.id, is_head=head))
    session.add(made)
    session.flush()
    return made


def sees(session: Session, who: Person, deal: Deal) -> bool:
    return session.scalar(select(Deal.id).where(Deal.id == deal.id, access.visible(who, Deal))) is not None


@pytest.fixture
def deal(session: Session, anna: Person) -> Deal:
    """A deal of Anna's, who sells."""
    return sale(session, anna)


def test_a_colleague_of_the_department_sees_its_deals(
    session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    colleague = person(session, "celina", "employee", in_=departments["sales"])

    assert sees(session, colleague, deal)


def test_another_department_sees_a_deal_only_once_it_has_a_task_in_it(
    session: Session, deal: Deal, borys: Person
) -> None:
    before = sees(session, borys, deal)
    task(session, session.get_one(Instance, deal.instance_id), audience="department:legal")

    assert not before
    assert sees(session, borys, deal)


def test_having_done_a_task_is_remembered(
    session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    helper = person(session, "hanna", "employee", in_=departments["presales"])
    done = task(session, session.get_one(Instance, deal.instance_id))
    done.completed_by_id, done.closed_at = helper.id, MONDAY
    session.flush()

    assert sees(session, helper, deal)


def test_a_director_of_the_board_sees_everything_below(
    session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    assert sees(session, person(session, "diana", "director", in_=departments["board"]), deal)


def test_a_director_of_another_branch_does_not(
    session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    assert not sees(session, person(session, "darek", "director", in_=departments["legal"]), deal)


def test_a_head_sees_the_departments_below_and_a_member_of_the_same_does_not(
    session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    head = person(session, "henryk", "employee", in_=departments["board"], head=True)
    member = person(session, "marta", "employee", in_=departments["board"])

    assert sees(session, head, deal)
    assert not sees(session, member, deal)


@pytest.mark.parametrize("role", ["administrator", "designer"])
def test_a_role_that_does_not_sell_opens_no_deal(
    session: Session, deal: Deal, departments: dict[str, Department], role: str
) -> None:
    assert not sees(session, person(session, "adela", role, in_=departments["sales"]), deal)


def test_what_hangs_on_a_deal_is_seen_with_it(
    session: Session, deal: Deal, anna: Person, borys: Person
) -> None:
    commitments.record(session, deal, direction="mutual", text="Wizyta", by=anna, now=MONDAY)
    session.add(Contract(number="U-1", title="U", deal_id=deal.id))
    opened = task(session, session.get_one(Instance, deal.instance_id))
    session.add(
        Promise(
            code="H5", instance_id=deal.instance_id, deal_id=deal.id, task_id=opened.id, requested_at=MONDAY
        )
    )
    session.flush()

    for model in (Commitment, Contract, Promise, Instance, UserTask):
        assert session.scalars(select(model).where(access.visible(anna, model))).all(), model
        assert not session.scalars(select(model).where(access.visible(borys, model))).all(), model


def test_the_trade_is_known_to_those_who_sell(session: Session, anna: Person, adam: Person) -> None:
    client = Client(name="Stocznia Mewa", created_at=MONDAY)
    session.add(client)
    session.flush()
    session.add_all([Contact(client_id=client.id, name="Ewa"), Product(sku="EUR1200", name="Paleta")])
    session.flush()

    for model in (Client, Contact, Product):
        assert session.scalars(select(model).where(access.visible(anna, model))).all()
        assert not session.scalars(select(model).where(access.visible(adam, model))).all()


def test_a_lead_belongs_to_its_department(
    session: Session, anna: Person, borys: Person, departments: dict[str, Department]
) -> None:
    session.add(Lead(title="Zapytanie", created_at=MONDAY, department_id=departments["sales"].id))
    session.flush()

    assert session.scalars(select(Lead).where(access.visible(anna, Lead))).all()
    assert not session.scalars(select(Lead).where(access.visible(borys, Lead))).all()


def test_both_sides_of_an_agreement_read_it_and_a_third_does_not(
    session: Session, anna: Person, borys: Person, departments: dict[str, Department]
) -> None:
    sides = {"provider_id": departments["legal"].id, "consumer_id": departments["sales"].id}
    session.add(Agreement(title="Umowa", created_at=MONDAY, **sides))
    session.flush()
    third = person(session, "teresa", "employee", in_=departments["presales"])

    seen = [
        bool(session.scalars(select(Agreement).where(access.visible(who, Agreement))).all())
        for who in (anna, borys, third)
    ]
    assert seen == [True, True, False]


def test_definitions_are_for_those_who_draw_direct_or_administer(
    session: Session, deal: Deal, anna: Person, dorota: Person, clara: Person
) -> None:
    seen = [
        len(session.scalars(select(Definition).where(access.visible(who, Definition))).all())
        for who in (anna, dorota, clara)
    ]

    assert seen == [0, 1, 1]


@pytest.mark.parametrize("model", [Deal, UserTask, Instance, Promise, Commitment, Agreement, Definition])
def test_the_clause_holds_in_a_query_that_joins_the_tables_it_reads(
    session: Session, deal: Deal, anna: Person, borys: Person, model: type[Base]
) -> None:
    opened = task(session, session.get_one(Instance, deal.instance_id), audience="department:sales")
    rows = (
        select(UserTask.id)
        .join(Instance, Instance.id == UserTask.instance_id)
        .join(Deal, Deal.instance_id == Instance.id)
        .join(Department, Department.id == Deal.department_id)
        .join(Membership, Membership.department_id == Department.id)
        .join(Definition, Definition.id == Instance.definition_id)
        .outerjoin(Promise, Promise.task_id == UserTask.id)
        .outerjoin(Commitment, Commitment.deal_id == Deal.id)
        .outerjoin(Agreement, Agreement.id == Promise.agreement_id)
    )

    seen = [session.scalars(rows.where(access.visible(who, model))).all() for who in (anna, borys)]

    found = [opened.id] if model in (Deal, UserTask, Instance) else []
    assert seen == [found, []]


def test_what_you_may_not_see_is_not_there(session: Session, deal: Deal, anna: Person, borys: Person) -> None:
    assert access.one(session, anna, Deal, deal.id) is deal
    with pytest.raises(NotFound):
        access.one(session, borys, Deal, deal.id)
    with pytest.raises(NotFound):
        access.one(session, anna, Deal, deal.id + 1)


def test_a_table_without_a_rule_is_an_error_and_not_a_hole(anna: Person) -> None:
    with pytest.raises(KeyError):
        access.visible(anna, Person)
