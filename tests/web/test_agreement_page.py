"""The page of an agreement: every action of both sides, deputies, lost races, rights, versions, in both languages."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import absences
from engine.people import Department, Person
from engine.sales import agreements, negotiating, standing
from engine.sales.agreements import Agreement, AgreementAct, AgreementVersion, Signature
from tests.conftest import MONDAY
from tests.web import sales_kit
from tests.web.conftest import Clock, Visitor
from tests.web.house import words

Enter = Callable[[Person], Visitor]
TODAY = date(2026, 11, 16)
SOON = (TODAY + timedelta(days=14)).isoformat()


@pytest.fixture
def version(
    session: Session, departments: dict[str, Department], clara: Person, borys: Person
) -> AgreementVersion:
    """What Clara proposed to Borys."""
    return sales_kit.proposal(session, departments, clara)


@pytest.fixture
def signed(session: Session, version: AgreementVersion, borys: Person) -> Agreement:
    """The same once Borys has signed it."""
    negotiating.accept(session, version, by=borys, now=MONDAY)
    session.commit()
    return session.get_one(Agreement, version.agreement_id)


def shown(client: Visitor, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return words(answer.get_data(as_text=True))


def held(found: Agreement) -> dict[str, int | None]:
    """What the page's forms carry: the version that was seen."""
    return {"version": found.current_version_id}


# ------------------------------------------------------------------------------------------------ lost races


def test_whoever_signs_what_was_taken_back_reads_why_and_what_can_be_done(
    as_: Enter, clara: Person, borys: Person, session: Session, version: AgreementVersion
) -> None:
    path, seen = f"/agreements/{version.agreement_id}", {"version": version.id, "hash": version.terms_hash}
    as_(clara).send(f"{path}/withdrawal", seen)
    answer = as_(borys).send(f"{path}/signature", seen)

    text = words(answer.get_data(as_text=True))
    assert answer.status_code == 400
    assert "no version of this agreement is being negotiated" in text
    assert "You can propose it again." in text
    assert session.scalars(select(Signature).where(Signature.person_id == borys.id)).all() == []


def test_whoever_signs_an_older_version_is_shown_the_newer_one(
    as_: Enter, clara: Person, borys: Person, version: AgreementVersion, session: Session
) -> None:
    path = f"/agreements/{version.agreement_id}"
    changed = {**sales_kit.TERMS, "ready": "oferta", "version": version.id}
    as_(borys).send(f"{path}/wording", changed)
    newest = session.scalars(select(AgreementVersion).order_by(AgreementVersion.number.desc())).first()
    assert newest is not None
    as_(clara).send(f"{path}/wording", {**changed, "ready": "warunki", "version": newest.id})
    answer = as_(borys).send(f"{path}/signature", {"version": version.id, "hash": version.terms_hash})

    text = words(answer.get_data(as_text=True))
    assert "There is a newer version of this agreement." in text
    assert "Version 3 is on the table now." in text


def test_what_was_typed_in_an_answer_stays_when_somebody_was_faster(
    as_: Enter, clara: Person, borys: Person, version: AgreementVersion
) -> None:
    path = f"/agreements/{version.agreement_id}"
    as_(clara).send(f"{path}/withdrawal", {"version": version.id})
    fields = {**sales_kit.TERMS, "deliverable": "Inny projekt", "version": version.id}
    as_(clara).send(f"{path}/wording", {**sales_kit.TERMS, "target": "80", "version": version.id})
    answer = as_(borys).send(f"{path}/wording", fields)

    text = answer.get_data(as_text=True)
    assert "There is a newer version of this agreement." in text
    assert "Inny projekt" in text


def test_the_same_terms_again_are_refused_in_the_form(
    as_: Enter, borys: Person, version: AgreementVersion, session: Session
) -> None:
    fields = {**version.terms, "ready": "oferta\nwarunki", "version": version.id}
    answer = as_(borys).send(f"/agreements/{version.agreement_id}/wording", fields)

    assert answer.status_code == 400
    assert "These terms are the same as before; sign them instead." in answer.get_data(as_text=True)
    assert len(session.scalars(select(AgreementVersion)).all()) == 1


# ------------------------------------------------------------------------------------------------ acts of both sides


def test_a_pause_holds_once_the_other_side_consents(
    as_: Enter, clara: Person, borys: Person, session: Session, signed: Agreement
) -> None:
    path = f"/agreements/{signed.id}"
    as_(borys).send(f"{path}/suspension", {**held(signed), "until": SOON, "reason": "Nowy wzór umowy"})
    act = session.scalars(select(AgreementAct)).one()
    asked = shown(as_(clara), path)
    waits = shown(as_(clara), "/agreements/?tab=waiting")
    as_(clara).send(f"{path}/acts/{act.id}/consent", {"hash": act.said_hash})

    assert "Legal asks to suspend it until Mon 30 Nov" in asked
    assert "Nowy wzór umowy" in asked
    assert "a pause is asked for" in waits
    assert signed.suspended_until == date(2026, 11, 30)
    assert "Suspended, version 1 until Mon" in shown(as_(clara), "/agreements/?tab=in_force")
    assert "Ask to end the pause…" in shown(as_(borys), path)


def test_a_pause_is_ended_early_by_both(
    as_: Enter, clara: Person, borys: Person, session: Session, signed: Agreement
) -> None:
    path = f"/agreements/{signed.id}"
    act = standing.suspend(session, signed, date(2026, 11, 30), "Urlopy", by=borys, now=MONDAY)
    standing.consent(session, act, by=clara, now=MONDAY)
    as_(clara).send(f"{path}/resumption", {**held(signed), "reason": "Klient czeka"})
    early = session.scalars(select(AgreementAct).where(AgreementAct.kind == "resumption")).one()
    as_(borys).send(f"{path}/acts/{early.id}/consent", {"hash": early.said_hash})

    assert signed.suspended_until is None
    assert "version 1 is in force" in shown(as_(borys), path)


def test_a_pause_is_refused_or_taken_back(
    as_: Enter, clara: Person, borys: Person, session: Session, signed: Agreement
) -> None:
    path = f"/agreements/{signed.id}"
    for person, state in ((clara, "refused"), (borys, "withdrawn")):
        act = standing.suspend(session, signed, date(2026, 11, 30), "Urlopy", by=borys, now=MONDAY)
        as_(person).send(f"{path}/acts/{act.id}/refusal", {"note": "Nie teraz"})
        assert session.get_one(AgreementAct, act.id).state == state
    assert signed.suspended_until is None


def test_consent_to_words_that_nobody_saw_is_refused(
    as_: Enter, clara: Person, borys: Person, session: Session, signed: Agreement
) -> None:
    act = standing.suspend(session, signed, date(2026, 11, 30), "Urlopy", by=borys, now=MONDAY)
    answer = as_(clara).send(f"/agreements/{signed.id}/acts/{act.id}/consent", {"hash": "other"})

    assert answer.status_code == 409
    assert session.get_one(AgreementAct, act.id).state == "asked"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"until": "2026-11-01", "reason": "Urlopy"}, "Choose a day from"),
        ({"until": "jutro", "reason": "Urlopy"}, "Give a day like 2026-12-01."),
        ({"until": "", "reason": "Urlopy"}, "This is needed."),
        ({"until": SOON, "reason": " "}, "This is needed."),
    ],
)
def test_a_pause_that_cannot_be_asked_for_comes_back_open_with_what_was_typed(
    as_: Enter, borys: Person, signed: Agreement, fields: dict[str, str], said: str
) -> None:
    answer = as_(borys).send(f"/agreements/{signed.id}/suspension", {**held(signed), **fields})

    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in text
    assert f'value="{fields["until"]}"' in text
    assert '<details class="fold" open>' in text


def test_notice_ends_it_after_the_notice_time(as_: Enter, clara: Person, signed: Agreement) -> None:
    path = f"/agreements/{signed.id}"
    empty = as_(clara).send(f"{path}/notice", {**held(signed), "reason": ""})
    as_(clara).send(f"{path}/notice", {**held(signed), "reason": "Nowy podział pracy"})

    assert empty.status_code == 422
    assert signed.ends_on == TODAY
    assert "notice was given, last day: today" in shown(as_(clara), "/agreements/?tab=in_force")
    assert "Nowy podział pracy" in shown(as_(clara), path)


def test_notice_about_words_that_changed_meanwhile_is_refused(
    as_: Enter, clara: Person, signed: Agreement
) -> None:
    answer = as_(clara).send(f"/agreements/{signed.id}/notice", {"version": 10**6, "reason": "Nowy podział"})

    assert "There is a newer version of this agreement." in answer.get_data(as_text=True)
    assert signed.ends_on is None


def test_the_day_of_review_is_kept_by_both_sides(
    as_: Enter, clara: Person, borys: Person, session: Session, signed: Agreement
) -> None:
    signed.review_on = TODAY - timedelta(days=1)
    path = f"/agreements/{signed.id}"
    due = shown(as_(clara), "/agreements/?tab=review")
    keep = {**held(signed), "answer": "keep", "review_on": "2027-05-31"}
    as_(clara).send(f"{path}/review", keep)
    half = shown(as_(borys), path)
    as_(borys).send(f"{path}/review", {**keep, "review_on": "2027-03-31"})

    assert "Projekt umowy" in due
    assert "Sales keeps it as it is" in half
    assert signed.review_on == date(2027, 3, 31)
    assert "No day of review has come." in shown(as_(clara), "/agreements/?tab=review")


def test_a_review_may_lead_to_the_form_of_a_change(as_: Enter, clara: Person, signed: Agreement) -> None:
    signed.review_on = TODAY
    answer = as_(clara).send(f"/agreements/{signed.id}/review", {**held(signed), "answer": "revise"})

    assert answer.headers["Location"].endswith(f"/agreements/{signed.id}/wording")


# ------------------------------------------------------------------------------------------------ deputies and rights


def test_a_deputy_signs_in_place_of_the_absent_head_and_the_page_says_so(
    as_: Enter, borys: Person, dorota: Person, session: Session, version: AgreementVersion
) -> None:
    absences.record(session, borys, dorota, TODAY, TODAY + timedelta(days=4), by=borys, now=MONDAY)
    client, path = as_(dorota), f"/agreements/{version.agreement_id}"
    listed, before = shown(client, "/agreements/?tab=waiting"), shown(client, path)
    client.send(f"{path}/signature", {"version": version.id, "hash": version.terms_hash})

    assert "You stand in for Borys Jawor until Fri 20 Nov." in listed
    assert "Projekt umowy" in listed
    assert "what you sign here binds Legal" in before
    assert "Dorota Sowa standing in for Borys Jawor" in shown(client, path)
    assert session.get_one(AgreementVersion, version.id).state == "in_force"


def test_after_the_absence_the_deputy_sees_nothing(
    as_: Enter, borys: Person, dorota: Person, session: Session, version: AgreementVersion, clock: Clock
) -> None:
    absences.record(session, borys, dorota, TODAY, TODAY, by=borys, now=MONDAY)
    clock.at += timedelta(days=1)

    assert as_(dorota).get(f"/agreements/{version.agreement_id}").status_code == 404


@pytest.mark.parametrize(
    "verb", ["signature", "withdrawal", "suspension", "resumption", "notice", "review", "remarks", "wording"]
)
def test_administrators_and_strangers_to_it_find_no_door(
    as_: Enter, adam: Person, dorota: Person, session: Session, version: AgreementVersion, verb: str
) -> None:
    fields = {"version": version.id, "hash": version.terms_hash, "reason": "x", "note": "x", "until": SOON}
    for person in (adam, dorota):
        assert as_(person).send(f"/agreements/{version.agreement_id}/{verb}", fields).status_code == 404

    assert session.get_one(AgreementVersion, version.id).state == "proposed"


@pytest.mark.parametrize("verb", ["suspension", "resumption", "notice", "review"])
def test_a_member_reads_and_decides_nothing(
    as_: Enter, anna: Person, signed: Agreement, session: Session, verb: str
) -> None:
    client, path = as_(anna), f"/agreements/{signed.id}"
    text = shown(client, path)
    fields = {**held(signed), "until": SOON, "reason": "x", "review_on": SOON, "answer": "keep"}
    answer = client.send(f"{path}/{verb}", fields)

    assert "End it with notice…" not in text
    assert "Propose a change" not in text
    assert answer.status_code == 400
    assert (signed.ends_on, signed.suspended_until, signed.review_on) == (None, None, None)


def test_a_draft_is_there_for_its_own_side_only(
    as_: Enter, clara: Person, borys: Person, departments: dict[str, Department], session: Session
) -> None:
    sides = {"provider": departments["legal"].id, "consumer": departments["sales"].id}
    fields = {"title": "Szkic", "deliverable": "Projekt", "deliver_time": "P3D", "draft": "1", **sides}
    as_(clara).send("/agreements/new", fields)
    made = session.scalars(select(Agreement)).one()

    assert "version 1 is a draft" in shown(as_(clara), f"/agreements/{made.id}")
    assert as_(borys).get(f"/agreements/{made.id}").status_code == 404
    assert as_(borys).get(f"/agreements/{made.id}/print").status_code == 404


def test_a_draft_is_written_anew_and_proposed_later(
    as_: Enter, clara: Person, borys: Person, departments: dict[str, Department], session: Session
) -> None:
    legal, sales, said = departments["legal"], departments["sales"], sales_kit.TERMS
    made = negotiating.draft(
        session, "Szkic", provider=legal, consumer=sales, terms=said, by=clara, now=MONDAY
    )
    version = session.scalars(agreements.versions(made)).one()
    path, fields = f"/agreements/{made.id}/wording", {**sales_kit.TERMS, "version": version.id}
    as_(clara).send(path, {**fields, "target": "75", "draft": "1"})
    kept = dict(session.get_one(AgreementVersion, version.id).terms)
    as_(clara).send(path, {**fields, "target": "75"})

    assert kept["target"] == 75
    assert session.get_one(AgreementVersion, version.id).state == "proposed"


# ------------------------------------------------------------------------------------------------ talk, versions, words


def test_what_is_said_about_a_version_stands_with_it(
    as_: Enter, borys: Person, session: Session, version: AgreementVersion
) -> None:
    client, path = as_(borys), f"/agreements/{version.agreement_id}"
    said = {"note": "Trzy dni to za mało.", "version": version.id, "from": "version"}
    answer = client.send(f"{path}/remarks", said)
    client.send(f"{path}/remarks", {"note": "Dziękujemy za propozycję."})
    empty = client.send(f"{path}/remarks", {"note": "  "})

    assert answer.headers["Location"].endswith("/versions/1#talk")
    assert "Trzy dni to za mało." in shown(client, f"{path}/versions/1")
    assert "Dziękujemy" not in shown(client, f"{path}/versions/1")
    assert "Dziękujemy" in shown(client, path)
    assert empty.status_code == 422


def test_any_two_versions_are_compared(as_: Enter, borys: Person, version: AgreementVersion) -> None:
    client, path = as_(borys), f"/agreements/{version.agreement_id}"
    client.send(f"{path}/wording", {**sales_kit.TERMS, "ready": "oferta", "version": version.id})
    page = client.get(f"{path}/versions?version=2&beside=1").get_data(as_text=True)

    assert "<del>warunki</del>" in page
    assert "Versions 1 and 2" in page
    assert client.get(f"{path}/versions/9").status_code == 404
    assert client.get(f"{path}/versions/1?beside=9").status_code == 404


def test_a_version_that_waits_for_its_day_stands_beside_what_holds(
    as_: Enter, clara: Person, borys: Person, session: Session, signed: Agreement
) -> None:
    terms = {**sales_kit.TERMS, "deliver_time": "P2D", "valid_from": "2026-12-01"}
    later = negotiating.propose(session, signed, terms, by=clara, now=MONDAY)
    negotiating.accept(session, later, by=borys, now=MONDAY)
    text = shown(as_(clara), f"/agreements/{signed.id}")

    assert "version 2 is signed and waits for its day" in text
    assert "Version 2 from Tue 1 Dec" in text
    assert "version 2 from Tue 1 Dec" in shown(as_(clara), "/agreements/?tab=in_force")


def test_what_is_over_is_still_found(as_: Enter, clara: Person, version: AgreementVersion) -> None:
    client = as_(clara)
    client.send(f"/agreements/{version.agreement_id}/withdrawal", {"version": version.id})

    assert "1 ended or withdrawn" in shown(client, "/agreements/?tab=in_force")
    assert "Withdrawn, version 1" in shown(client, "/agreements/?tab=over")


def test_the_page_speaks_polish(as_: Enter, borys: Person, version: AgreementVersion) -> None:
    borys.locale = "pl"
    text = shown(as_(borys), f"/agreements/{version.agreement_id}")

    assert "Podpisz wersję 1" in text
    assert "Co się zmieni, gdy podpiszesz" in text
    assert "3 dni robocze" in text
