"""Offers, quotes, invoices and contract drafts as PDF, kept in the product's own table.

Paper is slow to make (some 0.1 s), so ``prints_later`` keeps the page and prints it when somebody asks; the same
happens by itself on a machine without the libraries that WeasyPrint needs.
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, String, select
from sqlalchemy.orm import Mapped, mapped_column

from connectors import inputs, paper
from engine import calendars
from engine.db import Base, BigId
from engine.ports import Call
from engine.sales.deals import Deal
from engine.sales.records import Client

KINDS = ("offer", "quote", "invoice", "contract")
PDF = b"%PDF-"


class Document(Base):
    """A document as it was made, never changed. ``kind`` is in `KINDS`; ``content`` is PDF, or the page to print."""

    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_deal_id", "deal_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    deal_id: Mapped[int | None] = mapped_column(ForeignKey("deals.id"))
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]

    @property
    def is_printed(self) -> bool:
        """Whether ``content`` is PDF already."""
        return self.content.startswith(PDF)


def of_deal(deal_id: int) -> Select[Document]:
    """The documents of a deal, the latest first."""
    return select(Document).where(Document.deal_id == deal_id).order_by(Document.id.desc())


def printed(document: Document) -> tuple[bytes, str]:
    """The document to give out and its media type: PDF, or the page itself where nothing here can print."""
    if document.is_printed:
        return document.content, "application/pdf"
    try:
        return paper.print_(document.content.decode()), "application/pdf"
    except paper.NoPrinter:
        return document.content, "text/html"


class Documents:
    """*offer, quote, invoice, contract*: see ``connectors/README.md``."""

    name = "document"

    def __init__(self, *, prints_later: bool = False) -> None:
        """``prints_later`` keeps pages instead of PDF: they are printed when they are downloaded."""
        self._prints_later = prints_later

    def run(self, call: Call) -> dict[str, Any]:
        """Make one document. Returns its ``document_id`` and ``document_name``."""
        if call.operation not in KINDS:
            raise inputs.unknown(call)
        made = call.session.scalar(select(Document).where(Document.key == call.key))
        if made is None:
            made = self._make(call)
            call.session.add(made)
            call.session.flush()
        return {"document_id": made.id, "document_name": made.name}

    def _make(self, call: Call) -> Document:
        deal = _deal(call)
        deal_id, facts = deal.id if deal else None, _facts(call, deal)
        call.session.rollback()  # printing takes its time; the database is not kept waiting
        content = self._content(paper.page(call.operation or "", facts))
        return Document(
            key=call.key,
            instance_id=call.instance_id,
            deal_id=deal_id,
            kind=call.operation or "",
            name=f"{call.operation}-{_file_name(facts['number'])}.pdf",
            content=content,
            sha256=hashlib.sha256(content).hexdigest(),
            created_at=call.now,
        )

    def _content(self, page: str) -> bytes:
        try:
            return page.encode() if self._prints_later else paper.print_(page)
        except paper.NoPrinter:
            return page.encode()


def _deal(call: Call) -> Deal | None:
    given = call.inputs.get("deal_id")
    if isinstance(given, int):
        return call.session.get(Deal, given)
    return call.session.scalar(select(Deal).where(Deal.instance_id == call.instance_id))


def _facts(call: Call, deal: Deal | None) -> dict[str, Any]:
    """What the template may show, checked: what the diagram gives comes before what the deal says."""
    given = call.inputs
    known: dict[str, Any] = {}
    client = None
    if deal is not None:
        client = call.session.get(Client, deal.client_id) if deal.client_id else None
        known = {"number": deal.number, "title": deal.title, "currency": deal.currency, "amount": deal.amount}
        known |= {"client": client.name if client else None, "tax_id": client.tax_id if client else None}
        known["city"] = client.city if client else None
    both = known | {name: value for name, value in given.items() if _tells(value)}
    locale = inputs.text(both, "locale", otherwise="pl", longest=5)
    lines = [_line(each) for each in inputs.many(given, "lines")]
    total = sum((line["net"] for line in lines), Decimal())
    return {
        "locale": locale if locale in {"pl", "en"} else "pl",
        "number": inputs.text(both, "number", longest=60),
        "title": inputs.text(both, "title", otherwise="", longest=250),
        "client": inputs.text(both, "client", longest=250),
        "tax_id": inputs.text(both, "tax_id", otherwise="", longest=40),
        "city": inputs.text(both, "city", otherwise="", longest=250),
        "lines": lines,
        "amount": inputs.number(both, "amount", otherwise=total if lines else None),
        "currency": inputs.text(both, "currency", otherwise="PLN", longest=3),
        "date": calendars.local_day(call.now),
        "valid_until": _day(both, "valid_until"),
        "delivery": inputs.text(both, "delivery", otherwise="", longest=500),
        "payment": inputs.text(both, "payment", otherwise="", longest=500),
        "author": inputs.text(both, "author", otherwise="", longest=250),
        "text": inputs.text(both, "text", otherwise=""),
    }


def _tells(value: Any) -> bool:
    return not isinstance(value, list | dict) and value is not None and value != ""


def _line(given: Any) -> dict[str, Any]:
    quantity, price = inputs.number(given, "quantity"), inputs.number(given, "price")
    return {
        "name": inputs.text(given, "name", longest=250),
        "sku": inputs.text(given, "sku", otherwise="", longest=40),
        "unit": inputs.text(given, "unit", otherwise="szt.", longest=20),
        "quantity": quantity,
        "price": price,
        "net": inputs.number(given, "net", otherwise=quantity * price),
    }


def _day(given: dict[str, Any], name: str) -> date | None:
    value = inputs.text(given, name, otherwise="", longest=40)
    try:
        return date.fromisoformat(value[:10]) if value else None
    except ValueError as error:
        raise inputs.wrong(name, "is not a date") from error


def _file_name(number: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in number)
