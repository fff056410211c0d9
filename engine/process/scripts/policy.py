"""Which policy a version's scripts need, and the one hash that names all its Python.

*safe*: lines ``name = expression`` in the fenced language. *trusted*: plain Python in the worker, after an
administrator who is not its author has approved exactly these texts.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from engine.process.blueprint import Blueprint, Diagram, Element

SAFE, TRUSTED = "safe", "trusted"


@dataclass(frozen=True, slots=True)
class Script:
    """The Python of one element."""

    diagram: Diagram
    element: Element
    text: str


def scripts(plan: Blueprint) -> Sequence[Script]:
    """Every Python script of a version, in the order of the diagrams."""
    return [
        Script(diagram, element, element.script)
        for diagram, element in plan.everything()
        if element.script is not None
    ]


def of(plan: Blueprint) -> str:
    """The policy that a version needs."""
    return TRUSTED if scripts(plan) else SAFE


def digest(plan: Blueprint) -> str:
    """SHA-256 of every Python script with the element it stands in."""
    named = sorted((each.diagram.id, each.element.id, each.text) for each in scripts(plan))
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()
