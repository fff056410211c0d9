"""Two addresses for machines: is the process alive, and can it serve."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from engine.people import Person
from webapp.access import public
from webapp.database import db

bp = Blueprint("health", __name__)


@bp.get("/health")
@public
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@bp.get("/ready")
@public
def ready() -> ResponseReturnValue:
    """The database answers and has its tables."""
    try:
        db.session.execute(select(Person.id).limit(1))
    except SQLAlchemyError:
        return jsonify(status="no database"), 503
    return jsonify(status="ok")
