"""What departments of the demo say to each other about promises: asked, returned, promised, countered, delivered, accepted.

Presales returns a lot, asks for later days and is late; the others mostly keep what they promised. Every word goes
through the verbs of `engine.sales.conversation`, as from a page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import people
from engine.people import Person
from engine.process.tasks import UserTask
from engine.sales import alarms, conversation, passing, promising
from engine.sales.agreements import AgreementVersion
from engine.sales.promises import Promise
from webapp.demo import terms as words
from webapp.demo.world import World

Raw = Mapping[str, list[str]]
Later = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Habit:
    """How often a department says what about a request: shares of all requests under one agreement."""

    returned: float = 0.0
    countered: float = 0.0
    declined: float = 0.0
    paused: float = 0.0
    renegotiated: float = 0.4
    """Of those it will not manage in time."""
    rejected: float = 0.0
    silent: float = 0.0
    """Deliveries about which the consumer says nothing until its silence is consent."""


HABITS: Mapping[str, Habit] = {
    "H1": Habit(returned=0.07, paused=0.05, rejected=0.06, silent=0.25, renegotiated=0.15),
    "H2": Habit(returned=0.2, countered=0.1, declined=0.03, paused=0.08, renegotiated=0.15),
    "H3": Habit(returned=0.2, countered=0.12, paused=0.08, rejected=0.12, silent=0.25),
    "H4": Habit(returned=0.04),
    "H5": Habit(returned=0.06, countered=0.08, paused=0.06, rejected=0.06, silent=0.3),
    "H6": Habit(returned=0.05),
    "H7": Habit(returned=0.05),
}

NOTES = (
    "Bez tego zaczniemy od zgadywania.",
    "Klient podał inny zakres niż karta.",
    "Prosimy o dane z wizji lokalnej.",
)
BROUGHT = ("Uzupełnione po rozmowie z klientem.", "Klient potwierdził, plan w załączniku.")
BUSY = (
    "Projektant jest na wdrożeniu do piątku.",
    "Czekają dwa większe projekty.",
    "Potrzebny drugi technolog.",
)
DECLINED = "To nie jest nasz zakres: integrację robi dział IT klienta."
LATER = ("Klient zmienił założenia.", "Próbki przyszły później.", "Choroba w zespole.")
NOT_YET = "Klient pomoże ruszyć dalej, gdy to poprawimy."


def begin(world: World, session: Session, task: UserTask, done: datetime) -> None:
    """A hand-off has opened, which will be done at ``done``: what its two sides will say before that."""
    habit = HABITS.get(task.handoff or "")
    promise = _of(session, task.id) if habit else None
    if promise is None or habit is None or promise.version_id is None:
        return
    at, works = task.opened_at, world.calendar(task.audience)
    if promise.state == "requested" and promise.respond_by is not None:
        first = works.add(at, works.between(at, promise.respond_by) * world.rng.uniform(0.2, 0.8))
        world.later(first, _answer, promise.id, habit, done)
    elif world.rng.random() < habit.returned:
        world.later(
            works.add(at, timedelta(minutes=world.rng.uniform(20, 90))), _return, promise.id, None, done
        )
    else:
        _afterwards(world, promise, habit, done, at)


def deliver(world: World, session: Session, at: datetime, task: UserTask, raw: Raw, *, again: Later) -> bool:
    """Deliver the hand-off, where it is the provider's turn; False where that has to wait.

    ``again`` does the same task once more, when it was rejected.
    """
    promise = _of(session, task.id)
    if promise is None or promise.version_id is None:
        conversation.complete(session, task, raw, by=_provider(world, session, task, promise), now=at)
        return True
    waits = promise.state in {"returned", "declined", "paused", "delivered"} or promise.turn != "provider"
    if waits and promise.manner is None and promise.outcome is None:
        return False
    conversation.complete(session, task, raw, by=_provider(world, session, task, promise), now=at)
    if promise.state == "delivered" and promise.outcome is None:
        _look(world, promise, HABITS.get(promise.code, Habit()), at, again)
    return True


def ring(world: World, at: datetime) -> None:
    """What happens to promises by themselves at this moment, as the clock does it."""
    with world.factory.begin() as session:
        alarms.work_due(session, now=at)


# ------------------------------------------------------------------------------------------------ the provider


def _answer(
    world: World, session: Session, at: datetime, promise_id: int, habit: Habit, done: datetime
) -> None:
    """The first word of the provider: returned, declined, another date, or yes."""
    promise = session.get_one(Promise, promise_id)
    if promise.state != "requested" or promise.outcome is not None:
        return
    by, dice = _provider(world, session, None, promise), world.rng.random()
    if dice < habit.returned and not promise.returns:
        _return(world, session, at, promise_id, habit, done)
    elif dice > 1 - habit.declined:
        conversation.decline(session, promise, DECLINED, by=by, now=at)
    elif dice > 1 - habit.declined - habit.countered and promise.due_at is not None:
        later = _work(world, promise, promise.due_at, world.rng.uniform(8, 32))
        _counter(world, session, at, promise, habit, max(later, done), by)
    else:
        _promise(world, session, at, promise, habit, done, by)


def _promise(
    world: World,
    session: Session,
    at: datetime,
    promise: Promise,
    habit: Habit,
    done: datetime,
    by: Person,
) -> None:
    """Yes; or the first free day, where there is no place any more."""
    try:
        conversation.promise(session, promise, by=by, now=at)
    except (promising.FullAtOnce, promising.FullWeek) as full:
        free = promising.end_of(session, promise, full.places["day"])
        _counter(world, session, at, promise, habit, free, by)
        return
    _afterwards(world, promise, habit, done, at)


def _counter(
    world: World,
    session: Session,
    at: datetime,
    promise: Promise,
    habit: Habit,
    due_at: datetime,
    by: Person,
) -> None:
    why = world.rng.choice(BUSY)
    try:
        conversation.counter(session, promise, due_at, why, by=by, now=at)
    except (promising.FullAtOnce, promising.FullWeek) as full:
        free = promising.end_of(session, promise, full.places["day"])
        conversation.counter(session, promise, free, why, by=by, now=at)
    world.later(_work(world, promise, at, world.rng.uniform(1, 7)), _agree, promise.id, habit)


def _return(
    world: World,
    session: Session,
    at: datetime,
    promise_id: int,
    habit: Habit | None,
    done: datetime,
) -> None:
    """Not ready: something of the list is missing. The seller brings it within a day or two."""
    promise = session.get_one(Promise, promise_id)
    if promise.outcome is not None or promise.version_id is None:
        return
    ready = session.get_one(AgreementVersion, promise.version_id).terms.get("ready") or []
    lacks = world.rng.choices(ready, [3, 2, 1, *[1] * max(len(ready) - 3, 0)][: len(ready)])
    by, note = _provider(world, session, None, promise), world.rng.choice(NOTES)
    conversation.give_back(session, promise, lacks, note=note, by=by, now=at)
    world.later(_work(world, promise, at, world.rng.uniform(2, 12)), _bring, promise_id, habit, done)


def _afterwards(world: World, promise: Promise, habit: Habit, done: datetime, at: datetime) -> None:
    """It is promised: a pause may come, and a question for a later day when it will not be done in time."""
    due = promise.due_at
    if due is None:
        return
    works = world.calendars[promise.provider_id]
    whole = works.between(at, due)
    if world.rng.random() < habit.paused:
        world.later(works.add(at, whole * world.rng.uniform(0.2, 0.6)), _pause, promise.id)
    elif done > due and world.rng.random() < habit.renegotiated:
        world.later(works.add(at, whole * 0.7), _renegotiate, promise.id, habit, done)


def _pause(world: World, session: Session, at: datetime, promise_id: int) -> None:
    promise = session.get_one(Promise, promise_id)
    said = session.get_one(AgreementVersion, promise.version_id).terms.get("pause_reasons")
    if promise.state != "promised" or not said or promise.outcome is not None:
        return
    by = _provider(world, session, None, promise)
    conversation.pause(session, promise, world.rng.choice(said), by=by, now=at)
    world.later(_work(world, promise, at, world.rng.uniform(8, 24)), _resume, promise_id)


def _resume(world: World, session: Session, at: datetime, promise_id: int) -> None:
    promise = session.get_one(Promise, promise_id)
    conversation.resume(session, promise, by=_provider(world, session, None, promise), now=at)


def _renegotiate(
    world: World, session: Session, at: datetime, promise_id: int, habit: Habit, done: datetime
) -> None:
    promise = session.get_one(Promise, promise_id)
    if promise.state != "promised" or promise.outcome is not None:
        return
    by = _provider(world, session, None, promise)
    wanted = _work(world, promise, done, world.rng.uniform(1, 6))
    conversation.renegotiate(session, promise, wanted, world.rng.choice(LATER), by=by, now=at)
    world.later(_work(world, promise, at, world.rng.uniform(1, 6)), _agree, promise_id, habit)


# ------------------------------------------------------------------------------------------------ the consumer


def _bring(
    world: World, session: Session, at: datetime, promise_id: int, habit: Habit | None, done: datetime
) -> None:
    promise = session.get_one(Promise, promise_id)
    if promise.state != "returned":
        return
    conversation.bring(
        session, promise, world.rng.choice(BROUGHT), by=_seller(world, session, promise), now=at
    )
    if promise.state == "requested" and habit is not None:
        world.later(_work(world, promise, at, world.rng.uniform(1, 4)), _answer, promise_id, habit, done)


def _agree(world: World, session: Session, at: datetime, promise_id: int, habit: Habit) -> None:
    """The seller agrees to the other date, mostly."""
    promise = session.get_one(Promise, promise_id)
    if promise.proposed_due_at is None or promise.turn != "consumer":
        return
    by = _seller(world, session, promise)
    if world.rng.random() < 0.85:
        conversation.consent(session, promise, by=by, now=at)
        return
    conversation.refuse(session, promise, "Klient ma już datę wdrożenia.", by=by, now=at)
    if promise.state == "requested":
        world.later(_work(world, promise, at, 2), _answer_yes, promise_id, habit)


def _answer_yes(world: World, session: Session, at: datetime, promise_id: int, habit: Habit) -> None:
    promise = session.get_one(Promise, promise_id)
    if promise.state == "requested":
        _promise(world, session, at, promise, habit, at, _provider(world, session, None, promise))


def _look(world: World, promise: Promise, habit: Habit, at: datetime, again: Later) -> None:
    """Somebody of the consumer looks at what was delivered; or nobody does, and silence accepts it."""
    dice = world.rng.random()
    if dice < habit.silent:
        return
    when = _work(world, promise, at, world.rng.uniform(0.5, 11))
    if dice > 1 - habit.rejected and not promise.rework:
        world.later(when, _reject, promise.id, again)
    else:
        world.later(when, _accept, promise.id)


def _accept(world: World, session: Session, at: datetime, promise_id: int) -> None:
    promise = session.get_one(Promise, promise_id)
    if promise.state == "delivered" and promise.outcome is None:
        conversation.accept(session, promise, by=_seller(world, session, promise), now=at)


def _reject(world: World, session: Session, at: datetime, promise_id: int, again: Later) -> None:
    promise = session.get_one(Promise, promise_id)
    if promise.state != "delivered" or promise.outcome is not None:
        return
    by, lacks = _seller(world, session, promise), [world.rng.choice(words.ACCEPTANCE)]
    conversation.reject(session, promise, NOT_YET, lacks, by=by, now=at)
    world.later(_work(world, promise, at, world.rng.uniform(1, 5)), again, promise.task_id)


# ------------------------------------------------------------------------------------------------ who and when


def _of(session: Session, task_id: int) -> Promise | None:
    return session.scalar(select(Promise).where(Promise.task_id == task_id))


def _provider(world: World, session: Session, task: UserTask | None, promise: Promise | None) -> Person:
    """Who has it, or somebody of the department."""
    task = task or session.get_one(UserTask, promise.task_id if promise else 0)
    audience, whose = task.audience, task.assignee_id
    if promise is not None and promise.turn == "consumer":
        audience, whose = promise.provider_audience, promise.provider_assignee_id
    return world.person(whose) if whose else world.rng.choice(world.able(audience))


def _seller(world: World, session: Session, promise: Promise) -> Person:
    """Whose deal it is; else the head of who asked."""
    owner = passing.owner_id(session, promise)
    if owner is not None:
        return world.person(owner)
    head = people.head_of(session, promise.consumer_id or 0)
    return head or next(iter(world.firm.people.values()))


def _work(world: World, promise: Promise, at: datetime, hours: float) -> datetime:
    """So many hours of the provider's work later."""
    return world.calendars[promise.provider_id].add(at, timedelta(hours=hours))
