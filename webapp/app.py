"""The web application, put together once."""

from importlib import import_module

from flask import Flask, redirect
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect, generate_csrf
from markupsafe import Markup
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from engine.ports import Wiring
from webapp import (
    access,
    asking,
    bundles,
    compression,
    database,
    doors,
    errors,
    flashes,
    form_files,
    formats,
    forms,
    languages,
    navigation,
    notices,
    security,
)
from webapp.log_ins import LONGEST
from webapp.settings import Settings
from webapp.wiring import build

BLUEPRINTS = (
    "webapp.health",
    "webapp.doors",
    "webapp.work",
    "webapp.sales",
    "webapp.fast",
    "webapp.deals",
    "webapp.agenda",
    "webapp.promises",
    "webapp.agreements",
    "webapp.week",
    "webapp.scoreboard",
    "webapp.absences",
    "webapp.notices",
    "webapp.records",
    "webapp.clients",
    "webapp.leads",
    "webapp.administration",
    "webapp.operations",
    "webapp.messages",
    "webapp.documents",
    "webapp.reporting.rooms",
    "webapp.history_import",
    "webapp.processes",
    "webapp.crossings",
    "webapp.approvals",
    "webapp.uploads",
    "webapp.versions",
    "webapp.cases",
    "webapp.form_files",
    "webapp.operating",
)
"""Every module with a ``bp``. A new screen adds its line here."""


class Id(IntegerConverter):
    """``<int:…>`` in an address: what cannot be the id of any row is an address that does not exist."""

    def __init__(self, map: Map) -> None:  # noqa: A002  # Werkzeug's own name
        super().__init__(map, max=2**63 - 1)


def create_app(settings: Settings | None = None, *, wiring: Wiring | None = None) -> Flask:
    """The whole web for these settings; ``wiring`` names who listens to the engine if not everybody does."""
    settings = settings or Settings()
    app = Flask(__name__)
    app.url_map.converters["int"] = Id
    _configure(app, settings)
    compression.init_app(app)  # first, so that it sees answers last
    database.init_app(app, settings.database, wiring or build(settings))
    doors.init_app(app)
    access.init_app(app)  # before CSRF: a stranger is sent to log in, whatever they send
    CSRFProtect(app)
    for part in (formats, forms, asking, errors, navigation, notices, bundles, form_files):
        part.init_app(app)
    languages.init_app(app, default=settings.default_locale)
    security.init_app(app, https=settings.https)
    for name in BLUEPRINTS:
        app.register_blueprint(import_module(name).bp)
    app.add_url_rule("/", "home", home)
    app.add_url_rule("/favicon.ico", "favicon", favicon)
    app.jinja_env.globals.update(csrf=csrf, said=flashes.said)
    app.context_processor(lambda: {"organization": settings.organization})
    return app


def csrf() -> Markup:
    """The hidden field that every form which posts must carry."""
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())


@access.public
def favicon() -> ResponseReturnValue:
    """The mark, for browsers that ask for it without reading the page."""
    return redirect(bundles.asset("mark.svg"))


@access.needs()
def home() -> ResponseReturnValue:
    """The first page of whoever is logged in."""
    return redirect(navigation.first())


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.signing_key,
        SESSION_COOKIE_NAME="contentum",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.https,
        PERMANENT_SESSION_LIFETIME=LONGEST,
        MAX_CONTENT_LENGTH=settings.max_upload_mb * 2**20,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the log-in: a form may stay open all day
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["settings"] = settings
    if settings.https:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
