"""The words of FEEL and JUEL: how they are parted, and what says the same in the fenced language."""

import re

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
        |(?P<number>\d+(?:\.\d+)?|\.\d+)
        |(?P<name>[^\W\d]\w*)
        |(?P<sign>\.\.|<=|>=|==|!=|<>|&&|\|\||[-+*/%<>=!?:.,()\[\]{}]))""",
    re.VERBOSE,
)
WORDS = {"true": "True", "false": "False", "null": "None"}
"""Values that are words."""
COMPARING = {
    "=": "==",
    "==": "==",
    "eq": "==",
    "!=": "!=",
    "<>": "!=",
    "ne": "!=",
    "<": "<",
    "lt": "<",
    "<=": "<=",
    "le": "<=",
    ">": ">",
    "gt": ">",
    ">=": ">=",
    "ge": ">=",
}
"""What compares, in either language."""
OPERATORS = frozenset(
    ["or", "and", "in", "between", "div", "mod", "then", "else", "return", "satisfies", *COMPARING]
)
"""Words that are no names."""
SPACED = (
    *("starts with", "ends with", "string length", "upper case", "lower case", "list contains"),
    *("date and time", "is empty", "get value"),
)
"""Functions of FEEL whose names have blanks."""

FUNCTIONS: dict[tuple[str, int], str] = {
    ("contains", 2): "{1} in {0}",
    ("starts with", 2): "{0}.startswith({1})",
    ("ends with", 2): "{0}.endswith({1})",
    ("string length", 1): "len({0})",
    ("upper case", 1): "{0}.upper()",
    ("lower case", 1): "{0}.lower()",
    ("list contains", 2): "{1} in {0}",
    ("is empty", 1): "len({0}) == 0",
    ("get value", 2): "{0}.get({1})",
    ("count", 1): "len({0})",
    ("date and time", 1): "datetime({0})",
    ("string", 1): "str({0})",
    ("number", 1): "float({0})",
    ("not", 1): "not {0}",
    **{
        (name, 1): f"{name}({{0}})" for name in ("sum", "min", "max", "abs", "date", "duration", "all", "any")
    },
    **{(name, 0): f"{name}()" for name in ("now", "today")},
}
"""By name and number of arguments."""
METHODS: dict[tuple[str, int], str] = {
    ("equals", 1): "{0} == {1}",
    ("equalsIgnoreCase", 1): "{0}.lower() == {1}.lower()",
    ("contains", 1): "{1} in {0}",
    ("startsWith", 1): "{0}.startswith({1})",
    ("endsWith", 1): "{0}.endswith({1})",
    ("toLowerCase", 0): "{0}.lower()",
    ("toUpperCase", 0): "{0}.upper()",
    ("trim", 0): "{0}.strip()",
    ("isEmpty", 0): "len({0}) == 0",
    ("size", 0): "len({0})",
    ("length", 0): "len({0})",
}
"""Methods of JUEL, by name and number of arguments."""
HOLDERS = frozenset({"execution", "task"})
READERS = frozenset({"getVariable", "getVariableLocal"})
"""How JUEL reads a variable from one of its holders."""


class NotOurs(Exception):
    """Something that our language cannot say."""


def tokens(text: str) -> list[tuple[str, str]]:
    """The kinds and texts of what stands in an expression. Raises NotOurs for a sign that neither of us knows."""
    found: list[tuple[str, str]] = []
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise NotOurs
        found.append((match.lastgroup or "", match[match.lastgroup or 0]))
        place = match.end()
    return found
