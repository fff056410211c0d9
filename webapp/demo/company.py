"""Who is in the demo: a company that sells warehouse systems, its departments, people, clients and products.

Everybody and everything here is invented. The same seed makes the same company.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Membership, Person, Role
from engine.sales.records import Client, Contact, Lead, Product

PASSWORD = "demo"  # noqa: S105  # printed at every start; demo accounts refuse to exist beyond loopback

DEPARTMENTS = (
    # key, Polish, English, parent
    ("company", "Firma", "Company", None),
    ("sales", "Sprzedaż", "Sales", "company"),
    ("sales_north", "Sprzedaż Północ", "Sales North", "sales"),
    ("sales_south", "Sprzedaż Południe", "Sales South", "sales"),
    ("sales_desk", "Biuro zamówień", "Sales desk", "sales"),
    ("presales", "Presales", "Presales", "company"),
    ("production", "Produkcja", "Production", "company"),
    ("finance", "Finanse", "Finance", "company"),
    ("legal", "Dział prawny", "Legal", "company"),
    ("warehouse", "Magazyn", "Warehouse", "company"),
    ("delivery", "Dostawy", "Delivery", "company"),
)

PEOPLE = (
    # name, department, head, further roles
    ("Klara Zając", "sales", True, ("director",)),
    ("Anna Wilk", "sales_north", True, ()),
    ("Adrian Dzik", "sales_north", False, ()),
    ("Bożena Kuna", "sales_north", False, ()),
    ("Cezary Bóbr", "sales_south", True, ()),
    ("Celina Sarna", "sales_south", False, ()),
    ("Damian Żbik", "sales_south", False, ()),
    ("Ewa Gronostaj", "sales_desk", True, ()),
    ("Emil Kret", "sales_desk", False, ()),
    ("Felicja Łasica", "sales_desk", False, ()),
    ("Filip Ryś", "presales", True, ()),
    ("Gabriela Norka", "presales", False, ()),
    ("Henryk Tur", "production", True, ()),
    ("Halina Łania", "production", False, ()),
    ("Irena Jeż", "finance", True, ()),
    ("Igor Chomik", "finance", False, ()),
    ("Borys Lis", "legal", True, ()),
    ("Julia Orzeł", "legal", False, ()),
    ("Kamil Borsuk", "warehouse", True, ()),
    ("Lena Wydra", "warehouse", False, ()),
    ("Leon Szop", "delivery", True, ()),
    ("Maria Kozica", "delivery", False, ()),
    ("Zofia Żubr", "company", True, ("director",)),
    ("Dorota Sowa", "company", False, ("designer",)),
    ("Adam Bocian", "company", False, ("administrator",)),
)

SHOWN = ("Anna Wilk", "Filip Ryś", "Borys Lis", "Ewa Gronostaj", "Klara Zając", "Dorota Sowa", "Adam Bocian")
"""Those whose log-ins are printed: one for each way of using the product."""

_WHAT = (
    "Browar", "Hurtownia", "Młyn", "Spedycja", "Mleczarnia", "Drukarnia", "Stocznia", "Apteki", "Wytwórnia",
    "Zakłady", "Cukiernia", "Tartak", "Odlewnia", "Przędzalnia", "Piekarnia", "Sieć", "Kolej", "Papiernia",
)  # fmt: skip
_WHICH = (
    "Trzy Kominy", "Nadbrzeżna", "Zalesie", "Portowa", "Łąka", "Pod Lipą", "Mewa", "Rogatka", "Wschód", "Zacisze",
    "Pod Sosną", "Bursztyn", "Ostoja", "Nad Stawem", "Słoneczna", "Kamienna", "Jutrzenka", "Przystań", "Wiązowa",
    "Modrzew", "Srebrna", "Pod Dębem", "Zielona", "Jarzębina",
)  # fmt: skip
_CITIES = ("Gdynia", "Brzeg", "Tczew", "Bolesławiec", "Radom", "Łowicz", "Krosno", "Ełk", "Żary", "Nysa")
_SECTORS = ("food", "logistics", "pharmacy", "industry", "retail", "printing")
_FIRST = (
    "Ewa",
    "Olga",
    "Piotr",
    "Rafał",
    "Sylwia",
    "Tomasz",
    "Urszula",
    "Wanda",
    "Zenon",
    "Nina",
    "Oskar",
    "Rita",
)
_LAST = (
    "Jawor",
    "Klon",
    "Brzoza",
    "Lipa",
    "Świerk",
    "Olcha",
    "Grab",
    "Wierzba",
    "Buk",
    "Cis",
    "Topola",
    "Jesion",
)

PRODUCTS = (
    # sku, Polish, English, unit price, cost, stock
    ("SCAN-10", "Skaner ręczny", "Hand scanner", "890", "520", 400),
    ("SCAN-20", "Skaner pierścieniowy", "Ring scanner", "1490", "910", 180),
    ("TERM-05", "Terminal magazynowy", "Warehouse terminal", "3290", "2150", 120),
    ("PRINT-1", "Drukarka etykiet", "Label printer", "1790", "1120", 150),
    ("PRINT-2", "Drukarka przemysłowa", "Industrial printer", "5490", "3700", 40),
    ("LABEL-A", "Etykiety 100 × 150, rolka", "Labels 100 × 150, roll", "49", "22", 9000),
    ("RIBB-01", "Taśma barwiąca", "Ribbon", "39", "15", 6000),
    ("BATT-01", "Bateria do terminala", "Terminal battery", "219", "120", 500),
    ("DOCK-04", "Stacja dokująca × 4", "Docking station × 4", "1290", "760", 90),
    ("RFID-01", "Bramka RFID", "RFID gate", "8900", "6100", 15),
    ("MOUNT-1", "Uchwyt wózkowy", "Forklift mount", "349", "170", 300),
    ("SERV-01", "Przegląd roczny", "Yearly service", "690", "300", 9000),
)


@dataclass(frozen=True, slots=True)
class Company:
    """The demo's organization, as ids and rows that stay usable between transactions."""

    people: Mapping[str, Person]
    by_department: Mapping[str, tuple[Person, ...]]
    clients: tuple[Client, ...]
    contacts: Mapping[int, Contact]
    products: tuple[Product, ...]


def found(session: Session, *, now: datetime, seed: int, clients: int = 140) -> Company:
    """Write the company into an empty database."""
    rng = random.Random(seed)
    departments: dict[str, Department] = {}
    for key, name, name_en, parent in DEPARTMENTS:
        row = Department(
            key=key, name=name, name_en=name_en, parent_id=departments[parent].id if parent else None
        )
        if key == "sales_desk":
            row.closes = 18 * 60
        session.add(row)
        session.flush()
        departments[key] = row
    hashed = PasswordHash((Argon2Hasher(),)).hash(PASSWORD)
    for name, department, head, roles in PEOPLE:
        person = Person(email=address(name), name=name, password_hash=hashed, locale="pl", created_at=now)
        person.roles = [Role(name=role) for role in ("employee", *roles)]
        person.memberships = [Membership(department=departments[department], is_head=head)]
        session.add(person)
    session.add_all(
        Product(
            sku=sku, name=name, name_en=name_en, unit="szt.", list_price=Decimal(price), cost=Decimal(cost),
            stock=stock, reserved=0, active=True,
        )
        for sku, name, name_en, price, cost, stock in PRODUCTS
    )  # fmt: skip
    session.flush()
    _clients(session, departments, rng, clients, now)
    return remember(session)


def remember(session: Session) -> Company:
    """The company that `found` wrote."""
    people = {person.name: person for person in session.scalars(select(Person).order_by(Person.id))}
    by_department: dict[str, list[Person]] = {}
    for person in people.values():
        for membership in person.memberships:
            by_department.setdefault(membership.department.key, []).append(person)
    contacts = {row.client_id: row for row in session.scalars(select(Contact).order_by(Contact.id.desc()))}
    return Company(
        people=people,
        by_department={key: tuple(rows) for key, rows in by_department.items()},
        clients=tuple(session.scalars(select(Client).order_by(Client.id))),
        contacts=contacts,
        products=tuple(session.scalars(select(Product).order_by(Product.id))),
    )


def address(name: str) -> str:
    """The mail address of a demo person: the first name without Polish letters."""
    plain = name.split()[0].lower().translate(str.maketrans("ąćęłńóśźż", "acelnoszz"))
    return f"{plain}@contentum.example"


def _clients(
    session: Session, departments: Mapping[str, Department], rng: random.Random, count: int, now: datetime
) -> None:
    names = [f"{what} {which}" for what in _WHAT for which in _WHICH]
    rng.shuffle(names)
    for number, name in enumerate(names[:count]):
        client = Client(
            name=name,
            tax_id=tax_id(rng),
            sector=rng.choice(_SECTORS),
            city=rng.choice(_CITIES),
            country="PL",
            segment=rng.choice(("small", "middle", "middle", "large")),
            class_=rng.choice("aabbbc"),
            email=f"biuro{number}@klient.example",
            phone=f"+48 58 555 {number // 100:02d} {number % 100:02d}",
            department_id=departments[rng.choice(("sales_north", "sales_south"))].id,
            created_at=now,
        )
        session.add(client)
        session.flush()
        person = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
        session.add(
            Contact(client_id=client.id, name=person, position=rng.choice(("dyrektor operacyjny", "logistyka", "zakupy")),
                    email=f"kontakt{number}@klient.example", role=rng.choice(("decides", "uses", "champion")))
        )  # fmt: skip
        if rng.random() < 0.3:
            session.add(
                Lead(title=f"Zapytanie: {name}", company=name, client_id=client.id, contact_name=person, source="web",
                     status="new", need="", department_id=client.department_id, created_at=now)
            )  # fmt: skip
    session.flush()


def tax_id(rng: random.Random) -> str:
    """A number that passes the Polish NIP check and belongs to nobody: it begins with 000."""
    weights = (6, 5, 7, 2, 3, 4, 5, 6, 7)
    while True:
        digits = [0, 0, 0, *(rng.randrange(10) for _ in range(6))]
        check = sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11
        if check < 10:  # 10 is no digit: such numbers do not exist
            return "".join(map(str, [*digits, check]))
