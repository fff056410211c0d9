"""Tasks as a diagram opens and closes them: whose they are, when they are due, and which of them are gone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.calendars import Calendar
from engine.people import Department, Membership, Person
from engine.process import expressions, subscriptions, tasks
from engine.process.blueprint import Blueprint, Element
from engine.process.runner import ExpressionFailed, Waiting
from engine.process.tasks import UserTask

if TYPE_CHECKING:
    from engine.process.instances import Instance

FEW = 3
"""Tasks opened at once, each stored by a statement of its own."""

Facts = Callable[[], Mapping[str, Any]]
Whose = Callable[[Element | None], Calendar]


def opened(
    session: Session,
    instance: "Instance",
    plan: Blueprint,
    before: Sequence[UserTask],
    waiting: Iterable[Waiting],
    *,
    facts: Facts,
    whose: Whose,
    after: UserTask | None = None,
    by_machine: bool = False,
    now: datetime,
) -> list[UserTask]:
    """The tasks that wait now and were not open before, put into the session. Raises NotATime, ExpressionFailed.

    ``after`` is the task whose completion opens them; a machine between two tasks does not part them.
    """
    known = {task.token for task in before if task.closed_at is None}
    wanted = (each for each in waiting if each.kind == "task" and each.token not in known)
    found = [_task(session, instance, plan, each, facts, whose, now) for each in wanted]
    if found:
        _place(session, found, _last_done(session, instance) if by_machine else after)
    session.add_all(found)
    return found


def _place(session: Session, opened: Sequence[UserTask], after: UserTask | None) -> None:
    """Whose work each is and where it came from. The database finds the department while it stores the row; for many
    rows it is asked once, so that they are stored together."""
    known: dict[tuple[str | None, int | None], Any] = {}
    for task in opened:
        whom = (task.audience, task.assignee_id)
        if whom not in known:
            known[whom] = _department(*whom)
            if len(opened) > FEW and known[whom] is not None:
                known[whom] = session.scalar(select(known[whom]))
        task.department_id = known[whom]
        if after is not None:
            task.after_id, task.came_from_id = after.id, after.department_id
            moved = after.came_from_id is not None and after.came_from_id != after.department_id
            task.came_before_id = after.came_from_id if moved else after.came_before_id


def _last_done(session: Session, instance: "Instance") -> UserTask | None:
    done = select(UserTask).where(UserTask.instance_id == instance.id, UserTask.done_seq.is_not(None))
    return session.scalar(done.order_by(UserTask.done_seq.desc()).limit(1))


def _department(audience: str | None, assignee_id: int | None) -> Any:
    """The id of the department of a queue, else of the first one of a person, to be found by the database."""
    kind, _, key = (audience or "").partition(":")
    if kind in {"department", "head"}:
        return select(Department.id).where(Department.key == key).scalar_subquery()
    if assignee_id is None:
        return None
    first = select(Membership.department_id).where(Membership.person_id == assignee_id)
    return first.order_by(Membership.id).limit(1).scalar_subquery()


def closed(
    before: Sequence[UserTask], alive: set[str], *, done: UserTask | None, now: datetime
) -> list[UserTask]:
    """The task that was ``done`` and those whose token is gone, closed."""
    found = [done] if done is not None else []
    for task in before:
        if task is not done and task.token not in alive:
            task.closed_at = now
            found.append(task)
    return found


def refit(
    instance: "Instance", plan: Blueprint, open_: Iterable[UserTask], waiting: Iterable[Waiting]
) -> None:
    """Open tasks as the state says they are, after a hand changed it: their version, words and data."""
    now_at = {each.token: each for each in waiting if each.kind == "task"}
    for task in open_:
        each = now_at.get(task.token)
        if each is not None and task.closed_at is None:
            task.data = dict(each.data)
            if task.definition_id != instance.definition_id:
                tasks.relocate(task, each.diagram, _element(plan, each), instance)


def whose_time(session: Session) -> Whose:
    """In whose work time an element lives: that of the department whose, or whose head's, work it is.

    All calendars are read at once, when the first is needed: a command asks the same few queries for one timer as for
    a hundred.
    """
    known: dict[str | None, Calendar] = {}

    def calendar(element: Element | None) -> Calendar:
        if not known:
            known.update(calendars.by_key(session))
        kind, _, key = (element.audience if element and element.audience else "").partition(":")
        named = key if kind in {"department", "head"} else None
        return known.get(named, known[None])

    return calendar


def _element(plan: Blueprint, waiting: Waiting) -> Element:
    found = plan.element(waiting.diagram, waiting.element)
    return found if found is not None else Element(id=waiting.element, kind="userTask")


def _task(
    session: Session,
    instance: "Instance",
    plan: Blueprint,
    waiting: Waiting,
    facts: Facts,
    whose: Whose,
    now: datetime,
) -> UserTask:
    element = _element(plan, waiting)
    due = _due(element, waiting, facts, whose, now)
    return UserTask(
        instance_id=instance.id,
        definition_id=instance.definition_id,
        token=waiting.token,
        diagram=waiting.diagram,
        element=waiting.element,
        title=(element.name.into("pl") or element.id)[:200],
        title_en=(element.name.into("en") or element.id)[:200],
        about=instance.title[:250],
        audience=element.audience,
        assignee_id=_assignee(session, instance, element, waiting, facts, now),
        form=element.form,
        handoff=element.handoff,
        opened_at=now,
        due_at=due,
        order_at=due or now + tasks.NO_DUE,
        data=dict(waiting.data),
    )


def _due(element: Element, waiting: Waiting, facts: Facts, whose: Whose, now: datetime) -> datetime | None:
    """When the task is due: a duration as drawn, or what its expression gives; None is no time."""
    text = element.due
    if text and not subscriptions.is_duration(text):
        text = subscriptions.written(_value(element, text, waiting, facts, now))
    if not text:
        return None
    return subscriptions.deadline(text, at=now, calendar=whose(element), name=element.label)


def _value(element: Element, expression: str, waiting: Waiting, facts: Facts, now: datetime) -> Any:
    """An expression of an element over live values and what the token sees. Raises ExpressionFailed."""
    try:
        return expressions.evaluate(expression, {**facts(), **waiting.data}, now=now)
    except expressions.ExpressionRefused as refusal:
        raise ExpressionFailed(element=element.label, expression=expression, reason=refusal) from refusal


def _assignee(
    session: Session, instance: "Instance", element: Element, waiting: Waiting, facts: Facts, now: datetime
) -> int | None:
    """Whose task it is from the start; somebody unknown or gone leaves it in the queue."""
    if not element.assignee:
        return None
    if element.assignee == "owner":
        return instance.owner_id
    if element.assignee == "starter":
        return instance.started_by_id
    address = _value(element, element.assignee, waiting, facts, now)
    return session.scalar(select(Person.id).where(Person.email == str(address), Person.left_at.is_(None)))
