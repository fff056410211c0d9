"""Who may do what with an agreement, and who sees it: every role against every verb."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import absences, access
from engine.absences import Absence
from engine.db import Base
from engine.errors import NotAllowed, Refusal
from engine.people import Department, Person
from engine.sales import negotiating, speaking, standing
from engine.sales.agreements import Agreement, AgreementAct, AgreementVersion
from tests.conftest import MONDAY
from tests.engine.sales.trade import away, day, days, drafted, in_force, proposed, said, somebody

Units = dict[str, Department]
Cast = dict[str, Person]


@pytest.fixture
def cast(
    session: Session, departments: Units, clara: Person, borys: Person, anna: Person, adam: Person
) -> Cast:
    """Sales and Legal with heads and members, a deputy of Legal's head this week, and those around and above."""
    found = {
        "head of sales": clara,
        "head of legal": borys,
        "member of sales": anna,
        "member of legal": somebody(session, "Lena", "employee", in_=departments["legal"]),
        "head of presales": somebody(session, "Paweł", "employee", in_=departments["presales"], head=True),
        "head of the board": somebody(session, "Marek", "employee", in_=departments["board"], head=True),
        "director": somebody(session, "Diana", "director", in_=departments["board"]),
        "director of presales": somebody(session, "Dariusz", "director", in_=departments["presales"]),
        "administrator": adam,
        "designer": somebody(session, "Sonia", "designer"),
        "deputy": somebody(session, "Zofia", "employee"),
        "deputy next week": somebody(session, "Zenon", "employee"),
    }
    away(session, borys, found["deputy"], 0, 4)
    away(session, borys, found["deputy next week"], 7, 11)
    return found


SPEAK_FOR_LEGAL = {"head of legal", "deputy"}
SPEAK = {"head of sales", *SPEAK_FOR_LEGAL}


def who_may(session: Session, cast: Cast, act: Callable[[Person], object]) -> set[str]:
    """Everybody tries in turn, and what they did is taken back."""
    found = set()
    session.commit()
    for role, person in cast.items():
        try:
            act(person)
            found.add(role)
        except (speaking.NotYourSide, NotAllowed):
            pass
        session.rollback()
    return found


def test_who_drafts(session: Session, departments: Units, cast: Cast) -> None:
    assert who_may(session, cast, lambda by: drafted(session, departments, by)) == SPEAK


def test_who_answers_a_proposal(session: Session, departments: Units, cast: Cast) -> None:
    version = proposed(session, departments, cast["head of sales"])

    def accept(by: Person) -> object:
        return negotiating.accept(session, version, by=by, now=MONDAY)

    def counter(by: Person) -> object:
        return negotiating.counter(session, version, said(target=80), by=by, now=MONDAY)

    assert who_may(session, cast, accept) == SPEAK_FOR_LEGAL
    assert who_may(session, cast, counter) == SPEAK_FOR_LEGAL
    assert (
        who_may(session, cast, lambda by: negotiating.withdraw(session, version, by=by, now=MONDAY)) == SPEAK
    )


def test_who_changes_what_is_signed(session: Session, departments: Units, cast: Cast) -> None:
    agreement = in_force(session, departments, cast["head of sales"], cast["head of legal"])
    verbs: tuple[Callable[[Person], object], ...] = (
        lambda by: negotiating.propose(session, agreement, said(target=80), by=by, now=MONDAY),
        lambda by: standing.suspend(session, agreement, day(7), "Urlopy", by=by, now=MONDAY),
        lambda by: standing.terminate(session, agreement, "Robimy to sami", by=by, now=MONDAY),
        lambda by: standing.keep_as_it_is(session, agreement, day(90), by=by, now=MONDAY),
        lambda by: standing.will_revise(session, agreement, by=by, now=MONDAY),
    )

    assert [who_may(session, cast, verb) for verb in verbs] == [SPEAK] * len(verbs)


def test_who_consents_to_a_pause(session: Session, departments: Units, cast: Cast) -> None:
    agreement = in_force(session, departments, cast["head of sales"], cast["head of legal"])
    act = standing.suspend(session, agreement, day(7), "Urlopy", by=cast["head of sales"], now=MONDAY)
    legal = {role: person for role, person in cast.items() if role != "head of sales"}

    assert (
        who_may(session, legal, lambda by: standing.consent(session, act, by=by, now=MONDAY))
        == SPEAK_FOR_LEGAL
    )
    with pytest.raises(Refusal):
        standing.consent(session, act, by=cast["head of sales"], now=MONDAY)


def test_who_talks(session: Session, departments: Units, cast: Cast) -> None:
    version = proposed(session, departments, cast["head of sales"])
    agreement = session.get_one(Agreement, version.agreement_id)

    def talk(by: Person) -> object:
        return negotiating.remark(session, agreement, "Słowo", by=by, now=MONDAY)

    assert who_may(session, cast, talk) == SPEAK | {"member of sales", "member of legal"}


def test_who_records_the_absence_of_a_head(session: Session, departments: Units, cast: Cast) -> None:
    deputy = somebody(session, "Olga", "employee")

    def record(by: Person) -> object:
        return absences.record(session, cast["head of sales"], deputy, day(0), day(1), by=by, now=MONDAY)

    assert who_may(session, cast, record) == {"head of sales", "administrator"}


# ------------------------------------------------------------------------------------------- seeing


def who_sees(session: Session, cast: Cast, model: type[Base], on: date | None = None) -> set[str]:
    session.flush()
    return {
        role
        for role, person in cast.items()
        if session.scalar(select(model.__table__.c["id"]).where(access.visible(person, model, on)).limit(1))
    }


MEMBERS = {"head of sales", "head of legal", "member of sales", "member of legal"}
ABOVE = {"head of the board", "director"}


def test_both_sides_and_those_above_see_it_and_nobody_else(
    session: Session, departments: Units, cast: Cast
) -> None:
    agreement = in_force(session, departments, cast["head of sales"], cast["head of legal"])
    standing.suspend(session, agreement, day(7), "Urlopy", by=cast["head of sales"], now=MONDAY)

    for model in (Agreement, AgreementVersion, AgreementAct):
        assert who_sees(session, cast, model) == MEMBERS | ABOVE


def test_a_deputy_sees_it_inside_the_recorded_days_only(
    session: Session, departments: Units, cast: Cast
) -> None:
    agreement = in_force(session, departments, cast["head of sales"], cast["head of legal"])
    standing.suspend(session, agreement, day(7), "Urlopy", by=cast["head of sales"], now=MONDAY)

    for model in (Agreement, AgreementVersion, AgreementAct):
        seen = [who_sees(session, cast, model, day(number)) - MEMBERS - ABOVE for number in (0, 4, 5, 7, 12)]
        assert seen == [{"deputy"}, {"deputy"}, set(), {"deputy next week"}, set()]


def test_a_draft_is_seen_by_its_own_side_and_those_above(
    session: Session, departments: Units, cast: Cast
) -> None:
    drafted(session, departments, cast["head of sales"])
    own = {"head of sales", "member of sales", *ABOVE}

    assert who_sees(session, cast, Agreement, day(0)) == own
    assert who_sees(session, cast, AgreementVersion, day(0)) == own


def test_the_manager_whom_silence_went_to_sees_it(session: Session, departments: Units, cast: Cast) -> None:
    cast["head of the board"].memberships[0].is_head = False
    lone = somebody(session, "Igor", "director")  # a director of nothing in particular, the last resort
    cast["director"].roles.clear()
    cast["director of presales"].roles.clear()
    proposed(session, departments, cast["head of sales"])
    before = who_sees(session, {"lone": lone}, Agreement)
    standing.work_due(session, now=days(3))

    assert (before, who_sees(session, {"lone": lone}, Agreement)) == (set(), {"lone"})


def test_absences_are_seen_by_those_concerned(session: Session, departments: Units, cast: Cast) -> None:
    assert who_sees(session, cast, Absence) == {
        "head of legal",
        "member of legal",
        "deputy",
        "deputy next week",
        "head of the board",
        "director",
        "administrator",
    }
