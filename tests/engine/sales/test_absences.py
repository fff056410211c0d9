"""Who is away and who stands in: recorded by oneself or an administrator, for days that lie ahead, one deputy at a time."""

from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine import absences
from engine.errors import Invalid, NotAllowed
from engine.people import Department, Person
from tests.conftest import MONDAY
from tests.engine.sales.trade import away, day, days, somebody


def wrong(session: Session, *given: Any, by: Person) -> dict[str, type]:
    with pytest.raises(Invalid) as caught:
        absences.record(session, *given, by=by, now=MONDAY)
    return {field: type(refusal) for field, refusal in caught.value.errors.items()}


def test_a_deputy_stands_in_from_the_first_day_to_the_last(
    session: Session, departments: dict[str, Department], borys: Person, dorota: Person
) -> None:
    away(session, borys, dorota, 1, 3)

    standing_in = [
        [deputy.id for deputy, _, _ in absences.deputies_for(session, departments["legal"].id, day(n))]
        for n in range(5)
    ]
    assert standing_in == [[], [dorota.id], [dorota.id], [dorota.id], []]


def test_who_came_back_early_is_stood_in_for_no_more(
    session: Session, departments: dict[str, Department], borys: Person, dorota: Person
) -> None:
    absence = away(session, borys, dorota, 0, 9)
    absences.withdraw(session, absence, by=borys, now=days(2))

    assert absences.deputies_for(session, departments["legal"].id, day(2)) == []
    with pytest.raises(absences.AbsenceOver):
        absences.withdraw(session, absence, by=borys, now=days(3))


def test_nobody_records_an_absence_for_a_colleague(session: Session, borys: Person, anna: Person) -> None:
    with pytest.raises(NotAllowed):
        absences.record(session, borys, anna, day(0), day(1), by=anna, now=MONDAY)
    with pytest.raises(NotAllowed):
        absences.withdraw(session, away(session, borys, anna), by=anna, now=MONDAY)


def test_an_administrator_records_it_but_never_as_the_deputy(
    session: Session, borys: Person, anna: Person, adam: Person
) -> None:
    assert wrong(session, borys, adam, day(0), day(1), by=adam) == {"deputy": absences.RecorderAsDeputy}
    assert (
        absences.record(session, borys, anna, day(0), day(1), by=adam, now=MONDAY).recorded_by_id == adam.id
    )


def test_days_lie_ahead_and_deputies_work_here(session: Session, borys: Person, anna: Person) -> None:
    gone = somebody(session, "Gustaw", "employee")
    gone.left_at = MONDAY

    assert wrong(session, borys, borys, day(0), day(1), by=borys) == {"deputy": absences.OwnDeputy}
    assert wrong(session, borys, gone, day(0), day(1), by=borys) == {"deputy": absences.Gone}
    for first, last in ((2, 1), (-5, -1), (0, 400)):
        assert wrong(session, borys, anna, day(first), day(last), by=borys) == {
            "last_day": absences.DaysWrong
        }


def test_two_absences_of_one_person_do_not_overlap(
    session: Session, borys: Person, anna: Person, dorota: Person
) -> None:
    away(session, borys, anna, 0, 4)

    assert wrong(session, borys, dorota, day(4), day(6), by=borys) == {"first_day": absences.AwayAlready}
    assert away(session, borys, dorota, 5, 6)
