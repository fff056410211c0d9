"""Polish and English: whose language a page speaks, and the compiled translations it needs."""

import os
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from flask import Flask, current_app, has_request_context, request, session
from flask_babel import Babel, Domain, get_locale, get_translations
from markupsafe import Markup

from engine.process.blueprint import Text
from webapp.access import somebody

LOCALES = {"pl": "Polski", "en": "English"}
FOLDER = Path(__file__).parent / "translations" / "pl"
COMPILED = FOLDER / "LC_MESSAGES" / "messages.mo"


def choose() -> str:
    """``?lang`` (kept in the cookie), else the person's own, else what the browser prefers."""
    if not has_request_context():
        return _default()
    asked = request.args.get("lang")
    if asked in LOCALES:
        session["language"] = asked
    kept = session.get("language")
    if kept in LOCALES:
        return str(kept)
    person = somebody()
    if person and person.locale in LOCALES:
        return person.locale
    return request.accept_languages.best_match(LOCALES) or _default()


def _default() -> str:
    return str(current_app.config["BABEL_DEFAULT_LOCALE"])


def current() -> str:
    """The language of this page: ``pl`` or ``en``."""
    return str(get_locale() or "en")


def tongue() -> Markup:
    """`` lang="pl"`` for words that people write in the organization's own language, on a page in another one.

    Terms of an agreement are signed in one wording: it is read out in its own language, and never translated.
    """
    return Markup("") if current() == _default() else Markup(' lang="{}"').format(_default())


def into_words(text: Text | str | None) -> str:
    """A diagram's or form's label in the reader's language."""
    return text.into(current()) if isinstance(text, Text) else (text or "")


def counted(said: str, num: int) -> str:
    """A sentence about a count with its figure written as every other number: ``1 240 spraw``, ``1,240 cases``."""
    return said.replace("%(num)d", format_decimal(num, "#,##0", locale=current()))


class Counting(Domain):  # type: ignore[misc]  # Flask-Babel has no types
    """The words of Python code, their counts as they are written here."""

    def ngettext(self, singular: str, plural: str, num: int, **variables: object) -> str:
        """The right form for a count, its places filled."""
        said = counted(self.get_translations().ungettext(singular, plural, num), num)
        return said % {"num": num, **variables}

    def npgettext(self, context: str, singular: str, plural: str, num: int, **variables: object) -> str:
        """The same in a context."""
        said = counted(self.get_translations().unpgettext(context, singular, plural, num), num)
        return said % {"num": num, **variables}


class Tongues(Babel):  # type: ignore[misc]
    """Flask-Babel with `Counting`."""

    @property
    def domain_instance(self) -> Domain:
        """Where the words come from."""
        return Counting(domain=self.domain)


def _in_templates(app: Flask) -> None:
    """The same counts where a template says them."""
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda said: get_translations().ugettext(said),
        ngettext=lambda one, more, num: counted(get_translations().ungettext(one, more, num), num),
        newstyle=True,
        pgettext=lambda context, said: get_translations().upgettext(context, said),
        npgettext=lambda context, one, more, num: counted(
            get_translations().unpgettext(context, one, more, num), num
        ),
    )


def merged() -> Catalog:
    """One catalogue of every ``translations/pl/AREA.po``. The same key must not be translated in two ways."""
    whole = Catalog(locale="pl")
    for area in sorted(FOLDER.glob("*.po")):
        with area.open("rb") as file:
            for message in read_po(file, locale="pl"):
                if message.id and message.string:
                    _add(whole, message, area.name)
    return whole


def _add(whole: Catalog, message: Message, area: str) -> None:
    known = whole.get(message.id, message.context)
    if known and known.string != message.string:
        raise ValueError(
            f"{area} translates {message.id!r} differently: {known.string!r}, {message.string!r}"
        )
    whole.add(message.id, message.string, context=message.context)


def compile_translations() -> Path:
    """Write the compiled catalogue; done at set-up, and whenever a source is newer. Safe beside readers."""
    COMPILED.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=COMPILED.parent)
    with os.fdopen(handle, "wb") as file:
        write_mo(file, merged())
    Path(name).chmod(0o644)
    Path(name).replace(COMPILED)
    return COMPILED


def ensure_compiled() -> None:
    """Compile when a source is newer than the result. An installed wheel brings only the result."""
    sources = [source.stat().st_mtime_ns for source in FOLDER.glob("*.po")]
    if sources and (not COMPILED.exists() or max(sources) > COMPILED.stat().st_mtime_ns):
        compile_translations()


def init_app(app: Flask, *, default: str) -> None:
    """Let every page speak the reader's language."""
    ensure_compiled()
    app.config["BABEL_DEFAULT_LOCALE"] = default
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Europe/Warsaw"
    Tongues(app, locale_selector=choose)
    _in_templates(app)
    app.jinja_env.filters["into_words"] = into_words
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]
    app.jinja_env.globals["tongue"] = tongue
    app.context_processor(lambda: {"locale": current(), "locales": LOCALES})


if __name__ == "__main__":
    compile_translations()
