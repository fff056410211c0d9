"""The long sale: moves, time, pauses and losses, and every end it has."""

import pytest

from tests.bpmn import test_stages
from tests.bpmn.selling import advance, bid, drop, hand_over, qualify, solve
from tests.bpmn.walk import Walk, blueprint, ends_drawn, ends_reached, examined, tables

BACK = {"decision": "back", "reason": "missing_work"}
STAGES = ("qualification", "discovery", "solution", "offer", "negotiation", "contract")


# ------------------------------------------------------------------------------------------------ the whole way


def test_a_deal_is_won_through_all_six_stages_and_handed_over_to_production(deal: Walk) -> None:
    hand_over(deal)
    assert deal.tasks == ["prepare_hand_over"]
    deal.do("prepare_hand_over")
    deal.do("accept_hand_over", hand_over_accepted=True)

    assert deal.outcome == "won"
    assert deal.stages == ["qualification", "discovery", "solution", "offer", "negotiation", "contract"]
    assert [each.name for each in deal.thrown] == ["order.created"]


def test_production_sends_the_hand_over_pack_back_once_and_the_director_hears_of_the_delay(
    deal: Walk,
) -> None:
    hand_over(deal)
    deal.do("prepare_hand_over")
    deal.fire("hand_over_waits")
    assert deal.calls[-1] == "escalate_hand_over"
    deal.do("accept_hand_over", hand_over_accepted=False)
    assert deal.tasks == ["prepare_hand_over"]
    deal.do("prepare_hand_over")
    deal.do("accept_hand_over", hand_over_accepted=True)

    assert deal.outcome == "won"


def test_a_qualified_lead_becomes_a_deal_once_its_card_is_complete() -> None:
    deal = Walk("sales_funnel").start("lead_qualified")

    assert deal.tasks == ["complete_deal_card"]
    deal.do("complete_deal_card")
    assert deal.stages == ["qualification"]


# ------------------------------------------------------------------------------------------------ moves


def test_a_deal_goes_back_one_stage_and_forward_again(deal: Walk) -> None:
    advance(deal, "offer")
    bid(deal)
    deal.do("decide_stage", next_stage="solution", **BACK)

    assert deal.stages[-2:] == ["offer", "solution"]
    solve(deal)
    deal.do("decide_stage", decision="advance")
    assert deal.stages[-1] == "offer"


def test_a_large_deal_skips_stages_only_when_the_director_agrees(deal: Walk) -> None:
    qualify(deal)
    deal.do("decide_stage", decision="skip", next_stage="offer", reason="not_needed")
    assert deal.tasks == ["approve_move"]
    deal.do("approve_move", move_approved=False)
    assert deal.tasks == ["decide_stage"]
    deal.do("decide_stage", decision="skip", next_stage="offer", reason="not_needed")
    deal.do("approve_move", move_approved=True)

    assert deal.stages == ["qualification", "offer"]


def test_a_small_deal_skips_stages_without_asking() -> None:
    deal = Walk("sales_funnel", amount=20_000).start("deal_opened")
    qualify(deal)
    deal.do("decide_stage", decision="skip", next_stage="offer", reason="not_needed")

    assert deal.stages == ["qualification", "offer"]


def test_nobody_jumps_from_the_first_stage_into_the_contract(deal: Walk) -> None:
    qualify(deal)
    deal.do("decide_stage", decision="skip", next_stage="contract", reason="not_needed")

    assert deal.tasks == ["decide_stage"]
    assert deal.stages == ["qualification"]


def test_after_a_refused_move_a_suspended_deal_still_returns_to_its_own_stage(deal: Walk) -> None:
    qualify(deal)
    deal.do("decide_stage", decision="skip", next_stage="contract", reason="not_needed")
    deal.do("decide_stage", decision="suspend", until="2026-12-20", reason="timing")
    deal.send("client.returned")

    assert deal.stages == ["qualification", "qualification"]


def test_a_dragged_card_cancels_the_work_of_its_stage_and_opens_that_of_the_next(deal: Walk) -> None:
    drop(deal, "solution")

    assert deal.tasks == ["request_solution"]
    assert deal.stages == ["qualification", "solution"]


def test_a_dragged_card_waits_for_the_director_where_the_rules_ask_for_it(deal: Walk) -> None:
    drop(deal, "negotiation", "approve")
    assert deal.tasks == ["approve_card"]
    deal.do("approve_card", move_approved=False)
    assert deal.stages == ["qualification", "qualification"]
    drop(deal, "negotiation", "approve")
    deal.do("approve_card", move_approved=True)

    assert deal.stages[-1] == "negotiation"
    assert deal.tasks == ["negotiate"]


def test_a_card_can_be_dragged_while_the_owner_is_deciding(deal: Walk) -> None:
    qualify(deal)
    drop(deal, "discovery")

    assert deal.tasks == ["meet_client", "support_discovery"]


def test_a_stage_that_does_not_exist_is_repaired_by_the_director(deal: Walk) -> None:
    drop(deal, "nirvana")
    assert deal.tasks == ["repair_stage"]
    deal.do("repair_stage", next_stage="offer")

    assert deal.tasks == ["cost_offer"]


def test_moving_a_deal_two_hundred_times_does_not_make_its_state_grow(deal: Walk) -> None:
    for _ in range(100):
        drop(deal, "discovery")
        drop(deal, "qualification")

    assert deal.tasks == ["qualify"]
    assert deal.states[-1] < 1.2 * deal.states[2]


# ------------------------------------------------------------------------------------------------ time


def test_a_deal_that_stands_too_long_is_told_of_and_then_looked_into(deal: Walk) -> None:
    deal.fire("stage_rots")
    assert deal.calls == ["tell_owner_of_rot"]
    deal.fire("stage_rotten")
    assert deal.tasks == ["qualify", "review_stage"]
    deal.do("review_stage")

    assert deal.tasks == ["qualify"]


def test_a_stage_entered_anew_has_fresh_timers_and_the_review_of_the_one_left_is_over(deal: Walk) -> None:
    deal.fire("stage_rots")
    deal.fire("stage_rotten")
    drop(deal, "solution")

    assert deal.timers == {"stage_rots": "P20D", "stage_rotten": "P30D"}
    assert deal.tasks == ["request_solution"]


def test_an_open_review_does_not_hold_a_stage_that_its_owner_has_decided_about(deal: Walk) -> None:
    deal.fire("stage_rotten")
    qualify(deal)
    deal.do("decide_stage", decision="advance")

    assert deal.tasks == ["meet_client", "support_discovery"]
    assert deal.timers == {"stage_rots": "P15D", "stage_rotten": "P23D"}


def test_a_review_that_is_done_leaves_the_stage_and_its_owners_work_alone(deal: Walk) -> None:
    qualify(deal)
    deal.fire("stage_rotten")
    deal.do("review_stage")

    assert deal.tasks == ["decide_stage"]
    deal.do("decide_stage", decision="advance")
    assert deal.stages[-1] == "discovery"


def test_five_hundred_moves_with_every_review_left_undone_fit_into_six_kilobytes(deal: Walk) -> None:
    for number in range(500):
        deal.fire("stage_rots")
        deal.fire("stage_rotten")
        assert deal.tasks.count("review_stage") == 1
        drop(deal, STAGES[(number + 1) % len(STAGES)])

    assert len(deal.stages) == 501
    assert max(deal.states) <= 6 * 1024
    assert max(deal.states[-100:]) <= max(deal.states[:100]) + 16  # the numbers of tokens grow


# ------------------------------------------------------------------------------------------------ pauses


@pytest.mark.parametrize("wakes", ["timer", "client"])
def test_a_suspended_deal_resumes_where_it_stood(wakes: str) -> None:
    deal = advance(Walk("sales_funnel").start("deal_opened"), "discovery")
    deal.send("deal.suspend", until="2026-12-20", reason="timing")
    assert deal.tasks == []
    assert deal.timers == {"wake_up": "2026-12-20"}
    if wakes == "timer":
        deal.fire("wake_up")
    else:
        deal.send("client.returned")

    assert deal.tasks == ["meet_client", "support_discovery"]


def test_a_suspension_over_ninety_days_needs_the_directors_consent(deal: Walk) -> None:
    deal.send("deal.suspend", until="2199-12-20", reason="timing")
    assert deal.tasks == ["approve_suspension"]
    deal.do("approve_suspension", suspension_approved=False)
    assert deal.tasks == ["qualify"]
    deal.send("deal.suspend", until="2199-12-20", reason="timing")
    deal.do("approve_suspension", suspension_approved=True)

    assert deal.messages == deal.messages | {"client.returned", "deal.close"}


def test_a_suspended_deal_can_be_closed(deal: Walk) -> None:
    deal.send("deal.suspend", until="2026-12-20", reason="timing")
    deal.send("deal.close", reason="no_budget")
    deal.do("record_loss", reason="no_budget")

    assert deal.outcome == "lost"


def test_a_deal_is_suspended_a_hundred_times_without_growing(deal: Walk) -> None:
    for _ in range(100):
        deal.send("deal.suspend", until="2026-12-20", reason="timing")
        deal.send("client.returned")

    assert deal.tasks == ["qualify"]
    assert deal.states[-1] < 1.2 * deal.states[2]


# ------------------------------------------------------------------------------------------------ losses


def test_a_withdrawn_client_ends_the_deal_whatever_was_open(deal: Walk) -> None:
    advance(deal, "discovery")
    deal.fire("stage_rotten")
    deal.send("client.withdrew", reason="no_budget")
    assert deal.tasks == ["record_loss"]
    deal.do("record_loss", reason="no_budget")

    assert deal.outcome == "lost"
    assert deal.ended
    assert [each.name for each in deal.thrown] == ["deal.lost"]


def test_a_large_loss_is_reviewed_and_the_deal_reopened_and_then_confirmed_lost() -> None:
    deal = Walk("sales_funnel", amount=300_000).start("deal_opened")
    qualify(deal)
    deal.do("decide_stage", decision="lost")
    deal.do("record_loss", reason="price")
    deal.do("review_loss", loss_verdict="reopen", next_stage="offer", reason="new_offer")
    assert deal.tasks == ["cost_offer"]
    deal.send("client.withdrew", reason="price")
    deal.do("record_loss", reason="price")
    deal.do("review_loss", loss_verdict="confirm")

    assert deal.outcome == "lost"


def test_our_own_delay_is_reviewed_at_any_amount(deal: Walk) -> None:
    deal.send("client.withdrew", reason="our_delay")
    deal.do("record_loss", reason="our_delay")

    assert deal.tasks == ["review_loss"]


# ------------------------------------------------------------------------------------------------ beside the way


def test_a_commitment_is_told_of_and_later_asked_about(deal: Walk) -> None:
    deal.send("commitment.recorded", commitment_id=5)
    assert deal.calls == ["tell_of_commitment"]
    deal.send("commitment.due", commitment_id=5)
    assert deal.tasks == ["qualify", "was_it_kept"]
    asked = next(each for each in deal.waiting if each.element == "was_it_kept")
    assert asked.data["commitment_id"] == 5
    deal.do("was_it_kept", outcome="kept")

    assert deal.tasks == ["qualify"]


def test_only_a_large_change_of_the_amount_is_told_to_the_director(deal: Walk) -> None:
    deal.send("amount.changed", change=5.0)
    assert deal.calls == []
    deal.send("amount.changed", change=35.0)

    assert deal.calls == ["tell_director"]


def test_a_new_owner_is_told(deal: Walk) -> None:
    deal.send("owner.changed", owner=2)

    assert deal.calls == ["tell_new_owner"]


def test_an_open_question_about_a_commitment_does_not_keep_a_lost_deal_alive(deal: Walk) -> None:
    deal.send("commitment.due", commitment_id=5)
    deal.send("client.withdrew", reason="timing")
    deal.do("record_loss", reason="timing")

    assert deal.ended


# ------------------------------------------------------------------------------------------------ the whole


def test_the_doctor_has_nothing_to_say_against_the_bundle() -> None:
    against = [each for each in examined("sales_funnel").findings if each.severity in {"error", "warning"}]

    assert against == []


def test_the_first_reminder_comes_when_the_stage_is_called_rotten() -> None:
    for stage in blueprint("sales_funnel").ladder:
        times = tables()["stage_times"].decide({"next_stage": stage.key})

        assert times["notice_after"] == f"P{stage.rots}D"
        assert times["director_after"] == f"P{(3 * (stage.rots or 0) + 1) // 2}D"


def test_these_walks_reach_every_end_of_the_long_sale() -> None:
    assert ends_drawn("sales_funnel") - ends_reached("sales_funnel", __name__, test_stages.__name__) == set()
