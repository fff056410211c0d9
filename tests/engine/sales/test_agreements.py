"""A rule binds two departments only when both heads signed the very same words."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid, Stale
from engine.history import Event
from engine.people import Department, Membership, Person, Role
from engine.sales import agreements, negotiating, speaking, standing, terms
from engine.sales.agreements import Agreement, AgreementVersion
from tests.conftest import MONDAY

TERMS = {"deliverable": "Projekt umowy", "ready": ["oferta", "warunki"], "deliver_time": "P3D", "target": 90}
Heads = tuple[Person, Person]


@pytest.fixture
def heads(clara: Person, borys: Person) -> Heads:
    """Clara heads Sales, Borys heads Legal."""
    return clara, borys


def draft(session: Session, departments: dict[str, Department], by: Person, **more: object) -> Agreement:
    said = {**TERMS, **more}
    provider, consumer = departments["legal"], departments["sales"]
    return negotiating.draft(
        session,
        "Projekt umowy",
        provider=provider,
        consumer=consumer,
        terms=said,
        code="H5",
        by=by,
        now=MONDAY,
    )


def proposed(session: Session, departments: dict[str, Department], by: Person) -> AgreementVersion:
    return negotiating.propose(session, draft(session, departments, by), by=by, now=MONDAY)


def signed(session: Session, version: AgreementVersion) -> list[int]:
    return [each.department_id for each in session.scalars(agreements.signatures(version))]


def test_both_heads_sign_and_it_is_in_force(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    version = proposed(session, departments, clara)
    negotiating.accept(session, version, terms_hash=version.terms_hash, by=borys, now=MONDAY)

    assert version.state == "in_force"
    assert signed(session, version) == [departments["sales"].id, departments["legal"].id]
    found = agreements.in_force(session, "H5")
    assert found is not None
    assert found[1] is version


def test_every_step_is_one_fact(session: Session, departments: dict[str, Department], heads: Heads) -> None:
    clara, borys = heads
    version = proposed(session, departments, clara)
    negotiating.accept(session, version, by=borys, now=MONDAY)

    subject = f"agreement:{version.agreement_id}"
    told = session.scalars(select(Event.kind).where(Event.subject == subject).order_by(Event.id)).all()
    assert told == ["agreement_drafted", "agreement_proposed", "agreement_accepted"]


def test_nobody_signs_for_the_other_side(
    session: Session, departments: dict[str, Department], heads: Heads, anna: Person
) -> None:
    clara, _ = heads
    admin = Person(
        email="root@wislane.example", name="Roman", created_at=MONDAY, roles=[Role(name="administrator")]
    )
    admin.memberships.append(Membership(department_id=departments["legal"].id))
    session.add(admin)
    session.flush()
    version = proposed(session, departments, clara)

    for person in (clara, anna, admin):
        with pytest.raises(speaking.NotYourSide):
            negotiating.accept(session, version, by=person, now=MONDAY)


def test_a_counter_is_a_new_version_and_the_other_side_must_answer_it(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    first = proposed(session, departments, clara)
    second = negotiating.counter(session, first, {**TERMS, "deliver_time": "P4D"}, by=borys, now=MONDAY)

    with pytest.raises(agreements.OutOfDate):
        negotiating.accept(session, first, by=borys, now=MONDAY)
    with pytest.raises(speaking.NotYourSide):
        negotiating.accept(session, second, by=borys, now=MONDAY)
    negotiating.accept(session, second, by=clara, now=MONDAY)

    assert (first.state, second.number, second.state) == ("superseded", 2, "in_force")


def test_the_same_words_are_no_counter(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    version = proposed(session, departments, clara)

    with pytest.raises(agreements.NothingChanged):
        negotiating.counter(session, version, {**TERMS, "ready": "oferta\n\nwarunki\n"}, by=borys, now=MONDAY)


def test_what_was_read_is_what_is_signed(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    version = proposed(session, departments, clara)

    with pytest.raises(Stale):
        negotiating.accept(session, version, terms_hash="0" * 64, by=borys, now=MONDAY)


def test_a_change_is_negotiated_while_the_old_version_binds(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    old = proposed(session, departments, clara)
    negotiating.accept(session, old, by=borys, now=MONDAY)
    agreement = session.get_one(Agreement, old.agreement_id)

    new = negotiating.propose(session, agreement, {**TERMS, "target": 95}, by=borys, now=MONDAY)
    during = agreement.current_version_id
    negotiating.accept(session, new, by=clara, now=MONDAY)

    assert during == old.id
    assert (old.state, agreement.current_version_id, agreement.negotiating_version_id) == (
        "superseded",
        new.id,
        None,
    )


def test_one_version_at_a_time_is_on_the_table(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    version = proposed(session, departments, clara)
    agreement = session.get_one(Agreement, version.agreement_id)

    with pytest.raises(agreements.OnTheTable):
        negotiating.propose(session, agreement, {**TERMS, "target": 80}, by=borys, now=MONDAY)


def test_declining_leaves_nothing_on_the_table(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    version = proposed(session, departments, clara)
    negotiating.withdraw(session, version, note="za drogo", by=borys, now=MONDAY)

    last = session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
    assert (version.state, last.kind) == ("withdrawn", "agreement_declined")
    with pytest.raises(agreements.NothingOnTheTable):
        negotiating.accept(session, version, by=borys, now=MONDAY)


def test_signed_for_a_later_day_it_waits_for_that_day(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, borys = heads
    agreement = draft(session, departments, clara, valid_from="2026-12-01")
    version = negotiating.propose(session, agreement, by=clara, now=MONDAY)
    negotiating.accept(session, version, by=borys, now=MONDAY)
    before = version.state

    standing.work_due(session, now=MONDAY + timedelta(days=15))

    assert (before, version.state) == ("scheduled", "in_force")


def test_a_department_without_a_head_cannot_be_bound(
    session: Session, departments: dict[str, Department], clara: Person
) -> None:
    with pytest.raises(speaking.NoHead):
        draft(session, departments, clara)


def test_a_department_agrees_nothing_with_itself(
    session: Session, departments: dict[str, Department], clara: Person
) -> None:
    sales = departments["sales"]
    with pytest.raises(agreements.SameDepartment):
        negotiating.draft(session, "X", provider=sales, consumer=sales, terms=TERMS, by=clara, now=MONDAY)


def test_an_outsider_drafts_nothing(
    session: Session, departments: dict[str, Department], heads: Heads, anna: Person
) -> None:
    with pytest.raises(speaking.NotYourSide):
        draft(session, departments, anna)


def test_terms_that_say_nothing_or_nonsense_come_back_with_reasons(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    with pytest.raises(Invalid) as caught:
        draft(session, departments, heads[0], deliver_time="trzy dni", target="dużo", deliverable="")

    assert sorted(caught.value.errors) == ["deliver_time", "deliverable", "target"]


def test_two_wordings_are_compared_field_by_field() -> None:
    new = {**TERMS, "ready": ["oferta", "stanowiska"], "capacity": 8}

    found = {each.field: each for each in terms.difference(TERMS, new) if each.changed}

    assert sorted(found) == ["capacity", "ready"]
    assert (found["ready"].added, found["ready"].removed) == (["stanowiska"], ["warunki"])


def test_lists_tell_whose_turn_it_is(
    session: Session, departments: dict[str, Department], heads: Heads
) -> None:
    clara, _ = heads
    version = proposed(session, departments, clara)

    sales, legal = [departments["sales"].id], [departments["legal"].id]
    ours = session.scalars(agreements.proposed_by_side(sales)).all()
    theirs = session.scalars(agreements.waiting_for(legal)).all()
    assert [each.id for each in ours] == [each.id for each in theirs] == [version.agreement_id]
    assert session.scalars(agreements.waiting_for(sales)).all() == []
