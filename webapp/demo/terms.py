"""The words of the demo's agreements: what each of the shipped hand-offs says, and how it said it before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Starter:
    """One agreement: who delivers what to whom, and everything the two heads signed beside that."""

    code: str
    title: str
    title_en: str
    provider: str
    consumer: str
    terms: Terms
    more: Terms = field(default_factory=dict)

    @property
    def words(self) -> dict[str, Any]:
        """What is signed, without days."""
        return {"deliverable": self.title, **COMMON, **self.terms, **self.more}


READY = (
    "zakres opisany jednym akapitem",
    "znany termin, na kiedy potrzebne",
    "wskazana osoba po stronie klienta",
)
ACCEPTANCE = ("odpowiada na zakres", "ryzyka wymienione", "można pokazać klientowi bez poprawek")
SCOPE, DAY, CONTACT = READY

COMMON: Terms = {
    "ready": list(READY),
    "acceptance": list(ACCEPTANCE),
    "escalation": "po terminie: kierownicy obu działów, po 2 dniach: wspólny przełożony",
    "consequence": "rozmowa kierowników i przyczyna zapisana przy ruchu wstecz",
    "notice": "P10D",
}

TELL_BOTH = [
    {"after": "P0D", "who": "provider_head", "how": "notice"},
    {"after": "PT4H", "who": "consumer_head", "how": "notice"},
]
ASK_ABOVE = [*TELL_BOTH, {"after": "P2D", "who": "common_manager", "how": "task"}]
"""Steps of the agreements where being late costs the client's date."""

ACCEPTED: Terms = {"accepts": "consumer", "acceptance_window": "P2D"}
"""Where the diagram has no step of its own in which the work is accepted."""

WAITS_FOR_CLIENT, WAITS_FOR_TESTS = "czekamy na odpowiedź klienta", "czekamy na próbki lub dostęp"
PAUSES: Terms = {"pause_reasons": [WAITS_FOR_CLIENT, WAITS_FOR_TESTS]}

LARGE = {
    "inputs": [{"expression": "deal.amount", "label": "Wartość"}],
    "rules": [
        {"when": ["> 400000"], "promise_time": "P2D", "deliver_time": "P15D"},
        {"when": ["< 40000"], "promise_time": "PT4H", "deliver_time": "P5D"},
    ],
}
"""A large solution takes longer to design, a small one is designed in a week."""

FAST: Terms = {"steps": TELL_BOTH, "in_flight": "new"}

STARTERS = (
    Starter("H1", "Wsparcie rozpoznania", "Discovery support", "presales", "sales",
            {"deliver_time": "P2D", "target": 90, "rework": 1, "buffer": "P1D"}, {**ACCEPTED, **PAUSES, "steps": TELL_BOTH}),
    Starter("H2", "Projekt rozwiązania", "Solution design", "presales", "sales",
            {"promise_time": "P1D", "deliver_time": "P10D", "target": 85, "capacity": 12, "rework": 2, "buffer": "P2D"},
            {**PAUSES, "table": LARGE, "steps": ASK_ABOVE}),
    Starter("H3", "Ocena wykonalności", "Feasibility", "production", "sales",
            {"promise_time": "P1D", "deliver_time": "P5D", "target": 85, "capacity_week": 5, "rework": 1, "buffer": "P1D"},
            {**ACCEPTED, **PAUSES, "steps": ASK_ABOVE}),
    Starter("H4", "Ocena kredytowa", "Credit check", "finance", "sales",
            {"deliver_time": "P1D", "target": 95, "rework": 1}, {"steps": TELL_BOTH}),
    Starter("H5", "Projekt umowy", "Contract draft", "legal", "sales",
            {"promise_time": "PT4H", "deliver_time": "P3D", "target": 90, "rework": 2, "buffer": "P1D"},
            {**ACCEPTED, "pause_reasons": [WAITS_FOR_CLIENT], "steps": ASK_ABOVE}),
    Starter("H6", "Zabezpieczenie lub przedpłata", "Security or prepayment", "finance", "sales",
            {"deliver_time": "P2D", "target": 95, "rework": 1}, {"steps": TELL_BOTH}),
    Starter("H7", "Przejęcie do realizacji", "Hand-over", "production", "sales",
            {"deliver_time": "P2D", "target": 95, "rework": 1, "buffer": "P3D"}, {"steps": ASK_ABOVE}),
    Starter("F1", "Decyzja o kredycie", "Credit decision", "finance", "sales_desk",
            {"deliver_time": "PT1H", "target": 95}, FAST),
    Starter("F2", "Kompletacja", "Picking", "warehouse", "sales_desk",
            {"deliver_time": "PT4H", "target": 95, "capacity": 60, "rework": 1}, FAST),
    Starter("F3", "Wydanie przewoźnikowi", "Hand-over to the carrier", "delivery", "sales_desk",
            {"deliver_time": "P1D", "target": 95, "rework": 1}, FAST),
    Starter("F4", "Wyjaśnianie wpłat", "Matching of payments", "finance", "sales_desk",
            {"deliver_time": "PT4H", "target": 98}, FAST),
)  # fmt: skip
"""Seven of the long sale, four of the fast one: those that the shipped diagrams name."""

FAIR = Starter("H8", "Stoisko na targach", "Trade fair stand", "presales", "sales",
               {"deliver_time": "P15D", "target": 80, "notice": "P5D"})  # fmt: skip
"""One that no diagram names, and that Presales gave notice of."""

TRAINING = Starter("H9", "Szkolenie po wdrożeniu", "Training after roll-out", "production", "sales",
                   {"deliver_time": "P8D", "target": 90})  # fmt: skip
"""One that its author has not sent yet."""


def of(code: str) -> Starter:
    """The agreement of a code."""
    return next(each for each in (*STARTERS, FAIR, TRAINING) if each.code == code)
