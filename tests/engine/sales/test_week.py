"""A department's week: every open promise of it stands in one place, and the places say what they hold."""

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales import week
from engine.sales.promises import Promise
from engine.sales.week import ASKED, AWAITED, Side
from tests.conftest import MONDAY
from tests.web import week_kit

NOW = MONDAY + timedelta(days=2, hours=3)
"""Wednesday 13:00 in Warsaw."""
STATES = ("requested", "returned", "countered", "promised", "paused", "delivered", "declined")
US, THEM, OTHERS = 1, 2, 3


def promise(
    number: int, state: str, provider: int, consumer: int, due: datetime | None, asks: str | None = None
) -> Promise:
    """One that is open; ``asks`` is the side that asks for another date than the one promised."""
    turn = {"provider": "consumer", "consumer": "provider"}.get(asks or "", "provider")
    anew = NOW + timedelta(days=4) if asks else None
    sides = {"provider_id": provider, "consumer_id": consumer}
    return Promise(id=number, state=state, due_at=due, proposed_due_at=anew, turn=turn, **sides)


def spoken(promise: Promise) -> tuple[str, str]:
    """Where a promise of ours stands, as one would say it: from our side as the provider."""
    if promise.state == "requested":
        return "asked", "answer"
    if promise.state in {"returned", "countered", "delivered", "declined"}:
        return "awaited", "theirs"
    if promise.state == "promised" and promise.proposed_due_at and promise.turn == "provider":
        return "asked", "answer"
    if promise.due_at is None:
        return "asked", "paused"
    sunday_night = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)  # midnight in Warsaw
    if promise.due_at < NOW:
        return "asked", "late"
    return "asked", "due" if promise.due_at < sunday_night else "later"


def awaited(promise: Promise) -> tuple[str, str]:
    """The same from our side as the consumer."""
    plain = {
        "returned": ("asked", "back"),
        "countered": ("asked", "answer"),
        "delivered": ("awaited", "accept"),
    }
    if promise.state in plain:
        return plain[promise.state]
    if promise.state == "promised" and promise.proposed_due_at and promise.turn == "consumer":
        return "asked", "answer"
    if promise.state in {"promised", "paused"}:
        if promise.due_at is None:
            return "awaited", "paused"
        if promise.state == "promised" and promise.due_at < NOW:
            return "awaited", "late"
    return "awaited", "owed"


def places(side: Side) -> dict[str, list[int]]:
    """Every place of a column with the numbers it holds, in order."""
    rows = {**side.groups, "later": side.later, "paused": side.paused}
    return {name: [each.id for each in found] for name, found in rows.items()}


@pytest.mark.parametrize("seed", range(20))
def test_every_open_promise_stands_where_one_would_say_it_stands(seed: int) -> None:
    random = Random(seed)
    dues = [None, *(NOW + timedelta(hours=random.randrange(-150, 250)) for _ in range(12))]
    rows = [
        promise(
            number,
            random.choice(STATES),
            *random.choice(((US, THEM), (THEM, US), (US, OTHERS))),
            random.choice(dues),
            random.choice((None, None, "provider", "consumer")),
        )
        for number in range(80)
    ]

    found = week.sort_out(random.sample(rows, len(rows)), {US}, now=NOW)

    for name, side in (("asked", found.asked), ("awaited", found.awaited)):
        for group, ids in places(side).items():
            wanted = [
                each
                for each in rows
                if (each.provider_id == US and spoken(each) == (name, group))
                or (each.consumer_id == US and awaited(each) == (name, group))
            ]
            last = datetime.max.replace(tzinfo=UTC)
            assert ids == [
                each.id for each in sorted(wanted, key=lambda each: (each.due_at or last, each.id))
            ]
    assert sum(len(ids) for side in (found.asked, found.awaited) for ids in places(side).values()) == len(
        rows
    )
    assert found.asked.count == sum(map(len, found.asked.groups.values()))


def test_what_runs_between_two_of_our_departments_stands_on_both_sides() -> None:
    found = week.sort_out([promise(1, "promised", US, THEM, NOW)], {US, THEM}, now=NOW)

    assert (places(found.asked)["due"], places(found.awaited)["owed"]) == ([1], [1])


def test_the_groups_are_named_in_the_order_of_their_urgency() -> None:
    found = week.sort_out([], {US}, now=NOW)

    assert (tuple(found.asked.groups), tuple(found.awaited.groups)) == (ASKED, AWAITED)
    assert found.monday == MONDAY.date()


def test_days_count_what_runs_towards_a_date() -> None:
    rows = [
        promise(number, state, US, THEM, due)
        for number, (state, due) in enumerate(product(STATES, (NOW, NOW - timedelta(days=1), None)))
    ]

    asked = week.running(week.sort_out(rows, {US}, now=NOW).asked)

    assert sorted(each.id for each in asked) == [9, 10]
    assert {each.state for each in asked} == {"promised"}


def test_settled_ones_and_those_nobody_is_held_to_are_no_concern(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person
) -> None:
    case = week_kit.case(session, anna)
    sides = departments["legal"], departments["presales"]
    kept = week_kit.promise(session, case, "A", *sides, due=NOW)
    week_kit.promise(session, case, "B", *sides, due=NOW, closed_at=NOW, outcome="kept")
    week_kit.promise(session, case, "C", *sides, due=NOW, manner="waived")
    week_kit.promise(session, case, "D", departments["sales"], departments["board"], due=NOW)

    found = session.scalars(select(Promise).where(week.concerns({departments["presales"].id}))).all()

    assert found == [kept]
