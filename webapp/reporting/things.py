"""What moved, as a list shows it: its name, a second line, and its own page."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.process.instances import Instance
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.promises import Promise
from webapp.languages import current


class Thing(NamedTuple):
    """An item of a ladder. ``endpoint`` with ``values`` is its page."""

    title: str
    second: str
    endpoint: str
    values: dict[str, int]

    @property
    def words(self) -> str:
        """Both lines as one: “S/0012 Hurtownia”."""
        return f"{self.second} {self.title}".strip()


def things(session: Session, items: Iterable[str]) -> dict[str, Thing]:
    """What these item keys stand for, each kind read once."""
    by_kind: dict[str, list[int]] = {}
    for item in set(items):
        kind, _, number = item.partition(":")
        if number.isdecimal():
            by_kind.setdefault(kind, []).append(int(number))
    found: dict[str, Thing] = {}
    for kind, ids in by_kind.items():
        if kind in KINDS:
            model, told = KINDS[kind]
            rows = session.scalars(select(model).where(model.id.in_(ids)))
            found |= {f"{kind}:{row.id}": told(row) for row in rows}
    return found


def _deal(deal: Deal) -> Thing:
    return Thing(deal.title or deal.number, deal.number, "deals.deal", {"deal_id": deal.id})


def _commitment(row: Commitment) -> Thing:
    text = row.text if len(row.text) <= 90 else row.text[:89].rstrip() + "…"
    return Thing(text, row.agreed_with or "", "deals.commitment", {"commitment_id": row.id})


def _promise(promise: Promise) -> Thing:
    title = (promise.title_en if current() == "en" else promise.title) or promise.title or promise.code
    return Thing(title, promise.code, "promises.promise", {"promise_id": promise.id})


def _case(case: Instance) -> Thing:
    return Thing(case.title or f"#{case.id}", case.business_key or "", "cases.case", {"instance_id": case.id})


KINDS: dict[str, tuple[Any, Any]] = {
    "deal": (Deal, _deal),
    "commitment": (Commitment, _commitment),
    "promise": (Promise, _promise),
    "case": (Instance, _case),
}
