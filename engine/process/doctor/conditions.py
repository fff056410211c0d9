"""Conditions and other expressions: read from the languages of other tools, checked by the fence."""

import ast
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from engine.process import expressions
from engine.process.blueprint import Text
from engine.process.doctor import dialects

_WRAPPED = re.compile(r"[$#]\{(.*)\}", re.DOTALL)
_OTHER_LANGUAGES = [
    (re.compile(r"&&"), " and "),
    (re.compile(r"\|\|"), " or "),
    (re.compile(r"!(?!=)"), " not "),
    (re.compile(r"(?<![=!<>])=(?!=)"), "=="),
    (re.compile(r"<>"), "!="),
    (re.compile(r"\btrue\b"), "True"),
    (re.compile(r"\bfalse\b"), "False"),
    (re.compile(r"\bnull\b"), "None"),
]


def understood(text: str | None) -> str | None:
    """A condition in our language, or None for a mere text."""
    plain = unwrapped(text)
    if not plain:
        return None
    if usable(plain) and not _means_otherwise(text or "", plain):
        return None if _says_nothing(plain) else plain
    read = dialects.read(text)
    if read is not None:
        return None if _says_nothing(read) else read
    if usable(plain):
        return None
    for pattern, ours in _OTHER_LANGUAGES:
        plain = pattern.sub(ours, plain)
    plain = " ".join(plain.split())
    return plain if usable(plain) and not _says_nothing(plain) else None


def unwrapped(text: str | None) -> str:
    """Without the ``${…}`` or leading ``=`` of other tools."""
    plain = (text or "").strip()
    wrapped = _WRAPPED.fullmatch(plain)
    if wrapped:
        return wrapped[1].strip()
    return plain[1:].strip() if plain.startswith("=") and not plain.startswith("==") else plain


def usable(source: str) -> bool:
    """Whether the fence lets this expression in."""
    return problem(source) is None


def problem(source: str) -> Text | None:
    """Why an expression cannot be used, None if it can."""
    try:
        expressions.check(source)
    except expressions.Unreadable as refused:
        return Text(
            f"to nie jest całe wyrażenie (znak {refused.at})", f"not a whole expression (at {refused.at})"
        )
    except expressions.UnknownFunction as refused:
        return Text(f"nieznana funkcja {refused.what}", f"unknown function {refused.what}")
    except expressions.TooMuch:
        return Text("jest za długie", "it is too long")
    except expressions.ExpressionRefused as refused:
        return Text(f"niedozwolone: {refused.what}", f"not allowed: {refused.what}")
    return None


@lru_cache(maxsize=1024)
def names(source: str | None) -> frozenset[str]:
    """The names an expression reads; none for one that is refused."""
    if not source or not usable(source):
        return frozenset()
    return expressions.names(source)


def contrary(one: str, other: str) -> bool:
    """Whether exactly one of two conditions always holds: ``x`` and ``not x``, ``a == b`` and ``a != b``."""
    first, second = _bare(one), _bare(other)
    return _negated(first) == second or _negated(second) == first


@lru_cache(maxsize=256)
def assignments(script: str | None) -> Mapping[str, str] | None:
    """A script of lines ``name = expression`` that the fence accepts, else None."""
    if not script or not script.strip():
        return None
    try:
        tree = ast.parse(script.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: dict[str, str] = {}
    for line in tree.body:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if usable(ast.unparse(value)):
                found[name] = ast.unparse(value)
            case _:
                return None
    return MappingProxyType(found) if found else None


def _means_otherwise(text: str, plain: str) -> bool:
    """Whether words that are also ours mean something else there: ``true`` is no name, FEEL counts from one and
    writes the keys of a context bare."""
    reads_otherwise = text.strip().startswith("=") and ("[" in plain or "{" in plain)
    return reads_otherwise or bool(names(plain) & {"true", "false", "null"})


def _says_nothing(source: str) -> bool:
    """A bare text or number is a label, a list or a context no answer to yes or no."""
    body = _tree(source).body
    if isinstance(body, ast.List | ast.ListComp | ast.Dict | ast.Tuple | ast.Set):
        return True
    return isinstance(body, ast.Constant) and not isinstance(body.value, bool)


def _bare(source: str) -> str:
    return ast.unparse(_tree(source))


def _negated(source: str) -> str:
    body = _tree(source).body
    opposite = {"==": "!=", "<": ">=", ">": "<="}
    if isinstance(body, ast.Compare) and len(body.ops) == 1:
        for one, other in [*opposite.items(), *((value, key) for key, value in opposite.items())]:
            left, right = ast.unparse(body.left), ast.unparse(body.comparators[0])
            if source == f"{left} {one} {right}":
                return f"{left} {other} {right}"
    return ast.unparse(ast.UnaryOp(op=ast.Not(), operand=body))


def _tree(source: str) -> ast.Expression:
    """Read like the fence reads it: line breaks count as blanks."""
    plain = source if "#" in source else source.replace("\r", " ").replace("\n", " ")
    return ast.parse(plain.strip(), mode="eval")
