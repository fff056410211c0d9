"""What every endpoint must declare, and who is asking. An endpoint that declares nothing is refused."""

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import current_user

from engine.errors import NotAllowed
from engine.people import Person
from webapp import flashes

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"


def public(view: View) -> View:
    """Anybody may ask, also a stranger."""
    view.__dict__["needs"] = PUBLIC
    return view


def needs(*roles: str) -> Callable[[View], View]:
    """Somebody who is logged in and holds one of the roles; without roles, anybody who is logged in."""

    def declare(view: View) -> View:
        view.__dict__["needs"] = roles
        return view

    return declare


def declared(view: Callable[..., Any]) -> Any:
    """What a view declared: `PUBLIC`, a tuple of roles, or None when it forgot."""
    return getattr(view, "needs", None)


def me() -> Person:
    """The person who is logged in. Only for views that are not public."""
    person: Person = current_user.person
    return person


def somebody() -> Person | None:
    """The person who is logged in, or None for a stranger."""
    return me() if current_user.is_authenticated else None


def is_fragment() -> bool:
    """Whether htmx asks for a part of a page."""
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers


def local(target: str | None) -> str | None:
    """A redirect target if it stays within the product, else None."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def init_app(app: Flask) -> None:
    """Check every request before its view."""
    public(app.view_functions["static"])
    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such address: 404 or 405 comes from Flask
    needed = declared(current_app.view_functions[request.endpoint])
    if needed == PUBLIC:
        return None
    if needed is None:
        current_app.logger.error("endpoint %s declares no access", request.endpoint)
        abort(403)
    if not current_user.is_authenticated:
        return _log_in_first()
    if me().must_change_password and request.endpoint not in {
        "doors.password",
        "doors.choose",
        "doors.leave",
    }:
        return redirect(url_for("doors.password"), code=303)
    if needed and not me().has(*needed):
        raise NotAllowed
    return None


def _log_in_first() -> ResponseReturnValue:
    if session.pop("_user_id", None):
        flashes.say(
            gettext("Your session has ended. Log in again; what you typed in a task is kept as a draft.")
        )
    shown = request.full_path.rstrip("?") if request.method == "GET" and not is_fragment() else None
    address = url_for("doors.index", next=shown)
    if is_fragment():
        return "", 401, {"HX-Redirect": address}
    return redirect(address, code=303)
