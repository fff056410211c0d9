"""Safe scripts: lines ``name = expression`` in the fenced language, and nothing else."""

import ast
from functools import lru_cache

from engine.process.spiff import values

LONGEST = 4_000


@lru_cache(1024)
def assignments(script: str) -> tuple[tuple[str, str], ...] | None:
    """The names and expressions of a script, in order; None when it has anything else."""
    text = script.strip()
    try:
        lines = ast.parse(text).body if len(text) <= LONGEST else None
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        lines = None
    found = [_assignment(line, text) for line in lines or ()]
    return None if lines is None or None in found else tuple(each for each in found if each)


def _assignment(line: ast.stmt, text: str) -> tuple[str, str] | None:
    if isinstance(line, ast.Assign) and len(line.targets) == 1:
        target, source = line.targets[0], ast.get_source_segment(text, line.value)
        if isinstance(target, ast.Name) and values.is_fit(target.id) and source:
            return target.id, source
    return None
