"""What reports have to do after a history came in: add its moves up. The engine knows nothing of reports."""

from sqlalchemy.orm import Session

from reports import rollups


def add_up(session: Session, ladder: str) -> None:
    """Make the roll-ups of a ladder again from its log, in the transaction that brought it."""
    rollups.rebuild(session, ladders=[ladder])
