"""The six stages of the long sale, each on all its ways."""

import pytest

from tests.bpmn.selling import advance, cost, draft, negotiate
from tests.bpmn.walk import Walk

# ------------------------------------------------------------------------------------------------ 1 qualification


def test_a_client_who_is_not_for_us_leads_straight_to_the_loss(deal: Walk) -> None:
    deal.do("qualify", fit="no")

    assert deal.tasks == ["record_loss"]


def test_a_stage_without_a_promise_of_the_clients_is_not_over(deal: Walk) -> None:
    deal.do("qualify", fit="yes")
    deal.do("agree_next_step", direction="we_to_client")
    assert deal.tasks == ["agree_next_step"]
    deal.do("agree_next_step", direction="client_to_us")

    assert deal.tasks == ["decide_stage"]


def test_an_unclear_case_asks_the_client_and_is_qualified_again(deal: Walk) -> None:
    deal.do("qualify", fit="unclear")
    deal.fire("silent_two_weeks")
    deal.send("client.replied")
    assert deal.tasks == ["qualify"]
    deal.do("qualify", fit="unclear")
    deal.do("get_the_reply")

    assert deal.tasks == ["qualify"]


def test_a_client_who_stays_silent_six_weeks_is_for_the_owner_to_decide(deal: Walk) -> None:
    deal.do("qualify", fit="unclear")
    deal.fire("silent_two_weeks")
    deal.fire("silent_four_weeks")
    assert deal.calls == ["remind_of_reply"] * 2
    deal.fire("silent_six_weeks")

    assert deal.tasks == ["decide_stage"]


# ------------------------------------------------------------------------------------------------ 2 discovery


def test_unconfirmed_needs_are_reminded_of_asked_again_and_at_last_assumed(deal: Walk) -> None:
    advance(deal, "discovery")
    deal.do("support_discovery")
    deal.do("meet_client")
    deal.fire("unconfirmed_five_days")
    deal.fire("unconfirmed_fifteen_days")
    deal.do("decide_unconfirmed", unconfirmed_way="ask")
    deal.fire("unconfirmed_fifteen_days")
    deal.do("decide_unconfirmed", unconfirmed_way="proceed")

    assert deal.tasks == ["decide_stage"]


def test_discovery_given_up_leads_to_the_loss(deal: Walk) -> None:
    advance(deal, "discovery")
    deal.do("meet_client")
    deal.do("support_discovery")
    deal.fire("unconfirmed_fifteen_days")
    deal.do("decide_unconfirmed", unconfirmed_way="stop")

    assert deal.tasks == ["record_loss"]


def test_the_client_confirms_the_needs_by_a_message(deal: Walk) -> None:
    advance(deal, "discovery")
    deal.do("meet_client")
    deal.do("support_discovery")
    deal.send("needs.confirmed")

    assert deal.tasks == ["decide_stage"]


# ------------------------------------------------------------------------------------------------ 3 solution


def test_a_design_is_reworked_twice_and_then_the_director_decides(deal: Walk) -> None:
    advance(deal, "solution")
    deal.do("request_solution", custom=False, pilot=False)
    for _ in range(3):
        deal.do("design_solution")
        deal.do("accept_solution", design_accepted=False)
    assert deal.tasks == ["decide_rework"]
    deal.do("decide_rework", rework_way="again")
    deal.do("design_solution")
    deal.do("accept_solution", design_accepted=False)
    deal.do("decide_rework", rework_way="accept")

    assert deal.tasks == ["get_technical_acceptance"]


def test_a_custom_solution_with_a_pilot_is_checked_by_production_and_tried_out_at_once(deal: Walk) -> None:
    advance(deal, "solution")
    deal.do("request_solution", custom=True, pilot=True)
    deal.do("design_solution")
    deal.do("accept_solution", design_accepted=True)
    assert deal.tasks == ["check_feasibility", "run_pilot"]
    deal.fire("pilot_over")
    deal.do("assess_pilot")
    assert deal.tasks == ["check_feasibility"]
    deal.do("check_feasibility", feasible=True)

    assert deal.tasks == ["get_technical_acceptance"]


def test_an_infeasible_solution_gets_a_new_scope_or_ends(deal: Walk) -> None:
    advance(deal, "solution")
    for way in ("again", "stop"):
        deal.do("request_solution", custom=True, pilot=False)
        deal.do("design_solution")
        deal.do("accept_solution", design_accepted=True)
        deal.do("check_feasibility", feasible=False)
        deal.do("agree_scope", scope_way=way)

    assert deal.tasks == ["record_loss"]


def test_the_clients_technician_asks_for_changes_and_then_rejects(deal: Walk) -> None:
    advance(deal, "solution")
    for answer in ("changes", "no"):
        deal.do("request_solution", custom=False, pilot=True)
        deal.do("design_solution")
        deal.do("accept_solution", design_accepted=True)
        deal.do("run_pilot")
        deal.do("assess_pilot")
        deal.do("get_technical_acceptance", technical_answer=answer)

    assert deal.tasks == ["record_loss"]


def test_the_director_gives_up_a_design_that_never_gets_right(deal: Walk) -> None:
    advance(deal, "solution")
    deal.do("request_solution", custom=False, pilot=False)
    for _ in range(3):
        deal.do("design_solution")
        deal.do("accept_solution", design_accepted=False)
    deal.do("decide_rework", rework_way="stop")

    assert deal.tasks == ["record_loss"]


# ------------------------------------------------------------------------------------------------ 4 offer


def test_a_discount_within_the_policy_asks_nobody(deal: Walk) -> None:
    advance(deal, "offer")
    cost(deal, rebate=5)

    assert deal.tasks == ["present_offer"]
    assert deal.calls[-1] == "make_offer"


def test_a_middling_discount_asks_the_director_and_a_refusal_goes_back_to_costing(deal: Walk) -> None:
    advance(deal, "offer")
    cost(deal, rebate=10, discount_reason="Duże zamówienie")
    deal.do("approve_discount", discount_approved=False)
    assert deal.tasks == ["cost_offer"]
    cost(deal, rebate=10, discount_reason="Duże zamówienie")
    deal.do("approve_discount", discount_approved=True)

    assert deal.tasks == ["present_offer"]


def test_a_deep_discount_asks_finance_as_well(deal: Walk) -> None:
    advance(deal, "offer")
    for agrees in (False, True):
        cost(deal, rebate=20, discount_reason="Rynek")
        deal.do("approve_discount", discount_approved=True)
        deal.do("approve_margin", margin_approved=agrees)

    assert deal.tasks == ["present_offer"]


def test_a_thin_margin_asks_director_and_finance_whatever_the_discount(deal: Walk) -> None:
    advance(deal, "offer")
    line = {"quantity": 1, "list_price": 1000, "cost": 900, "rebate": 0}
    deal.do("cost_offer", lines=[line], payment_terms="days_14")
    deal.do("approve_discount", discount_approved=True)

    assert deal.tasks == ["approve_margin"]


def test_non_standard_terms_are_checked_by_finance_and_refused_ones_costed_again(deal: Walk) -> None:
    advance(deal, "offer")
    for result in ("refused", "granted"):
        cost(deal, payment_terms="other")
        deal.do("check_credit", credit_result=result)

    assert deal.tasks == ["present_offer"]


def test_an_offer_that_lapsed_is_extended_and_then_closed(deal: Walk) -> None:
    advance(deal, "offer")
    cost(deal, valid_until="2026-12-10")
    assert deal.timers["offer_lapsed"] == "2026-12-10"
    deal.fire("offer_lapsed")
    deal.do("extend_offer", extension="extend", valid_until="2026-12-31")
    assert deal.timers["offer_lapsed"] == "2026-12-31"
    deal.fire("offer_lapsed")
    deal.do("extend_offer", extension="close")

    assert deal.tasks == ["record_loss"]


def test_another_price_costs_the_offer_again_and_another_scope_goes_back_to_the_solution(deal: Walk) -> None:
    advance(deal, "offer")
    cost(deal)
    deal.do("present_offer", client_answer="price", reason="price")
    assert deal.tasks == ["cost_offer"]
    cost(deal)
    deal.do("present_offer", client_answer="scope", reason="scope")

    assert deal.stages[-1] == "solution"


def test_a_rejected_offer_leads_to_the_loss(deal: Walk) -> None:
    advance(deal, "offer")
    cost(deal)
    deal.do("present_offer", client_answer="rejected", reason="price")

    assert deal.tasks == ["record_loss"]


# ------------------------------------------------------------------------------------------------ 5 negotiation


def test_talks_go_on_while_points_are_open_even_if_the_client_agrees(deal: Walk) -> None:
    advance(deal, "negotiation")
    negotiate(deal, points=[{"agreed": False}])
    assert deal.tasks == ["negotiate"]
    negotiate(deal, client_answer="open")
    assert deal.tasks == ["negotiate"]
    negotiate(deal)

    assert deal.tasks == ["decide_stage"]


def test_a_round_beyond_the_mandate_needs_the_director(deal: Walk) -> None:
    advance(deal, "negotiation")
    negotiate(deal, beyond_mandate=True)
    deal.do("decide_mandate", mandate_granted=False)
    assert deal.tasks == ["negotiate"]
    negotiate(deal, beyond_mandate=True)
    deal.do("decide_mandate", mandate_granted=True)

    assert deal.tasks == ["decide_stage"]


@pytest.mark.parametrize(("answer", "stage"), [("price", "offer"), ("scope", "solution")])
def test_negotiation_goes_back_to_where_the_question_belongs(answer: str, stage: str) -> None:
    deal = advance(Walk("sales_funnel").start("deal_opened"), "negotiation")
    negotiate(deal, client_answer=answer, reason=answer)

    assert deal.stages[-1] == stage


def test_talks_broken_off_lead_to_the_loss(deal: Walk) -> None:
    advance(deal, "negotiation")
    negotiate(deal, client_answer="rejected", reason="terms")

    assert deal.tasks == ["record_loss"]


# ------------------------------------------------------------------------------------------------ 6 contract


def test_more_than_three_rounds_of_redlines_go_to_the_director(deal: Walk) -> None:
    advance(deal, "contract")
    for _ in range(4):
        deal.do("draft_contract")
        deal.do("review_contract", has_redlines=True)
    deal.do("decide_redlines", redlines_way="again")
    deal.do("draft_contract")
    deal.do("review_contract", has_redlines=True)
    deal.do("decide_redlines", redlines_way="accept")
    assert deal.tasks == ["set_security"]
    deal.do("set_security", security_kind="none")

    assert deal.tasks == ["sign_contract"]
    assert deal.calls[-1] == "make_contract"


def test_a_signed_contract_waits_for_the_payment_condition(deal: Walk) -> None:
    advance(deal, "contract")
    deal.do("draft_contract")
    deal.do("review_contract", has_redlines=False)
    deal.do("set_security", security_kind="prepayment", security_met=False)
    deal.do("sign_contract", client_answer="accepted")
    assert deal.tasks == ["confirm_security"]
    deal.do("confirm_security")

    assert deal.tasks == ["decide_stage"]


def test_other_terms_go_back_to_negotiation(deal: Walk) -> None:
    advance(deal, "contract")
    draft(deal)
    deal.do("sign_contract", client_answer="terms", reason="terms")

    assert deal.stages[-1] == "negotiation"


def test_a_refused_signature_leads_to_the_loss(deal: Walk) -> None:
    advance(deal, "contract")
    draft(deal)
    deal.do("sign_contract", client_answer="rejected", reason="terms")

    assert deal.tasks == ["record_loss"]


@pytest.mark.parametrize(("way", "task"), [("negotiate", "negotiate"), ("stop", "record_loss")])
def test_the_director_decides_about_a_contract_unsigned_for_thirty_days(way: str, task: str) -> None:
    deal = advance(Walk("sales_funnel").start("deal_opened"), "contract")
    draft(deal)
    deal.fire("unsigned_thirty_days")
    deal.do("decide_signature", signature_way="wait")
    assert deal.tasks == ["sign_contract"]
    deal.fire("unsigned_thirty_days")
    deal.do("decide_signature", signature_way=way, reason="terms")

    assert deal.tasks == [task]
