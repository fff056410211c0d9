"""A builder of moves: what an item did, in words, becomes rows as the engine would write them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from engine.calendars import local_day
from engine.sales.ladders import Move
from reports.movements import Fact

STAGES = ("meet", "needs", "offer", "sign")
RANKS = {stage: rank for rank, stage in enumerate(STAGES, start=1)}
FIRST = date(2026, 9, 7)
"""A Monday."""


def at_noon(day: date) -> datetime:
    """Noon in UTC: the same local day in winter and in summer."""
    return datetime.combine(day, time(12), tzinfo=UTC)


class Item:
    """One item on its way. Each method is one move; ``after`` moves the clock on first, by days."""

    def __init__(
        self, name: str, *, start: date = FIRST, amount: int = 1000, department_id: int | None = None
    ) -> None:
        self.name, self.now, self.amount, self.department_id = name, at_noon(start), amount, department_id
        self.owner_id: int | None = None
        self.rows: list[dict[str, Any]] = []
        self.stage: str | None = None
        self.status = "none"
        self.since = self.now

    def after(self, days: float) -> "Item":
        """Let time pass."""
        self.now += timedelta(days=days)
        return self

    def new(self, stage: str = "meet") -> "Item":
        """Created on a stage."""
        return self._go("new", None, stage, "open")

    def to(self, stage: str, **more: Any) -> "Item":
        """Moved to another stage, whichever way that is."""
        jump = RANKS[stage] - RANKS[self.stage or "meet"]
        kind = "backward" if jump < 0 else "forward" if jump <= 1 else "forward_skip"
        return self._go(kind, self.stage, stage, "open", **more)

    def won(self) -> "Item":
        """Won."""
        return self._go("won", self.stage, None, "won")

    def lost(self, **more: Any) -> "Item":
        """Lost, also while suspended."""
        return self._go("lost", self.stage, None, "lost", **more)

    def suspended(self) -> "Item":
        """Put aside where it stands."""
        return self._go("suspended", self.stage, self.stage, "suspended")

    def resumed(self) -> "Item":
        """Taken up again."""
        return self._go("resumed", self.stage, self.stage, "open")

    def reopened(self, stage: str = "needs") -> "Item":
        """Opened again after won or lost."""
        return self._go("reopened", None, stage, "open")

    def rerouted(self) -> "Item":
        """Left for another ladder."""
        return self._go("rerouted", self.stage, None, "gone")

    def mistake(self) -> "Item":
        """The last move was a mistake: taken back at once."""
        undone = self.rows[-1]
        before = undone["before"]
        self._go(
            "corrected", undone["to_stage"], undone["from_stage"], before[1], corrects=len(self.rows) - 1
        )
        self.stage, self.status, self.since = before
        return self

    def _go(self, kind: str, start: str | None, end: str | None, status: str, **more: Any) -> "Item":
        corrects = more.pop("corrects", None)
        self.rows.append(
            {
                "item": self.name,
                "seq": len(self.rows) + 1,
                "kind": kind,
                "from_stage": start,
                "to_stage": end,
                "from_rank": RANKS.get(start or ""),
                "to_rank": RANKS.get(end or ""),
                "at": self.now,
                "dwell": int((self.now - self.since).total_seconds()) if start else None,
                "owner_id": self.owner_id,
                "department_id": self.department_id,
                "amount": Decimal(self.amount),
                "corrects": corrects,
                "before": (self.stage, self.status, self.since),
                **more,
            }
        )
        self.stage, self.status, self.since = end or self.stage, status, self.now
        return self


def facts(items: Iterable[Item]) -> list[Fact]:
    """The moves of these items as reports read them, numbered in the order of their time."""
    rows = sorted(
        (row for item in items for row in item.rows), key=lambda row: (row["at"], row["item"], row["seq"])
    )
    ids = {(row["item"], row["seq"]): place for place, row in enumerate(rows, start=1)}
    return [Fact(**_columns(row, ids)) for row in rows]


def _columns(row: dict[str, Any], ids: dict[tuple[str, int], int]) -> dict[str, Any]:
    corrects = row["corrects"]
    known = {name: row.get(name) for name in Fact._fields}
    return known | {
        "id": ids[row["item"], row["seq"]],
        "day": local_day(row["at"]),
        "corrects_id": None if corrects is None else ids[row["item"], corrects + 1],
    }


def write(
    session: Session, items: Sequence[Item], *, ladder: str = "sales", commit: bool = True
) -> list[Move]:
    """Write the moves of these items, a day's together, as commands would."""
    moves = []
    for fact in facts(items):
        move = Move(
            **fact._asdict(),
            ladder=ladder,
            ladder_version=1,
            recorded_at=fact.at,
            cause="user",
            currency="PLN",
        )
        session.add(move)
        session.flush()
        moves.append(move)
    if commit:
        session.commit()
    return moves


@st.composite
def paths(draw: st.DrawFn, name: str, *, departments: Sequence[int | None] = (None,)) -> Item:
    """A possible history: forward, skips, backward, suspended, won, lost, reopened, rerouted, corrected, handed on."""
    item = Item(
        name,
        start=FIRST + timedelta(days=draw(st.integers(0, 40))),
        amount=draw(st.integers(0, 5)) * 1000,
        department_id=draw(st.sampled_from(departments)),
    )
    item.new(draw(st.sampled_from(STAGES)))
    for _ in range(draw(st.integers(0, 9))):
        item.after(draw(st.sampled_from((0, 0.2, 1, 3, 8))))
        item.department_id = draw(st.sampled_from((item.department_id, item.department_id, *departments)))
        item.amount = draw(st.sampled_from((item.amount, item.amount, item.amount + 500)))
        _step(draw, item)
    return item


def _step(draw: st.DrawFn, item: Item) -> None:
    match item.status:
        case "open":
            step = draw(
                st.sampled_from(("to", "to", "to", "to", "won", "lost", "suspended", "rerouted", "mistake"))
            )
            if step == "mistake":
                if item.rows[-1]["kind"] not in ("new", "corrected"):
                    item.mistake()
            elif step == "to":
                stage = draw(st.sampled_from(STAGES))
                if stage != item.stage:
                    item.to(stage)
            else:
                getattr(item, step)()
        case "suspended":
            getattr(item, draw(st.sampled_from(("resumed", "lost"))))()
        case "won" | "lost":
            if item.rows[-1]["kind"] != "corrected" and draw(st.booleans()):
                item.mistake()
            else:
                item.reopened(draw(st.sampled_from(STAGES)))


def logs(*, departments: Sequence[int | None] = (None,), most: int = 6) -> st.SearchStrategy[list[Item]]:
    """Some items with possible histories."""
    return st.integers(1, most).flatmap(
        lambda count: st.tuples(*(paths(f"deal:{n}", departments=departments) for n in range(count))).map(
            list
        )
    )
