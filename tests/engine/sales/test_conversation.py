"""Two departments talk about a promise: every word is one event, one move, and the one task of the token."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from engine.absences import Absence
from engine.db import sessions
from engine.errors import NotAllowed, Refusal, Stale
from engine.notices import Notice
from engine.people import Department, Membership, Person
from engine.process import definitions, doctor, instances, migrating, migration, operating, tasks
from engine.process.blueprint import Text
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import NotYours, UserTask
from engine.sales import conversation, handoffs, negotiating, promising, talking
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales import live
from tests.engine.sales.hand_offs import DAY, HOUR, TERMS, agree, asked, at, its_task, moved, told

WEDNESDAY, THURSDAY = at(18, 10), at(19, 10)


@pytest.fixture
def agreement(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> Agreement:
    """Sales accepts what Legal delivers."""
    return agree(session, departments, clara, borys)


@pytest.fixture
def promise(session: Session, agreement: Agreement, anna: Person) -> Promise:
    """What Anna asked of Legal on Monday at 10."""
    return asked(session, anna)[1]


def test_what_needs_an_answer_is_asked_first(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    assert (promise.state, promise.turn) == ("requested", "provider")
    assert (promise.respond_by, promise.due_at) == (MONDAY + 4 * HOUR, THURSDAY)
    assert promise.alarm_at == promise.respond_by
    assert (
        session.scalars(select(Notice.kind).where(Notice.person_id == borys.id)).all()[-1]
        == "promise_requested"
    )


def test_a_promise_is_given_delivered_and_accepted_and_only_then_the_case_goes_on(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    task = its_task(session, promise)
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    assert (promise.state, promise.due_at, promise.first_due_at) == ("promised", THURSDAY, THURSDAY)

    conversation.complete(session, task, {}, by=borys, now=WEDNESDAY)
    assert (promise.state, task.closed_at, task.assignee_id) == ("delivered", None, anna.id)
    assert (promise.delivered_at, promise.accept_by) == (WEDNESDAY, at(20, 10))

    conversation.accept(session, promise, "Dobrze", by=anna, now=THURSDAY + DAY)
    assert (promise.state, promise.outcome, promise.manner) == ("accepted", "kept", "first")
    assert (task.closed_at, task.completed_by_id) == (THURSDAY + DAY, borys.id)
    assert told(session, promise) == ["promise_promised", "promise_delivered", "promise_accepted"]
    assert moved(session, promise) == [
        ("new", None, "requested"),
        ("forward", "requested", "promised"),
        ("forward", "promised", "delivered"),
        ("won", "delivered", None),
    ]
    (following,) = tasks.open_of(session, promise.instance_id)
    assert following.element == "do_contract"


def test_a_request_that_is_not_ready_goes_back_and_the_clock_begins_when_it_is(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    task = its_task(session, promise)
    conversation.give_back(session, promise, ["Zakres"], note="Brak załącznika", by=borys, now=MONDAY + HOUR)

    assert (promise.state, promise.turn, promise.due_at) == ("returned", "consumer", None)
    assert (promise.returns, promise.missing, promise.alarm_at) == (1, ["Zakres"], None)
    assert (task.assignee_id, task.audience) == (anna.id, "department:sales")

    conversation.bring(session, promise, by=anna, now=at(17, 12))

    assert (promise.state, promise.due_at) == ("requested", at(20, 12))
    assert (task.assignee_id, task.audience) == (None, "department:legal")


def test_another_date_needs_the_consent_of_the_other_side(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.counter(session, promise, at(24, 12), "Urlopy", by=borys, now=MONDAY + HOUR)
    assert (promise.state, promise.turn, promise.due_at) == ("countered", "consumer", THURSDAY)

    conversation.refuse(session, promise, by=anna, now=MONDAY + 2 * HOUR)
    assert (promise.state, promise.turn, promise.proposed_due_at) == ("requested", "provider", None)

    conversation.counter(session, promise, at(23, 12), "Urlopy", by=borys, now=MONDAY + 3 * HOUR)
    conversation.consent(session, promise, by=anna, now=MONDAY + 4 * HOUR)
    assert (promise.state, promise.due_at, promise.first_due_at) == ("promised", at(23, 12), at(23, 12))
    assert promise.changes == 0


def test_a_later_date_agreed_in_time_is_kept_as_renegotiated(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    conversation.renegotiate(session, promise, at(24, 12), "Nowy zakres", by=borys, now=WEDNESDAY)
    conversation.consent(session, promise, by=anna, now=WEDNESDAY + HOUR)
    conversation.deliver(session, promise, {}, by=borys, now=at(24, 11))
    conversation.accept(session, promise, by=anna, now=at(24, 12))

    assert (promise.outcome, promise.manner, promise.changes) == ("kept", "renegotiated", 1)
    assert promise.first_due_at == THURSDAY


def test_a_pause_with_an_allowed_reason_stops_the_clock(
    session: Session, promise: Promise, borys: Person
) -> None:
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    conversation.pause(session, promise, "Czekamy na klienta", by=borys, now=at(17, 10))
    assert (promise.state, promise.due_at, promise.left_seconds) == ("paused", None, 2 * 8 * 3600)

    conversation.resume(
        session, promise, by=borys, now=at(20, 20)
    )  # Friday evening: the clock runs from Monday
    assert (promise.state, promise.due_at) == ("promised", at(24, 16))
    assert [kind for kind, *_ in moved(session, promise)][-2:] == ["suspended", "resumed"]


def test_what_is_rejected_is_promised_again_with_the_time_that_was_left(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    conversation.deliver(session, promise, {}, by=borys, now=WEDNESDAY)
    conversation.reject(session, promise, "Bez podpisu", ["Podpisany przez radcę"], by=anna, now=at(20, 10))

    assert (promise.state, promise.rework, promise.delivered_at) == ("promised", 1, None)
    assert promise.due_at == at(23, 10)  # a day was left

    conversation.deliver(session, promise, {}, by=borys, now=at(23, 11))
    conversation.accept(session, promise, by=anna, now=at(23, 12))
    assert (promise.outcome, promise.manner) == ("broken", "quality")


def test_what_was_taken_back_is_the_consumers_step_and_nobodys_debt(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    task = its_task(session, promise)
    conversation.revoke(session, promise, "Klient zrezygnował", by=anna, now=MONDAY + HOUR)
    assert (promise.state, promise.manner, task.assignee_id) == ("revoked", "revoked", anna.id)

    conversation.complete(session, task, {}, by=anna, now=MONDAY + 9 * DAY)
    assert (promise.outcome, promise.manner) == ("cancelled", "revoked")


def test_what_is_waived_is_still_done_but_does_not_count(
    session: Session, promise: Promise, borys: Person, clara: Person, anna: Person
) -> None:
    with pytest.raises(talking.HeadOnly):
        conversation.waive(session, promise, "Nie szkodzi", by=anna, now=MONDAY)
    conversation.waive(session, promise, "Nie szkodzi", by=clara, now=MONDAY)

    conversation.complete(session, its_task(session, promise), {}, by=borys, now=MONDAY + 30 * DAY)
    assert (promise.outcome, promise.manner) == ("waived", "waived")


def test_who_stands_in_for_the_head_may_waive_while_the_head_is_away(
    session: Session, promise: Promise, clara: Person, anna: Person
) -> None:
    session.add(
        Absence(
            person_id=clara.id,
            deputy_id=anna.id,
            first_day=at(17, 8).date(),
            last_day=at(18, 8).date(),
            recorded_at=MONDAY,
            recorded_by_id=clara.id,
        )
    )
    session.commit()
    refused(session, promise, talking.HeadOnly, conversation.waive, "Nie szkodzi", by=anna, now=at(16, 12))
    conversation.waive(session, promise, "Nie szkodzi", by=anna, now=at(17, 12))
    assert promise.manner == "waived"


# ------------------------------------------------------------------------------------------------ what is refused


def refused(
    session: Session, promise: Promise, kind: type[Refusal], verb: Any, *given: Any, **more: Any
) -> Refusal:
    """The verb says no with this refusal, and nothing of it is there."""
    before = promise.version, promise.state, told(session, promise), moved(session, promise)
    with pytest.raises(kind) as met:
        verb(session, promise, *given, **more)
    session.rollback()
    assert (promise.version, promise.state, told(session, promise), moved(session, promise)) == before
    return met.value


@pytest.fixture
def promised(session: Session, promise: Promise, borys: Person) -> Promise:
    """Borys promised it for Thursday at 10."""
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR)
    session.commit()
    return promise


def test_a_date_lies_ahead_in_work_time(session: Session, promise: Promise, borys: Person) -> None:
    session.commit()
    say = {"by": borys, "now": at(17, 10)}
    refused(session, promise, promising.InThePast, conversation.counter, at(16, 12), "Urlopy", **say)
    met = refused(session, promise, promising.NoWorkThen, conversation.counter, at(22, 12), "Urlopy", **say)

    assert met.places == {"department": Text("Prawny", "Legal"), "next": at(23, 8)}
    assert promising.end_of(session, promise, at(20, 8).date()) == at(20, 16)
    with pytest.raises(promising.NoWorkThen):
        promising.end_of(session, promise, at(22, 8).date())


def test_after_the_time_nothing_is_negotiated(session: Session, promised: Promise, borys: Person) -> None:
    say = {"by": borys, "now": THURSDAY}
    met = refused(
        session, promised, conversation.DuePassed, conversation.renegotiate, at(24, 12), "Urlopy", **say
    )
    assert met.places == {"due": THURSDAY}
    refused(session, promised, conversation.DuePassed, conversation.pause, "Czekamy na klienta", **say)
    refused(session, promised, conversation.DuePassed, conversation.give_back, ["Zakres"], **say)


def test_a_pause_needs_a_reason_the_agreement_allows(
    session: Session, promised: Promise, borys: Person
) -> None:
    met = refused(
        session,
        promised,
        conversation.NotAReason,
        conversation.pause,
        "Urlopy",
        by=borys,
        now=MONDAY + 2 * HOUR,
    )
    assert met.places == {"reason": "Urlopy", "allowed": "Czekamy na klienta"}


def test_two_who_answer_the_same_request_do_not_both_win(
    session: Session, promise: Promise, borys: Person
) -> None:
    seen = promise.version
    conversation.promise(session, promise, by=borys, now=MONDAY + HOUR, seen=seen)
    session.commit()
    say = {"by": borys, "now": MONDAY + HOUR}
    refused(session, promise, Stale, conversation.decline, "Nie", seen=seen, **say)
    refused(session, promise, talking.Promised, conversation.decline, "Nie", **say)


def test_every_side_says_only_what_is_its_own(
    session: Session, promise: Promise, anna: Person, borys: Person, dorota: Person, adam: Person
) -> None:
    session.commit()
    for stranger in (dorota, adam, anna):
        say = {"by": stranger, "now": MONDAY + HOUR}
        refused(session, promise, talking.NotYourSide, conversation.promise, **say)
        refused(session, promise, talking.NotYourSide, conversation.deliver, {}, **say)
    refused(session, promise, talking.NotYourSide, conversation.revoke, "Po co", by=borys, now=MONDAY + HOUR)
    refused(session, promise, NotAllowed, conversation.decide, "waive", "Po co", by=anna, now=MONDAY + HOUR)


def test_what_a_colleague_has_taken_is_theirs_to_deliver(
    session: Session, promised: Promise, borys: Person, departments: dict[str, Department]
) -> None:
    igor = Person(email="igor@wislane.example", name="Igor Bąk", created_at=MONDAY)
    igor.memberships = [Membership(department_id=departments["legal"].id)]
    session.add(igor)
    session.flush()
    tasks.claim(session, its_task(session, promised), by=igor, now=MONDAY + 2 * HOUR)
    session.commit()

    refused(session, promised, NotYours, conversation.deliver, {}, by=borys, now=MONDAY + 3 * HOUR)
    conversation.deliver(session, promised, {}, by=igor, now=MONDAY + 3 * HOUR)
    conversation.reject(session, promised, "Nie tak", by=session.get_one(Person, 1), now=MONDAY + 4 * HOUR)
    assert its_task(session, promised).assignee_id == igor.id


def test_the_same_key_delivers_once(session: Session, promised: Promise, borys: Person, anna: Person) -> None:
    task = its_task(session, promised)
    for _ in range(2):
        conversation.complete(session, task, {}, by=borys, now=MONDAY + 2 * HOUR, key="d1")
        if promised.state == "delivered":
            break
    conversation.accept(session, promised, by=anna, now=MONDAY + 3 * HOUR, key="a1")
    assert told(session, promised).count("promise_delivered") == 1


def test_without_an_agreement_a_hand_off_is_a_task_as_it_ever_was(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person
) -> None:
    _, promise = asked(session, anna)
    session.commit()
    refused(
        session,
        promise,
        talking.NoAgreement,
        conversation.counter,
        at(24, 12),
        "Urlopy",
        by=borys,
        now=MONDAY,
    )

    conversation.complete(session, its_task(session, promise), {}, by=borys, now=MONDAY + HOUR)
    assert (promise.outcome, promise.manner, promise.version_id) == ("kept", "first", None)


def test_what_is_asked_while_the_agreement_is_suspended_is_out_of_scope(
    session: Session, agreement: Agreement, anna: Person, borys: Person
) -> None:
    agreement.suspended_until = at(30, 10).date()
    _, promise = asked(session, anna)
    session.commit()

    assert (promise.agreement_id, promise.manner, promise.due_at) == (None, "suspended", None)
    refused(session, promise, talking.Suspended, conversation.promise, by=borys, now=MONDAY + HOUR)
    conversation.complete(session, its_task(session, promise), {}, by=borys, now=MONDAY + 30 * DAY)
    assert (promise.outcome, promise.manner) == ("waived", "suspended")


def test_what_is_accepted_at_once_goes_on_at_once_and_can_still_be_returned(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, anna: Person
) -> None:
    agree(session, departments, clara, borys, accepts=None, acceptance_window=None, promise_time=None)
    _, promise = asked(session, anna)
    assert (promise.state, promise.promised_at, promise.respond_by) == ("promised", MONDAY, None)

    conversation.give_back(session, promise, ["Zakres"], by=borys, now=MONDAY + HOUR)
    session.commit()
    with pytest.raises(talking.Returned):
        instances.complete(session, its_task(session, promise), {}, by=anna, now=MONDAY + HOUR)
    session.rollback()
    conversation.bring(session, promise, by=anna, now=at(17, 10))
    assert (promise.state, promise.due_at, promise.first_due_at) == ("promised", at(20, 10), at(20, 10))

    conversation.complete(session, its_task(session, promise), {}, by=borys, now=at(20, 10))
    assert (promise.outcome, promise.manner) == ("kept", "first")
    assert told(session, promise) == ["promise_returned", "promise_brought"]


# ------------------------------------------------------------------------------------------------ capacity


def test_a_provider_promises_no_more_than_agreed_and_hears_the_next_free_day(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, anna: Person
) -> None:
    agree(session, departments, clara, borys, capacity_week=1, deliver_time="P2D", acceptance_window="P5D")
    first, second = asked(session, anna)[1], asked(session, anna)[1]
    conversation.promise(session, first, by=borys, now=MONDAY + HOUR)
    session.commit()

    met = refused(session, second, promising.FullWeek, conversation.promise, by=borys, now=MONDAY + HOUR)
    assert met.places == {"count": 1, "day": at(23, 8).date()}

    conversation.counter(session, second, at(23, 12), "Komplet", by=borys, now=MONDAY + HOUR)
    third = asked(session, anna)[1]
    session.commit()
    met = refused(
        session,
        third,
        promising.FullWeek,
        conversation.counter,
        at(24, 12),
        "Komplet",
        by=borys,
        now=MONDAY + HOUR,
    )
    assert met.places["day"] == at(30, 8).date()


def test_so_many_at_once_wait_for_the_first_that_is_due(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, anna: Person
) -> None:
    agree(session, departments, clara, borys, capacity=1, deliver_time="P2D")
    first, second = asked(session, anna)[1], asked(session, anna)[1]
    conversation.promise(session, first, by=borys, now=MONDAY + HOUR)  # due on Wednesday at 10
    session.commit()

    met = refused(session, second, promising.FullAtOnce, conversation.promise, by=borys, now=MONDAY + HOUR)
    assert met.places == {"count": 1, "day": at(20, 8).date()}
    conversation.deliver(session, first, {}, by=borys, now=MONDAY + 2 * HOUR)
    conversation.promise(session, second, by=borys, now=MONDAY + 3 * HOUR)
    assert second.state == "promised"


def test_what_would_be_promised_at_once_is_asked_where_all_is_full(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person, anna: Person
) -> None:
    agree(session, departments, clara, borys, capacity=1, promise_time=None)
    states = [asked(session, anna)[1] for _ in range(2)]

    assert [(each.state, each.respond_by) for each in states] == [
        ("promised", None),
        ("requested", MONDAY + DAY),
    ]


# ------------------------------------------------------------------------------------------------ the case around it


def test_an_operator_who_takes_the_token_away_cancels_the_promise(
    session: Session, promised: Promise, dorota: Person
) -> None:
    task = its_task(session, promised)
    case = session.get_one(Instance, promised.instance_id)
    operating.move(
        session,
        case,
        task.token,
        task.diagram,
        "do_contract",
        "Klient podpisał",
        by=dorota,
        now=MONDAY + 2 * HOUR,
    )

    assert (promised.outcome, promised.manner, task.closed_at) == ("cancelled", "moved", MONDAY + 2 * HOUR)


def test_a_word_about_a_case_that_rests_waits(
    session: Session, promise: Promise, borys: Person, adam: Person
) -> None:
    case = session.get_one(Instance, promise.instance_id)
    operating.suspend(session, case, "Awaria", by=adam, now=MONDAY)
    session.commit()
    refused(session, promise, instances.Suspended, conversation.promise, by=borys, now=MONDAY + HOUR)


def test_a_promise_goes_along_to_another_version_of_its_process(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    conversation.give_back(session, promise, ["Zakres"], by=borys, now=MONDAY + HOUR)
    new = redrawn(session, b'name="Oferta: zr\xc3\xb3b"', b'name="Oferta: przygotuj"')
    migrate(session, promise, new, anna)

    task = its_task(session, promise)
    assert (task.title, task.definition_id) == ("Oferta: przygotuj", new.id)
    assert (promise.state, task.assignee_id, promise.outcome) == ("returned", anna.id, None)
    conversation.bring(session, promise, by=anna, now=MONDAY + 3 * HOUR)
    assert (task.audience, task.assignee_id) == ("department:legal", None)


def test_a_hand_off_that_is_none_any_more_after_a_migration_is_cancelled(
    session: Session, promise: Promise, borys: Person, anna: Person
) -> None:
    new = redrawn(session, b'<spiffworkflow:property name="handoff" value="H5"/>', b"")
    migrate(session, promise, new, anna)

    assert (promise.outcome, promise.manner) == ("cancelled", "migrated")
    assert its_task(session, promise).closed_at is None


def redrawn(session: Session, old: bytes, new: bytes) -> Definition:
    """The next version of the small sale, drawn otherwise."""
    texts = [(path.name, path.read_bytes()) for path in sorted(live.DIAGRAMS.iterdir())]
    assert any(old in text for _, text in texts)
    files = [doctor.File(name, text.replace(old, new)) for name, text in texts]
    return definitions.deploy(session, files, accepted="all", by=None, now=MONDAY)


def migrate(session: Session, promise: Promise, new: Definition, by: Person) -> None:
    """The case of a promise is taken over."""
    case = session.get_one(Instance, promise.instance_id)
    old = session.get_one(Definition, case.definition_id)
    made = migration.plan(session, old, new, {}, "lepiej", by=by, now=MONDAY + 2 * HOUR)
    session.add(migration.MigrationItem(plan_id=made.id, instance_id=case.id, status="fits", at=MONDAY))
    made.tried_at = MONDAY
    session.flush()
    migration.begin(session, made, by=by, now=MONDAY + 2 * HOUR)
    session.commit()
    factory = sessions(session.get_bind(), wiring=live.WIRING)  # type: ignore[arg-type]
    while migrating.work(factory, now=MONDAY + 2 * HOUR):
        pass
    session.expire_all()


def test_a_diagram_that_waits_for_it_hears_that_the_request_was_taken_back(
    session: Session, agreement: Agreement, anna: Person
) -> None:
    drawn = b'<bpmn:message id="m_move" name="stage.move"/>'
    edge = (
        b'<bpmn:boundaryEvent id="called_off" attachedToRef="do_offer">'
        b'<bpmn:messageEventDefinition messageRef="m_revoked"/></bpmn:boundaryEvent>'
        b'<bpmn:sequenceFlow id="called_off_to_contract" sourceRef="called_off" targetRef="do_contract"/>'
        b'<bpmn:boundaryEvent id="move_offer"'
    )
    texts = [(path.name, path.read_bytes()) for path in sorted(live.DIAGRAMS.iterdir())]
    files = [
        doctor.File(
            name,
            text.replace(drawn, drawn + b'<bpmn:message id="m_revoked" name="promise.revoked"/>').replace(
                b'<bpmn:boundaryEvent id="move_offer"', edge
            ),
        )
        for name, text in texts
    ]
    definition = definitions.deploy(session, files, accepted="all", by=None, now=MONDAY)
    deal = live.started(session, definition, anna)
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=anna, now=MONDAY)
    promise = session.scalars(select(Promise).where(Promise.deal_id == deal.id)).one()

    conversation.revoke(session, promise, "Klient podpisał", by=anna, now=MONDAY + HOUR)

    assert (promise.outcome, promise.manner) == ("cancelled", "revoked")
    assert [each.element for each in tasks.open_of(session, deal.instance_id)] == ["do_contract"]


def test_a_flow_bound_by_hand_opens_a_promise_though_the_diagram_names_none(
    session: Session, agreement: Agreement, anna: Person, borys: Person, clara: Person
) -> None:
    agreement.code = None
    definition = redrawn(session, b'<spiffworkflow:property name="handoff" value="H5"/>', b"")
    handoffs.bind(session, definition.process, "small_sale", FLOW, agreement, by=clara, now=MONDAY)
    promise = passed_on(session, definition, anna)

    assert (promise.agreement_id, promise.code, promise.state) == (
        agreement.id,
        f"#{agreement.id}",
        "requested",
    )
    with pytest.raises(conversation.AcceptedFirst):
        instances.complete(session, its_task(session, promise), {}, by=borys, now=MONDAY)


def test_a_hand_off_that_somebody_waived_is_no_promise(
    session: Session, agreement: Agreement, anna: Person, borys: Person, clara: Person
) -> None:
    definition = live.deployed(session)
    handoffs.waive(
        session, definition.process, "small_sale", FLOW, reason="Ten sam pokój", by=clara, now=MONDAY
    )
    deal = live.started(session, definition, anna)
    for by in (anna, borys):
        (task,) = tasks.open_of(session, deal.instance_id)
        conversation.complete(session, task, {}, by=by, now=MONDAY)

    assert session.scalars(select(Promise)).all() == []


FLOW = "do_qualification_to_do_offer"


def passed_on(session: Session, definition: Definition, anna: Person) -> Promise:
    """Anna passes a deal of this version on to Legal."""
    deal = live.started(session, definition, anna)
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=anna, now=MONDAY)
    return session.scalars(select(Promise).where(Promise.deal_id == deal.id)).one()


@pytest.mark.parametrize("hurry", range(3))
def test_of_two_who_answer_at_the_same_moment_one_is_told_how_things_stand(
    session: Session, database: Engine, promise: Promise, borys: Person, hurry: int
) -> None:
    session.commit()
    factory, meet = sessions(database, wiring=live.WIRING), Barrier(2)

    def answer(verb: Any, *given: Any) -> str:
        with factory() as own:
            seen = own.get_one(Promise, promise.id)
            version, by = seen.version, own.get_one(Person, borys.id)
            own.rollback()
            meet.wait()
            try:
                verb(own, seen, *given, by=by, now=MONDAY + HOUR, seen=version if hurry else None)
                own.commit()
            except Refusal as refusal:
                own.rollback()
                return type(refusal).__name__
            return "done"

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(answer, conversation.promise), pool.submit(answer, conversation.decline, "Nie")]
        met = sorted(each.result() for each in both)

    session.expire_all()
    assert met[1] == "done"
    assert met[0] in {"Stale", "Promised", "Declined"}
    assert told(session, promise) in (["promise_promised"], ["promise_declined"])
    assert len(moved(session, promise)) == 2


def test_two_cases_that_take_the_last_place_at_once_never_both_have_it_and_neither_hangs(
    session: Session,
    database: Engine,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
) -> None:
    agreement = agree(session, departments, clara, borys, capacity=2)
    definition = live.deployed(session)
    cases = [passed_on(session, definition, anna) for _ in range(6)]
    session.commit()
    ids, factory, meet = [each.id for each in cases], sessions(database, wiring=live.WIRING), Barrier(6)

    def answer(id_: int) -> str:
        with factory() as own:
            seen, by = own.get_one(Promise, id_), own.get_one(Person, borys.id)
            own.rollback()
            meet.wait()
            try:
                conversation.promise(own, seen, by=by, now=MONDAY + HOUR)
                own.commit()
            except Refusal as refusal:
                own.rollback()
                return type(refusal).__name__
            return "done"

    with ThreadPoolExecutor(6) as pool:
        met = sorted(each.result(60) for each in [pool.submit(answer, id_) for id_ in ids])

    session.expire_all()
    assert met == 4 * ["FullAtOnce"] + 2 * ["done"]
    held = select(func.count()).where(Promise.agreement_id == agreement.id, Promise.state == "promised")
    assert session.scalar(held) == 2


def test_answers_and_new_words_for_promises_on_their_way_do_not_wait_in_a_circle(
    session: Session,
    database: Engine,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
) -> None:
    agreement = agree(session, departments, clara, borys, capacity=20, in_flight="new")
    definition = live.deployed(session)
    cases = [passed_on(session, definition, anna) for _ in range(4)]
    words = {**TERMS, "capacity": 10, "in_flight": "new"}
    table = negotiating.propose(session, agreement, words, by=clara, now=MONDAY)
    session.commit()
    factory, meet, head, version_id = sessions(database, wiring=live.WIRING), Barrier(5), borys.id, table.id

    def sign(own: Session, by: Person) -> None:
        negotiating.accept(own, own.get_one(AgreementVersion, version_id), by=by, now=MONDAY + HOUR)

    def deliver(id_: int) -> Callable[[Session, Person], None]:
        def act(own: Session, by: Person) -> None:
            conversation.promise(own, own.get_one(Promise, id_), by=by, now=MONDAY + HOUR)
            conversation.deliver(own, own.get_one(Promise, id_), {}, by=by, now=MONDAY + HOUR)

        return act

    def run(act: Callable[[Session, Person], None]) -> None:
        with factory() as own:
            by = own.get_one(Person, head)
            own.rollback()
            meet.wait()
            act(own, by)
            own.commit()

    with ThreadPoolExecutor(5) as pool:
        for each in [pool.submit(run, act) for act in (sign, *(deliver(each.id) for each in cases))]:
            each.result(60)

    session.expire_all()
    assert [each.state for each in cases] == 4 * ["delivered"]
    assert agreement.current_version_id == version_id


def test_of_hand_offs_that_come_at_once_only_as_many_are_promised_as_there_are_places(
    session: Session,
    database: Engine,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
) -> None:
    agreement = agree(session, departments, clara, borys, promise_time=None, capacity=2)
    definition = live.deployed(session)
    waiting = [tasks.open_of(session, live.started(session, definition, anna).instance_id) for _ in range(5)]
    session.commit()
    factory, meet = sessions(database, wiring=live.WIRING), Barrier(5)

    def pass_on(id_: int) -> None:
        with factory() as own:
            meet.wait()
            instances.complete(own, own.get_one(UserTask, id_), {}, by=None, now=MONDAY + HOUR)
            own.commit()

    with ThreadPoolExecutor(5) as pool:
        for each in [pool.submit(pass_on, found[0].id) for found in waiting]:
            each.result(60)

    states = session.scalars(select(Promise.state).where(Promise.agreement_id == agreement.id)).all()
    assert sorted(states) == 2 * ["promised"] + 3 * ["requested"]
