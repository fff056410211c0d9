"""Work items that somebody shook out of a bag: any row the table allows, of two cases of one process."""

from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.instances import Instance
from engine.process.tasks import NO_DUE, UserTask
from tests.conftest import MONDAY
from tests.engine.sales import kit

ELEMENTS = ("ask", "price", "check", "sign")


def cases(session: Session, owner: Person, count: int = 4) -> list[Instance]:
    """Cases of the long sale."""
    return [kit.case(session, owner) for _ in range(count)]


def moment(dice: Random, since: datetime = MONDAY, days: int = 70) -> datetime:
    """Any moment of the days after one, nights included, to the microsecond."""
    return since + timedelta(microseconds=dice.randrange(days * 86_400_000_000))


def opened(
    session: Session,
    held: list[Instance],
    units: list[Department],
    dice: Random,
    count: int,
    people: list[Person] | None = None,
) -> list[UserTask]:
    """So many work items, begun and ended or not."""
    made = []
    for number in range(count):
        case = dice.choice(held)
        task = UserTask(
            instance_id=case.id,
            definition_id=case.definition_id,
            token=f"{dice.random()}",
            diagram="long_sale",
            element=dice.choice(ELEMENTS),
            title=f"Krok {number}",
            title_en=f"Step {number}",
            opened_at=moment(dice),
            order_at=MONDAY + NO_DUE,
        )
        shaken(task, dice, units, people or [])
        made.append(task)
    session.add_all(made)
    session.flush()
    return made


def shaken(task: UserTask, dice: Random, units: list[Department], people: list[Person]) -> None:
    """The same work item with another fate."""
    known = [None, *(unit.id for unit in units)]
    task.department_id, task.came_from_id, task.came_before_id = (dice.choice(known) for _ in range(3))
    task.audience = f"department:{dice.choice(units).key}"
    task.started_at = moment(dice, task.opened_at, 9) if dice.random() < 0.7 else None
    begun = task.started_at or task.opened_at
    task.closed_at = moment(dice, begun, 5) if dice.random() < 0.7 else None
    task.pauses = _pauses(dice, begun) if task.started_at and dice.random() < 0.3 else None
    task.due_at = moment(dice, task.opened_at, 9) if dice.random() < 0.5 else None
    task.done_seq = None
    if task.closed_at is not None and dice.random() < 0.8:
        task.started_at = task.started_at or task.closed_at
        task.done_seq = dice.randrange(1, 10**9)
        task.completed_by_id = dice.choice(people).id if people else None
    elif people and task.closed_at is None and dice.random() < 0.5:
        task.assignee_id = dice.choice(people).id


def _pauses(dice: Random, begun: datetime) -> list[list[int | None]]:
    first = int(begun.timestamp()) + dice.randrange(90_000)
    second = first + dice.randrange(90_000)
    return [[first, second], [second + dice.randrange(90_000), None]][: dice.choice((1, 2))]


def every(session: Session) -> list[UserTask]:
    """All of them as the database has them."""
    session.expire_all()
    return list(session.scalars(select(UserTask).order_by(UserTask.instance_id, UserTask.id)))


def at(day: int, hour: int = 0) -> datetime:
    """A moment of November 2026."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)
