"""How a long sale is worked: each stage on its straightest way."""

from tests.bpmn.walk import Walk


def qualify(deal: Walk) -> None:
    deal.do("qualify", fit="yes")
    deal.do("agree_next_step")


def discover(deal: Walk) -> None:
    deal.do("meet_client")
    deal.do("support_discovery")
    deal.do("confirm_needs")


def solve(deal: Walk) -> None:
    deal.do("request_solution", custom=False, pilot=False)
    deal.do("design_solution")
    deal.do("accept_solution", design_accepted=True)
    deal.do("get_technical_acceptance", technical_answer="yes")


def cost(deal: Walk, rebate: int = 0, **answers: object) -> None:
    line = {"quantity": 10, "list_price": 1000, "cost": 500, "rebate": rebate}
    deal.do("cost_offer", lines=[line], **{"payment_terms": "days_14", **answers})


def bid(deal: Walk) -> None:
    cost(deal)
    deal.do("present_offer", client_answer="accepted")


def negotiate(deal: Walk, **answers: object) -> None:
    settled = [{"agreed": True}]
    deal.do(
        "negotiate", **{"points": settled, "beyond_mandate": False, "client_answer": "accepted", **answers}
    )


def draft(deal: Walk) -> None:
    deal.do("draft_contract")
    deal.do("review_contract", has_redlines=False)
    deal.do("set_security", security_kind="none")


def sign(deal: Walk) -> None:
    draft(deal)
    deal.do("sign_contract", client_answer="accepted")


BODIES = {
    "qualification": qualify,
    "discovery": discover,
    "solution": solve,
    "offer": bid,
    "negotiation": negotiate,
    "contract": sign,
}


def advance(deal: Walk, until: str) -> Walk:
    """Work the deal through its stages until it enters ``until``."""
    while deal.deal["stage"] != until:
        BODIES[deal.deal["stage"]](deal)
        deal.do("decide_stage", decision="advance")
    return deal


def drop(deal: Walk, stage: str, verdict: str = "allow") -> None:
    """Drag the card, as the board does."""
    deal.send("stage.move", next_stage=stage, verdict=verdict, reason="scope")


def hand_over(deal: Walk) -> None:
    advance(deal, "contract")
    sign(deal)
    deal.do("decide_stage", decision="advance")
