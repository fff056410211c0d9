"""The files of an upload: diagrams, decision tables, forms; each read or refused by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import Refusal
from engine.process import decisions, forms
from engine.process.doctor import loading, reading, reasons, tables
from engine.process.doctor.findings import Ledger
from engine.process.doctor.model import Bundle, Decision


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file: a diagram (``.bpmn``, ``.xml``), a decision table (``.dmn``) or a form (``.json``)."""

    name: str
    content: bytes


def read(ledger: Ledger, files: Sequence[File]) -> Bundle:
    """Everything that could be read; a finding for everything else."""
    bundle = Bundle()
    diagrams = 0
    for file in files:
        kind = file.name.rpartition(".")[2].lower()
        if kind in {"bpmn", "bpmn2", "bpmn20", "xml"}:
            diagrams += 1
            root = loading.load(ledger, file.name, file.content)
            if root is not None:
                reading.read(ledger, bundle, file.name, root)
        elif kind == "dmn":
            _table(ledger, bundle, file)
        elif kind == "json":
            _form(ledger, bundle, file)
        else:
            ledger.say("X09", file=file.name)
    if not diagrams:
        ledger.say("X16")
    return bundle


def _table(ledger: Ledger, bundle: Bundle, file: File) -> None:
    if loading.load(ledger, file.name, file.content) is None:
        return
    try:
        found = decisions.read(file.content)
    except decisions.FileWrong as refused:
        ledger.say("X11", file=file.name, reason=reasons.reason(refused))
    except decisions.TableWrong as refused:
        tables.unreadable(ledger, file.name, refused)
    else:
        for key, decision in found.items():
            gives = frozenset(name.partition(".")[0] for name in decision.outputs)
            bundle.decisions[key] = Decision(key, decision.names, gives, decision)


def _form(ledger: Ledger, bundle: Bundle, file: File) -> None:
    try:
        form = forms.load(file.content)
    except Refusal as refused:
        ledger.say("X10", file=file.name, reason=reasons.reason(refused))
        return
    bundle.forms[form.key] = form.names
