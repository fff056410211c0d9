"""Settings of other tools (Camunda, Zeebe, Flowable, Activiti) become ours, each with a finding that says so.

What a diagram says in our own words wins. What has no counterpart is named, never dropped in silence.
"""

from collections.abc import Iterator

from engine.process.doctor import knowledge
from engine.process.doctor.findings import Ledger
from engine.process.doctor.model import Bundle, Node, Scope
from engine.process.doctor.vendors import mappings, notes, people, screens, work
from engine.process.doctor.visit import Known, Visit


def adopt(ledger: Ledger, bundle: Bundle, known: Known) -> None:
    """Give every step what other tools say about it: first what makes values, then what reads them."""
    notes.tell(ledger, bundle)
    for visit, _, node in _told(ledger, bundle, known):
        notes.listen(visit, node)
        screens.adopt(visit, node)
        work.adopt(visit, node)
    for visit, scope, node in _told(ledger, bundle, known):
        people.adopt(visit, node)
        mappings.adopt(visit, scope, node)


def _told(ledger: Ledger, bundle: Bundle, known: Known) -> Iterator[tuple[Visit, Scope, Node]]:
    """Every step that another tool says something about, with what the bundle gives values by now."""
    provided = knowledge.provided(bundle)
    provided |= mappings.given(bundle, provided | known.facts)
    open_world = knowledge.is_open(bundle)
    for process in bundle.processes:
        visit = Visit(bundle, process, ledger, known, provided=provided, open_world=open_world)
        for scope, node in list(process.scope.everything()):
            if node.foreign is not None:
                yield visit, scope, node
