"""Imports that somebody prepares on the screen: a draft, then a job that the clock carries out."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from engine.errors import NotFound, Refusal
from engine.people import Person
from engine.sales.past import files, importing, maps, proposals, staging, wrong
from engine.sales.past.events import Cases, activities, read
from engine.sales.past.files import Heard, Log
from engine.sales.past.importing import Checked
from engine.sales.past.maps import Map
from engine.sales.past.rows import Import, ImportFile
from engine.sales.past.wrong import Ledger

TRIES = 3
LEASE = timedelta(minutes=10)
EVERY = 2.0
"""Seconds between two words about how far it is."""
PREVIEWED = 5_000
"""Rows that a preview reads."""

Settle = Callable[[Session, str], None]
"""What follows when moves of a ladder came in, in the same transaction."""


def of(person: Person) -> Select[Import]:
    """Imports that are this person's or have been brought in, the latest first."""
    mine = or_(Import.by_id == person.id, Import.status == "done")
    return select(Import).where(mine).order_by(Import.id.desc())


def one(session: Session, person: Person, id_: int) -> Import:
    """The import with this id, if `of` holds it. Raises NotFound."""
    found = session.scalar(of(person).where(Import.id == id_))
    if found is None:
        raise NotFound
    return found


def draft(session: Session, name: str, content: bytes, *, by: Person, now: datetime) -> Import:
    """Keep a file somebody chose, with a proposed map. Raises what makes it unreadable; then nothing is kept."""
    if not content:
        raise wrong.HistoryEmpty(field="file")
    log = files.held(" ".join(name.replace("\\", "/").rpartition("/")[2].split())[:200], content)
    text = proposals.propose(log)
    made = Import(
        ladder="",
        title="",
        file_name=log.name,
        sha256=log.digest(),
        map=text,
        meaning="",
        status="draft",
        counts={},
        wrong=[],
        by_id=by.id,
        created_at=now,
    )
    session.add(made)
    session.flush()
    session.add(ImportFile(import_id=made.id, content=content))
    session.flush()
    return made


def log_of(session: Session, made: Import) -> Log:
    """The file of an import that has not ended. Raises NotFound."""
    kept = session.get(ImportFile, made.id)
    if kept is None:
        raise NotFound
    return files.held(made.file_name, kept.content)


def change(made: Import, text: str) -> Map:
    """Give a draft another map. Raises NotADraft, and what is wrong with the map."""
    if made.status not in ("draft", "refused"):
        raise wrong.NotADraft
    chosen = maps.read(text)
    made.map, made.meaning = text, chosen.meaning
    made.ladder, made.title = chosen.ladder, chosen.title.pl
    return chosen


def ask(session: Session, made: Import, text: str) -> None:
    """Let the clock carry it out. Raises what `change` and the first rows of the file raise."""
    chosen = change(made, text)
    importing.fit(session, chosen)
    made.status, made.wrong, made.wrong_count, made.done, made.whole, made.tries = "waiting", [], 0, 0, 0, 0


def drop(session: Session, made: Import) -> None:
    """Forget a draft, or one that was refused. Raises NotADraft."""
    if made.status not in ("draft", "refused"):
        raise wrong.NotADraft
    session.execute(delete(ImportFile).where(ImportFile.import_id == made.id))
    session.delete(made)


def preview(log: Log, chosen: Map, *, now: datetime) -> tuple[Cases, Ledger, dict[str, int]]:
    """The cases among the first rows, what is wrong among them, how often each activity occurs there."""
    cases, ledger = read(log, chosen, now=now, most=PREVIEWED)
    return cases, ledger, activities(cases)


# ------------------------------------------------------------------------------------------------ the clock's share


def work(factory: sessionmaker[Session], settle: Settle, *, now: datetime) -> int:
    """Carry out the import that has waited longest, if there is one. Returns how many."""
    lease = _lease(factory, now)
    if lease is None:
        return 0
    made, log = lease
    try:
        checked = importing.check(log, made.map, now=now, heard=_beat(factory, made.id))
        _bring(factory, settle, made, checked, now)
    except Refusal as refusal:
        _refuse(factory, made, refusal)
    return 1


def _lease(factory: sessionmaker[Session], now: datetime) -> tuple[Import, Log] | None:
    waits = or_(Import.status == "waiting", (Import.status == "running") & (Import.leased_until <= now))
    with factory() as session:
        session.connection(execution_options={"reading": True})
        if session.scalar(select(Import.id).where(waits).limit(1)) is None:
            return None
    with factory.begin() as session:
        query = select(Import).where(waits).order_by(Import.id).limit(1).with_for_update(skip_locked=True)
        made = session.scalars(query).first()
        if made is None:
            return None
        if made.tries >= TRIES:
            refusal = wrong.NeverEnded(tries=made.tries)
            made.status, made.wrong, made.wrong_count = "refused", [wrong.said(refusal)], 0
            return None
        made.status, made.tries, made.leased_until = "running", made.tries + 1, now + LEASE
        return made, log_of(session, made)


def _beat(factory: sessionmaker[Session], id_: int) -> Heard:
    """Writes down how far the reading is, once in a while, in transactions of their own."""
    last = time.monotonic()

    def heard(done: int, whole: int) -> None:
        nonlocal last
        if time.monotonic() - last > EVERY:
            last = time.monotonic()
            with factory.begin() as session:
                session.execute(update(Import).where(Import.id == id_).values(done=done, whole=whole))

    return heard


def _bring(
    factory: sessionmaker[Session], settle: Settle, lease: Import, checked: Checked, now: datetime
) -> None:
    """Make the rows while others write, then bring them in at once."""
    with staging.alone(factory) as session:
        staging.only_read(session, only=True)
        staged = importing.stage(session, checked, heard=_beat(factory, lease.id))
        session.commit()
        staging.only_read(session, only=False)
        made = session.get_one(Import, lease.id, with_for_update=True)
        if made.status != "running" or made.tries != lease.tries:
            return  # somebody else took it over
        by = session.get(Person, made.by_id) if made.by_id else None
        counts = importing.bring(session, made, checked, by=by, now=now, staged=staged)
        if counts.new:
            settle(session, made.ladder)
        session.execute(delete(ImportFile).where(ImportFile.import_id == made.id))
        session.commit()


def _refuse(factory: sessionmaker[Session], lease: Import, refusal: Refusal) -> None:
    """Nothing came in: the import says why, and can be mended and asked for again."""
    rows = refusal.ledger if isinstance(refusal, wrong.Rows) else None
    with factory.begin() as session:
        made = session.get_one(Import, lease.id, with_for_update=True)
        if made.status == "running" and made.tries == lease.tries:
            made.status, made.leased_until = "refused", None
            made.wrong = rows.plain() if rows else [wrong.said(refusal)]
            made.wrong_count = rows.count if rows else 0
