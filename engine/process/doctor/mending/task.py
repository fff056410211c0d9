"""What a drawer is given: the finding to draw, the element it is about, the value that came with the acceptance."""

from dataclasses import dataclass

from engine.process.doctor.findings import Finding
from engine.process.doctor.mending.document import Piece


@dataclass(frozen=True, slots=True)
class Task:
    """One finding to be drawn."""

    finding: Finding
    element: Piece | None
    value: str = ""
