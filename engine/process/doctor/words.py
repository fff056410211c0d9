"""What elements are called in a sentence, in both languages."""

from engine.process.blueprint import Text
from engine.process.doctor.model import LaneRead, Link, Node, Process

KINDS = {
    "task": Text("krok", "step"),
    "userTask": Text("zadanie dla człowieka", "user task"),
    "manualTask": Text("zadanie ręczne", "manual task"),
    "serviceTask": Text("zadanie usługowe", "service task"),
    "scriptTask": Text("zadanie skryptowe", "script task"),
    "sendTask": Text("zadanie wysłania", "send task"),
    "receiveTask": Text("zadanie odbioru", "receive task"),
    "businessRuleTask": Text("zadanie z regułą", "business rule task"),
    "callActivity": Text("wywołanie procesu", "call activity"),
    "subProcess": Text("podproces", "sub-process"),
    "transaction": Text("transakcja", "transaction"),
    "adHocSubProcess": Text("podproces swobodny", "ad-hoc sub-process"),
    "exclusiveGateway": Text("bramka wykluczająca", "exclusive gateway"),
    "parallelGateway": Text("bramka równoległa", "parallel gateway"),
    "inclusiveGateway": Text("bramka wyboru wielu dróg", "inclusive gateway"),
    "complexGateway": Text("bramka złożona", "complex gateway"),
    "eventBasedGateway": Text("bramka zdarzeń", "event gateway"),
    "startEvent": Text("zdarzenie początkowe", "start event"),
    "endEvent": Text("zdarzenie końcowe", "end event"),
    "intermediateCatchEvent": Text("zdarzenie oczekujące", "waiting event"),
    "intermediateThrowEvent": Text("zdarzenie nadające", "throwing event"),
    "boundaryEvent": Text("zdarzenie na brzegu kroku", "boundary event"),
}
TRIGGERS = {
    "message": Text("wiadomość", "message"),
    "signal": Text("sygnał", "signal"),
    "timer": Text("czas", "time"),
    "error": Text("błąd", "error"),
    "escalation": Text("eskalacja", "escalation"),
    "conditional": Text("warunek", "condition"),
    "terminate": Text("zakończenie całości", "termination"),
    "cancel": Text("anulowanie", "cancellation"),
    "compensate": Text("kompensacja", "compensation"),
    "link": Text("łącznik", "link"),
}


def called(about: Node | Link | LaneRead | None) -> Text:
    """The element in quotes, or its kind and id where it has no name."""
    if about is None:
        return Text()
    if isinstance(about, LaneRead):
        label = f"„{_short(about.name)}”" if about.name else f"bez nazwy ({about.id})"
        english = f"the lane “{_short(about.name)}”" if about.name else f"the unnamed lane ({about.id})"
        return Text(f"tor {label}", english)
    if about.name:
        return Text(f"„{_short(about.name)}”", f"“{_short(about.name)}”")
    if isinstance(about, Node):
        kind, key = KINDS.get(about.drawn or about.kind, KINDS["task"]), about.source or about.id
        return Text(f"{kind.pl} bez nazwy ({key})", f"the unnamed {kind.en} ({key})")
    return Text(f"strzałka bez nazwy ({about.id})", f"the unnamed flow ({about.id})")


def quoted(about: Node | Link | LaneRead | None) -> Text:
    """The element by its name or id in quotes: for places where its kind would need declining."""
    if about is None:
        return Text()
    label = _short(about.name) or source(about) or about.id
    return Text(f"„{label}”", f"“{label}”")


def process(about: Process) -> Text:
    """A process in quotes."""
    label = _short(about.name) or about.source
    return Text(f"proces „{label}”", f"the process “{label}”")


def name(about: Node | Link | LaneRead | None) -> str:
    """The name as drawn."""
    return about.name if about is not None else ""


def source(about: Node | Link | LaneRead | None) -> str | None:
    """The id of the upload, None for what the doctor added."""
    if isinstance(about, Node):
        return about.source
    if isinstance(about, Link):
        return about.source_id
    return about.id if about is not None else None


def trigger(kind: str) -> Text:
    """What an event is about."""
    return TRIGGERS.get(kind, Text(kind, kind))


def listed(names: list[str], *, most: int = 6) -> str:
    """Names in one line, cut where there are many."""
    shown = ", ".join(_short(each) for each in names[:most])
    return shown if len(names) <= most else f"{shown} … (+{len(names) - most})"


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
