"""The first page of the reports: which there are, for which ladder."""

from flask import render_template
from flask.typing import ResponseReturnValue

from reports import ladders
from webapp.access import needs
from webapp.database import db
from webapp.reporting.page import bp
from webapp.reporting.shelf import REPORTS


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """Which reports there are, for which ladder."""
    return render_template("reporting/index.html", ladders=ladders.known(db.session()), reports=REPORTS)
