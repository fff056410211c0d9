"""The fast sale, driven to every end of every diagram it is made of."""

from typing import Any

import pytest

from tests.bpmn.walk import Walk, blueprint, ends_drawn, ends_reached, examined

KNOWN_CLIENT = {
    "client_id": 7,
    "client_class": "b",
    "items_count": 3,
    "list_amount": 1200.0,
    "duplicate_of": None,
}


def arrive(order: Walk, payment: str = "prepay", **found: Any) -> Walk:
    """An order of a client whom the system knows: it takes the automatic route."""
    order.answers["catalogue", "enrich"] = KNOWN_CLIENT | found
    return order.start("order_requested", payment=payment)


def pay(order: Walk, amount: float = 1200.0) -> None:
    order.send("quote.accepted")
    order.send("payment.received", amount=amount)


def pack(order: Walk) -> None:
    order.do("pick_and_pack", picking="complete")


def deliver(order: Walk) -> None:
    order.do("hand_to_carrier")
    order.do("deliver_goods", delivery="delivered")


# ------------------------------------------------------------------------------------------------ the whole way


def test_a_known_clients_small_order_flows_until_the_warehouse_without_any_person(order: Walk) -> None:
    arrive(order)
    assert order.tasks == []
    assert order.deal["stage"] == "quote"
    pay(order)

    assert order.tasks == ["pick_and_pack"]
    assert order.calls[:6] == [
        "enrich_order",
        "check_stock",
        "price_order",
        "make_quote",
        "send_quote",
        "make_proforma",
    ]
    assert set(order.calls[6:]) == {"reserve_goods", "make_papers"}


def test_an_order_climbs_the_whole_ladder_and_ends_paid_and_delivered(order: Walk) -> None:
    order.start("order_taken", payment="prepay")
    order.do("contact_client", contact="reached")
    pay(order)
    pack(order)
    deliver(order)
    order.fire("two_days_later")
    order.send("feedback.received")

    assert order.outcome == "paid_and_shipped"
    assert order.stages == [stage.key for stage in blueprint("fast_sale").ladder]


def test_without_feedback_the_order_ends_by_itself(order: Walk) -> None:
    arrive(order)
    pay(order)
    pack(order)
    deliver(order)
    order.fire("two_days_later")
    assert order.calls[-1] == "ask_feedback"
    order.fire("no_feedback")

    assert order.outcome == "paid_and_shipped"


# ------------------------------------------------------------------------------------------------ coming in


def test_missing_data_are_completed_by_the_desk_and_the_order_checked_again(order: Walk) -> None:
    order.failing["enrich_order"] = ["DATA_MISSING"]
    arrive(order)
    assert order.tasks == ["complete_data"]
    order.do("complete_data")

    assert order.calls[:2] == ["enrich_order", "enrich_order"]
    assert order.deal["stage"] == "quote"


def test_an_order_sent_twice_is_dropped(order: Walk) -> None:
    arrive(order, duplicate_of=12)

    assert order.outcome == "lost_as_duplicate"


@pytest.mark.parametrize("large", [{"list_amount": 80_000.0}, {"items_count": 900}])
def test_a_large_order_goes_on_as_a_long_sale(large: dict[str, Any]) -> None:
    order = arrive(Walk("fast_sale", amount=80_000), **large)

    assert order.outcome == "converted"
    (lead,) = order.thrown
    assert lead.name == "lead.qualified"
    assert lead.payload == {"client_id": 7, "title": "Hala 4", "amount": 80_000.0, "source": "fast_sale"}


# ------------------------------------------------------------------------------------------------ the contact


def test_nobody_calling_for_fifteen_minutes_is_told_and_after_two_hours_the_shift_lead_takes_over(
    order: Walk,
) -> None:
    order.start("order_taken", payment="prepay")
    order.fire("no_contact_yet")
    assert order.calls[-1] == "return_to_pool"
    assert order.tasks == ["contact_client"]
    order.fire("no_contact_too_long")
    assert order.tasks == ["take_over"]
    order.do("take_over", contact="reached")

    assert order.deal["stage"] == "quote"


def test_a_client_who_never_answers_is_called_again_after_an_hour_four_hours_and_a_day(order: Walk) -> None:
    order.start("order_taken", payment="prepay")
    for pause in ("PT1H", "PT4H", "P1D"):
        order.do("contact_client", contact="no_answer")
        assert order.timers["time_to_call"] == pause
        order.fire("time_to_call")
    order.do("contact_client", contact="no_answer")

    assert order.outcome == "lost_without_response"


def test_a_client_who_is_not_interested_ends_the_order(order: Walk) -> None:
    order.start("order_taken", payment="prepay")
    order.do("contact_client", contact="not_interested", reason="price")

    assert order.outcome == "lost_by_client"


def test_a_talk_that_shows_a_complex_need_goes_on_as_a_long_sale(order: Walk) -> None:
    order.start("order_taken", payment="prepay")
    order.do("contact_client", contact="complex")

    assert order.outcome == "converted"


# ------------------------------------------------------------------------------------------------ stock and quote


def test_goods_out_of_stock_are_substituted_and_checked_again(order: Walk) -> None:
    order.failing["check_stock"] = ["NO_STOCK"]
    arrive(order)
    order.do("offer_substitute", substitute="substitute")

    assert order.deal["stage"] == "quote"


def test_a_declined_substitute_ends_the_order(order: Walk) -> None:
    order.failing["check_stock"] = ["NO_STOCK"]
    arrive(order)
    order.do("offer_substitute", substitute="declined")

    assert order.outcome == "lost_by_client"


def test_a_client_without_a_mail_address_gets_the_quote_from_the_desk(order: Walk) -> None:
    order.failing["send_quote"] = ["DATA_MISSING"]
    arrive(order)
    order.do("pass_quote_on")

    assert "quote.accepted" in order.messages


def test_a_changed_order_is_checked_and_quoted_again(order: Walk) -> None:
    arrive(order)
    order.send("quote.changed")

    assert order.calls.count("send_quote") == 2


def test_a_silent_quote_is_reminded_of_twice_and_then_lost(order: Walk) -> None:
    arrive(order)
    order.fire("quote_silent_day")
    order.fire("quote_silent_two_days")
    assert order.calls[-2:] == ["remind_of_quote"] * 2
    order.fire("quote_silent_three_days")

    assert order.outcome == "lost_without_response"


# ------------------------------------------------------------------------------------------------ the payment


def test_an_unpaid_order_is_reminded_of_called_about_and_at_last_released(order: Walk) -> None:
    arrive(order)
    order.send("quote.accepted")
    order.fire("unpaid_one_day")
    order.fire("unpaid_three_days")
    order.do("call_about_payment")
    order.fire("unpaid_seven_days")

    assert order.calls[-1] == "release_unpaid"
    assert order.outcome == "lost_unpaid"


def test_an_underpaid_order_is_matched_by_finance_which_may_wait_for_the_rest(order: Walk) -> None:
    arrive(order)
    pay(order, amount=1000)
    assert order.tasks == ["match_payment"]
    order.do("match_payment", matching="wait")
    order.send("payment.received", amount=200)
    order.do("match_payment", matching="settled")

    assert order.tasks == ["pick_and_pack"]


def test_credit_within_the_limit_asks_nobody(order: Walk) -> None:
    arrive(order, payment="credit")
    order.send("quote.accepted")

    assert order.tasks == ["pick_and_pack"]


def test_credit_over_the_limit_is_granted_by_finance(order: Walk) -> None:
    arrive(order, payment="credit", client_class="c", list_amount=100.0)
    order.do("contact_client", contact="reached")
    order.send("quote.accepted")
    order.do("decide_credit", credit_granted=True)

    assert order.tasks == ["pick_and_pack"]


@pytest.mark.parametrize(("answer", "ends"), [("accepted", ""), ("declined", "lost_by_client")])
def test_refused_credit_becomes_an_offer_to_prepay(answer: str, ends: str) -> None:
    order = arrive(Walk("fast_sale"), payment="credit", client_class="c")
    order.do("contact_client", contact="reached")
    order.send("quote.accepted")
    order.do("decide_credit", credit_granted=False)
    order.do("offer_prepayment", prepayment=answer)

    assert order.outcome == ends
    assert ("payment.received" in order.messages) == (answer == "accepted")


# ------------------------------------------------------------------------------------------------ the goods


def test_goods_that_went_meanwhile_are_found_by_the_desk(order: Walk) -> None:
    order.failing["reserve_goods"] = ["NO_STOCK"]
    arrive(order)
    pay(order)
    order.do("find_goods")

    assert order.tasks == ["pick_and_pack"]


def test_late_packing_is_told_to_the_head_of_the_warehouse(order: Walk) -> None:
    arrive(order)
    pay(order)
    order.fire("picking_late")

    assert order.calls[-1] == "tell_of_picking"
    assert order.tasks == ["pick_and_pack"]


@pytest.mark.parametrize(
    ("way", "tasks"),
    [("split", ["hand_to_carrier"]), ("substitute", ["pick_and_pack"]), ("refund", ["refund"])],
)
def test_a_shortage_is_settled_with_the_client(way: str, tasks: list[str]) -> None:
    order = arrive(Walk("fast_sale"))
    pay(order)
    order.do("pick_and_pack", picking="shortage")
    order.do("resolve_shortage", shortage_way=way)

    assert order.tasks == tasks


def test_a_carrier_that_fails_three_times_is_replaced_by_a_person(order: Walk) -> None:
    order.failing["book_carrier"] = ["CARRIER_FAILED"] * 3
    arrive(order)
    pay(order)
    pack(order)
    order.fire("wait_for_carrier")
    order.fire("wait_for_carrier")
    assert order.tasks == ["arrange_delivery"]
    order.do("arrange_delivery")

    assert order.tasks == ["hand_to_carrier"]


def test_a_carrier_that_fails_once_is_asked_again_in_a_quarter_of_an_hour(order: Walk) -> None:
    order.failing["book_carrier"] = ["CARRIER_FAILED"]
    arrive(order)
    pay(order)
    pack(order)
    assert order.timers["wait_for_carrier"] == "PT15M"
    order.fire("wait_for_carrier")

    assert order.tasks == ["hand_to_carrier"]


def test_a_missing_address_goes_to_delivery_at_once(order: Walk) -> None:
    order.failing["book_carrier"] = ["DATA_MISSING"]
    arrive(order)
    pay(order)
    pack(order)

    assert order.tasks == ["arrange_delivery"]


def test_a_parcel_nobody_picks_up_is_told_to_the_head_of_delivery(order: Walk) -> None:
    arrive(order)
    pay(order)
    pack(order)
    order.fire("pick_up_late")

    assert order.calls[-1] == "tell_of_pick_up"


def test_a_parcel_without_news_is_traced_and_delivered_again(order: Walk) -> None:
    arrive(order)
    pay(order)
    pack(order)
    order.do("hand_to_carrier")
    order.fire("no_news")
    order.do("trace_parcel", delivery="again")
    assert order.tasks == ["hand_to_carrier"]
    deliver(order)

    assert order.deal["stage"] == "delivered"


def test_a_parcel_that_comes_back_is_refunded(order: Walk) -> None:
    arrive(order)
    pay(order)
    pack(order)
    order.do("hand_to_carrier")
    order.do("deliver_goods", delivery="return")
    order.do("refund")

    assert order.outcome == "refunded"


@pytest.mark.parametrize(
    ("remedy", "task"),
    [("none", "answer_complaint"), ("replace", "send_replacement"), ("refund", "refund_complaint")],
)
def test_a_complaint_is_described_decided_and_settled(remedy: str, task: str) -> None:
    order = arrive(Walk("fast_sale"))
    pay(order)
    pack(order)
    deliver(order)
    order.fire("two_days_later")
    order.send("complaint.filed")
    order.do("register_complaint")
    order.do("decide_complaint", remedy=remedy)
    order.do(task)

    assert order.outcome == "paid_and_shipped"


# ------------------------------------------------------------------------------------------------ cancelled


def test_an_order_cancelled_before_the_payment_only_releases_the_goods(order: Walk) -> None:
    arrive(order)
    order.send("client.cancelled")

    assert order.calls[-1] == "release_goods"
    assert order.outcome == "cancelled"


def test_an_order_cancelled_after_the_payment_is_released_and_refunded(order: Walk) -> None:
    arrive(order)
    pay(order)
    order.send("client.cancelled")
    assert order.calls[-1] == "release_goods"
    assert order.tasks == ["refund"]
    order.do("refund")

    assert order.outcome == "refunded"


def test_an_order_cancelled_after_shipping_comes_back_and_is_refunded(order: Walk) -> None:
    arrive(order)
    pay(order)
    pack(order)
    order.do("hand_to_carrier")
    order.send("client.cancelled")
    assert order.tasks == ["take_return"]
    order.do("take_return")
    order.do("refund")

    assert order.outcome == "refunded"


def test_a_cancelled_order_leaves_nothing_waiting_behind(order: Walk) -> None:
    order.start("order_taken", payment="prepay")
    order.fire("no_contact_too_long")
    order.send("client.cancelled")

    assert order.ended
    assert order.waiting == []


# ------------------------------------------------------------------------------------------------ the whole


def test_the_doctor_has_nothing_to_say_against_the_bundle() -> None:
    against = [each for each in examined("fast_sale").findings if each.severity in {"error", "warning"}]

    assert against == []


def test_these_walks_reach_every_end_of_the_fast_sale() -> None:
    assert ends_drawn("fast_sale") - ends_reached("fast_sale", __name__) == set()
