"""What one case did: its steps, and its moves on the ladder by the rules that moves of deals follow. Pure.

A position is entered by the first event of its step, unless the map says otherwise; an ending, a rest or its end
counts when its step is completed. A step that was skipped or withdrawn moves nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from engine.sales.past.events import Event
from engine.sales.past.maps import ENDS, Map

UNSAID = "imported"
"""The reason of a backward move for which the log gives none."""
SAID = 80
"""Signs of a reason; what is longer stands whole in the note."""
LEAVES_OUT = ("skipped", "withdrawn", "aborted")
SECOND = timedelta(seconds=1)


class Step(NamedTuple):
    """One execution of an activity. Moments are in UTC without saying so; an empty one is not known."""

    activity: str
    ready: datetime | None
    started: datetime | None
    ended: datetime | None
    outcome: str
    actor: str | None
    department: str | None
    amount: int | None
    currency: str | None
    reason: str | None


class Moved(NamedTuple):
    """One move: ``step`` is the number of the step that caused it; ``amount`` in hundredths."""

    kind: str
    from_stage: str | None
    to_stage: str | None
    from_rank: int | None
    to_rank: int | None
    at: datetime
    dwell: int | None
    actor: str | None
    owner: str | None
    department: str | None
    amount: int | None
    currency: str | None
    reason: str | None
    note: str | None
    causing: str | None
    step: int


@dataclass(frozen=True, slots=True)
class Told:
    """A whole case. ``outcome`` is won, lost, rerouted, suspended or open; empty when it never stood on the ladder."""

    steps: Sequence[Step]
    moves: Sequence[Moved]
    first: datetime
    last: datetime
    outcome: str
    department: str | None
    owner: str | None
    product: str | None

    @property
    def digest(self) -> str:
        """A hash of everything that is told."""
        whole = (self.steps, self.moves, self.department, self.owner, self.product)
        return sha256(orjson.dumps(whole, default=tuple)).hexdigest()


class Path:
    """Tells one case: feed it the events in order. One object tells one case."""

    def __init__(self, chosen: Map) -> None:
        self._map, self._ranks, self._means = chosen, chosen.ranks, chosen.activities
        self.steps: list[list[Any]] = []
        self.moves: list[Moved] = []
        self._open: dict[tuple[str, str | None], list[int]] = {}
        self._stage: str | None = None
        self._rank: int | None = None
        self._entered: datetime | None = None
        self.status = "open"
        self.amount: int | None = None
        self.currency: str | None = chosen.currency
        self.department: str | None = None
        self.owner: str | None = None
        self.product: str | None = None

    def feed(self, event: Event) -> None:
        """The next event."""
        self._carry(event)
        if event.does == "completed" and not self._open:
            number, is_new = self._begun(event), True
            self.steps[-1][3], self.steps[-1][4] = event.at, "completed"
        else:
            number, is_new = self._step(event)
        meaning = self._means.get(event.activity, "step")
        if meaning == "step":
            return
        if meaning in self._ranks:
            if self._enters(event, number, is_new=is_new):
                self._enter(event, meaning, number)
        elif event.does == "completed":
            self._turn(event, meaning, number)

    def _carry(self, event: Event) -> None:
        """What an event does not say is as it was."""
        if event.amount is not None:
            self.amount = event.amount
        self.currency = event.currency or self.currency
        self.department = event.department or self.department
        self.owner = event.owner or self.owner
        self.product = event.product or self.product

    # -------------------------------------------------------------------------------------------- steps

    def _begun(self, event: Event) -> int:
        self.steps.append(
            [
                event.activity,
                None,
                None,
                None,
                "",
                event.actor,
                self.department,
                self.amount,
                self.currency,
                event.reason,
            ]
        )
        return len(self.steps)

    def _step(self, event: Event) -> tuple[int, bool]:
        """The step of an event, from 1, and whether the event began it."""
        key, does = (event.activity, event.instance), event.does
        waiting = self._open.get(key, [])
        number = self._meant(waiting, does)
        is_new = number is None
        if number is None:
            number = self._begun(event)
            waiting = self._open.setdefault(key, [])
            waiting.append(number)
        step = self.steps[number - 1]
        step[5], step[9] = event.actor or step[5], event.reason or step[9]
        step[6], step[7], step[8] = self.department, self.amount, self.currency
        if does == "ready":
            step[1] = step[1] or event.at
        elif does in ("start", "touch"):
            step[2] = step[2] or event.at
        else:
            step[3], step[4] = event.at, does
            waiting.remove(number)
            if not waiting:
                del self._open[key]
        return number, is_new

    def _meant(self, waiting: Sequence[int], does: str) -> int | None:
        """Which of the open steps of an activity an event is about: the oldest that it fits."""
        if does == "ready" or does == "start":
            fits: Callable[[list[Any]], bool] = lambda step: step[2] is None  # noqa: E731
            return next((each for each in waiting if fits(self.steps[each - 1])), None)
        begun = [each for each in waiting if self.steps[each - 1][2] is not None]
        return next(iter(begun or waiting), None)

    # -------------------------------------------------------------------------------------------- moves

    def _enters(self, event: Event, number: int, *, is_new: bool) -> bool:
        """Whether this event of the step brings the item to its position."""
        if self._map.enters == "complete":
            return event.does == "completed"
        if self._map.enters == "start":
            begins = event.does == "start" and self.steps[number - 1][2] == event.at
            return begins or (event.does == "completed" and self.steps[number - 1][2] is None)
        return is_new and event.does not in LEAVES_OUT

    def _enter(self, event: Event, stage: str, number: int) -> None:
        rank = self._ranks[stage]
        kind = self._kind(rank)
        if kind is None:
            return
        self._write(event, kind, stage, rank, number)
        self._stage, self._rank, self._entered, self.status = stage, rank, event.at, "open"

    def _kind(self, rank: int) -> str | None:
        if self._rank is None:
            return "new"
        if self.status == "suspended":
            return "resumed"
        if self.status != "open":
            return "reopened" if self._map.reopens else None
        if rank == self._rank:
            return None
        if rank < self._rank:
            return "backward"
        return "forward" if rank == self._rank + 1 else "forward_skip"

    def _turn(self, event: Event, meaning: str, number: int) -> None:
        """The item ends, is put aside, or goes on where it stood. What has not come yet comes first."""
        if meaning == "resumed":
            if self.status == "suspended" and self._stage is not None and self._rank is not None:
                self._write(event, "resumed", self._stage, self._rank, number)
                self._entered, self.status = event.at, "open"
            return
        if self.status in ENDS or (meaning == "suspended" and self.status != "open"):
            return
        if self._rank is None:
            self._enter(event, self._map.positions[0].key, number)
        if meaning == "suspended":
            self._write(event, meaning, self._stage, self._rank, number)
        else:
            self._write(event, meaning, None, None, number)
        self.status = meaning

    def _write(self, event: Event, kind: str, stage: str | None, rank: int | None, number: int) -> None:
        stood = self._entered if self.status == "open" and kind != "new" else None
        reason = event.reason or {"backward": UNSAID, "lost": event.activity}.get(kind)
        is_long = reason is not None and len(reason) > SAID
        self.moves.append(
            Moved(
                kind,
                self._stage,
                stage,
                self._rank,
                rank,
                event.at,
                None if stood is None else (event.at - stood) // SECOND,
                event.actor,
                self.owner,
                self.department,
                self.amount,
                self.currency,
                reason[:SAID] if reason else None,
                reason if is_long else None,
                event.causing,
                number,
            )
        )


def tell(events: Sequence[Event], chosen: Map) -> Told:
    """The steps and moves of a case; its events come in the order that counts."""
    path = Path(chosen)
    for event in events:
        path.feed(event)
    outcome = path.status if path.moves else ""
    return Told(
        [Step._make(each) for each in path.steps],
        path.moves,
        events[0].at,
        events[-1].at,
        outcome,
        path.department,
        path.owner,
        path.product,
    )
