"""A day with too little green becomes a task of the director, once, and what was answered stays."""

from datetime import date
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import bpmn
from engine.people import Department, Membership, Person, Role
from engine.ports import Wiring
from engine.process import definitions, instances, tasks
from engine.process.tasks import UserTask
from reports import dynamics, low_green
from reports.low_green import CAUSES, LowGreen
from reports.periods import DAY
from tests.reports import company
from tests.reports.histories import Item, at_noon, write
from webapp import shipped

FRIDAY = date(2026, 11, 20)


@pytest.fixture
def deployed(session: Session) -> None:
    """The process is there, and the product listens."""
    session.info["wiring"] = Wiring(answered=(low_green.answered,))
    definitions.deploy(
        session, shipped.bundle("low_green"), process="low_green", by=None, now=at_noon(FRIDAY)
    )
    session.commit()


def fridays(session: Session, today: int, department_id: int | None = None, weeks: int = 8) -> None:
    """Ten moves forward on each of so many Fridays before, and ``today`` of them on the last one."""
    company.define(session)
    items = []
    for week in range(weeks + 1):
        count = 10 if week else today
        for number in range(count):
            start = FRIDAY - 7 * week * DAY
            item = Item(f"deal:{week}{number:02}", start=start - DAY, department_id=department_id)
            items.append(item.new().after(1).to("needs"))
    write(session, items)


def alarms(session: Session) -> list[LowGreen]:
    return list(session.scalars(select(LowGreen).order_by(LowGreen.id)))


def test_the_limit_is_the_quantile_of_the_mean_of_the_same_weekdays(session: Session) -> None:
    fridays(session, today=4)

    (found,) = low_green.low(session, "sales", FRIDAY)

    assert dynamics.least(10) == 5
    assert (found.department_id, found.green, found.least, found.expected) == (0, 4, 5, 10)


def test_a_day_at_its_limit_is_no_alarm_and_neither_is_one_without_history(session: Session) -> None:
    fridays(session, today=5)
    assert low_green.low(session, "sales", FRIDAY) == []


def test_three_fridays_are_not_enough_to_judge(session: Session) -> None:
    fridays(session, today=0, weeks=3)
    assert low_green.low(session, "sales", FRIDAY) == []


def test_a_free_day_is_never_low(session: Session) -> None:
    fridays(session, today=0)
    assert low_green.low(session, "sales", FRIDAY + DAY) == []


def test_the_director_gets_one_task_however_often_the_clock_looks(
    session: Session, deployed: None, departments: dict[str, Department], clara: Person
) -> None:
    fridays(session, today=1, department_id=departments["sales"].id)

    raised = [low_green.check_due(session, now=at_noon(FRIDAY + back * DAY)) for back in (0, 1, 1, 2, 3)]
    session.commit()

    assert raised == [0, 1, 0, 0, 0]
    assert [(each.department_id, each.day) for each in alarms(session)] == [(0, FRIDAY)]
    found = session.scalars(select(UserTask).where(UserTask.assignee_id == clara.id)).all()
    assert len(found) == 1


def test_a_department_among_others_is_asked_for_itself(
    session: Session, deployed: None, departments: dict[str, Department], clara: Person
) -> None:
    sales, legal = departments["sales"].id, departments["legal"].id
    company.define(session)
    items = [
        Item(f"deal:{week}{unit}{number:02}", start=FRIDAY - 7 * week * DAY - DAY, department_id=unit)
        for week in range(9)
        for unit in (sales, legal)
        for number in range(10 if week else 1 if unit == sales else 12)
    ]
    write(session, [item.new().after(1).to("needs") for item in items])
    low_green.check_due(session, now=at_noon(FRIDAY + DAY))

    assert [(each.department_id, each.green, each.least) for each in alarms(session)] == [(sales, 1, 5)]


def test_what_the_director_answers_stays_with_the_alarm(
    session: Session, deployed: None, clara: Person
) -> None:
    fridays(session, today=1)
    low_green.check_due(session, now=at_noon(FRIDAY + DAY))
    (alarm,) = alarms(session)
    (task,) = tasks.open_of(session, alarm.instance_id or 0)
    raw = {"cause": ["people"], "explanation": ["Szkolenie."], "action": ["Dyżur w piątki."]}
    instances.complete(session, task, raw, by=clara, now=at_noon(FRIDAY + DAY))
    session.commit()

    assert (alarm.cause, alarm.explanation, alarm.action) == ("people", "Szkolenie.", "Dyżur w piątki.")
    assert (alarm.answered_by_id, alarm.answered_at) == (clara.id, at_noon(FRIDAY + DAY))


def test_without_the_process_the_day_is_history_all_the_same(session: Session) -> None:
    fridays(session, today=1)
    assert low_green.check_due(session, now=at_noon(FRIDAY + DAY)) == 1
    assert alarms(session)[0].instance_id is None


def test_a_department_is_asked_by_its_nearest_director_and_a_ladder_by_the_highest(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> None:
    borys.roles.append(Role(name="director"))
    borys.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()

    def whom(department_id: int) -> str:
        found = low_green.director_of(session, department_id)
        return found.name if found else ""

    assert whom(departments["sales"].id) == clara.name
    assert whom(departments["presales"].id) == borys.name
    assert whom(low_green.WHOLE) == borys.name


def test_whoever_reads_a_department_sees_its_alarms_and_directors_those_of_whole_ladders(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, anna: Person
) -> None:
    fridays(session, today=1)
    low_green.check_due(session, now=at_noon(FRIDAY + DAY))
    figures = {"green": 1, "least": 5, "expected": 10.0, "raised_at": at_noon(FRIDAY + DAY)}
    session.add(LowGreen(ladder="sales", department_id=departments["sales"].id, day=FRIDAY, **figures))
    session.flush()

    def sees(person: Person) -> list[int]:
        return [each.department_id for each in session.scalars(low_green.seen(person))]

    sales = departments["sales"].id
    assert (sees(clara), sees(anna), sees(borys)) == ([sales, 0], [sales], [])


def test_the_form_offers_the_causes_that_the_page_names() -> None:
    form = orjson.loads((Path(bpmn.__path__[0]) / "forms" / "explain_day.json").read_bytes())
    offered = {each["value"]: each["label"]["pl"] for each in form["fields"][0]["options"]}

    assert offered == {key: words.pl for key, words in CAUSES.items()}
