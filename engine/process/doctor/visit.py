"""One process on the doctor's table: what a repair may look at, and where it says what it found."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.process.blueprint import Text
from engine.process.doctor import words
from engine.process.doctor.findings import Ledger, Severity
from engine.process.doctor.model import Bundle, LaneRead, Link, Node, Process, Scope

FACTS = frozenset(
    {"deal", "lead", "client", "contact", "order", "contract", "commitments", "case", "owner", "starter"}
)
"""Names of live values that the host may lend to expressions."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What somebody decided about a flow of the version that runs: an agreement between two departments, or none needed.

    ``words`` say what was decided, ``title`` names the step the flow leads to. A waiver has no departments.
    """

    diagram: str
    flow: str
    words: str
    title: Text
    consumer: str = ""
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What exists around the diagram. An empty collection means: do not check.

    ``departments`` and ``roles`` map keys to names; ``agreements`` holds codes; ``facts`` are names of live values.
    ``decided`` holds, by process, the decisions about hand-offs that hold in the version that runs.
    """

    departments: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    connectors: frozenset[str] = frozenset()
    agreements: frozenset[str] = frozenset()
    facts: frozenset[str] = FACTS
    decided: Mapping[str, tuple[Decided, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Visit:
    """The process being repaired, with the bundle it came in and the ledger of findings."""

    bundle: Bundle
    process: Process
    ledger: Ledger
    known: Known
    sent: frozenset[str] = frozenset()
    """Names of the messages that somebody in the bundle sends."""
    provided: frozenset[str] = frozenset()
    """Names that something in the bundle gives a value."""
    open_world: bool = False
    """Whether a connector's answer is merged, so that any name may get a value."""

    def say(
        self, code: str, about: Node | Link | LaneRead | Scope | None = None, **places: str | Text
    ) -> bool:
        """Note a finding about an element of this process; True when its repair was accepted."""
        return self.ask(code, about, severity=None, **places) is not None

    def ask(
        self,
        code: str,
        about: Node | Link | LaneRead | Scope | None = None,
        *,
        severity: Severity | None = None,
        **places: str | Text,
    ) -> str | None:
        """Note a finding; the value that came with the acceptance, '' for a plain one, None for none."""
        if isinstance(about, Scope):
            about = about.owner
        if about is None:
            places = {"it": words.process(self.process), **places}
        return self.ledger.ask(code, self.process.source, about, element=None, severity=severity, **places)

    def scope(self, scope: Scope) -> Text:
        """What a scope is called in a sentence: the process, or the sub-process by its name."""
        if scope.owner is None or scope.owner.source is None:
            return words.process(self.process)
        return words.called(scope.owner)

    def unprovided(self, names: frozenset[str]) -> list[str]:
        """Those names that nothing in the bundle gives a value."""
        return [] if self.open_world else sorted(names - self.provided - self.known.facts)
