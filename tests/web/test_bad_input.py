"""What nobody should send: each is refused in words, in both languages, and not one row of the database is different."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from engine.people import Person
from engine.process.tasks import Draft
from engine.sales.deals import Deal
from engine.sales.records import Client, Contact
from tests.browser.walking import ANNA, CLARA, DESIGNER, PRESALES
from tests.conftest import Another
from tests.engine.process.kit import choice, diagram, end, script, start, way
from tests.web.conftest import Visitor
from tests.web.house import EVERYBODY, STRANGER, House, opened, words
from tests.web.test_processes import DIAGRAM

pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("language", ["en", "pl"])
GOOD = {
    "need": "Dwa magazyny, praca na dwie zmiany.",
    "budget_range": "to_200",
    "decision_maker": "Ewa Jawor",
    "date_of_need": "2027-03-01",
    "fit": "yes",
}
"""A qualification that is complete."""

NOT_HERE = {"en": "There is nothing here that you may see.", "pl": "Nie ma tu niczego, co możesz zobaczyć."}

NOT_YOURS = {"en": "You do not have the right to do this.", "pl": "Nie masz do tego uprawnień."}


@pytest.fixture(scope="module")
def house(empty_database: Another, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with empty_database(folder) as url, opened(url, folder) as made:
        yield made


def said(answer: TestResponse) -> str:
    """What a page says, without its tags."""
    return words(answer.get_data(as_text=True))


def refused(answer: TestResponse, status: int, sentence: str) -> None:
    """The answer has this status and says this, as a page of ours."""
    assert answer.status_code == status, said(answer)[:500]
    assert sentence in said(answer), said(answer)[:2000]
    assert "Traceback" not in said(answer)


# ------------------------------------------------------------------------------------------------ uploads

FILES: dict[str, tuple[str | bytes, str, str]] = {
    "not XML": (
        "this is no diagram",
        "“zly.bpmn” is not well-formed XML",
        "„zly.bpmn” nie jest poprawn",
    ),
    "a DOCTYPE": (
        "<!DOCTYPE x><x/>",
        "“zly.bpmn” has a DOCTYPE declaration",
        "„zly.bpmn” zawiera deklarację DOCTYPE",
    ),
    "an entity": (
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>',
        "“zly.bpmn” has a DOCTYPE declaration",
        "„zly.bpmn” zawiera deklarację DOCTYPE",
    ),
    "3 MB": (
        DIAGRAM + "<!--" + "x" * 3 * 2**20 + "-->",
        "the largest allowed size is 2 MB",
        "„zly.bpmn” ma 3.0 MB",
    ),
    "bytes": (b"\xff\xfe\x00\x01", "“zly.bpmn” is not well-formed XML", "„zly.bpmn” nie jest poprawn"),
    "nothing": ("", "The file “zly.bpmn” is empty.", "Plik „zly.bpmn” jest pusty."),
}


def upload(client: Visitor, content: str | bytes, path: str = "/processes/upload") -> TestResponse:
    raw = content.encode() if isinstance(content, str) else content
    answer = client.send(path, {"files": (BytesIO(raw), "zly.bpmn")})
    answer.request.environ["wsgi.input"].close()  # the test client leaves what it spooled to a file open
    return answer


@BOTH
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_a_diagram_is_refused_by_its_name(
    house: House, name: str, language: str
) -> None:
    content, english, polish = FILES[name]
    designer = house.enter(DESIGNER, language)

    with house.unchanged():
        answer = upload(designer, content)

    refused(answer, 422, english if language == "en" else polish)


@BOTH
def test_a_file_larger_than_any_request_may_be_is_refused(house: House, language: str) -> None:
    designer = house.enter(DESIGNER, language)

    with house.unchanged():
        answer = upload(designer, "x" * 9 * 2**20)

    refused(answer, 413, {"en": "The file is too large.", "pl": "Plik jest za duży."}[language])


@BOTH
@pytest.mark.parametrize(
    ("content", "english", "polish"),
    [
        (
            DIAGRAM,
            "The lane “Warsztat” matches no department",
            "Tor „Warsztat” nie odpowiada żadnemu działowi",
        ),
        (
            DIAGRAM.replace('id="mend"', 'id="take_in"'),
            "“Napraw” has the id “take_in”, which another element has already.",
            "„Napraw” ma identyfikator „take_in”, który nosi już inny element.",
        ),
    ],
    ids=["an unknown lane", "a duplicate id"],
)
def test_a_diagram_that_names_what_is_not_there_is_shown_but_not_deployed(
    house: House, language: str, content: str, english: str, polish: str
) -> None:
    designer = house.enter(DESIGNER, language)
    table = upload(designer, content).headers["Location"]
    sentence = english if language == "en" else polish
    assert sentence in said(designer.get(table))

    with house.unchanged():
        answer = designer.send(f"{table}/deployment", {"name": "repairs", "title": "Naprawy"})

    refused(answer, 400, sentence)


# ------------------------------------------------------------------------------------------------ an endless loop

ENDLESS = diagram(
    "endless",
    start(),
    script("count", "n = 1"),
    choice("again", default="again_count"),
    end(),
    way("begin", "count", "again", "count"),
    way("again", "done", when="n > 1"),
)


@BOTH
def test_a_process_that_goes_round_without_waiting_is_stopped_and_has_never_begun(
    house: House, language: str
) -> None:
    house.deploy("endless", ENDLESS)
    designer = house.enter(DESIGNER, language)

    with house.unchanged():
        answer = designer.send("/processes/endless/start", {"case-title": "Raz", "key": "one"})

    refused(
        answer, 400, {"en": "keeps going round at “count”", "pl": "kręci się w kółko przy „count”"}[language]
    )


# ------------------------------------------------------------------------------------------------ form values

WRONG: dict[str, tuple[str, str, str, str]] = {
    "missing": ("decision_maker", "", "Fill this in.", "Wypełnij to pole."),
    "too long": ("need", "x" * 2001, "at most 2000 characters", "znaków może być najwyżej 2000"),
    "no date": ("date_of_need", "soon", "This is not a date.", "To nie jest data."),
    "no option": ("fit", "perhaps", "Choose one of the options", "Wybierz jedną z podanych możliwości"),
}


@BOTH
@pytest.mark.parametrize("name", WRONG)
def test_a_value_that_is_missing_too_long_or_of_the_wrong_kind_is_named_and_the_draft_stays(
    house: House, name: str, language: str
) -> None:
    field, value, english, polish = WRONG[name]
    task, anna = house.task("qualify"), house.enter(ANNA, language)
    anna.send(f"/work/tasks/{task.id}/draft", {"competitor": "Paleta Systems"})

    with house.unchanged():
        answer = anna.send(
            f"/work/tasks/{task.id}/completion", {**GOOD, field: value, "competitor": "LogiSfera"}
        )

    page = answer.get_data(as_text=True)
    wrong = dict(re.findall(r'id="([\w-]+)-wrong">(.*?)</p>', page, re.DOTALL))
    assert (answer.status_code, list(wrong)) == (422, [field])
    assert (english if language == "en" else polish) in words(wrong[field])
    assert 'value="LogiSfera"' in page
    assert GOOD["need"] in page or field == "need"
    with house.factory() as session:
        drafts = session.scalars(select(Draft).where(Draft.task_id == task.id)).all()
        assert [draft.values["competitor"] for draft in drafts] == [["Paleta Systems"]]


@BOTH
def test_an_answer_to_a_question_that_was_not_asked_is_refused_in_words(house: House, language: str) -> None:
    task, anna = house.task("qualify"), house.enter(ANNA, language)

    with house.unchanged():
        answer = anna.send(f"/work/tasks/{task.id}/completion", {**GOOD, "is_admin": "yes"})

    refused(answer, 422, {"en": "“is_admin”", "pl": "„is_admin”"}[language])


@BOTH
def test_a_new_deal_without_a_client_is_refused_at_its_field(house: House, language: str) -> None:
    anna = house.enter(ANNA, language)

    with house.unchanged():
        answer = anna.send("/sales/new?process=sales_funnel", {"client": "999999", "title": "Regały"})

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'id="client-wrong"' in page
    assert 'value="Regały"' in page


# ------------------------------------------------------------------------------------------------ tasks of the past, and of others


@BOTH
def test_a_task_that_was_completed_is_not_completed_again(house: House, language: str) -> None:
    house.firm.deal(ANNA, "Bramka")
    task, anna = house.task("qualify"), house.enter(ANNA, language)
    assert anna.send(f"/work/tasks/{task.id}/completion", GOOD).status_code == 303

    with house.unchanged():
        answer = anna.send(f"/work/tasks/{task.id}/completion", {**GOOD, "fit": "no"})

    sentence = {"en": "This task is no longer open", "pl": "To zadanie nie jest już otwarte"}[language]
    refused(answer, 409, sentence)


def test_a_new_deal_sent_twice_at_once_is_one_deal_and_both_are_led_to_it(house: House) -> None:
    pressed, both = [house.inside(ANNA) for _ in range(2)], Barrier(2, timeout=60)
    with house.factory() as session:
        client = session.scalars(select(Client).order_by(Client.id).limit(1)).one()
        contact = session.scalars(select(Contact).where(Contact.client_id == client.id)).one()
        anna = session.scalars(select(Person.id).where(Person.name == ANNA)).one()
    form = {"client": client.id, "contact": contact.id, "title": "Dwa razy", "source": "website", "kind": "new",
            "product_line": "machines", "amount": "40000", "currency": "PLN", "expected_close": "2027-03-01",
            "owner": anna, "key": "press"}  # fmt: skip

    def press(visitor: Visitor) -> TestResponse:
        token = re.search(
            r'name="csrf_token" value="([^"]+)"', visitor.get("/preferences").get_data(as_text=True)
        )
        assert token
        both.wait()
        return visitor.post("/sales/new?process=sales_funnel", data={**form, "csrf_token": token[1]})

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(press, pressed))

    assert [answer.status_code for answer in answers] == [303, 303], said(answers[0])
    assert answers[0].location == answers[1].location
    with house.factory() as session:
        assert len(session.scalars(select(Deal).where(Deal.title == "Dwa razy")).all()) == 1


@BOTH
@pytest.mark.parametrize("act", ["completion", "claim", "release", "draft", "hand-over"])
def test_somebody_elses_task_is_not_there_for_others(house: House, language: str, act: str) -> None:
    task, outsider = house.task("qualify"), house.enter(PRESALES, language)

    with house.unchanged():
        answer = outsider.send(f"/work/tasks/{task.id}/{act}", {**GOOD, "to": "1"})

    refused(answer, 404, NOT_HERE[language])


@BOTH
def test_a_task_that_one_sees_but_does_not_have_is_not_completed(house: House, language: str) -> None:
    task, clara = house.task("qualify"), house.enter(CLARA, language)

    with house.unchanged():
        answer = clara.send(f"/work/tasks/{task.id}/completion", GOOD)

    sentence = {"en": "This task is waiting for somebody else.", "pl": "To zadanie czeka na kogoś innego."}[
        language
    ]
    refused(answer, 403, sentence)


# ------------------------------------------------------------------------------------------------ sections

RULES: dict[str, tuple[str, str, str]] = {
    "an unknown field": (
        '{"field": "salary", "op": "over", "value": "1"}',
        "There is no field “salary” to filter by here.",
        "Nie ma tu pola „salary” do filtrowania.",
    ),
    "an unknown comparison": (
        '{"field": "amount", "op": "drop table", "value": "1"}',
        "cannot be compared by “drop table”",
        "„drop table”",
    ),
    "a wrong value": ('{"field": "amount", "op": "over", "value": "many"}', "“Amount”", "„Kwota”"),
    "no JSON": ("{", "rules", "reguł"),
}


@BOTH
@pytest.mark.parametrize("name", RULES)
def test_a_section_over_what_is_not_there_is_refused(house: House, name: str, language: str) -> None:
    rules, english, polish = RULES[name]
    anna = house.enter(ANNA, language)

    with house.unchanged():
        answer = anna.send("/database/deals/sections", {"title": "Moje", "rules": rules})

    refused(answer, 400, english if language == "en" else polish)


# ------------------------------------------------------------------------------------------------ forged, guessed, bent


@BOTH
@pytest.mark.parametrize("token", ["", "wrong", "x" * 5000])
def test_a_form_without_the_right_token_does_nothing(house: House, language: str, token: str) -> None:
    task, anna = house.task("qualify"), house.enter(ANNA, language)

    with house.unchanged():
        answer = anna.post(f"/work/tasks/{task.id}/completion", data={**GOOD, "csrf_token": token})

    sentence = {"en": "Go back, reload it, then send it again.", "pl": "Wróć, odśwież ją i wyślij ponownie."}[
        language
    ]
    refused(answer, 400, sentence)


@BOTH
@pytest.mark.parametrize("who", [ANNA, DESIGNER])
@pytest.mark.parametrize(
    "path",
    [
        "/deals/999999",
        f"/deals/{2**63}",
        "/deals/-1",
        "/deals/1e3",
        "/work/tasks/999999",
        f"/work/tasks/{10**30}",
        "/agreements/999999",
        "/database/nothing",
        "/processes/nothing/start",
        "/processes/instances/999999",
        "/no/such/page",
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2f..%2fpyproject.toml",
        "/processes/instances/1/drawings/../../../../etc/passwd",
        "/processes/uploads/1/drawings/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    ],
)
def test_an_address_of_nothing_is_nothing(house: House, language: str, who: str, path: str) -> None:
    visitor = house.enter(who, language)

    with house.unchanged():
        answer = visitor.get(path)

    if answer.status_code == 403:  # a door that is not theirs at all
        refused(answer, 403, NOT_YOURS[language])
    else:
        refused(answer, 404, NOT_HERE[language])


@BOTH
def test_an_address_opened_the_wrong_way_says_so(house: House, language: str) -> None:
    task, anna = house.task("qualify"), house.enter(ANNA, language)

    answer = anna.get(f"/work/tasks/{task.id}/completion")

    refused(answer, 405, {"en": "not opened this way", "pl": "nie otwiera się w ten sposób"}[language])


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_huge_address_is_read_or_refused_and_never_breaks(house: House, name: str) -> None:
    visitor = house.inside(name)

    for path in ("/work/", "/sales/", "/database/deals", "/reports/dynamics", "/processes/", "/log-in"):
        for query in ("x=" + "y" * 200_000, "&".join(f"a{n}=1" for n in range(5000)), "page=" + "9" * 5000):
            assert visitor.get(path, query_string=query).status_code < 500


@pytest.mark.parametrize("name", [STRANGER, ANNA])
def test_an_unknown_language_is_ours(house: House, name: str) -> None:
    visitor = house.enter(name) if name else house.stranger()

    for lang in ("xx", "../pl", "pl\0", "PL", "x" * 5000):
        page = visitor.get("/preferences", query_string={"lang": lang}, follow_redirects=True)
        assert page.status_code == 200
        assert '<html lang="en"' in page.get_data(as_text=True)
    for header in ("*", "xx;q=9", "pl-PL" * 500, ";;;", "en;q=abc"):
        answer = visitor.get("/preferences", headers={"Accept-Language": header}, follow_redirects=True)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_led_out_of_the_house(house: House, target: str) -> None:
    anna = house.enter(ANNA)

    for answer in (
        anna.get("/log-in", query_string={"next": target}),
        anna.send("/preferences", {"next": target}),
    ):
        assert answer.headers["Location"].startswith("/")
        assert "evil" not in answer.headers["Location"]


def test_signs_that_no_database_keeps_are_refused_or_left_out(house: House) -> None:
    task, anna = house.task("qualify"), house.enter(ANNA)

    answers = [
        anna.send(f"/work/tasks/{task.id}/draft", {"need": "a\0b"}),
        anna.send(f"/work/tasks/{task.id}/completion", {**GOOD, "need": "a\0b", "fit": "\0"}),
        anna.send("/database/clients/new", {"name": "Mewa\0", "tax_id": "\0"}),
        anna.send("/deals/1/commitments", {"text": "a\0b", "direction": "client_to_us"}),
        anna.get(
            "/database/deals", query_string={"rules": '{"field": "title", "op": "is", "value": "a\\u0000b"}'}
        ),
        anna.get("/sales/?process=a%00b&owner=%00"),
        anna.send("/log-in", {"email": "a\0b@c.example", "password": "\0"}),
    ]

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
