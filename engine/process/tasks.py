"""Work for people: the inbox, claiming, handing over, drafts. Completing is a command: see `instances.complete`."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ForeignKey,
    Index,
    Select,
    String,
    Subquery,
    and_,
    delete,
    false,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from engine import history
from engine.db import Base, BigId
from engine.errors import NotAllowed, Refusal, Stale
from engine.people import Person
from engine.process.blueprint import Element, Text
from engine.process.definitions import Definition

if TYPE_CHECKING:
    from engine.process.instances import Instance

NO_DUE = timedelta(days=30)
"""A task without a due time stands in the list as if it were due so long after it opened."""

OPEN = text("closed_at IS NULL")
FREE = text("closed_at IS NULL AND assignee_id IS NULL")


class NotYours(NotAllowed):
    """This task is waiting for somebody else."""


class AlreadyClosed(Stale):
    """This task is no longer open: somebody completed it, or the process moved on without it."""


class AlreadyClaimed(Stale):
    """%(name)s has taken this task."""


class NotTheirs(Refusal):
    """%(name)s cannot take this task: it belongs to another department or role."""


class UserTask(Base):
    """One task of one token. Open while ``closed_at`` is empty; closed without ``completed_by_id`` = cancelled.

    ``audience`` is who may claim it (``department:sales``). ``order_at`` is ``due_at``, or for a task without one
    its opening + 30 days: lists sort by it without touching every row. ``data`` is what the token saw at opening.

    For reports: ``started_at`` is when somebody first had it, or did it without taking it; ``pauses`` are pairs of Unix
    seconds in which whoever had it gave it back, the last one open while it waits again. ``done_seq`` is the number of
    the fact that says it was completed. ``after_id`` is the task whose completion opened it.
    """

    __tablename__ = "user_tasks"
    __table_args__ = (
        Index(
            "ix_user_tasks_mine", "assignee_id", "order_at", "id", sqlite_where=OPEN, postgresql_where=OPEN
        ),
        Index("ix_user_tasks_queue", "audience", "order_at", "id", sqlite_where=FREE, postgresql_where=FREE),
        Index("ix_user_tasks_instance", "instance_id", "closed_at"),
        Index("ix_user_tasks_done", "completed_by_id", "closed_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("instances.id"))
    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"))
    token: Mapped[str] = mapped_column(String(40))
    diagram: Mapped[str] = mapped_column(String(200))
    element: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(200))
    about: Mapped[str] = mapped_column(String(250), default="")
    audience: Mapped[str | None] = mapped_column(String(80))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    form: Mapped[str | None] = mapped_column(String(120))
    handoff: Mapped[str | None] = mapped_column(String(40))
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    order_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    completed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    data: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime | None]
    pauses: Mapped[list[Any] | None]
    done_seq: Mapped[int | None]
    after_id: Mapped[int | None] = mapped_column(BigId)
    department_id: Mapped[int | None] = mapped_column(BigId)
    """Whose work it was when it opened: the department of its queue, else the first one of its assignee."""
    came_from_id: Mapped[int | None] = mapped_column(BigId)
    """The department of the task before."""
    came_before_id: Mapped[int | None] = mapped_column(BigId)
    """The department that had handed over to that one."""

    definition: Mapped[Definition] = relationship()

    @property
    def text(self) -> Text:
        """The task's name in both languages."""
        return Text(self.title, self.title_en)

    def is_for(self, person: Person) -> bool:
        """Whether this person may work on it: it is theirs, or nobody's and waits for a queue of theirs."""
        if self.assignee_id is not None:
            return self.assignee_id == person.id
        return self.audience in person.audiences

    def must_be_open_for(self, person: Person | None) -> None:
        """Raises AlreadyClosed or NotYours; ``None`` is the system, which may do everything."""
        if self.closed_at is not None:
            raise AlreadyClosed
        if person is not None and not self.is_for(person):
            raise NotYours

    def begin(self, now: datetime) -> None:
        """Somebody has it from now on: it has started, or goes on after a pause."""
        self.started_at = self.started_at or now
        if self.pauses and self.pauses[-1][1] is None:
            self.pauses = [*self.pauses[:-1], [self.pauses[-1][0], _seconds(now)]]

    def pause(self, now: datetime) -> None:
        """It was given back and waits in its queue again."""
        if self.started_at is not None and not (self.pauses and self.pauses[-1][1] is None):
            self.pauses = [*(self.pauses or ()), [_seconds(now), None]]


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


class Draft(Base):
    """What a person typed into a task and did not send yet, as typed."""

    __tablename__ = "drafts"

    task_id: Mapped[int] = mapped_column(ForeignKey("user_tasks.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    values: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime]


def mine(person: Person) -> Select[UserTask]:
    """The open tasks this person has taken or was given, the most urgent first."""
    return (
        select(UserTask)
        .where(UserTask.closed_at.is_(None), UserTask.assignee_id == person.id)
        .order_by(UserTask.order_at, UserTask.id)
    )


def queue(person: Person, *, most: int = 1_000) -> Select[UserTask]:
    """The open tasks nobody has taken that this person may claim, the most urgent first; ``most`` of each queue.

    Each queue is read from the urgent end of its index: one list over all of them would sort every waiting task.
    """
    ends = [_end_of_queue(audience, most) for audience in sorted(set(person.audiences))]
    ids = union_all(*(select(end.c.id) for end in ends)) if ends else select(UserTask.id).where(false())
    return select(UserTask).where(UserTask.id.in_(ids)).order_by(UserTask.order_at, UserTask.id)


def _end_of_queue(audience: str, most: int) -> Subquery:
    free = (UserTask.closed_at.is_(None), UserTask.assignee_id.is_(None), UserTask.audience == audience)
    return select(UserTask.id).where(*free).order_by(UserTask.order_at, UserTask.id).limit(most).subquery()


def done(person: Person) -> Select[UserTask]:
    """What this person completed, the latest first."""
    return (
        select(UserTask)
        .where(UserTask.completed_by_id == person.id)
        .order_by(UserTask.closed_at.desc(), UserTask.id.desc())
    )


def visible_to(person: Person) -> Any:
    """The clause for tasks this person may open: theirs, their queues', or those they completed."""
    return or_(
        UserTask.assignee_id == person.id,
        UserTask.audience.in_(person.audiences),
        UserTask.completed_by_id == person.id,
    )


def claim(session: Session, task: UserTask, *, by: Person, now: datetime) -> None:
    """Take a task from the queue. Raises AlreadyClosed, AlreadyClaimed, NotYours."""
    _lock(session, task)
    if task.closed_at is not None:
        raise AlreadyClosed
    if task.assignee_id is not None and task.assignee_id != by.id:
        raise AlreadyClaimed(name=session.get_one(Person, task.assignee_id).name)
    task.must_be_open_for(by)
    if task.assignee_id is None:
        task.assignee_id, task.claimed_at = by.id, now
        task.begin(now)
        _record(session, "claimed", task, by=by, now=now)


def release(session: Session, task: UserTask, *, by: Person, now: datetime) -> None:
    """Give a task back to its queue. Raises AlreadyClosed, NotYours."""
    _lock(session, task)
    task.must_be_open_for(by)
    if task.assignee_id is not None:
        task.assignee_id = task.claimed_at = None
        task.pause(now)
        _record(session, "released", task, by=by, now=now)


def hand_over(session: Session, task: UserTask, to: Person, *, by: Person, now: datetime) -> None:
    """Give a task to somebody who could have claimed it. Raises AlreadyClosed, NotYours, NotTheirs."""
    _lock(session, task)
    task.must_be_open_for(by)
    if to.left_at is not None or (task.audience is not None and task.audience not in to.audiences):
        raise NotTheirs(name=to.name)
    task.assignee_id, task.claimed_at = to.id, now
    task.begin(now)
    _record(session, "handed_over", task, by=by, now=now, data={"to": to.id})


def turn(
    session: Session,
    task: UserTask,
    *,
    audience: str | None,
    assignee_id: int | None,
    due_at: datetime | None,
    now: datetime,
) -> None:
    """Make an open task somebody else's turn, and back again: it stays one task of one token, with its form and drafts.

    Leaves no event: whoever turns it writes why. Raises AlreadyClosed.
    """
    if task.closed_at is not None:
        raise AlreadyClosed
    if (task.audience, task.assignee_id) != (audience, assignee_id):
        task.claimed_at = now if assignee_id is not None else None
        task.audience, task.assignee_id = audience, assignee_id
        if assignee_id is not None:
            task.begin(now)
    fall_due(task, due_at)
    session.flush()


def fall_due(task: UserTask, at: datetime | None) -> None:
    """Another time by which it is wanted, in its place of every list; None is no time."""
    task.due_at, task.order_at = at, at or task.opened_at + NO_DUE


def save_draft(
    session: Session, task: UserTask, values: Mapping[str, Any], *, by: Person, now: datetime
) -> Draft:
    """Keep what was typed; the newest wins. Leaves no event: nothing happened yet. Raises AlreadyClosed, NotYours."""
    task.must_be_open_for(by)
    draft = session.get(Draft, (task.id, by.id))
    if draft is None:
        draft = Draft(task_id=task.id, person_id=by.id, values=dict(values), saved_at=now)
        session.add(draft)
    else:
        draft.values, draft.saved_at = dict(values), now
    return draft


def sweep_drafts(session: Session) -> None:
    """Drop the drafts of tasks that closed: nobody is shown them any more. Called now and then, by the clock."""
    closed = select(UserTask.id).where(UserTask.id == Draft.task_id, UserTask.closed_at.is_not(None))
    session.execute(delete(Draft).where(closed.exists()))


def open_of(session: Session, instance_id: int, *, anew: bool = False) -> Sequence[UserTask]:
    """The open tasks of one instance, in the order they opened; ``anew``: as they are now, not as they were seen."""
    query = select(UserTask).where(and_(UserTask.instance_id == instance_id, UserTask.closed_at.is_(None)))
    return session.scalars(query.order_by(UserTask.id).execution_options(populate_existing=anew)).all()


def _lock(session: Session, task: UserTask) -> None:
    """See the task as it is now and keep it so. Its instance is locked first, as every command does. Raises Resting."""
    from engine.process import instances  # an instance holds tasks; rows may not import back

    instances.must_not_rest(session, instances.locked(session, task.instance_id))
    session.refresh(task, ["closed_at", "assignee_id", "claimed_at", "started_at", "pauses"])


def relocate(task: UserTask, diagram: str, element: Element, instance: "Instance") -> None:
    """The task of a case that runs on another version now: what it is called, who does it, what it asks.

    Whoever had it keeps it, unless it now waits for another queue. Its due time stays.
    """
    if task.audience != element.audience:
        task.audience, task.assignee_id, task.claimed_at = element.audience, None, None
    task.definition_id, task.diagram, task.element = instance.definition_id, diagram, element.id
    task.title = (element.name.into("pl") or element.id)[:200]
    task.title_en = (element.name.into("en") or element.id)[:200]
    task.form, task.handoff = element.form, element.handoff


def _record(
    session: Session,
    kind: str,
    task: UserTask,
    *,
    by: Person,
    now: datetime,
    data: dict[str, Any] | None = None,
) -> None:
    from engine.process.instances import Instance

    instance = session.get_one(Instance, task.instance_id)
    history.record(
        session,
        kind,
        at=now,
        actor=by,
        instance=instance,
        diagram=task.diagram,
        element=task.element,
        token=task.token,
        task_id=task.id,
        data=data,
    )
