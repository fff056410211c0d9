"""What the domain asks of the outside: connectors that do things, and the wiring that names who listens.

`Wiring` travels in ``session.info["wiring"]``, put there once by the composition root (``webapp/wiring.py``),
so that `engine.process` can tell sales and reports what happened without importing either.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from engine.people import Person
    from engine.process.advancing import Answered, Happened
    from engine.process.instances import Instance


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the outside. ``key`` is the same on every retry: the receiver may use it to act once.

    ``session`` is the transaction in which the result will be stored. A connector that keeps its records in
    our database uses it. A connector that talks to a network leaves it alone before the answer came, or gives
    back what it read with ``session.rollback()``: nobody shall wait for the database while we wait for the world.
    ``now`` is UTC; ``instance_id`` the case that asked, if a case did.
    """

    key: str
    connector: str
    operation: str
    inputs: Mapping[str, Any]
    session: Session
    now: datetime
    instance_id: int | None = None


class Failed(Exception):  # it is what happened, and `raise Failed(…)` reads well
    """A connector could not do its work. ``code`` names a BPMN error; permanent failures are not retried."""

    def __init__(self, message: str, *, code: str = "FAILED", permanent: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.permanent = permanent


class Connector(Protocol):
    """One way to the outside. One file, one outside library."""

    name: str

    def run(self, call: Call) -> dict[str, Any]:
        """Do it once and return what the process should know; raise `Failed` if it could not be done."""
        ...


class Known(Protocol):
    """Tells whether a record that a form refers to exists."""

    def exists(self, kind: str, id_: int) -> bool:
        """Whether there is a ``client`` (person, contact, product …) with this id."""
        ...


class Rested(Protocol):
    """Hears that a case was put to rest, or goes on; told again when more of a resting case has come to rest."""

    def __call__(self, session: Session, case: "Instance", *, by: "Person | None", now: datetime) -> None:
        """Whether it rests now, the case itself says."""
        ...


@dataclass(frozen=True, slots=True)
class Wiring:
    """Who listens to the engine. Built once in the composition root.

    answered    what a person or a message brought, before the diagram moves on: store it in real tables
    facts       live values that expressions may read (``deal.amount``); never stored in the process state
    projections what happened in a command, after the diagram moved on: moves, promises, roll-ups
    rested      a case was put to rest, or goes on: whatever of ours has a clock
    known       which people, clients, products … a form may refer to
    """

    answered: Sequence[Callable[[Session, "Answered"], None]] = ()
    facts: Sequence[Callable[[Session, "Instance"], Mapping[str, Any]]] = ()
    projections: Sequence[Callable[[Session, "Happened"], None]] = ()
    rested: "Sequence[Rested]" = ()
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    known: "Callable[[Session], Known] | None" = None


def wiring(session: Session) -> Wiring:
    """The wiring this session works under; an empty one when nobody listens."""
    return session.info.get("wiring") or Wiring()
