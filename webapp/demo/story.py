"""What people and clients of the demo decide, and how long they take: the part that makes the reports tell a story.

About one move in twenty goes back, mostly because of Presales; Solution is where deals pile up; Presales promises and is
late; the fast sale flows, and sticks now and then where it would.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from engine import calendars
from engine.people import Department
from engine.process.tasks import UserTask
from engine.sales.deals import Deal
from webapp.demo.answers import Answer
from webapp.demo.company import Company

Odds = Mapping[str, float]

STAGES = ("qualification", "discovery", "solution", "offer", "negotiation", "contract")

DECISIONS: Mapping[tuple[str, str], Odds] = {
    # (form or *, field) → how often which answer
    ("qualification", "fit"): {"yes": 0.74, "unclear": 0.12, "no": 0.14},
    ("decide_stage", "decision"): {"advance": 0.88, "back": 0.06, "suspend": 0.03, "lost": 0.03},
    ("accept_solution", "design_accepted"): {"yes": 0.78, "no": 0.22},
    ("decide_rework", "rework_way"): {"again": 0.5, "accept": 0.4, "stop": 0.1},
    ("solution_request", "custom"): {"yes": 0.3, "no": 0.7},
    ("solution_request", "pilot"): {"yes": 0.2, "no": 0.8},
    ("assess_pilot", "pilot_result"): {"good": 0.7, "partly": 0.25, "bad": 0.05},
    ("feasibility", "feasible"): {"yes": 0.9, "no": 0.1},
    ("change_scope", "scope_way"): {"again": 0.8, "stop": 0.2},
    ("technical_acceptance", "technical_answer"): {"yes": 0.86, "changes": 0.1, "no": 0.04},
    ("decide_unconfirmed", "unconfirmed_way"): {"ask": 0.4, "proceed": 0.4, "stop": 0.2},
    ("offer_answer", "client_answer"): {"accepted": 0.74, "price": 0.12, "scope": 0.07, "rejected": 0.07},
    ("approve_discount", "discount_approved"): {"yes": 0.85, "no": 0.15},
    ("approve_margin", "margin_approved"): {"yes": 0.8, "no": 0.2},
    ("extend_offer", "extension"): {"extend": 0.7, "close": 0.3},
    ("credit_check", "credit_result"): {"granted": 0.7, "prepayment": 0.22, "refused": 0.08},
    ("negotiation_round", "client_answer"): {"accepted": 0.66, "open": 0.18, "price": 0.05, "scope": 0.05, "rejected": 0.06},
    ("negotiation_round", "beyond_mandate"): {"yes": 0.1, "no": 0.9},
    ("decide_mandate", "mandate_granted"): {"yes": 0.8, "no": 0.2},
    ("review_contract", "has_redlines"): {"yes": 0.35, "no": 0.65},
    ("decide_redlines", "redlines_way"): {"again": 0.4, "accept": 0.6},
    ("security", "security_met"): {"yes": 0.9, "no": 0.1},
    ("signature", "client_answer"): {"accepted": 0.9, "terms": 0.05, "rejected": 0.05},
    ("decide_signature", "signature_way"): {"wait": 0.7, "negotiate": 0.2, "stop": 0.1},
    ("accept_hand_over", "hand_over_accepted"): {"yes": 0.85, "no": 0.15},
    ("approve_move", "move_approved"): {"yes": 0.8, "no": 0.2},
    ("review_loss", "loss_verdict"): {"confirm": 0.86, "reopen": 0.14},
    ("was_it_kept", "outcome"): {"kept": 0.75, "broken": 0.15, "later": 0.1},
    ("contact_client", "contact"): {"reached": 0.78, "no_answer": 0.14, "not_interested": 0.06, "complex": 0.02},
    ("offer_substitute", "substitute"): {"substitute": 0.4, "later": 0.35, "declined": 0.25},
    ("find_goods", "goods_found"): {"stock_in": 0.7, "changed": 0.3},
    ("decide_credit", "credit_granted"): {"yes": 0.75, "no": 0.25},
    ("offer_prepayment", "prepayment"): {"accepted": 0.75, "declined": 0.25},
    ("match_payment", "matching"): {"settled": 0.8, "wait": 0.2},
    ("pick_and_pack", "picking"): {"complete": 0.94, "shortage": 0.06},
    ("resolve_shortage", "shortage_way"): {"split": 0.6, "substitute": 0.25, "refund": 0.15},
    ("delivery_result", "delivery"): {"delivered": 0.93, "again": 0.05, "return": 0.02},
    ("take_return", "condition"): {"good": 0.8, "damaged": 0.2},
    ("decide_complaint", "remedy"): {"none": 0.3, "replace": 0.45, "refund": 0.25},
    ("decide_hand_off", "decision"): {"remind": 0.45, "let_run": 0.3, "new_date": 0.2, "waive": 0.05},
    ("agreement_review", "review"): {"keep": 1.0},
    ("new_order", "payment"): {"prepay": 0.7, "credit": 0.3},
    ("new_order", "channel"): {"web": 0.7, "mail": 0.2, "phone": 0.1},
    ("*", "causing_department"): {"presales": 0.5, "sales": 0.2, "production": 0.12, "legal": 0.1, "": 0.08},
    ("record_loss", "reason"): {
        "price": 0.26, "competitor": 0.2, "no_budget": 0.14, "no_decision": 0.14, "timing": 0.1, "our_delay": 0.08,
        "terms": 0.05, "infeasible": 0.03,
    },
}  # fmt: skip

PACE: Mapping[str, tuple[float, float]] = {
    # provider of a hand-off or lane → median share of the time allowed, spread; above 1 is late
    "presales": (0.92, 0.45),
    "production": (0.5, 0.4),
    "legal": (0.6, 0.4),
    "finance": (0.45, 0.4),
    "sales": (0.2, 0.7),
    "sales_desk": (0.35, 0.6),
    "warehouse": (0.45, 0.4),
    "delivery": (0.5, 0.4),
}


@dataclass(frozen=True, slots=True)
class Message:
    """What a client does while a process waits: how often at all, and within which hours."""

    odds: float
    hours: tuple[float, float]


CLIENTS: Mapping[str, Message] = {
    "needs.confirmed": Message(0.88, (6, 100)),
    "client.replied": Message(0.6, (24, 200)),
    "quote.accepted": Message(0.4, (0.3, 20)),
    "quote.changed": Message(0.05, (0.3, 20)),
    "payment.received": Message(0.94, (0.5, 60)),
    "client.returned": Message(0.5, (100, 900)),
    "feedback.received": Message(0.35, (10, 90)),
    "complaint.filed": Message(0.03, (10, 60)),
    "client.cancelled": Message(0.025, (1, 60)),
    "client.withdrew": Message(0.05, (200, 1500)),
}


@dataclass(frozen=True, slots=True)
class Woken:
    """What a reminder does: a client who was silent remembers, or not. Two reminders wake more than one."""

    by: str
    answers: str
    message: Message


WOKEN = Woken("remind_of_quote", "quote.accepted", Message(0.55, (0.3, 5)))


def choose(form: str, field: str, rng: random.Random) -> str | None:
    """What is answered, or None where the story does not care."""
    odds = DECISIONS.get((form, field)) or DECISIONS.get(("*", field))
    if odds is None:
        return None
    return rng.choices(list(odds), list(odds.values()))[0]


def decided(
    form: str,
    deal: Deal | None,
    company: Company,
    departments: Mapping[str, Department],
    rng: random.Random,
    now: datetime,
) -> dict[str, Answer]:
    """Everything the story decides about one form."""
    today = calendars.local_day(now)
    found: dict[str, Answer] = {}
    for key, field in DECISIONS:
        if key in {form, "*"}:
            found[field] = choose(form, field, rng)
    cause = found.get("causing_department")
    unit = departments.get(cause) if isinstance(cause, str) else None
    found["causing_department"] = str(unit.id) if unit else None
    special = SPECIAL.get(form)
    return found | (special(deal, company, rng, today) if special else {})


def _stage(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    rank = deal.stage_rank if deal and deal.stage_rank else 1
    answers: dict[str, Answer] = {
        "next_stage": STAGES[max(rank - 2, 0)],
        "reason": rng.choice(("missing_work", "scope", "client_changed")),
        "until": (today + timedelta(days=rng.randrange(15, 60))).isoformat(),
    }
    if rank == 1:  # nothing lies behind the first stage
        answers["decision"] = rng.choices(("advance", "lost"), (0.95, 0.05))[0]
    return answers


def _offer(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    wanted = float(deal.amount) if deal and deal.amount else 80_000.0
    lines: list[dict[str, str]] = []
    rows = rng.choice((2, 3, 4))
    rebate = rng.choices((0, 3, 5, 8, 12, 18), (0.3, 0.25, 0.25, 0.1, 0.07, 0.03))[0]
    for product in rng.sample(company.products, rows):
        price = float(product.list_price)
        quantity = max(1, round(wanted / rows / price))
        cost = float(product.cost) * rng.uniform(0.92, 1.0)
        lines.append({"product": str(product.id), "quantity": str(quantity), "list_price": f"{price:.2f}",
                      "rebate": str(rebate), "cost": f"{cost:.2f}"})  # fmt: skip
    return {
        "lines": list(lines),
        "discount_reason": "Zamówienie ramowe na rok.",
        "valid_until": (today + timedelta(days=30)).isoformat(),
        "payment_terms": rng.choices(("days_14", "days_30", "prepayment", "other"), (0.5, 0.35, 0.1, 0.05))[
            0
        ],
    }


def _round(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    topics = rng.sample(("termin wdrożenia", "kary umowne", "gwarancja", "szkolenia", "płatności"), 2)
    points: list[dict[str, str]] = [
        {"topic": topic, "ours": "jak w ofercie", "theirs": "krócej i taniej", "agreed": "yes"}
        for topic in topics
    ]
    return {"points": list(points), "round_date": today.isoformat()}


def _people(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    persons = (("Ewa Jawor", "decides", "for"), ("Piotr Brzoza", "uses", "neutral"))
    stakeholders: list[dict[str, str]] = [
        {"person": name, "role": role, "stance": stance} for name, role, stance in persons
    ]
    return {"stakeholders": list(stakeholders)}


def _commitment(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    return {
        "direction": rng.choice(("client_to_us", "client_to_us", "client_to_us", "mutual")),
        "text": rng.choice(("Przekażą listę stanowisk i plan magazynu.", "Wyślemy kalkulację wariantu B.",
                            "Umówią spotkanie z działem IT.", "Dostarczymy referencje z branży.")),
        "due_on": (today + timedelta(days=rng.randrange(5, 20))).isoformat(),
    }  # fmt: skip


def _loss(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    return {"lesson": rng.choice(("Wcześniej pytać o budżet.", "Szybciej z projektem rozwiązania.",
                                  "Rozmawiać z tym, kto płaci.", "Nie obiecywać terminu bez Produkcji."))}  # fmt: skip


def _card(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    """The card of a deal that came from an order too large for the fast sale."""
    client = next(
        (each for each in company.clients if deal and each.id == deal.client_id), company.clients[0]
    )
    return {
        "client": str(client.id),
        "contact": str(company.contacts[client.id].id),
        "title": "Zamówienie większe niż zwykle",
        "amount": f"{float(deal.amount or 60_000) if deal else 60_000:.0f}",
        "expected_close": (today + timedelta(days=60)).isoformat(),
    }


def _contract(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    deviations: list[dict[str, str]] = [
        {"clause": "§ 7 kary umowne", "text": "limit do 10 % wartości", "risk": "low"}
    ]
    return {"deviations": list(deviations) if rng.random() < 0.4 else None}


def _order(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    client = rng.choice(company.clients)
    items: list[dict[str, str]] = []
    for product in rng.sample(company.products, rng.choice((1, 1, 2, 3))):
        most = max(1, int(9_000 / float(product.list_price)))
        items.append({"sku": product.sku, "quantity": str(rng.randint(1, min(most, 20)))})
    return {"tax_id": client.tax_id, "client_name": client.name, "items": list(items),
            "address": f"{client.city}, ul. Portowa {rng.randrange(1, 90)}"}  # fmt: skip


def _tax(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    client = rng.choice(company.clients)
    items: list[dict[str, str]] = [{"sku": rng.choice(company.products).sku, "quantity": "2"}]
    return {"tax_id": client.tax_id, "client_name": client.name, "items": list(items)}


def _new_due(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    day = today + timedelta(days=rng.randrange(3, 8))
    while not calendars.is_work_day(day):
        day += timedelta(days=1)
    return {"new_due": day.isoformat(), "reason": rng.choice(("Obie strony mają rację; liczy się klient.",
                                                              "Rozmawialiśmy we troje.", "Tak będzie najprościej."))}  # fmt: skip


def _meeting(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    return {"meeting_on": None, "note": "Proszę o odpowiedź do końca tygodnia, choćby odmowną."}


def _review(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    return {"review_on": (today + timedelta(days=180)).isoformat(), "note": "Działa, zostawiamy."}


def _shortage(deal: Deal | None, company: Company, rng: random.Random, today: date) -> dict[str, Answer]:
    sku = rng.choice(company.products).sku
    missing: list[dict[str, str]] = [{"sku": sku, "missing": "1"}]
    items: list[dict[str, str]] = [{"sku": "SCAN-10", "quantity": "2"}]
    return {"shortages": list(missing), "items": list(items), "parcels": "1", "weight": "7.5"}


SPECIAL: Mapping[str, Callable[[Deal | None, Company, random.Random, date], dict[str, Answer]]] = {
    "discovery": _people,
    "decide_stage": _stage,
    "repair_stage": _stage,
    "review_loss": lambda deal, company, rng, today: {"next_stage": "offer", "reason": "new_offer"},
    "offer": _offer,
    "negotiation_round": _round,
    "next_step": _commitment,
    "record_loss": _loss,
    "contract": _contract,
    "new_deal": _card,
    "new_order": _order,
    "complete_data": _tax,
    "offer_substitute": _tax,
    "find_goods": _tax,
    "pick_and_pack": _shortage,
    "resolve_shortage": _shortage,
    "decide_hand_off": _new_due,
    "agreement_answer": _meeting,
    "agreement_review": _review,
}


def minutes(task: UserTask, rng: random.Random) -> int:
    """Work minutes somebody takes from the opening of a task to its completion."""
    kind, _, key = (task.audience or "").partition(":")
    unit = key if kind == "department" else "sales"
    middle, spread = PACE.get(unit, PACE["sales"])
    share = rng.lognormvariate(0, spread) * middle
    if task.due_at is not None:
        allowed = work_minutes(task.opened_at, task.due_at)
        return max(3, int(allowed * share))
    return max(5, int(60 * rng.lognormvariate(1.4, 0.9)))


def work_minutes(start: datetime, end: datetime) -> int:
    """Roughly the work time between two moments: eight hours for every work day, the rest of the day as it is."""
    days = calendars.work_days_between(calendars.local_day(start), calendars.local_day(end))
    if days <= 0:
        return max(5, int((end - start).total_seconds() // 60))
    local_start, local_end = start.astimezone(calendars.HOME), end.astimezone(calendars.HOME)
    return max(
        5, days * 480 + (local_end.hour - local_start.hour) * 60 + local_end.minute - local_start.minute
    )
