"""What a cohort is split by: who leads it, what is sold, where it came from, which version of the process it began in."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from engine.sales.deals import Deal
from engine.sales.ladders import Move
from engine.sales.records import Client
from reports.visits import Journey

SEGMENTS = ("owner", "department", "product", "source", "sector", "version")
OF_DEALS = ("product", "source", "sector")
"""Only deals have these; as they stand now. Owner and department are those of the item's last move."""
AT_ONCE = 500


def values(session: Session, segment: str, journeys: Sequence[Journey]) -> dict[str, str]:
    """The value of each of these items, by item; empty where there is none. Raises KeyError for an unknown segment."""
    if segment == "owner":
        return {each.item: str(each.last.owner_id or "") for each in journeys}
    if segment == "department":
        return {each.item: str(each.last.department_id or "") for each in journeys}
    found = dict.fromkeys((each.item for each in journeys), "")
    firsts = {each.created.id: each.item for each in journeys}
    for id_, value in _read(session, QUERIES[segment], list(firsts)):
        found[firsts[id_]] = str(value if value is not None else "")
    return found


def _read(session: Session, query: Select[Any], ids: list[int]) -> Iterator[Any]:
    for start in range(0, len(ids), AT_ONCE):
        yield from session.execute(query.where(Move.id.in_(ids[start : start + AT_ONCE])))


def _of_move(column: Any) -> Select[Any]:
    return select(Move.id, column)


def _of_deal(column: Any) -> Select[Any]:
    return _of_move(column).join(Deal, Deal.instance_id == Move.instance_id)


QUERIES: dict[str, Select[Any]] = {
    "product": _of_deal(Deal.product_line),
    "source": _of_deal(Deal.source),
    "sector": _of_deal(Client.sector).join(Client, Client.id == Deal.client_id),
    "version": _of_move(Move.ladder_version),
}
