"""The board shows what stands where, counts all of it, and says what is next; the phases show only what stuck."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from engine.people import Department, Person, SpecialDay
from engine.process import incidents
from engine.process.instances import Instance
from engine.sales import board, commitments, deals, ladders, phases, story
from engine.sales.board import Card, Column, Filter
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from tests.conftest import MONDAY
from tests.engine.sales.kit import happen, plan, sale, task

DAY = timedelta(days=1)


def placed(session: Session, owner: Person, *stages: str, amount: int = 1000) -> Deal:
    deal = sale(session, owner, amount)
    happen(session, deal, *(f"in_{stage}" for stage in stages), by=owner)
    return deal


def shown(session: Session, who: Person, *, now: object = None, **wanted: object) -> dict[str, Column]:
    found = board.columns(session, who, plan(), Filter("long_sale", **wanted), now=now or MONDAY)  # type: ignore[arg-type]
    return {column.stage.key: column for column in found}


def only(session: Session, who: Person, *, days: int = 0) -> Card:
    (card,) = [
        card for column in shown(session, who, now=MONDAY + days * DAY).values() for card in column.cards
    ]
    return card


def test_a_column_counts_and_sums_what_stands_there(session: Session, anna: Person) -> None:
    placed(session, anna, "qualification", amount=1000)
    placed(session, anna, "qualification", amount=500)
    placed(session, anna, "qualification", "offer")

    columns = shown(session, anna)

    assert list(columns) == ["qualification", "offer", "negotiation", "contract"]
    assert [column.count for column in columns.values()] == [2, 1, 0, 0]
    assert columns["qualification"].sums == {"PLN": Decimal("1500.00")}


def test_a_full_column_shows_its_oldest_cards_and_counts_all(
    session: Session, anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "PER_COLUMN", 2)
    made = [placed(session, anna, "qualification") for _ in range(3)]

    column = shown(session, anna)["qualification"]

    assert [card.deal.id for card in column.cards] == [made[0].id, made[1].id]
    assert column.count == 3


def test_what_is_won_or_waits_is_not_on_the_board(session: Session, anna: Person) -> None:
    won = placed(session, anna, "qualification")
    happen(session, won, "won", by=anna, ends="won")
    happen(session, placed(session, anna, "qualification"), "waits", by=anna)

    assert sum(column.count for column in shown(session, anna).values()) == 0
    assert len(session.scalars(board.rows(anna, Filter("long_sale", status="suspended"))).all()) == 1


def test_a_filter_keeps_one_owner_and_rights_keep_strangers_out(
    session: Session, anna: Person, clara: Person, borys: Person
) -> None:
    placed(session, anna, "qualification")
    placed(session, clara, "qualification")

    assert shown(session, clara)["qualification"].count == 2
    assert shown(session, clara, owner_id=anna.id)["qualification"].count == 1
    assert shown(session, borys)["qualification"].count == 0


def test_a_card_says_what_is_next_and_what_presses(session: Session, anna: Person) -> None:
    deal = placed(session, anna, "qualification")
    instance = session.get_one(Instance, deal.instance_id)
    task(session, instance, due=MONDAY + 5 * DAY)
    first = task(session, instance, due=MONDAY + DAY)
    commitments.record(
        session, deal, direction="mutual", text="Wizyta", due_on=date(2026, 11, 20), by=anna, now=MONDAY
    )
    soon = commitments.record(
        session, deal, direction="mutual", text="Lista", due_on=date(2026, 11, 18), by=anna, now=MONDAY
    )
    session.add(
        Promise(
            code="H5",
            instance_id=instance.id,
            deal_id=deal.id,
            task_id=first.id,
            state="promised",
            requested_at=MONDAY,
            due_at=MONDAY + DAY,
        )
    )
    session.flush()

    card = only(session, anna)

    assert (card.task, card.commitment, card.promise) == (first, soon, "promised")
    assert only(session, anna, days=2).promise == "broken"


@pytest.mark.parametrize(("days", "age"), [(0, 0), (1, 1), (4, 4), (7, 5)])
def test_age_is_counted_in_work_days(session: Session, anna: Person, days: int, age: int) -> None:
    placed(session, anna, "qualification")

    assert only(session, anna, days=days).age == age


def test_age_leaves_out_the_special_days_of_the_department(
    session: Session, anna: Person, departments: dict[str, Department]
) -> None:
    deal = placed(session, anna, "qualification")
    deal.department_id = departments["sales"].id
    departments["board"].special_days = [SpecialDay(day=date(2026, 11, 17))]
    departments["sales"].special_days = [SpecialDay(day=date(2026, 11, 21), opens=480, closes=720)]
    session.flush()

    assert [only(session, anna, days=days).age for days in (1, 4, 7)] == [0, 3, 5]


def test_the_story_tells_facts_and_moves_newest_first_and_each_once(session: Session, anna: Person) -> None:
    deal = placed(session, anna, "qualification")
    deals.change_amount(session, deal, "1500", by=anna, now=MONDAY)
    happen(session, deal, "in_offer", by=anna, now=MONDAY + DAY)
    instance = session.get_one(Instance, deal.instance_id)
    moves = session.scalars(ladders.moves(f"deal:{deal.id}")).all()

    told = story.told(session, instance, moves)

    assert [each.kind for each in told] == ["moved", "amount_changed", "moved"]
    assert [str(amount) for _, amount in story.amounts(told, deal)] == ["1000.00", "1500.00"]


def test_phases_count_what_stands_and_what_passed_today(session: Session, anna: Person) -> None:
    for stages in (("qualification",), ("qualification", "offer"), ("qualification", "offer")):
        deal = sale(session, anna, kind="flow")
        happen(session, deal, *(f"in_{stage}" for stage in stages), by=anna)

    found = {
        each.stage.key: each for each in phases.phases(session, anna, plan("flow"), "quick_sale", now=MONDAY)
    }

    assert (found["qualification"].standing, found["qualification"].passed) == (1, 2)
    assert (found["offer"].standing, found["offer"].oldest) == (2, MONDAY)


def test_only_what_is_late_or_broken_is_an_exception(session: Session, anna: Person, borys: Person) -> None:
    deal = sale(session, anna, kind="flow")
    instance = session.get_one(Instance, deal.instance_id)
    task(session, instance, due=MONDAY + DAY)
    late = task(session, instance, due=MONDAY - DAY)
    incident = incidents.open_(session, instance, code="TIMEOUT", message="WMS", now=MONDAY)
    session.flush()

    rows = session.execute(phases.overdue(anna, "quick_sale", now=MONDAY)).all()
    broken = session.execute(phases.broken(anna, "quick_sale")).all()
    stranger = session.execute(phases.broken(borys, "quick_sale")).all()

    assert [row[0] for row in rows] == [late]
    assert [row[0] for row in broken] == [incident]
    assert stranger == []


def test_a_sale_that_nobody_touched_flows_alone(session: Session, anna: Person) -> None:
    sale(session, anna, kind="flow")
    touched = sale(session, anna, kind="flow")
    task(session, session.get_one(Instance, touched.instance_id))

    assert phases.flowing(session, anna, "quick_sale", now=MONDAY) == (2, 1)
