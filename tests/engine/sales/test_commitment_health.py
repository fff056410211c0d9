"""Whatever is said inside, in whatever order, the health of a commitment is what its promises say at that moment."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.calendars import Calendar
from engine.errors import Refusal
from engine.people import Department, Person
from engine.sales import alarms, commitments, conversation, health
from engine.sales.commitments import Commitment
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.hand_offs import agree, its_task
from tests.engine.sales.requests import inside, promised, sold

WORKS = Calendar()


def expected(commitment: Commitment, found: list[Promise], now: datetime) -> str | None:
    """Said a second time, in other words: from the client's closing back, without the functions of the product."""
    assert commitment.due_on is not None
    closing = WORKS.opening(commitment.due_on)
    assert closing is not None
    client, day = closing[1], commitment.due_on - timedelta(days=1)
    while WORKS.opening(day) is None:
        day -= timedelta(days=1)
    inner = (WORKS.opening(day) or closing)[1]
    dead = ("revoked", "waived", "cancelled")
    alive = [each for each in found if each.outcome not in dead and each.manner not in dead]
    if not alive:
        return "amber" if found else None
    colours = set()
    for each in alive:
        dates = [moment for moment in (each.due_at, each.proposed_due_at) if moment]
        if each.outcome == "kept" or (each.state == "delivered" and not each.outcome):
            colours.add("green")
        elif each.outcome == "broken":
            assert each.delivered_at is not None
            colours.add("red" if each.delivered_at > client else "green")
        elif now > client or any(moment > client for moment in dates):
            colours.add("red")
        elif each.due_at is not None and each.due_at < now:
            colours.add("red" if now > inner else "amber")
        elif each.state in ("returned", "declined", "paused") or any(moment > inner for moment in dates):
            colours.add("amber")
    return "red" if "red" in colours else "amber" if "amber" in colours else None


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_health_equals_its_recomputation_after_any_conversation(
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    clara: Person,
    borys: Person,
    seed: int,
) -> None:
    chance = Random(seed)  # which way a conversation goes
    agreement = agree(session, departments, clara, borys)
    deal = sold(session, anna)
    made = promised(session, deal, agreement, anna, day=24)
    now = MONDAY
    for _ in range(30):
        now += timedelta(minutes=chance.choice((5, 60, 240, 900)))
        alarms.work_due(session, now=now)
        open_ = [each for each in health.behind(session, made) if each.outcome is None]
        words = _words(session, made, open_[0] if open_ else None, anna, borys, now, chance)
        try:
            with session.begin_nested():
                said, is_said = chance.choice(words)(), bool(open_)
        except Refusal:
            said, is_said = None, False
        made = said if isinstance(said, Commitment) else made
        if made.state not in commitments.OPEN:
            break
        found = list(session.scalars(select(Promise).where(Promise.commitment_id == made.id)))
        judged = health.of(health.dates_of(session, made), found, now=now)
        assert judged.level == expected(made, found, now), (seed, now)
        if is_said:
            assert made.health == judged.level, (seed, now)


def _words(
    session: Session,
    made: Commitment,
    promise: Promise | None,
    anna: Person,
    borys: Person,
    now: datetime,
    chance: Random,
) -> list[Callable[[], Any]]:
    day = date(2026, 11, chance.choice((23, 24, 25, 26, 27)))
    anew = [lambda: commitments.renegotiate(session, made, due_on=day, anyway=True, by=anna, now=now)]
    if promise is None:
        return [*anew, lambda: None]
    later = WORKS.next_opening(now + timedelta(hours=chance.choice((2, 30, 80, 150)))) + timedelta(hours=1)
    form = {"result": ["Jest"]}
    theirs: dict[str, Any] = {"by": borys, "now": now}
    ours: dict[str, Any] = {"by": anna, "now": now}
    return [
        *anew,
        lambda: conversation.promise(session, promise, **theirs),
        lambda: conversation.counter(session, promise, later, "Dużo pracy", **theirs),
        lambda: conversation.renegotiate(session, promise, later, "Dużo pracy", **theirs),
        lambda: conversation.give_back(session, promise, ["Zakres"], **theirs),
        lambda: conversation.bring(session, promise, **ours),
        lambda: conversation.consent(session, promise, **ours),
        lambda: conversation.refuse(session, promise, **ours),
        lambda: conversation.pause(session, promise, "Czekamy na klienta", **theirs),
        lambda: conversation.resume(session, promise, **theirs),
        lambda: conversation.complete(session, its_task(session, promise), form, **theirs),
        lambda: conversation.reject(session, promise, "Nie to", **ours),
    ]


def test_one_that_needs_nobody_is_never_threatened(session: Session, anna: Person) -> None:
    made = promised(session, sold(session, anna), None, anna)

    assert health.judge(session, made, by=None, now=MONDAY + timedelta(days=90)).level is None
    assert session.scalars(select(Promise).where(Promise.commitment_id == made.id)).all() == []


def test_what_is_behind_is_one_promise(
    session: Session, departments: dict[str, Department], anna: Person, clara: Person, borys: Person
) -> None:
    agreement = agree(session, departments, clara, borys)
    made = promised(session, sold(session, anna), agreement, anna)

    assert health.behind(session, made) == [inside(session, made)]
