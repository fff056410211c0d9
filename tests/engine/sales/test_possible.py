"""What a page offers about a promise is what its verbs allow: no more and no less, in every state, for everybody."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.people import Department, Person
from engine.sales import conversation, possible
from engine.sales.promises import Promise
from tests.conftest import MONDAY, _person
from tests.engine.sales.hand_offs import DAY, HOUR, agree, asked, at

NOW = MONDAY + 2 * HOUR
SENT: dict[str, dict[str, Any]] = {
    "promise": {},
    "counter": {"due_at": at(24, 12), "reason": "Urlopy"},
    "resume": {},
    "deliver": {"raw": {}},
    "accept": {},
    "reject": {"reason": "Źle"},
    "bring": {},
    "consent": {},
    "refuse": {},
    "renegotiate": {"due_at": at(25, 12), "reason": "Urlopy"},
    "give_back": {"missing": ["Zakres"]},
    "pause": {"reason": "Czekamy na klienta"},
    "decline": {"reason": "Nie"},
    "revoke": {"reason": "Nie trzeba"},
    "waive": {"reason": "Nie trzeba"},
    "decide": {"what": "let_run", "reason": "Trudno"},
}
"""Each word as somebody who knows how would say it."""

Script = tuple[tuple[str, str], ...]
STATES: dict[str, Script] = {
    "requested": (),
    "promised": (("promise", "borys"),),
    "asked anew": (("promise", "borys"), ("renegotiate", "borys")),
    "asked anew by who asked": (("promise", "borys"), ("renegotiate", "anna")),
    "returned": (("give_back", "borys"),),
    "countered": (("counter", "borys"),),
    "paused": (("promise", "borys"), ("pause", "borys")),
    "declined": (("decline", "borys"),),
    "delivered": (("deliver", "borys"),),
    "rejected": (("deliver", "borys"), ("reject", "anna")),
    "waived": (("waive", "clara"),),
    "revoked": (("revoke", "anna"),),
    "accepted": (("deliver", "borys"), ("accept", "anna")),
}


@pytest.fixture
def people(
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    adam: Person,
) -> dict[str, Person]:
    """Both sides, who stands above them, and who has nothing to do with it."""
    agree(session, departments, clara, borys)
    above = _person(session, "Zofia Żubr", "director", "employee", in_=departments["board"], head=True)
    julia = _person(session, "Julia Orzeł", "employee", in_=departments["legal"])
    edmund = _person(session, "Edmund Kos", "employee", in_=departments["presales"])
    return {
        "anna": anna,
        "borys": borys,
        "clara": clara,
        "julia": julia,
        "zofia": above,
        "edmund": edmund,
        "adam": adam,
    }


def say(session: Session, promise: Promise, word: str, by: Person, now: Any = NOW) -> None:
    """A word, as somebody who knows how would say it."""
    verb: Callable[..., None] = getattr(conversation, word)
    verb(session, promise, by=by, now=now, **SENT[word])


def allowed(session: Session, promise: Promise, word: str, by: Person, now: Any) -> bool:
    """Whether the verb does it; nothing stays done."""
    kept = session.begin_nested()
    try:
        say(session, promise, word, by, now)
    except Refusal:
        return False
    else:
        return True
    finally:
        kept.rollback()
        session.expire_all()


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True], ids=["in time", "late"])
@pytest.mark.parametrize("state", STATES)
def test_what_is_offered_is_what_is_allowed(
    session: Session, people: dict[str, Person], state: str, late: bool
) -> None:
    promise = asked(session, people["anna"])[1]
    for word, who in STATES[state]:
        say(session, promise, word, people[who])
    session.commit()
    now = NOW + 12 * DAY if late else NOW

    for name, person in people.items():
        offered = set(possible.words(session, promise, person, now=now))
        done = {word for word in possible.WORDS if allowed(session, promise, word, person, now)}
        if "decide" not in offered:
            done.discard("decide")  # a manager may always; a page offers it when there is something to decide
        assert offered == done, name


def test_a_manager_is_offered_a_decision_when_there_is_one(
    session: Session, people: dict[str, Person]
) -> None:
    promise = asked(session, people["anna"])[1]
    assert "decide" not in possible.words(session, promise, people["zofia"], now=NOW)
    assert "decide" in possible.words(session, promise, people["zofia"], now=NOW + 12 * DAY)

    say(session, promise, "decline", people["borys"])

    assert possible.words(session, promise, people["zofia"], now=NOW) == ("decide",)


def test_nobody_without_a_side_is_offered_anything(session: Session, people: dict[str, Person]) -> None:
    promise = asked(session, people["anna"])[1]

    for name in ("edmund", "adam", "zofia"):
        assert possible.words(session, promise, people[name], now=NOW) == ()


@pytest.mark.parametrize("state", ["declined", "promised", "delivered"])
def test_each_decision_that_is_offered_can_be_taken(
    session: Session, people: dict[str, Person], state: str
) -> None:
    promise = asked(session, people["anna"])[1]
    for word, who in STATES[state]:
        say(session, promise, word, people[who])
    session.commit()
    now = NOW + 12 * DAY

    for what in possible.decisions(promise, now=now):
        kept = session.begin_nested()
        due = at(30, 12)
        conversation.decide(session, promise, what, "Trudno", due_at=due, by=people["zofia"], now=now)
        kept.rollback()
        session.expire_all()
