"""The doctor for decision tables: cells that cannot be read, rules that collide, gaps, rules never reached, types."""

from collections.abc import Collection, Iterator
from typing import Any

from engine.process import expressions
from engine.process.blueprint import Text
from engine.process.decisions import Decision, Table, TableWrong, refusals
from engine.process.decisions.atoms import constants, is_broken, is_closed
from engine.process.decisions.cover import Cover, Example, Undecided
from engine.process.decisions.feel import Env, Formula, equal, literal
from engine.process.decisions.feel.values import kind, taken
from engine.process.decisions.kinds import CLASSES, Unfit
from engine.process.decisions.table import MANY, Output, Rule
from engine.process.doctor.findings import Finding, Ledger
from engine.process.doctor.model import Bundle

MOST = 5
"""So many overlaps of a table are told one by one."""


def unreadable(ledger: Ledger, file: str, wrong: TableWrong) -> None:
    """D01: everything in a file that cannot be read, by table, rule and column."""
    for each in (wrong, *wrong.others):
        ledger.say(
            "D01",
            element=_short(str(each.places.get("decision") or "")) or None,
            file=file,
            reason=_reason(each),
        )


def examine(ledger: Ledger, bundle: Bundle, read: Collection[str]) -> None:
    """D02 to D11 of every table of a bundle. ``read`` are the names that its diagrams read."""
    known = {*read, *(name for names in bundle.forms.values() for name in names)}
    asked = {node.decision for process in bundle.processes for _, node in process.scope.everything()}
    for key, decision in bundle.decisions.items():
        made = decision.made
        if isinstance(made, Table):
            _check(ledger, made)
        for name in made.outputs if made is not None and key in asked else ():
            if made is not None and name.partition(".")[0] not in known:
                ledger.say("D10", element=key, table=_short(made.title), output=name)


def inspected(decision: Decision) -> list[Finding]:
    """The findings about one decision by itself, without a diagram."""
    ledger = Ledger(())
    if isinstance(decision, Table):
        _check(ledger, decision)
    return ledger.findings


def _check(ledger: Ledger, table: Table) -> None:
    for code, places in _findings(table):
        ledger.say(code, element=table.key, table=_short(table.title), **places)


def _findings(table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from _nonsense(table)
    yield from _types(table)
    yield from _answers(table)
    if table.aggregation and len(table.gives) > 1:
        yield "D09", {"aggregation": table.aggregation}
    cover = Cover(table)
    never = cover.never()
    for number in never:
        yield "D06", {"rule": str(number + 1)}
    try:
        yield from _reach(cover, never)
        if cover.entwined is not None:
            yield "D11", {"why": _entwined(*cover.entwined)}
            return
        yield from _overlaps(cover)
        yield from _gaps(cover)
    except Undecided:
        yield "D11", {"why": Text("ma zbyt wiele reguł i kolumn", "it has too many rules and columns")}


# ------------------------------------------------------------------------------------------- rules


def _reach(cover: Cover, never: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """D05: rules that the rules before them leave nothing to."""
    if cover.table.policy != "FIRST":
        return
    for number in range(len(cover.table.rules)):
        if number not in never and not cover.is_reached(number):
            yield "D05", {"rule": str(number + 1)}


def _overlaps(cover: Cover) -> Iterator[tuple[str, dict[str, Any]]]:
    """D02 and D03: two rules where only one may apply, or where both must agree and do not."""
    table = cover.table
    if table.policy not in ("UNIQUE", "ANY"):
        return
    code = "D02" if table.policy == "UNIQUE" else "D03"
    found = [
        (one, other, example)
        for one, other, example in cover.overlaps()
        if table.policy == "UNIQUE" or _differ(table.rules[one], table.rules[other])
    ]
    for one, other, example in found[:MOST]:
        yield (
            code,
            {
                "rules": f"{one + 1}, {other + 1}",
                "example": _example(table, example),
                "more": _more(len(found)),
            },
        )


def _more(count: int) -> Text:
    """How many pairs are not told one by one."""
    if count <= MOST:
        return Text()
    return Text(f" (takich par: {count})", f" (pairs like this: {count})")


def _differ(one: Rule, other: Rule) -> bool:
    """Whether two rules surely answer differently: all their answers are constants, and some differ."""
    pairs = list(zip(one.answers, other.answers, strict=True))
    if any(each is not None and not _is_constant(each) for pair in pairs for each in pair):
        return False
    return any(equal(_constant(mine), _constant(theirs), Env({})) is not True for mine, theirs in pairs)


def _gaps(cover: Cover) -> Iterator[tuple[str, dict[str, Any]]]:
    """D04: an input no rule is for, where one answer is expected and no output has a default."""
    table = cover.table
    if table.policy in MANY or not table.asks or all(give.default is not None for give in table.gives):
        return
    example = cover.gap()
    if example is not None:
        yield "D04", {"example": _example(table, example)}


def _example(table: Table, example: Example) -> Text:
    told = [
        f"{_short(ask.cell)} = {_short(literal(value))}"
        for ask, value in zip(table.asks, example, strict=True)
    ]
    text = ", ".join(told[:8])
    return Text(text or "zawsze", text or "always")


def _entwined(one: str, other: str) -> Text:
    one, other = _short(one), _short(other)
    return Text(
        f"kolumny „{one}” i „{other}” pytają o to samo",
        f"the columns “{one}” and “{other}” ask about the same",
    )


# ------------------------------------------------------------------------------------------- types


def _nonsense(table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """D12: a date, time or duration that does not exist."""
    columns = [*(ask.label for ask in table.asks), *(give.name for give in table.gives)]
    for rule in table.rules:
        for place, cell in enumerate((*rule.conditions, *rule.answers)):
            if cell is not None and cell.node is not None and is_broken(cell.node):
                told = {"rule": str(rule.number), "column": _short(columns[place])}
                yield "D12", {**told, "cell": _short(rule.cells[place])}


def _types(table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """D07: a cell compares with something that its column never holds."""
    for place, ask in enumerate(table.asks):
        for rule in table.rules:
            cell = rule.conditions[place]
            if cell is None or cell.node is None or not is_closed(cell):
                continue
            odd = next((each for each in constants([cell.node]) if _is_odd(ask.kind.name, each)), None)
            if odd is not None:
                told = {
                    "rule": str(rule.number),
                    "column": _short(ask.label),
                    "cell": _short(rule.cells[place]),
                }
                yield "D07", {**told, "type": ask.kind.name, "other": kind(odd)}
                break


def _is_odd(name: str, constant: Any) -> bool:
    if name == "string":
        return type(constant) is not str and kind(constant) not in ("number", "boolean")
    wanted = CLASSES.get(name)
    if wanted is None:
        return False
    return type(constant) not in wanted


def _answers(table: Table) -> Iterator[tuple[str, dict[str, Any]]]:
    """D08: an answer that its column does not allow, or that cannot be added up."""
    for rule in table.rules:
        for place, (answer, give) in enumerate(zip(rule.answers, table.gives, strict=True)):
            if answer is not None and _is_constant(answer) and _is_refused(table, give, _constant(answer)):
                cell = rule.cells[len(table.asks) + place]
                yield "D08", {"rule": str(rule.number), "column": _short(give.name), "cell": _short(cell)}


def _is_refused(table: Table, give: Output, value: Any) -> bool:
    env = Env({})
    try:
        fitted = give.kind.fitted(value, env)
    except Unfit:
        return True
    if table.aggregation == "SUM" and fitted is not None and kind(fitted) in ("string", "boolean", "date"):
        return True
    return not give.kind.allows(fitted, env)


def _is_constant(answer: Formula) -> bool:
    return (
        answer.node is not None
        and not answer.paths
        and answer.node.kind in ("number", "text", "literal", "minus")
    )


def _constant(answer: Formula | None) -> Any:
    return taken(answer.run(Env({}))) if answer is not None else None


# ------------------------------------------------------------------------------------------- words

_WHY: dict[type[TableWrong], tuple[str, str]] = {
    refusals.CellWrong: (
        "w tabeli „%(decision)s”, w regule %(row)s, w kolumnie „%(column)s”, nie da się odczytać „%(cell)s” (%(why)s)",
        "in the table “%(decision)s”, rule %(row)s, column “%(column)s”, “%(cell)s” cannot be read (%(why)s)",
    ),
    refusals.ValuesWrong: (
        "w tabeli „%(decision)s” nie da się odczytać wartości kolumny „%(column)s”: „%(cell)s” (%(why)s)",
        "in the table “%(decision)s” the values of column “%(column)s” cannot be read: “%(cell)s” (%(why)s)",
    ),
    refusals.InputWrong: (
        "w tabeli „%(decision)s” nie da się odczytać wejścia „%(cell)s” (%(why)s)",
        "in the table “%(decision)s” the input “%(cell)s” cannot be read (%(why)s)",
    ),
    refusals.ExpressionWrong: (
        "w decyzji „%(decision)s” nie da się odczytać wyrażenia „%(cell)s” (%(why)s)",
        "in the decision “%(decision)s” the expression “%(cell)s” cannot be read (%(why)s)",
    ),
    refusals.RowWrong: (
        "reguła %(row)s tabeli „%(decision)s” nie ma komórki dla każdej kolumny",
        "rule %(row)s of the table “%(decision)s” does not have a cell for every column",
    ),
    refusals.OutputWrong: (
        "wyjścia tabeli „%(decision)s” muszą mieć różne nazwy, które da się czytać w wyrażeniach, a nie „%(cell)s”",
        "the outputs of “%(decision)s” need distinct names that expressions can read, not “%(cell)s”",
    ),
    refusals.ValuesMissing: (
        "zasada tabeli „%(decision)s” szereguje odpowiedzi, a żadne wyjście nie ma listy wartości",
        "the hit policy of “%(decision)s” ranks the answers, and no output lists its values",
    ),
    refusals.PolicyWrong: (
        "tabela „%(decision)s” podaje nieznaną zasadę albo działanie: %(cell)s",
        "the table “%(decision)s” names an unknown hit policy or aggregation: %(cell)s",
    ),
    refusals.Boxed: (
        "decyzja „%(decision)s” jest zapisana jako „%(cell)s”; używamy tabel i pojedynczych wyrażeń",
        "the decision “%(decision)s” is written as “%(cell)s”; tables and literal expressions are used",
    ),
    refusals.NoTable: (
        "decyzja „%(decision)s” nie zawiera tabeli ani wyrażenia",
        "the decision “%(decision)s” holds neither a table nor an expression",
    ),
    refusals.NeedMissing: (
        "decyzja „%(decision)s” opiera się na „%(cell)s”, czego nie ma w tym pliku",
        "the decision “%(decision)s” rests on “%(cell)s”, which is not in this file",
    ),
    refusals.Circle: (
        "decyzja „%(decision)s” opiera się sama na sobie albo na łańcuchu ponad 30 innych",
        "the decision “%(decision)s” rests on itself, or on more than 30 others in a row",
    ),
    refusals.Twice: (
        "dwie decyzje mają ten sam identyfikator: %(decision)s",
        "two decisions have the same id: %(decision)s",
    ),
    refusals.FileWrong: (
        "to nie jest plik DMN, który da się odczytać (XML bez DOCTYPE, do 2 MB)",
        "it is no DMN file that can be read (XML without a DOCTYPE, up to 2 MB)",
    ),
}


def _reason(wrong: TableWrong) -> Text:
    pl, en = _WHY.get(type(wrong), (str(wrong), str(wrong)))
    why = _trouble(wrong.places.get("reason"))
    places = {key: _short(str(value)) for key, value in wrong.places.items()}
    return Text(pl % {**places, "why": why.pl}, en % {**places, "why": why.en})


def _trouble(reason: Any) -> Text:
    """What is wrong with an expression."""
    match reason:
        case expressions.Unreadable(at=at):
            return Text(
                f"to nie jest całe wyrażenie, znak {at}", f"not a whole expression, at character {at}"
            )
        case expressions.UnknownFunction(what=what):
            return Text(
                f"nieznana funkcja {what} albo zła liczba wartości",
                f"unknown function {what}, or a wrong number of values",
            )
        case expressions.TooMuch():
            return Text("jest za długie", "it is too long")
        case expressions.Denied(what=what):
            return Text(f"niedozwolone: {what}", f"not allowed: {what}")
    return Text("puste", "empty")


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
