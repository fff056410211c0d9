"""The ladders that no diagram draws, and who sees what moves on them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.people import Department, Membership, Person, Role
from engine.process.instances import Instance
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.promises import Promise
from reports import ladders
from reports.ladders import UnknownLadder
from tests.conftest import MONDAY
from tests.engine.sales.hand_offs import agree, asked
from tests.reports import company
from tests.reports.histories import at_noon


def seen(session: Session, person: Person, ladder: str) -> set[str]:
    """The items whose moves this person sees."""
    query = select(Move.item).where(Move.ladder == ladder, access.visible(person, Move))
    return set(session.scalars(query))


@pytest.fixture
def promise(
    session: Session, departments: dict[str, Department], anna: Person, clara: Person, borys: Person
) -> Promise:
    """Legal (Borys) promised something to Sales (Anna, Clara)."""
    agree(session, departments, clara, borys)
    _, made = asked(session, anna)
    session.commit()
    return made


def elsewhere(session: Session, department_ids: list[int | None]) -> str:
    """A case of a history from elsewhere that these departments moved, one after the other."""
    definition = company.define(session, "permits")
    definition.kind, definition.retired_at = "imported", MONDAY
    case = Instance(definition_id=definition.id, process="permits", title="Pozwolenie 7", started_at=MONDAY)
    session.add(case)
    session.flush()
    for seq, department_id in enumerate(department_ids, start=1):
        session.add(
            Move(
                item=f"case:{case.id}",
                seq=seq,
                ladder="permits",
                ladder_version=1,
                kind="new" if seq == 1 else "forward",
                from_stage=None if seq == 1 else f"s{seq - 1}",
                to_stage=f"s{seq}",
                at=at_noon(MONDAY.date()),
                day=MONDAY.date(),
                recorded_at=datetime.now(UTC),
                department_id=department_id,
                instance_id=case.id,
                cause="import",
            )
        )
    session.commit()
    return f"case:{case.id}"


def test_promises_are_a_ladder_once_something_was_promised(
    session: Session, departments: dict[str, Department], anna: Person, clara: Person, borys: Person
) -> None:
    before = [ladder.key for ladder in ladders.known(session)]
    agree(session, departments, clara, borys)
    asked(session, anna)

    ladder = ladders.find(session, "promise")

    assert "promise" not in before
    assert (ladder.of, ladder.kind, ladder.title_of("promised").pl) == ("promise", "plain", "Obiecane")
    assert ladder.title_of("paused").en == "Paused"
    assert ladder.ranks["requested"] == 3


def test_an_unknown_ladder_is_refused_by_name(session: Session) -> None:
    with pytest.raises(UnknownLadder, match="“moon”"):
        ladders.find(session, "moon")


def test_moves_of_a_promise_are_seen_by_whoever_sees_the_promise(
    session: Session,
    promise: Promise,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    dorota: Person,
) -> None:
    item = f"promise:{promise.id}"
    for person in (anna, borys, clara, dorota):
        known = session.scalar(select(Promise.id).where(access.visible(person, Promise))) is not None
        assert seen(session, person, "promise") == ({item} if known else set()), person.name
    assert seen(session, borys, "promise") == {item}


def test_whoever_sees_a_promise_does_not_see_its_deal_for_that(
    session: Session, promise: Promise, departments: dict[str, Department]
) -> None:
    promise.provider_id = departments["presales"].id
    reader = Person(email="f@firma.pl", name="Felicja Ryś", password_hash="x", created_at=MONDAY)
    reader.roles.append(Role(name="employee"))
    reader.memberships.append(Membership(department_id=departments["presales"].id))
    session.add(reader)
    session.commit()

    assert seen(session, reader, "promise") == {f"promise:{promise.id}"}
    assert session.scalars(select(Deal.id).where(access.visible(reader, Deal))).all() == []


def test_a_case_from_elsewhere_is_seen_whole_by_the_departments_that_moved_it_and_by_directors(
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    adam: Person,
    dorota: Person,
) -> None:
    clara.memberships.append(Membership(department_id=departments["board"].id))
    item = elsewhere(session, [departments["legal"].id, departments["presales"].id, None])

    def moves(person: Person) -> int:
        query = select(Move.id).where(Move.ladder == "permits", access.visible(person, Move))
        return len(session.scalars(query).all())

    assert [moves(person) for person in (borys, dorota, anna, adam)] == [3, 0, 0, 0]
    assert moves(clara) == 3
    case_id = int(item.partition(":")[2])
    for person in (borys, anna):
        sees = session.scalar(
            select(Instance.id).where(Instance.id == case_id, access.visible(person, Instance))
        )
        assert (sees is not None) == (person is borys)
