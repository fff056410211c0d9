"""Which ladders there are and what their stages are called: read from the newest version of each process."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.errors import NotFound
from engine.process import definitions
from engine.process.blueprint import Stage, Text
from engine.sales import promises, settling

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
        return next((each.title for each in self.stages if each.key == stage), Text(stage, stage))


def known(session: Session) -> list[Ladder]:
    """Every process with a ladder, long sales (funnels) first."""
    found = []
    newest: Sequence[Any] = session.scalars(definitions.catalogue()).all()
    for definition in newest:
        plan = definitions.blueprint(session, definition)
        stages = tuple(sorted(plan.ladder, key=lambda stage: stage.order))
        if stages:
            found.append(Ladder(definition.process, plan.title, plan.kind, plan.item, stages))
    return sorted(found, key=lambda ladder: (ladder.kind != "funnel", ladder.key))


def find(session: Session, key: str | None) -> Ladder:
    """The ladder with this key, the first one without a key. Raises UnknownLadder, NotFound when there is none at all."""
    every = known(session)
    chosen = next((ladder for ladder in every if ladder.key == key), None) if key else next(iter(every), None)
    if chosen is None:
        raise UnknownLadder(name=(key or "")[:60]) if key else NotFound
    return chosen
