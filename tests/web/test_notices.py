"""Notices as people meet them: the bell, the page, what is marked as seen, where they lead, and the mails."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from connectors.mail import Mail, OutgoingMail
from engine import history, notices
from engine.db import sessions
from engine.notices import Notice
from engine.people import Department, Person
from engine.ports import Wiring
from engine.process import jobs
from tests.conftest import MONDAY
from tests.connectors.kit import ask, post_office
from tests.web import sales_kit, week_kit
from tests.web.conftest import Clock, Visitor
from tests.web.working import watched
from webapp import clockwork, notice_mail, notice_words
from webapp.database import db
from webapp.settings import Settings

As = Callable[[Person], Visitor]


def tell(
    session: Session, person: Person, kind: str = "promise_late", subject: str = "promise:1", **data: Any
) -> Notice:
    """Tell a person one thing, committed."""
    at = data.pop("at", MONDAY)
    notices.tell(session, [person], kind, subject, data, now=at, by=data.pop("who", None))
    session.commit()
    return session.scalars(notices.recent(person).limit(1)).one()


def page(browser: Visitor, path: str = "/notices/") -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return " ".join(answer.get_data(as_text=True).split())


def badge(shown: str) -> str | None:
    found = re.search(r'class="shell-bell".*?<b class="n" aria-hidden="true">([^<]+)</b>', shown)
    return found[1] if found else None


def test_the_bell_counts_what_was_not_seen_on_every_page(as_: As, session: Session, anna: Person) -> None:
    browser = as_(anna)
    none = badge(page(browser, "/preferences"))
    tell(session, anna)
    tell(session, anna, "promise_step")

    shown = page(browser, "/preferences")

    assert none is None
    assert badge(shown) == "2"
    assert ", 2 not seen</span>" in shown
    session.add_all(
        Notice(person_id=anna.id, kind="k", subject="promise:1", data={}, at=MONDAY) for _ in range(150)
    )
    assert badge(page(browser)) == "99+"


def test_the_bell_costs_a_page_one_statement(
    app: Flask, as_: As, session: Session, anna: Person, borys: Person
) -> None:
    tell(session, anna)
    browser = as_(anna)
    browser.get("/preferences")
    with app.app_context():
        engine = db.engine

    with watched(engine) as seen:
        browser.get("/preferences")

    assert len([each for each in seen.statements if "notices" in each]) == 1, str(seen)
    assert seen.commits == 0


def test_a_fragment_and_the_door_ask_for_no_bell(app: Flask, as_: As, client: Visitor, anna: Person) -> None:
    browser = as_(anna)
    anna.must_change_password = True
    with app.app_context():
        engine = db.engine

    with watched(engine) as seen:
        client.get("/log-in")
        shown = browser.get("/password").get_data(as_text=True)

    assert "shell-bell" not in shown
    assert [each for each in seen.statements if "notices" in each] == []


def test_the_page_tells_day_by_day_what_others_did(
    as_: As, session: Session, anna: Person, clara: Person
) -> None:
    tell(session, anna, "promise_late", title="Stary", title_en="Old one", at=MONDAY - timedelta(days=3))
    tell(
        session,
        anna,
        "promise_countered",
        "promise:7",
        who=clara,
        title="Projekt umowy",
        title_en="Draft contract",
        about="Stocznia Mewa",
        due_at=MONDAY + timedelta(days=2),
        reason="Two are <away>",
        missing=["the offer"],
    )

    shown = page(as_(anna))

    days = re.findall(r'<h2 id="day-([\d-]+)">([^<]+)</h2>', shown)
    assert days == [("2026-11-16", "today"), ("2026-11-13", "Fri 13 Nov")]
    assert "Clara Zając offers another date: <b>Draft contract</b>." in shown
    assert (
        "Stocznia Mewa · Date: Wednesday 18 November 2026, 10:00 · Missing: the offer · “Two are &lt;away&gt;”"
        in shown
    )
    assert "The time has passed: <b>Old one</b>." in shown


def test_polish_sentences_guess_no_gender(as_: As, session: Session, anna: Person, clara: Person) -> None:
    anna.locale = "pl"
    for n, kind in enumerate(notice_words.SENTENCES):
        tell(session, anna, kind, f"promise:{n}", who=clara, title="Projekt")
    shown = page(as_(anna))
    for n, kind in enumerate(notice_words.BY_ITSELF):
        tell(session, anna, kind, f"agreement:{n}", title="Projekt")
    shown += page(as_(anna))  # it shows the latest fifty
    said = set(re.findall(r"<(?:p|button)>([^<]*<b>Projekt</b>[^<]*)</(?:p|button)>", shown))

    assert len(said) == len(notice_words.SENTENCES) + len(notice_words.BY_ITSELF)
    assert "Clara Zając zwraca, bo czegoś brakuje: <b>Projekt</b>." in said
    hers = [each for each in said if each.startswith("Clara")]
    assert len(hers) > 20
    assert [each for each in hers if re.search(r"\(a\)|[aiyęą]ła?\b", each)] == []


def test_an_unknown_kind_without_data_is_a_sentence_too(as_: As, session: Session, anna: Person) -> None:
    tell(session, anna, "something_new", "promise:12")
    tell(session, anna, "promise_declined", "nothing")

    shown = page(as_(anna))

    assert "Something has changed: <b>no. 12</b>." in shown
    assert "The other side declines: <b>no. nothing</b>." in shown


def test_nobody_told_anything_is_taught_what_comes_here(as_: As, anna: Person) -> None:
    assert "Nobody has told you anything yet" in page(as_(anna))


def test_what_was_told_first_is_found_on_an_older_page(as_: As, session: Session, anna: Person) -> None:
    session.add_all(
        Notice(person_id=anna.id, kind="k", subject="x:1", data={"title": f"T{n}."}, at=MONDAY)
        for n in range(60)
    )
    browser = as_(anna)

    first = page(browser)
    older = re.search(r'href="(/notices/\?before=\d+)"', first)

    assert older is not None
    assert ("T59." in first, "T10." in first, "T9." in first) == (True, True, False)
    second = page(browser, older[1])
    assert ("T10." in second, "T9." in second, "T0." in second) == (False, True, True)
    assert "Mark all as seen" not in second


def test_each_leads_to_its_record_where_the_person_may_still_see_it(
    as_: As,
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    dorota: Person,
) -> None:
    agreement = sales_kit.proposal(session, departments, borys).agreement_id
    case = week_kit.case(session, anna)
    promise = week_kit.promise(session, case, "Opinia", departments["legal"], departments["sales"])
    made = {
        who.name: [
            tell(session, who, "promise_late", f"promise:{promise.id}"),
            tell(session, who, "agreement_proposed", f"agreement:{agreement}"),
        ]
        for who in (anna, dorota)
    }

    leads = [as_(anna).get(f"/notices/{each.id}").location for each in made["Anna Wilk"]]
    refused = [as_(dorota).get(f"/notices/{each.id}").status_code for each in made["Dorota Sowa"]]

    assert leads == [f"/work/tasks/{promise.task_id}", f"/agreements/{agreement}"]
    assert refused == [404, 404]
    assert "<b>Opinia</b>" in page(as_(anna))
    hidden = page(as_(dorota))
    assert "Opinia" not in hidden
    assert f"<p>The time has passed: <b>no. {promise.id}</b>.</p>" in hidden


def test_opening_one_marks_it_and_leads_on(
    as_: As,
    session: Session,
    departments: dict[str, Department],
    anna: Person,
    borys: Person,
    clara: Person,
    clock: Clock,
) -> None:
    agreement = sales_kit.proposal(session, departments, borys).agreement_id
    found = tell(session, anna, "agreement_proposed", f"agreement:{agreement}")
    browser = as_(anna)

    answer = browser.send(f"/notices/{found.id}", {"open": "1"})

    assert (answer.status_code, answer.location) == (303, f"/agreements/{agreement}")
    session.refresh(found)
    assert found.seen_at == clock.at
    assert f'<a href="/agreements/{agreement}">' in page(browser)


def test_looking_marks_nothing_as_seen(as_: As, session: Session, anna: Person) -> None:
    tell(session, anna)
    browser = as_(anna)
    page(browser)

    assert badge(page(browser)) == "1"


def test_all_that_was_on_the_page_is_marked_and_what_came_since_is_not(
    as_: As, session: Session, anna: Person, clock: Clock
) -> None:
    browser = as_(anna)
    shown = tell(session, anna)
    tell(session, anna, "promise_step")

    answer = browser.send("/notices/seen", {"upto": shown.id}, follow_redirects=True)

    assert "1 notice marked as seen." in answer.get_data(as_text=True)
    assert badge(page(browser)) == "1"


def test_nobody_opens_or_marks_what_was_told_to_another(
    as_: As, session: Session, anna: Person, clara: Person
) -> None:
    found = tell(session, anna)
    browser = as_(clara)

    assert browser.get(f"/notices/{found.id}").status_code == 404
    assert browser.send(f"/notices/{found.id}").status_code == 404
    browser.send("/notices/seen")
    session.refresh(found)
    assert found.seen_at is None


def test_how_they_come_by_mail_is_a_preference(as_: As, session: Session, anna: Person) -> None:
    browser = as_(anna)
    chosen = re.search(r'<option value="(\w+)" selected>One mail', page(browser, "/preferences"))

    browser.send("/preferences", {"digest": "each"})
    kept = session.get_one(Person, anna.id, populate_existing=True).digest
    browser.send("/preferences", {"digest": "hourly"})

    assert chosen is not None
    assert chosen[1] == "daily"
    assert kept == "each"
    assert session.get_one(Person, anna.id, populate_existing=True).digest == "each"
    assert session.scalars(select(history.Event.kind)).all().count("person_preferred") == 2


# ------------------------------------------------------------------------------------------------------------ mails


@pytest.fixture
def settings(engine_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=engine_url, var_dir=tmp_path, public_url="https://contentum.example/")


def outgoing(session: Session, database: Engine, settings: Settings) -> list[OutgoingMail]:
    """Let the clock mail what is due on Monday morning and a little later, then read the mails."""
    write = notice_mail.writer(settings)
    factory = sessions(database, wiring=Wiring(connectors={"mail": Mail()}))
    session.commit()
    clockwork.mail(factory, write, lambda: MONDAY)
    clockwork.digest(factory, write, lambda: MONDAY)
    jobs.work(factory, now=MONDAY)
    return list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))


def test_a_single_notice_is_a_mail_with_its_sentence_as_subject(
    session: Session, database: Engine, settings: Settings, anna: Person, clara: Person
) -> None:
    anna.digest, anna.locale = "each", "pl"
    due = MONDAY + timedelta(days=2)
    found = tell(session, anna, "promise_countered", who=clara, title="Projekt <umowy>", due_at=due)

    (mail,) = outgoing(session, database, settings)

    assert mail.to == [anna.email]
    assert mail.subject == "Clara Zając proponuje inny termin: „Projekt <umowy>”."
    assert mail.text.splitlines()[:3] == [
        mail.subject,
        "    Termin: środa, 18 listopada 2026, 10:00",
        f"    https://contentum.example/notices/{found.id}",
    ]
    assert mail.html is not None
    assert '<html lang="pl">' in mail.html
    assert f'<a href="https://contentum.example/notices/{found.id}">' in mail.html
    assert "<b>Projekt &lt;umowy&gt;</b>" in mail.html
    assert "style" not in mail.html
    assert outgoing(session, database, settings) == [mail]


def test_the_running_clock_mails_a_notice_within_seconds(
    session: Session, settings: Settings, anna: Person
) -> None:
    anna.digest = "each"
    tell(session, anna, title="P")
    end = time.monotonic() + 15

    with clockwork.beside(settings):
        while time.monotonic() < end and not session.scalars(select(OutgoingMail)).first():
            session.rollback()
            time.sleep(0.1)

    assert session.scalars(select(OutgoingMail.subject)).all() == ["The time has passed: “P”."]


def test_a_digest_gathers_days_and_says_how_to_end_it(
    session: Session, database: Engine, settings: Settings, anna: Person
) -> None:
    for n, days in enumerate((3, 3, 1)):
        tell(session, anna, subject=f"promise:{n}", title=f"P{n}", at=MONDAY - timedelta(days=days))

    (mail,) = outgoing(session, database, settings)

    assert mail.subject == "3 notices you have not seen"
    assert re.findall(r"^\w+day .*$", mail.text, re.MULTILINE) == [
        "Friday 13 November 2026",
        "Sunday 15 November 2026",
    ]
    assert re.findall(r"P\d", mail.text) == ["P0", "P1", "P2"]
    assert "https://contentum.example/preferences" in mail.text
    assert mail.html is not None
    assert mail.html.count("<h2>") == 2


def test_without_an_address_of_the_product_a_mail_leads_nowhere(
    session: Session, database: Engine, settings: Settings, anna: Person
) -> None:
    anna.digest = "each"
    tell(session, anna, title="P")

    (mail,) = outgoing(session, database, settings.model_copy(update={"public_url": ""}))

    assert "http" not in mail.text
    assert "href" not in (mail.html or "")


def test_the_longest_digest_still_leaves(
    session: Session, database: Engine, settings: Settings, anna: Person
) -> None:
    long = "ż" * 500
    for n in range(45):
        what: dict[str, Any] = {"title": long, "about": long, "reason": long, "missing": [long]}
        tell(session, anna, subject=f"promise:{n}", at=MONDAY - timedelta(days=1), **what)

    (mail,) = outgoing(session, database, settings)

    assert mail.subject == "45 notices you have not seen"
    assert "and 15 older ones" in mail.text


def test_a_mail_with_both_forms_reaches_the_server_in_both(session: Session) -> None:
    with post_office() as office:
        mail = Mail(office.url)
        ask(session, mail, "send", to="ewa@klient.example", subject="Raz", text="Żółw", html="<p>Żółw</p>")

        message = message_from_bytes(office.mails[0], policy=policy.default)

    kinds = [(part.get_content_type(), part.get_content().strip()) for part in message.iter_parts()]
    assert kinds == [("text/plain", "Żółw"), ("text/html", "<p>Żółw</p>")]
