"""Pricing as a real process for the pages of work: Legal prices a variant, Sales checks the offer, round again if it is bad."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, select
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process import definitions, doctor, instances
from engine.process.definitions import Definition
from engine.process.tasks import UserTask
from tests.conftest import MONDAY
from webapp.settings import Settings
from webapp.wiring import build

DIAGRAMS = Path(__file__).parent / "diagrams"
BEFORE = MONDAY - timedelta(hours=1)
PRICED = {"scope": "both", "amount": "1240000", "margin": "31,5"}
"""A pricing that is complete."""


def deployed(session: Session) -> Definition:
    """The pricing process, through the doctor."""
    files = [doctor.File(path.name, path.read_bytes()) for path in sorted(DIAGRAMS.iterdir())]
    return definitions.deploy(session, files, accepted="all", by=None, now=BEFORE)


def asked(
    session: Session, owner: Person, *, title: str = "Suwnica", firm: str = "Stocznia Mewa"
) -> UserTask:
    """A deal of the owner's whose pricing waits for Legal, under the product's own wiring."""
    session.info["wiring"] = build(Settings(secret_key="for tests only"))  # type: ignore[arg-type]
    raw = {"title": [title], "firm": [firm], "amount": ["1000"]}
    about = f"{firm} · {title}"
    instance = instances.start(session, deployed(session), raw, by=owner, now=BEFORE, title=about)
    return task_of(session, instance.id)


def task_of(session: Session, instance_id: int) -> UserTask:
    """The one open task of a case."""
    open_ = select(UserTask).where(UserTask.instance_id == instance_id, UserTask.closed_at.is_(None))
    return session.scalars(open_).one()


@dataclass
class Watched:
    """What a database was asked, in order."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0

    def __str__(self) -> str:
        lines = [
            f"{number:3} {' '.join(each.split())[:150]}" for number, each in enumerate(self.statements, 1)
        ]
        return f"{self.commits} commits\n" + "\n".join(lines)


@contextmanager
def watched(engine: Engine) -> Iterator[Watched]:
    """Note every SQL statement and every commit; BEGIN and COMMIT are not statements."""
    seen = Watched()

    def executed(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.statements.append(statement)

    def committed(_conn: Any) -> None:
        seen.commits += 1

    event.listen(engine, "before_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", executed)
        event.remove(engine, "commit", committed)
