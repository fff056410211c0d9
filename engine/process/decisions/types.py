"""The types of a DMN file: those of the standard, and those it defines itself."""

from lxml import etree

from engine.process.decisions import feel, kinds
from engine.process.decisions.documents import attribute, child, children, own, text
from engine.process.decisions.kinds import Kind
from engine.process.expressions import ExpressionRefused

DEPTH = 10


class Types:
    """What ``typeRef`` may name. A name that nobody defines means any value; the doctor says so."""

    def __init__(self, root: etree._Element) -> None:
        self._defined = {attribute(each, "name"): each for each in children(root, "itemDefinition")}
        self.unknown: set[str] = set()

    def kind(self, name: str) -> Kind:
        """The type of a name, with or without a prefix."""
        return self._named(name.strip(), 0)

    def _named(self, name: str, depth: int) -> Kind:
        short = name.rpartition(":")[2]
        for each in (name, short):
            if each in self._defined and depth < DEPTH:
                return self._item(self._defined[each], depth + 1)
        plain = kinds.NAMES.get(short.lower().replace(" ", ""))
        if plain is None:
            self.unknown.add(name)
        return Kind(plain or "Any")

    def _item(self, node: etree._Element, depth: int) -> Kind:
        parts = tuple(
            (attribute(each, "name"), self._item(each, depth + 1)) for each in children(node, "itemComponent")
        )
        base = child(node, "typeRef")
        name = own(base) if base is not None else attribute(node, "typeRef")
        found = self._named(name, depth) if name and depth < DEPTH else Kind()
        values = text(child(node, "allowedValues")) or text(child(node, "typeConstraint"))
        many = attribute(node, "isCollection") == "true" or found.many
        allowed = _tests(values)
        return Kind(
            found.name,
            many,
            allowed or found.allowed,
            values if allowed else found.allowed_text,
            parts if depth < DEPTH and parts else found.parts,
        )

    def names(self) -> frozenset[str]:
        """Names of entries that hold spaces."""
        return frozenset(
            attribute(each, "name")
            for item in self._defined.values()
            for each in item.iter()
            if isinstance(each.tag, str) and etree.QName(each).localname == "itemComponent"
        )


def _tests(values: str) -> tuple[feel.Test, ...]:
    try:
        return feel.each_test(values) if values else ()
    except ExpressionRefused:
        return ()
