"""What happens to promises by themselves: silence, steps, acceptance by silence, and the manager who decides."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.notices import Notice
from engine.people import Department, Membership, Person, Role
from engine.process import clock, definitions, doctor, instances, operating, tasks
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import alarms, conversation, negotiating, promising, talking
from engine.sales.agreements import Agreement
from engine.sales.promises import Promise
from tests.bpmn.walk import BPMN
from tests.conftest import MONDAY
from tests.engine.sales.hand_offs import HOUR, TERMS, agree, asked, at, its_task, told

STEPS = [
    {"after": "-PT4H", "who": "provider_head", "how": "notice"},
    {"after": "P0D", "who": "consumer_head", "how": "notice"},
    {"after": "P1D", "who": "common_manager", "how": "task"},
]


@pytest.fixture
def ewa(session: Session, departments: dict[str, Department]) -> Person:
    """Ewa heads the board, above both departments."""
    person = Person(
        email="ewa@wislane.example",
        name="Ewa Kruk",
        created_at=MONDAY,
        roles=[Role(name="director")],
        memberships=[Membership(department_id=departments["board"].id, is_head=True)],
    )
    session.add(person)
    session.commit()
    return person


@pytest.fixture
def promise(
    session: Session,
    departments: dict[str, Department],
    clara: Person,
    borys: Person,
    anna: Person,
    ewa: Person,
) -> Promise:
    """Asked on Monday at 10, due on Thursday at 10; where it goes when it is late is agreed."""
    files = [BPMN / "house" / "promise_escalation.bpmn", BPMN / "forms" / "decide_hand_off.json"]
    found = [doctor.File(path.name, path.read_bytes()) for path in files]
    definitions.deploy(session, found, process="promise_escalation", by=None, now=MONDAY)
    agree(session, departments, clara, borys, steps=STEPS)
    return asked(session, anna)[1]


def rung(session: Session, promise: Promise) -> list[str]:
    """Everything that happens by itself until nothing more does, by the promise's own alarms."""
    for _ in range(20):
        if promise.alarm_at is None:
            break
        alarms.work_due(session, now=promise.alarm_at)
    return told(session, promise)


def notices_of(session: Session, person: Person) -> list[str]:
    return list(session.scalars(select(Notice.kind).where(Notice.person_id == person.id).order_by(Notice.id)))


def test_silence_and_then_every_step_in_its_moment(
    session: Session, promise: Promise, borys: Person, clara: Person, ewa: Person
) -> None:
    moments = []
    for _ in range(20):
        if promise.alarm_at is None:
            break
        moments.append(promise.alarm_at)
        alarms.work_due(session, now=promise.alarm_at)

    assert moments == [at(16, 14), at(18, 14), at(19, 10), at(20, 10)]
    assert told(session, promise) == ["promise_unanswered"] + 3 * ["promise_escalated"]
    assert notices_of(session, borys)[-2:] == ["promise_late", "promise_step"]
    (decision,) = session.scalars(tasks.mine(ewa))
    assert (decision.element, decision.text.en) == ("decide_hand_off", "Decide about the late hand-off")


def test_nothing_rings_before_its_moment(session: Session, promise: Promise) -> None:
    assert alarms.work_due(session, now=at(16, 13, 59)) == 0
    assert told(session, promise) == []


def test_what_nobody_accepts_or_rejects_in_time_is_accepted(
    session: Session, promise: Promise, borys: Person
) -> None:
    conversation.deliver(session, promise, {}, by=borys, now=at(17, 10))
    assert promise.alarm_at == at(19, 10)

    alarms.work_due(session, now=at(19, 10))

    assert (promise.outcome, its_task(session, promise).completed_by_id) == ("kept", borys.id)
    (following,) = tasks.open_of(session, promise.instance_id)
    assert following.element == "do_contract"


def test_what_was_declined_is_decided_by_the_lowest_common_manager(
    session: Session, promise: Promise, borys: Person, ewa: Person, anna: Person
) -> None:
    conversation.decline(session, promise, "Nie mamy ludzi", by=borys, now=at(17, 10))
    assert (promise.state, promise.turn, promise.left_seconds) == ("declined", None, 2 * 8 * 3600)
    with pytest.raises(talking.Declined):
        conversation.complete(session, its_task(session, promise), {}, by=borys, now=at(17, 11))

    (decision,) = session.scalars(tasks.mine(ewa))
    raw = {"decision": ["new_date"], "new_due": ["2026-11-24"], "reason": ["Trzeba to zrobić"]}
    instances.complete(session, decision, raw, by=ewa, now=at(18, 9))

    assert (promise.state, promise.due_at, promise.turn) == ("promised", at(24, 16), "provider")
    assert told(session, promise)[-1] == "promise_decided"


def test_a_manager_may_let_what_was_declined_run_with_the_time_that_was_left(
    session: Session, promise: Promise, borys: Person, ewa: Person
) -> None:
    conversation.decline(session, promise, "Nie mamy ludzi", by=borys, now=at(17, 10))
    conversation.decide(session, promise, "let_run", "Proszę", by=ewa, now=at(18, 10))

    assert (promise.state, promise.due_at) == ("promised", at(20, 10))


def test_a_free_day_is_no_decision_and_leaves_the_task_open(
    session: Session, promise: Promise, borys: Person, ewa: Person
) -> None:
    conversation.decline(session, promise, "Nie mamy ludzi", by=borys, now=at(17, 10))
    session.commit()
    (decision,) = session.scalars(tasks.mine(ewa))
    raw = {"decision": ["new_date"], "new_due": ["2026-11-22"], "reason": ["W niedzielę"]}
    with pytest.raises(promising.NoWorkThen):
        instances.complete(session, decision, raw, by=ewa, now=at(18, 9))
    session.rollback()

    assert (promise.state, session.scalars(tasks.mine(ewa)).all()) == ("declined", [decision])


def test_a_decision_is_not_needed_any_more_when_the_promise_is_closed(
    session: Session, promise: Promise, borys: Person, anna: Person, ewa: Person
) -> None:
    rung(session, promise)
    conversation.deliver(session, promise, {}, by=borys, now=at(20, 11))
    conversation.accept(session, promise, by=anna, now=at(20, 12))
    session.commit()
    assert promise.outcome == "broken"

    clock.settle(sessions(session.get_bind(), wiring=session.info["wiring"]), now=at(20, 12))  # type: ignore[arg-type]

    session.expire_all()
    case = session.get_one(Instance, promise.escalation_id)
    assert (case.ended_at, session.scalars(tasks.mine(ewa)).all()) == (at(20, 12), [])


def test_rejected_more_often_than_agreed_goes_to_the_manager(
    session: Session, promise: Promise, borys: Person, anna: Person, ewa: Person
) -> None:
    for hour in (10, 12):
        conversation.deliver(session, promise, {}, by=borys, now=at(17, hour))
        conversation.reject(session, promise, "Nie tak", by=anna, now=at(17, hour + 1))

    assert (promise.rework, len(session.scalars(tasks.mine(ewa)).all())) == (2, 1)


def test_a_promise_of_a_case_that_rests_is_left_for_later(
    session: Session, promise: Promise, adam: Person
) -> None:
    operating.suspend(
        session, session.get_one(Instance, promise.instance_id), "Awaria", by=adam, now=MONDAY + HOUR
    )
    promise.alarm_at = at(16, 14)  # a new version was signed meanwhile
    alarms.work_due(session, now=at(16, 14))

    assert (told(session, promise), promise.alarm_at) == (["promise_paused"], at(16, 15))


def test_a_promise_in_trouble_is_an_incident_and_silences_no_other(
    session: Session, promise: Promise, borys: Person, departments: dict[str, Department]
) -> None:
    conversation.deliver(session, promise, {}, by=borys, now=at(17, 10))
    departments["legal"].work_days = ""  # nobody can count the work time of who never works
    second = its_task(session, promise)
    other = _another(session, promise)
    session.commit()

    assert alarms.work_due(session, now=at(19, 10)) == 2

    (incident,) = session.scalars(select(Incident))
    assert (incident.code, incident.instance_id) == ("PROMISE_CLOCK", other.instance_id)
    assert (other.alarm_at, promise.outcome, second.closed_at) == (None, "kept", at(19, 10))


def _another(session: Session, promise: Promise) -> Promise:
    """A second one that rings first and cannot be counted."""
    task = its_task(session, promise)
    copied = {c.key: getattr(task, c.key) for c in UserTask.__mapper__.column_attrs if c.key != "id"}
    twin = UserTask(**{**copied, "token": "twin"})
    session.add(twin)
    session.flush()
    kept = {
        c.key: getattr(promise, c.key)
        for c in Promise.__mapper__.column_attrs
        if c.key not in {"id", "version"}
    }
    changed = {"task_id": twin.id, "state": "promised", "delivered_at": None, "accept_by": None}
    other = Promise(**{**kept, **changed, "alarm_at": at(18, 10), "due_at": at(18, 9)})
    session.add(other)
    session.flush()
    return other


def test_promises_on_their_way_take_the_steps_of_the_new_words_where_those_say_so(
    session: Session, promise: Promise, clara: Person, borys: Person
) -> None:
    agreement = session.get_one(Agreement, promise.agreement_id)
    steps = [{"after": "-PT8H", "who": "consumer_head", "how": "notice"}]
    terms = {**TERMS, "steps": steps, "in_flight": "new"}
    version = negotiating.propose(session, agreement, terms, by=clara, now=at(16, 11))
    negotiating.accept(session, version, by=borys, now=at(16, 11))
    session.expire(promise)
    assert (promise.version_id, promise.due_at) == (version.id, at(19, 10))

    alarms.work_due(session, now=at(16, 11))
    assert promise.alarm_at == at(16, 14)
    alarms.work_due(session, now=at(16, 14))
    assert promise.alarm_at == at(18, 10)


def test_what_is_due_is_found_by_the_index_on_alarms_alone(session: Session, promise: Promise) -> None:
    is_server = session.get_bind().dialect.name == "postgresql"
    dialect = postgresql.dialect() if is_server else sqlite.dialect()
    query = str(
        alarms.due(MONDAY).limit(100).compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    )
    if is_server:
        session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = " ".join(
        str(row) for row in session.execute(text(f"EXPLAIN {'' if is_server else 'QUERY PLAN '}{query}"))
    )

    assert "ix_promises_alarm" in plan
    assert "SCAN promises " not in plan.replace("USING", "")
