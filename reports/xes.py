"""The event log as XES (IEEE 1849): cases as traces, written one after another."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import IO

from lxml import etree

from reports.log_facts import Done, Plain, Trace

EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
)
Names = Callable[[int], str]


def write(
    out: IO[bytes],
    traces: Iterable[Trace],
    *,
    title: str,
    person: Names,
    department: Names,
    label: Callable[[Trace], Mapping[str, Plain]],
    tell: Callable[[int], None] = lambda _: None,
) -> int:
    """Write the log; ``label`` gives the attributes of a case, ``tell`` hears how many are written. Returns how many."""
    count = 0
    with etree.xmlfile(out, encoding="utf-8") as file:
        file.write_declaration()
        with file.element(
            "log", {"xes.version": "1849-2016", "xes.features": "", "xmlns": "http://www.xes-standard.org/"}
        ):
            for head in _heads(title):
                file.write(head)
            for count, trace in enumerate(traces, start=1):  # it is the result
                file.write(_trace(trace, person, department, label(trace)))
                tell(count)
    return count


def _heads(title: str) -> Iterable[etree._Element]:
    for name, prefix, uri in EXTENSIONS:
        yield etree.Element("extension", {"name": name, "prefix": prefix, "uri": uri})
    of_case, of_event = (
        etree.Element("global", {"scope": "trace"}),
        etree.Element("global", {"scope": "event"}),
    )
    _say(of_case, "concept:name", "")
    for key in ("concept:name", "lifecycle:transition"):
        _say(of_event, key, "")
    etree.SubElement(of_event, "date", {"key": "time:timestamp", "value": "1970-01-01T00:00:00.000+00:00"})
    yield from (of_case, of_event)
    yield etree.Element("classifier", {"name": "Activity", "keys": "concept:name"})
    yield etree.Element(
        "classifier", {"name": "Activity and life", "keys": "concept:name lifecycle:transition"}
    )
    for key, value in (("concept:name", title), ("lifecycle:model", "standard")):
        yield etree.Element("string", {"key": key, "value": _clean(value)})


def _trace(trace: Trace, person: Names, department: Names, said: Mapping[str, Plain]) -> etree._Element:
    root = etree.Element("trace")
    for key, value in said.items():
        _say(root, key, value)
    for done in trace.events:
        _event(root, done, person, department)
    return root


def _event(root: etree._Element, done: Done, person: Names, department: Names) -> None:
    event = etree.SubElement(root, "event")
    _say(event, "concept:name", done.activity)
    _say(event, "lifecycle:transition", done.lifecycle)
    etree.SubElement(event, "date", {"key": "time:timestamp", "value": moment(done.at)})
    if done.person_id and "org:resource" not in done.more:
        _say(event, "org:resource", person(done.person_id))
    if done.department_id:
        _say(event, "org:group", department(done.department_id))
    for key, value in done.more.items():
        _say(event, key, value)


def moment(at: datetime) -> str:
    """A moment in UTC to the millisecond’s thousandth, as XES and OCEL write it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _say(parent: etree._Element, key: str, value: Plain) -> None:
    if isinstance(value, bool):
        tag, text = "boolean", "true" if value else "false"
    elif isinstance(value, int):
        tag, text = "int", str(value)
    elif isinstance(value, float):
        tag, text = "float", repr(value)
    else:
        tag, text = "string", _clean(value)
    etree.SubElement(parent, tag, {"key": key, "value": text})


def _clean(text: str) -> str:
    """Without the signs that XML cannot hold."""
    return "".join(each for each in text if (each >= " " and each not in "\ufffe\uffff") or each in "\t\n\r")
