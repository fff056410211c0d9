"""What forms and messages bring to a deal: a started process becomes one, later answers go where they are bound."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Numeric, func, select
from sqlalchemy.orm import Session

from engine import calendars, files
from engine.people import Person
from engine.process import tasks
from engine.process.advancing import Answered
from engine.process.instances import Instance
from engine.sales import deals
from engine.sales.bindings import bound
from engine.sales.deals import CLIENT, PLAIN, Deal, amount_of, plain
from engine.sales.records import Client, Contract

CHANGES = {"amount.changed": ("amount",), "owner.changed": ("owner",), "deal.suspend": ("suspended_until",)}
"""Messages that carry a new value of the deal."""

TOLD = {"amount": "amount_changed", "expected_close": "date_changed"}
"""Columns whose change is a fact of its own, never mixed with position."""


NAMING = frozenset({"title", "client", "client_id"})
"""Values after which a deal is called otherwise."""


def answered(session: Session, what: Answered) -> None:
    """The listener: a started funnel or flow becomes a deal; later answers go where their fields are bound."""
    if what.blueprint.kind not in deals.KINDS:
        return
    values = bound(what, "deal") | bound(what, "order")
    if what.start is not None:
        if what.form is None:
            values = {**values, **what.answers}  # what an order brings without a form: items, address, mail …
        _open(session, what, values)
        return
    if what.message in CHANGES:
        values = {key: what.answers[key] for key in CHANGES[what.message] if key in what.answers}
    contract = bound(what, "contract")
    if not (values or contract or bound(what, "client")):
        return
    deal = deals.of(session, what.instance.id)
    if deal is None:
        return
    values |= _client(session, what)
    _apply(session, deal, values, by=what.by, now=what.now)
    _contract(session, deal, contract)
    if NAMING & values.keys():
        _name(session, deal, what.instance)


def _open(session: Session, what: Answered, values: Mapping[str, Any]) -> None:
    instance = what.instance
    deal = Deal(
        instance_id=instance.id,
        process=instance.process,
        ladder=instance.process,
        number=uuid4().hex[:20],  # until its id is known
        title="",
        owner_id=instance.owner_id,
        opened_at=what.now,
        details={},
    )
    session.add(deal)
    _apply(session, deal, {**values, **_client(session, what)}, by=what.by, now=None)
    owner = session.get(Person, deal.owner_id) if deal.owner_id else None
    deal.department_id = owner.department_ids[0] if owner and owner.department_ids else None
    session.flush()
    letter = "S" if what.blueprint.kind == "funnel" else "Z"
    deal.number = f"{letter}-{calendars.local_day(what.now).year}-{deal.id:04d}"
    instance.owner_id = deal.owner_id
    instance.business_key = deal.number
    _contract(session, deal, bound(what, "contract"))
    _name(session, deal, instance)


def _number(session: Session, column: Any, letter: str, now: datetime) -> str:
    """The next number of the local year: S-2026-0001."""
    prefix = f"{letter}-{calendars.local_day(now).year}-"
    newest = session.scalar(
        select(column)
        .where(column.startswith(prefix))
        .order_by(func.length(column).desc(), column.desc())
        .limit(1)
    )
    return f"{prefix}{int(newest.removeprefix(prefix)) + 1 if newest else 1:04d}"


def _apply(
    session: Session, deal: Deal, values: Mapping[str, Any], *, by: Person | None, now: datetime | None
) -> None:
    """Set what came; tell history of what is told on its own, except at the beginning (``now`` is None)."""
    for name, raw in values.items():
        column = PLAIN.get(name)
        if column is None:
            deal.details = {**deal.details, name: raw}
            continue
        value = _value(session, column, raw)
        before = getattr(deal, column)
        if value is None and column in {"currency", "title"}:
            continue
        setattr(deal, column, value)
        if now is not None and column == "owner_id" and value is not None and value != before:
            deal.owner_id = before
            deals.pass_on(session, deal, session.get_one(Person, value), by=by, now=now)
        elif now is not None and column in TOLD and value != before:
            what = {"from": plain(before), "to": plain(value), "currency": deal.currency}
            deals.record(session, deal, TOLD[column], by=by, now=now, data=what)


def _value(session: Session, column: str, raw: Any) -> Any:
    """The value as its column keeps it; nothing for an empty answer."""
    if raw is None or raw == "":
        return None
    kind = Deal.__table__.c[column].type
    if isinstance(kind, Numeric):
        return amount_of(raw)
    if kind.python_type is date:
        return raw if isinstance(raw, date) else date.fromisoformat(str(raw)[:10])
    if column == "owner_id" and isinstance(raw, str) and "@" in raw:
        return session.scalar(select(Person.id).where(Person.email == raw))
    return int(raw) if kind.python_type is int else str(raw)[: getattr(kind, "length", None) or 200]


def _client(session: Session, what: Answered) -> dict[str, Any]:
    """The client that answers bound to ``client.*`` speak of, found by tax id, else by name, else made."""
    known = {key: value for key, value in bound(what, "client").items() if key in CLIENT}
    if not known.get("tax_id") and not known.get("name"):
        return {}
    found = None
    if known.get("tax_id"):
        found = session.scalar(select(Client).where(Client.tax_id == str(known["tax_id"])))
    elif known.get("name"):
        found = session.scalar(select(Client).where(Client.name == str(known["name"])).limit(1))
    if found is None:
        by = what.by.id if what.by else None
        found = Client(name=known.get("name") or known["tax_id"], created_at=what.now, created_by_id=by)
        found.owner_id = what.instance.owner_id
        session.add(found)
    for key, value in known.items():
        setattr(found, key, getattr(found, key) or value)
    session.flush()
    return {"client_id": found.id}


def _contract(session: Session, deal: Deal, values: Mapping[str, Any]) -> None:
    """Answers bound to ``contract.*`` fill the deal's contract, which the first of them makes."""
    known = {key: value for key, value in values.items() if key in CONTRACT and value not in (None, "")}
    if not known:
        return
    contract = session.scalar(
        select(Contract)
        .where(Contract.deal_id == deal.id, Contract.status != "ended")
        .order_by(Contract.id.desc())
    )
    if contract is None:
        contract = Contract(
            number=_number(session, Contract.number, "U", deal.moved_at or deal.opened_at),
            deal_id=deal.id,
            client_id=deal.client_id,
            title=deal.title or deal.number,
            amount=deal.amount,
            currency=deal.currency,
            owner_id=deal.owner_id,
            department_id=deal.department_id,
        )
        session.add(contract)
    for key, value in known.items():
        setattr(contract, key, CONTRACT[key](value))
    if contract.signed_on and contract.status in {"draft", "sent"}:
        contract.status = "signed"


def _day(raw: Any) -> date:
    return raw if isinstance(raw, date) else date.fromisoformat(str(raw)[:10])


CONTRACT: dict[str, Callable[[Any], Any]] = {
    "title": str,
    "template": str,
    "amount": amount_of,
    "currency": str,
    "signed_on": _day,
    "valid_from": _day,
    "valid_to": _day,
    "status": str,
    "file": lambda raw: files.name_in(str(raw)),
}


def _name(session: Session, deal: Deal, instance: Instance) -> None:
    """What lists call it: the client and what is sold; tasks that are open already follow."""
    client = session.get(Client, deal.client_id) if deal.client_id else None
    if not deal.title:
        deal.title = client.name if client else deal.number
    parts = [client.name if client else "", deal.title]
    title = " · ".join(dict.fromkeys(part for part in parts if part))[:250]
    if title != instance.title:
        instance.title = title
        for task in tasks.open_of(session, instance.id):
            task.about = title
