"""Decisions: DMN files read into tables and expressions, whose cells run in a bounded FEEL of our own."""

from engine.process.decisions.deciding import Decision, Literal
from engine.process.decisions.feel.values import shown
from engine.process.decisions.reading import read
from engine.process.decisions.refusals import CellWrong, Conflict, DecisionFailed, FileWrong, TableWrong
from engine.process.decisions.table import Table

__all__ = [
    "CellWrong",
    "Conflict",
    "Decision",
    "DecisionFailed",
    "FileWrong",
    "Literal",
    "Table",
    "TableWrong",
    "read",
    "shown",
]
