"""People and departments, as the administrator sees them."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import people
from engine.history import Event
from engine.people import Department, Person
from tests.web.conftest import Visitor


@pytest.fixture
def office(as_: Callable[[Person], Visitor], adam: Person) -> Visitor:
    """A browser in which Adam is logged in."""
    return as_(adam)


def person(session: Session, email: str) -> Person:
    return session.scalars(select(Person).where(Person.email == email)).one()


def test_somebody_new_gets_a_one_time_password_and_comes_in_with_it(
    office: Visitor, client: Visitor, session: Session, departments: dict[str, Department]
) -> None:
    sales = departments["sales"]

    answer = office.send(
        "/administration/people",
        {
            "name": "Ewa Nowa",
            "email": "Ewa@Wislane.example",
            "roles": ["employee", "director"],
            "departments": [sales.id],
        },
    )

    assert answer.status_code == 201
    shown = re.search(r'class="secret">([^<]+)<', answer.get_data(as_text=True))
    assert shown
    ewa = person(session, "ewa@wislane.example")
    assert [role.name for role in ewa.roles] == ["director", "employee"]
    assert ewa.department_ids == [sales.id]
    assert client.send("/log-in", {"email": ewa.email, "password": shown[1]}).status_code == 303
    assert client.get("/preferences").location == "/password"


def test_a_form_with_mistakes_comes_back_with_what_was_typed_and_names_the_fields(
    office: Visitor, session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    answer = office.send(
        "/administration/people", {"name": " ", "email": anna.email, "departments": [departments["legal"].id]}
    )

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Write a name, at most 120 signs." in page
    assert "Somebody already logs in with this address." in page
    assert f'value="{anna.email}"' in page
    assert f'value="{departments["legal"].id}" checked' in page
    assert session.scalars(select(Event.kind).where(Event.kind == "person_invited")).all() == []


def test_somebody_is_renamed_moved_and_given_a_role(
    office: Visitor, session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    answer = office.send(
        f"/administration/people/{anna.id}",
        {
            "name": "Anna Wilk-Sowa",
            "email": anna.email,
            "roles": "designer",
            "departments": [departments["presales"].id],
        },
    )

    assert answer.status_code == 303
    changed = person(session, anna.email)
    assert changed.name == "Anna Wilk-Sowa"
    assert [role.name for role in changed.roles] == ["designer"]
    assert changed.department_ids == [departments["presales"].id]
    assert "Saved: Anna Wilk-Sowa." in office.get(answer.location).get_data(as_text=True)


def test_closing_an_account_ends_the_log_in_and_can_be_undone(
    office: Visitor, as_: Callable[[Person], Visitor], session: Session, borys: Person
) -> None:
    his = as_(borys)
    answer = office.send(f"/administration/people/{borys.id}/departure")
    page = office.get(answer.location).get_data(as_text=True)

    assert his.get("/preferences").status_code == 303
    assert f'action="/administration/people/{borys.id}/return"' in page
    assert people.head_of(session, borys.department_ids[0]) is None

    office.send(f"/administration/people/{borys.id}/return")
    assert person(session, borys.email).left_at is None


def test_the_last_administrator_stays_one(office: Visitor, session: Session, adam: Person) -> None:
    kept = office.send(
        f"/administration/people/{adam.id}", {"name": adam.name, "email": adam.email, "roles": "employee"}
    )
    stayed = office.send(f"/administration/people/{adam.id}/departure")

    assert kept.status_code == 422
    assert stayed.status_code == 400
    assert "Nobody else is an administrator." in kept.get_data(as_text=True)
    assert person(session, adam.email).has("administrator")


def test_a_new_one_time_password_ends_open_log_ins(
    office: Visitor, as_: Callable[[Person], Visitor], anna: Person
) -> None:
    hers = as_(anna)

    assert office.send(f"/administration/people/{anna.id}/password").status_code == 200

    assert hers.get("/preferences").status_code == 303


def test_a_department_is_added_below_another_and_gets_a_head(
    office: Visitor, session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    made = office.send(
        "/administration/departments",
        {
            "key": "key_accounts",
            "name": "Kluczowi klienci",
            "name_en": "Key accounts",
            "parent": departments["sales"].id,
        },
    )
    unit = people.department(session, "key_accounts")
    assert made.status_code == 303
    assert unit is not None
    assert unit.parent_id == departments["sales"].id

    office.send(
        f"/administration/departments/{unit.id}",
        {
            "name": "Kluczowi klienci",
            "name_en": "Key accounts",
            "parent": departments["sales"].id,
            "head": anna.id,
        },
    )

    head = people.head_of(session, unit.id)
    assert head is not None
    assert head.email == anna.email
    page = office.get("/administration/departments").get_data(as_text=True)
    assert page.index("Sales") < page.index("Key accounts")


def test_a_department_with_people_is_not_closed(
    office: Visitor, session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    refused = office.send(f"/administration/departments/{departments['sales'].id}/closure")
    closed = office.send(f"/administration/departments/{departments['presales'].id}/closure")

    assert refused.status_code == 400
    assert "People or departments still belong here." in refused.get_data(as_text=True)
    assert closed.status_code == 303
    assert session.get_one(Department, departments["sales"].id).closed_at is None
    assert session.get_one(Department, departments["presales"].id).closed_at is not None


@pytest.mark.parametrize("path", ["people/999", "departments/999"])
def test_what_is_not_there_is_not_found(office: Visitor, path: str) -> None:
    assert office.get(f"/administration/{path}").status_code == 404


def test_every_page_opens(office: Visitor, anna: Person, departments: dict[str, Department]) -> None:
    unit = departments["sales"].id
    for path in (
        "people",
        "people/new",
        f"people/{anna.id}",
        "departments",
        "departments/new",
        f"departments/{unit}",
    ):
        answer = office.get(f"/administration/{path}")
        assert answer.status_code == 200, path
        assert "style=" not in answer.get_data(as_text=True)
        assert "onclick" not in answer.get_data(as_text=True)
