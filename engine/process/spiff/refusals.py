"""What the execution core refuses. `engine.process.runner` offers all of it to its callers."""

from engine.errors import Refusal


class StepBudget(Refusal):
    """This process keeps going round at “%(element)s” without waiting for anybody: stopped after %(steps)s steps."""


class TooMany(Refusal):
    """“%(element)s” would be done more than %(most)s times, which is not possible. Work in smaller lists."""


class StateTooLarge(Refusal):
    """What this case would have to remember has %(size)s megabytes; at most %(most)s are possible. Keep references, not contents."""


class TokenGone(Refusal):
    """This step is no longer open: somebody finished it, or the process moved on."""


class BrokenState(Refusal):
    """The stored state of this case does not fit its diagram any more (%(reason)s)."""


class ExpressionFailed(Refusal):
    """The expression “%(expression)s” of “%(element)s” could not be evaluated: %(reason)s."""


class ScriptRefused(Refusal):
    """The script of “%(element)s” does more than give names their values, so it cannot run here."""


class ScriptFailed(Refusal):
    """The script of “%(element)s” could not be carried out. %(reason)s"""


class ScriptNotApproved(Refusal):
    """The script of “%(element)s” may not run: no administrator has approved it, or the approval was withdrawn."""


class NoWayOut(Refusal):
    """None of the ways out of “%(element)s” fits, and none of them is the default."""


class DecisionMissing(Refusal):
    """“%(element)s” asks the decision table “%(table)s”, which is not part of this process."""


class TooDeep(Refusal):
    """This value is nested too deeply to be kept in a process."""


class NotSupported(Refusal):
    """“%(element)s” is drawn with something this engine does not run (%(what)s)."""
