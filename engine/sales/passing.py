"""How a promise begins and ends with its task: what follows from each command of a case, and its moves on the ladder."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, event, insert, or_, select
from sqlalchemy.orm import Session, SessionTransaction

from engine import calendars, notices, people
from engine.calendars import Calendar
from engine.db import Base
from engine.errors import Refusal
from engine.people import Department, Membership, Person
from engine.process import advancing, definitions, outbox, tasks
from engine.process.advancing import Happened
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales import health, promising
from engine.sales.agreements import Agreement, AgreementVersion
from engine.sales.deals import Deal
from engine.sales.handoffs import Handoff
from engine.sales.promises import LADDER, LADDER_VERSION, RANKS, Promise

OFF = ("waived", "revoked")
"""States off the ladder: nobody is held to it any more, though its task is still open."""


KEPT = "promises read in this transaction"


@dataclass(frozen=True, slots=True)
class _Read:
    """What a command has read already: the promise of its task, and whether any flow of its process is decided about."""

    promise: Promise
    decided: bool


def with_terms(session: Session, task: UserTask) -> tuple[Promise, dict[str, Any]] | None:
    """The promise of a hand-off task and what its agreement says; empty terms when none was in force."""
    process = select(Instance.process).where(Instance.id == task.instance_id).scalar_subquery()
    decided = select(Handoff.id).where(Handoff.process == process, Handoff.ended_at.is_(None)).exists()
    version = AgreementVersion.id == Promise.version_id
    provider = Department.id == Promise.provider_id  # beside it, since its work time is counted
    query = select(Promise, AgreementVersion, decided, Department)
    query = query.outerjoin(AgreementVersion, version).outerjoin(Department, provider)
    row: Any = session.execute(query.where(Promise.task_id == task.id)).first()
    if row is None:
        return None
    session.info.setdefault(KEPT, {})[task.id] = _Read(row[0], row[2])
    return row[0], row[1].terms if row[1] is not None else {}


@event.listens_for(Session, "after_transaction_end")
def _forget(session: Session, transaction: SessionTransaction) -> None:
    """What was read in a transaction is not true for the next one."""
    if transaction.parent is None or transaction.nested:
        session.info.pop(KEPT, None)


def follow(session: Session, happened: Happened) -> None:
    """The projection: a task with a hand-off is a promise when it opens, kept or broken when it closes."""
    if happened.before is not None:
        _take_along(session, happened)
    for task in happened.opened:
        ways = _ways(session, task, happened)
        if task.handoff or (ways and _anything_decided(session, happened)):
            _give(session, task, happened, ways)
    for promise, task in _of_closed(session, happened):
        _settle(session, promise, task, happened)


def _of_closed(session: Session, happened: Happened) -> list[tuple[Promise, UserTask]]:
    """The promises of hand-offs that closed; the one that was completed has been read before."""
    gone = {task.id: task for task in happened.closed if task.handoff}
    read = session.info.get(KEPT, {})
    found = {id_: read[id_].promise for id_ in gone if id_ in read}
    if len(found) < len(gone):
        missing = select(Promise, Department).outerjoin(Department, Department.id == Promise.provider_id)
        rows = session.execute(missing.where(Promise.task_id.in_(set(gone) - set(found)))).all()
        found |= {promise.task_id: promise for promise, _ in rows}
    return [(found[id_], gone[id_]) for id_ in sorted(found)]


def _anything_decided(session: Session, happened: Happened) -> bool:
    """Whether somebody may have decided about a flow of this process: not, where the command has read that nobody did."""
    read = session.info.get(KEPT, {}).get(happened.task.id) if happened.task else None
    return read is None or read.decided


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was read, in one statement, about a hand-off: whose agreement it is, for which deal."""

    deal: Deal | None
    agreement: Agreement | None
    version: AgreementVersion | None
    provider: Department | None
    head_id: int | None
    decided: Handoff | None = None
    """What somebody decided about the flow: it counts before what the diagram says."""

    @property
    def consumer_id(self) -> int | None:
        """The deal's department; without one the agreement's."""
        if self.deal and self.deal.department_id:
            return self.deal.department_id
        return self.agreement.consumer_id if self.agreement else None


def _ways(session: Session, task: UserTask, happened: Happened) -> frozenset[str]:
    """The flows from another department by which its token may have come: the one it took, where that is known."""
    definition = session.get_one(Definition, task.definition_id)
    crossings = definitions.handed_over(session, definition)
    asked = (each for each in crossings if each.kind == "request")
    here = {each.flow for each in asked if (each.diagram, each.target) == (task.diagram, task.element)}
    taken = next((each.flow for each in happened.steps if each.token == task.token and each.flow), None)
    known = here & {taken} if taken is not None and not taken.startswith("dr_") else here
    return frozenset(known)


def _decision(task: UserTask, ways: frozenset[str]) -> ColumnElement[bool]:
    return and_(
        Handoff.process == Instance.process,
        Handoff.diagram == task.diagram,
        Handoff.flow.in_(sorted(ways)),
        Handoff.ended_at.is_(None),
    )


def _asked(session: Session, task: UserTask, ways: frozenset[str], now: datetime) -> tuple[_Asked, bool]:
    """What is known of a hand-off, and whether its agreement is suspended now."""
    heads = and_(Membership.department_id == Agreement.provider_id, Membership.is_head)
    drawn = and_(Handoff.id.is_(None), _named(task.handoff or ""))
    query = (
        select(Deal, Agreement, AgreementVersion, Department, Membership.person_id, Handoff)
        .select_from(Instance)
        .outerjoin(Deal, Deal.instance_id == Instance.id)
        .outerjoin(Handoff, _decision(task, ways))
        .outerjoin(Agreement, or_(Agreement.id == Handoff.agreement_id, drawn))
        .outerjoin(AgreementVersion, AgreementVersion.id == Agreement.current_version_id)
        .outerjoin(Department, Department.id == Agreement.provider_id)
        .outerjoin(Membership, heads)
        .where(Instance.id == task.instance_id)
        .order_by(Handoff.id)
    )
    row = session.execute(query).first()
    deal, agreement, version, provider, head_id, decided = row or (None, None, None, None, None, None)
    if decided is not None:
        task.handoff = code_of(agreement) if agreement is not None else None
    if not task.handoff:
        return _Asked(deal, None, None, None, None, decided), False
    if agreement is None or version is None or version.state in {"terminated", "expired"}:
        return _Asked(deal, None, None, _provider(session, task), None, decided), False
    today = calendars.local_day(now)
    rests = agreement.suspended_until is not None and today < agreement.suspended_until
    if agreement.ends_on is not None and agreement.ends_on < today:
        return _Asked(deal, None, None, provider, None, decided), False
    if rests or version.state != "in_force":
        return _Asked(deal, None, None, provider, None, decided), True
    return _Asked(deal, agreement, version, provider, head_id, decided), False


def _named(code: str) -> ColumnElement[bool]:
    """The agreement of a code, or of a number as `code_of` writes it."""
    number = code.removeprefix("#")
    is_number = code.startswith("#") and number.isdecimal() and len(number) < 19
    return Agreement.id == int(number) if is_number else Agreement.code == code


def code_of(agreement: Agreement) -> str:
    """What a task carries: its agreement's code, or its number where nobody gave it one."""
    return agreement.code or f"#{agreement.id}"


def _give(session: Session, task: UserTask, happened: Happened, ways: frozenset[str]) -> None:
    """Ask, and promise at once where both heads signed that no answer is needed and there is a place.

    A hand-off that somebody waived, or that nothing was agreed or drawn about, is nobody's promise.
    """
    asked, is_suspended = _asked(session, task, ways, happened.now)
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
    _first_moves(session, promise, asked.deal, happened)
    if promise.respond_by is not None and asked.head_id is not None:
        told = {
            "title": task.title,
            "title_en": task.title_en,
            "about": task.about,
            "due_at": promise.due_at,
            "respond_by": promise.respond_by,
        }
        whom = task.assignee_id or asked.head_id
        notices.tell(
            session,
            [whom],
            "promise_requested",
            f"promise:{promise.id}",
            told,
            by=happened.by,
            now=happened.now,
        )


def _as_agreed(session: Session, promise: Promise, asked: _Asked, happened: Happened) -> None:
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


def _provider(session: Session, task: UserTask) -> Department | None:
    kind, _, key = (task.audience or "").partition(":")
    return people.department(session, key) if kind in {"department", "head"} else None


def _take_along(session: Session, happened: Happened) -> None:
    """The case runs on another version now: a hand-off that is none any more, or has become one, in tasks that stay open."""
    new = {task.id for task in happened.opened}
    open_ = {task.id: task for task in tasks.open_of(session, happened.instance.id) if task.id not in new}
    query = select(Promise).where(Promise.instance_id == happened.instance.id, Promise.task_id.in_(open_))
    known = {promise.task_id: promise for promise in session.scalars(query)}
    for task_id, task in open_.items():
        promise = known.get(task_id)
        if promise is not None and task.handoff != promise.code and _is_bound(session, task, happened):
            task.handoff = promise.code
        if promise is None and task.handoff:
            _give(session, task, happened, _ways(session, task, happened))
        elif promise is not None and promise.outcome is None and not task.handoff:
            _settle(session, promise, task, happened)
        elif promise is not None and promise.outcome is None and promise.turn == "consumer":
            promise.provider_audience = task.audience
            hand_to_consumer(session, promise, task, now=happened.now)


def _is_bound(session: Session, task: UserTask, happened: Happened) -> bool:
    """Whether the new version has a way to it that somebody bound to an agreement."""
    ways = _ways(session, task, happened)
    bound = select(Handoff.id).where(_decision(task, ways), Handoff.agreement_id.is_not(None))
    query = bound.where(Instance.id == task.instance_id).limit(1)
    return bool(ways) and session.scalar(query) is not None


def hand_to_consumer(session: Session, promise: Promise, task: UserTask, *, now: datetime) -> None:
    """The one task of the token waits for the side that asked: for whoever leads the deal or the case."""
    unit = session.get(Department, promise.consumer_id) if promise.consumer_id else None
    audience = f"department:{unit.key}" if unit else task.audience
    due = promise.accept_by if promise.state == "delivered" else promise.respond_by
    whose = owner_id(session, promise)
    tasks.turn(session, task, audience=audience, assignee_id=whose, due_at=due, now=now)


def owner_id(session: Session, promise: Promise) -> int | None:
    """Who asked: the deal's owner, or the case's where it carries no deal; nobody who left."""
    deal = session.get(Deal, promise.deal_id) if promise.deal_id else None
    found = deal.owner_id if deal else session.get_one(Instance, promise.instance_id).owner_id
    owner = session.get(Person, found) if found else None
    return owner.id if owner is not None and owner.left_at is None else None


def _settle(session: Session, promise: Promise, task: UserTask, happened: Happened) -> None:
    """Its task is gone: done, or taken away by whatever happened to the case."""
    if promise.outcome is not None:
        return
    is_done = task.completed_by_id is not None or (happened.task is not None and happened.task.id == task.id)
    if is_done and promise.manner is None:
        promise.delivered_at, promise.delivered_by_id = happened.now, task.completed_by_id
        close(
            session,
            promise,
            by=happened.by,
            cause=happened.cause,
            now=happened.now,
            seq=happened.instance.seq,
        )
        return
    if is_done:
        outcome = "cancelled" if promise.manner == "revoked" else "waived"
    else:
        outcome = "cancelled"
        promise.manner = promise.manner or _taken_away(happened)
    end(
        session,
        promise,
        outcome,
        by=happened.by,
        cause=happened.cause,
        now=happened.now,
        seq=happened.instance.seq,
    )


def _taken_away(happened: Happened) -> str:
    """How a task can go without anybody having done it."""
    if happened.before is not None:
        return "migrated"
    if happened.instance.ended_at is not None and happened.instance.outcome == "stopped":
        return "stopped"
    return "moved" if happened.cause == "admin" else "overtaken"


# ------------------------------------------------------------------------------------------------ ends and moves


def close(
    session: Session,
    promise: Promise,
    *,
    by: Person | None,
    cause: str,
    now: datetime,
    seq: int,
    works: Calendar | None = None,
) -> None:
    """It was delivered and accepted: kept or broken, and how. ``works`` is its provider's calendar, where it is known."""
    delivered = promise.delivered_at or now
    if promise.version_id is not None:
        with session.no_autoflush:  # the promise is written once
            works = works or promising.calendar(session, promise)
        worked = works.between(promise.ready_at or promise.requested_at, delivered)
        promise.work_seconds = int(worked.total_seconds())
    is_late = promise.due_at is not None and promise.due_at < delivered
    if is_late:
        outcome, manner = "broken", "quality" if promise.rework else "late"
    elif _reworked_too_often(session, promise):
        outcome, manner = "broken", "quality"
    else:
        outcome, manner = "kept", "renegotiated" if promise.changes else "first"
    promise.manner = manner
    end(session, promise, outcome, by=by, cause=cause, now=now, seq=seq)


def end(
    session: Session,
    promise: Promise,
    outcome: str,
    *,
    by: Person | None,
    cause: str,
    now: datetime,
    seq: int,
) -> None:
    """It is over: one move off the ladder, where it still stood on it, and whoever waits to decide about it is told."""
    left = promise.state
    promise.outcome, promise.closed_at, promise.alarm_at, promise.turn = outcome, now, None, None
    promise.respond_by = promise.accept_by = promise.proposed_due_at = None
    promise.state = "accepted" if outcome in {"kept", "broken"} else left if left in OFF else "cancelled"
    kind = {"kept": "won", "broken": "lost"}.get(outcome, "rerouted")
    if left not in OFF:
        reason = promise.manner if kind == "lost" else None
        move(session, promise, kind, from_state=left, by=by, cause=cause, now=now, seq=seq, reason=reason)
    if promise.escalation_id is not None:
        _call_off(session, promise, now=now)
    health.follow(session, promise, by=by, now=now)


def _call_off(session: Session, promise: Promise, *, now: datetime) -> None:
    """Whoever is deciding about it need not any more: told after the commit, since it is another case."""
    case = session.get(Instance, promise.escalation_id)
    if case is not None and case.ended_at is None:
        key = f"promise.settled:{promise.id}:{case.id}"
        told = {"promise_id": promise.id, "business_key": case.business_key}
        outbox.put(session, "message", "promise.settled", key=key, inputs=told, now=now)


def _reworked_too_often(session: Session, promise: Promise) -> bool:
    if not promise.rework or promise.version_id is None:
        return False
    most = session.get_one(AgreementVersion, promise.version_id).terms.get("rework")
    return most is not None and promise.rework > most


def _first_moves(session: Session, promise: Promise, deal: Deal | None, happened: Happened) -> None:
    """It was asked, and perhaps promised at once: the row, then its moves."""
    shared: dict[str, Any] = {"by": happened.by, "cause": happened.cause, "now": happened.now, "deal": deal}
    shared["seq"] = happened.instance.seq
    moves = [_moved(promise, "new", to_state="requested", **shared)]
    if promise.state == "promised":
        moves.append(_moved(promise, "forward", from_state="requested", to_state="promised", **shared))
    session.add(promise)
    session.flush()
    for each in moves:
        each["item"] = f"promise:{promise.id}"
    _write(session, moves)


def move(
    session: Session,
    promise: Promise,
    kind: str,
    *,
    from_state: str | None,
    to_state: str | None = None,
    by: Person | None,
    cause: str,
    now: datetime,
    seq: int,
    reason: str | None = None,
    note: str | None = None,
    causing_id: int | None = None,
) -> None:
    """One change of its position, with the fact of the case that caused it."""
    deal = session.get(Deal, promise.deal_id) if promise.deal_id else None
    blamed = promise.provider_id if kind == "lost" else causing_id
    here: dict[str, Any] = {"from_state": from_state, "to_state": to_state, "reason": reason, "note": note}
    why: dict[str, Any] = {"by": by, "cause": cause, "now": now, "seq": seq, "causing_id": blamed}
    _write(session, [_moved(promise, kind, deal=deal, **here, **why)])


def _write(session: Session, moves: Sequence[dict[str, Any]]) -> None:
    """However many there are, one statement."""
    session.execute(insert(Base.metadata.tables["moves"]), moves)


def _moved(
    promise: Promise,
    kind: str,
    *,
    from_state: str | None = None,
    to_state: str | None = None,
    by: Person | None,
    cause: str,
    now: datetime,
    deal: Deal | None,
    seq: int,
    reason: str | None = None,
    note: str | None = None,
    causing_id: int | None = None,
) -> dict[str, Any]:
    since = promise.moved_at or promise.promised_at or promise.requested_at
    promise.move_count += 1
    promise.moved_at = now
    return {
        "item": f"promise:{promise.id}",
        "seq": promise.move_count,
        "ladder": LADDER,
        "ladder_version": LADDER_VERSION,
        "kind": kind,
        "at": now,
        "day": calendars.local_day(now),
        "recorded_at": now,
        "cause": cause,
        "from_stage": from_state,
        "to_stage": to_state,
        "from_rank": RANKS.get(from_state or ""),
        "to_rank": RANKS.get(to_state or ""),
        "dwell": int((now - since).total_seconds()) if from_state else None,
        "actor_id": by.id if by else None,
        "owner_id": deal.owner_id if deal else None,
        "department_id": promise.provider_id,
        "causing_department_id": causing_id,
        "instance_id": promise.instance_id,
        "task_id": promise.task_id,
        "event_seq": seq,
        "reason": reason,
        "note": note,
    }
