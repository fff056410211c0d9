"""How well the hand-offs of a diagram were kept lately, agreement by agreement."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from engine.sales import promises
from engine.sales.coverage import Row
from engine.sales.promises import Promise

PERIOD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Promises under an agreement that were asked for in the last 90 days. ``target`` is in per cent."""

    kept: int
    broken: int
    target: int | None = None

    @property
    def share(self) -> float | None:
        """Kept ones among those that are settled or past their time; None before there is any."""
        judged = self.kept + self.broken
        return self.kept / judged if judged else None

    @property
    def breached(self) -> bool:
        """Whether fewer were kept than both heads signed for; without a target each broken one breaches it."""
        return self.share is not None and self.share * 100 < (100 if self.target is None else self.target)


def lately(
    session: Session, rows: Collection[Row], *, seen: ColumnElement[bool], now: datetime
) -> dict[int, Keeping]:
    """By agreement, how the promises were kept that ``seen`` lets the person read."""
    targets = {
        row.agreement.id: row.version.terms.get("target") if row.version else None
        for row in rows
        if row.agreement is not None
    }
    if not targets:
        return {}
    since = Promise.requested_at >= now - PERIOD
    counted = promises.counts(session, Promise.agreement_id.in_(targets) & since & seen, now=now)
    return {
        id_: Keeping(count["kept"], count["broken"], targets[id_])
        for id_, count in counted.items()
        if id_ is not None
    }
