"""How the demo's agreements came to be: weeks of talks before the first day, and what became of some of them since.

The solution design was answered twice before both signed it; the contract draft was signed by a deputy; the credit check
was revised while its first words stayed in force; feasibility rested for two weeks; the trade fair was given notice of.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from engine import absences, calendars
from engine.people import Person
from engine.sales import pauses, standing
from engine.sales.agreements import AgreementAct
from webapp.demo import agreements
from webapp.demo.terms import FAIR, STARTERS, TRAINING, Starter, of
from webapp.demo.world import World

BEFORE = timedelta(days=84)
"""So long before the first day of work the company begins to talk about agreements."""

BEGAN: Mapping[str, tuple[int, int]] = {
    # proposed and signed: days before the first day of work
    "H1": (79, 77), "H2": (77, 68), "H3": (72, 70), "H4": (70, 68), "H5": (63, 62), "H6": (60, 58), "H7": (57, 55),
    "F1": (50, 49), "F2": (48, 42), "F3": (44, 43), "F4": (41, 40), "H8": (38, 37),
}  # fmt: skip

FIRST: Mapping[str, Mapping[str, Any]] = {
    "H2": {"deliver_time": "P8D", "capacity": 20, "ready": ["zakres opisany jednym akapitem"]},
    "H4": {"deliver_time": "P2D", "target": 90},
    "F2": {"deliver_time": "PT2H", "capacity": None},
}
"""What was said otherwise in the first proposal."""

H2_ANSWERS = (
    (
        73,
        {"deliver_time": "P12D", "capacity": 8, "ready": list(of("H2").words["ready"])},
        "Bez terminu i osoby po stronie klienta projektujemy w próżnię. Osiem naraz, nie więcej.",
    ),
    (
        70,
        {"deliver_time": "P10D", "capacity": 12},
        "Dziesięć dni i dwanaście naraz. Listę rzeczy do przyniesienia bierzemy na siebie.",
    ),
)
F2_ANSWER = (
    45,
    {"deliver_time": "PT4H", "capacity": 60},
    "Dwie godziny dotrzymamy przy trzydziestu paczkach dziennie, nie przy sześćdziesięciu.",
)

TWO_DAYS = timedelta(hours=16)
"""Of work: less than silence may last before it goes to a manager."""

REVISED = "Klienci na kredycie czekają drugi dzień. Jeden dzień wystarcza, gdy wniosek jest pełny."
RESTS = "Inwentaryzacja na hali: technolodzy liczą materiał."
OVER = "Targi przejęła agencja; stoiska już nie budujemy."
FASTER_SECURITY = "Czy zabezpieczenia mogą być w jeden dzień? Umowy czekają tylko na nie."
SLOWER = "Jeden dzień przy kompletnych dokumentach. Dopisaliśmy, czego potrzebujemy."


def prepare(world: World, begin: datetime) -> None:
    """Put every word about agreements on the agenda."""
    _before(world, begin)
    share = world.until - begin
    _revise(world, begin + share * 0.3)
    _rest(world, begin + share * 0.45)
    world.later(_at(world, begin + share * 0.5), _give_notice)
    _go_on(world)


# ------------------------------------------------------------------------------------------------ before the first day


def _before(world: World, begin: datetime) -> None:
    for starter in (*STARTERS, FAIR):
        proposed, signed = BEGAN[starter.code]
        world.later(_back(world, begin, proposed), _propose, starter)
        if starter.code != "H5":
            world.later(_back(world, begin, signed), _sign, starter.code)
    for days, changed, said in H2_ANSWERS:
        world.later(_back(world, begin, days), _answer, "H2", changed, said)
    days, changed, said = F2_ANSWER
    world.later(_back(world, begin, days), _answer, "F2", changed, said)
    world.later(_back(world, begin, 66), _leave, begin)
    world.later(_back(world, begin, BEGAN["H5"][1]), _sign_as_deputy)


def _propose(world: World, session: Session, at: datetime, starter: Starter) -> None:
    said = dict(FIRST.get(starter.code, {}))
    if starter.code == "F2":  # its review is due on one of the last days
        said["review_on"] = _day(world, 2).isoformat()
    agreements.propose(session, starter, now=at, **said)


def _answer(
    world: World, session: Session, at: datetime, code: str, changed: Mapping[str, Any], said: str
) -> None:
    version = agreements.on_the_table(session, code)
    if version is not None:
        agreements.answer(session, version, changed, said, now=at)


def _sign(world: World, session: Session, at: datetime, code: str) -> None:
    version = agreements.on_the_table(session, code)
    if version is not None:
        agreements.sign(session, version, now=at)


def _leave(world: World, session: Session, at: datetime, begin: datetime) -> None:
    """The head of Legal is away for two weeks, and says who stands in."""
    away, deputy = (
        session.get_one(Person, world.firm.people[name].id) for name in ("Borys Lis", "Julia Orzeł")
    )
    first = calendars.local_day(at)
    absences.record(session, away, deputy, first, first + timedelta(days=13), "urlop", by=away, now=at)


def _sign_as_deputy(world: World, session: Session, at: datetime) -> None:
    version = agreements.on_the_table(session, "H5")
    if version is not None:
        agreements.sign(session, version, now=at, by=world.firm.people["Julia Orzeł"])


# ------------------------------------------------------------------------------------------------ since then


def _revise(world: World, at: datetime) -> None:
    """The credit check in one day instead of two: asked, signed two days later, in force a week after that."""
    begins = calendars.local_day(at) + timedelta(days=9)
    said = {"deliver_time": "P1D", "target": 95, "valid_from": begins.isoformat()}
    world.later(_at(world, at), _change, "H4", said, REVISED)
    world.later(_at(world, at + timedelta(days=2)), _sign, "H4")


def _change(
    world: World, session: Session, at: datetime, code: str, changed: Mapping[str, Any], said: str
) -> None:
    if agreements.on_the_table(session, code) is None:
        agreements.change(session, code, changed, said, now=at)


def _rest(world: World, at: datetime) -> None:
    """Production asks for two weeks without feasibility, and Sales consents the next day."""
    until = calendars.local_day(at) + timedelta(days=15)
    world.later(_at(world, at), _suspend, until)


def _suspend(world: World, session: Session, at: datetime, until: date) -> None:
    asks = world.firm.people["Henryk Tur"]
    act = pauses.suspend(session, agreements.of(session, "H3"), until, RESTS, by=asks, now=at)
    world.later(world.office(at, timedelta(hours=5)), _consent, act.id)


def _consent(world: World, session: Session, at: datetime, act_id: int) -> None:
    act = session.get_one(AgreementAct, act_id)
    pauses.consent(session, act, said_hash=act.said_hash, by=world.firm.people["Klara Zając"], now=at)


def _give_notice(world: World, session: Session, at: datetime) -> None:
    standing.terminate(session, agreements.of(session, "H8"), OVER, by=world.firm.people["Filip Ryś"], now=at)


def _go_on(world: World) -> None:
    """What is still being talked about when the demo ends."""
    quicker = {"deliver_time": "P1D"}
    world.later(world.before_end(16, 9, 30), _change, "H6", quicker, FASTER_SECURITY)
    more = {"ready": [*of("H6").words["ready"], "wniosek o zabezpieczenie podpisany przez klienta"]}
    world.later(world.before_end(6, 14), _answer, "H6", more, SLOWER)
    world.later(world.before_end(5, 15), _sign, "H6")
    asked = world.before_end(5, 11)
    world.later(asked, _change, "H2", agreements.FASTER, agreements.ASKED)
    world.later(world.office(asked, TWO_DAYS), _answer, "H2", agreements.FEWER, agreements.ANSWERED)
    world.later(world.before_end(3, 12), _draft)


def _draft(world: World, session: Session, at: datetime) -> None:
    """Nobody but its author sees this one."""
    agreements.draft(session, TRAINING, now=at)


# ------------------------------------------------------------------------------------------------ days


def _back(world: World, begin: datetime, days: int) -> datetime:
    return _at(world, begin - timedelta(days=days))


def _at(world: World, moment: datetime) -> datetime:
    """That moment or the next one at which somebody works."""
    return world.calendars[None].next_opening(moment + timedelta(hours=2))


def _day(world: World, back: int) -> date:
    return calendars.local_day(world.before_end(back, 9))
