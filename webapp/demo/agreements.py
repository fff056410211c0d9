"""The demo's agreements: those of the shipped processes, signed by both heads, and one still being negotiated."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars, people
from engine.people import Department
from engine.sales import agreements, negotiating
from webapp.demo.company import Company

STARTERS = (
    # code, Polish, English, provider, consumer, time to promise, to deliver, target %, capacity, rework
    ("H1", "Wsparcie rozpoznania", "Discovery support", "presales", "sales", "PT4H", "P2D", 90, None, 1),
    ("H2", "Projekt rozwiązania", "Solution design", "presales", "sales", "P1D", "P10D", 85, 8, 2),
    ("H3", "Ocena wykonalności", "Feasibility", "production", "sales", "P1D", "P5D", 85, 5, 1),
    ("H4", "Ocena kredytowa", "Credit check", "finance", "sales", "PT2H", "P1D", 95, None, 1),
    ("H5", "Projekt umowy", "Contract draft", "legal", "sales", "PT4H", "P3D", 90, None, 2),
    ("H6", "Zabezpieczenie lub przedpłata", "Security or prepayment", "finance", "sales", "PT4H", "P2D", 95, None, 1),
    ("H7", "Przejęcie do realizacji", "Hand-over", "production", "sales", "PT4H", "P2D", 95, None, 1),
    ("F1", "Decyzja o kredycie", "Credit decision", "finance", "sales_desk", "PT15M", "PT1H", 95, None, 0),
    ("F2", "Kompletacja", "Picking", "warehouse", "sales_desk", "PT30M", "PT4H", 95, 40, 1),
    ("F3", "Wydanie przewoźnikowi", "Hand-over to the carrier", "delivery", "sales_desk", "PT1H", "P1D", 95, None, 1),
    ("F4", "Wyjaśnianie wpłat", "Matching of payments", "finance", "sales_desk", "PT1H", "PT4H", 98, None, 0),
)  # fmt: skip

READY = (
    "zakres opisany jednym akapitem",
    "znany termin, na kiedy potrzebne",
    "wskazana osoba po stronie klienta",
)
ACCEPTANCE = ("odpowiada na zakres", "ryzyka wymienione", "można pokazać klientowi bez poprawek")


def sign_all(session: Session, company: Company, *, now: datetime) -> None:
    """Every starter agreement drafted by Sales, proposed, and signed by the other side two days later."""
    units = {unit.key: unit for unit in session.scalars(select(Department))}
    for code, title, title_en, provider, consumer, promise, deliver, target, capacity, rework in STARTERS:
        ours, theirs = (
            people.head_of(session, units[consumer].id),
            people.head_of(session, units[provider].id),
        )
        if ours is None or theirs is None:
            continue
        terms: dict[str, Any] = {
            "deliverable": title,
            "ready": "\n".join(READY),
            "acceptance": "\n".join(ACCEPTANCE),
            "promise_time": promise,
            "deliver_time": deliver,
            "target": str(target),
            "capacity": str(capacity or ""),
            "rework": str(rework),
            "escalation": "po terminie: kierownicy obu działów, po 2 dniach: wspólny przełożony",
            "consequence": "rozmowa kierowników i przyczyna zapisana przy ruchu wstecz",
            "review_on": (now + timedelta(days=300)).date().isoformat(),
        }
        made = negotiating.draft(
            session, title, provider=units[provider], consumer=units[consumer], terms=terms, code=code,
            title_en=title_en, by=ours, now=now,
        )  # fmt: skip
        version = negotiating.propose(session, made, by=ours, now=now)
        negotiating.accept(session, version, by=theirs, now=now + timedelta(hours=2))


def negotiate(session: Session, company: Company, *, now: datetime) -> None:
    """Sales wants the solution design faster; Presales answers with a smaller capacity and a longer promise."""
    agreement = session.scalar(select(agreements.Agreement).where(agreements.Agreement.code == "H2"))
    if agreement is None:
        return
    ours, theirs = (
        people.head_of(session, agreement.consumer_id),
        people.head_of(session, agreement.provider_id),
    )
    current = session.get(agreements.AgreementVersion, agreement.current_version_id)
    if ours is None or theirs is None or current is None:
        return
    asked, answered = (calendars.ORGANIZATION.next_opening(now - timedelta(days=back)) for back in (6, 4))
    faster = {**current.terms, "deliver_time": "P7D", "target": "90"}
    proposed = negotiating.propose(session, agreement, faster, by=ours, now=asked)
    negotiating.remark(
        session,
        agreement,
        "Klienci czekają na projekt dłużej niż na ofertę.",
        by=ours,
        now=asked,
    )
    answer = {**faster, "deliver_time": "P8D", "capacity": "6", "target": "88"}
    negotiating.counter(session, proposed, answer, by=theirs, now=answered)
    negotiating.remark(
        session,
        agreement,
        "Osiem dni, jeśli naraz będzie najwyżej sześć projektów.",
        by=theirs,
        now=answered,
    )
