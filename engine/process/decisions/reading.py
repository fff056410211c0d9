"""Decisions from DMN XML, versions 1.1 to 1.5. Everything that could fail later is refused here, by name."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from lxml import etree

from engine.process import expressions
from engine.process.decisions import feel
from engine.process.decisions.deciding import Decision, Literal, Model, Need
from engine.process.decisions.documents import attribute, child, children, own, reference, root, text
from engine.process.decisions.feel.grammar import KEYWORDS
from engine.process.decisions.kinds import Kind
from engine.process.decisions.refusals import (
    Boxed,
    CellWrong,
    Circle,
    ExpressionWrong,
    FileWrong,
    InputWrong,
    NeedMissing,
    NoTable,
    OutputWrong,
    PolicyWrong,
    RowWrong,
    TableWrong,
    Twice,
    ValuesMissing,
    ValuesWrong,
)
from engine.process.decisions.table import AGGREGATIONS, POLICIES, Input, Output, Rule, Table
from engine.process.decisions.types import Types

NAME = re.compile(r"[^\W\d_]\w*(\.[^\W\d_]\w*)*")
SPACED = re.compile(r"[^\W\d]\w*(?: +[^\W\d]\w*)+")
DEEPEST = 30
BOXED = (
    "context",
    "invocation",
    "functionDefinition",
    "relation",
    "list",
    "conditional",
    "for",
    "some",
    "every",
    "filter",
)


def read(xml: bytes) -> dict[str, Decision]:
    """Every decision of a DMN file by its id. Raises `TableWrong`, with what else is wrong in its ``others``."""
    reader = _Reader(root(xml))
    found = reader.everything()
    if reader.wrong:
        first, *rest = reader.wrong
        first.others = tuple(rest)
        raise first
    if not found:
        raise FileWrong
    return found


class _Reader:
    """One file: its decisions, read when something first asks for them."""

    def __init__(self, document: etree._Element) -> None:
        self.types = Types(document)
        self.wrong: list[TableWrong] = []
        self.decisions: dict[str, etree._Element] = {}
        self.models = {attribute(each, "id"): each for each in children(document, "businessKnowledgeModel")}
        self.data = {attribute(each, "id"): each for each in children(document, "inputData")}
        for each in children(document, "decision"):
            key = attribute(each, "id")
            if not key:
                raise FileWrong
            if key in self.decisions:
                raise Twice(decision=key)
            self.decisions[key] = each
        nodes = [*self.decisions.values(), *self.models.values(), *self.data.values()]
        self.known = self.types.names() | {name for node in nodes for name in _names(node)}
        self.known |= {f"{_names(node)[0]}()" for node in self.models.values()}
        self.made: dict[str, Decision | Model | None] = {}
        self.underway: list[str] = []

    def everything(self) -> dict[str, Decision]:
        made = {key: self.made_of(key, key) for key in self.decisions}
        return {key: each for key, each in made.items() if isinstance(each, Decision)}

    def note(self, wrong: TableWrong) -> None:
        self.wrong.append(wrong)

    def made_of(self, key: str, wanted_by: str) -> Decision | Model | None:
        """A decision or model by its id; None when something is wrong with it, which is noted once."""
        if key in self.made:
            return self.made[key]
        node = self.decisions.get(key, self.models.get(key))
        if node is None:
            self.note(NeedMissing(decision=wanted_by, cell=key or "?"))
            return None
        if key in self.underway or len(self.underway) >= DEEPEST:
            self.note(Circle(decision=_title(node)))
            return None
        self.underway.append(key)
        try:
            self.made[key] = self.model(node) if key in self.models else self.decision(node)
        except TableWrong as refusal:
            self.note(refusal)
            self.made[key] = None
        self.underway.pop()
        self.must_be_lent(key)
        return self.made[key]

    def must_be_lent(self, key: str) -> None:
        """Functions that are called without a requirement drawn to them."""
        made = self.made[key]
        for path in sorted(made.paths if made is not None else ()):
            if path.endswith("()"):
                self.note(NeedMissing(decision=key, cell=path))
                self.made[key] = None

    def needs(self, node: etree._Element) -> tuple[Need, ...]:
        wanted = [
            child(each, kind)
            for requirement, kind in (
                ("informationRequirement", "requiredDecision"),
                ("knowledgeRequirement", "requiredKnowledge"),
            )
            for each in children(node, requirement)
        ]
        found = []
        for each in filter(lambda each: each is not None, wanted):
            key = reference(each)
            what = self.made_of(key, _title(node))
            if what is not None:
                name = _names(self.decisions.get(key, self.models.get(key, node)))[0]
                found.append(Need(name, what))
        return tuple(found)

    # -------------------------------------------------------------------------------------- decisions

    def decision(self, node: etree._Element) -> Decision | None:
        title = _title(node)
        needs = self.needs(node)
        table, expression = child(node, "decisionTable"), child(node, "literalExpression")
        if table is not None:
            return self.table(node, table, needs)
        if expression is not None:
            variable = child(node, "variable")
            ready = self.compiled(text(expression), title)
            kind = self.types.kind(attribute(variable, "typeRef") or attribute(expression, "typeRef"))
            name = _plain(attribute(variable, "name") or attribute(node, "id"))
            if not NAME.fullmatch(name):
                raise OutputWrong(decision=title, cell=name)
            return Literal(attribute(node, "id"), title, name, ready, kind, needs) if ready else None
        raise self.refused(node, title)

    def refused(self, node: etree._Element, title: str) -> TableWrong:
        boxed = next((name for name in BOXED if child(node, name) is not None), None)
        return Boxed(decision=title, cell=boxed) if boxed else NoTable(decision=title)

    def model(self, node: etree._Element) -> Model | None:
        title = _title(node)
        logic = child(node, "encapsulatedLogic")
        expression = child(logic, "literalExpression") if logic is not None else None
        if logic is None or expression is None:
            inner = next(
                (
                    etree.QName(each).localname
                    for each in logic or ()
                    if isinstance(each.tag, str) and etree.QName(each).localname != "formalParameter"
                ),
                "?",
            )
            raise Boxed(decision=title, cell=inner)
        parameters = tuple(attribute(each, "name") for each in children(logic, "formalParameter"))
        ready = self.compiled(text(expression), title, bound=parameters)
        return Model(_names(node)[0], parameters, ready, self.needs(node)) if ready else None

    def compiled(self, source: str, title: str, bound: tuple[str, ...] = ()) -> feel.Formula | None:
        known = frozenset(name for name in {*self.known, *bound} if name)
        try:
            ready = feel.formula(source, known, optional=not bound, bound=bound)
        except expressions.ExpressionRefused as refusal:
            self.note(ExpressionWrong(decision=title, cell=source, reason=refusal))
            return None
        if ready is None:
            self.note(NoTable(decision=title))
        return ready

    # -------------------------------------------------------------------------------------- tables

    def table(self, node: etree._Element, drawn: etree._Element, needs: tuple[Need, ...]) -> Table:
        title = _title(node)
        cells = [text(child(each, "inputExpression")) for each in children(drawn, "input")]
        known = self.known | {cell for cell in cells if _is_spaced_name(cell)}
        sheet = _Sheet(self, title, frozenset(known))
        asks = tuple(filter(None, (sheet.input(each) for each in children(drawn, "input"))))
        alone = attribute(child(node, "variable"), "name") or attribute(node, "id")
        gives = tuple(sheet.output(each, alone) for each in children(drawn, "output"))
        _distinct(title, [give.name for give in gives])
        policy, aggregation = _policy(title, drawn)
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(give.kind.allowed for give in gives):
            raise ValuesMissing(decision=title)
        columns = ([each.label for each in asks], [each.label for each in gives])
        rows = children(drawn, "rule") if len(asks) == len(cells) else []
        rules = tuple(sheet.rule(number, each, *columns) for number, each in enumerate(rows, start=1))
        return Table(attribute(node, "id"), title, policy, aggregation, asks, gives, rules, needs)


class _Sheet:
    """One table being read: everything wrong with its cells is noted, not only the first thing."""

    def __init__(self, reader: _Reader, title: str, known: frozenset[str]) -> None:
        self.reader, self.title, self.known = reader, title, known

    def input(self, node: etree._Element) -> Input | None:
        expression = child(node, "inputExpression")
        label = attribute(node, "label")
        cell = text(expression) or label
        try:
            ready = feel.formula(cell, self.known, optional=True)
            if ready is None:
                raise InputWrong(decision=self.title, cell=cell or "?", reason="–")
        except (expressions.ExpressionRefused, InputWrong) as refusal:
            wrong = (
                refusal
                if isinstance(refusal, InputWrong)
                else InputWrong(decision=self.title, cell=cell, reason=refusal)
            )
            self.reader.note(wrong)
            return None
        kind = self.reader.types.kind(attribute(expression, "typeRef"))
        return Input(cell, ready, label or cell, self.limited(kind, text(child(node, "inputValues")), cell))

    def output(self, node: etree._Element, alone: str) -> Output:
        name = _plain(attribute(node, "name") or alone)
        default = self.cell(0, name, text(child(node, "defaultOutputEntry")), feel.formula)
        kind = self.limited(
            self.reader.types.kind(attribute(node, "typeRef")), text(child(node, "outputValues")), name
        )
        return Output(name, attribute(node, "label") or attribute(node, "name") or alone, kind, default)

    def limited(self, kind: Kind, values: str, column: str) -> Kind:
        """The type with the values that the column lists."""
        try:
            allowed = feel.each_test(values, self.known) if values else ()
        except expressions.ExpressionRefused as refusal:
            self.reader.note(ValuesWrong(decision=self.title, column=column, cell=values, reason=refusal))
            return kind
        return Kind(kind.name, kind.many, allowed, values, kind.parts) if allowed else kind

    def rule(self, number: int, node: etree._Element, asked: list[str], given: list[str]) -> Rule:
        conditions = [text(cell) for cell in children(node, "inputEntry")]
        answers = [text(cell) for cell in children(node, "outputEntry")]
        if (len(conditions), len(answers)) != (len(asked), len(given)):
            raise RowWrong(decision=self.title, row=number)
        description = child(node, "description")
        notes = [own(description)] if description is not None else []
        return Rule(
            number,
            tuple(
                self.cell(number, name, cell, feel.test) for name, cell in zip(asked, conditions, strict=True)
            ),
            tuple(
                self.cell(number, name, cell, feel.formula) for name, cell in zip(given, answers, strict=True)
            ),
            (*conditions, *answers),
            " ".join([*notes, *(text(each) for each in children(node, "annotationEntry"))]).strip(),
        )

    def cell(self, row: int, column: str, source: str, compiled: Callable[..., Any]) -> Any:
        try:
            return compiled(source, self.known)
        except expressions.ExpressionRefused as refusal:
            where = {"decision": self.title, "column": column, "cell": source, "reason": refusal}
            self.reader.note(CellWrong(**where, row=row) if row else ValuesWrong(**where))
            return None


def _policy(title: str, table: etree._Element) -> tuple[str, str | None]:
    """The hit policy and the aggregation, also as the letters of the standard: C+, R."""
    written = (attribute(table, "hitPolicy") or "UNIQUE").upper().replace("_", " ")
    asked = attribute(table, "aggregation")
    policy, sign = (
        (written[:1], written[1:].strip()) if written[:1] == "C" and len(written) <= 3 else (written, "")
    )
    policy = POLICIES.get(policy, policy)
    aggregation = asked.upper() or sign
    aggregation = AGGREGATIONS.get(aggregation, aggregation)
    if policy not in POLICIES.values():
        raise PolicyWrong(decision=title, cell=written)
    if aggregation and (aggregation not in AGGREGATIONS.values() or policy != "COLLECT"):
        raise PolicyWrong(decision=title, cell=f"{written} {asked}".strip())
    return policy, aggregation or None


def _distinct(title: str, names: Iterable[str]) -> None:
    """Names that can all stand in one nested dict."""
    names = list(names)
    for name in names:
        beneath = any(other.startswith(f"{name}.") for other in names)
        if not NAME.fullmatch(name) or names.count(name) > 1 or beneath:
            raise OutputWrong(decision=title, cell=name)
    if not names:
        raise OutputWrong(decision=title, cell="–")


def _title(node: etree._Element) -> str:
    return attribute(node, "name") or attribute(node, "id")


def _names(node: etree._Element) -> tuple[str, ...]:
    """What a result is called where it is read: by its variable, else its name, else its id."""
    names = [attribute(child(node, "variable"), "name"), attribute(node, "name"), attribute(node, "id")]
    return tuple(" ".join(name.split()) for name in names if name)


def _plain(name: str) -> str:
    """A name as process data can have it."""
    return name.replace(" ", "_")


def _is_spaced_name(cell: str) -> bool:
    return SPACED.fullmatch(cell) is not None and not KEYWORDS & set(cell.split())


__all__ = ["TableWrong", "read"]
