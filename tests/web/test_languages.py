"""Polish and English: words, numbers, dates."""

import inspect
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from flask import Flask, render_template_string
from flask_babel import force_locale, gettext, ngettext
from sqlalchemy.orm import Session

from engine import errors as domain_errors
from engine.errors import Refusal
from engine.people import Person
from engine.process.blueprint import Text
from tests.conftest import import_models
from tests.web.conftest import Visitor
from webapp import errors, formats, languages

METHODS = [("templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
KEYWORDS = {"_": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
THURSDAY = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)


@pytest.fixture
def polish(app: Flask) -> Iterator[None]:
    """A Thursday afternoon, four o'clock in Warsaw, in Polish."""
    app.extensions["clock"] = lambda: THURSDAY
    with app.test_request_context("/log-in", headers={"Accept-Language": "pl"}):
        yield


@pytest.fixture
def english(app: Flask) -> Iterator[None]:
    """The same moment, in English."""
    app.extensions["clock"] = lambda: THURSDAY
    with app.test_request_context("/log-in", headers={"Accept-Language": "en"}):
        yield


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def refusals(kind: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for below in kind.__subclasses__():
        yield below
        yield from refusals(below)


def test_every_word_of_the_web_is_translated() -> None:
    known = languages.merged()

    missing = [
        (place, line, key)
        for place, line, key, _, context in extract_from_dir("webapp", METHODS, keywords=KEYWORDS)
        if known.get(key, context) is None
    ]

    assert missing == []


def test_every_refusal_is_translated_with_the_same_places() -> None:
    import_models()
    known = languages.merged()
    ours = {
        kind
        for kind in refusals()
        if kind.__module__.split(".")[0] in {"engine", "webapp", "connectors", "reports"}
    }

    everything: list[type[Refusal]] = [Refusal, *ours]
    wrong = []
    for kind in everything:
        key = " ".join(inspect.cleandoc(kind.__doc__ or "").split())
        message = known.get(key)
        if message is None or sorted(_places(key)) != sorted(_places(str(message.string))):
            wrong.append((f"{kind.__module__}.{kind.__name__}", key))
    assert wrong == []


def _places(text: str) -> list[str]:
    return [part.split(")")[0] for part in text.split("%(")[1:]]


def test_plurals_have_three_polish_forms() -> None:
    for message in languages.merged():
        if isinstance(message.id, tuple | list) and message.id:
            assert isinstance(message.string, tuple | list)
            assert len(message.string) == 3, message.id


def test_one_key_cannot_be_translated_in_two_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for area, words in (("a", "jedno"), ("b", "drugie")):
        (tmp_path / f"{area}.po").write_text(f'msgid "one"\nmsgstr "{words}"\n', encoding="utf-8")
    monkeypatch.setattr(languages, "FOLDER", tmp_path)

    with pytest.raises(ValueError, match="one"):
        languages.merged()


def test_the_browser_chooses_until_a_person_does(client: Visitor, session: Session) -> None:
    assert 'lang="en"' in client.get("/log-in").get_data(as_text=True)
    assert 'lang="pl"' in client.get("/log-in", headers={"Accept-Language": "pl"}).get_data(as_text=True)
    assert 'lang="pl"' in client.get("/log-in", headers={"Accept-Language": "de"}).get_data(as_text=True)


def test_a_language_once_chosen_stays(client: Visitor) -> None:
    client.get("/log-in?lang=pl")

    page = client.get("/log-in").get_data(as_text=True)
    assert 'lang="pl"' in page
    assert "Zaloguj się" in page


def test_a_persons_own_language_wins_over_the_browser(
    as_: Callable[[Person], Visitor], anna: Person, session: Session
) -> None:
    client = as_(anna)
    client.send("/preferences", {"locale": "pl", "theme": "dark", "density": "compact"})

    page = client.get("/preferences").get_data(as_text=True)
    assert 'lang="pl" data-bs-theme="dark" data-density="compact"' in page
    assert "Ustawienia" in page


def test_a_refusal_speaks_the_readers_language(polish: None) -> None:
    assert errors.words(domain_errors.NotAllowed()) == "Nie masz do tego uprawnień."


def test_labels_of_diagrams_speak_the_readers_language(polish: None) -> None:
    assert languages.into_words(Text(pl="Oferta", en="Offer")) == "Oferta"
    with force_locale("en"):
        assert languages.into_words(Text(pl="Oferta", en="Offer")) == "Offer"
    assert languages.into_words("plain") == "plain"
    assert languages.into_words(None) == ""


def test_numbers_and_money_in_polish(polish: None) -> None:
    assert plain(formats.money(1240000)) == "1 240 000 zł"
    assert plain(formats.money(Decimal("1240000.50"))) == "1 240 000,50 zł"
    assert plain(formats.money(99, "EUR")) == "99 €"
    assert plain(formats.short_money(1240000)) == "1,24 mln zł"
    assert plain(formats.percent(0.315, 1)) == "31,5 %"
    assert plain(formats.part(168, 212)) == "168 z 212 · 79 %"
    assert (formats.count(0), formats.count(None), formats.money(None)) == ("·", "–", "–")


def test_numbers_and_money_in_english(english: None) -> None:
    assert plain(formats.money(1240000)) == "PLN 1,240,000"
    assert plain(formats.short_money(1240000)) == "PLN 1.24m"
    assert plain(formats.percent(0.315, 1)) == "31.5%"
    assert plain(formats.part(168, 212)) == "168 of 212 · 79%"


def test_days_near_and_far_in_polish(polish: None) -> None:
    said = [plain(formats.day(date(2026, 11, day))) for day in (18, 19, 20, 24)]

    assert said == ["wczoraj", "dziś", "jutro", "wt 24 lis"]
    assert plain(formats.day(date(2027, 3, 1))) == "pn 1 mar 2027"
    assert plain(formats.when(THURSDAY)) == "dziś 16:00"
    assert formats.full(THURSDAY) == "czwartek, 19 listopada 2026, 16:00"


def test_days_near_and_far_in_english(english: None) -> None:
    said = [plain(formats.day(date(2026, 11, day))) for day in (18, 19, 20, 24)]

    assert said == ["yesterday", "today", "tomorrow", "Tue 24 Nov"]
    assert formats.full(THURSDAY) == "Thursday 19 November 2026, 16:00"


def test_the_day_is_warsaws_and_not_utcs(polish: None) -> None:
    assert formats.day(datetime(2026, 11, 19, 23, 30, tzinfo=UTC)) == "jutro"


def test_how_late_and_how_long_left_in_polish(polish: None) -> None:
    def said(**ahead: float) -> str:
        return plain(formats.left(THURSDAY + timedelta(**ahead)))

    assert said(hours=1, minutes=42) == "zostało 1 godz. 42 min"
    assert said(days=5) == "zostało 5 dni"
    assert said(days=-1) == "1 dzień po"
    assert said(days=-2) == "2 dni po"
    assert said(days=-5) == "5 dni po"
    assert said(minutes=-20) == "20 min po"


def test_how_late_and_how_long_left_in_english(english: None) -> None:
    assert plain(formats.left(THURSDAY + timedelta(hours=1, minutes=42))) == "1 h 42 min left"
    assert plain(formats.left(THURSDAY - timedelta(days=1))) == "1 day late"
    assert gettext("My work") == "My work"


def test_a_moment_keeps_the_exact_time_for_machines_and_hover(english: None) -> None:
    assert plain(formats.moment(THURSDAY)) == (
        '<time datetime="2026-11-19T15:00:00+00:00" title="Thursday 19 November 2026, 16:00">today 16:00</time>'
    )
    assert formats.moment(None) == "–"


def test_typed_text_keeps_its_lines_and_is_never_markup() -> None:
    assert formats.lines("one\n<b>two</b>") == "one<br>&lt;b&gt;two&lt;/b&gt;"


@pytest.mark.parametrize(("locale", "said"), [("en", "1,240 rows"), ("pl", "1\N{NO-BREAK SPACE}240 wierszy")])
def test_a_count_in_a_sentence_is_written_as_every_number(app: Flask, locale: str, said: str) -> None:
    asked = '{{ ngettext("%(num)d row", "%(num)d rows", n) }}'
    with app.test_request_context("/"), force_locale(locale):
        assert ngettext("%(num)d row", "%(num)d rows", 1240) == said
        assert render_template_string(asked, n=1240) == said
