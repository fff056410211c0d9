"""Who and what the log names, among those who are here: people, departments, products."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.sales.past import wrong
from engine.sales.past.maps import Map
from engine.sales.records import Product


class Names:
    """The ids behind names. A name that nobody has, or several have, is nobody's."""

    def __init__(self, session: Session, chosen: Map) -> None:
        people = session.execute(select(Person.id, Person.email, Person.name)).all()
        units = session.execute(
            select(Department.id, Department.key, Department.name, Department.name_en)
        ).all()
        goods = session.execute(select(Product.id, Product.sku, Product.name, Product.name_en)).all()
        self._people = _index((row[0], row[1:]) for row in people)
        self._departments = _index((row[0], row[1:]) for row in units)
        self._products = _index((row[0], row[1:]) for row in goods)
        self._departments |= _translated(chosen, {row.key: row.id for row in units})

    def person(self, name: str | None) -> int | None:
        """Whoever has this mail address or name."""
        return self._people.get(name.lower()) if name else None

    def department(self, name: str | None) -> int | None:
        """The department with this key or name, or that the map means by it."""
        return self._departments.get(name.lower()) if name else None

    def product(self, name: str | None) -> int | None:
        """The product with this number or name."""
        return self._products.get(name.lower()) if name else None


def _index(rows: Iterable[tuple[int, Iterable[str | None]]]) -> dict[str, int]:
    """Names in small letters to ids, without those that several share."""
    found: dict[str, int] = {}
    shared: set[str] = set()
    for id_, names in rows:
        for name in {each.lower() for each in names if each}:
            if found.setdefault(name, id_) != id_:
                shared.add(name)
    return {name: id_ for name, id_ in found.items() if name not in shared}


def _translated(chosen: Map, keys: dict[str, int]) -> dict[str, int]:
    """What the map says of departments. Raises DepartmentUnknown."""
    found = {}
    for name, key in chosen.departments.items():
        if key and key not in keys:
            raise wrong.DepartmentUnknown(name=name[:60], key=key, field="map")
        if key:
            found[name.lower()] = keys[key]
    return found
