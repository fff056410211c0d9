"""People and departments: each verb does it, records it, refuses whom it should."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import departments, people
from engine.errors import Invalid, NotAllowed, Refusal
from engine.history import Event
from engine.people import Department, Person
from tests.conftest import MONDAY


def kinds(session: Session) -> list[str]:
    session.flush()
    return list(session.scalars(select(Event.kind).order_by(Event.id)))


def invite(session: Session, by: Person | None, email: str = "ewa@wislane.example", **more: object) -> Person:
    given = {"name": "Ewa Nowa", "roles": ["employee"], "password_hash": "x", **more}
    return people.invite(session, email=email, by=by, now=MONDAY, **given)  # type: ignore[arg-type]


def test_the_first_administrator_needs_nobody(session: Session) -> None:
    ewa = invite(session, None, roles=["administrator"])

    assert ewa.has("administrator")
    assert ewa.must_change_password
    assert kinds(session) == ["person_invited"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"email": "not an address"}, "email"),
        ({"email": "ADAM@wislane.example"}, "email"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"roles": ["king"]}, "roles"),
    ],
)
def test_a_person_with_a_mistake_is_refused_by_field(
    session: Session, adam: Person, given: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        invite(session, adam, **given)  # type: ignore[arg-type]

    assert list(refused.value.errors) == [field]
    assert kinds(session) == []


def test_only_an_administrator_administers(
    session: Session, anna: Person, borys: Person, departments: dict[str, Department]
) -> None:
    from engine import departments as units  # the fixture has the same name

    legal = departments["legal"]
    forbidden: list[Callable[[], object]] = [
        lambda: invite(session, anna),
        lambda: people.change(session, borys, email="b@w.example", name="B", roles=[], by=anna, now=MONDAY),
        lambda: people.assign(session, borys, [], by=anna, now=MONDAY),
        lambda: people.leave(session, borys, by=anna, now=MONDAY),
        lambda: people.come_back(session, borys, by=anna, now=MONDAY),
        lambda: people.give_password(session, borys, "x", by=anna, now=MONDAY),
        lambda: units.found(session, key="x", name="X", name_en="", parent=None, by=anna, now=MONDAY),
        lambda: units.change(session, legal, name="X", name_en="", parent=None, by=anna, now=MONDAY),
        lambda: units.appoint_head(session, legal, anna, by=anna, now=MONDAY),
        lambda: units.close(session, legal, by=anna, now=MONDAY),
    ]

    for verb in forbidden:
        with pytest.raises(NotAllowed):
            verb()
    assert kinds(session) == []


def test_nobody_chooses_a_password_for_somebody_else(session: Session, adam: Person, anna: Person) -> None:
    with pytest.raises(NotAllowed):
        people.choose_password(session, anna, "x", by=adam, now=MONDAY)


def test_the_last_administrator_cannot_leave_and_the_last_but_one_can(session: Session, adam: Person) -> None:
    with pytest.raises(people.LastAdministrator):
        people.leave(session, adam, by=adam, now=MONDAY)

    other = invite(session, adam, roles=["administrator"])
    people.leave(session, adam, by=other, now=MONDAY)

    assert adam.left_at == MONDAY
    assert kinds(session) == ["person_invited", "person_left"]


def test_whoever_leaves_heads_nothing(session: Session, adam: Person, borys: Person) -> None:
    people.leave(session, borys, by=adam, now=MONDAY)
    session.flush()

    assert people.head_of(session, borys.department_ids[0]) is None


def test_leaving_a_department_ends_heading_it(
    session: Session, adam: Person, borys: Person, departments: dict[str, Department]
) -> None:
    people.assign(session, borys, [departments["sales"].id], by=adam, now=MONDAY)

    assert people.head_of(session, departments["legal"].id) is None
    assert borys.department_ids == [departments["sales"].id]
    assert borys.headed_ids == []


def test_a_department_never_has_two_heads(
    session: Session, adam: Person, anna: Person, borys: Person, clara: Person
) -> None:
    sales = session.get_one(Department, anna.department_ids[0])
    assert people.head_of(session, sales.id) is clara

    departments.appoint_head(session, sales, borys, by=adam, now=MONDAY)

    assert people.head_of(session, sales.id) is borys
    assert sales.id in borys.department_ids
    assert clara.headed_ids == []


def test_a_department_cannot_stand_below_its_own_child(session: Session, adam: Person) -> None:
    top = departments.found(session, key="top", name="Góra", name_en="", parent=None, by=adam, now=MONDAY)
    below = departments.found(
        session, key="below", name="Dół", name_en="Below", parent=top, by=adam, now=MONDAY
    )

    for parent in (top, below):
        with pytest.raises(Invalid) as refused:
            departments.change(session, top, name="Góra", name_en="", parent=parent, by=adam, now=MONDAY)
        assert list(refused.value.errors) == ["parent"]
    assert [(depth, unit.key) for depth, unit in departments.tree(session)] == [(0, "top"), (1, "below")]


@pytest.mark.parametrize(
    ("key", "refusal"),
    [("top", departments.KeyTaken), ("Top", departments.KeyUnreadable), ("1x", departments.KeyUnreadable)],
)
def test_a_key_is_readable_and_only_once(
    session: Session, adam: Person, key: str, refusal: type[Refusal]
) -> None:
    departments.found(session, key="top", name="Góra", name_en="", parent=None, by=adam, now=MONDAY)

    with pytest.raises(Invalid) as refused:
        departments.found(session, key=key, name="Inna", name_en="", parent=None, by=adam, now=MONDAY)
    assert isinstance(refused.value.errors["key"], refusal)
