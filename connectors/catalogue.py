"""Products, prices, stock and parcels in the product's own tables, so that a fast sale flows before an ERP is wired.

Everything happens in the transaction that also stores the answer: it acts exactly once.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from connectors import inputs
from engine import history
from engine.db import Base, BigId
from engine.ports import Call, Failed
from engine.process.instances import Instance
from engine.sales.deals import Deal
from engine.sales.records import Client, Product

CENT = Decimal("0.01")
SAME_ORDER = timedelta(hours=24)
"""Two open orders of a client for the same goods within this time are one order sent twice."""

HEAVIEST = Decimal("31.5")
"""Kilograms the carrier takes in one parcel."""


class Reservation(Base):
    """So much of a product is promised to a case until it is released or leaves the house. Times are UTC."""

    __tablename__ = "reservations"
    __table_args__ = (Index("ix_reservations_instance_id", "instance_id", "closed_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    reserved_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class Parcel(Base):
    """One shipment that a carrier took over under ``number``."""

    __tablename__ = "parcels"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    address: Mapped[str] = mapped_column(String(500))
    pieces: Mapped[int]
    booked_at: Mapped[datetime]


class Catalogue:
    """*enrich, check, price, reserve, release, book_carrier*: see ``connectors/README.md``."""

    name = "catalogue"

    def run(self, call: Call) -> dict[str, Any]:
        """Do it. Fails for good with DATA_MISSING, NO_STOCK or CARRIER_FAILED, which a diagram may catch."""
        operations = {
            "enrich": _enrich,
            "check": _check,
            "price": _price,
            "reserve": _reserve,
            "release": _release,
            "book_carrier": _book_carrier,
        }
        if call.operation not in operations:
            raise inputs.unknown(call)
        return operations[call.operation](call)


def _enrich(call: Call) -> dict[str, Any]:
    """Who orders, whether we know everything needed, and whether the same order is already on its way."""
    client = _client(call)
    items = _items(call)
    products = _products(call.session, items)
    return {
        "client_id": client.id,
        "client_class": client.class_ or "c",
        "items_count": sum(items.values()),
        "list_amount": float(
            sum((products[sku].list_price * count for sku, count in items.items()), Decimal())
        ),
        "duplicate_of": _duplicate(call, client, items),
    }


def _check(call: Call) -> dict[str, Any]:
    """Whether everything ordered lies free in the warehouse."""
    items = _items(call)
    _must_be_free(_products(call.session, items), items)
    return {"available": True}


def _price(call: Call) -> dict[str, Any]:
    """What the order costs: list price less ``discount`` percent, and the margin left in percent."""
    items = _items(call)
    discount = inputs.number(call.inputs, "discount", otherwise=Decimal())
    if not 0 <= discount <= 100:
        raise inputs.wrong("discount", "is not between 0 and 100 percent")
    products = _products(call.session, items)
    lines = [_line(products[sku], count, discount) for sku, count in items.items()]
    amount = sum((Decimal(str(line["net"])) for line in lines), Decimal())
    cost = sum((products[sku].cost * count for sku, count in items.items()), Decimal())
    margin = _round((amount - cost) / amount * 100 if amount else Decimal())
    _worth(call, amount, margin)
    return {
        "amount": float(amount),
        "margin": float(margin),
        "discount": float(discount),
        "lines": lines,
    }


def _worth(call: Call, amount: Decimal, margin: Decimal) -> None:
    """Tell the case's deal what it is worth; a change of an earlier amount is a fact of history."""
    deal = _deal(call)
    if deal is None:
        return
    if deal.amount is not None and deal.amount != amount:
        what = {"from": float(deal.amount), "to": float(amount), "currency": deal.currency}
        instance = call.session.get_one(Instance, deal.instance_id, with_for_update=True)
        history.record(
            call.session,
            "amount_changed",
            at=call.now,
            actor=None,
            instance=instance,
            subject=f"deal:{deal.id}",
            data=what,
        )
    deal.amount, deal.margin = amount, margin


def _reserve(call: Call) -> dict[str, Any]:
    """Keep the goods for this case; what it held before is given back first, so reserving again corrects."""
    _close(call, taken=False)
    items = _items(call)
    products = _products(call.session, items, lock=True)
    _must_be_free(products, items)
    for sku, count in items.items():
        product = products[sku]
        product.reserved += count
        call.session.add(
            Reservation(
                instance_id=call.instance_id, product_id=product.id, quantity=count, reserved_at=call.now
            )
        )
    return {"reserved": True}


def _release(call: Call) -> dict[str, Any]:
    """Give back what this case holds; nothing to give back is fine."""
    return {"reserved": False, "released": _close(call, taken=False)}


def _book_carrier(call: Call) -> dict[str, Any]:
    """Hand the goods to the carrier: they leave the stock, and the parcel gets a number."""
    address = " ".join(inputs.text(call.inputs, "address", longest=500).split())
    pieces = int(inputs.number(call.inputs, "parcels", otherwise=Decimal(1)))
    weight = inputs.number(call.inputs, "weight", otherwise=Decimal())
    if not any(sign.isdigit() for sign in address):
        raise _carrier("the address has no number of the house")
    if not 1 <= pieces <= 100:
        raise _carrier("the carrier takes 1 to 100 parcels at once")
    if weight > HEAVIEST * pieces:
        raise _carrier(f"a parcel may weigh up to {HEAVIEST} kg")
    _close(call, taken=True)
    number = _number(call.session, call.now)
    call.session.add(
        Parcel(
            number=number, instance_id=call.instance_id, address=address, pieces=pieces, booked_at=call.now
        )
    )
    return {"parcel": number}


def _carrier(why: str) -> Failed:
    return Failed(why, code="CARRIER_FAILED", permanent=True)


def _number(session: Session, now: datetime) -> str:
    """``CT`` + year + running number + a check digit, so that a number read over the telephone can be checked."""
    session.flush()
    last = session.scalar(select(func.max(Parcel.id))) or 0
    plain = f"{now:%y}{last + 1:07d}"
    check = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(plain)) % 10
    return f"CT{plain}{check}"


def _client(call: Call) -> Client:
    id_, tax_id = call.inputs.get("client_id") or call.inputs.get("client"), call.inputs.get("tax_id")
    deal = _deal(call)
    if id_ is None and not tax_id and deal is not None:
        id_ = deal.client_id
    client = call.session.get(Client, id_) if isinstance(id_, int) else None
    if client is None and isinstance(tax_id, str) and tax_id:
        plain = tax_id.upper().replace(" ", "").replace("-", "")
        client = call.session.scalar(
            select(Client).where(Client.tax_id.in_([plain, plain.removeprefix("PL")]))
        )
    if client is None:
        raise inputs.missing("client")
    return client


def _items(call: Call) -> dict[str, int]:
    """What is ordered: quantity by product number, the same product in two lines added up."""
    found: dict[str, int] = {}
    deal = _deal(call)
    given = deal.details if deal is not None and "items" not in call.inputs else call.inputs
    for line in inputs.many(given or {}, "items"):
        sku = _sku(call.session, line)
        quantity = inputs.number(line, "quantity")
        if quantity != int(quantity) or not 1 <= quantity <= 1_000_000:
            raise inputs.wrong("quantity", "is not a whole number from 1 up")
        found[sku] = found.get(sku, 0) + int(quantity)
    if not found:
        raise inputs.missing("items")
    return found


def _deal(call: Call) -> Deal | None:
    """What the case sells, for a diagram that does not name client or items itself."""
    return call.session.scalar(select(Deal).where(Deal.instance_id == call.instance_id))


def _sku(session: Session, line: Mapping[str, Any]) -> str:
    id_ = line.get("product") or line.get("product_id")
    product = session.get(Product, id_) if isinstance(id_, int) else None
    return product.sku if product else inputs.text(line, "sku", longest=40)


def _products(session: Session, items: Mapping[str, int], *, lock: bool = False) -> dict[str, Product]:
    query = select(Product).where(Product.sku.in_(items), Product.active).order_by(Product.id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = {product.sku: product for product in session.scalars(query)}
    unknown = sorted(set(items) - set(found))
    if unknown:
        raise Failed(
            f"not on the price list: {', '.join(unknown)[:200]}", code="DATA_MISSING", permanent=True
        )
    return found


def _must_be_free(products: Mapping[str, Product], items: Mapping[str, int]) -> None:
    short = [sku for sku, count in items.items() if products[sku].stock - products[sku].reserved < count]
    if short:
        raise Failed(f"not enough in stock: {', '.join(short)[:200]}", code="NO_STOCK", permanent=True)


def _close(call: Call, *, taken: bool) -> int:
    """End the reservations of this case; ``taken`` goods also leave the stock. Returns how many pieces."""
    query = select(Reservation).where(Reservation.closed_at.is_(None)).with_for_update()
    held = call.session.scalars(query.where(Reservation.instance_id == call.instance_id)).all()
    wanted = select(Product).where(Product.id.in_([each.product_id for each in held])).order_by(Product.id)
    products = {product.id: product for product in call.session.scalars(wanted.with_for_update())}
    for each in held:
        each.closed_at = call.now
        products[each.product_id].reserved -= each.quantity
        if taken:
            products[each.product_id].stock -= each.quantity
    return sum(each.quantity for each in held)


def _duplicate(call: Call, client: Client, items: Mapping[str, int]) -> int | None:
    """The open order of the same client for the same goods, not older than a day."""
    query = (
        select(Deal)
        .where(Deal.client_id == client.id, Deal.status == "open", Deal.opened_at >= call.now - SAME_ORDER)
        .where(Deal.instance_id != (call.instance_id or 0))
        .order_by(Deal.id)
    )
    for deal in call.session.scalars(query):
        theirs = Call(call.key, call.connector, "", deal.details or {}, call.session, call.now)
        if (deal.details or {}).get("items") and _items(theirs) == items:
            return deal.id
    return None


def _line(product: Product, count: int, discount: Decimal) -> dict[str, Any]:
    price = _round(product.list_price * (100 - discount) / 100)
    return {
        "sku": product.sku,
        "name": product.name,
        "quantity": count,
        "unit": product.unit,
        "price": float(price),
        "net": float(price * count),
    }


def _round(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
