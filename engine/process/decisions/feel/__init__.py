"""FEEL, the language of decision tables, compiled once to small functions with bounds.

What the standard calls null stays null, three-valued; what it calls an error is null too, and `Env.trouble` keeps the
first one, so that a decision can refuse where an expression alone would go on. A text that is no FEEL but an expression
of `engine.process.expressions` (a method, a remainder, a comprehension) is taken as one.
"""

from engine.process.decisions.feel.compiling import Formula, Test, each_test, formula, test
from engine.process.decisions.feel.env import Env
from engine.process.decisions.feel.values import Span, YearsMonths, equal, given, literal, written

__all__ = [
    "Env",
    "Formula",
    "Span",
    "Test",
    "YearsMonths",
    "each_test",
    "equal",
    "formula",
    "given",
    "literal",
    "test",
    "written",
]
