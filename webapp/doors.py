"""In and out: logging in and out, the first password, and how a person likes to see the product."""

from typing import Any

from flask import Blueprint, Flask, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from sqlalchemy import update
from werkzeug.exceptions import BadRequest

from engine import people
from engine.errors import Invalid, Refusal
from engine.people import Person
from webapp import flashes, log_ins, passwords
from webapp.access import local, me, needs, public
from webapp.clock import now
from webapp.database import db, only_shows
from webapp.forms import on_invalid

bp = Blueprint("doors", __name__)


class PasswordShort(Refusal):
    """A password needs at least %(shortest)s signs. A few words in a row are good."""


class PasswordsDiffer(Refusal):
    """The two passwords are not the same."""


class PasswordUsed(Refusal):
    """Choose a password other than the one you have now."""


class LoggedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """A visitor for Flask-Login: its id is the secret token, never the person's number."""

    def __init__(self, token: str, log_in: log_ins.LogIn) -> None:
        self.id = token
        self.log_in = log_in
        self.person: Person = log_in.person


def load(token: str) -> LoggedIn | None:
    """The visitor behind a token, or None when the log-in is over. Notes that the visitor was seen."""
    log_in = log_ins.find(db.session(), token)
    if log_in is None or not log_in.is_open(now()):
        return None
    if now() - log_in.seen_at > log_ins.SEEN_AT_MOST_EVERY:
        _note(log_in)
    return LoggedIn(token, log_in)


def _note(log_in: log_ins.LogIn) -> None:
    """Move ``seen_at``: in the request's own transaction if it writes, else in a short one of its own."""
    if not only_shows():
        log_in.seen_at = now()
        return
    seen = update(log_ins.LogIn).where(log_ins.LogIn.id == log_in.id).values(seen_at=now())
    with db.engine.begin() as connection:
        connection.execute(seen)


def init_app(app: Flask) -> None:
    """Put Flask-Login to work on our own rows."""
    manager = LoginManager()
    manager.session_protection = None  # a log-in is a row that can be ended; guessing by address helps nobody
    manager.user_loader(load)
    manager.init_app(app)


@bp.get("/log-in")
@public
def index() -> ResponseReturnValue:
    """The log-in page."""
    if current_user.is_authenticated:
        return redirect(_after(request.args.get("next")), code=303)
    return render_template("doors/log_in.html", next=local(request.args.get("next")), email="", refusal=None)


@bp.post("/log-in")
@public
def enter() -> ResponseReturnValue:
    """Log in; a wrong password is counted, which is why this view commits before it refuses."""
    email, address = request.form.get("email", "")[:254], request.remote_addr or ""
    try:
        person = log_ins.check(
            db.session(), email, request.form.get("password", ""), address=address, now=now()
        )
    except (log_ins.WrongPassword, log_ins.TooSoon) as refusal:
        return _refused(refusal, email, address)
    stay = "stay" in request.form
    token = log_ins.begin(db.session(), person, address=address, stay=stay, now=now())
    db.session.commit()
    _remember(token, stay=stay)
    return redirect(_after(request.form.get("next")), code=303)


def _refused(refusal: Refusal, email: str, address: str) -> ResponseReturnValue:
    if isinstance(refusal, log_ins.WrongPassword):
        log_ins.failed(db.session(), email, address=address, now=now())
        db.session.commit()
    status = 429 if isinstance(refusal, log_ins.TooSoon) else 422
    page = render_template(
        "doors/log_in.html", next=local(request.form.get("next")), email=email, refusal=refusal
    )
    return page, status


def _remember(token: str, *, stay: bool) -> None:
    """A fresh cookie for a fresh log-in: nothing a stranger put into the old one survives but the language."""
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    session.permanent = stay
    log_in = log_ins.find(db.session(), token)
    if log_in is None:
        raise BadRequest
    login_user(LoggedIn(token, log_in))


@bp.post("/log-out")
@needs()
def leave() -> ResponseReturnValue:
    """Log out."""
    log_ins.end(db.session(), current_user.log_in, now=now())
    db.session.commit()
    logout_user()
    session.clear()
    return redirect(url_for("doors.index"), code=303)


@bp.get("/password")
@needs()
def password() -> ResponseReturnValue:
    """Choose a new password; after a one-time password nothing else can be done first."""
    return render_template("doors/password.html", shortest=passwords.SHORTEST)


@bp.post("/password")
@needs()
@on_invalid(password)
def choose() -> ResponseReturnValue:
    """Keep the new password and end every other log-in of this person."""
    _check_passwords(me(), request.form)
    people.choose_password(db.session(), me(), passwords.hashed(request.form["new"]), by=me(), now=now())
    log_ins.end_all(db.session(), me(), now=now())
    stay = bool(session.permanent)
    token = log_ins.begin(db.session(), me(), address=request.remote_addr or "", stay=stay, now=now())
    db.session.commit()
    _remember(token, stay=stay)
    flashes.say(gettext("Your new password is saved. Other computers are logged out."))
    return redirect(_after(None), code=303)


def _check_passwords(person: Person, form: Any) -> None:
    wrong: dict[str, Refusal] = {}
    new = form.get("new", "")
    if not passwords.fits(form.get("current", ""), person.password_hash):
        wrong["current"] = log_ins.WrongPassword()
    if len(new) < passwords.SHORTEST:
        wrong["new"] = PasswordShort(shortest=passwords.SHORTEST)
    elif new == form.get("current"):
        wrong["new"] = PasswordUsed()
    if new != form.get("again", ""):
        wrong["again"] = PasswordsDiffer()
    if wrong:
        raise Invalid(wrong)


@bp.get("/preferences")
@needs()
def preferences() -> ResponseReturnValue:
    """Language, theme, density, and how notices come by mail."""
    return render_template("doors/preferences.html")


@bp.post("/preferences")
@needs()
def prefer() -> ResponseReturnValue:
    """Keep what the person prefers; the density belongs to the computer, so the cookie keeps it."""
    locale, theme = request.form.get("locale") or None, request.form.get("theme") or None
    digest = request.form.get("digest")
    people.prefer(db.session(), me(), locale=locale, theme=theme, digest=digest, now=now())
    db.session.commit()
    session.pop("language", None)
    session["density"] = "compact" if request.form.get("density") == "compact" else "comfortable"
    return redirect(local(request.form.get("next")) or url_for("doors.preferences"), code=303)


def _after(target: str | None) -> str:
    return local(target) or url_for("home")
