"""Extension properties and the few settings of other tools that have an exact meaning here."""

from lxml import etree

from engine.process.doctor.loading import local

OURS = "http://spiffworkflow.org/bpmn/schema/1.0/core"
VENDORS = ("camunda", "activiti", "flowable", "zeebe")


def properties(element: etree._Element) -> dict[str, str]:
    """The extension properties of an element; ours win over those of Camunda and Zeebe."""
    found: dict[str, str] = {}
    for group in sorted(_extensions(element, "properties"), key=_is_ours):
        for each in group:
            if local(each) == "property" and each.get("name"):
                found[str(each.get("name")).strip()] = str(each.get("value") or each.text or "").strip()
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


def leftovers(element: etree._Element) -> list[str]:
    """Names of the vendor settings on an element that are kept as documentation only."""
    found = [str(key).rpartition("}")[2] for key in element.attrib if _is_vendors(str(key))]
    for holder in _holders(element):
        found += [
            local(each) for each in holder if _is_vendors(str(each.tag)) and local(each) != "properties"
        ]
    return found


def _holders(element: etree._Element) -> list[etree._Element]:
    return [child for child in element if local(child) == "extensionElements"]


def _extensions(element: etree._Element, name: str) -> list[etree._Element]:
    return [each for holder in _holders(element) for each in holder if local(each) == name]


def _is_ours(element: etree._Element) -> bool:
    return str(element.tag).startswith("{" + OURS)


def _is_vendors(tag: str) -> bool:
    return tag.startswith("{") and any(vendor in tag.partition("}")[0].lower() for vendor in VENDORS)
