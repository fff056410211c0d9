"""Decision tables from DMN XML, versions 1.1 to 1.5. Everything that could fail later is refused here, by name."""

import re
from typing import Any

from lxml import etree

from engine.process import expressions
from engine.process.decisions import feel
from engine.process.decisions.refusals import (
    CellWrong,
    FileWrong,
    InputWrong,
    NeedsAnother,
    NoTable,
    OutputWrong,
    PolicyWrong,
    RowWrong,
    TableWrong,
    Twice,
    ValuesMissing,
)
from engine.process.decisions.table import AGGREGATIONS, POLICIES, Input, Output, Rule, Table

MAX_BYTES = 2_000_000
MAX_NODES = 20_000
MAX_TEXT = 20_000
DMN = re.compile(r"https?://www\.omg\.org/spec/DMN/\d{8}/")
NAME = re.compile(r"[^\W\d_]\w*(\.[^\W\d_]\w*)*")
TYPES = {"date": "date", "datetime": "datetime", "dateandtime": "datetime"}


def read(xml: bytes) -> dict[str, Table]:
    """Every decision table of a DMN file by the id of its decision. Raises `TableWrong`."""
    tables: dict[str, Table] = {}
    for decision in _children(_root(xml), "decision"):
        table = _table(decision)
        if table.key in tables:
            raise Twice(decision=table.key)
        tables[table.key] = table
    if not tables:
        raise FileWrong
    return tables


def _root(xml: bytes) -> etree._Element:
    """The root of a harmless DMN document."""
    if len(xml) > MAX_BYTES or b"<!DOCTYPE" in xml.replace(b"\0", b""):
        raise FileWrong
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise FileWrong from None
    info = root.getroottree().docinfo
    nodes = list(root.iter())
    if info.doctype or len(nodes) > MAX_NODES or any(_long(node) for node in nodes):
        raise FileWrong
    if not DMN.match(str(etree.QName(root).namespace)) or etree.QName(root).localname != "definitions":
        raise FileWrong
    return root


def _long(node: etree._Element) -> bool:
    texts = (node.text or "", node.tail or "", *map(str, node.attrib.values()))
    return not isinstance(node.tag, str) or max(map(len, texts)) > MAX_TEXT


def _children(node: etree._Element, name: str) -> list[etree._Element]:
    return [
        child
        for child in node
        if etree.QName(child).localname == name and DMN.match(str(etree.QName(child).namespace))
    ]


def _child(node: etree._Element, name: str) -> etree._Element | None:
    return next(iter(_children(node, name)), None)


def _text(node: etree._Element | None) -> str:
    """The ``text`` child of a node."""
    text = _child(node, "text") if node is not None else None
    return "".join(map(str, text.itertext())).strip() if text is not None else ""


def _table(decision: etree._Element) -> Table:
    key = decision.get("id", "")
    title = decision.get("name") or key
    if not key:
        raise FileWrong
    for need in _children(decision, "informationRequirement"):
        if _children(need, "requiredDecision"):
            raise NeedsAnother(decision=title)
    table = _child(decision, "decisionTable")
    if table is None:
        raise NoTable(decision=title)
    variable = _child(decision, "variable")
    asks = tuple(_input(title, node) for node in _children(table, "input"))
    alone = (variable.get("name") if variable is not None else None) or key
    gives = tuple(_output(title, node, alone) for node in _children(table, "output"))
    _distinct(title, [give.name for give in gives])
    policy, aggregation = _policy(title, table)
    if policy in ("PRIORITY", "OUTPUT ORDER") and not any(give.values for give in gives):
        raise ValuesMissing(decision=title)
    rows = enumerate(_children(table, "rule"), start=1)
    rules = tuple(_rule(title, number, node, len(asks), len(gives)) for number, node in rows)
    return Table(key, title, policy, aggregation, asks, gives, rules)


def _policy(title: str, table: etree._Element) -> tuple[str, str | None]:
    policy = table.get("hitPolicy", "UNIQUE").upper().replace("_", " ")
    aggregation = table.get("aggregation")
    if policy not in POLICIES:
        raise PolicyWrong(decision=title, cell=policy)
    if aggregation is not None and (aggregation not in AGGREGATIONS or policy != "COLLECT"):
        raise PolicyWrong(decision=title, cell=f"{policy} {aggregation}")
    return policy, aggregation


def _input(title: str, node: etree._Element) -> Input:
    expression = _child(node, "inputExpression")
    cell = _text(expression) or node.get("label", "")
    try:
        source = feel.value(cell)
    except expressions.ExpressionRefused as refusal:
        raise InputWrong(decision=title, cell=cell, reason=refusal) from refusal
    if source is None:
        raise InputWrong(decision=title, cell=cell or "?", reason="–")
    kind = (expression.get("typeRef", "") if expression is not None else "").rpartition(":")[2]
    return Input(cell, source, node.get("label", cell), TYPES.get(kind.lower().replace(" ", ""), kind))


def _output(title: str, node: etree._Element, alone: str) -> Output:
    name = node.get("name") or alone
    values = _cell(title, 0, _text(_child(node, "outputValues")), feel.value)
    default = _cell(title, 0, _text(_child(node, "defaultOutputEntry")), feel.value)
    return Output(name, node.get("label", name), _listed(title, values), default)


def _listed(title: str, values: str | None) -> tuple[Any, ...]:
    """The output values, which are written as ``"a","b"``."""
    try:
        return tuple(expressions.evaluate(f"[{values}]", {})) if values else ()
    except expressions.ExpressionRefused as refusal:
        raise CellWrong(decision=title, row=0, cell=values, reason=refusal) from refusal


def _distinct(title: str, names: list[str]) -> None:
    """Names that can all stand in one nested dict."""
    for name in names:
        beneath = any(other.startswith(f"{name}.") for other in names)
        if not NAME.fullmatch(name) or names.count(name) > 1 or beneath:
            raise OutputWrong(decision=title, cell=name)
    if not names:
        raise OutputWrong(decision=title, cell="–")


def _rule(title: str, number: int, node: etree._Element, asked: int, given: int) -> Rule:
    conditions = [_text(cell) for cell in _children(node, "inputEntry")]
    answers = [_text(cell) for cell in _children(node, "outputEntry")]
    if (len(conditions), len(answers)) != (asked, given):
        raise RowWrong(decision=title, row=number)
    return Rule(
        number,
        tuple(_cell(title, number, cell, feel.condition) for cell in conditions),
        tuple(_cell(title, number, cell, feel.value) for cell in answers),
        (*conditions, *answers),
    )


def _cell(title: str, row: int, cell: str, compiled: Any) -> str | None:
    try:
        found: str | None = compiled(cell)
    except expressions.ExpressionRefused as refusal:
        raise CellWrong(decision=title, row=row, cell=cell, reason=refusal) from refusal
    return found


__all__ = ["TableWrong", "read"]
