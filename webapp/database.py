"""The web's session: one per request, reading beside writers when the page only shows."""

from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app, has_request_context, request
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import Connection, Engine, event
from sqlalchemy.orm import Session

from engine.db import Base, guard, options
from engine.ports import Wiring

_reading: WeakKeyDictionary[Engine, Engine] = WeakKeyDictionary()


def only_shows() -> bool:
    """Whether this request may not change anything: GET, HEAD, OPTIONS."""
    return has_request_context() and request.method in {"GET", "HEAD", "OPTIONS"}


class WebSession(FlaskSession):
    """A session that knows the app's wiring and opens a reading transaction for a request that only shows."""

    def __init__(self, db: SQLAlchemy, **options: Any) -> None:
        super().__init__(db, **options)
        self.info["wiring"] = current_app.extensions["wiring"]

    def get_bind(
        self, mapper: Any = None, clause: Any = None, bind: Any = None, **more: Any
    ) -> Engine | Connection:
        """The app's engine, with the option that `engine.db.guard` understands."""
        found = super().get_bind(mapper, clause, bind, **more)
        if not isinstance(found, Engine) or not only_shows():
            return found
        if found not in _reading:
            _reading[found] = found.execution_options(reading=True)
        return _reading[found]


db = SQLAlchemy(metadata=Base.metadata, session_options={"class_": WebSession, "expire_on_commit": False})


@event.listens_for(WebSession, "before_flush")
def _a_page_that_shows_changes_nothing(session: Session, *_: Any) -> None:
    changed = session.new or session.deleted or any(session.is_modified(row) for row in session.dirty)
    if changed and only_shows():
        raise RuntimeError(f"{request.method} {request.path} tried to write")


def init_app(app: Flask, url: str, wiring: Wiring) -> None:
    """Give ``app`` its engine for ``url`` and its sessions under ``wiring``."""
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options(url)
    app.extensions["wiring"] = wiring
    db.init_app(app)
    with app.app_context():
        guard(db.engine)
