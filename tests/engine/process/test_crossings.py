"""Crossings: where a diagram passes work from one department to another, and what is only the way back."""

import random

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.process import crossings, doctor, nesting
from engine.process.blueprint import Blueprint
from tests.bpmn.walk import KNOWN
from tests.engine.process.handing import Sketch, Walk, plan, scribbled
from webapp import shipped

Line = tuple[str, str, str, str]


def lines(blueprint: Blueprint, kind: str = "") -> list[Line]:
    """Flow, from, to and kind of every crossing."""
    found = crossings.find(blueprint)
    return [(each.flow, each.from_key, each.to_key, each.kind) for each in found if kind in ("", each.kind)]


def walked(blueprint: Blueprint) -> set[tuple[str, str, str, str, tuple[str, str]]]:
    return {
        (each.diagram, each.flow, each.from_key, each.to_key, source)
        for each in crossings.find(blueprint)
        for source in each.sources
    }


# ------------------------------------------------------------------------------------------------ one by one


def test_a_step_of_another_department_is_a_request_and_coming_back_is_a_return() -> None:
    sale = Sketch("sale").put("go:go", "sales:ask", "legal:draft", "sales:check", "stop:stop")

    assert lines(plan(sale.row("go", "ask", "draft", "check", "stop"))) == [
        ("ask>draft", "sales", "legal", "request"),
        ("draft>check", "legal", "sales", "return"),
    ]


def test_roles_the_system_gateways_and_heads_are_looked_through() -> None:
    sale = Sketch("sale").put(
        "go:go", "head:sales:ask", "way:w", "role:director:agree", "does:mail", "legal:draft"
    )

    assert lines(plan(sale.row("go", "ask", "w", "agree", "mail", "draft"))) == [
        ("mail>draft", "sales", "legal", "request")
    ]


def test_who_presses_start_hands_over_and_a_message_does_not() -> None:
    sale = Sketch("sale").put("go:go", "legal:draft").row("go", "draft")

    assert lines(plan(sale, pressed_by="sales")) == [("go>draft", "sales", "legal", "request")]
    assert lines(plan(sale)) == []


def test_a_boundary_event_comes_from_its_host() -> None:
    sale = Sketch("sale").put("go:go", "legal:draft", "sales:decide").event("late", "draft")

    assert lines(plan(sale.row("go", "draft").row("late", "decide"))) == [
        ("late>decide", "legal", "sales", "request")
    ]


def test_an_interrupted_part_is_its_departments_or_goes_back_to_who_began_it() -> None:
    """Legal alone works in the first part; in the second both do, so that Sales, who began it, has it back."""
    alone = Sketch("sale").put("go:go", "sales:ask", "finance:pay")
    alone.part("p", "go:pgo", "legal:draft", "legal:check").event("late", "p")
    alone.row("go", "ask", "p").row("pgo", "draft", "check").row("late", "pay")
    both = Sketch("sale").put("go:go", "sales:ask", "finance:pay")
    both.part("p", "go:pgo", "legal:draft", "sales:check").event("late", "p")
    both.row("go", "ask", "p").row("pgo", "draft", "check").row("late", "pay")

    assert ("late>pay", "legal", "finance", "request") in lines(plan(alone))
    assert ("late>pay", "sales", "finance", "request") in lines(plan(both))
    assert ("late>pay", "legal", "finance", "request") not in lines(plan(both))


def test_an_event_sub_process_comes_from_nobody() -> None:
    sale = Sketch("sale").put("go:go", "sales:ask").row("go", "ask")
    sale.part("on", "go:ongo", "legal:answer").row("ongo", "answer")

    assert lines(plan(sale)) == []


def test_a_called_process_is_entered_from_every_caller_and_left_to_the_one_it_was_called_by() -> None:
    """Called by Sales before Finance, and by Legal before Sales: nothing comes from Legal to Finance."""
    sale = Sketch("sale").put("go:go", "way:w", "sales:a", "legal:b", "finance:c", "sales:d")
    sale.call("one", "part").call("two", "part")
    sale.row("go", "w", "a", "one", "c").row("w", "b", "two", "d")
    part = Sketch("part").put("go:pgo", "does:mail", "stop:pstop").row("pgo", "mail", "pstop")

    assert {line[:3] for line in lines(plan(sale, part))} == {
        ("one>c", "sales", "finance"),
        ("two>d", "legal", "sales"),
    }
    worked = Sketch("part").put("go:pgo", "finance:mail", "stop:pstop").row("pgo", "mail", "pstop")
    assert {line[:3] for line in lines(plan(sale, worked))} == {
        ("pgo>mail", "sales", "finance"),
        ("pgo>mail", "legal", "finance"),
        ("two>d", "finance", "sales"),
    }


def test_a_process_that_calls_itself_is_looked_at_once() -> None:
    sale = Sketch("sale").put("go:go", "sales:ask", "way:w", "legal:draft", "sales:check", "stop:stop")
    sale.call("again", "sale").row("go", "ask", "w", "again", "draft", "check", "stop").row("w", "draft")

    assert lines(plan(sale)) == [
        ("w>draft", "sales", "legal", "request"),
        ("draft>check", "legal", "sales", "return"),
        ("again>draft", "sales", "legal", "request"),
    ]


def test_what_no_case_can_reach_hands_nothing_over() -> None:
    sale = Sketch("sale").put("go:go", "sales:ask", "legal:island", "sales:rock")
    called = Sketch("never").put("go:ngo", "sales:x", "legal:y").row("ngo", "x", "y")

    assert lines(plan(sale.row("go", "ask").row("island", "rock"), called)) == []


def test_a_step_that_names_its_agreement_is_always_a_request() -> None:
    """Rework goes to Legal and back by the same agreement; what Sales gets back is the way back of it."""
    sale = Sketch("sale").put("go:go", "legal:begin", "sales:check")
    sale.put("legal:draft", handoff="H5").row("go", "begin", "check", "draft", "check")

    assert lines(plan(sale)) == [
        ("begin>check", "legal", "sales", "request"),
        ("check>draft", "sales", "legal", "request"),
        ("draft>check", "legal", "sales", "return"),
    ]


def test_a_gateway_that_the_doctor_added_does_not_hide_the_flow_that_was_drawn() -> None:
    sale = Sketch("sale").put("go:go", "sales:ask", "finance:pay", "way:w", "legal:draft")
    sale.put("way:dr_join").row("go", "w", "ask", "dr_join").row("w", "pay", "dr_join")
    sale.flows["dr_flow_1"] = type(sale.flows["go>w"])("dr_flow_1", "dr_join", "draft")

    assert {line[:3] for line in lines(plan(sale))} == {
        ("ask>dr_join", "sales", "legal"),
        ("pay>dr_join", "finance", "legal"),
    }


# ------------------------------------------------------------------------------------------------ what ships

LONG = """
contract is_security_met_to_confirm_security sales>finance
contract prepare_contract_to_draft_contract finance>legal H5
contract prepare_contract_to_draft_contract sales>legal H5
contract prepare_contract_to_set_security sales>finance H6
contract redlines_decided_to_draft_contract sales>legal H5
contract too_many_redlines_to_draft_contract sales>legal H5
discovery prepare_together_to_support_discovery finance>presales H1
discovery prepare_together_to_support_discovery sales>presales H1
offer credit_needed_to_check_credit sales>finance H4
offer finance_needed_to_approve_margin sales>finance
sales_funnel prepare_hand_over_to_accept_hand_over sales>production H7
solution rework_decided_to_design_solution sales>presales H2
solution start_reworks_to_design_solution sales>presales H2
solution too_many_reworks_to_design_solution sales>presales H2
solution what_to_check_to_check_feasibility sales>production H3
solution what_to_check_to_run_pilot sales>presales
"""
FAST = """
complaint how_to_settle_to_refund_complaint sales_desk>finance
complaint how_to_settle_to_send_replacement sales_desk>warehouse
fast_sale goods_prepared_to_pick_and_pack finance>warehouse F2
fast_sale goods_prepared_to_pick_and_pack sales_desk>warehouse F2
fast_sale how_far_to_take_return sales_desk>delivery
fast_sale money_back_to_refund sales_desk>finance
fast_sale take_return_to_refund delivery>finance
fast_sale was_it_paid_to_refund sales_desk>finance
fast_sale what_about_shortage_to_pick_and_pack sales_desk>warehouse F2
payment_phase how_to_pay_to_decide_credit sales_desk>finance F1
payment_phase is_amount_right_to_match_payment sales_desk>finance F4
shipping_phase address_missing_to_arrange_delivery sales_desk>delivery
shipping_phase address_missing_to_arrange_delivery warehouse>delivery
shipping_phase book_carrier_to_hand_to_carrier sales_desk>delivery F3
shipping_phase book_carrier_to_hand_to_carrier warehouse>delivery F3
shipping_phase is_third_try_to_arrange_delivery sales_desk>delivery
shipping_phase is_third_try_to_arrange_delivery warehouse>delivery
"""


def compiled(process: str) -> doctor.Compiled:
    made = doctor.examine(shipped.bundle(process), process=process, known=KNOWN).compiled
    assert made is not None
    return made


@pytest.mark.parametrize(("process", "written"), [("sales_funnel", LONG), ("fast_sale", FAST)])
def test_the_requests_of_the_shipped_processes_are_these(process: str, written: str) -> None:
    found = [each for each in crossings.find(compiled(process).blueprint) if each.kind == "request"]

    said = [
        f"{each.diagram} {each.flow} {each.from_key}>{each.to_key} {each.handoff or ''}".strip()
        for each in found
    ]
    assert sorted(said) == written.strip().splitlines()


def test_every_agreement_a_shipped_diagram_names_is_the_agreement_of_a_crossing() -> None:
    for process in shipped.PROCESSES:
        plan_ = compiled(process).blueprint
        named = {element.handoff for _, element in plan_.everything() if element.handoff}
        assert named == {each.handoff for each in crossings.find(plan_) if each.handoff}


@pytest.mark.parametrize("process", ["sales_funnel", "fast_sale"])
def test_a_stored_blueprint_tells_the_same_also_one_that_says_nothing_of_sub_processes(process: str) -> None:
    made = compiled(process)
    stored = made.blueprint.to_json()
    back = Blueprint.from_json(orjson.loads(orjson.dumps(stored, option=orjson.OPT_SORT_KEYS)))
    for diagram in stored["diagrams"].values():
        for element in diagram["elements"].values():
            del element["parent"]
    silent = Blueprint.from_json(stored)

    assert crossings.find(back) == crossings.find(made.blueprint)
    assert nesting.is_silent(silent)
    assert not nesting.is_silent(back)
    assert nesting.told(silent, made.executable) == made.blueprint


# ------------------------------------------------------------------------------------------------ against a walk


@given(st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_looking_back_finds_what_a_walking_token_meets(seed: int) -> None:
    blueprint = scribbled(random.Random(seed))

    assert walked(blueprint) == Walk(blueprint).found


@pytest.mark.long
@given(st.integers(0, 2**62))
@settings(max_examples=5_000, deadline=None)
def test_looking_back_finds_what_a_walking_token_meets_at_length(seed: int) -> None:
    blueprint = scribbled(random.Random(seed))

    assert walked(blueprint) == Walk(blueprint).found


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_whatever_comes_back_was_asked_for(seed: int) -> None:
    """A return has a request between the same departments, the other way."""
    found = crossings.find(scribbled(random.Random(seed)))

    asked = {(each.from_key, each.to_key) for each in found if each.kind == "request"}
    assert all((each.to_key, each.from_key) in asked for each in found if each.kind == "return")
