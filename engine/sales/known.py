"""Which records a form may refer to: asked by the form check before an answer is believed."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales.commitments import Commitment
from engine.sales.deals import Deal
from engine.sales.records import Client, Contact, Contract, Lead, Product

KINDS = {
    "client": Client,
    "contact": Contact,
    "contract": Contract,
    "lead": Lead,
    "deal": Deal,
    "commitment": Commitment,
    "product": Product,
    "department": Department,
    "person": Person,
}


class Records:
    """`engine.ports.Known` over our own tables. A person who left is not known any more."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def exists(self, kind: str, id_: int) -> bool:
        """Whether there is a record of this kind with this id; an unknown kind has none."""
        model = KINDS.get(kind)
        if model is None:
            return False
        query = select(model.__table__.c["id"]).where(model.__table__.c["id"] == id_)
        if model is Person:
            query = query.where(Person.left_at.is_(None))
        return self._session.scalar(query) is not None
