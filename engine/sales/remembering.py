"""What diagrams and the clock do with commitments: forms that record or settle one, deals that end, days that come."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, cast, literal, select
from sqlalchemy.orm import Session

from engine import calendars, files, notices
from engine.errors import Refusal
from engine.process import incidents, instances
from engine.process.advancing import Answered, Happened
from engine.process.instances import Command, Instance, Resting
from engine.process.subscriptions import Subscription
from engine.sales import commitments, deals
from engine.sales.bindings import bound
from engine.sales.commitments import OPEN, Commitment
from engine.sales.deals import Deal


def answered(session: Session, what: Answered) -> None:
    """The listener: forms that bind ``commitment.*`` record one; ``commitment.outcome`` settles the task's own."""
    values = bound(what, "commitment")
    deal = deals.of(session, what.instance.id) if values else None
    if deal is None:
        return
    outcome = values.pop("outcome", None)
    if outcome:
        _settle_asked(session, deal, str(outcome), values, what)
    elif values.get("text"):
        due = values.get("due_on") or values.get("due")
        commitments.record(
            session,
            deal,
            direction=str(values.get("direction") or "we_to_client"),
            text=str(values["text"]),
            due_on=date.fromisoformat(str(due)[:10]) if due else None,
            topic=values.get("topic"),
            agreed_with=values.get("agreed_with"),
            evidence=values.get("evidence"),
            file=files.find(session, values.get("file")),
            state=str(values.get("state") or "agreed"),
            by=what.by,
            now=what.now,
        )


def follow(session: Session, happened: Happened) -> None:
    """The projection: with a deal that was lost in this command, what was still open with the client is over."""
    if (
        not any(entered.element.outcome for entered in happened.entered)
        and happened.instance.ended_at is None
    ):
        return
    deal = deals.of(session, happened.instance.id)
    if deal is not None and deal.status == "lost" and deal.closed_at == happened.now:
        commitments.forget(session, deal, now=happened.now)


def ask_due(session: Session, *, now: datetime) -> int:
    """Tell the processes of open deals that the day of a commitment has come (``commitment.due``), once for each.

    A case that rests is told when it is awake again.
    """
    asked = select(Command.key).where(Command.key == literal("commitment.due:") + cast(Commitment.id, String))
    due = (
        select(Commitment)
        .join(Deal, Deal.id == Commitment.deal_id)
        .join(Instance, Instance.id == Commitment.instance_id)
        .where(
            Commitment.state.in_(OPEN), Commitment.due_on <= calendars.local_day(now), Deal.status == "open"
        )
        .where(Instance.suspended_at.is_(None), Instance.quarantined_at.is_(None))
        .where(~asked.exists(), waits_for("commitment.due", Commitment.instance_id))
        .order_by(Commitment.id)
        .limit(100)
    )
    found = session.scalars(due).all()
    for commitment in found:
        instance = session.get_one(Instance, commitment.instance_id)
        told = {"commitment_id": commitment.id}
        key = f"commitment.due:{commitment.id}"
        try:
            with session.begin_nested():
                instances.send(session, instance, "commitment.due", told, by=None, now=now, key=key)
        except Resting:
            continue  # it is asked once the case goes on
        except Refusal as refusal:  # one case that cannot go on must not silence the others
            session.add(Command(key=key, instance_id=instance.id, at=now))
            incidents.open_(session, instance, code="COMMITMENT_DUE", message=str(refusal), now=now)
    return len(found)


def tell_due(session: Session, *, now: datetime) -> int:
    """Tell owners of open deals, once, what is due with the client today. Returns how many were told."""
    today = calendars.local_day(now)
    told = select(Command.key).where(Command.key == literal("commitment.told:") + cast(Commitment.id, String))
    due = (
        select(Commitment, Deal)
        .join(Deal, Deal.id == Commitment.deal_id)
        .where(
            Commitment.state.in_(OPEN), Commitment.due_on == today, Deal.owner_id.is_not(None), ~told.exists()
        )
        .order_by(Commitment.id)
        .limit(100)
    )
    found = session.execute(due).all()
    for commitment, deal in found:
        key = f"commitment.told:{commitment.id}"
        session.add(Command(key=key, instance_id=commitment.instance_id, at=now))
        said = {"title": commitment.text[:200], "title_en": commitment.text[:200], "about": deal.title}
        said["due_on"] = today.isoformat()
        whom = [deal.owner_id] if deal.owner_id is not None else []
        notices.tell(session, whom, "commitment_due", f"commitment:{commitment.id}", said, now=now)
    return len(found)


def waits_for(message: str, instance_id: Any) -> Any:
    """The clause: this instance waits for the message now."""
    return (
        select(Subscription.id)
        .where(Subscription.instance_id == instance_id, Subscription.name == message)
        .exists()
    )


def _settle_asked(
    session: Session, deal: Deal, outcome: str, values: Mapping[str, Any], what: Answered
) -> None:
    """A task asked “Was it kept?”: it names the commitment in its data, else the first one due is meant."""
    asked = (what.task.data or {}).get("commitment_id") if what.task else None
    query = select(Commitment).where(Commitment.deal_id == deal.id, Commitment.state.in_(OPEN))
    if asked:
        query = query.where(Commitment.id == int(asked))
    found = session.scalar(query.order_by(Commitment.due_on, Commitment.id).limit(1))
    if found is None:
        return
    if outcome == "kept":
        said, file = values.get("evidence"), files.find(session, values.get("file"))
        commitments.keep(session, found, evidence=said, file=file, asked=True, by=what.by, now=what.now)
    elif outcome == "broken":
        why = str(what.answers.get("reason") or outcome)
        cause = int(values["caused_by"]) if values.get("caused_by") else commitments.WHOEVER
        commitments.break_(session, found, why, caused_by_id=cause, asked=True, by=what.by, now=what.now)
