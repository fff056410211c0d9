"""Nobody signs for the other side, nobody for both, and nobody what is out of date, however they hurry."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.errors import Invalid, Refusal, Stale
from engine.history import Event
from engine.notices import Notice
from engine.people import Department, Membership, Person
from engine.sales import agreements, negotiating, speaking
from engine.sales.agreements import Agreement, AgreementVersion, Rewritten, Signature
from engine.sales.terms import fingerprint
from tests.conftest import MONDAY
from tests.engine.sales.trade import away, current, days, drafted, facts, in_force, proposed, said, somebody

Units = dict[str, Department]


# ------------------------------------------------------------------------------------------- deputies


def test_a_deputy_signs_for_an_absent_head_and_the_signature_says_so(
    session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    version = proposed(session, departments, clara)
    absence = away(session, borys, dorota)
    negotiating.accept(session, version, by=dorota, now=MONDAY)

    signed = session.scalars(select(Signature).where(Signature.person_id == dorota.id)).one()
    told = session.scalars(select(Event).where(Event.kind == "agreement_accepted")).one()
    assert (signed.department_id, signed.on_behalf_of_id, signed.absence_id) == (
        departments["legal"].id,
        borys.id,
        absence.id,
    )
    assert (told.actor_id, told.on_behalf_of_id) == (dorota.id, borys.id)


def test_a_deputy_signs_not_a_day_longer(
    session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    version = proposed(session, departments, clara)
    away(session, borys, dorota, 1, 3)

    for late in (0, 4):
        with pytest.raises(speaking.NotYourSide):
            negotiating.accept(session, version, by=dorota, now=days(late))
    negotiating.accept(session, version, by=dorota, now=days(3))


def test_the_absent_head_may_still_sign(
    session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    version = proposed(session, departments, clara)
    away(session, borys, dorota)
    negotiating.accept(session, version, by=borys, now=MONDAY)

    assert version.state == "in_force"


def test_nobody_of_the_other_side_is_a_deputy_here(
    session: Session, departments: Units, clara: Person, borys: Person, anna: Person
) -> None:
    version = proposed(session, departments, clara)
    away(session, borys, anna)  # Anna sells: she belongs to the side across

    with pytest.raises(speaking.NotYourSide):
        negotiating.accept(session, version, by=anna, now=MONDAY)


def test_the_other_head_is_no_deputy_here(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    version = proposed(session, departments, clara)
    away(session, borys, clara)

    with pytest.raises(speaking.NotYourSide):
        negotiating.accept(session, version, by=clara, now=MONDAY)


def test_the_deputy_of_a_deputy_speaks_for_nobody(
    session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    third = somebody(session, "Teodor", "employee")
    version = proposed(session, departments, clara)
    away(session, borys, dorota)
    away(session, dorota, third)

    with pytest.raises(speaking.NotYourSide):
        negotiating.accept(session, version, by=third, now=MONDAY)


def test_a_deputy_of_both_heads_speaks_for_neither(
    session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    version = proposed(session, departments, clara)
    away(session, borys, dorota)
    away(session, clara, dorota)

    with pytest.raises(speaking.NotYourSide):
        negotiating.accept(session, version, by=dorota, now=MONDAY)


def test_one_deputy_after_the_other_does_not_sign_both_sides(
    session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    away(session, clara, dorota, 0, 0)
    away(session, borys, dorota, 1, 1)
    version = proposed(session, departments, dorota)

    with pytest.raises(negotiating.SignedBothSides):
        negotiating.accept(session, version, by=dorota, now=days(1))


def test_a_head_who_moved_across_does_not_sign_both_sides(
    session: Session, departments: Units, clara: Person, borys: Person, anna: Person
) -> None:
    version = proposed(session, departments, clara)
    clara.memberships[0].is_head = borys.memberships[0].is_head = False
    anna.memberships[0].is_head = True
    clara.memberships.append(Membership(department_id=departments["legal"].id, is_head=True))
    session.flush()

    with pytest.raises(negotiating.SignedBothSides):
        negotiating.accept(session, version, by=clara, now=MONDAY)


def test_one_head_of_both_departments_agrees_nothing_alone(
    session: Session, departments: Units, clara: Person
) -> None:
    clara.memberships.append(Membership(department_id=departments["legal"].id, is_head=True))
    session.flush()

    with pytest.raises(speaking.OneHead):
        drafted(session, departments, clara)


# ------------------------------------------------------------------------------------------- bad input


def test_a_signature_over_an_outdated_version_is_refused(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    first = proposed(session, departments, clara)
    second = negotiating.counter(session, first, said(deliver_time="P4D"), by=borys, now=MONDAY)

    with pytest.raises(agreements.OutOfDate):
        negotiating.accept(session, first, by=clara, now=MONDAY)
    with pytest.raises(Stale):
        negotiating.accept(session, second, terms_hash=first.terms_hash, by=clara, now=MONDAY)
    assert [each.version_id for each in session.scalars(select(Signature))] == [first.id, second.id]


def test_a_counter_after_acceptance_is_refused(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    version = proposed(session, departments, clara)
    negotiating.accept(session, version, by=borys, now=MONDAY)

    with pytest.raises(agreements.NothingOnTheTable):
        negotiating.counter(session, version, said(target=50), by=borys, now=MONDAY)
    with pytest.raises(agreements.NothingOnTheTable):
        negotiating.withdraw(session, version, by=clara, now=MONDAY)


def test_a_capacity_of_zero_is_refused_and_nothing_is_left_behind(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    with pytest.raises(Invalid) as caught:
        drafted(session, departments, clara, capacity="0")

    assert list(caught.value.errors) == ["capacity"]
    assert session.scalars(select(Agreement)).all() == []


def test_both_sides_the_same_department_is_refused_at_its_field(
    session: Session, departments: Units, clara: Person
) -> None:
    sales = departments["sales"]
    with pytest.raises(agreements.SameDepartment) as caught:
        negotiating.draft(session, "X", provider=sales, consumer=sales, terms=said(), by=clara, now=MONDAY)

    assert caught.value.field == "consumer"


def test_a_code_that_is_taken_is_refused(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    drafted(session, departments, clara)

    with pytest.raises(Invalid) as caught:
        drafted(session, departments, clara)
    assert isinstance(caught.value.errors["code"], negotiating.CodeTaken)


def test_days_that_have_passed_are_neither_proposed_nor_signed(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    with pytest.raises(Invalid) as caught:
        drafted(session, departments, clara, valid_to="2026-11-16")
    assert list(caught.value.errors) == ["valid_to"]

    version = proposed(session, departments, clara, review_on="2026-11-20")
    with pytest.raises(Invalid):
        negotiating.accept(session, version, by=borys, now=days(4))
    assert version.state == "proposed"


def test_a_draft_is_neither_answered_nor_declined_by_the_other_side(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = drafted(session, departments, clara)
    version = session.get_one(AgreementVersion, agreement.negotiating_version_id)

    for verb in (negotiating.accept, negotiating.withdraw):
        with pytest.raises(agreements.NothingOnTheTable):
            verb(session, version, by=borys, now=MONDAY)
    with pytest.raises(agreements.NothingOnTheTable):
        negotiating.counter(session, version, said(target=50), by=borys, now=MONDAY)


# ------------------------------------------------------------------------------------------- what is signed stays


def test_words_on_the_table_never_change(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys)
    version = current(session, agreement)
    before = version.terms_hash
    session.commit()

    version.terms = {**version.terms, "target": 50}
    with pytest.raises(Rewritten):
        session.flush()
    session.rollback()
    session.refresh(version)
    assert version.terms_hash == fingerprint(version.terms) == before


def test_a_signature_is_never_taken_off(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    in_force(session, departments, clara, borys)
    session.delete(session.scalars(select(Signature)).first())

    with pytest.raises(Rewritten):
        session.flush()


def test_the_other_side_is_told_and_the_own_side_is_not(
    session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    away(session, borys, dorota)
    proposed(session, departments, clara)

    told = session.execute(select(Notice.person_id, Notice.kind)).all()
    assert {(person, kind) for person, kind in told} == {
        (borys.id, "agreement_proposed"),
        (dorota.id, "agreement_proposed"),
    }


def test_a_remark_may_be_about_one_version(
    session: Session, departments: Units, clara: Person, borys: Person, anna: Person, dorota: Person
) -> None:
    version = proposed(session, departments, clara)
    agreement = session.get_one(Agreement, version.agreement_id)
    negotiating.remark(session, agreement, "Za krótko.", version=version, by=borys, now=MONDAY)
    negotiating.remark(session, agreement, "Dlaczego?", by=anna, now=MONDAY)

    with pytest.raises(speaking.NotYourSide):
        negotiating.remark(session, agreement, "A ja?", by=dorota, now=MONDAY)
    told = session.scalars(select(Event).where(Event.kind == "agreement_remarked").order_by(Event.id)).all()
    assert [(each.data or {}).get("version") for each in told] == [1, None]
    assert facts(session, agreement)[-2:] == ["agreement_remarked"] * 2


# ------------------------------------------------------------------------------------------- at once


def at_once(database: Engine, *acts: Callable[[Session], object]) -> list[object]:
    """Each act in a session and a thread of its own, all at the same moment; what they gave, or refused with."""
    barrier = Barrier(len(acts), timeout=30)

    def run(act: Callable[[Session], object]) -> object:
        with sessions(database)() as own:
            barrier.wait()
            try:
                act(own)
                own.commit()
            except Refusal as refusal:
                return refusal
            return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_of_a_head_and_a_deputy_who_answer_at_once_one_wins(
    database: Engine, session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    away(session, borys, dorota)
    wanted = [proposed(session, departments, clara, code=f"H{number}").id for number in range(6)]
    session.commit()

    def accepting(version_id: int) -> Callable[[Session], object]:
        def act(own: Session) -> object:
            return negotiating.accept(
                own, own.get_one(AgreementVersion, version_id), by=own.get_one(Person, borys.id), now=MONDAY
            )

        return act

    def countering(version_id: int) -> Callable[[Session], object]:
        def act(own: Session) -> object:
            version, by = own.get_one(AgreementVersion, version_id), own.get_one(Person, dorota.id)
            return negotiating.counter(own, version, said(target=80), by=by, now=MONDAY)

        return act

    for version_id in wanted:
        answers = at_once(database, accepting(version_id), countering(version_id))
        lost = [each for each in answers if each is not None]
        assert len(lost) == 1
        assert isinstance(lost[0], agreements.OutOfDate | agreements.NothingOnTheTable)


def test_of_two_who_accept_at_once_one_wins(
    database: Engine, session: Session, departments: Units, clara: Person, borys: Person, dorota: Person
) -> None:
    away(session, borys, dorota)
    version = proposed(session, departments, clara)
    session.commit()

    def accepting(person_id: int) -> Callable[[Session], object]:
        return lambda own: negotiating.accept(
            own, own.get_one(AgreementVersion, version.id), by=own.get_one(Person, person_id), now=MONDAY
        )

    answers = at_once(database, accepting(borys.id), accepting(dorota.id))

    session.expire_all()
    assert [type(each) for each in answers if each is not None] == [agreements.NothingOnTheTable]
    assert len(session.scalars(agreements.signatures(version)).all()) == 2
