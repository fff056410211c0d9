"""Which ladders there are and what their stages are called: read from the newest version of each process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.process import definitions
from engine.process.blueprint import Stage, Text
from engine.sales import promises, settling
from engine.sales.ladders import Move

COMMITMENTS, PROMISES = settling.LADDER, promises.LADDER
IMPORTED = "imported"
"""The kind of a ladder whose moves came from elsewhere."""


class UnknownLadder(NotFound):
    """There is no ladder “%(name)s”."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """A ladder as reports print it. ``kind`` is funnel, flow or plain; an item is called ``item``."""

    key: str
    title: Text
    kind: str
    item: Text
    stages: tuple[Stage, ...]
    beside: tuple[tuple[str, Text], ...] = ()
    """Names of what moves may lead to without standing on the ladder."""

    @property
    def of(self) -> str:
        """What moves on it, as item keys begin: deal, commitment, promise, or case of a history from elsewhere."""
        if self.key in (COMMITMENTS, PROMISES):
            return self.key
        return "case" if self.kind == IMPORTED else "deal"

    @property
    def keys(self) -> list[str]:
        """The stages from the first to the last."""
        return [stage.key for stage in self.stages]

    @property
    def ranks(self) -> dict[str, int]:
        """Rank by stage, from 1."""
        return {key: rank for rank, key in enumerate(self.keys, start=1)}

    def title_of(self, stage: str) -> Text:
        """What a stage is called; the key itself for a stage of an older version."""
        on_it = (each.title for each in self.stages if each.key == stage)
        return next(on_it, dict(self.beside).get(stage, Text(stage, stage)))


def known(session: Session) -> list[Ladder]:
    """Every process with a ladder, long sales (funnels) first, then what was agreed, then what came from elsewhere."""
    found = []
    newest: Sequence[Any] = session.scalars(definitions.catalogue()).all()
    for definition in newest:
        plan = definitions.blueprint(session, definition)
        stages = tuple(sorted(plan.ladder, key=lambda stage: stage.order))
        if stages:
            found.append(Ladder(definition.process, plan.title, plan.kind, plan.item, stages))
    found += [ladder for ladder in OF_THE_HOUSE if _has_moved(session, ladder.key)]
    return sorted(found, key=lambda ladder: (_place(ladder), ladder.key))


def _place(ladder: Ladder) -> int:
    return (
        0 if ladder.kind == "funnel" else 3 if ladder.kind == IMPORTED else 2 if ladder in OF_THE_HOUSE else 1
    )


def _has_moved(session: Session, key: str) -> bool:
    return session.scalar(select(Move.id).where(Move.ladder == key).limit(1)) is not None


def find(session: Session, key: str | None) -> Ladder:
    """The ladder with this key, the first one without a key. Raises UnknownLadder, NotFound when there is none at all."""
    every = known(session)
    chosen = next((ladder for ladder in every if ladder.key == key), None) if key else next(iter(every), None)
    if chosen is None:
        raise UnknownLadder(name=(key or "")[:60]) if key else NotFound
    return chosen


def _stages(ranks: Mapping[str, int], **titles: tuple[str, str]) -> tuple[Stage, ...]:
    return tuple(Stage(key, Text(*both), ranks[key]) for key, both in titles.items())


OF_THE_HOUSE = (
    Ladder(
        COMMITMENTS,
        Text("Ustalenia z klientami", "Agreed with clients"),
        "plain",
        Text("Ustalenie", "Commitment"),
        _stages(settling.RANKS, proposed=("Zaproponowane", "Proposed"), agreed=("Ustalone", "Agreed")),
    ),
    Ladder(
        PROMISES,
        Text("Obietnice działów", "Promises of departments"),
        "plain",
        Text("Obietnica", "Promise"),
        _stages(
            promises.RANKS,
            declined=("Odmowa", "Declined"),
            returned=("Zwrot: nie było gotowe", "Returned as not ready"),
            requested=("Do obiecania", "To be promised"),
            countered=("Inny termin", "Another date offered"),
            promised=("Obiecane", "Promised"),
            delivered=("Oddane", "Delivered"),
        ),
        (("paused", Text("Zegar stoi", "Paused")),),
    ),
)
"""Ladders that no diagram draws: what was agreed with clients, and what departments promised each other."""
