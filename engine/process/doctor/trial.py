"""The last check: the executable becomes a program. Only this file of the doctor knows SpiffWorkflow."""

from dataclasses import replace
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.errors import Refusal
from engine.process import program
from engine.process.blueprint import Blueprint, Text
from engine.process.doctor import reasons, words
from engine.process.doctor.findings import Ledger
from engine.process.doctor.model import Bundle, Node

_TROUBLE = (
    ValidationException,
    Refusal,
    RecursionError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    etree.LxmlError,
)


def read(ledger: Ledger, bundle: Bundle, blueprint: Blueprint, executable: bytes) -> bool:
    """X15: whether every process of the bundle can be made a program; what cannot is named."""
    sound, seen = True, set[str]()
    for process in bundle.processes:
        if process.id in seen:
            continue
        try:
            made = program.parse(executable, replace(blueprint, process=process.id))
            seen |= {made.spec.name, *made.subspecs}
        except _TROUBLE as trouble:
            _report(ledger, bundle, process.source, trouble)
            sound = False
    return sound


def _report(ledger: Ledger, bundle: Bundle, diagram: str, trouble: Exception) -> None:
    node = _place(bundle, diagram, getattr(trouble, "id", None))
    about = (
        words.called(node) if node is not None else Text(f"proces „{diagram}”", f"the process “{diagram}”")
    )
    ledger.say("X15", diagram, node, at=about, reason=reasons.of_parser(trouble))


def _place(bundle: Bundle, diagram: str, element: Any) -> Node | None:
    for process in bundle.processes:
        if process.source == diagram and element:
            for _, node in process.scope.everything():
                if element in (node.id, node.source):
                    return node
    return None
