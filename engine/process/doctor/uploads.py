"""The files of an upload: diagrams, decision tables, forms; each read or refused by name."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import Refusal
from engine.process import decisions, forms
from engine.process.blueprint import Text
from engine.process.doctor import loading, reading
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
        if kind in {"bpmn", "xml"}:
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
        tables = decisions.read(file.content)
    except Refusal as refused:
        ledger.say("X11", file=file.name, reason=_reason(refused))
        return
    for key, table in tables.items():
        gives = frozenset(name.partition(".")[0] for name in table.outputs)
        bundle.decisions[key] = Decision(key, table.names, gives)


def _form(ledger: Ledger, bundle: Bundle, file: File) -> None:
    try:
        form = forms.load(file.content)
    except Refusal as refused:
        ledger.say("X10", file=file.name, reason=_reason(refused))
        return
    bundle.forms[form.key] = form.names


def _reason(refused: Refusal) -> Text:
    """Why, without the full stop: it goes into a sentence of ours."""
    words = str(refused).rstrip(".")
    return Text(words, words)
