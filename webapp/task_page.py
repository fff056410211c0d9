"""Everything that stands around one task: its deal, what was promised, where the process is, what happened last."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from engine import access, calendars
from engine.history import Event
from engine.people import Membership, Person
from engine.people import Role as PersonRole
from engine.process import definitions, forms
from engine.process.blueprint import Element
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import Draft, UserTask
from engine.sales import commitments, summons
from engine.sales.agreements import Agreement
from engine.sales.commitments import Commitment
from engine.sales.deals import PLAIN, Deal
from engine.sales.known import KINDS
from engine.sales.promises import Promise
from webapp import asking, form_files, promise_panel
from webapp.access import me
from webapp.clock import now
from webapp.database import db
from webapp.languages import current

TOLD = ("started", "completed", "claimed", "handed_over", "released")


def around(task: UserTask, form: forms.Form | None) -> dict[str, Any]:
    """What the template of an opened task needs beside its list."""
    session = db.session()
    plan = definitions.blueprint(session, session.get_one(Definition, task.definition_id))
    draft = session.get(Draft, (task.id, me().id)) if task.closed_at is None else None
    deal = session.scalar(
        select(Deal).where(Deal.instance_id == task.instance_id, access.visible(me(), Deal))
    )
    promise = session.scalar(select(Promise).where(Promise.task_id == task.id))
    panel = promise_panel.of(promise, most=promise_panel.LATELY) if promise is not None else None
    return {
        "instance": session.get_one(Instance, task.instance_id),
        "plan": plan,
        "element": plan.element(task.diagram, task.element) or Element(task.element, "userTask"),
        "form": form,
        "answers": _answers(task, form),
        "values": {**_known(form, deal), **_delivered(promise), **(draft.values if draft else {})},
        "draft": draft,
        "deal": deal,
        "stage": plan.stage(deal.stage) if deal and deal.stage else None,
        "owner": session.get(Person, deal.owner_id) if deal and deal.owner_id else None,
        "holder": session.get(Person, task.completed_by_id or task.assignee_id or 0),
        "promise": promise,
        "panel": panel,
        "deciding": _decides_about(session.get_one(Instance, task.instance_id)),
        "commitments": _commitments(deal),
        "agreement": _agreement(task),
        "colleagues": _colleagues(task),
        "last": _last(task.instance_id),
        "marks": _marks(task),
        "key": uuid4().hex,
        "is_mine": task.closed_at is None and task.is_for(me()),
        "is_to_fill": promise_panel.is_for(panel, task),
    }


def _decides_about(instance: Instance) -> int | None:
    """The promise about which a manager decides in this case."""
    kind, _, id_ = (instance.business_key or "").partition(":")
    return int(id_) if kind == "promise" and id_.isdigit() else None


def _known(form: forms.Form | None, deal: Deal | None) -> dict[str, Any]:
    """What the deal says already, for the fields that are bound to it: nobody types twice."""
    if form is None or deal is None:
        return {}
    found = {}
    for key, place in form.binds.items():
        record, _, name = place.partition(".")
        if record in {"deal", "order"} and form.field(key) is not None:
            found[key] = getattr(deal, PLAIN[name]) if name in PLAIN else deal.details.get(name)
    return asking.flat({key: _typed(value) for key, value in found.items() if value is not None})


def _delivered(promise: Promise | None) -> dict[str, Any]:
    """What was delivered and came back: it is corrected, not typed again."""
    if promise is None or promise.delivery is None or promise.state == "delivered":
        return {}
    return asking.flat({key: value for key, value in promise.delivery.items() if value is not None})


def _typed(value: Any) -> Any:
    """An amount as a person types it, grouped by spaces, which both languages read: 1 240 000 or 31.5."""
    if not isinstance(value, Decimal):
        return value
    return f"{value.normalize():,f}".replace(",", "\N{NO-BREAK SPACE}")


def _answers(task: UserTask, form: forms.Form | None) -> Sequence[tuple[str, str]]:
    """What was answered in a completed task, read out."""
    if task.closed_at is None or form is None:
        return ()
    event = db.session.scalar(
        select(Event).where(
            Event.instance_id == task.instance_id, Event.kind == "completed", Event.task_id == task.id
        )
    )
    answers = (event.data or {}).get("answers", {}) if event else {}
    return forms.display(form, answers, current(), names=_called)


def _called(kind: str, id_: int) -> str | None:
    if kind == "file":
        return form_files.named(kind, id_)
    row = db.session.get(KINDS[kind], id_) if kind in KINDS else None
    return getattr(row, "name", None)


def _commitments(deal: Deal | None) -> Sequence[Commitment]:
    """The next things agreed with the client that are still open."""
    if deal is None:
        return ()
    open_ones = select(Commitment).where(
        Commitment.deal_id == deal.id, Commitment.state.in_(commitments.OPEN)
    )
    return db.session.scalars(open_ones.order_by(Commitment.due_on, Commitment.id).limit(3)).all()


def _agreement(task: UserTask) -> Agreement | None:
    """What the case asks about, where it asks about an agreement that this person may see."""
    found = summons.about(db.session(), db.session.get_one(Instance, task.instance_id))
    if found is None:
        return None
    seen = access.visible(me(), Agreement, calendars.local_day(now()))
    return db.session.scalar(select(Agreement).where(Agreement.id == found.id, seen))


def _colleagues(task: UserTask) -> Sequence[Person]:
    """Who else could take this task."""
    kind, _, key = (task.audience or "").partition(":")
    if task.closed_at is not None:
        return ()
    others = (
        select(Person).where(Person.left_at.is_(None), Person.id != me().id).order_by(Person.name, Person.id)
    )
    if kind == "role":
        others = others.join(PersonRole).where(PersonRole.name == key)
    elif kind in {"department", "head"}:
        others = others.join(Membership).where(Membership.department.has(key=key))
        if kind == "head":
            others = others.where(Membership.is_head)
    return db.session.scalars(others).all()


def _last(instance_id: int) -> Sequence[tuple[Event, str | None]]:
    """The last things people did in this case."""
    query = (
        select(Event, Person.name)
        .outerjoin(Person, Person.id == Event.actor_id)
        .where(Event.instance_id == instance_id, Event.kind.in_(TOLD))
        .order_by(Event.seq.desc())
        .limit(4)
    )
    return [(event, name) for event, name in db.session.execute(query)]


def _marks(task: UserTask) -> dict[str, list[str]]:
    """The path taken so far and where the tokens stand, for the drawing."""
    passed = (
        select(Event.element)
        .where(
            Event.instance_id == task.instance_id,
            Event.diagram == task.diagram,
            Event.kind.in_(("passed", "completed", "started")),
        )
        .distinct()
    )
    waiting = select(UserTask.element).where(
        UserTask.instance_id == task.instance_id,
        UserTask.diagram == task.diagram,
        UserTask.closed_at.is_(None),
    )
    here = [task.element] if task.closed_at is None else list(db.session.scalars(waiting))
    done = [element for element in db.session.scalars(passed) if element and element not in here]
    return {"done": done, "now": here}
