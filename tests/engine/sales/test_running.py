"""A running diagram and its deal: every way of moving, leaving and coming back goes through the process."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotAllowed
from engine.history import Event
from engine.people import Department, Person
from engine.process import instances, tasks
from engine.process.instances import Instance, NobodyWaits
from engine.sales import deals, ladders
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.kit import kinds
from tests.engine.sales.live import deployed, started

HOUR = timedelta(hours=1)


@pytest.fixture
def deal(session: Session, anna: Person, borys: Person) -> Deal:
    """A deal of Anna's on the first stage; Legal makes the offer."""
    return started(session, deployed(session), anna)


def told(session: Session, deal: Deal) -> list[str]:
    return kinds(session.scalars(ladders.moves(f"deal:{deal.id}")).all())


def test_starting_the_process_puts_the_deal_on_its_first_stage(
    session: Session, deal: Deal, anna: Person
) -> None:
    (task,) = tasks.open_of(session, deal.instance_id)

    assert (deal.stage, deal.stage_rank, deal.number) == ("qualification", 1, "S-2026-0001")
    assert (task.assignee_id, task.about) == (anna.id, "Stocznia Mewa · Suwnica")
    assert told(session, deal) == ["new"]


def test_completing_a_task_moves_the_deal_and_hands_off_a_promise(
    session: Session, deal: Deal, anna: Person, departments: dict[str, Department]
) -> None:
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=anna, now=MONDAY + HOUR)

    promise = session.scalars(select(Promise)).one()
    assert (deal.stage, told(session, deal)) == ("offer", ["new", "forward"])
    assert (promise.code, promise.provider_id, promise.state) == ("H5", departments["legal"].id, "promised")


def test_dropping_a_card_moves_the_deal_and_cancels_what_was_promised(
    session: Session, deal: Deal, anna: Person, departments: dict[str, Department]
) -> None:
    deals.move(session, deal, "offer", by=anna, now=MONDAY + HOUR)
    why = {"reason": "scope", "note": "Inny dźwig", "causing_department": departments["legal"].id}
    deals.move(session, deal, "qualification", by=anna, now=MONDAY + 2 * HOUR, **why)

    last = ladders.last(session, f"deal:{deal.id}")
    assert last is not None
    assert told(session, deal) == ["new", "forward", "backward"]
    assert (last.reason, last.note, last.dwell) == ("scope", "Inny dźwig", 3600)
    assert last.causing_department_id == departments["legal"].id
    assert session.scalars(select(Promise.outcome)).all() == ["cancelled"]


def test_a_skip_and_a_step_back_need_a_reason_before_anything_happens(
    session: Session, deal: Deal, anna: Person
) -> None:
    with pytest.raises(deals.ReasonNeeded):
        deals.move(session, deal, "contract", by=anna, now=MONDAY)

    assert told(session, deal) == ["new"]


def test_a_drop_on_no_stage_or_on_its_own_is_refused(session: Session, deal: Deal, anna: Person) -> None:
    with pytest.raises(deals.UnknownStage):
        deals.move(session, deal, "moon", by=anna, now=MONDAY)
    with pytest.raises(deals.AlreadyThere):
        deals.move(session, deal, "qualification", by=anna, now=MONDAY)


def test_only_who_steers_a_deal_moves_it(session: Session, deal: Deal, borys: Person, clara: Person) -> None:
    with pytest.raises(NotAllowed):
        deals.move(session, deal, "offer", by=borys, now=MONDAY)

    deals.move(session, deal, "offer", by=clara, now=MONDAY)
    assert deal.stage == "offer"


def test_a_mistaken_drop_can_be_taken_back(session: Session, deal: Deal, anna: Person) -> None:
    deals.move(session, deal, "offer", by=anna, now=MONDAY + HOUR)
    soon = MONDAY + HOUR + timedelta(minutes=2)
    deals.move(session, deal, "qualification", reason=ladders.MISTAKE, by=anna, now=soon)

    assert told(session, deal) == ["new", "forward", "corrected"]
    assert (deal.stage_entered_at, deal.reached_rank) == (MONDAY, 1)


def test_a_client_who_withdraws_ends_the_deal_lost_with_the_reason(
    session: Session, deal: Deal, anna: Person, departments: dict[str, Department]
) -> None:
    deals.withdraw(session, deal, "competitor", competitor="Żuraw S.A.", by=anna, now=MONDAY + HOUR)

    last = ladders.last(session, f"deal:{deal.id}")
    assert last is not None
    assert (last.kind, last.reason) == ("lost", "competitor")
    assert (deal.status, deal.loss_reason, deal.competitor) == ("lost", "competitor", "Żuraw S.A.")
    assert session.get_one(Instance, deal.instance_id).outcome == "lost"


def test_a_suspended_deal_waits_and_comes_back(session: Session, deal: Deal, anna: Person) -> None:
    deals.suspend(session, deal, date(2026, 12, 1), "budget", by=anna, now=MONDAY + HOUR)
    waiting = deal.status, deal.stage, deal.suspended_until
    deals.resume(session, deal, by=anna, now=MONDAY + 2 * HOUR)

    assert waiting == ("suspended", "qualification", date(2026, 12, 1))
    assert (deal.status, deal.suspended_until) == ("open", None)
    assert told(session, deal) == ["new", "suspended", "resumed"]


def test_what_the_process_does_not_wait_for_is_refused(session: Session, deal: Deal, anna: Person) -> None:
    with pytest.raises(NobodyWaits):
        deals.resume(session, deal, by=anna, now=MONDAY)


def test_winning_closes_the_deal(session: Session, deal: Deal, anna: Person, borys: Person) -> None:
    for by in (anna, borys, anna):
        (task,) = tasks.open_of(session, deal.instance_id)
        instances.complete(session, task, {}, by=by, now=MONDAY + HOUR)

    assert (deal.status, deal.probability, deal.closed_at) == ("won", 100, MONDAY + HOUR)
    assert told(session, deal) == ["new", "forward", "forward", "won"]
    assert session.scalars(select(Promise.outcome)).all() == ["kept"]


def test_history_counts_without_a_gap(session: Session, deal: Deal, anna: Person) -> None:
    deals.change_amount(session, deal, "2000", by=anna, now=MONDAY)
    deals.move(session, deal, "offer", by=anna, now=MONDAY)

    numbers = session.scalars(
        select(Event.seq).where(Event.instance_id == deal.instance_id).order_by(Event.id)
    ).all()
    assert list(numbers) == list(range(1, len(numbers) + 1))
