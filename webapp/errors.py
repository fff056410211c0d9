"""How a refusal reaches a person: a status, a page or a fragment, in their words."""

from contextlib import suppress
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from flask import Flask, current_app, g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_login import AnonymousUserMixin
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from engine import errors
from engine.errors import Refusal
from engine.process.blueprint import Text
from webapp import formats, languages
from webapp.access import is_fragment
from webapp.database import db

STATUS: dict[type[Refusal], HTTPStatus] = {
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.Stale: HTTPStatus.CONFLICT,
    errors.Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Refusal: HTTPStatus.BAD_REQUEST,
}
"""A refusal answers with the status of its nearest ancestor here."""

WORDS = {
    400: lazy_gettext("The request could not be understood. Go back and try again."),
    403: lazy_gettext("You do not have the right to do this."),
    404: lazy_gettext("There is nothing here that you may see."),
    405: lazy_gettext("This address is not opened this way. Go back and use the button on the page."),
    413: lazy_gettext("The file is too large."),
    500: lazy_gettext("Something broke on our side. Nothing of what you did last was saved; try again."),
    503: lazy_gettext("The database is busy. Nothing was saved; try again in a moment."),
}
TITLES = {
    400: lazy_gettext("This cannot be done"),
    403: lazy_gettext("Not yours to do"),
    404: lazy_gettext("Not found"),
    409: lazy_gettext("Somebody was faster"),
    413: lazy_gettext("Too large"),
    422: lazy_gettext("A correction is needed"),
    500: lazy_gettext("Our mistake"),
    503: lazy_gettext("Busy"),
}

AWAY = (
    "disk is full",
    "unable to open",
    "readonly",
    "disk i/o",
    "connection",
    "terminating",
    "starting up",
    "shutting down",
    "no space left",
)
"""What SQLite and PostgreSQL say when they are away, full, or coming up."""

AWAY_SAID = lazy_gettext(
    "The database cannot be reached, or has no room left. Nothing was saved; try again in a moment."
)


def status_of(refusal: Refusal) -> HTTPStatus:
    """The HTTP status of a refusal."""
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


def words(refusal: Refusal) -> str:
    """A refusal in the reader's language, its places filled."""
    places = {name: _place(value) for name, value in refusal.places.items()}
    said: str = gettext(refusal.message)
    return said % places


def _place(value: Any) -> Any:
    if isinstance(value, Text):
        return value.into(languages.current())
    if isinstance(value, datetime):
        return formats.full(value)
    if isinstance(value, date):
        return formats.full_day(value)
    return words(value) if isinstance(value, Refusal) else value


def refused(refusal: Refusal) -> ResponseReturnValue:
    """The page (or fragment) of a refusal. Nothing of the request is stored."""
    db.session.rollback()
    named = [words(error) for error in refusal.errors.values()] if isinstance(refusal, errors.Invalid) else []
    return _answer(status_of(refusal), words(refusal), named)


def _answer(status: int, message: str, named: list[str]) -> ResponseReturnValue:
    template = "_refusal.html" if is_fragment() else "refusal.html"
    title = TITLES.get(int(status), TITLES[400])
    return render_template(template, title=title, message=message, named=named, status=int(status)), int(
        status
    )


def init_app(app: Flask) -> None:
    """Answer refusals, the web's own errors, and the one thing nobody expected."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(StaleDataError, lambda _: refused(errors.Stale()))
    app.register_error_handler(CSRFError, _forged)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(OperationalError, _busy)
    for beyond in (OverflowError, DataError):  # a number or a sign that no column can hold
        app.register_error_handler(beyond, _beyond)
    app.register_error_handler(500, _broken)
    app.jinja_env.filters["words"] = words


def _forged(_: CSRFError) -> ResponseReturnValue:
    said = gettext(
        "This page was open for too long or in two log-ins at once. Go back, reload it, then send it again."
    )
    return _answer(HTTPStatus.BAD_REQUEST, said, [])


def _http(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error.get_response()  # a redirect that Werkzeug made, as for a missing slash
    answer = current_app.make_response(_answer(code, str(WORDS.get(code, WORDS[400])), []))
    answer.headers.extend(
        {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    )
    return answer


def _busy(error: OperationalError) -> ResponseReturnValue:
    if "locked" in str(error.orig):
        db.session.rollback()
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, str(WORDS[503]), [])
    return _unavailable(error) if error.connection_invalidated or _is_away(error) else _broken(error)


def _is_away(error: OperationalError) -> bool:
    """Whether the database cannot be reached or cannot write: nobody's mistake, and it passes."""
    said = str(error.orig).lower()
    return any(each in said for each in AWAY)


def _unavailable(error: OperationalError) -> ResponseReturnValue:
    """A page that asks the database for nothing, not even who is asking."""
    current_app.logger.error("the database is away: %s", error.orig)
    with suppress(SQLAlchemyError):
        db.session.rollback()
    g._login_user = AnonymousUserMixin()  # Flask-Login would ask the database again
    if is_fragment():
        return _answer(HTTPStatus.SERVICE_UNAVAILABLE, str(AWAY_SAID), [])
    said = gettext(
        "The database cannot be reached, or has no room left. Nothing was saved; try again in a moment."
    )
    page = render_template("unavailable.html", title=TITLES[503], message=said)
    return page, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "10"}


def _beyond(error: Exception) -> ResponseReturnValue:
    current_app.logger.warning("beyond what the database can hold: %s", error)
    db.session.rollback()
    return _answer(HTTPStatus.BAD_REQUEST, str(WORDS[400]), [])


def _broken(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("unexpected", exc_info=getattr(error, "original_exception", None) or error)
    db.session.rollback()
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, str(WORDS[500]), [])
