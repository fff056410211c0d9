"""Who does a task and by when: assignees, candidate groups, due times of other tools."""

import re

from engine.process.blueprint import Text
from engine.process.doctor import conditions, dialects, references, words
from engine.process.doctor.findings import Severity
from engine.process.doctor.model import Node
from engine.process.doctor.visit import Known, Visit

STARTER = frozenset({"starter", "initiator", "creator", "startUser", "applicationInitiator"})
_TASKS = frozenset({"userTask", "manualTask", "task"})
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_LISTS = re.compile(r"""^=?\s*\[(.*)\]$""", re.DOTALL)


def adopt(visit: Visit, node: Node) -> None:
    """V01 to V08 for a task that people do."""
    if node.foreign is None or node.kind not in _TASKS:
        return
    _assign(visit, node)
    _offer(visit, node)
    _limit(visit, node)


def audience(known: Known, group: str) -> str | None:
    """The department or role that a group's name means; None where there is no such thing."""
    kind, _, key = group.partition(":")
    if kind in {"department", "head", "role"} and key:
        there = known.roles if kind == "role" else known.departments
        return group if not there or key in there else None
    label = group.casefold()
    for kind, there in (("department", known.departments), ("role", known.roles)):
        for key, name in there.items():
            if label in (key.casefold(), name.casefold()):
                return f"{kind}:{key}"
    return None if known.departments or not _is_key(group) else f"department:{group}"


def _is_key(text: str) -> bool:
    return bool(re.fullmatch(r"[\w.-]{1,60}", text))


def _said(node: Node, attribute: str, element: str, inner: str) -> str:
    assert node.foreign is not None  # noqa: S101  # asked only of steps that say something
    return node.foreign.attributes.get(attribute) or node.foreign.said(element, inner)


def _assign(visit: Visit, node: Node) -> None:
    written = _said(node, "assignee", "assignmentDefinition", "assignee")
    if not written or node.properties.get("assignee"):
        return
    read = _person(visit, written)
    if read is None:
        visit.say("V02", node, written=written[:80])
    else:
        node.properties["assignee"] = read
        visit.say("V01", node, written=written[:80], read=read[:80])


def _person(visit: Visit, written: str) -> str | None:
    """The owner, the starter, or an expression that gives a mail address."""
    if _MAIL.fullmatch(written):
        return repr(written)
    read = dialects.value(written)
    plain = (read or "").strip("'")
    if plain in STARTER or plain == "owner":
        return "starter" if plain in STARTER else "owner"
    if read is None or not conditions.names(read) or _missing(visit, read):
        return None
    return read


def _offer(visit: Visit, node: Node) -> None:
    groups = _listed(_said(node, "candidateGroups", "assignmentDefinition", "candidateGroups"))
    users = _listed(_said(node, "candidateUsers", "assignmentDefinition", "candidateUsers"))
    if groups and not node.properties.get("audience"):
        _give(visit, node, groups)
    if len(groups) > 1 or users:
        visit.say("V05", node, names=words.listed(groups[1:] + users))


def _give(visit: Visit, node: Node, groups: list[str]) -> None:
    fits = [(group, found) for group in groups if (found := audience(visit.known, group))]
    if fits:
        group, found = fits[0]
        groups.remove(group)
        groups.insert(0, group)
        node.properties["audience"] = found
        visit.say("V03", node, group=group[:80], audience=found)
        return
    severity: Severity = "warning" if node.id in visit.process.lane_of else "error"
    given = visit.ask("V04", node, severity=severity, audience=groups[0][:80])
    if given and audience(visit.known, given):
        node.properties["audience"] = given


def _listed(written: str) -> list[str]:
    """``a, b`` or FEEL's ``=["a", "b"]``."""
    inside = _LISTS.match(written.strip())
    parts = (inside[1] if inside else written).split(",")
    return [each for part in parts if (each := part.strip().lstrip("=").strip().strip("\"'").strip())]


def _limit(visit: Visit, node: Node) -> None:
    written = _said(node, "dueDate", "taskSchedule", "dueDate")
    if written and not node.properties.get("due"):
        _due(visit, node, written)
    later = _said(node, "followUpDate", "taskSchedule", "followUpDate")
    if later:
        visit.say("V08", node, names=f"followUpDate={later[:80]}")


def _due(visit: Visit, node: Node, written: str) -> None:
    read = written if references.is_duration(written) else dialects.value(written)
    nonsense = read == repr(written) and not re.match(r"\d{4}-\d\d-\d\d", written)
    missing = [] if read == written else _missing(visit, read)
    what = Text("termin", "the due time")
    if read is None or nonsense:
        visit.say("V07", node, written=written[:80], what=what)
    elif missing:
        visit.say("V09", node, written=written[:80], what=what, names=words.listed(missing))
    else:
        node.properties["due"] = read
        visit.say("V06", node, written=written[:80], read=read[:80])


def _missing(visit: Visit, read: str | None) -> list[str]:
    """Names that nothing surely gives a value."""
    return sorted(conditions.names(read) - visit.provided - visit.known.facts)
