"""Absences: everybody records their own, an administrator those of others, and who stands in knows it."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import absences
from engine.absences import Absence
from engine.people import Person
from tests.conftest import MONDAY
from tests.web.conftest import Visitor
from tests.web.house import words

Enter = Callable[[Person], Visitor]
DAYS = {"first_day": "2026-11-16", "last_day": "2026-11-20"}


def test_somebody_records_who_stands_in_and_takes_it_back(
    as_: Enter, borys: Person, dorota: Person, session: Session
) -> None:
    client = as_(borys)
    client.send("/absences/", {**DAYS, "deputy": dorota.id, "note": "urlop"})
    listed = words(client.get("/absences/").get_data(as_text=True))
    hers = words(as_(dorota).get("/absences/").get_data(as_text=True))
    made = session.scalars(select(Absence)).one()
    client.send(f"/absences/{made.id}/withdrawal")

    assert (made.person_id, made.deputy_id, made.note) == (borys.id, dorota.id, "urlop")
    assert "Dorota Sowa now" in listed
    assert "You stand in" in hers
    assert "Borys Jawor" in hers
    assert made.withdrawn_at is not None


def test_an_administrator_records_it_for_others_but_not_with_themselves(
    as_: Enter, adam: Person, borys: Person, anna: Person, session: Session
) -> None:
    client = as_(adam)
    own = client.send("/absences/", {**DAYS, "person": borys.id, "deputy": adam.id})
    client.send("/absences/", {**DAYS, "person": borys.id, "deputy": anna.id})

    assert own.status_code == 422
    assert "Whoever records an absence" in own.get_data(as_text=True)
    assert session.scalars(select(Absence.person_id)).all() == [borys.id]
    assert "Borys Jawor" in client.get("/absences/").get_data(as_text=True)


def test_nobody_else_records_it_for_others(
    as_: Enter, anna: Person, borys: Person, dorota: Person, session: Session
) -> None:
    as_(anna).send("/absences/", {**DAYS, "person": borys.id, "deputy": dorota.id})

    assert session.scalars(select(Absence.person_id)).all() == [anna.id]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"deputy": ""}, "This is needed."),
        ({"first_day": ""}, "This is needed."),
        ({"last_day": "wkrótce"}, "Give a day like 2026-12-01."),
        ({"last_day": "2026-11-10"}, "Give a first and a last day in this order"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    as_: Enter, borys: Person, dorota: Person, session: Session, wrong: dict[str, str], said: str
) -> None:
    answer = as_(borys).send("/absences/", {**DAYS, "deputy": dorota.id, "note": "urlop", **wrong})

    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)
    assert 'value="urlop"' in answer.get_data(as_text=True)
    assert session.scalars(select(Absence)).all() == []


def test_a_stranger_takes_nobodys_absence_back(
    as_: Enter, borys: Person, dorota: Person, anna: Person, session: Session
) -> None:
    made = absences.record(
        session, borys, dorota, date(2026, 11, 16), date(2026, 11, 20), by=borys, now=MONDAY
    )
    session.commit()

    assert as_(anna).send(f"/absences/{made.id}/withdrawal").status_code == 404
    assert as_(dorota).send(f"/absences/{made.id}/withdrawal").status_code == 403
    assert made.withdrawn_at is None


def test_the_page_is_found_from_preferences_and_administration(as_: Enter, adam: Person) -> None:
    client = as_(adam)

    assert 'href="/absences/"' in client.get("/preferences").get_data(as_text=True)
    assert 'href="/absences/"' in client.get("/administration/people").get_data(as_text=True)
