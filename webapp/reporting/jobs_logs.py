"""Event logs of what a report's filter covers, for tools of process mining: XES and OCEL 2.0.

Whole cases are told, those that moved in the report's days; each as its reader may see it.
"""

import gzip
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from tempfile import TemporaryFile
from typing import Any

from flask import request
from flask_babel import gettext, pgettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.people import Person
from engine.process import definitions
from engine.process.blueprint import Blueprint
from engine.process.definitions import Definition
from engine.process.instances import Instance
from engine.process.tasks import UserTask
from engine.sales.agreements import Agreement
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from engine.sales.records import Client, Contract
from reports import log_facts, ocel, xes
from reports.log_facts import Plain, Trace
from reports.ocel import Thing
from reports.periods import DAY, Period
from webapp.languages import current, into_words
from webapp.reporting.address import Asked
from webapp.reporting.files import File
from webapp.reporting.words import Names

FORMS = ("xes", "ocel")
PACKED_FROM = 1_000_000
"""Bytes from which an XES file is packed, as its tools read it."""
EVERY = 50
"""Cases after which it is told how far it is."""
Tell = Callable[[int, int], None]


def make(session: Session, ask: Asked, viewer: Person, form: str, tell: Tell) -> File:
    """The log as a file; ``tell`` hears how far it is."""
    scope = ask.scope(session, viewer)
    chosen = log_facts.items(scope, _days(ask))
    whole = log_facts.count(session, chosen)
    known = Known(session, ask, viewer)
    traces = log_facts.traces(session, scope, chosen, known)

    def heard(done: int) -> None:
        if done % EVERY == 0:
            tell(done, whole)

    shared: dict[str, Any] = {
        "person": known.names.person,
        "department": known.names.department,
        "tell": heard,
    }
    with TemporaryFile() as out:
        if form == "ocel":
            ocel.write(out, traces, things=known.things, **shared)
        else:
            title = gettext("%(process)s, log of Contentum", process=into_words(ask.ladder.title))
            xes.write(out, traces, title=title, label=known.label, **shared)
        out.seek(0)
        content = out.read()
    name = f"{ask.ladder.key}-{ask.today.isoformat()}"
    if form == "ocel":
        return File(f"{name}.jsonocel", "application/json", content)
    if len(content) < PACKED_FROM:
        return File(f"{name}.xes", "application/xml", content)
    return File(f"{name}.xes.gz", "application/gzip", gzip.compress(content, 6, mtime=0))


def _days(ask: Asked) -> Period | None:
    """The days that the filter names; without them the log is whole."""
    if not request.args.get("from") and not request.args.get("to"):
        return None
    return Period(ask.start or date(1990, 1, 1), (ask.end or ask.today) + DAY, "day")


class Known:
    """What the log does not know itself: names, when tasks were begun, what a case is about. One for one file."""

    def __init__(self, session: Session, ask: Asked, viewer: Person) -> None:
        self._session, self._ask, self._viewer = session, ask, viewer
        self.names = Names(session, ask.ladder)
        self._plan = cache(self._read_plan)
        self._about: dict[int, list[Thing]] = {}

    def activity(
        self, definition_id: int | None, diagram: str | None, element: str
    ) -> tuple[str, str] | None:
        """The kind and the name of an activity; None for what is none."""
        plan = self._plan(definition_id)
        found = _found(plan, diagram, element) if plan else None
        if found is None or not found.kind.endswith("Task"):
            return None
        return found.kind, into_words(found.name) or element

    def position(self, kind: str, stage: str | None) -> str:
        """What a move is called."""
        name = self.names.stage(stage) if stage else ""
        if not name or kind in ENDS:
            return _ended(kind)
        if kind == "suspended":
            return str(gettext("Put aside at: %(name)s", name=name))
        if kind == "resumed":
            return str(gettext("Taken up again at: %(name)s", name=name))
        return str(gettext("Stage: %(name)s", name=name))

    def begun(self, instance_ids: Sequence[int]) -> Mapping[int, datetime]:
        """When tasks of these cases were begun; on the way, what the cases are about is read together."""
        self._about = _about(self._session, self._viewer, instance_ids)
        tasks = select(UserTask.id, UserTask.started_at).where(UserTask.instance_id.in_(instance_ids))
        rows = self._session.execute(tasks.where(UserTask.started_at.is_not(None)))
        return {row.id: row.started_at for row in rows}

    def label(self, trace: Trace) -> Mapping[str, Plain]:
        """The attributes of a case in XES."""
        case, *about = self.things(trace)
        said: dict[str, Plain] = {"concept:name": case.name, "contentum:item": trace.item}
        return said | {f"contentum:{each.type}": each.name for each in about}

    def things(self, trace: Trace) -> Sequence[Thing]:
        """A case, then its client, contracts and agreements, as far as the reader may see them."""
        if trace.instance_id is not None and trace.instance_id not in self._about:
            self._about |= _about(self._session, self._viewer, [trace.instance_id])
        kind, _, number = trace.item.partition(":")
        of_case = self._about.get(trace.instance_id or 0, ())
        if of_case and kind == of_case[0].type:
            return of_case
        return [Thing(kind or "case", number or trace.item, trace.item), *of_case]

    def _read_plan(self, definition_id: int | None) -> Blueprint | None:
        definition = self._session.get(Definition, definition_id) if definition_id else None
        return definitions.blueprint(self._session, definition) if definition else None


ENDS = ("won", "lost", "rerouted")


def _ended(kind: str) -> str:
    words: dict[str, str] = {
        "won": gettext("Stage: %(name)s", name=pgettext("report", "Won")),
        "lost": gettext("Stage: %(name)s", name=pgettext("report", "Lost")),
        "rerouted": gettext("To another process"),
        "suspended": gettext("Put aside"),
        "resumed": gettext("Taken up again"),
    }
    return words.get(kind, kind)


def _found(plan: Blueprint, diagram: str | None, element: str) -> Any:
    if diagram is not None:
        return plan.element(diagram, element)
    found = (plan.element(each, element) for each in plan.diagrams)
    return next((each for each in found if each is not None), None)


def _about(session: Session, viewer: Person, ids: Sequence[int]) -> dict[int, list[Thing]]:
    """What cases are called and what they are about."""
    names = select(Instance.id, Instance.title, Instance.business_key).where(Instance.id.in_(ids))
    found = {
        row.id: [Thing("case", str(row.id), row.business_key or row.title or str(row.id))]
        for row in session.execute(names)
    }
    deals = select(Deal).where(Deal.instance_id.in_(ids), access.visible(viewer, Deal))
    cases = {deal.id: deal for deal in session.scalars(deals)}
    for deal in cases.values():
        amount: dict[str, Plain] = {} if deal.amount is None else {"amount": float(deal.amount)}
        found[deal.instance_id] = [Thing("deal", str(deal.id), deal.number, amount)]
    _clients(session, viewer, cases.values(), found)
    for contract in _read(session, viewer, Contract, Contract.deal_id, cases):
        found[cases[contract.deal_id].instance_id].append(
            Thing("contract", str(contract.id), contract.number)
        )
    _agreements(session, viewer, found, ids)
    return found


def _clients(session: Session, viewer: Person, deals: Iterable[Deal], found: dict[int, list[Thing]]) -> None:
    wanted = {deal.client_id for deal in deals}
    clients = {each.id: each for each in _read(session, viewer, Client, Client.id, wanted - {None})}
    for deal in deals:
        client = clients.get(deal.client_id or 0)
        if client is not None:
            found[deal.instance_id].append(Thing("client", str(client.id), client.name))


def _agreements(session: Session, viewer: Person, found: dict[int, list[Thing]], ids: Sequence[int]) -> None:
    """The agreements under which promises of these cases were given."""
    given = (
        select(Promise.instance_id, Agreement)
        .join(Agreement, Agreement.id == Promise.agreement_id)
        .where(
            Promise.instance_id.in_(ids), access.visible(viewer, Promise), access.visible(viewer, Agreement)
        )
        .order_by(Promise.id)
    )
    for instance_id, agreement in session.execute(given).unique():
        name = (agreement.title_en if current() == "en" else "") or agreement.title
        thing = Thing("agreement", str(agreement.id), agreement.code or name)
        if thing.key not in {each.key for each in found[instance_id]}:
            found[instance_id].append(thing)


def _read(session: Session, viewer: Person, model: Any, column: Any, wanted: Iterable[Any]) -> Sequence[Any]:
    ids = sorted(wanted)
    if not ids:
        return []
    return session.scalars(select(model).where(column.in_(ids), access.visible(viewer, model))).all()
