"""The words sellers give to clients in a long sale, which other departments have to make true, and what becomes of them.

When the day of one has come its seller is asked whether it was kept. One that was broken names whose doing it was:
mostly Presales, sometimes Production or Legal, now and then the seller; what the client broke names nobody of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.process.advancing import Happened
from engine.process.tasks import UserTask
from engine.sales import commitments
from engine.sales.commitments import OPEN, Commitment
from engine.sales.deals import Deal
from webapp.demo.answers import Answer
from webapp.demo.world import World

FORM = "was_it_kept"
"""The question that is asked on the day."""
SMALL = 40_000
"""Below this nobody promises a client anything special."""
OFTEN = 0.4
"""How often a seller gives a word when a deal comes to a stage."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a client was told, which department has to do it, and what is written down where that failed."""

    text: str
    department: str
    failed: str


WORDS: Mapping[str, tuple[Word, ...]] = {
    # by the stage that the deal has come to
    "discovery": (
        Word("Pokażemy podobne wdrożenie na żywo.", "presales", "Presales nie znalazł terminu na wizytę."),
        Word("Prześlemy referencje z branży.", "sales", "Nie dopilnowaliśmy zgód naszych klientów."),
    ),
    "solution": (
        Word("Zmierzymy zasięg w magazynie.", "presales", "Presales przełożył pomiary dwa razy."),
        Word("Prześlemy rysunek stref.", "presales", "Rysunek przyszedł z Presales tydzień po terminie."),
    ),
    "offer": (
        Word("Podamy wiążący termin dostawy.", "production", "Produkcja nie potwierdziła terminu."),
        Word("Policzymy wariant z terminalami.", "presales", "Presales policzył inny wariant."),
    ),
    "negotiation": (
        Word("Odpowiemy na uwagi do kar umownych.", "legal", "Radca odpowiedział po spotkaniu."),
        Word("Wskażemy kierownika wdrożenia.", "production", "Produkcja nie miała wolnej osoby."),
    ),
}
BROKEN: Mapping[str, float] = {"presales": 0.4, "production": 0.2, "legal": 0.16, "sales": 0.14}
"""How often a department lets the client's day pass."""
OWN_FAULT = 0.1
"""How often the seller says that it was the seller's own doing."""
CLIENTS_FAIL: Mapping[str, float] = {"client_to_us": 0.04, "mutual": 0.08}
LATER = 0.06
"""How often the answer is: it still goes on."""
CLIENTS_FAULT = "Klient odłożył to na następny miesiąc."

_MEANT = {word.text: word for words in WORDS.values() for word in words}


def watch(world: World, happened: Happened) -> None:
    """A deal that has come to a stage: its seller may give the client a word there."""
    if happened.instance.process != "sales_funnel":
        return
    for entered in happened.entered:
        words = WORDS.get(entered.element.stage or "")
        if words and world.rng.random() < OFTEN:
            at = world.office(happened.now, timedelta(hours=world.rng.uniform(1, 8)))
            world.later(at, _give, happened.instance.id, world.rng.choice(words))


def answer(world: World, session: Session, task: UserTask, deal: Deal | None) -> dict[str, Answer]:
    """What the seller says on the day, with whose doing it was; nothing where an agreement decides that by itself."""
    found = _asked(session, task, deal)
    if found is None or found.agreement_id is not None:
        return {}
    word, dice = _MEANT.get(found.text), world.rng.random()
    fails = BROKEN[word.department] if word else CLIENTS_FAIL.get(found.direction, 0.0)
    if dice >= fails:
        return {"outcome": "later" if dice > 1 - LATER else "kept"}
    cause = _cause(world, word) if word else None
    unit = world.departments[cause] if cause else None
    said = (
        word.failed if word and cause == word.department else CLIENTS_FAULT if not word else "Zapomnieliśmy."
    )
    return {"outcome": "broken", "reason": said, "caused_by": str(unit.id) if unit else None}


def _give(world: World, session: Session, at: datetime, instance_id: int, word: Word) -> None:
    deal = session.scalar(select(Deal).where(Deal.instance_id == instance_id))
    if deal is None or deal.status != "open" or deal.owner_id is None or (deal.amount or 0) < SMALL:
        return
    due_on = calendars.local_day(world.office(at, timedelta(hours=8 * world.rng.randrange(4, 12))))
    by = world.person(deal.owner_id)
    commitments.record(
        session, deal, direction="we_to_client", text=word.text, due_on=due_on, topic="scope", by=by, now=at
    )


def _cause(world: World, word: Word) -> str:
    return "sales" if world.rng.random() < OWN_FAULT else word.department


def _asked(session: Session, task: UserTask, deal: Deal | None) -> Commitment | None:
    """Which one the question is about: the task says it, else the first one due."""
    if deal is None:
        return None
    query = select(Commitment).where(Commitment.deal_id == deal.id, Commitment.state.in_(OPEN))
    named = (task.data or {}).get("commitment_id")
    if named:
        query = query.where(Commitment.id == int(named))
    return session.scalar(query.order_by(Commitment.due_on, Commitment.id).limit(1))
