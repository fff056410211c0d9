"""How a decision table is refused when it is read, and how it fails when it decides."""

from engine.errors import Refusal


class TableWrong(Refusal):
    """The decision table “%(decision)s” cannot be used."""


class FileWrong(TableWrong):
    """This file is not a decision table that can be read: it must be DMN XML without a DOCTYPE, up to 2 MB."""


class NoTable(TableWrong):
    """The decision “%(decision)s” holds no decision table."""


class Twice(TableWrong):
    """Two decisions of the file have the same id: %(decision)s."""


class NeedsAnother(TableWrong):
    """The decision “%(decision)s” rests on another decision. Put two business rule tasks into the diagram instead."""


class PolicyWrong(TableWrong):
    """The decision table “%(decision)s” names an unknown hit policy or aggregation: %(cell)s."""


class ValuesMissing(TableWrong):
    """The hit policy of “%(decision)s” ranks the rules by output values: list the values of at least one output."""


class OutputWrong(TableWrong):
    """The decision table “%(decision)s” needs outputs with distinct names that expressions can read, not “%(cell)s”."""


class RowWrong(TableWrong):
    """Rule %(row)s of the decision table “%(decision)s” does not have a cell for every column."""


class InputWrong(TableWrong):
    """The decision table “%(decision)s” has an input that cannot be read: %(cell)s (%(reason)s)"""


class CellWrong(TableWrong):
    """Rule %(row)s of the decision table “%(decision)s” has a cell that cannot be read: %(cell)s (%(reason)s)"""


class DecisionFailed(Refusal):
    """The decision table “%(table)s” gives no answer."""


class Conflict(DecisionFailed):
    """In the decision table “%(table)s” the rules %(rules)s apply at the same time, and only one may."""


class InputFailed(DecisionFailed):
    """The input “%(cell)s” of the decision table “%(table)s” could not be worked out."""


class RuleFailed(DecisionFailed):
    """Rule %(rules)s of the decision table “%(table)s” could not be worked out: %(cell)s."""


class NotAddable(DecisionFailed):
    """The answers of rules %(rules)s of the decision table “%(table)s” cannot be added or compared."""
