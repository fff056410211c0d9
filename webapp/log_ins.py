"""Who is logged in: one row per log-in, revocable, with an idle and an absolute limit; and tries that failed."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from engine import history
from engine.db import Base, BigId
from engine.errors import Refusal
from engine.people import Person
from webapp import passwords

IDLE = timedelta(minutes=60)
LONGEST = timedelta(hours=12)
SEEN_AT_MOST_EVERY = timedelta(minutes=1)
KEPT = timedelta(days=30)
"""How long a log-in that is over stays; that somebody logged in stays in history."""

TRIES = {"pair": (3, 900), "account": (30, 30), "address": (30, 900)}
"""Failures that cost nothing, then the longest wait in seconds. An account alone waits little, so that a
stranger cannot lock somebody out."""


class WrongPassword(Refusal):
    """The address or the password is not right."""


class TooSoon(Refusal):
    """Too many tries. Try again in %(seconds)s s."""


class LogIn(Base):
    """A log-in. Only the hash of its token is kept; the token itself is in the visitor's cookie."""

    __tablename__ = "log_ins"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    address: Mapped[str] = mapped_column(String(45))
    idle_minutes: Mapped[int]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship()

    def is_open(self, now: datetime) -> bool:
        """Not ended, not idle for too long, not older than it may be, and the person has not left."""
        idle_until = self.seen_at + timedelta(minutes=self.idle_minutes)
        return (
            self.ended_at is None and now < min(idle_until, self.expires_at) and self.person.left_at is None
        )


class LogInAttempt(Base):
    """Failures in a row for one key: an account, an address, or both together."""

    __tablename__ = "log_in_attempts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    failed_at: Mapped[datetime]


def find(session: Session, token: str) -> LogIn | None:
    """The log-in this token belongs to, open or not, with its person."""
    person = joinedload(LogIn.person)
    query = select(LogIn).where(LogIn.token_hash == _hash(token))
    query = query.options(person.joinedload(Person.roles), person.joinedload(Person.memberships))
    return session.scalars(query).unique().one_or_none()


def check(session: Session, email: str, password: str, *, address: str, now: datetime) -> Person:
    """Who this is. Raises `TooSoon` or `WrongPassword`; the caller counts the failure with `failed`."""
    for kind, key in _keys(email, address).items():
        attempt = session.get(LogInAttempt, key)
        if attempt and (wait := _wait(kind, attempt, now)) > 0:
            raise TooSoon(seconds=wait)
    person = session.scalar(
        select(Person).where(Person.email == email.strip().lower(), Person.left_at.is_(None))
    )
    if not passwords.fits(password, person.password_hash if person else None) or person is None:
        raise WrongPassword
    return person


def failed(session: Session, email: str, *, address: str, now: datetime) -> None:
    """Count a wrong password, so that the next try waits. An hour of quiet forgets."""
    for key in _keys(email, address).values():
        attempt = session.get(LogInAttempt, key)
        if attempt is None or now - attempt.failed_at > timedelta(hours=1):
            attempt = session.merge(LogInAttempt(key=key, failures=0, failed_at=now))
        attempt.failures, attempt.failed_at = attempt.failures + 1, now


def begin(session: Session, person: Person, *, address: str, stay: bool, now: datetime) -> str:
    """Log a person in and return the new token. Old failures of this account here are forgotten."""
    token = secrets.token_urlsafe(32)
    idle = LONGEST if stay else IDLE
    session.add(
        LogIn(
            token_hash=_hash(token),
            person_id=person.id,
            address=address,
            idle_minutes=int(idle.total_seconds() // 60),
            created_at=now,
            seen_at=now,
            expires_at=now + LONGEST,
        )
    )
    session.execute(delete(LogInAttempt).where(LogInAttempt.key == _keys(person.email, address)["pair"]))
    history.record(session, "logged_in", at=now, actor=person, subject=f"person:{person.id}")
    return token


def end(session: Session, log_in: LogIn, *, now: datetime) -> None:
    """Log out: the token is worth nothing from now on."""
    log_in.ended_at = now
    history.record(session, "logged_out", at=now, actor=log_in.person, subject=f"person:{log_in.person_id}")


def end_all(session: Session, person: Person, *, now: datetime) -> None:
    """End every open log-in of a person: after a new password, a lost computer, or when they leave."""
    open_ones = (LogIn.person_id == person.id, LogIn.ended_at.is_(None))
    session.execute(update(LogIn).where(*open_ones).values(ended_at=now))


def sweep(session: Session, *, now: datetime, most: int = 1_000) -> int:
    """Drop a share of the log-ins that were over `KEPT` ago. Returns how many; called at night, by the clock."""
    over = select(LogIn.id).where(LogIn.expires_at < now - KEPT).order_by(LogIn.id).limit(most)
    return int(session.execute(delete(LogIn).where(LogIn.id.in_(over))).rowcount)  # type: ignore[attr-defined]


def _wait(kind: str, attempt: LogInAttempt, now: datetime) -> int:
    free, longest = TRIES[kind]
    if attempt.failures < free:
        return 0
    seconds: int = min(2 ** min(attempt.failures - free + 1, 20), longest)
    return max(0, int((attempt.failed_at - now).total_seconds()) + seconds)


def _keys(email: str, address: str) -> dict[str, str]:
    account = email.strip().lower()
    return {"pair": _hash(f"{account}|{address}"), "account": _hash(account), "address": _hash(f"|{address}")}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
