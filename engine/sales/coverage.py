"""What covers each hand-off of a version: an agreement in force, one being negotiated, a reason why none is needed, nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from engine.people import Department, Person
from engine.process import definitions
from engine.process.blueprint import Blueprint, Text
from engine.process.crossings import Crossing
from engine.process.definitions import Definition
from engine.sales.agreements import Agreement, AgreementVersion

if TYPE_CHECKING:
    from engine.sales.handoffs import Handoff

State = Literal["in_force", "suspended", "negotiating", "none", "waived", "return", "gone"]
COVERED = frozenset({"in_force", "waived"})


@dataclass(frozen=True, slots=True)
class Row:
    """One flow by which work passes on. ``consumers`` are the departments it comes from, by their keys.

    *gone*: bound to an agreement between other departments than those it leads between now.

    ``code`` is the agreement the step names itself; ``handoff`` what was decided, which counts before it.
    """

    diagram: str
    flow: str
    target: str
    title: Text
    consumers: tuple[str, ...]
    provider: str
    state: State
    code: str | None = None
    agreement: Agreement | None = None
    version: AgreementVersion | None = None
    handoff: "Handoff | None" = None

    @property
    def covered(self) -> bool:
        """Whether somebody answers for it: an agreement in force, or a reason why none is needed."""
        return self.state in COVERED


@dataclass(frozen=True, slots=True)
class Coverage:
    """The hand-offs of one version: requests, the ways back, and decisions about flows that are gone."""

    rows: tuple[Row, ...] = ()
    ways_back: tuple[Row, ...] = ()
    gone: tuple["Handoff", ...] = ()
    agreements: Mapping[int, Agreement] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many hand-offs there are to agree on."""
        return len(self.rows)

    @property
    def covered(self) -> int:
        """How many of them somebody answers for."""
        return sum(row.covered for row in self.rows)

    @property
    def share(self) -> float | None:
        """Covered ones among all, None where nothing is handed over."""
        return self.covered / self.total if self.rows else None


class _Known(NamedTuple):
    """An agreement, what binds now, and the keys of its departments."""

    agreement: Agreement
    version: AgreementVersion | None
    consumer: str
    provider: str


def of(session: Session, definition: Definition, standing: Sequence["Handoff"], *, today: date) -> Coverage:
    """Every hand-off of a version with what covers it on this local day; ``standing`` is what was decided."""
    plan = definitions.blueprint(session, definition)
    decided = {(each.diagram, each.flow): each for each in standing}
    flows = _by_flow(definitions.handed_over(session, definition))
    codes = {each[0].handoff for each in flows.values() if each[0].handoff}
    ids = {each.agreement_id for each in decided.values() if each.agreement_id}
    known = _agreements(session, ids, codes)
    rows: list[Row] = []
    back: list[Row] = []
    for key, crossings in flows.items():
        asked = [each for each in crossings if each.kind == "request"]
        if asked:
            rows.append(_row(plan, asked, decided.pop(key, None), known, today))
        else:
            back.append(replace(_row(plan, crossings, None, {}, today), state="return"))
    by_id = {each.agreement.id: each.agreement for each in known.values()}
    return Coverage(tuple(rows), tuple(back), tuple(decided.values()), by_id)


def choices(session: Session, rows: Collection[Row]) -> dict[tuple[str, str], list[Agreement]]:
    """By diagram and flow, the agreements that may be bound there: between its sides, in force or being negotiated."""
    provider, consumer = aliased(Department), aliased(Department)
    query = (
        select(Agreement, consumer.key, provider.key)
        .join(provider, provider.id == Agreement.provider_id)
        .join(consumer, consumer.id == Agreement.consumer_id)
        .where(provider.key.in_({row.provider for row in rows}), is_alive())
        .order_by(Agreement.code.is_(None), Agreement.code, Agreement.id)
    )
    alive = [(agreement, gives, does) for agreement, gives, does in session.execute(query)]
    return {
        (row.diagram, row.flow): [each for each, gives, does in alive if is_between(row, gives, does)]
        for row in rows
    }


def may_decide(person: Person, row: Row) -> bool:
    """Whether this person may: a designer, or the head of a department on either side."""
    headed = {each.department.key for each in person.memberships if each.is_head}
    return person.has("designer") or bool(headed & {row.provider, *row.consumers})


def _by_flow(crossings: Sequence[Crossing]) -> dict[tuple[str, str], list[Crossing]]:
    found: dict[tuple[str, str], list[Crossing]] = {}
    for each in crossings:
        found.setdefault((each.diagram, each.flow), []).append(each)
    return found


def _row(
    plan: Blueprint,
    crossings: Sequence[Crossing],
    decided: "Handoff | None",
    known: Mapping[int | str, _Known],
    today: date,
) -> Row:
    """One flow with everybody it comes from."""
    first = crossings[0]
    target = plan.diagrams[first.diagram].elements[first.target]
    row = Row(
        first.diagram,
        first.flow,
        first.target,
        target.name,
        tuple(each.from_key for each in crossings),
        first.to_key,
        "none",
        code=first.handoff,
        handoff=decided,
    )
    if decided is not None and decided.agreement_id is None:
        return replace(row, state="waived")
    key = decided.agreement_id if decided is not None else first.handoff
    if key is None or key not in known:
        return row
    found = known[key]
    if decided is not None and not is_between(row, found.consumer, found.provider):
        return replace(row, state="gone", agreement=found.agreement)
    state = _state(found.agreement, found.version, today)
    return replace(row, agreement=found.agreement, version=found.version, state=state)


def _state(agreement: Agreement, version: AgreementVersion | None, today: date) -> State:
    if version is not None and version.state in {"in_force", "suspended"}:
        rests = version.state == "suspended" or (agreement.suspended_until or today) > today
        return "suspended" if rests else "in_force"
    return "negotiating" if agreement.negotiating_version_id is not None else "none"


def _agreements(session: Session, ids: set[int], codes: set[str]) -> dict[int | str, _Known]:
    """Agreements with what binds now and the keys of their sides, by their ids and codes."""
    if not ids and not codes:
        return {}
    provider, consumer = aliased(Department), aliased(Department)
    query = (
        select(Agreement, AgreementVersion, consumer.key, provider.key)
        .outerjoin(AgreementVersion, AgreementVersion.id == Agreement.current_version_id)
        .join(provider, provider.id == Agreement.provider_id)
        .join(consumer, consumer.id == Agreement.consumer_id)
        .where(Agreement.id.in_(ids) | Agreement.code.in_(codes))
    )
    found: dict[int | str, _Known] = {}
    for row in session.execute(query):
        known = _Known(*row)
        found[known.agreement.id] = known
        if known.agreement.code:
            found[known.agreement.code] = known
    return found


def is_alive() -> Any:
    """The clause for agreements that bind, rest or are being negotiated."""
    current = select(AgreementVersion.id).where(
        AgreementVersion.id == Agreement.current_version_id,
        AgreementVersion.state.in_(("in_force", "suspended")),
    )
    return Agreement.negotiating_version_id.is_not(None) | current.exists()


def is_between(row: Row, consumer: str, provider: str) -> bool:
    """Whether one of these departments works for the other here."""
    return row.provider == provider and consumer in row.consumers
