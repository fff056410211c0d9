"""Notices as mails: in the person's language, as a text and as a page that needs no styles."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from flask import Flask, render_template
from flask_babel import force_locale, gettext, ngettext

from engine.calendars import local_day
from engine.digests import Letter, Writer
from engine.notices import Notice
from engine.people import Person
from webapp import formats, languages, notice_words
from webapp.settings import Settings


def writer(settings: Settings) -> Writer:
    """Writes mails for an installation. It needs no request: the clock has none."""
    app = Flask("webapp")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    languages.init_app(app, default=settings.default_locale)
    formats.init_app(app)

    def write(person: Person, told: Sequence[Notice], more: int, *, daily: bool) -> Letter:
        with app.app_context(), force_locale(person.locale or settings.default_locale):
            return _letter(told, more, settings.public_url, daily)

    return write


def _letter(told: Sequence[Notice], more: int, url: str, daily: bool) -> Letter:
    found = [(notice, notice_words.words(notice)) for notice in told]
    alone = len(found) == 1 and not more and not daily
    number = len(found) + more
    subject = (
        found[0][1].text
        if alone
        else str(ngettext("%(num)d notice you have not seen", "%(num)d notices you have not seen", number))
    )
    days = [
        (formats.full_day(day), list(each)) for day, each in groupby(found, lambda one: local_day(one[0].at))
    ]
    about: dict[str, Any] = {"subject": subject, "days": days, "alone": alone, "more": more, "url": url}
    return Letter(subject, _text(**about), render_template("mail/notices.html", **about))


def _text(*, subject: str, days: Sequence[Any], alone: bool, more: int, url: str) -> str:
    lines = [] if alone else [f"{subject}:", ""]
    for day, found in days:
        lines += [] if alone else [day, ""]
        for notice, said in found:
            lines += [said.text, *(f"    {each}" for each in said.details)]
            lines += [f"    {url}/notices/{notice.id}"] if url else []
            lines.append("")
    if more:
        lines += [ngettext("and %(num)d older one", "and %(num)d older ones", more), ""]
    return "\n".join([*lines, "--", *_foot(url)]) + "\n"


def _foot(url: str) -> list[str]:
    found = [gettext("You choose in Contentum, under Preferences, whether and how notices come by mail.")]
    return [*found, f"{url}/preferences"] if url else found
