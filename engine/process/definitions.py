"""Processes in versions: what was uploaded, what runs, and the caches that make sharing them cheap.

Texts are stored once by their SHA-256. A version never changes; the same content deployed again is the same version.
"""

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

import orjson
from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    LargeBinary,
    Select,
    String,
    UniqueConstraint,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from engine import history
from engine.db import Base, BigId
from engine.errors import Refusal
from engine.people import Person
from engine.process import crossings, decisions, doctor, forms, nesting
from engine.process.blueprint import Blueprint, Text
from engine.process.program import Program, parse
from engine.process.scripts import policy

T = TypeVar("T")


class NotDeployable(Refusal):
    """The diagram has findings that must be mended before it can be deployed: %(findings)s"""


class BadName(Refusal):
    """A process is called by letters, digits, dots, dashes and underscores, at most 100: “%(name)s” is not such a name."""


class NameOfHistory(Refusal):
    """“%(name)s” is a history brought in from another system. Call the process differently."""


PAST = "imported"
"""The kind of a definition that is known by its past alone: brought in, without a drawing, never started."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class Source(Base):
    """One uploaded or derived text, kept once however often it is used."""

    __tablename__ = "sources"

    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Definition(Base):
    """One version of a process. ``title`` holds both languages; a retired version starts no new instances."""

    __tablename__ = "definitions"
    __table_args__ = (UniqueConstraint("process", "version"), UniqueConstraint("process", "content_hash"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    process: Mapped[str] = mapped_column(String(200))
    version: Mapped[int]
    title: Mapped[dict[str, Any]]
    kind: Mapped[str] = mapped_column(String(20))
    content_hash: Mapped[str] = mapped_column(String(64))
    deployed_at: Mapped[datetime]
    deployed_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    retired_at: Mapped[datetime | None]
    policy: Mapped[str] = mapped_column(String(10), default="safe", server_default="safe")
    """``safe``: scripts speak the expressions' language; ``trusted``: they are Python, run in the fenced worker."""
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    scripts_hash: Mapped[str | None] = mapped_column(String(64))
    """What was approved: the SHA-256 of all its scripts."""

    @property
    def text(self) -> Text:
        """The title in both languages."""
        return Text(**self.title)

    @property
    def waits(self) -> bool:
        """Whether its Python scripts still need an administrator's approval."""
        return self.policy == policy.TRUSTED and self.approved_at is None


class DefinitionFile(Base):
    """A text in a version. ``kind`` is bpmn, dmn or form (uploaded or proposed), executable or blueprint (derived)."""

    __tablename__ = "definition_files"

    definition_id: Mapped[int] = mapped_column(ForeignKey("definitions.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    source_hash: Mapped[str] = mapped_column(ForeignKey("sources.hash"))


class Memo(Generic[T]):
    """A bounded memory of things made from content that never changes. Safe to share between threads."""

    def __init__(self, size: int) -> None:
        self._size, self._kept, self._lock = size, OrderedDict[object, T](), threading.Lock()

    def get(self, key: object) -> T | None:
        """What was kept under this key."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: object, value: T) -> T:
        """Remember it, forgetting the one not used for longest."""
        with self._lock:
            self._kept[key] = value
            if len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return value


_blueprints: Memo[Blueprint] = Memo(200)
_crossings: Memo[tuple[crossings.Crossing, ...]] = Memo(200)
_programs: Memo[Program] = Memo(100)
_forms: Memo[dict[str, forms.Form]] = Memo(200)


def deploy(
    session: Session,
    files: Sequence[doctor.File],
    *,
    process: str | None = None,
    accepted: Collection[str] | Literal["all"] = (),
    known: doctor.Known | None = None,
    name: str | None = None,
    title: Text | None = None,
    by: Person | None,
    now: datetime,
) -> Definition:
    """Store the next version of a process from its diagrams, decision tables and forms.

    ``accepted`` are the repairs of the doctor's findings that the designer agreed to. The process is kept under
    ``name`` and shown as ``title``; without them both are as drawn. Raises NotDeployable, BadName.
    """
    if name is not None and not NAME.fullmatch(name):
        raise BadName(name=name[:120], field="name")
    if (
        name is not None
        and session.scalar(versions(name).where(Definition.kind == PAST).limit(1)) is not None
    ):
        raise NameOfHistory(name=name, field="name")
    examined = doctor.examine(files, process=process, accepted=accepted, known=known or doctor.Known())
    if examined.compiled is None:
        left = (each for each in examined.findings if not each.accepted)
        said = [finding.message for finding in left if finding.severity == "error"][:5]
        both = (" · ".join(each.into(language) for each in said) for language in ("pl", "en"))
        raise NotDeployable(findings=Text(*both))
    compiled = examined.compiled
    plan = replace(compiled.blueprint, title=title) if title is not None else compiled.blueprint
    parts = [(_kind(file.name), file.name, file.content) for file in files]
    parts += [("form", f"{key}.json", orjson.dumps(form)) for key, form in compiled.forms.items()]
    parts += [
        ("executable", compiled.process, compiled.executable),
        (
            "blueprint",
            compiled.process,
            orjson.dumps(plan.to_json(), option=orjson.OPT_SORT_KEYS),
        ),
    ]
    return _store(session, name or plan.process, plan, parts, by=by, now=now)


def remember(session: Session, blueprint: Blueprint, *, by: Person | None, now: datetime) -> Definition:
    """The version of a process known by its past alone: without a drawing, retired from the beginning."""
    plain = orjson.dumps(blueprint.to_json(), option=orjson.OPT_SORT_KEYS)
    parts = [("blueprint", blueprint.process, plain)]
    definition = _store(session, blueprint.process, blueprint, parts, by=by, now=now)
    definition.retired_at = definition.retired_at or now
    return definition


def _store(
    session: Session,
    process: str,
    blueprint: Blueprint,
    parts: list[tuple[str, str, bytes]],
    *,
    by: Person | None,
    now: datetime,
) -> Definition:
    hashes = {(kind, name): hashlib.sha256(content).hexdigest() for kind, name, content in parts}
    whole = hashlib.sha256(repr(sorted(hashes.items())).encode()).hexdigest()
    same = session.scalar(
        select(Definition).where(Definition.process == process, Definition.content_hash == whole)
    )
    if same is not None:
        return same
    newest = session.scalar(select(func.max(Definition.version)).where(Definition.process == process))
    definition = Definition(
        process=process,
        version=(newest or 0) + 1,
        title={"pl": blueprint.title.pl, "en": blueprint.title.en},
        kind=blueprint.kind,
        content_hash=whole,
        deployed_at=now,
        deployed_by_id=by.id if by else None,
        policy=policy.of(blueprint),
    )
    session.add(definition)
    session.flush()
    stored = set(session.scalars(select(Source.hash).where(Source.hash.in_(hashes.values()))))
    for kind, name, content in parts:
        digest = hashes[kind, name]
        if digest not in stored:
            stored.add(digest)
            session.add(Source(hash=digest, content=content))
    session.flush()
    session.add_all(
        DefinitionFile(definition_id=definition.id, kind=kind, name=name, source_hash=digest)
        for (kind, name), digest in hashes.items()
    )
    what = {"process": definition.process, "version": definition.version}
    history.record(session, "deployed", at=now, actor=by, subject=f"definition:{definition.id}", data=what)
    session.flush()
    return definition


def _kind(name: str) -> str:
    return {"bpmn": "bpmn", "xml": "bpmn", "dmn": "dmn", "json": "form"}[name.rsplit(".", 1)[-1].lower()]


def catalogue() -> Select[Definition]:
    """The newest version of every process, by its key."""
    newest = select(func.max(Definition.id)).group_by(Definition.process)
    return select(Definition).where(Definition.id.in_(newest)).order_by(Definition.process)


def startable() -> Select[Definition]:
    """Of every process the version in which new instances start: neither retired nor waiting for an approval."""
    newest = select(func.max(Definition.id)).where(Definition.retired_at.is_(None), _is_ready())
    return (
        select(Definition)
        .where(Definition.id.in_(newest.group_by(Definition.process)))
        .order_by(Definition.process)
    )


def versions(process: str) -> Select[Definition]:
    """Every version of a process, the newest first."""
    return select(Definition).where(Definition.process == process).order_by(Definition.version.desc())


def newest(session: Session, process: str) -> Definition | None:
    """The version in which new instances start; one that waits for an approval only where there is no other."""
    query = select(Definition).where(Definition.process == process, Definition.retired_at.is_(None))
    return session.scalars(query.order_by(_is_ready().desc(), Definition.version.desc()).limit(1)).first()


def _is_ready() -> ColumnElement[bool]:
    return or_(Definition.policy == policy.SAFE, Definition.approved_at.is_not(None))


def files(session: Session, definition: Definition, kind: str) -> dict[str, bytes]:
    """The texts of one kind in a version, by name."""
    query = (
        select(DefinitionFile.name, Source.content)
        .join(Source, Source.hash == DefinitionFile.source_hash)
        .where(DefinitionFile.definition_id == definition.id, DefinitionFile.kind == kind)
        .order_by(DefinitionFile.name)
    )
    return {name: content for name, content in session.execute(query)}  # noqa: C416  # rows are not pairs to mypy


def blueprint(session: Session, definition: Definition) -> Blueprint:
    """What the diagram means; read once per content."""
    kept = _blueprints.get(definition.content_hash)
    if kept is None:
        (content,) = files(session, definition, "blueprint").values()
        read = Blueprint.from_json(orjson.loads(content))
        if nesting.is_silent(read):
            (executable,) = files(session, definition, "executable").values()
            read = nesting.told(read, executable)
        kept = _blueprints.keep(definition.content_hash, read)
    return kept


def handed_over(session: Session, definition: Definition) -> tuple[crossings.Crossing, ...]:
    """Where work passes from department to department in this version; looked for once per content."""
    kept = _crossings.get(definition.content_hash)
    if kept is None:
        kept = _crossings.keep(definition.content_hash, crossings.find(blueprint(session, definition)))
    return kept


def program(session: Session, definition: Definition) -> Program:
    """What the engine runs; parsed once per content and shared by all instances and threads."""
    kept = _programs.get(definition.content_hash)
    if kept is None:
        (executable,) = files(session, definition, "executable").values()
        tables: dict[str, decisions.Decision] = {}
        for content in files(session, definition, "dmn").values():
            tables |= decisions.read(content)
        plan = blueprint(session, definition)
        kept = _programs.keep(definition.content_hash, parse(executable, plan, decisions=tables))
    if definition.policy == policy.SAFE:
        return kept
    # two versions may share content, not an approval
    known = definition.approved_at is not None and definition.scripts_hash == policy.digest(kept.blueprint)
    return replace(kept, approved=known)


def form(session: Session, definition: Definition, key: str) -> forms.Form | None:
    """A form of this version by its key."""
    kept = _forms.get(definition.content_hash)
    if kept is None:
        found = [forms.load(content) for content in files(session, definition, "form").values()]
        kept = _forms.keep(definition.content_hash, {each.key: each for each in found})
    return kept.get(key)


def decide(session: Session, definition: Definition, table: str, scope: dict[str, Any]) -> dict[str, Any]:
    """Ask a decision table of this version. Raises KeyError for an unknown table, DecisionFailed on a conflict."""
    return program(session, definition).decisions[table].decide(scope)
