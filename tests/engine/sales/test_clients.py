"""Clients and contacts by hand: checked, told, and never twice by mistake."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import Invalid, NotAllowed, Refusal
from engine.history import Event
from engine.people import Department, Person
from engine.process.forms import refusals
from engine.sales import clients
from engine.sales.clients import ContactTaken, LooksTheSame, TaxIdTaken
from engine.sales.records import Client
from tests.conftest import MONDAY

NIP = "000-000-00-00"
MILL = {"name": "Młyn Zalesie Sp. z o.o.", "tax_id": NIP, "email": "biuro@mlyn.example", "class": "b"}


@pytest.fixture
def mill(session: Session, anna: Person) -> Client:
    """A client Anna added."""
    return clients.add(session, MILL, by=anna, now=MONDAY)


def refused(error: pytest.ExceptionInfo[Invalid]) -> dict[str, type[Refusal]]:
    """Which fields were refused, and why."""
    return {name: type(refusal) for name, refusal in error.value.errors.items()}


def told(session: Session, subject: str) -> list[tuple[str, Any]]:
    """What history knows of a record."""
    session.flush()
    query = select(Event).where(Event.subject == subject).order_by(Event.id)
    return [(event.kind, event.data) for event in session.scalars(query)]


def test_a_client_is_added_trimmed_and_belongs_to_whoever_added_it(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    client = clients.add(session, {**MILL, "city": "  Nowy   Dwór "}, by=anna, now=MONDAY)

    assert (client.tax_id, client.city, client.country, client.class_) == (
        "0000000000",
        "Nowy Dwór",
        "PL",
        "b",
    )
    assert (client.owner_id, client.department_id) == (anna.id, departments["sales"].id)
    assert told(session, f"client:{client.id}") == [("client_added", {"name": client.name})]


@pytest.mark.parametrize(
    ("card", "errors"),
    [
        ({}, {"name": refusals.Required}),
        ({"name": "a" * 201}, {"name": refusals.TooLong}),
        ({"name": "a\x07"}, {"name": refusals.NotText}),
        ({"name": "X", "tax_id": "1234567890"}, {"tax_id": refusals.NotATaxId}),
        ({"name": "X", "email": "biuro"}, {"email": refusals.NotAnEmail}),
        ({"name": "X", "class": "z"}, {"class": refusals.NotAnOption}),
        ({"tax_id": "1", "email": "?"}, {"name": refusals.Required, "tax_id": refusals.NotATaxId,
                                        "email": refusals.NotAnEmail}),
    ],
)  # fmt: skip
def test_every_wrong_field_is_refused_by_its_name(
    session: Session, anna: Person, card: dict[str, str], errors: dict[str, type[Refusal]]
) -> None:
    with pytest.raises(Invalid) as error:
        clients.add(session, card, by=anna, now=MONDAY)

    assert refused(error) == errors
    assert session.scalars(select(Client)).all() == []


def test_a_foreign_tax_number_is_kept_without_signs(session: Session, anna: Person) -> None:
    client = clients.add(session, {"name": "X", "country": "cz", "tax_id": "cz 123-45"}, by=anna, now=MONDAY)

    assert (client.country, client.tax_id) == ("CZ", "CZ12345")


def test_a_tax_number_is_never_given_twice_whatever_is_said(
    session: Session, mill: Client, anna: Person
) -> None:
    with pytest.raises(Invalid) as error:
        clients.add(session, {"name": "Inna", "tax_id": "PL0000000000"}, anyway=True, by=anna, now=MONDAY)

    assert refused(error) == {"tax_id": TaxIdTaken}
    assert error.value.errors["tax_id"].places["name"] == mill.name


@pytest.mark.parametrize("name", ["MŁYN ZALESIE", "„Młyn Zalesie” S.A.", "Młyn  Zalesie, sp. z o. o."])
def test_the_same_name_is_asked_about_whatever_its_case_and_legal_form(
    session: Session, mill: Client, anna: Person, name: str
) -> None:
    with pytest.raises(Invalid) as error:
        clients.add(session, {"name": name}, by=anna, now=MONDAY)
    assert refused(error) == {"name": LooksTheSame}

    assert clients.add(session, {"name": name}, anyway=True, by=anna, now=MONDAY).id != mill.id


def test_the_same_mail_address_is_asked_about(session: Session, mill: Client, anna: Person) -> None:
    with pytest.raises(Invalid) as error:
        clients.add(session, {"name": "Inna firma", "email": "BIURO@mlyn.example"}, by=anna, now=MONDAY)

    assert refused(error) == {"name": LooksTheSame}


@pytest.mark.parametrize("name", ["Młyn Zalesie Dolne", "Młyn", "Zalesie"])
def test_a_name_that_only_begins_alike_is_another_client(
    session: Session, mill: Client, anna: Person, name: str
) -> None:
    assert clients.add(session, {"name": name}, by=anna, now=MONDAY).id != mill.id


def test_a_change_is_told_with_what_was_before(session: Session, mill: Client, anna: Person) -> None:
    before = clients.change(session, mill, {**MILL, "city": "Brzeg", "class": "a"}, by=anna, now=MONDAY)

    assert before == {"city": None, "class_": "b"}
    assert told(session, f"client:{mill.id}")[-1] == (
        "client_changed",
        {"before": before, "after": {"city": "Brzeg", "class_": "a"}},
    )


def test_a_change_of_nothing_tells_nothing(session: Session, mill: Client, anna: Person) -> None:
    assert clients.change(session, mill, MILL, by=anna, now=MONDAY) == {}
    assert len(told(session, f"client:{mill.id}")) == 1


def test_who_neither_sells_nor_directs_writes_no_client(session: Session, mill: Client, adam: Person) -> None:
    with pytest.raises(NotAllowed):
        clients.add(session, {"name": "X"}, by=adam, now=MONDAY)
    with pytest.raises(NotAllowed):
        clients.change(session, mill, {"name": "X"}, by=adam, now=MONDAY)
    with pytest.raises(NotAllowed):
        clients.add_contact(session, mill, {"name": "X"}, by=adam, now=MONDAY)


def test_a_contact_belongs_to_a_client_and_a_mail_address_to_one_contact(
    session: Session, mill: Client, anna: Person
) -> None:
    card = {"name": "Ewa Konarska", "email": "ewa@mlyn.example", "role": "decides"}
    made = clients.add_contact(session, mill, card, by=anna, now=MONDAY)

    assert session.scalars(clients.contacts(mill)).all() == [made]
    assert told(session, f"client:{mill.id}")[-1][0] == "contact_added"
    with pytest.raises(Invalid) as error:
        clients.add_contact(session, mill, {**card, "name": "E. Konarska"}, by=anna, now=MONDAY)
    assert refused(error) == {"email": ContactTaken}
    with pytest.raises(Invalid) as error:
        clients.add_contact(session, mill, {"role": "king"}, by=anna, now=MONDAY)
    assert refused(error) == {"name": refusals.Required, "role": refusals.NotAnOption}
