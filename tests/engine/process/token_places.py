"""Where tokens of the token game stand and the data they carry."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engine.process.token_diagrams import Graph, Node


@dataclass(frozen=True, slots=True)
class Write:
    """A value, the number of the write that put it here, and the writes of the same name it took the place of.

    It is ``contested`` when tokens met that had written it without knowing of each other.
    """

    value: Any
    number: int
    seen: frozenset[int] = frozenset()
    contested: bool = False


Data = dict[str, Write]


def merge(several: Iterable[Data]) -> Data:
    """The data of tokens that meet, in the order they came: the newer value wins, of contested ones the later."""
    merged: Data = {}
    for data in several:
        for name, theirs in data.items():
            mine = merged.get(name)
            if mine is None or mine.number in theirs.seen:
                merged[name] = theirs
            elif theirs.number != mine.number and theirs.number not in mine.seen:
                merged[name] = Write(
                    theirs.value, theirs.number, theirs.seen | mine.seen | {mine.number}, True
                )
    return merged


def values(data: Data) -> dict[str, Any]:
    return {name: write.value for name, write in data.items()}


def evaluate(expression: str, names: Mapping[str, Any]) -> Any:
    """Plain Python over plain names: good enough for diagrams of our own making."""
    return eval(
        expression.strip(), {"__builtins__": {"len": len, "sum": sum, "any": any, "all": all}}, dict(names)
    )


@dataclass(slots=True, eq=False)
class Frame:
    """A running process or sub-process: what is active in it, what waits before joins, what has reached an end."""

    number: int
    graph: Graph
    owner: "Work | None"
    begun: Data
    newest: Data
    works: list["Work"] = field(default_factory=list)
    held: dict[str, list[tuple[int, Data]]] = field(default_factory=dict)
    ends: list[Data] = field(default_factory=list)
    handlers: dict[str, str] = field(default_factory=dict)
    sweeps: int = 0
    ended: bool = False

    @property
    def depth(self) -> int:
        return 0 if self.owner is None else self.owner.frame.depth + 1


@dataclass(slots=True, eq=False)
class Work:
    """A token inside a node: an activity under way, an event waited for. Repeated ones hold their ``instances``."""

    number: int
    frame: Frame
    node: Node
    data: Data
    within: "Work | None" = None
    entered: Data = field(default_factory=dict)
    inner: Frame | None = None
    armed: dict[str, str] = field(default_factory=dict)
    instances: list["Work"] = field(default_factory=list)
    index: int | None = None
    begun: int = 0
    done: int = 0
    results: dict[int, Any] = field(default_factory=dict)
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """Something that may happen: ``kind`` is task, call, timer, message or signal; ``name`` of what is heard."""

    kind: str
    element: str
    work: Any = field(repr=False)
    node: Node = field(repr=False)
    name: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict, repr=False)
