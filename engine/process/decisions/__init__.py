"""Decision tables: DMN files read into `Table`, whose cells run in the fenced language of `expressions`."""

from engine.process.decisions.reading import read
from engine.process.decisions.refusals import CellWrong, Conflict, DecisionFailed, FileWrong, TableWrong
from engine.process.decisions.table import Table

__all__ = ["CellWrong", "Conflict", "DecisionFailed", "FileWrong", "Table", "TableWrong", "read"]
