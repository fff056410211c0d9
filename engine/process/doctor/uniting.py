"""Pools that ordinary flows join are one process drawn in parts: BPMN lets no flow leave its process."""

from collections.abc import Iterable, Mapping

from engine.process.doctor import words
from engine.process.doctor.findings import Ledger
from engine.process.doctor.model import Bundle, LaneRead, Process


def unite(
    ledger: Ledger, bundle: Bundle, pairs: Iterable[tuple[Process, Process]], pools: Mapping[str, str]
) -> dict[str, Process]:
    """P08: the processes that have become part of another, by their ids, with the one they are now in.

    ``pairs`` are the processes at the two ends of a flow, ``pools`` the names of the pools by process. A process that
    is called from elsewhere stays what it is.
    """
    called = {node.called for each in bundle.processes for _, node in each.scope.everything() if node.called}
    found: dict[str, Process] = {}
    for pair in pairs:
        first, second = (found.get(each.source, each) for each in pair)
        if first is second or called & {first.source, first.id, second.source, second.id}:
            continue
        keeper = max((first, second), key=lambda each: _weight(each, pools))
        other = second if keeper is first else first
        ledger.say("P08", keeper.source, element=other.source, names=_names(keeper, other))
        _take_in(bundle, keeper, other, pools)
        found = {key: keeper if each is other else each for key, each in found.items()}
        found[other.source] = keeper
    return found


def _weight(process: Process, pools: Mapping[str, str]) -> tuple[bool, bool, int]:
    """What speaks for a process as the one that stays: a pool, the mark of what runs, its size."""
    return process.source in pools, process.executable, len(process.scope.nodes)


def _names(*processes: Process) -> str:
    return words.listed([each.name or each.source for each in processes])


def _take_in(bundle: Bundle, keeper: Process, other: Process, pools: Mapping[str, str]) -> None:
    if keeper.source in pools and other.source in pools:
        _as_lane(keeper, pools[keeper.source])
        _as_lane(other, pools[other.source])
    for node in other.scope.nodes.values():
        keeper.scope.add(node)
    keeper.lanes += other.lanes
    keeper.lane_of |= other.lane_of
    keeper.executable = keeper.executable or other.executable
    for code, notes in other.leftovers.items():
        here = keeper.leftovers.setdefault(code, [])
        here += [note for note in notes if note not in here]
    bundle.processes.remove(other)


def _as_lane(process: Process, name: str) -> None:
    """The pool as a lane, for the steps that lie in none."""
    outside = [key for key in process.scope.nodes if key not in process.lane_of]
    if name and outside:
        lane = LaneRead(process.source, name, {}, outside)
        process.lanes.insert(0, lane)
        process.lane_of |= dict.fromkeys(outside, lane)
