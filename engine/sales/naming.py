"""Departments by name, as a refusal says them: in the reader's language."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from engine.people import Department
from engine.process.blueprint import Text


def called(unit: Department | None) -> Text:
    """A department's name in both languages; a dash for none."""
    return Text(unit.name, unit.name_en) if unit is not None else Text("–", "–")


def both(session: Session, department_ids: Iterable[int]) -> Text:
    """The names of departments beside each other."""
    return joined((named(session, each) for each in department_ids), " / ")


def joined(names: Iterable[Text], sign: str = ", ") -> Text:
    """Several names in one."""
    listed = list(names)
    return Text(sign.join(each.pl for each in listed), sign.join(each.en for each in listed))


def named(session: Session, department_id: int | None) -> Text:
    """The name of the department with this id."""
    return called(session.get(Department, department_id) if department_id else None)
