"""A form may refer only to what exists."""

from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales.known import Records
from tests.conftest import MONDAY


def test_what_exists_is_known(session: Session, anna: Person, departments: dict[str, Department]) -> None:
    known = Records(session)

    assert known.exists("person", anna.id)
    assert known.exists("department", departments["sales"].id)
    assert not known.exists("client", 1)


def test_a_person_who_left_is_not_known(session: Session, anna: Person) -> None:
    anna.left_at = MONDAY
    session.flush()

    assert not Records(session).exists("person", anna.id)


def test_an_unknown_kind_has_nothing(session: Session) -> None:
    assert not Records(session).exists("dragon", 1)
