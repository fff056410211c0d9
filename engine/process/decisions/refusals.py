"""How a decision table is refused when it is read, and how it fails when it decides."""

from typing import Any

from engine.errors import Refusal


class TableWrong(Refusal):
    """The decision table “%(decision)s” cannot be used."""

    def __init__(self, **places: Any) -> None:
        self.others: tuple[TableWrong, ...] = ()
        """What else is wrong in the same file."""
        super().__init__(**places)


class FileWrong(TableWrong):
    """This file is not a decision table that can be read: it must be DMN XML without a DOCTYPE, up to 2 MB."""


class NoTable(TableWrong):
    """The decision “%(decision)s” holds no decision table."""


class Boxed(TableWrong):
    """The decision “%(decision)s” is written as “%(cell)s”, which is not used here: draw a table or a literal expression."""


class Twice(TableWrong):
    """Two decisions of the file have the same id: %(decision)s."""


class NeedMissing(TableWrong):
    """The decision “%(decision)s” rests on “%(cell)s”, which is not in this file."""


class Circle(TableWrong):
    """The decision “%(decision)s” rests on itself, or on more than 30 others in a row."""


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
    """Rule %(row)s of the decision table “%(decision)s”: the cell in column “%(column)s” cannot be read: %(cell)s (%(reason)s)"""


class ValuesWrong(TableWrong):
    """The decision table “%(decision)s”: the values of column “%(column)s” cannot be read: %(cell)s (%(reason)s)"""


class ExpressionWrong(TableWrong):
    """The expression of “%(decision)s” cannot be read: %(cell)s (%(reason)s)"""


class DecisionFailed(Refusal):
    """The decision table “%(table)s” gives no answer."""


class Conflict(DecisionFailed):
    """In the decision table “%(table)s” the rules %(rules)s apply at the same time, and only one may. Inputs: %(inputs)s"""


class Disagreement(Conflict):
    """In the decision table “%(table)s” the rules %(rules)s apply and must agree, but their answers differ. Inputs: %(inputs)s"""


class InputFailed(DecisionFailed):
    """The input “%(cell)s” of the decision table “%(table)s” could not be worked out."""


class InputUnfit(InputFailed):
    """The input “%(cell)s” of the decision table “%(table)s” must be of type %(type)s and is %(value)s."""


class InputNotAllowed(InputFailed):
    """The input “%(cell)s” of the decision table “%(table)s” is %(value)s, and only these are allowed: %(allowed)s."""


class RuleFailed(DecisionFailed):
    """Rule %(rules)s of the decision table “%(table)s” could not be worked out: %(cell)s. Inputs: %(inputs)s"""


class AnswerUnfit(RuleFailed):
    """Rule %(rules)s of the decision table “%(table)s” answers %(value)s in “%(cell)s”, which must be of type %(type)s."""


class AnswerNotAllowed(RuleFailed):
    """Rule %(rules)s of the decision table “%(table)s” answers %(value)s in “%(cell)s”; only these are allowed: %(allowed)s."""


class DefaultFailed(DecisionFailed):
    """The default answer of the decision table “%(table)s” could not be worked out: %(cell)s."""


class ExpressionFailed(DecisionFailed):
    """The expression of the decision “%(table)s” could not be worked out: %(cell)s (%(reason)s)."""


class NotAddable(DecisionFailed):
    """The answers of rules %(rules)s of the decision table “%(table)s” cannot be added or compared."""
