"""What was agreed with a client is written once, settled once, and leaves its trace."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.history import Event
from engine.people import Person
from engine.process.instances import Instance
from engine.sales import commitments, ladders, remembering
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal, ReasonNeeded
from tests.conftest import MONDAY
from tests.engine.sales.kit import happen, kinds, sale, tell

FRIDAY = date(2026, 11, 20)
DAY = timedelta(days=1)


@pytest.fixture
def deal(session: Session, anna: Person) -> Deal:
    """A deal that stands on its offer."""
    made = sale(session, anna)
    happen(session, made, "in_qualification", "in_offer", by=anna)
    return made


def agree(session: Session, deal: Deal, by: Person, direction: str = "client_to_us") -> Commitment:
    return commitments.record(
        session,
        deal,
        direction=direction,
        text="Lista stanowisk",
        due_on=FRIDAY,
        agreed_with="Ewa",
        by=by,
        now=MONDAY,
    )


def test_recording_keeps_the_stage_and_leaves_one_fact_and_one_move(
    session: Session, deal: Deal, anna: Person
) -> None:
    made = agree(session, deal, anna)

    (event,) = session.scalars(select(Event).where(Event.subject == f"commitment:{made.id}")).all()
    (move,) = session.scalars(ladders.moves(f"commitment:{made.id}")).all()
    assert (made.state, made.stage, made.due_on) == ("agreed", "offer", FRIDAY)
    assert (event.kind, event.instance_id) == ("commitment_recorded", deal.instance_id)
    assert (move.ladder, move.kind, move.to_stage) == ("commitment", "new", "agreed")


def test_nothing_is_not_agreed(session: Session, deal: Deal, anna: Person) -> None:
    with pytest.raises(commitments.NothingAgreed):
        commitments.record(session, deal, direction="we_to_client", text="  ", by=anna, now=MONDAY)


def test_keeping_is_a_win_on_its_ladder(session: Session, deal: Deal, anna: Person) -> None:
    made = agree(session, deal, anna)

    commitments.keep(session, made, evidence="mail", by=anna, now=MONDAY + DAY)

    moves = session.scalars(ladders.moves(f"commitment:{made.id}")).all()
    assert (made.state, made.evidence, made.closed_by_id) == ("kept", "mail", anna.id)
    assert kinds(moves) == ["new", "won"]
    assert moves[-1].dwell == 86400


def test_breaking_needs_a_reason(session: Session, deal: Deal, anna: Person) -> None:
    made = agree(session, deal, anna)

    with pytest.raises(ReasonNeeded):
        commitments.break_(session, made, "", by=anna, now=MONDAY)
    commitments.break_(session, made, "zapomniane", by=anna, now=MONDAY)

    assert made.state == "broken"


def test_what_is_settled_stays_settled(session: Session, deal: Deal, anna: Person) -> None:
    made = agree(session, deal, anna)
    commitments.withdraw(session, made, by=anna, now=MONDAY)

    with pytest.raises(commitments.AlreadySettled):
        commitments.keep(session, made, by=anna, now=MONDAY)


def test_a_renegotiated_one_names_what_replaced_it(session: Session, deal: Deal, anna: Person) -> None:
    old = agree(session, deal, anna)

    new = commitments.renegotiate(session, old, due_on=FRIDAY + DAY, by=anna, now=MONDAY)

    assert (old.state, old.due_on, old.replaced_by_id) == ("renegotiated", FRIDAY, new.id)
    assert (new.state, new.due_on, new.text) == ("agreed", FRIDAY + DAY, old.text)


def test_a_form_that_binds_a_commitment_records_it(session: Session, deal: Deal, anna: Person) -> None:
    names = ("direction", "text", "due_on", "agreed_with")
    fields = [{"key": key, "type": "text", "binds": f"commitment.{key}"} for key in names]
    instance = session.get_one(Instance, deal.instance_id)
    answers = dict(zip(names, ("we_to_client", "Pełna oferta", "2026-11-24", "Ewa Konarska"), strict=True))

    form = {"key": "step", "title": "Step", "fields": fields}
    tell(session, instance, answers, form, by=anna, listener=remembering.answered)

    (made,) = session.scalars(commitments.of(deal)).all()
    assert (made.text, made.due_on, made.agreed_with) == ("Pełna oferta", date(2026, 11, 24), "Ewa Konarska")


def test_expressions_may_count_what_the_client_kept(session: Session, deal: Deal, anna: Person) -> None:
    commitments.keep(session, agree(session, deal, anna), by=anna, now=MONDAY)
    agree(session, deal, anna, "we_to_client")

    seen = commitments.facts(session, session.get_one(Instance, deal.instance_id))["commitments"]

    assert seen == {"open": 1, "proposed": 0, "from_client": 1, "kept_by_client": 1, "broken": 0}
