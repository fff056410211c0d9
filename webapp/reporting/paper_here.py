"""A report's paper from its address, for any reader, in any language: on a request, and where there is none."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from flask import current_app
from flask_babel import force_locale
from sqlalchemy.orm import Session

from engine.errors import Refusal
from engine.people import Person
from webapp.reporting.address import Asked, asked
from webapp.reporting.paper import Paper
from webapp.reporting.shelf import REPORTS, Report

DROPPED = {"lang", "page"}


class NoSuchReport(Refusal):
    """There is no report called “%(name)s”."""


class NoPaper(Refusal):
    """The report “%(name)s” cannot be exported yet."""


def report_of(key: str) -> Report:
    """A report of the shelf that can be put on paper. Raises NoSuchReport, NoPaper."""
    found = next((each for each in REPORTS if each.key == key), None)
    if found is None:
        raise NoSuchReport(name=key[:40])
    if found.paper is None:
        raise NoPaper(name=key)
    return found


def plain(query: str) -> str:
    """A filter as it is kept: without the page and the language of one look at it."""
    pairs = [(name, value) for name, value in parse_qsl(query) if value and name not in DROPPED]
    return urlencode(pairs)


@contextmanager
def as_if_at(report: Report, query: str, locale: str, now: datetime, session: Session) -> Iterator[Asked]:
    """Inside this block the report's page seems to be asked for: its address can be read and addresses be made.

    Raises what reading the address raises.
    """
    rule = next(current_app.url_map.iter_rules(report.endpoint)).rule
    with current_app.test_request_context(f"{rule}?{query}"), force_locale(locale):
        yield asked(session, now)


def described(
    session: Session, report: Report, query: str, viewer: Person, *, locale: str, now: datetime
) -> Paper:
    """What a report says to this viewer. Raises NoPaper and what its address raises."""
    if report.paper is None:
        raise NoPaper(name=report.key)
    with as_if_at(report, query, locale, now, session) as ask:
        return report.paper(session, ask, viewer)
