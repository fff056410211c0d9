"""A request for a promise: what a task that comes from another department asks of its own, and since when clocks run."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from engine import calendars, notices
from engine.calendars import Calendar
from engine.errors import Refusal
from engine.process import advancing, tasks
from engine.process.advancing import Happened
from engine.process.tasks import UserTask
from engine.sales import addressing, health, positions, promising
from engine.sales.addressing import Addressed
from engine.sales.promises import Promise


def ask(session: Session, task: UserTask, happened: Happened, came: frozenset[str]) -> None:
    """Ask, and promise at once where both heads signed that no answer is needed and there is a place.

    A hand-off that somebody waived, or that nothing was agreed or drawn about, is nobody's promise.
    """
    asked, is_suspended = addressing.find(session, task, came, happened.now)
    if not task.handoff:
        return
    needed = (
        health.needed(session, happened.instance) if happened.instance.process == health.REQUEST else None
    )
    chain = health.dates_of(session, needed.commitment) if needed else None
    asked = replace(asked, deal=needed.deal) if needed else asked
    promise = Promise(
        agreement_id=asked.agreement.id if asked.agreement else None,
        version_id=asked.version.id if asked.version else None,
        code=task.handoff,
        instance_id=task.instance_id,
        deal_id=asked.deal.id if asked.deal else None,
        task_id=task.id,
        commitment_id=needed.commitment.id if needed else None,
        needed_at=chain.inner if chain else None,
        provider_id=asked.provider.id if asked.provider else None,
        consumer_id=asked.consumer_id,
        state="requested",
        turn="provider",
        requested_at=happened.now,
        ready_at=happened.now,
        move_count=0,
        manner="suspended" if is_suspended else None,
        title=needed.commitment.text[:200] if needed else task.title,
        title_en=needed.commitment.text[:200] if needed else task.title_en,
    )
    if asked.version is None:
        _as_drawn(promise, task, happened)
    else:
        _as_agreed(session, promise, asked, happened)
        tasks.fall_due(task, promise.due_at)
    positions.begin(session, promise, asked.deal, **positions.because(happened))
    if promise.respond_by is not None and asked.head_id is not None:
        _tell(session, promise, task, task.assignee_id or asked.head_id, happened)


def _tell(session: Session, promise: Promise, task: UserTask, whom: int, happened: Happened) -> None:
    """Whoever has the task, or the head, is asked for an answer."""
    told = {
        "title": task.title,
        "title_en": task.title_en,
        "about": task.about,
        "due_at": promise.due_at,
        "respond_by": promise.respond_by,
    }
    subject = f"promise:{promise.id}"
    notices.tell(session, [whom], "promise_requested", subject, told, by=happened.by, now=happened.now)


def _as_agreed(session: Session, promise: Promise, asked: Addressed, happened: Happened) -> None:
    """Its times, as the agreement says for this request, in the provider's work time from now on."""
    if asked.version is None:
        return
    works = calendars.of(session, asked.provider)
    facts = advancing.facts(session, happened.instance)
    begin(session, promise, asked.version.terms, works, facts, now=happened.now)


def begin(
    session: Session,
    promise: Promise,
    terms: Mapping[str, Any],
    works: Calendar,
    facts: Callable[[], Mapping[str, Any]],
    *,
    now: datetime,
) -> None:
    """The clocks of a request that is ready now. Without a time to answer it is promised, if there is a place for it."""
    answer, deliver = promising.said(terms, facts, now)
    promise.ready_at = now
    promise.due_at = works.add(now, deliver)
    if promise.needed_at is not None:
        promise.due_at = max(promise.due_at, promise.needed_at)
    promise.left_seconds = promise.respond_by = None
    if answer is None:
        try:
            promising.must_fit(session, promise, terms, works, promise.due_at, now=now)
        except Refusal:
            answer = promising.ANSWER
    if answer is None:
        promise.state, promise.promised_at = "promised", now
        promise.first_due_at = promise.first_due_at or promise.due_at
    else:
        promise.state, promise.respond_by = "requested", works.add(now, answer)
        promise.answer_by, promise.answered_at = promise.respond_by, None
    promise.alarm_at = promising.alarm(promise, terms, works, now=now)


def _as_drawn(promise: Promise, task: UserTask, happened: Happened) -> None:
    """Nothing is agreed: it is promised for when the diagram wants it, if that says when."""
    if task.due_at is not None and promise.manner is None:
        promise.due_at = promise.first_due_at = task.due_at
        promise.state, promise.promised_at = "promised", happened.now
