"""A signed agreement lives on: it begins on its day, rests by consent of both, is looked at again, ends, and silence has a way."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from engine import access
from engine.errors import Invalid, NotAllowed, Stale
from engine.history import Event
from engine.notices import Notice
from engine.people import Department, Membership, Person
from engine.process import definitions, doctor, instances
from engine.process.instances import Instance
from engine.sales import agreements, negotiating, pauses, speaking, standing
from engine.sales.agreements import Agreement, AgreementAct, AgreementVersion
from tests.conftest import MONDAY
from tests.engine.sales.trade import (
    BPMN,
    asked,
    away,
    current,
    day,
    days,
    facts,
    house,
    in_force,
    proposed,
    said,
    somebody,
)

Units = dict[str, Department]


def binds(session: Session, agreement: Agreement) -> bool:
    session.flush()
    return agreements.in_force(session, agreement.code or "") is not None


def states(session: Session, agreement: Agreement) -> list[str]:
    return [each.state for each in session.scalars(agreements.versions(agreement))]


def pass_days(session: Session, number: int) -> int:
    return standing.work_due(session, now=days(number))


@pytest.fixture
def agreement(session: Session, departments: Units, clara: Person, borys: Person) -> Agreement:
    """Legal drafts contracts for Sales, from Monday on."""
    return in_force(session, departments, clara, borys)


# ------------------------------------------------------------------------------------------- beginning and versions


def test_a_revision_signed_for_later_leaves_the_old_version_in_force_until_then(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    new = negotiating.propose(
        session, agreement, said(target=95, valid_from="2026-11-20"), by=borys, now=MONDAY
    )
    negotiating.accept(session, new, by=clara, now=MONDAY)
    waiting = states(session, agreement)
    pass_days(session, 3)
    still = states(session, agreement)
    pass_days(session, 4)

    assert waiting == still == ["scheduled", "in_force"]
    assert states(session, agreement) == ["in_force", "superseded"]
    assert facts(session, agreement)[-1] == "agreement_in_force"


def test_what_is_scheduled_may_be_revised_before_its_day(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    first = negotiating.propose(
        session, agreement, said(target=95, valid_from="2026-11-27"), by=borys, now=MONDAY
    )
    negotiating.accept(session, first, by=clara, now=MONDAY)
    second = negotiating.propose(
        session, agreement, said(target=92, valid_from="2026-11-20"), by=clara, now=MONDAY
    )
    negotiating.accept(session, second, by=borys, now=MONDAY)
    pass_days(session, 30)

    assert states(session, agreement) == ["in_force", "superseded", "superseded"]
    assert current(session, agreement).terms["target"] == 92


def test_the_clock_looks_only_at_what_rings(session: Session, agreement: Agreement) -> None:
    assert agreement.alarm_on is None
    assert pass_days(session, 400) == 0

    kind = session.get_bind().dialect.name
    explain = "EXPLAIN QUERY PLAN" if kind == "sqlite" else "EXPLAIN"
    if kind != "sqlite":
        session.execute(text("SET enable_seqscan = off"))
    plan = session.execute(text(f"{explain} SELECT id FROM agreements WHERE alarm_on <= '2026-11-16'")).all()
    assert "ix_agreements_alarm" in str(plan)


def test_promises_on_their_way_go_over_only_where_both_said_so(
    session: Session, agreement: Agreement, clara: Person, borys: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    monkeypatch.setattr(
        "engine.sales.promises.take_over", lambda _s, _a, version, *, now: taken.append(version.number)
    )
    for more in ({"target": 91}, {"target": 92, "in_flight": "new"}):
        version = negotiating.propose(session, agreement, said(**more), by=clara, now=MONDAY)
        negotiating.accept(session, version, by=borys, now=MONDAY)

    assert taken == [3]


# ------------------------------------------------------------------------------------------- pauses


def test_a_pause_needs_both_sides(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    act = standing.suspend(session, agreement, day(7), "Nowy system", by=borys, now=MONDAY)
    alone = binds(session, agreement)
    with pytest.raises(pauses.OtherSideFirst):
        standing.consent(session, act, by=borys, now=MONDAY)
    standing.consent(session, act, said_hash=act.said_hash, by=clara, now=MONDAY)

    assert (alone, binds(session, agreement)) == (True, False)
    assert (current(session, agreement).state, agreement.suspended_until) == ("suspended", day(7))


def test_after_the_last_day_of_a_pause_it_binds_again_by_itself(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    act = standing.suspend(session, agreement, day(7), "Nowy system", by=borys, now=MONDAY)
    standing.consent(session, act, by=clara, now=MONDAY)
    pass_days(session, 6)
    before = binds(session, agreement)
    pass_days(session, 7)

    assert (before, binds(session, agreement)) == (False, True)
    assert facts(session, agreement)[-1] == "agreement_resumed"


def test_ending_a_pause_early_needs_both_too(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    with pytest.raises(pauses.NotSuspended):
        standing.resume(session, agreement, by=clara, now=MONDAY)
    standing.consent(
        session,
        standing.suspend(session, agreement, day(7), "Urlopy", by=borys, now=MONDAY),
        by=clara,
        now=MONDAY,
    )
    act = standing.resume(session, agreement, by=clara, now=days(1))
    alone = binds(session, agreement)
    standing.consent(session, act, by=borys, now=days(1))

    assert (alone, binds(session, agreement)) == (False, True)
    assert agreement.suspended_until is None


def test_what_was_signed_meanwhile_begins_when_the_pause_ends(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    standing.consent(
        session,
        standing.suspend(session, agreement, day(7), "Urlopy", by=borys, now=MONDAY),
        by=clara,
        now=MONDAY,
    )
    new = negotiating.propose(session, agreement, said(target=95), by=borys, now=MONDAY)
    negotiating.accept(session, new, by=clara, now=MONDAY)
    meanwhile = states(session, agreement)
    pass_days(session, 7)

    assert meanwhile == ["scheduled", "suspended"]
    assert states(session, agreement) == ["in_force", "superseded"]


def test_a_pause_that_was_refused_or_taken_back_cannot_be_signed_any_more(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    for answering in (clara, borys):
        act = standing.suspend(session, agreement, day(7), "Nowy system", by=borys, now=MONDAY)
        standing.refuse(session, act, "Nie teraz", by=answering, now=MONDAY)
        with pytest.raises(pauses.ActAnswered):
            standing.consent(session, act, by=clara, now=MONDAY)

    assert [each.state for each in session.scalars(agreements.acts(agreement))] == ["withdrawn", "refused"]
    assert binds(session, agreement)


@pytest.mark.parametrize(
    ("until", "reason", "field"), [(0, "Urlopy", "until"), (900, "Urlopy", "until"), (3, " ", "reason")]
)
def test_a_pause_has_a_day_ahead_and_a_reason(
    session: Session, agreement: Agreement, borys: Person, until: int, reason: str, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        standing.suspend(session, agreement, day(until), reason, by=borys, now=MONDAY)
    assert list(caught.value.errors) == [field]


def test_a_pause_over_other_words_is_not_signed(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    act = standing.suspend(session, agreement, day(7), "Nowy system", by=borys, now=MONDAY)
    with pytest.raises(Stale):
        standing.consent(session, act, said_hash="0" * 64, by=clara, now=MONDAY)
    new = negotiating.propose(session, agreement, said(target=95), by=borys, now=MONDAY)
    negotiating.accept(session, new, by=clara, now=MONDAY)

    with pytest.raises(agreements.OutOfDate):
        standing.consent(session, act, by=clara, now=MONDAY)


def test_who_asked_in_one_place_does_not_answer_in_another(
    session: Session, agreement: Agreement, clara: Person, borys: Person, dorota: Person
) -> None:
    away(session, borys, dorota, 0, 0)
    away(session, clara, dorota, 1, 1)
    act = standing.suspend(session, agreement, day(7), "Nowy system", by=dorota, now=MONDAY)

    with pytest.raises(pauses.SamePerson):
        standing.consent(session, act, by=dorota, now=days(1))
    assert session.get_one(AgreementAct, act.id).asked_for_id == borys.id


# ------------------------------------------------------------------------------------------- the end


def test_one_side_gives_notice_and_it_binds_until_the_notice_has_run(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, notice="P5D")
    last = standing.terminate(session, agreement, "Robimy to sami", by=clara, now=MONDAY)
    pass_days(session, 7)
    during = binds(session, agreement)
    pass_days(session, 8)

    assert last == date(2026, 11, 23)  # five work days of Legal: the next Monday
    assert (during, binds(session, agreement)) == (True, False)
    assert states(session, agreement) == ["terminated"]


def test_notice_runs_in_the_work_time_of_the_provider(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    departments["legal"].work_days = "1"  # Legal works on Mondays only
    agreement = in_force(session, departments, clara, borys, notice="P2D")

    assert standing.terminate(session, agreement, "Robimy to sami", by=clara, now=MONDAY) == date(
        2026, 11, 30
    )


def test_notice_takes_what_is_negotiated_off_the_table_and_nobody_gives_it_twice(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, notice="P5D")
    version = negotiating.propose(session, agreement, said(target=99), by=borys, now=MONDAY)
    standing.terminate(session, agreement, "Robimy to sami", by=clara, now=MONDAY)

    with pytest.raises(agreements.NothingOnTheTable):
        negotiating.accept(session, version, by=clara, now=MONDAY)
    with pytest.raises(standing.NoticeGiven):
        standing.terminate(session, agreement, "My też", by=borys, now=MONDAY)


def test_words_that_both_sign_after_it_take_a_notice_back(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, notice="P5D")
    standing.terminate(session, agreement, "Robimy to sami", by=clara, now=MONDAY)
    again = negotiating.propose(session, agreement, by=borys, now=days(1))  # the very same words
    negotiating.accept(session, again, by=clara, now=days(1))
    pass_days(session, 60)

    assert binds(session, agreement)
    assert (agreement.notice_at, agreement.ends_on) == (None, None)


def test_what_waits_for_its_day_ends_with_the_notice(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, notice="P5D")
    later = negotiating.propose(session, agreement, said(valid_from="2026-12-15"), by=borys, now=MONDAY)
    negotiating.accept(session, later, by=clara, now=MONDAY)
    standing.terminate(session, agreement, "Robimy to sami", by=clara, now=MONDAY)
    pass_days(session, 60)

    assert states(session, agreement) == ["terminated", "terminated"]
    assert agreement.alarm_on is None


def test_a_revision_that_begins_during_the_notice_does_not_outlive_it(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, notice="P10D")
    later = negotiating.propose(session, agreement, said(valid_from="2026-11-18"), by=borys, now=MONDAY)
    negotiating.accept(session, later, by=clara, now=MONDAY)
    standing.terminate(session, agreement, "Robimy to sami", by=clara, now=MONDAY)
    pass_days(session, 3)
    during = binds(session, agreement)
    pass_days(session, 20)

    assert during
    assert states(session, agreement) == ["terminated", "superseded"]


def test_after_its_last_day_it_has_expired_and_the_next_version_follows(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, valid_to="2026-11-30")
    pass_days(session, 14)
    last = binds(session, agreement)
    pass_days(session, 15)

    assert (last, binds(session, agreement)) == (True, False)
    assert states(session, agreement) == ["expired"]
    assert facts(session, agreement)[-1] == "agreement_expired"
    anew = negotiating.propose(session, agreement, said(), by=clara, now=days(16))
    negotiating.accept(session, anew, by=borys, now=days(16))
    assert binds(session, agreement)


def test_a_clock_that_stood_still_catches_up_in_the_order_of_the_days(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, valid_to="2026-11-20")
    later = negotiating.propose(
        session, agreement, said(valid_from="2026-11-25", valid_to="2026-11-28"), by=borys, now=MONDAY
    )
    negotiating.accept(session, later, by=clara, now=MONDAY)
    pass_days(session, 90)

    assert not binds(session, agreement)
    assert states(session, agreement)[0] == "expired"


def test_only_what_is_signed_is_ended_and_only_with_a_reason(
    session: Session, departments: Units, clara: Person, borys: Person, anna: Person, adam: Person
) -> None:
    version = proposed(session, departments, clara)
    agreement = session.get_one(Agreement, version.agreement_id)
    with pytest.raises(agreements.NotInForce):
        standing.terminate(session, agreement, "Nie", by=clara, now=MONDAY)
    negotiating.accept(session, version, by=borys, now=MONDAY)
    with pytest.raises(Invalid):
        standing.terminate(session, agreement, " ", by=clara, now=MONDAY)
    for nobody in (anna, adam):
        with pytest.raises(speaking.NotYourSide):
            standing.terminate(session, agreement, "Nie", by=nobody, now=MONDAY)


# ------------------------------------------------------------------------------------------- silence


@pytest.fixture
def marek(session: Session, departments: Units) -> Person:
    """Marek heads the board, above both."""
    return somebody(session, "Marek", "employee", "director", in_=departments["board"], head=True)


def test_silence_goes_to_the_lowest_common_manager_as_a_task(
    session: Session, departments: Units, clara: Person, borys: Person, marek: Person
) -> None:
    house(session)
    version = proposed(session, departments, clara)
    pass_days(session, 2)
    early = asked(session, marek)
    pass_days(session, 3)
    pass_days(session, 4)

    (task,) = asked(session, marek)
    assert early == []
    assert (version.escalated_to_id, version.answer_by) == (marek.id, None)
    assert session.scalar(
        select(Notice.id).where(Notice.person_id == marek.id, Notice.kind == "agreement_overdue_answer")
    )
    assert session.get_one(Instance, task.instance_id).business_key == f"agreement:{version.agreement_id}"


def test_the_manager_writes_to_both_sides_and_the_time_to_answer_runs_anew(
    session: Session, departments: Units, clara: Person, borys: Person, marek: Person
) -> None:
    house(session)
    version = proposed(session, departments, clara)
    pass_days(session, 3)
    raw = {"note": "Spotkajmy się w piątek.", "meeting_on": "2026-11-20"}
    instances.complete(session, asked(session, marek)[0], raw, by=marek, now=days(3))
    agreement = session.get_one(Agreement, version.agreement_id)

    assert asked(session, marek) == []
    assert facts(session, agreement)[-1] == "agreement_advised"
    assert version.answer_by is not None
    assert version.answer_by.date() == date(2026, 11, 23)
    pass_days(session, 8)
    assert len(asked(session, marek)) == 1  # still silent: asked again


def test_the_managers_task_is_gone_when_the_sides_move_on(
    session: Session, departments: Units, clara: Person, borys: Person, marek: Person
) -> None:
    house(session)
    version = proposed(session, departments, clara)
    pass_days(session, 3)
    negotiating.counter(session, version, said(target=80), by=borys, now=days(3))

    assert asked(session, marek) == []
    assert session.scalars(instances.running()).all() == []


def test_only_the_manager_who_was_asked_advises(
    session: Session, departments: Units, clara: Person, borys: Person, marek: Person, adam: Person
) -> None:
    version = proposed(session, departments, clara)
    agreement = session.get_one(Agreement, version.agreement_id)
    with pytest.raises(agreements.NothingOnTheTable if version.answer_by is None else NotAllowed):
        standing.advise(session, agreement, "Piszę", by=marek, now=MONDAY)
    pass_days(session, 3)

    for nobody in (adam, clara):
        with pytest.raises(NotAllowed):
            standing.advise(session, agreement, "Piszę", by=nobody, now=days(3))


def test_the_common_manager_is_the_lowest_above_both_and_no_party(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    sales, legal, presales = (departments[key].id for key in ("sales", "legal", "presales"))
    nobody = standing.common_manager(session, legal, sales)
    director = somebody(session, "Diana", "director")
    fallback = standing.common_manager(session, legal, sales)
    middle = Department(key="trade", name="Handel", name_en="Trade", parent_id=departments["board"].id)
    session.add(middle)
    session.flush()
    departments["sales"].parent_id = departments["presales"].parent_id = middle.id
    top = somebody(session, "Marek", "employee", in_=departments["board"], head=True)
    near = somebody(session, "Natalia", "employee", in_=middle, head=True)

    assert (nobody, fallback) == (None, director)
    assert standing.common_manager(session, legal, sales) == top
    assert standing.common_manager(session, presales, sales) == near
    clara.memberships.append(Membership(department_id=middle.id, is_head=True))
    near.memberships[0].is_head = False
    session.flush()
    assert standing.common_manager(session, presales, sales) == top  # Clara heads a side herself


# ------------------------------------------------------------------------------------------- the review


def reviewed(session: Session, departments: Units, clara: Person, borys: Person, **more: Any) -> Agreement:
    house(session)
    return in_force(session, departments, clara, borys, review_on="2026-11-20", **more)


def test_on_its_day_both_heads_are_asked_and_what_both_keep_stays(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = reviewed(session, departments, clara, borys)
    pass_days(session, 3)
    early = asked(session, clara) + asked(session, borys)
    pass_days(session, 4)
    (ours,), (theirs,) = asked(session, clara), asked(session, borys)
    instances.complete(session, ours, {"review": "keep", "review_on": "2027-05-20"}, by=clara, now=days(4))
    after_one = agreement.review_on
    instances.complete(session, theirs, {"review": "keep", "review_on": "2027-03-01"}, by=borys, now=days(5))

    assert early == []
    assert after_one == date(2026, 11, 20)
    assert (agreement.review_on, agreement.review_asked_at, agreement.alarm_on) == (
        date(2027, 3, 1),
        None,
        date(2027, 3, 1),
    )
    assert session.scalars(instances.running()).all() == []


def test_a_head_who_wants_other_words_ends_the_review_for_both_and_is_asked_again(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = reviewed(session, departments, clara, borys)
    pass_days(session, 4)
    raw = {"review": "revise", "note": "Trzy dni to za krótko."}
    instances.complete(session, asked(session, borys)[0], raw, by=borys, now=days(4))

    assert asked(session, clara) == []
    assert agreement.review_on == day(34)
    pass_days(session, 34)
    assert len(asked(session, clara)) == 1


def test_a_head_gives_notice_in_the_review(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = reviewed(session, departments, clara, borys, notice="P5D")
    pass_days(session, 4)
    raw = {"review": "terminate", "note": "Robimy to sami."}
    instances.complete(session, asked(session, clara)[0], raw, by=clara, now=days(4))

    assert agreement.notice_at is not None
    assert asked(session, borys) == []


def test_the_review_is_over_when_new_words_are_signed(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = reviewed(session, departments, clara, borys)
    pass_days(session, 4)
    version = negotiating.propose(session, agreement, said(target=95), by=clara, now=days(4))
    negotiating.accept(session, version, by=borys, now=days(4))

    assert asked(session, clara) == asked(session, borys) == []
    assert (agreement.review_on, agreement.review_asked_at) == (None, None)


def test_a_review_answered_with_a_day_that_has_passed_leaves_the_task_open(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    reviewed(session, departments, clara, borys)
    pass_days(session, 4)
    session.commit()
    task = asked(session, clara)[0]
    with pytest.raises(Invalid) as caught:
        instances.complete(
            session, task, {"review": "keep", "review_on": "2026-11-01"}, by=clara, now=days(4)
        )
    session.rollback()

    assert list(caught.value.errors) == ["review_on"]
    assert asked(session, clara) == [task]


def test_one_agreement_in_trouble_stops_no_other_and_is_tried_again_tomorrow(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    file = BPMN / "house" / "agreement_review.bpmn"
    changed = file.read_bytes().replace(b"agreement.review_due", b"something.else")
    form = BPMN / "forms" / "agreement_review.json"
    files = [doctor.File(file.name, changed), doctor.File(form.name, form.read_bytes())]
    definitions.deploy(session, files, process="agreement_review", accepted="all", by=None, now=MONDAY)
    stuck = in_force(session, departments, clara, borys, review_on="2026-11-19")
    fine = in_force(session, departments, clara, borys, code="H6", valid_to="2026-11-18")
    pass_days(session, 4)

    assert states(session, fine) == ["expired"]
    assert (stuck.review_asked_at, stuck.alarm_on) == (None, day(5))
    house(session)
    pass_days(session, 5)
    assert len(asked(session, clara)) == 1


def test_where_the_process_is_not_deployed_history_and_notices_say_it(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = in_force(session, departments, clara, borys, review_on="2026-11-20")
    pass_days(session, 4)

    assert facts(session, agreement)[-1] == "agreement_review_due"
    told = select(Notice.person_id).where(Notice.kind == "agreement_review_due")
    assert set(session.scalars(told)) == {clara.id, borys.id}


def test_a_version_is_told_by_its_hash_through_all_its_life(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    agreement = reviewed(session, departments, clara, borys, valid_to="2026-12-31", notice="P5D")
    version = session.get_one(AgreementVersion, agreement.current_version_id)
    before = (version.terms_hash, dict(version.terms))
    standing.consent(
        session,
        standing.suspend(session, agreement, day(2), "Urlopy", by=borys, now=MONDAY),
        by=clara,
        now=MONDAY,
    )
    for number in (2, 4):
        pass_days(session, number)
    standing.terminate(session, agreement, "Robimy to sami", by=clara, now=days(4))
    pass_days(session, 40)

    session.expire_all()
    assert version.state == "terminated"
    assert (version.terms_hash, dict(version.terms)) == before
    assert {each.terms_hash for each in session.scalars(agreements.signatures(version))} == {before[0]}


# ------------------------------------------------------------------------------------------- who stands in is asked


def titles(session: Session, person: Person) -> list[str]:
    return [task.title_en for task in asked(session, person)]


def test_who_stands_in_for_an_absent_head_is_asked_at_a_review_and_it_says_for_whom(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    julia = somebody(session, "Julia", "employee", in_=departments["legal"])
    away(session, borys, julia, 3, 6)
    agreement = reviewed(session, departments, clara, borys)
    pass_days(session, 4)

    (task,) = asked(session, julia)
    assert task.title_en == f"Look at the agreement as the provider (for {borys.name})"
    assert asked(session, borys) == []
    assert session.scalar(
        select(Notice.id).where(Notice.person_id == julia.id, Notice.kind == "agreement_review_due")
    )
    raw = {"review": "keep", "review_on": "2027-05-20"}
    instances.complete(session, task, raw, by=julia, now=days(4))
    said_by = session.scalars(select(Event).where(Event.kind == "agreement_kept")).one()
    assert (said_by.actor_id, said_by.on_behalf_of_id) == (julia.id, borys.id)
    assert agreement.kept_by_id == departments["legal"].id


def test_a_review_goes_to_the_deputy_when_the_head_leaves_and_back_when_they_return(
    session: Session, departments: Units, clara: Person, borys: Person
) -> None:
    julia = somebody(session, "Julia", "employee", in_=departments["legal"])
    reviewed(session, departments, clara, borys)
    pass_days(session, 4)
    away(session, borys, julia, 5, 6)
    before = titles(session, borys)
    pass_days(session, 5)
    lent = titles(session, julia)
    pass_days(session, 7)

    assert before == titles(session, borys) == ["Look at the agreement as the provider"]
    assert lent == [f"Look at the agreement as the provider (for {borys.name})"]
    assert titles(session, julia) == []


def test_who_stands_in_for_the_manager_brings_silent_sides_together(
    session: Session, departments: Units, clara: Person, borys: Person, anna: Person, marek: Person
) -> None:
    house(session)
    natalia = somebody(session, "Natalia", "employee", in_=departments["board"])
    away(session, marek, natalia, 0, 9)
    version = proposed(session, departments, clara)
    agreement = session.get_one(Agreement, version.agreement_id)
    pass_days(session, 3)

    (task,) = asked(session, natalia)
    assert (task.title_en.endswith("(for Marek)"), asked(session, marek)) == (True, [])
    assert access.one(session, natalia, Agreement, agreement.id, on=day(3)) is agreement
    instances.complete(session, task, {"note": "Spotkajmy się."}, by=natalia, now=days(3))
    told = session.scalars(select(Event).where(Event.kind == "agreement_advised")).one()
    assert (told.actor_id, told.on_behalf_of_id) == (natalia.id, marek.id)


def test_a_member_of_a_side_never_stands_in_for_the_manager_of_both(
    session: Session, departments: Units, clara: Person, borys: Person, anna: Person, marek: Person
) -> None:
    house(session)
    away(session, marek, anna, 0, 9)
    version = proposed(session, departments, clara)
    pass_days(session, 3)

    assert (len(asked(session, marek)), asked(session, anna)) == (1, [])
    with pytest.raises(NotAllowed):
        standing.advise(
            session, session.get_one(Agreement, version.agreement_id), "Piszę", by=anna, now=days(3)
        )


# ------------------------------------------------------------------------------------------- what people are told


def test_a_pause_is_told_in_words_of_its_own(
    session: Session, agreement: Agreement, clara: Person, borys: Person
) -> None:
    first = standing.suspend(session, agreement, day(7), "Urlopy", by=borys, now=MONDAY)
    standing.refuse(session, first, "Nie teraz", by=clara, now=MONDAY)
    second = standing.suspend(session, agreement, day(7), "Urlopy", by=borys, now=days(1))
    standing.consent(session, second, by=clara, now=days(1))
    third = standing.resume(session, agreement, "Wróciliśmy", by=borys, now=days(2))
    standing.consent(session, third, by=clara, now=days(2))

    def kinds(person: Person) -> list[str]:
        mine = select(Notice.kind).where(Notice.person_id == person.id).order_by(Notice.id)
        return [kind for kind in session.scalars(mine) if "pause" in kind or "resum" in kind]

    assert kinds(clara) == ["agreement_pause_asked", "agreement_pause_asked", "agreement_resumption_asked"]
    assert kinds(borys) == ["agreement_pause_refused", "agreement_pause_agreed", "agreement_resumed"]
