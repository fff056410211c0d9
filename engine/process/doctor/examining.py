"""The examination: read, repair, check, write, try; what comes out are findings and, if nothing blocks, a program."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.process.blueprint import Blueprint
from engine.process.doctor import (
    blueprinting,
    correlation,
    handoffs,
    knowledge,
    ladder,
    lanes,
    messages,
    questions,
    references,
    repairs,
    tables,
    trial,
    uploads,
    vendors,
    words,
    writing,
)
from engine.process.doctor.findings import Finding, Ledger
from engine.process.doctor.model import Bundle, Process
from engine.process.doctor.uploads import File
from engine.process.doctor.visit import Known, Visit


@dataclass(frozen=True, slots=True)
class Compiled:
    """What runs: fresh XML of all processes, what they mean, the forms of the doctor's own questions by key."""

    executable: bytes
    blueprint: Blueprint
    forms: Mapping[str, dict[str, Any]]
    process: str


@dataclass(frozen=True, slots=True)
class Examined:
    """The result: ``compiled`` is there when no error is left that nobody accepted the repair of."""

    findings: tuple[Finding, ...]
    compiled: Compiled | None
    processes: Mapping[str, str]
    """The processes found, by the ids of the upload, with their names: one of them is the main one."""
    sources: Mapping[str, bytes]
    """The uploaded texts by file name, as they came."""
    files: Mapping[str, str] = field(default_factory=dict)
    """The file in which each process is drawn, by the process's id."""


def examine(
    files: Sequence[File],
    *,
    process: str | None = None,
    accepted: Collection[str] | Literal["all"] = (),
    known: Known | None = None,
) -> Examined:
    """Examine an upload. Never raises for any content.

    ``accepted`` holds ids of findings whose repair the designer agreed to, or "all". Where a repair needs a value it
    follows an equals sign: ``L01:<diagram>:<lane>=department:KEY``, ``T01:<diagram>:<timer>=PT4H``,
    ``P05::=<process>``. ``process`` names the main process; else it is the only one that nobody calls.
    """
    ledger = Ledger(accepted)
    bundle = uploads.read(ledger, files)
    found = {each.source: each.name or each.source for each in bundle.processes}
    drawn = {each.source: each.file for each in bundle.processes}
    _drop_empty(ledger, bundle)
    compiled = _compile(ledger, bundle, process, known or Known())
    sources = {file.name: file.content for file in files}
    return Examined(tuple(ledger.findings), None if ledger.blocked else compiled, found, sources, drawn)


def _drop_empty(ledger: Ledger, bundle: Bundle) -> None:
    """P03, X08: processes without steps stay in the drawing only."""
    empty = [each for each in bundle.processes if not each.scope.nodes]
    bundle.processes = [each for each in bundle.processes if each.scope.nodes]
    if empty and not bundle.processes:
        ledger.say("X08")
    for each in empty if bundle.processes else []:
        ledger.say("P03", each.source, it=words.process(each))


def _compile(ledger: Ledger, bundle: Bundle, wanted: str | None, known: Known) -> Compiled | None:
    if not bundle.processes:
        return None
    vendors.adopt(ledger, bundle, known)
    visits = _visits(ledger, bundle, known)
    main = _main(ledger, bundle, wanted)
    lane_of = {}
    for visit in visits:
        _introduce(visit)
        repairs.repair(visit)
    for key in [each for each in bundle.global_tasks if each not in bundle.called_tasks]:
        ledger.say("X25", element=key or None, name=bundle.global_tasks[key].name or key, id=key or "–")
    for visit in visits:
        # a form that asks was made by a repair: only now is everything said that expressions may read
        lane_of[visit.process.id] = lanes.find(visit)
        visit.provided |= bundle.variables
        references.check(visit)
    if main is None:
        return None
    stages = ladder.climb(visits)
    forms = questions.forms(bundle)
    variables = set().union(*(references.variables(visit) for visit in visits))
    variables.update(correlation.names(bundle))
    if len(main.starts) > 1:
        variables.add("start")
    tables.examine(ledger, bundle, variables)
    plan = blueprinting.draw(visits, main, lane_of, stages, variables)
    handoffs.check(ledger, bundle.processes, plan, known)
    executable = writing.write(bundle)
    return (
        Compiled(executable, plan, forms, main.id) if trial.read(ledger, bundle, plan, executable) else None
    )


def _visits(ledger: Ledger, bundle: Bundle, known: Known) -> list[Visit]:
    sent = messages.bind(bundle)
    provided, is_open = knowledge.provided(bundle), knowledge.is_open(bundle)
    return [Visit(bundle, process, ledger, known, sent, provided, is_open) for process in bundle.processes]


def _introduce(visit: Visit) -> None:
    """P01 and K01 to K03: about the process as a whole."""
    if not visit.process.executable:
        visit.say("P01")
    for code, notes in visit.process.leftovers.items():
        if notes:
            visit.say(code, names=words.listed(list(dict.fromkeys(notes))))
    kept = knowledge.listed(visit.process.properties.get("keeps"))
    if kept:
        visit.say("Q06", names=words.listed(kept, most=20))


def _main(ledger: Ledger, bundle: Bundle, wanted: str | None) -> Process | None:
    """P04 to P06: the process a case starts in."""
    names = words.listed([each.name or each.source for each in bundle.processes])
    if wanted is not None:
        chosen = next((each for each in bundle.processes if wanted in (each.source, each.id)), None)
        if chosen is None:
            ledger.say(
                "P06", wanted=wanted[:80], names=words.listed([each.source for each in bundle.processes])
            )
            return None
    else:
        chosen = _uncalled(ledger, bundle, names)
    for each in _beside(bundle, chosen):
        ledger.say("P04", each.source, it=words.process(each))
    return chosen


def _uncalled(ledger: Ledger, bundle: Bundle, names: str) -> Process:
    free = [each for each in bundle.processes if not _called(bundle, each)] or bundle.processes
    if len(free) == 1:
        return free[0]
    likely = max(free, key=lambda each: (each.executable, sum(1 for _ in each.scope.everything())))
    given = ledger.ask("P05", names=names, chosen=likely.name or likely.source)
    return next((each for each in free if given and given in (each.source, each.id)), likely)


def _called(bundle: Bundle, process: Process) -> bool:
    return any(
        node.kind == "callActivity" and node.called in (process.source, process.id)
        for other in bundle.processes
        if other is not process
        for _, node in other.scope.everything()
    )


def _beside(bundle: Bundle, main: Process) -> list[Process]:
    """Processes that the main one neither calls nor reaches by calls."""
    reached: list[Process] = []
    todo = [main]
    while todo:
        process = todo.pop()
        if process in reached:
            continue
        reached.append(process)
        calls = {node.called for _, node in process.scope.everything() if node.kind == "callActivity"}
        todo += [each for each in bundle.processes if calls & {each.source, each.id}]
    return [each for each in bundle.processes if each not in reached]
