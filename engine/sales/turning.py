"""What a day brings to agreements: they begin, wake, are looked at again and end; and silence goes to a manager.

Everything is found by an index: ``Agreement.alarm_on`` is the next such day, ``AgreementVersion.answer_by`` the end of patience.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import calendars
from engine.errors import Refusal
from engine.sales import minutes, promises, speaking, summons
from engine.sales.agreements import Agreement, AgreementVersion, scheduled

BATCH = 100


def signed(session: Session, agreement: Agreement, version: AgreementVersion, *, now: datetime) -> None:
    """Both heads have just signed a version: it begins, or waits for its day. A notice given before is taken back."""
    if agreement.notice_at is not None:
        current = minutes.current(session, agreement)
        agreement.notice_at, agreement.ends_on = None, minutes.last_day(current) if current else None
    for earlier in session.scalars(scheduled(agreement)).all():
        if earlier.id != version.id and minutes.first_day(earlier) >= minutes.first_day(version):
            earlier.state, earlier.ended_at = "superseded", now  # its day would come when newer words hold
    catch_up(session, agreement, now, quiet=version)


def work_due(session: Session, *, now: datetime) -> int:
    """Do what a day brings to agreements and pass silence on; returns how many there were. One in trouble stops no other."""
    today = calendars.local_day(now)
    rings = select(Agreement.id).where(Agreement.alarm_on <= today).order_by(Agreement.alarm_on, Agreement.id)
    silent = select(AgreementVersion.id).where(AgreementVersion.answer_by <= now)
    silent = silent.order_by(AgreementVersion.answer_by, AgreementVersion.id)
    done = _each(session, session.scalars(rings.limit(BATCH)).all(), _ring, _put_off, now)
    return done + _each(session, session.scalars(silent.limit(BATCH)).all(), _pass_on, _pass_over, now)


Work = Callable[[Session, int, datetime], None]


def _each(session: Session, ids: Sequence[int], work: Work, otherwise: Work, now: datetime) -> int:
    for each in ids:
        try:
            with session.begin_nested():
                work(session, each, now)
        except Refusal:
            otherwise(session, each, now)
    return len(ids)


def _ring(session: Session, agreement_id: int, now: datetime) -> None:
    catch_up(session, minutes.locked(session, session.get_one(Agreement, agreement_id)), now)


def _put_off(session: Session, agreement_id: int, now: datetime) -> None:
    """What could not be done today is tried again tomorrow."""
    session.get_one(Agreement, agreement_id).alarm_on = calendars.local_day(now) + timedelta(days=1)


def _pass_on(session: Session, version_id: int, now: datetime) -> None:
    """Silence goes to the lowest common manager, as a task."""
    version = session.get_one(AgreementVersion, version_id)
    agreement = minutes.locked(session, session.get_one(Agreement, version.agreement_id))
    session.refresh(version)
    if version.answer_by is None or version.answer_by > now:
        return
    manager = speaking.common_manager(session, agreement.provider_id, agreement.consumer_id)
    version.answer_by, version.escalated_at = None, now
    version.escalated_to_id = manager.id if manager else None
    told: dict[str, Any] = {"to": manager.id if manager else None}
    minutes.record(session, "agreement_overdue_answer", agreement, version, None, now=now, **told)
    if manager is not None:
        summons.to_manager(session, agreement, version, manager, now=now)
    set_alarm(session, agreement, now)


def _pass_over(session: Session, version_id: int, now: datetime) -> None:
    session.get_one(AgreementVersion, version_id).answer_by = now + timedelta(days=1)


def catch_up(
    session: Session, agreement: Agreement, now: datetime, *, quiet: AgreementVersion | None = None
) -> None:
    """Bring an agreement to where it stands on this day, in the order in which its days came."""
    today = calendars.local_day(now)
    _wake(session, agreement, today, now)
    if agreement.notice_at is not None:
        _end(session, agreement, today, now)
    for version in sorted(session.scalars(scheduled(agreement)).all(), key=minutes.first_day):
        _begin(session, agreement, version, today, now, quiet=version is quiet)
    _end(session, agreement, today, now)
    _ask_review(session, agreement, today, now)
    summons.seat(session, agreement, now=now)
    set_alarm(session, agreement, now)
    session.flush()


def _wake(session: Session, agreement: Agreement, today: date, now: datetime) -> None:
    if agreement.suspended_until is None or agreement.suspended_until > today:
        return
    current = minutes.current(session, agreement)
    agreement.suspended_until = None
    if current is not None and current.state == "suspended":
        current.state = "in_force"
        minutes.record(session, "agreement_resumed", agreement, current, None, now=now)


def _begin(
    session: Session,
    agreement: Agreement,
    version: AgreementVersion,
    today: date,
    now: datetime,
    *,
    quiet: bool,
) -> None:
    """Put a signed version in force when its day has come and the agreement does not rest."""
    if minutes.first_day(version) > today or agreement.suspended_until is not None:
        return
    before = minutes.current(session, agreement)
    if before is not None:
        before.state, before.ended_at = "superseded", now
    version.state, version.in_force_from = "in_force", now
    agreement.current_version_id = version.id
    last = minutes.last_day(version)
    under_notice = agreement.ends_on if agreement.notice_at is not None else None
    agreement.ends_on = min(filter(None, (last, under_notice)), default=None)
    minutes.reviewed(
        agreement, date.fromisoformat(version.terms["review_on"]) if "review_on" in version.terms else None
    )
    session.flush()
    if not quiet:
        minutes.record(session, "agreement_in_force", agreement, version, None, now=now)
        summons.over(session, agreement, besides=None, by=None, now=now)
    if before is not None and version.terms.get("in_flight") == "new":
        promises.take_over(session, agreement, version, now=now)


def _end(session: Session, agreement: Agreement, today: date, now: datetime) -> None:
    """After its last day it binds nobody: terminated where notice was given, else expired."""
    if agreement.ends_on is None or agreement.ends_on >= today:
        return
    ended = "terminated" if agreement.notice_at is not None else "expired"
    current = minutes.current(session, agreement)
    gone = [current] if current is not None else []
    gone += session.scalars(scheduled(agreement)).all() if ended == "terminated" else []
    for version in gone:
        version.state, version.ended_at = ended, now
        kind = "agreement_ended" if ended == "terminated" else "agreement_expired"
        minutes.record(session, kind, agreement, version, None, now=now)
    agreement.current_version_id = agreement.notice_at = agreement.ends_on = None
    session.flush()
    if session.scalar(scheduled(agreement).limit(1)) is None:
        agreement.suspended_until = None  # else what waits begins when the pause ends, as both signed
    minutes.reviewed(agreement, None)
    if gone:
        summons.over(session, agreement, besides=None, by=None, now=now)


def _ask_review(session: Session, agreement: Agreement, today: date, now: datetime) -> None:
    current = minutes.current(session, agreement)
    due = agreement.review_on is not None and agreement.review_on <= today
    if current is None or current.state != "in_force" or not due or agreement.review_asked_at is not None:
        return
    agreement.review_asked_at = now
    minutes.record(session, "agreement_review_due", agreement, current, None, now=now)
    summons.to_heads(session, agreement, now=now)


def _is_silent(session: Session, agreement: Agreement) -> bool:
    """A manager is bringing the sides together."""
    table = session.get(AgreementVersion, agreement.negotiating_version_id or 0)
    return table is not None and table.escalated_to_id is not None


def set_alarm(session: Session, agreement: Agreement, now: datetime) -> None:
    """The next day on which something happens by itself."""
    session.flush()
    current, today = minutes.current(session, agreement), calendars.local_day(now)
    waiting = [minutes.first_day(each) for each in session.scalars(scheduled(agreement))]
    rest = agreement.suspended_until
    days = [max(day, rest or day) for day in waiting] + ([rest] if rest else [])
    if agreement.ends_on is not None and (current is not None or waiting):
        days.append(agreement.ends_on + timedelta(days=1))
    if agreement.review_on is not None and agreement.review_asked_at is None and current is not None:
        days.append(max(agreement.review_on, rest or agreement.review_on))
    if agreement.review_asked_at is not None or _is_silent(session, agreement):
        days.append(today)  # somebody is asked: who stands in for them may be another tomorrow
    agreement.alarm_on = min((max(day, today + timedelta(days=1)) for day in days), default=None)
