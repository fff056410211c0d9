"""Terms tried on history: against somebody who walks through every minute, and what a page is told."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from engine.people import Department, Person, SpecialDay
from engine.process.instances import Instance
from engine.sales import deals, hindsight, trial
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.engine.sales import kit

NOW = datetime(2026, 2, 20, 10, 30, tzinfo=UTC)  # winter: 11:30 in Warsaw all along
FIRST = date(2025, 11, 23)
FREE = {
    date(2025, 12, 25),
    date(2025, 12, 26),
    date(2025, 12, 24),
    date(2026, 1, 1),
    date(2026, 1, 6),
    date(2026, 1, 12),
}
MINUTE = timedelta(minutes=1)
OLD: dict[str, Any] = {
    "deliverable": "Umowa",
    "deliver_time": "PT20H",
    "promise_time": "PT4H",
    "accepts": "consumer",
}


def minutes_open() -> list[datetime]:
    """Every minute in which Legal works, from the first day of history until long after it."""
    found = []
    for n in range(-40, 160):
        day = FIRST + timedelta(days=n)
        if day.weekday() < 5 and day not in FREE and day != date(2025, 11, 11):
            begin = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
            found += [begin + k * MINUTE for k in range(8 * 60)]
    return found


OPEN = minutes_open()
PLACE = {moment: place for place, moment in enumerate(OPEN)}


def after(start: datetime, worked: int) -> datetime:
    """So many minutes of work after a minute of work: the end of the last of them."""
    return OPEN[PLACE[start] + worked - 1] + MINUTE if worked else start


def worked(start: datetime, end: datetime) -> int:
    return sum(start <= moment < end for moment in OPEN[PLACE[start] :])


@pytest.fixture
def agreement(session: Session, departments: dict[str, Department]) -> Agreement:
    """Legal for Sales, under `OLD`."""
    departments["legal"].special_days = [SpecialDay(day=date(2026, 1, 12))]
    made = Agreement(
        title="Umowa",
        code="H5",
        created_at=OPEN[0],
        provider_id=departments["legal"].id,
        consumer_id=departments["sales"].id,
    )
    session.add(made)
    session.flush()
    version = AgreementVersion(agreement_id=made.id, number=1, state="in_force", terms=OLD, terms_hash="")
    session.add(version)
    session.flush()
    made.current_version_id = version.id
    return made


def passed(session: Session, anna: Person, agreement: Agreement, count: int, dice: Random) -> list[Promise]:
    """So many promises of the last 90 days and before, with pauses and later dates, some still open."""
    deal = kit.sale(session, anna)
    instance = session.get_one(Instance, deal.instance_id)
    made = []
    first, last = PLACE[datetime(2025, 11, 12, 7, tzinfo=UTC)], PLACE[datetime(2026, 2, 20, 10, tzinfo=UTC)]
    for _ in range(count):
        ready = OPEN[dice.randrange(first, last)]
        added = dice.choice([0, 0, 0, 90, 700])
        due = after(ready, 20 * 60 + added)
        end = after(ready, dice.randrange(30, 3000))
        done = end < NOW
        promise = Promise(
            code="H5",
            agreement_id=agreement.id,
            version_id=agreement.current_version_id,
            instance_id=instance.id,
            deal_id=deal.id,
            task_id=kit.task(session, instance, handoff="H5").id,
            provider_id=agreement.provider_id,
            requested_at=ready,
            ready_at=ready,
            answer_by=after(ready, 240),
            answered_at=after(ready, dice.randrange(1, 500)),
            promised_at=ready,
            due_at=due,
            delivered_at=end if done else None,
            closed_at=end if done else None,
        )
        if done:
            promise.outcome = "broken" if due < end else "kept"
        made.append(promise)
    session.add_all(made)
    session.flush()
    return made


@pytest.mark.parametrize("seed", range(3))
def test_another_time_to_deliver_is_what_a_walk_through_every_minute_says(
    session: Session, anna: Person, agreement: Agreement, seed: int
) -> None:
    dice = Random(seed)
    made = passed(session, anna, agreement, 60, dice)
    hours = dice.randrange(1, 45)

    found = trial.try_terms(session, agreement, OLD, {**OLD, "deliver_time": f"PT{hours}H"}, now=NOW)

    was: list[bool] = []
    would: list[bool] = []
    for each in made:
        assert each.ready_at
        assert each.due_at
        if each.closed_at and each.closed_at < datetime(2025, 11, 22, 23, tzinfo=UTC):
            continue
        due = after(each.ready_at, max(worked(each.ready_at, each.due_at) + (hours - 20) * 60, 0))
        for counts, limit in ((was, each.due_at), (would, due)):
            if each.delivered_at or limit < NOW:
                counts.append((each.delivered_at or NOW) <= limit)
    effect = found["deliver_time"]
    assert (effect.before, effect.of_before) == (sum(was), len(was))
    assert (effect.after, effect.of) == (sum(would), len(would))


@pytest.mark.parametrize("seed", range(2))
def test_capacity_is_what_a_walk_through_every_minute_says(
    session: Session, anna: Person, agreement: Agreement, seed: int
) -> None:
    made = passed(session, anna, agreement, 25, Random(seed))
    tried = {**OLD, "capacity": 3, "capacity_week": 2}

    found = trial.try_terms(session, agreement, OLD, tried, now=NOW)

    full, days = set(), {each.date() for each in OPEN if each.date() >= FIRST and each <= NOW}
    for moment in OPEN:
        if moment.date() in days and moment < NOW:
            held = [p for p in made if p.promised_at <= moment and moment < (p.delivered_at or NOW)]  # type: ignore[operator]
            full |= {moment.date()} if len(held) > 3 else set()
    assert (found["capacity"].after, found["capacity"].of) == (len(full), len(days))
    weeks: dict[date, int] = {}
    for each in made:
        assert each.due_at
        day = each.due_at.date()
        monday = day - timedelta(days=day.weekday())
        weeks[monday] = weeks.get(monday, 0) + 1
    inside = [n for monday, n in weeks.items() if date(2025, 11, 17) <= monday <= date(2026, 2, 16)]
    assert (found["capacity_week"].after, found["capacity_week"].of) == (sum(n > 2 for n in inside), 14)


def test_another_time_to_promise_and_another_patience(
    session: Session, anna: Person, agreement: Agreement
) -> None:
    made = [
        each for each in passed(session, anna, agreement, 50, Random(5)) if each.requested_at.date() >= FIRST
    ]
    tried = {**OLD, "promise_time": "PT2H", "acceptance_window": "PT8H"}

    found = trial.try_terms(session, agreement, OLD, tried, now=NOW)

    within = sum(worked(each.requested_at, each.answered_at) <= 120 for each in made)  # type: ignore[arg-type]
    assert found["promise_time"].after == pytest.approx(
        within, abs=3
    )  # a few were asked before the first day
    assert found["promise_time"].of >= len(made)
    assert (found["acceptance_window"].before, found["acceptance_window"].after) == (0, 0)


def test_lists_limits_and_targets(session: Session, anna: Person, departments: dict[str, Department]) -> None:
    terms = {**OLD, "ready": ["Zakres", "Dane"], "acceptance": ["Podpis"], "rework": 1, "target": 90}
    agreement = Agreement(
        title="Umowa", code="H5", created_at=NOW, provider_id=departments["legal"].id,
        consumer_id=departments["sales"].id,
    )  # fmt: skip
    session.add(agreement)
    session.flush()
    version = AgreementVersion(agreement_id=agreement.id, number=1, terms=terms, terms_hash="")
    session.add(version)
    session.flush()
    agreement.current_version_id = version.id
    for place, each in enumerate(passed(session, anna, agreement, 40, Random(8))):
        each.requested_at = each.closed_at = NOW - timedelta(days=3)
        each.outcome, each.delivered_at, each.due_at = "kept", each.closed_at, NOW
        each.missing = ["Zakres"] if place < 11 else None
        each.rejected, each.rework = (["Podpis"], 2) if place < 5 else (None, 0)
    session.flush()

    tried = {**terms, "ready": ["Dane", "Mapa"], "acceptance": [], "rework": 2, "target": 80}
    found = trial.try_terms(session, agreement, terms, tried, now=NOW)

    ready, rejected = found["ready"], found["acceptance"]
    assert (ready.item, ready.after, ready.of, ready.more) == ("Zakres", 11, 40, ())
    assert (rejected.kind, rejected.after, rejected.of) == ("rejected", 5, 40)
    assert (found["rework"].before, found["rework"].after, found["rework"].of) == (5, 0, 40)
    assert (found["target"].before, found["target"].after, found["target"].used) == (4, 8, 5)


def test_a_table_of_cases_is_asked_with_what_the_deal_says(
    session: Session, anna: Person, agreement: Agreement
) -> None:
    made = passed(session, anna, agreement, 30, Random(4))
    deal = session.get_one(Deal, made[0].deal_id)
    deal.amount = 2_000_000  # type: ignore[assignment]
    session.flush()
    table = {
        "inputs": [{"expression": "deal.amount", "label": "Kwota"}],
        "rules": [{"when": ["> 1000000"], "promise_time": None, "deliver_time": "PT30H"}],
    }

    by_table = trial.try_terms(session, agreement, OLD, {**OLD, "table": table}, now=NOW)["table"]
    plain = trial.try_terms(session, agreement, OLD, {**OLD, "deliver_time": "PT30H"}, now=NOW)

    assert by_table == plain["deliver_time"]
    assert by_table.after > by_table.before


def test_a_table_is_asked_with_what_the_deal_said_when_the_request_was_ready(
    session: Session, anna: Person, agreement: Agreement
) -> None:
    made = passed(session, anna, agreement, 40, Random(4))
    deal = session.get_one(Deal, made[0].deal_id)
    grown = OPEN[PLACE[datetime(2026, 1, 12 - 3, 7, tzinfo=UTC)]]
    deals.change_amount(session, deal, 2_000_000, by=anna, now=grown)
    session.flush()
    table = {
        "inputs": [{"expression": "deal.amount", "label": "Kwota"}],
        "rules": [{"when": ["> 1000000"], "promise_time": None, "deliver_time": "PT30H"}],
    }

    tried = trial.try_terms(session, agreement, OLD, {**OLD, "table": table}, now=NOW)["table"]

    assert tried.before == sum(each.outcome == "kept" for each in counted(made))
    expected = 0
    for each in counted(made):
        ready, due = each.ready_at, each.due_at
        assert ready is not None
        assert due is not None
        if ready >= grown:
            due = after(ready, worked(ready, due) + 10 * 60)
        expected += each.delivered_at is not None and each.delivered_at <= due
    assert tried.after == expected


def counted(made: list[Promise]) -> list[Promise]:
    """Those judged in the last 90 days."""
    begin = datetime(2025, 11, 22, 23, tzinfo=UTC)
    return [each for each in made if each.closed_at is not None and each.closed_at >= begin]


def test_deals_are_remembered_as_they_were(session: Session, anna: Person, borys: Person) -> None:
    deal = kit.sale(session, anna, 1000)
    for number, amount in enumerate((2000, 3000), start=1):
        deals.change_amount(session, deal, amount, by=anna, now=NOW + number * MINUTE)
    deals.pass_on(session, deal, borys, by=anna, now=NOW + 3 * MINUTE)
    session.flush()
    case = session.get_one(Instance, deal.instance_id)
    then = hindsight.read(session, select(Deal.instance_id), NOW)

    def at(minute: int) -> tuple[Any, Any]:
        told = then.facts(deals.facts(session, case), case.id, NOW + minute * MINUTE)
        return told["deal"]["amount"], told["owner"]["email"]

    assert [at(minute) for minute in range(4)] == [
        (1000, anna.email),
        (2000, anna.email),
        (3000, anna.email),
        (3000, borys.email),
    ]


@pytest.mark.parametrize("seed", range(2))
def test_another_buffer_says_how_many_dates_of_clients_were_endangered(
    session: Session, anna: Person, agreement: Agreement, seed: int
) -> None:
    dice = Random(seed)
    made = passed(session, anna, agreement, 40, dice)
    deal = session.get_one(Deal, made[0].deal_id)
    was = would = of = earlier = 0
    for promise in made[:30]:
        assert promise.ready_at is not None
        closing = after(promise.ready_at, (promise.ready_at.hour < 15) * 1)
        while PLACE.get(closing) is not None:
            closing += MINUTE
        for _ in range(dice.randrange(0, 6)):
            closing = after(closing - MINUTE, 1 + 8 * 60)
        needed = Commitment(
            deal_id=deal.id,
            instance_id=deal.instance_id,
            direction="ours",
            topic="other",
            text="Umowa",
            due_on=closing.date(),
            created_at=promise.requested_at,
        )
        session.add(needed)
        session.flush()
        promise.commitment_id = needed.id
        if promise.outcome is not None and promise not in counted(made):
            continue
        inner = {days: OPEN[PLACE[closing - MINUTE] - days * 8 * 60] + MINUTE for days in (1, 3)}
        done, least = promise.delivered_at or NOW, after(promise.ready_at, 20 * 60)
        of, was, would = of + 1, was + (done > inner[1]), would + (done > inner[3])
        earlier += max(least, inner[3]) < max(least, inner[1])
    session.flush()

    tried = trial.try_terms(session, agreement, OLD, {**OLD, "buffer": "P3D"}, now=NOW)["buffer"]

    assert (tried.before, tried.of_before, tried.after, tried.of, tried.used) == (was, of, would, of, earlier)
    assert would > was
    assert earlier


def test_nothing_is_said_about_what_did_not_change_and_too_few_says_so(
    session: Session, anna: Person, agreement: Agreement
) -> None:
    passed(session, anna, agreement, 5, Random(1))

    assert trial.try_terms(session, agreement, OLD, {**OLD, "consequence": "Kawa"}, now=NOW) == {}
    found = trial.try_terms(session, agreement, OLD, {**OLD, "deliver_time": "P3D"}, now=NOW)
    assert found["deliver_time"].is_few


def test_whatever_is_tried_costs_three_statements(
    session: Session, anna: Person, agreement: Agreement, database: Engine
) -> None:
    passed(session, anna, agreement, 30, Random(1))
    session.commit()
    session.expunge_all()
    found = session.get_one(Agreement, agreement.id)
    said: list[str] = []
    event.listen(database, "before_cursor_execute", lambda *call: said.append(call[2]))

    tried = {
        **OLD,
        "deliver_time": "P3D",
        "capacity": 2,
        "target": 80,
        "ready": ["Mapa"],
        "promise_time": "PT1H",
    }
    trial.try_terms(session, found, OLD, tried, now=NOW)

    assert len(said) <= 3
