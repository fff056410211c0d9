"""Event logs of what a report's filter covers, for tools of process mining: XES and OCEL 2.0."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from engine.people import Person
from webapp.report_files import File
from webapp.reporting_address import Asked

FORMS = ("xes", "ocel")
Tell = Callable[[int, int], None]


def make(session: Session, ask: Asked, viewer: Person, form: str, tell: Tell) -> File:
    """The log as a file; ``tell`` hears how far it is."""
    raise NotImplementedError
