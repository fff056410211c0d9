"""What a diagram does becomes moves, and a deal always stands where its moves say."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales.deals import ReasonNeeded
from tests.conftest import MONDAY
from tests.engine.sales.kit import THOUSAND, happen, kinds, sale

DAY = timedelta(days=1)
WHY = {"reason": "scope", "note": "Za mały udźwig", "causing_department": "presales"}


def test_entering_the_first_stage_is_a_new_move(session: Session, anna: Person) -> None:
    deal = sale(session, anna)

    (move,) = happen(session, deal, "in_qualification", by=anna)

    assert (move.kind, move.from_stage, move.to_stage, move.to_rank) == ("new", None, "qualification", 1)
    assert (deal.stage, deal.stage_rank, deal.probability, deal.status) == ("qualification", 1, 10, "open")


def test_the_next_stage_is_forward_and_says_how_long_the_last_took(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", by=anna)

    *_, move = happen(session, deal, "in_offer", by=anna, now=MONDAY + DAY)

    assert (move.kind, move.from_rank, move.to_rank, move.dwell) == ("forward", 1, 2, 86400)
    assert (move.amount, move.currency, move.owner_id) == (THOUSAND, "PLN", anna.id)
    assert (move.probability_before, move.probability_after) == (10, 50)
    assert move.seq == 2


def test_passing_over_a_stage_is_one_skip(session: Session, anna: Person) -> None:
    deal = sale(session, anna)

    moves = happen(session, deal, "in_qualification", "in_negotiation", by=anna)

    assert kinds(moves) == ["new", "forward_skip"]
    assert deal.reached_rank == 3


def test_going_back_needs_a_reason_from_the_person_who_goes_back(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", "in_offer", by=anna)

    with pytest.raises(ReasonNeeded):
        happen(session, deal, "in_qualification", by=anna, now=MONDAY + DAY)


def test_going_back_keeps_the_reason_and_whose_doing_it_was(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", "in_offer", by=anna)

    *_, move = happen(session, deal, "in_qualification", by=anna, now=MONDAY + DAY, answers=WHY)

    assert (move.kind, move.reason, move.note) == ("backward", "scope", "Za mały udźwig")
    assert move.causing_department_id == departments["presales"].id
    assert deal.reached_rank == 2


def test_a_timer_may_send_a_deal_back_without_being_asked_why(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", "in_offer", by=anna)

    *_, move = happen(session, deal, "in_qualification", by=None, cause="timer", now=MONDAY + DAY)

    assert (move.kind, move.cause, move.reason) == ("backward", "timer", "in_qualification")


def test_entering_the_same_stage_again_is_no_move(session: Session, anna: Person) -> None:
    deal = sale(session, anna)

    moves = happen(session, deal, "in_qualification", "in_qualification", by=anna)

    assert kinds(moves) == ["new"]


def test_a_won_deal_leaves_the_ladder_for_good(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", by=anna)

    *_, move = happen(session, deal, "won", by=anna, now=MONDAY + DAY, ends="won")

    assert (move.kind, move.from_stage, move.to_stage, move.to_rank) == ("won", "qualification", None, None)
    assert (deal.status, deal.closed_at, deal.probability) == ("won", MONDAY + DAY, 100)


def test_a_loss_needs_a_reason(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", by=anna)

    with pytest.raises(ReasonNeeded):
        happen(session, deal, "lost", by=anna, ends="lost")


def test_the_end_of_a_flow_is_its_own_reason(session: Session, anna: Person) -> None:
    deal = sale(session, anna, kind="flow")
    happen(session, deal, "in_qualification", by=anna)

    *_, move = happen(session, deal, "lost_no_answer", by=anna, ends="lost")

    assert (move.kind, move.reason, deal.status) == ("lost", "lost_no_answer", "lost")


def test_a_deal_that_goes_on_elsewhere_is_rerouted_not_lost(session: Session, anna: Person) -> None:
    deal = sale(session, anna, kind="flow")

    moves = happen(session, deal, "converted", by=anna, ends="converted")

    assert kinds(moves) == ["new", "rerouted"]
    assert deal.status == "rerouted"


def test_a_suspended_deal_keeps_its_stage_and_comes_back_to_it(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", "in_offer", by=anna)

    happen(session, deal, "waits", by=anna, now=MONDAY + DAY, answers={"reason": "budget"})
    waiting = deal.status, deal.stage
    moves = happen(session, deal, "in_offer", by=None, cause="timer", now=MONDAY + 3 * DAY)

    assert waiting == ("suspended", "offer")
    assert kinds(moves)[-2:] == ["suspended", "resumed"]
    assert [move.dwell for move in moves[-2:]] == [86400, None]
    assert deal.status == "open"


def test_a_lost_deal_that_enters_a_stage_is_reopened(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", by=anna)
    deal.status, deal.closed_at = "lost", MONDAY

    *_, move = happen(session, deal, "in_offer", by=anna, now=MONDAY + DAY)

    assert move.kind == "reopened"
    assert (deal.status, deal.closed_at) == ("open", None)


def test_a_mistake_undone_within_ten_minutes_is_struck_through(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", by=anna)
    *_, wrong = happen(session, deal, "in_offer", by=anna, now=MONDAY + DAY)

    soon = MONDAY + DAY + timedelta(minutes=9)
    *_, move = happen(session, deal, "in_qualification", by=anna, now=soon, answers={"reason": "mistake"})

    assert (move.kind, move.corrects_id) == ("corrected", wrong.id)
    assert (deal.stage_entered_at, deal.reached_rank) == (MONDAY, 1)


@pytest.mark.parametrize("late", [True, False])
def test_a_mistake_found_late_or_by_another_is_an_ordinary_step_back(
    session: Session, anna: Person, clara: Person, late: bool
) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", "in_offer", by=anna)

    now = MONDAY + timedelta(minutes=11 if late else 1)
    by = anna if late else clara
    *_, move = happen(session, deal, "in_qualification", by=by, now=now, answers={"reason": "mistake"})

    assert (move.kind, move.corrects_id) == ("backward", None)


def test_the_ranks_of_all_moves_add_up_to_where_the_deal_stands(session: Session, anna: Person) -> None:
    deal = sale(session, anna)
    happen(session, deal, "in_qualification", "in_negotiation", by=anna)
    happen(session, deal, "in_offer", by=anna, answers=WHY, now=MONDAY + DAY)
    moves = happen(session, deal, "waits", "in_offer", "in_contract", by=anna, now=MONDAY + 2 * DAY)

    steps = sum((move.to_rank or 0) - (move.from_rank or 0) for move in moves[1:])
    assert steps == (deal.stage_rank or 0) - (moves[0].to_rank or 0)
    assert [move.seq for move in moves] == list(range(1, len(moves) + 1))
