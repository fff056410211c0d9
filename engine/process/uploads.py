"""Uploads on the doctor's table: files somebody chose, repairs they agreed to, not deployed yet.

An upload is a draft: it leaves no event, nobody but its owner sees it, and deploying it ends it.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine.db import Base, BigId
from engine.errors import Invalid, NotFound, Refusal
from engine.people import Person
from engine.process import definitions, doctor
from engine.process.blueprint import Text
from engine.process.definitions import Definition, Source

MOST_FILES = 60
MOST_NAME = 120
BROKEN_FILE = frozenset(
    {"X01", "X02", "X03", "X04", "X05", "X06", "X07", "X08", "X09", "X10", "X11", "X13", "X16"}
)
"""Findings that leave nothing to show on a diagram: such files are refused instead of kept."""
ROUNDS = 5
"""An accepted repair may bring up another finding; so often we look again."""


class NoFile(Refusal):
    """Choose at least one file: a diagram .bpmn, perhaps with tables .dmn and forms .json."""


class TooManyFiles(Refusal):
    """These are %(count)s files; at most %(most)s go in one upload."""


class EmptyFile(Refusal):
    """The file “%(file)s” is empty."""


class Unreadable(Refusal):
    """%(what)s %(remedy)s"""


class Upload(Base):
    """Files to be examined. ``files`` are ``{"name", "hash"}``; ``accepted`` as `doctor.examine` takes it.

    ``process`` names the main process where the designer said which one it is.
    """

    __tablename__ = "uploads"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    files: Mapped[list[Any]]
    process: Mapped[str | None] = mapped_column(String(200))
    accepted: Mapped[list[Any]]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    @property
    def names(self) -> list[str]:
        """The names of the files."""
        return [each["name"] for each in self.files]

    def value(self, finding: str) -> str | None:
        """What was given with the acceptance of a finding: '' for a plain one, None when it is not accepted."""
        given = (each.partition("=") for each in self.accepted)
        return next((value for key, _, value in given if key == finding), None)


def of(person: Person) -> Select[Upload]:
    """What this person has on the table, the latest first."""
    return (
        select(Upload)
        .where(Upload.person_id == person.id)
        .order_by(Upload.changed_at.desc(), Upload.id.desc())
    )


def one(session: Session, person: Person, id_: int) -> Upload:
    """This person's upload with this id. Raises NotFound."""
    found = session.scalar(of(person).where(Upload.id == id_))
    if found is None:
        raise NotFound
    return found


def begin(session: Session, chosen: Sequence[doctor.File], *, by: Person, now: datetime) -> Upload:
    """Put files on the table. Raises Invalid that names every file that cannot be read; then nothing is kept."""
    found = checked(chosen)
    upload = Upload(
        person_id=by.id,
        files=_kept(session, found),
        process=None,
        accepted=[],
        created_at=now,
        changed_at=now,
    )
    session.add(upload)
    session.flush()
    return upload


def replace(
    session: Session, upload: Upload, chosen: Sequence[doctor.File], *, instead_of: str = "", now: datetime
) -> None:
    """Put corrected files in the place of those with the same name, or one in the place of ``instead_of``.

    What was accepted stays accepted where the finding is still there. Raises Invalid.
    """
    names = {file.name for file in _named(chosen)} | ({instead_of} if len(chosen) == 1 else set())
    staying = [file for file in files(session, upload) if file.name not in names]
    found = checked([*staying, *chosen] if any(file.name for file in chosen) else [])
    upload.files, upload.changed_at = _kept(session, found), now


def accept(upload: Upload, finding: str, value: str = "", *, now: datetime) -> None:
    """Agree to one repair, with the value it asks for."""
    take_back(upload, finding, now=now)
    upload.accepted = [*upload.accepted, f"{finding}={value}" if value else finding]


def take_back(upload: Upload, finding: str, *, now: datetime) -> None:
    """Agree no more."""
    upload.accepted = [each for each in upload.accepted if each.partition("=")[0] != finding]
    upload.changed_at = now


def accept_all(session: Session, upload: Upload, known: doctor.Known, *, now: datetime) -> None:
    """Agree to every repair on offer, also to those that come up when the others are made."""
    for _ in range(ROUNDS):
        examined = examine(session, upload, known)
        offered = [each.id for each in examined.findings if each.repairable and not each.accepted]
        if not offered:
            return
        upload.accepted, upload.changed_at = [*upload.accepted, *offered], now


def files(session: Session, upload: Upload) -> list[doctor.File]:
    """The files as they were uploaded."""
    return [doctor.File(each["name"], session.get_one(Source, each["hash"]).content) for each in upload.files]


def examine(session: Session, upload: Upload, known: doctor.Known) -> doctor.Examined:
    """What the doctor says with the repairs accepted so far."""
    chosen = files(session, upload)
    return doctor.examine(chosen, process=upload.process, accepted=upload.accepted, known=known)


def mended(session: Session, upload: Upload, known: doctor.Known) -> dict[str, bytes]:
    """The files with the accepted repairs drawn in, by name; with them the forms that the repairs need."""
    return doctor.mended(files(session, upload), upload.accepted, process=upload.process, known=known)


def deploy(
    session: Session,
    upload: Upload,
    *,
    name: str,
    title: Text | None = None,
    known: doctor.Known,
    by: Person,
    now: datetime,
) -> Definition:
    """Make the next version of the process ``name`` of it and clear the table. Raises NotDeployable, BadName."""
    definition = definitions.deploy(
        session,
        files(session, upload),
        process=upload.process,
        accepted=upload.accepted,
        known=known,
        name=name,
        title=title,
        by=by,
        now=now,
    )
    session.delete(upload)
    return definition


def checked(chosen: Sequence[doctor.File]) -> list[doctor.File]:
    """The files under tidy names, the last of several with one name. Raises Invalid."""
    found = list({file.name: file for file in _named(chosen)}.values())
    errors: dict[str, Refusal] = {}
    if not found:
        errors["files"] = NoFile()
    if len(found) > MOST_FILES:
        errors["files"] = TooManyFiles(count=len(found), most=MOST_FILES)
    errors |= {file.name: EmptyFile(file=file.name) for file in found if not file.content.strip()}
    errors = errors or _broken(found)
    if errors:
        raise Invalid(errors)
    return found


def _broken(found: Collection[doctor.File]) -> dict[str, Refusal]:
    findings = doctor.examine([*found]).findings
    broken = [each for each in findings if each.code in BROKEN_FILE]
    if any(
        each.code != "X16" for each in broken
    ):  # without a diagram, because the one there is cannot be read
        broken = [each for each in broken if each.code != "X16"]
    return {each.id: Unreadable(what=each.message, remedy=each.remedy) for each in broken}


def _named(chosen: Sequence[doctor.File]) -> list[doctor.File]:
    return [doctor.File(_tidy(file.name), file.content) for file in chosen if file.name]


def _tidy(name: str) -> str:
    """A file's own name without folders, short enough to be kept."""
    own = " ".join(name.replace("\\", "/").rpartition("/")[2].split())
    stem, dot, end = own.rpartition(".")
    return own if len(own) <= MOST_NAME else f"{stem[: MOST_NAME - 8]}{dot}{end[:7]}"


def _kept(session: Session, found: Sequence[doctor.File]) -> list[dict[str, str]]:
    """Store every text once; the names with their hashes."""
    kept = []
    for file in found:
        digest = hashlib.sha256(file.content).hexdigest()
        if session.get(Source, digest) is None:
            session.add(Source(hash=digest, content=file.content))
            session.flush()
        kept.append({"name": file.name, "hash": digest})
    return kept
