"""Extension properties, and the settings of other tools as plain data: `vendors` gives them their meaning here."""

from collections.abc import Iterator

from lxml import etree

from engine.process.doctor.loading import local
from engine.process.doctor.model import Foreign, Setting

OURS = "http://spiffworkflow.org/bpmn/schema/1.0/core"
VENDORS = ("camunda", "activiti", "flowable", "zeebe")
TOLD = frozenset(
    [
        *("assignee", "candidateGroups", "candidateUsers", "dueDate", "followUpDate", "assignmentDefinition"),
        *("taskSchedule", "formKey", "formRef", "formData", "formProperty", "formDefinition", "userTaskForm"),
        *("type", "topic", "taskDefinition", "taskHeaders", "connector", "class", "delegateExpression"),
        *("expression", "resultVariable", "decisionRef", "calledDecision", "calledElement", "inputOutput"),
        *(
            "ioMapping",
            "in",
            "out",
            "calledElementBinding",
            "calledElementVersion",
            "asyncBefore",
            "asyncAfter",
        ),
        *("async", "exclusive", "executionListener", "taskListener", "executionListeners", "taskListeners"),
        *("collection", "elementVariable", "loopCharacteristics", "userTask", "script"),
    ]
)
"""What a finding of its own tells about; the rest is listed as documentation."""
MOST_PARTS = 200


def properties(element: etree._Element) -> dict[str, str]:
    """The extension properties of an element; ours win over those of Camunda and Zeebe."""
    found: dict[str, str] = {}
    for group in sorted(_extensions(element, "properties"), key=_is_ours):
        for each in group.iterchildren("{*}property"):
            name = each.get("name")
            if name:
                found[name.strip()] = (each.get("value") or each.text or "").strip()
    return found


def setting(element: etree._Element, extension: str, attribute: str) -> str | None:
    """An attribute of a vendor's extension element, such as ``zeebe:calledElement/@processId``."""
    for each in _extensions(element, extension):
        value = each.get(attribute)
        if value:
            return str(value).strip()
    return None


def vendor_attribute(element: etree._Element, name: str) -> str | None:
    """An attribute in a vendor's namespace, such as ``camunda:collection``."""
    for key, value in element.attrib.items():
        if _is_vendors(str(key)) and str(key).rpartition("}")[2] == name:
            return str(value).strip() or None
    return None


def foreign(element: etree._Element) -> Foreign | None:
    """Everything other tools say about an element, None where they say nothing."""
    attributes = {
        str(key).rpartition("}")[2]: str(value).strip()
        for key, value in element.attrib.items()
        if _is_vendors(str(key))
    }
    settings = [
        _setting(each)
        for holder in _holders(element)
        for each in holder
        if _is_vendors(str(each.tag)) and local(each) != "properties"
    ]
    return Foreign(attributes, settings[:MOST_PARTS]) if attributes or settings else None


def leftovers(element: etree._Element) -> list[str]:
    """Names of the vendor settings on an element that are kept as documentation only."""
    found = foreign(element)
    if found is None:
        return []
    names = [*found.attributes, *(each.name for each in found.settings)]
    return [name for name in names if name not in TOLD]


def _setting(element: etree._Element) -> Setting:
    return Setting(
        local(element),
        {str(key).rpartition("}")[2]: str(value).strip() for key, value in element.attrib.items()},
        str(element.text or "").strip(),
        [_setting(each) for each in element if local(each)][:MOST_PARTS],
    )


def _holders(element: etree._Element) -> Iterator[etree._Element]:
    return element.iterchildren("{*}extensionElements")  # found by libxml2: a step is asked many times


def _extensions(element: etree._Element, name: str) -> list[etree._Element]:
    return [each for holder in _holders(element) for each in holder.iterchildren(f"{{*}}{name}")]


def _is_ours(element: etree._Element) -> bool:
    return str(element.tag).startswith("{" + OURS)


def _is_vendors(tag: str) -> bool:
    return tag.startswith("{") and any(vendor in tag.partition("}")[0].lower() for vendor in VENDORS)
