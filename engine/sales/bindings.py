"""What a form binds: which answers belong to which record, as its fields' ``binds`` say (``deal.amount``)."""

from typing import Any

from engine.process.advancing import Answered


def bound(what: Answered, record: str) -> dict[str, Any]:
    """The answers bound to ``record``, by the name after the dot; what was left empty changes nothing."""
    found: dict[str, Any] = {}
    for field in what.form.fields if what.form else ():
        owner, _, name = (field.binds or "").partition(".")
        if owner == record and what.answers.get(field.key) is not None:
            found[name] = what.answers[field.key]
    return found
