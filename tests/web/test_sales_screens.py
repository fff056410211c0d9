"""The board, a deal and the fast sale as people meet them: what is shown, what a drop asks, who sees nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process import instances, operating, tasks
from engine.process.instances import Instance
from engine.sales import commitments, deals, ladders
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from tests.conftest import MONDAY
from tests.web import sales_kit
from tests.web.conftest import Clock, Visitor

Enter = Callable[[Person], Visitor]


@pytest.fixture
def deal(session: Session, anna: Person, borys: Person) -> Deal:
    """A deal of Anna's on its first stage."""
    return sales_kit.deal(session, anna)


def fresh(session: Session, deal: Deal) -> Deal:
    session.expire_all()
    return session.get_one(Deal, deal.id)


def page(client: Visitor, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def test_the_board_has_a_column_for_every_stage_and_the_card_in_its_own(
    as_: Enter, anna: Person, deal: Deal
) -> None:
    shown = page(as_(anna), "/sales/")

    first = shown.split('data-board="qualification"')[1].split("</ol>")[0]
    assert shown.count("data-board=") == 3
    assert "Stocznia Mewa" in first
    assert "Qualification: do it" in first
    assert "PLN\N{NO-BREAK SPACE}1k" in first


def test_who_may_not_see_a_deal_finds_an_empty_board_and_no_page(
    as_: Enter, borys: Person, deal: Deal
) -> None:
    client = as_(borys)

    assert "Stocznia Mewa" not in page(client, "/sales/")
    assert client.get(f"/deals/{deal.id}").status_code == 404
    assert client.send(f"/deals/{deal.id}/move", {"to": "offer"}).status_code == 404


def test_the_filter_in_the_address_narrows_the_board_and_its_count(
    as_: Enter, anna: Person, clara: Person, session: Session, deal: Deal
) -> None:
    client = as_(clara)

    assert "Stocznia Mewa" in page(client, f"/sales/?owner={anna.id}")
    assert "Stocznia Mewa" not in page(client, "/sales/?owner=me")


def test_a_list_shows_the_same_deals(as_: Enter, anna: Person, deal: Deal) -> None:
    assert "S-2026-0001" in page(as_(anna), "/sales/list")
    assert "No deal answers this filter" in page(as_(anna), "/sales/list?status=won")


def test_a_drop_on_the_next_stage_moves_at_once_and_can_be_undone(
    as_: Enter, anna: Person, session: Session, deal: Deal, clock: Clock
) -> None:
    client = as_(anna)
    answer = client.send(f"/deals/{deal.id}/move", {"to": "offer", "from": "board"}, follow_redirects=True)
    moved = fresh(session, deal).stage
    text = answer.get_data(as_text=True)

    clock.at += timedelta(minutes=1)
    client.send(f"/deals/{deal.id}/move", {"to": "qualification", "reason": "mistake", "from": "board"})

    assert moved == "offer"
    assert "stands on Offer" in text
    assert "Undo" in text
    assert fresh(session, deal).stage == "qualification"
    kinds = [move.kind for move in session.scalars(ladders.moves(f"deal:{deal.id}"))]
    assert kinds == ["new", "forward", "corrected"]


def test_a_drop_that_skips_asks_for_the_reason_first(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    client = as_(anna)
    answer = client.send(f"/deals/{deal.id}/move", {"to": "contract", "from": "board"})
    asked = page(client, answer.headers["Location"])
    refused = client.send(f"/deals/{deal.id}/move", {"to": "contract", "reason": "", "note": "kept"})

    assert answer.status_code == 303
    assert "past 1 stage" in asked
    assert refused.status_code == 422
    assert "Say why" in refused.get_data(as_text=True)
    assert "kept" in refused.get_data(as_text=True)
    assert fresh(session, deal).stage == "qualification"


def test_moving_back_keeps_the_reason_and_whose_doing_it_was(
    as_: Enter, anna: Person, session: Session, deal: Deal, departments: dict[str, Department]
) -> None:
    client = as_(anna)
    client.send(f"/deals/{deal.id}/move", {"to": "offer"})
    why = {
        "to": "qualification",
        "reason": "scope",
        "note": "Inny dźwig",
        "causing_department": departments["legal"].id,
    }
    client.send(f"/deals/{deal.id}/move", why)

    shown = page(client, f"/deals/{deal.id}")
    assert "Back:" in shown
    assert "Prawny" in shown or "Legal" in shown
    assert "the client changed the scope" in shown
    assert "Inny dźwig" in shown


def test_a_deal_tells_its_story_in_words(as_: Enter, anna: Person, session: Session, deal: Deal) -> None:
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=anna, now=MONDAY)
    deals.change_amount(session, deal, "2500", reason="Drugi dźwig", by=anna, now=MONDAY)
    session.commit()

    shown = page(as_(anna), f"/deals/{deal.id}")

    assert "Forward:" in shown
    assert "Qualification: do it" in shown
    assert "PLN\N{NO-BREAK SPACE}2,500" in shown
    assert "Drugi dźwig" in shown
    assert "Offer: do it" in shown


def test_a_deal_tells_what_an_operator_did_by_hand(
    as_: Enter, anna: Person, session: Session, deal: Deal, dorota: Person
) -> None:
    case = session.get_one(Instance, deal.instance_id)
    operating.suspend(session, case, "The client is on holiday", by=dorota, now=MONDAY)
    session.commit()

    shown = page(as_(anna), f"/deals/{deal.id}")

    assert "let the case rest" in shown
    assert "The client is on holiday" in shown


@pytest.mark.parametrize("tab", ["history", "moves", "commitments", "tasks", "answers"])
def test_every_tab_of_a_deal_opens(as_: Enter, anna: Person, deal: Deal, tab: str) -> None:
    page(as_(anna), f"/deals/{deal.id}?tab={tab}")


@pytest.mark.parametrize(
    "what", ["withdrawal", "suspension", "closing", "amount", "owner", "commitments", "move"]
)
def test_every_question_about_a_deal_opens(as_: Enter, anna: Person, deal: Deal, what: str) -> None:
    assert "</form>" in page(as_(anna), f"/deals/{deal.id}/{what}")


def test_a_new_amount_is_recorded_as_typed_here(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    client = as_(anna)
    client.send(f"/deals/{deal.id}/amount", {"amount": "1 250,50"})
    wrong = client.send(f"/deals/{deal.id}/amount", {"amount": "dużo"})

    assert str(fresh(session, deal).amount) == "1250.50"
    assert wrong.status_code == 422
    assert "Give the amount" in wrong.get_data(as_text=True)


def test_withdrawing_suspending_and_coming_back(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    client = as_(anna)
    client.send(f"/deals/{deal.id}/suspension", {"until": "2026-12-01", "reason": "budget"})
    waits = fresh(session, deal).status
    client.send(f"/deals/{deal.id}/resumption")
    back = fresh(session, deal).status
    client.send(f"/deals/{deal.id}/withdrawal", {"reason": "price", "causing_department": "client"})

    assert (waits, back, fresh(session, deal).status) == ("suspended", "open", "lost")
    assert "Lost" in page(client, f"/deals/{deal.id}")


def test_a_withdrawal_without_a_reason_comes_back(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    answer = as_(anna).send(f"/deals/{deal.id}/withdrawal", {"reason": ""})

    assert answer.status_code == 422
    assert fresh(session, deal).status == "open"


def test_an_owner_is_chosen_from_the_department(
    as_: Enter, clara: Person, session: Session, deal: Deal
) -> None:
    as_(clara).send(f"/deals/{deal.id}/owner", {"owner": clara.id})

    assert fresh(session, deal).owner_id == clara.id


def test_who_only_helps_is_refused_and_sees_no_buttons(
    as_: Enter, anna: Person, borys: Person, session: Session, deal: Deal
) -> None:
    (task,) = tasks.open_of(session, deal.instance_id)
    instances.complete(session, task, {}, by=anna, now=MONDAY)
    session.commit()
    client = as_(borys)

    shown = page(client, f"/deals/{deal.id}")
    assert "Change the amount" not in shown
    assert client.send(f"/deals/{deal.id}/amount", {"amount": "1"}).status_code == 403


def test_a_commitment_is_written_down_and_settled(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    client = as_(anna)
    said = {
        "direction": "client_to_us",
        "text": "Lista stanowisk",
        "due_on": "2026-11-20",
        "agreed_with": "Ewa",
    }
    client.send(f"/deals/{deal.id}/commitments", said)
    made = session.scalars(select(Commitment)).one()
    open_page = page(client, f"/deals/commitments/{made.id}")
    broken = client.send(f"/deals/commitments/{made.id}", {"outcome": "broken", "note": ""})
    client.send(f"/deals/commitments/{made.id}", {"outcome": "kept", "note": "mail"})
    session.expire_all()

    assert "Lista stanowisk" in open_page
    assert broken.status_code == 422
    assert (made.state, made.evidence) == ("kept", "mail")
    assert "Kept." in page(client, f"/deals/{deal.id}")


def test_a_commitment_agreed_anew_leads_to_its_successor(
    as_: Enter, anna: Person, session: Session, deal: Deal
) -> None:
    made = commitments.record(session, deal, direction="mutual", text="Wizyta", by=anna, now=MONDAY)
    session.commit()
    client = as_(anna)
    client.send(
        f"/deals/commitments/{made.id}", {"outcome": "renegotiated", "due_on": "2026-12-04", "text": "Wizyta"}
    )
    session.expire_all()

    assert f"/deals/commitments/{made.replaced_by_id}" in page(client, f"/deals/commitments/{made.id}")


def test_a_deal_is_started_from_its_form(as_: Enter, anna: Person, session: Session, deal: Deal) -> None:
    client = as_(anna)
    form = page(client, "/sales/new")
    wrong = client.send(
        "/sales/new?process=small_sale", {"title": "Wciągnik", "firm": "", "next_stage": "qualification"}
    )
    given = {"title": "Wciągnik", "firm": "Młyn Zalesie", "amount": "20000", "next_stage": "qualification"}
    answer = client.send("/sales/new?process=small_sale", given)

    made = session.scalars(select(Deal).order_by(Deal.id.desc())).first()
    assert made is not None
    assert "Company" in form
    assert wrong.status_code == 422
    assert "Wciągnik" in wrong.get_data(as_text=True)
    assert answer.headers["Location"].endswith(f"/deals/{made.id}")
    assert (made.title, made.number) == ("Wciągnik", "S-2026-0002")


def test_without_a_process_the_board_says_what_to_do(as_: Enter, anna: Person) -> None:
    assert "No sales process has been deployed yet" in page(as_(anna), "/sales/")
    assert "No fast sale has been deployed yet" in page(as_(anna), "/sales/fast/")


def test_an_administrator_has_no_board(as_: Enter, adam: Person, deal: Deal) -> None:
    assert as_(adam).get("/sales/").status_code == 403
    assert as_(adam).get(f"/deals/{deal.id}").status_code == 404
