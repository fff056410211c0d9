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
from engine.absences import Absence
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
from engine.sales.agreements import Agreement, AgreementVersion, Signature
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.promises import Promise
from engine.sales.terms import fingerprint
from reports import rollups
from reports.low_green import CAUSES, LowGreen
from tests.conftest import MONDAY
from webapp import shipped, wiring
from webapp.cli import main
from webapp.demo import chained, company, earlier, low_days, play, renewals, trouble
from webapp.demo.terms import STARTERS
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
        patch.setitem(play.SIZES, "small", play.Size(24, 1.5, 4.0, 1.0))
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

    assert again == dict.fromkeys(shipped.PROCESSES, 1) | {"fast_sale": 2}


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
    worked = select(func.min(Event.at)).where(Event.instance_id.is_not(None))
    assert seen.scalar(worked) >= MONDAY - timedelta(days=27)


def test_every_deal_stands_where_its_moves_say(seen: Session) -> None:
    for deal in seen.scalars(select(Deal)):
        moves = seen.scalars(select(Move).where(Move.item == f"deal:{deal.id}").order_by(Move.seq)).all()
        steps = sum((move.to_rank or 0) - (move.from_rank or 0) for move in moves if move.kind in {"forward", "forward_skip", "backward", "reopened"})  # fmt: skip

        assert [move.seq for move in moves] == list(range(1, len(moves) + 1))
        if moves:
            assert moves[0].kind == "new"
            assert deal.stage_rank == (moves[0].to_rank or 0) + steps


# ------------------------------------------------------------------------------------------------ agreements


def test_eleven_agreements_were_signed_by_two_people_each_over_the_very_same_words(seen: Session) -> None:
    """The twelfth was given notice of, the thirteenth is a draft of its author."""
    codes = [each.code for each in STARTERS]
    holds = seen.scalars(select(Agreement).where(Agreement.code.in_(codes))).all()
    versions = [seen.get_one(AgreementVersion, each.current_version_id) for each in holds]

    assert len(holds) == 11
    for version in versions:
        signed = seen.scalars(select(Signature).where(Signature.version_id == version.id)).all()
        assert {each.terms_hash for each in signed} == {fingerprint(version.terms)}
        assert len({each.person_id for each in signed}) == len(signed) == 2
    assert _states(seen, "H8") == ["terminated"]
    assert _states(seen, "H9") == ["draft"]


def test_agreements_were_answered_revised_rested_and_wait(seen: Session) -> None:
    assert _states(seen, "H2") == ["superseded", "superseded", "in_force", "superseded", "countered"]
    assert _states(seen, "H4") == ["superseded", "in_force"]
    old, new = _versions(seen, "H4")
    assert old.ended_at == new.in_force_from, "the first words held until the others began"
    kinds = set(seen.scalars(select(Event.kind).where(Event.kind.startswith("agreement_"))))
    assert {"agreement_remarked", "agreement_suspended", "agreement_terminated", "agreement_overdue_answer",
            "agreement_advised", "agreement_review_due"} <= kinds  # fmt: skip


def test_a_deputy_signed_inside_a_recorded_absence(seen: Session) -> None:
    (signed,) = seen.scalars(select(Signature).where(Signature.absence_id.is_not(None))).all()
    absence = seen.get_one(Absence, signed.absence_id)

    assert seen.get_one(Person, signed.person_id).name == "Julia Orzeł"
    assert signed.on_behalf_of_id == absence.person_id
    assert absence.first_day <= calendars.local_day(signed.signed_at) <= absence.last_day


def test_departments_talked_about_their_promises(seen: Session) -> None:
    said = dict(seen.execute(select(Event.kind, func.count()).where(Event.kind.startswith("promise_")).group_by(Event.kind)).all())  # fmt: skip

    for word in ("promised", "returned", "brought", "countered", "consented", "delivered", "accepted"):
        assert said[f"promise_{word}"] >= 1, word


def test_presales_breaks_more_of_its_promises_than_any_other_department(seen: Session) -> None:
    settled = select(Department.key, Promise.outcome, func.count()).join(
        Promise, Promise.provider_id == Department.id
    )
    counts = {
        (key, outcome): n
        for key, outcome, n in seen.execute(settled.group_by(Department.key, Promise.outcome))
    }
    shares = {
        key: counts.get((key, "broken"), 0)
        / (counts.get((key, "broken"), 0) + counts.get((key, "kept"), 0) or 1)
        for key, _ in counts
    }

    assert max(shares, key=shares.__getitem__) == "presales"
    assert shares["presales"] >= 0.2


def test_one_commitment_was_saved_by_the_chain_and_one_lost_because_of_presales(seen: Session) -> None:
    found = {(each.text, each.state): each for each in seen.scalars(select(Commitment).where(Commitment.agreement_id.is_not(None)))}  # fmt: skip
    first, kept = found[chained.SAVED.text, "renegotiated"], found[chained.SAVED.text, "kept"]
    lost = found[chained.LOST.text, "broken"]
    said = set(seen.scalars(select(Event.kind).where(Event.subject.in_([f"commitment:{first.id}", f"commitment:{lost.id}"]))))  # fmt: skip

    assert first.replaced_by_id == kept.id
    assert {"commitment_amber", "commitment_red"} <= said
    assert seen.get_one(Department, lost.caused_by_id).key == "presales"


def test_a_word_of_ours_that_was_broken_names_whose_doing_it_was(seen: Session) -> None:
    """What the client broke names nobody of ours."""
    broken = seen.scalars(select(Commitment).where(Commitment.state == "broken")).all()
    ours = [each for each in broken if each.direction == "we_to_client"]
    causes = {seen.get_one(Department, each.caused_by_id).key for each in ours if each.caused_by_id}

    assert len(ours) >= 2
    assert all(each.caused_by_id for each in ours)
    assert "presales" in causes
    assert not any(each.caused_by_id for each in broken if each.direction == "client_to_us")


def _versions(seen: Session, code: str) -> list[AgreementVersion]:
    query = select(AgreementVersion).join(Agreement, Agreement.id == AgreementVersion.agreement_id)
    return list(seen.scalars(query.where(Agreement.code == code).order_by(AgreementVersion.number)))


def _states(seen: Session, code: str) -> list[str]:
    return [each.state for each in _versions(seen, code)]


def test_low_days_were_answered_by_directors_and_the_latest_waits(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Four weekdays alike are needed before a day can be low: a thin demo of nine weeks."""
    from engine import migrations

    engine = connect(f"sqlite:///{tmp_path_factory.mktemp('low') / 'demo.db'}")
    migrations.upgrade(engine)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(play.SIZES, "small", play.Size(60, 0.0, 1.2, 0.0))
        play.play(engine, wiring.build(Settings(secret_key=SecretStr("demo")), prints_later=True), now=MONDAY)
    with sessions(engine)() as session:
        alarms = session.scalars(select(LowGreen).order_by(LowGreen.raised_at)).all()
        answered = [each for each in alarms if each.answered_at]
        directors = [session.get_one(Person, each.answered_by_id) for each in answered]

        assert answered
        assert {each.cause for each in answered} <= set(CAUSES)
        assert all(each.explanation and each.action for each in answered)
        assert all(person.has("director") for person in directors)
        assert alarms[-1].answered_at is None
        behind = MONDAY - timedelta(days=low_days.BEHIND + 1)
        assert all(each.answered_at for each in alarms if each.raised_at < behind)
    engine.dispose()


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
