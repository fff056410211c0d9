"""The running cases of one process: narrowed by what they need, counted, and where each stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import request, url_for
from flask_babel import gettext, lazy_gettext, lazy_pgettext
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from engine import access
from engine.process import incidents, instances
from engine.process.incidents import Incident
from engine.process.instances import Instance
from engine.process.subscriptions import Subscription
from engine.process.tasks import UserTask
from webapp.access import me
from webapp.database import db
from webapp.languages import into_words

PAGE = 50

NAMES = {
    "": lazy_gettext("All"),
    "person": lazy_gettext("Need a person"),
    "resting": lazy_pgettext("cases", "Resting"),
    "suspended": lazy_pgettext("cases", "Let rest by hand"),
}
"""The filters of the list, as the address and the page call them."""


@dataclass(frozen=True, slots=True)
class Link:
    """A filter as it is offered, with how many cases it would show."""

    title: str
    href: str
    count: int
    current: bool


def of(process: str) -> dict[str, Any]:
    """One page of the running cases this person may open, as the template wants them."""
    chosen = wanted()
    mine = (
        instances.running().where(Instance.process == process, access.visible(me(), Instance)).order_by(None)
    )
    counts = _counts(mine)
    page = max(request.args.get("page", 1, type=int), 1)
    newest_first = mine.where(_filters()[chosen]).order_by(Instance.started_at.desc(), Instance.id.desc())
    rows = db.session.scalars(newest_first.limit(PAGE).offset((page - 1) * PAGE)).all()
    return {
        "cases": rows,
        "open_count": counts[""],
        "shown_count": counts[chosen],
        "chosen": chosen,
        "filters": _links(process, counts, chosen),
        "page": page,
        "page_size": PAGE,
        "where": _where([each.id for each in rows]),
    }


def wanted() -> str:
    """The filter in the address; one that is not known shows all."""
    name = request.args.get("cases", "")
    return name if name in NAMES else ""


def _filters() -> Mapping[str, ColumnElement[bool]]:
    stuck = incidents.still_open().where(Incident.instance_id == Instance.id).order_by(None).exists()
    by_hand = Instance.suspended_at.is_not(None)
    return {
        "": true(),
        "person": stuck,
        "resting": or_(by_hand, Instance.quarantined_at.is_not(None)),
        "suspended": and_(by_hand, Instance.quarantined_at.is_(None)),
    }


def _counts(mine: Select[Instance]) -> dict[str, int]:
    """How many cases each filter leaves, in one query."""
    numbers = [func.count().filter(clause).label(f"n_{name}") for name, clause in _filters().items()]
    return dict(zip(NAMES, db.session.execute(mine.with_only_columns(*numbers)).one(), strict=True))


def _links(process: str, counts: Mapping[str, int], chosen: str) -> list[Link]:
    """All, and the filters that would show something; none where none would."""
    offered = [name for name in NAMES if not name or counts[name] or name == chosen]
    if len(offered) == 1:
        return []
    return [
        Link(
            str(NAMES[name]),
            url_for("processes.process", process=process, cases=name or None, _anchor="cases"),
            counts[name],
            name == chosen,
        )
        for name in offered
    ]


def _where(ids: Sequence[int]) -> dict[int, list[str]]:
    """Where cases stand, in words: their open tasks, and the names of what they wait for."""
    found: dict[int, list[str]] = {}
    standing = select(UserTask).where(UserTask.instance_id.in_(ids), UserTask.closed_at.is_(None))
    for task in db.session.scalars(standing.order_by(UserTask.id)):
        found.setdefault(task.instance_id, []).append(into_words(task.text))
    waiting = select(Subscription).where(Subscription.instance_id.in_(ids)).order_by(Subscription.id)
    for each in db.session.scalars(waiting):
        if each.instance_id not in found:
            name = each.name or gettext("a moment in time")
            found[each.instance_id] = [gettext("waits for: %(what)s", what=name)]
    return found
