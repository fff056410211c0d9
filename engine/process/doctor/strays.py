"""What BPMN has no place for where it stands: it is named, so that nothing in a file goes without a word."""

import re
from dataclasses import dataclass, field

from lxml import etree

from engine.process.blueprint import Text
from engine.process.doctor import elements, model, words
from engine.process.doctor.findings import Ledger
from engine.process.doctor.loading import BPMN, is_bpmn, local

GLOBAL_TASKS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
"""Tasks outside any process, and what each is where it is called."""
DATA = frozenset({"dataObject", "dataObjectReference", "dataStoreReference", "dataInput", "dataOutput"})
TALKS = {
    "choreography": Text("choreografia", "choreography"),
    "globalChoreographyTask": Text("choreografia", "choreography"),
    "globalConversation": Text("konwersacja", "conversation"),
    "conversation": Text("konwersacja", "conversation"),
    "subConversation": Text("konwersacja", "conversation"),
    "collaboration": Text("współpraca pustych basenów", "collaboration of empty pools"),
}
"""What is drawn of parties that talk to each other; nobody runs it."""
BESIDE = frozenset(
    [
        *("documentation", "extensionElements", "auditing", "monitoring", "property", "laneSet"),
        *("resourceRole", "performer", "humanPerformer", "potentialOwner", "incoming", "outgoing"),
        *("ioSpecification", "ioBinding", "dataInputAssociation", "dataOutputAssociation"),
        *("dataOutput", "dataInput", "inputSet", "outputSet"),
        *("standardLoopCharacteristics", "multiInstanceLoopCharacteristics", "eventDefinitionRef"),
        *("association", "group", "textAnnotation", "artifact", "supports", "correlationSubscription"),
        *("supportedInterfaceRef", "completionCondition", "dataStore", "transformation", "script"),
        *("rendering",),
    ]
)
"""What stands in a process beside its steps and flows: it is kept as documentation or read in its place."""
_STEP_LIKE = re.compile(r"(Task|Event|Gateway|SubProcess|Activity|transaction)$")
_STEPS_AND_FLOWS = model.NODES | {"sequenceFlow"}
_CHOREOGRAPHIES = tuple(f"{{{BPMN}}}{kind}" for kind in ("choreography", "subChoreography"))


@dataclass(slots=True)
class Strays:
    """What was said about one file."""

    ledger: Ledger
    file: str
    told: set[etree._Element] = field(default_factory=set)
    """What was said not to be known here, with everything in it."""

    def meet(self, process: str, element: etree._Element) -> None:
        """Something in a process that is neither a step nor a flow."""
        kind = local(element)
        if kind not in BESIDE and kind not in DATA and kind and not kind.endswith("EventDefinition"):
            self._say(process, element)

    def look_for(self, root: etree._Element, met: set[etree._Element]) -> None:
        """X18: steps, flows and lanes where none can be, such as inside a task or outside any process.

        ``met`` are those that were read in their place.
        """
        for each in root.iter(*elements.STEPS, f"{{{BPMN}}}sequenceFlow"):
            if each not in met:
                self._misplaced(each)
        for each in elements.inside(root, "lane"):
            if next(each.iterancestors(f"{{{BPMN}}}process"), None) is None:
                self._say("", each)
        known = model.NODES | GLOBAL_TASKS.keys() | TALKS.keys()
        for each in root.iter(f"{{{BPMN}}}*"):
            kind = local(each)
            if kind not in known and _STEP_LIKE.search(kind) and each not in self.told:
                self._misplaced(each)
        for each in root.iter(*(f"{{{BPMN}}}{kind}" for kind in sorted(GLOBAL_TASKS))):
            if each.getparent() is not root:
                self._say("", each)

    def _misplaced(self, element: etree._Element) -> None:
        """Not known where it is, unless that is a choreography, which is drawn for people only."""
        if next(element.iterancestors(*_CHOREOGRAPHIES), None) is None:
            process = next(element.iterancestors(f"{{{BPMN}}}process"), None)
            self._say(str(process.get("id") or "") if process is not None else "", element)

    def _say(self, process: str, element: etree._Element) -> None:
        """X18: something BPMN 2.0 does not have here; what tools put there for themselves is theirs."""
        named = is_bpmn(element) or local(element) in _STEPS_AND_FLOWS
        if named and not self.told.intersection(element.iterancestors()):
            key, kind = str(element.get("id") or ""), local(element)[:60]
            inside = [str(each.get("id")) for each in element.iter() if each.get("id")]
            self.told.add(element)
            said = words.listed([key] if key else inside, most=20) or "–"
            self.ledger.say("X18", process, element=key or None, file=self.file, kind=kind, id=said)
