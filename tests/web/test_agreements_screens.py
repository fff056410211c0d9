"""Agreements as heads meet them: proposing, answering, signing, and numbers that open what they count."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import instances, tasks
from engine.sales import negotiating
from engine.sales.agreements import Agreement, AgreementVersion
from tests.conftest import MONDAY
from tests.web import sales_kit
from tests.web.conftest import Clock, Visitor

Enter = Callable[[Person], Visitor]
FORM = {"deliverable": "Projekt umowy", "ready": "oferta\nwarunki", "deliver_time": "P3D", "target": "90"}


@pytest.fixture
def version(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> AgreementVersion:
    """What Clara proposed to Borys."""
    return sales_kit.proposal(session, departments, clara)


def page(client: Visitor, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def fresh(session: Session, version: AgreementVersion) -> AgreementVersion:
    session.expire_all()
    return session.get_one(AgreementVersion, version.id)


def test_a_head_proposes_and_the_other_side_finds_it_waiting(
    as_: Enter, clara: Person, borys: Person, departments: dict[str, Department], session: Session
) -> None:
    sides = {"provider": departments["legal"].id, "consumer": departments["sales"].id}
    answer = as_(clara).send("/agreements/new", {**FORM, **sides, "title": "Projekt umowy", "code": "H5"})

    made = session.scalars(select(Agreement)).one()
    assert answer.headers["Location"].endswith(f"/agreements/{made.id}")
    assert "Projekt umowy" in page(as_(borys), "/agreements/?tab=waiting")
    assert "Projekt umowy" in page(as_(clara), "/agreements/?tab=ours")
    assert "Projekt umowy" not in page(as_(clara), "/agreements/?tab=waiting")


def test_a_proposal_without_its_terms_comes_back_with_what_was_typed(
    as_: Enter, clara: Person, borys: Person
) -> None:
    answer = as_(clara).send("/agreements/new", {"title": "Projekt", "deliver_time": "trzy dni"})

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="Projekt"' in text
    assert "This is needed" in text


def test_the_other_head_signs_and_it_is_in_force(
    as_: Enter, borys: Person, session: Session, version: AgreementVersion
) -> None:
    client = as_(borys)
    shown = page(client, f"/agreements/{version.agreement_id}")
    signed = {"version": version.id, "hash": version.terms_hash}
    client.send(f"/agreements/{version.agreement_id}/signature", signed)

    assert "Sign version 1" in shown
    assert fresh(session, version).state == "in_force"
    assert "Projekt umowy" in page(client, "/agreements/?tab=in_force")


def test_nobody_is_offered_or_given_the_signature_of_the_other_side(
    as_: Enter, clara: Person, anna: Person, session: Session, version: AgreementVersion
) -> None:
    for person in (clara, anna):
        client = as_(person)
        assert "Sign version" not in page(client, f"/agreements/{version.agreement_id}")
        signed = {"version": version.id, "hash": version.terms_hash}
        assert client.send(f"/agreements/{version.agreement_id}/signature", signed).status_code == 400

    assert fresh(session, version).state == "proposed"


def test_words_that_changed_meanwhile_are_not_signed(
    as_: Enter, borys: Person, session: Session, version: AgreementVersion
) -> None:
    answer = as_(borys).send(
        f"/agreements/{version.agreement_id}/signature", {"version": version.id, "hash": "other"}
    )

    assert answer.status_code == 409
    assert fresh(session, version).state == "proposed"


def test_an_answer_shows_what_differs(
    as_: Enter, clara: Person, borys: Person, session: Session, version: AgreementVersion
) -> None:
    changed = {**FORM, "ready": "oferta\nlista stanowisk", "deliver_time": "P4D", "version": version.id}
    as_(borys).send(f"/agreements/{version.agreement_id}/wording", changed)

    shown = page(as_(clara), f"/agreements/{version.agreement_id}")
    assert "<ins>lista stanowisk</ins>" in shown
    assert "<del>warunki</del>" in shown
    assert "<ins>4 work days</ins>" in shown
    assert "Sign version 2" in shown


def test_declining_and_talking(
    as_: Enter, borys: Person, session: Session, version: AgreementVersion
) -> None:
    client = as_(borys)
    client.send(f"/agreements/{version.agreement_id}/remarks", {"note": "Przy trzech dniach nie zdążymy."})
    client.send(
        f"/agreements/{version.agreement_id}/withdrawal", {"version": version.id, "note": "Za krótko"}
    )

    shown = page(client, f"/agreements/{version.agreement_id}")
    assert "Przy trzech dniach" in shown
    assert "Za krótko" in shown
    assert fresh(session, version).state == "withdrawn"


def test_a_time_is_typed_as_a_number_and_its_unit(
    as_: Enter, borys: Person, session: Session, version: AgreementVersion
) -> None:
    plain = {key: value for key, value in FORM.items() if key != "deliver_time"}
    client = as_(borys)
    asked = page(client, f"/agreements/{version.agreement_id}/wording")
    typed = {**plain, "deliver_time_number": "6", "deliver_time_unit": "hours", "version": version.id}
    client.send(f"/agreements/{version.agreement_id}/wording", typed)

    newest = session.scalars(select(AgreementVersion).order_by(AgreementVersion.number.desc())).first()
    assert newest is not None
    assert 'name="deliver_time_number" inputmode="numeric" value="3"' in asked
    assert newest.terms["deliver_time"] == "PT6H"


def test_a_third_department_does_not_see_it(as_: Enter, dorota: Person, version: AgreementVersion) -> None:
    assert as_(dorota).get(f"/agreements/{version.agreement_id}").status_code == 404


def test_every_number_opens_as_many_promises(
    as_: Enter, anna: Person, borys: Person, session: Session, version: AgreementVersion, clock: Clock
) -> None:
    negotiating.accept(session, version, by=borys, now=MONDAY)
    for _ in range(2):
        deal = sales_kit.deal(session, anna)
        (task,) = tasks.open_of(session, deal.instance_id)
        instances.complete(session, task, {}, by=anna, now=MONDAY)
        session.commit()
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=borys, now=MONDAY)
    session.commit()
    clock.at += timedelta(days=4)

    client = as_(borys)
    listed = page(client, "/agreements/?tab=in_force")
    kept = page(client, f"/agreements/promises?agreement={version.agreement_id}&state=kept")
    broken = page(client, f"/agreements/promises?agreement={version.agreement_id}&state=broken")

    assert "50%" in listed
    assert "1 promise" in kept
    assert "1 promise" in broken
    assert "S-2026-0001" in page(client, "/agreements/?tab=broken")
