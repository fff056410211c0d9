"""What is kept of a history from elsewhere: the import itself, its cases, and every step of them."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.db import Base, BigId
from engine.process import definitions

KIND = definitions.PAST
"""The kind of a definition that is a history from elsewhere: it has a ladder and steps, no drawing, starts nothing."""

STATUSES = ("draft", "waiting", "running", "done", "refused")


class Import(Base):
    """One file of history with its map (TOML). ``meaning`` is the hash of what the map says, whatever its layout.

    A draft is being looked at; one that waits is carried out by the clock, one that runs until ``leased_until``.
    ``counts`` are events, cases, new, known, steps, moves; ``wrong`` holds the first refused rows, ``wrong_count`` all.
    ``at`` is the moment the history was in, its events' own times are theirs.
    """

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_same", "sha256", "ladder"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    ladder: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))
    file_name: Mapped[str] = mapped_column(String(200))
    sha256: Mapped[str] = mapped_column(String(64))
    map: Mapped[str] = mapped_column(Text)
    meaning: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(10))
    counts: Mapped[dict[str, Any]]
    wrong: Mapped[list[Any]]
    wrong_count: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(BigId, default=0)
    whole: Mapped[int] = mapped_column(BigId, default=0)
    tries: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    definition_id: Mapped[int | None] = mapped_column(ForeignKey("definitions.id"))
    by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    at: Mapped[datetime | None]


class ImportFile(Base):
    """The uploaded bytes of an import, kept until it has ended."""

    __tablename__ = "import_files"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportedCase(Base):
    """One case of a history from elsewhere. Its instance's ``business_key`` is its name in the file.

    Department, owner and product are the last that its events name; who may see the case follows from them.
    ``digest`` is the hash of its events: the same case in another file is known again, a changed one is refused.
    """

    __tablename__ = "imported_cases"

    instance_id: Mapped[int] = mapped_column(
        ForeignKey("instances.id"), primary_key=True, autoincrement=False
    )
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    product: Mapped[str | None] = mapped_column(String(200))
    product_id: Mapped[int | None] = mapped_column(ForeignKey("products.id"), index=True)


class ImportedStep(Base):
    """One execution of an activity, in the order of the log: ``seq`` counts from 1 within the case, no gap.

    ``activity`` is the id of its element in the blueprint of the case's definition. A time that the log does not say
    is empty: most logs know only when a step ended. ``outcome`` is completed, skipped, withdrawn, aborted, or empty
    while it is open. ``actor`` and ``department`` are as the log writes them, their ids where somebody here is called
    so. The amount is the last one known at that time.
    """

    __tablename__ = "imported_steps"
    __table_args__ = {"sqlite_with_rowid": False}

    instance_id: Mapped[int] = mapped_column(
        ForeignKey("instances.id"), primary_key=True, autoincrement=False
    )
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    activity: Mapped[str] = mapped_column(String(200))
    ready_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str | None] = mapped_column(String(200))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    department: Mapped[str | None] = mapped_column(String(200))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    currency: Mapped[str | None] = mapped_column(String(3))
    reason: Mapped[str | None] = mapped_column(String(400))
