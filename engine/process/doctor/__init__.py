"""The doctor: from any uploaded BPMN to findings, repairs, an executable form and a blueprint.

An upload is read into a small model of our own (`reading`, `model`), repaired there (`repairs`), and written out as
fresh XML (`writing`) that SpiffWorkflow must accept (`trial`). Nothing is dropped without a finding (`catalogue`),
and no content of a file raises an exception.
"""

from engine.process.doctor.examining import Compiled, Examined, examine
from engine.process.doctor.findings import Finding
from engine.process.doctor.mending import Mended, mend, mended
from engine.process.doctor.surveys import Survey, survey
from engine.process.doctor.uploads import File
from engine.process.doctor.visit import FACTS, Decided, Known

__all__ = [
    "FACTS",
    "Compiled",
    "Decided",
    "Examined",
    "File",
    "Finding",
    "Known",
    "Mended",
    "Survey",
    "examine",
    "mend",
    "mended",
    "survey",
]
