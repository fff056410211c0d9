"""The demo is history: what it plays, the engine did, and everything adds up afterwards."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import Engine, func, or_, select
from sqlalchemy.orm import Session

from connectors.mail import OutgoingMail
from engine import calendars
from engine.db import connect, sessions
from engine.history import Event
from engine.people import Department, Person, SpecialDay
from engine.process import clock, definitions, differences, jobs, migration, tallies
from engine.process.checkpoints import Checkpoint
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.messages import Message
from engine.process.outbox import Job
from engine.process.tasks import UserTask
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from reports import rollups
from tests.conftest import MONDAY
from webapp import shipped, wiring
from webapp.cli import main
from webapp.demo import company, earlier, play, renewals, trouble
from webapp.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Three weeks and a half of the demo in a file of their own, up to Monday."""
    from engine import migrations

    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}")
    migrations.upgrade(engine)
    plugged = wiring.build(Settings(secret_key=SecretStr("demo")), prints_later=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(play.SIZES, "small", play.Size(24, 1.5, 2.5, 1.0))
        play.play(engine, plugged, now=MONDAY)
    yield engine
    engine.dispose()


@pytest.fixture
def seen(played: Engine) -> Iterator[Session]:
    """A look at the played weeks."""
    with sessions(played)() as session:
        yield session


def test_both_processes_were_worked_and_nothing_stands_still(seen: Session) -> None:
    started = dict(seen.execute(select(Instance.process, func.count()).group_by(Instance.process)).all())

    assert started["sales_funnel"] >= 10
    assert started["fast_sale"] >= 20
    assert seen.scalar(select(func.count(Instance.id)).where(Instance.ended_at.is_not(None))) >= 10
    assert seen.scalar(select(func.count(UserTask.id)).where(UserTask.closed_at.is_(None))) > 0


def test_what_stopped_are_mails_to_an_address_that_does_not_exist_tried_eight_times(seen: Session) -> None:
    stopped = seen.scalars(select(Incident)).all()
    calls = [seen.get_one(Job, each.job_id) for each in stopped]

    assert len(stopped) >= 2
    assert {each.element for each in stopped} == {"send_quote"}
    assert all(each.resolved_at is None and trouble.MISTYPED in each.message for each in stopped)
    assert {job.tries for job in calls} == {8}
    assert all(trouble.MISTYPED in job.inputs["to"] for job in calls)


def test_the_address_put_right_the_quote_goes_out(seen: Session, played: Engine) -> None:
    first, call = seen.execute(select(Incident.id, Incident.job_id).order_by(Incident.id)).first() or (0, 0)
    seen.rollback()  # SQLite lets one write
    factory = sessions(played, wiring=wiring.build(Settings(secret_key=SecretStr("demo")), prints_later=True))
    with factory() as session:
        incident = session.get_one(Incident, first)
        designer = session.scalars(select(Person).where(Person.name == "Dorota Sowa")).one()
        right = {"to": "zamowienia@klient.example"}
        jobs.edit(session, incident, right, by=designer, now=MONDAY, reason="Literówka w adresie.")
        jobs.retry(session, incident, by=designer, now=MONDAY, reason="Literówka w adresie.")
        session.commit()
    clock.tick(factory, now=MONDAY)

    with factory() as session:
        assert session.get_one(Job, call).done_at is not None
        sent = session.scalars(select(OutgoingMail).order_by(OutgoingMail.id.desc())).first()
        assert sent is not None
        assert sent.to == ["zamowienia@klient.example"]


def test_cases_rest_with_a_way_back_each_of_another_process(seen: Session) -> None:
    resting = seen.scalars(select(Instance).where(Instance.suspended_at.is_not(None))).all()
    kept = seen.scalars(select(Checkpoint)).all()

    assert {case.process for case in resting} == {"sales_funnel", "fast_sale"}
    assert all(case.ended_at is None for case in resting)
    assert {(each.instance_id, each.why) for each in kept} == {(case.id, "manual") for case in resting}


def test_what_came_from_outside_began_a_case_or_was_refused_visibly(seen: Session) -> None:
    found = {each.name: each for each in seen.scalars(select(Message))}

    assert found["order.request"].status == "delivered"
    assert len(found["order.request"].receivers) == 1
    assert found["payment.received"].status == "refused"


def test_the_fast_sale_has_two_versions_that_differ_by_little(seen: Session) -> None:
    new, old = seen.scalars(definitions.versions("fast_sale")).all()
    found = differences.compare(definitions.blueprint(seen, old), definitions.blueprint(seen, new))
    elements = {(each.what, each.element) for each in found if each.kind != "flow"}

    assert elements == {
        ("added", "ask_feedback"),
        ("removed", earlier.RANG),
        ("added", "quote_silent_two_days"),
        ("changed", "complete_data"),
    }
    counts = tallies.running_by_version(seen, "fast_sale")
    assert counts[new.id] > 0
    assert counts[old.id] > 0


def test_the_newest_version_is_the_one_that_ships(seen: Session) -> None:
    designer = seen.scalars(select(Person).where(Person.name == "Dorota Sowa")).one()
    again = {each.process: each.version for each in shipped.deploy(seen, by=designer, now=MONDAY)}

    assert again == {"sales_funnel": 1, "fast_sale": 2, "agreement_answer": 1, "agreement_review": 1}


def test_cases_of_the_first_version_stand_at_the_step_that_is_gone(seen: Session) -> None:
    new, old = seen.scalars(definitions.versions("fast_sale")).all()

    homeless = migration.homeless(seen, old, new)

    assert [element.id for _, element, _ in homeless] == [earlier.RANG]


def test_a_company_holiday_and_days_with_other_hours_stand_in_the_calendar(seen: Session) -> None:
    units = {unit.id: unit.key for unit in seen.scalars(select(Department))}
    days = {units[each.department_id]: each for each in seen.scalars(select(SpecialDay))}
    known = calendars.of_all(seen)

    assert set(days) == {"company", "warehouse", "sales_desk"}
    assert not known[None].is_work_day(days["company"].day)
    assert known[days["sales_desk"].department_id].is_work_day(days["sales_desk"].day), "a Saturday"


def test_somebody_is_late(seen: Session) -> None:
    late = select(func.count(UserTask.id)).where(UserTask.closed_at.is_(None), UserTask.due_at < MONDAY)

    assert seen.scalar(late) > 0


def test_renewals_are_dragged_along_the_board(seen: Session) -> None:
    small = select(Instance.id).where(
        Instance.process == "sales_funnel", or_(*(Instance.title.endswith(each) for each in renewals.TITLES))
    )
    dragged = select(func.count(Event.id)).where(
        Event.instance_id.in_(small),
        Event.kind == "received",
        Event.data["message"].as_string() == "stage.move",
    )

    assert seen.scalar(dragged) >= 20


def test_history_has_no_gap_and_no_future(seen: Session) -> None:
    gaps = (
        select(Event.instance_id)
        .where(Event.instance_id.is_not(None))
        .group_by(Event.instance_id)
        .having(func.max(Event.seq) != func.count())
    )

    assert seen.scalars(gaps).all() == []
    assert seen.scalar(select(func.max(Event.at))) <= MONDAY
    assert seen.scalar(select(func.min(Event.at))) >= MONDAY - timedelta(days=27)


def test_every_deal_stands_where_its_moves_say(seen: Session) -> None:
    for deal in seen.scalars(select(Deal)):
        moves = seen.scalars(select(Move).where(Move.item == f"deal:{deal.id}").order_by(Move.seq)).all()
        steps = sum((move.to_rank or 0) - (move.from_rank or 0) for move in moves if move.kind in {"forward", "forward_skip", "backward"})  # fmt: skip

        assert [move.seq for move in moves] == list(range(1, len(moves) + 1))
        if moves:
            assert moves[0].kind == "new"
            assert deal.stage_rank == (moves[0].to_rank or 0) + steps


def test_rollups_equal_the_log(seen: Session) -> None:
    assert rollups.compare(seen) == []


def test_the_same_seed_founds_the_same_company(session: Session) -> None:
    first = company.found(session, now=MONDAY, seed=7, clients=5)
    names = [client.name for client in first.clients]
    session.rollback()

    again = company.found(session, now=MONDAY, seed=7, clients=5)

    assert [client.name for client in again.clients] == names


def test_the_demo_refuses_to_exist_beyond_this_machine(
    monkeypatch: pytest.MonkeyPatch, engine_url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", engine_url)
    monkeypatch.setenv("HOST", "0.0.0.0")

    answer = CliRunner().invoke(main, ["demo"])

    assert answer.exit_code == 1
    assert "loopback" in answer.output
