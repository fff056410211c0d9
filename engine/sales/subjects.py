"""What the database can be asked about: kinds of records, their fields, and how each kind of field is compared.

This is the whole list: a rule over anything else is refused. A new field or operator is one line here and one test.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import InstrumentedAttribute

from engine.errors import Refusal
from engine.people import Department, Person
from engine.process.blueprint import Text
from engine.sales.deals import Deal
from engine.sales.records import Client, Contract, Lead


class UnknownSubject(Refusal):
    """There is no database “%(name)s”."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something a rule may ask about. ``through`` leads to it over a relation; ``options`` are what a choice offers.

    Rows are sorted by ``sorts``, where the column itself is only an id or a key.
    """

    key: str
    label: Text
    type: str
    column: InstrumentedAttribute[Any]
    through: tuple[Any, InstrumentedAttribute[Any]] | None = None
    options: tuple[tuple[str, Text], ...] = ()
    sorts: ColumnElement[Any] | InstrumentedAttribute[Any] | None = None

    @property
    def is_time(self) -> bool:
        """Whether it holds a day or a moment."""
        return self.type in {"date", "moment"}

    @property
    def is_number(self) -> bool:
        """Whether it holds a figure: shown to the right."""
        return self.type in {"money", "number"}


@dataclass(frozen=True, slots=True)
class Operator:
    """How a field may be compared: its name, its sentence, its SQL, and what value it ``takes``: one, many, days, none."""

    key: str
    label: Text
    says: Text
    sql: Callable[[Any, Any], ColumnElement[bool]]
    takes: str = "one"


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of record that can be filtered, its fields, and the columns shown at first."""

    key: str
    title: Text
    model: type[Any]
    fields: Mapping[str, Field]
    columns: tuple[str, ...]
    sort: str


def of(key: str) -> Subject:
    """A kind of record by its key. Raises UnknownSubject."""
    if key not in SUBJECTS:
        raise UnknownSubject(name=key[:40])
    return SUBJECTS[key]


# ------------------------------------------------------------------------------------------------ operators


def _operators(*operators: Operator) -> dict[str, Operator]:
    return {operator.key: operator for operator in operators}


_IS = Operator("is", Text("to", "is"), Text("{field}: {value}", "{field} is {value}"), lambda c, v: c == v)
_IS_NOT = Operator(
    "is_not",
    Text("to nie", "is not"),
    Text("{field}: nie {value}", "{field} is not {value}"),
    lambda c, v: c != v,
)
_ONE_OF = Operator(
    "one_of",
    Text("to jedno z", "is one of"),
    Text("{field}: jedno z ({value})", "{field} is one of ({value})"),
    lambda c, v: c.in_(v),
    "many",
)
_EMPTY = Operator(
    "empty",
    Text("jest puste", "is empty"),
    Text("{field}: puste", "{field} is empty"),
    lambda c, _: c.is_(None),
    "none",
)
_FILLED = Operator(
    "filled",
    Text("jest wypełnione", "is filled"),
    Text("{field}: wypełnione", "{field} is filled"),
    lambda c, _: c.is_not(None),
    "none",
)
_TEXT = _operators(
    Operator(
        "contains",
        Text("zawiera", "contains"),
        Text("{field} zawiera „{value}”", "{field} contains “{value}”"),
        lambda c, v: c.icontains(v, autoescape=True),
    ),
    Operator(
        "starts",
        Text("zaczyna się od", "starts with"),
        Text("{field} zaczyna się od „{value}”", "{field} starts with “{value}”"),
        lambda c, v: c.istartswith(v, autoescape=True),
    ),
    _IS,
    _IS_NOT,
    _EMPTY,
    _FILLED,
)
_CHOICE = _operators(_IS, _IS_NOT, _ONE_OF, _EMPTY, _FILLED)
_NUMBER = _operators(
    Operator(
        "over",
        Text("więcej niż", "is over"),
        Text("{field} powyżej {value}", "{field} is over {value}"),
        lambda c, v: c > v,
    ),
    Operator(
        "at_least",
        Text("co najmniej", "is at least"),
        Text("{field} co najmniej {value}", "{field} is at least {value}"),
        lambda c, v: c >= v,
    ),
    Operator(
        "under",
        Text("mniej niż", "is under"),
        Text("{field} poniżej {value}", "{field} is under {value}"),
        lambda c, v: c < v,
    ),
    Operator(
        "at_most",
        Text("co najwyżej", "is at most"),
        Text("{field} co najwyżej {value}", "{field} is at most {value}"),
        lambda c, v: c <= v,
    ),
    _IS,
    _EMPTY,
    _FILLED,
)
_DATE = _operators(
    Operator(
        "on",
        Text("przypada na", "is in"),
        Text("{field}: {value}", "{field}: {value}"),
        lambda c, v: and_(c >= v[0], c < v[1]),
    ),
    Operator(
        "before",
        Text("przed", "is before"),
        Text("{field} przed: {value}", "{field} before {value}"),
        lambda c, v: c < v[0],
    ),
    Operator(
        "after",
        Text("po", "is after"),
        Text("{field} po: {value}", "{field} after {value}"),
        lambda c, v: c >= v[1],
    ),
    Operator(
        "within",
        Text("w ostatnich dniach", "in the last days"),
        Text("{field} w ostatnich {value} dniach", "{field} in the last {value} days"),
        lambda c, v: and_(c >= v[0], c < v[1]),
        "days",
    ),
    Operator(
        "ahead",
        Text("w najbliższych dniach", "in the next days"),
        Text("{field} w najbliższych {value} dniach", "{field} in the next {value} days"),
        lambda c, v: and_(c >= v[0], c < v[1]),
        "days",
    ),
    Operator(
        "older",
        Text("dawniej niż dni temu", "more than days ago"),
        Text("{field} dawniej niż {value} dni temu", "{field} more than {value} days ago"),
        lambda c, v: c < v[0],
        "days",
    ),
    _EMPTY,
    _FILLED,
)
_BELOW = Operator(
    "below",
    Text("to z podległymi", "is or is below"),
    Text("{field}: {value} z podległymi", "{field} is {value} or below"),
    lambda c, v: c.in_(v),
)

OPERATORS: dict[str, dict[str, Operator]] = {
    "text": _TEXT,
    "choice": _CHOICE,
    "stage": _CHOICE,
    "person": _operators(_IS, _IS_NOT, _EMPTY, _FILLED),
    "department": _operators(_IS, _IS_NOT, _BELOW, _EMPTY, _FILLED),
    "money": _NUMBER,
    "number": _NUMBER,
    "date": _DATE,
    "moment": _DATE,
}
"""How fields of each type may be compared, the most useful first."""


# ------------------------------------------------------------------------------------------------ options and fields


def _options(**labels: tuple[str, str]) -> tuple[tuple[str, Text], ...]:
    return tuple((value, Text(*both)) for value, both in labels.items())


STATUS = _options(
    open=("otwarta", "open"),
    won=("wygrana", "won"),
    lost=("przegrana", "lost"),
    suspended=("wstrzymana", "suspended"),
    rerouted=("skierowana inaczej", "rerouted"),
)
LEAD = _options(
    new=("nowy", "new"),
    qualified=("zakwalifikowany", "qualified"),
    rejected=("odrzucony", "rejected"),
    converted=("zamieniony w transakcję", "became a deal"),
)
CONTRACT = _options(
    draft=("projekt", "draft"),
    sent=("wysłana", "sent"),
    signed=("podpisana", "signed"),
    ended=("zakończona", "ended"),
)
PROCESS = _options(sales_funnel=("długa sprzedaż", "long sale"), fast_sale=("szybka sprzedaż", "fast sale"))
CLASS = _options(a=("A", "A"), b=("B", "B"), c=("C", "C"))
KIND = _options(new=("nowa", "new"), upsell=("dosprzedaż", "upsell"), renewal=("odnowienie", "renewal"))


def _fields(*fields: Field) -> dict[str, Field]:
    return {field.key: field for field in fields}


def _client(link: InstrumentedAttribute[Any]) -> tuple[Field, ...]:
    """A client's fields, seen from a record that names one."""
    through = (Client, link)
    return (
        Field("client.name", Text("Klient", "Client"), "text", Client.name, through),
        Field("client.sector", Text("Klient: branża", "Client: sector"), "text", Client.sector, through),
        Field("client.city", Text("Klient: miasto", "Client: city"), "text", Client.city, through),
        Field(
            "client.class", Text("Klient: klasa", "Client: class"), "choice", Client.class_, through, CLASS
        ),
        Field("client.tax_id", Text("Klient: NIP", "Client: tax id"), "text", Client.tax_id, through),
    )


def _whose(
    owner: InstrumentedAttribute[Any], department: InstrumentedAttribute[Any], says: Text
) -> tuple[Field, ...]:
    """Who a record belongs to."""
    person = select(Person.name).where(Person.id == owner).scalar_subquery()
    unit = select(Department.name).where(Department.id == department).scalar_subquery()
    return (
        Field("owner", says, "person", owner, sorts=person),
        Field("department", Text("Dział", "Department"), "department", department, sorts=unit),
    )


LEADS_IT = Text("Prowadzi", "Owner")

SUBJECTS: dict[str, Subject] = {
    "deals": Subject(
        "deals",
        Text("Transakcje", "Deals"),
        Deal,
        _fields(
            Field("number", Text("Numer", "Number"), "text", Deal.number),
            Field("title", Text("Tytuł", "Title"), "text", Deal.title),
            Field("status", Text("Stan", "Status"), "choice", Deal.status, options=STATUS),
            Field("process", Text("Proces", "Process"), "choice", Deal.process, options=PROCESS),
            Field("stage", Text("Etap", "Stage"), "stage", Deal.stage, sorts=Deal.stage_rank),
            Field("amount", Text("Kwota", "Amount"), "money", Deal.amount),
            Field("margin", Text("Marża (%)", "Margin (%)"), "number", Deal.margin),
            Field(
                "probability", Text("Prawdopodobieństwo (%)", "Probability (%)"), "number", Deal.probability
            ),
            Field("kind", Text("Rodzaj", "Kind"), "choice", Deal.kind, options=KIND),
            Field("source", Text("Źródło", "Source"), "text", Deal.source),
            Field("product_line", Text("Linia produktów", "Product line"), "text", Deal.product_line),
            Field(
                "expected_close", Text("Oczekiwane zamknięcie", "Expected close"), "date", Deal.expected_close
            ),
            Field("opened_at", Text("Otwarta", "Opened"), "moment", Deal.opened_at),
            Field("closed_at", Text("Zamknięta", "Closed"), "moment", Deal.closed_at),
            Field("moved_at", Text("Ostatni ruch", "Last move"), "moment", Deal.moved_at),
            Field("loss_reason", Text("Przyczyna przegranej", "Loss reason"), "text", Deal.loss_reason),
            *_whose(Deal.owner_id, Deal.department_id, LEADS_IT),
            *_client(Deal.client_id),
        ),
        ("title", "client.name", "stage", "status", "amount", "owner", "moved_at"),
        "-moved_at",
    ),
    "clients": Subject(
        "clients",
        Text("Klienci", "Clients"),
        Client,
        _fields(
            Field("name", Text("Nazwa", "Name"), "text", Client.name),
            Field("tax_id", Text("NIP", "Tax id"), "text", Client.tax_id),
            Field("sector", Text("Branża", "Sector"), "text", Client.sector),
            Field("segment", Text("Segment", "Segment"), "text", Client.segment),
            Field("class", Text("Klasa", "Class"), "choice", Client.class_, options=CLASS),
            Field("city", Text("Miasto", "City"), "text", Client.city),
            Field("country", Text("Kraj", "Country"), "text", Client.country),
            Field("email", Text("E-mail", "E-mail"), "text", Client.email),
            Field("phone", Text("Telefon", "Phone"), "text", Client.phone),
            Field("created_at", Text("W bazie od", "In the database since"), "moment", Client.created_at),
            *_whose(Client.owner_id, Client.department_id, Text("Opiekun", "Owner")),
        ),
        ("name", "tax_id", "sector", "city", "class", "owner", "created_at"),
        "name",
    ),
    "leads": Subject(
        "leads",
        Text("Leady", "Leads"),
        Lead,
        _fields(
            Field("title", Text("Tytuł", "Title"), "text", Lead.title),
            Field("company", Text("Firma", "Company"), "text", Lead.company),
            Field("contact_name", Text("Kontakt", "Contact"), "text", Lead.contact_name),
            Field("email", Text("E-mail", "E-mail"), "text", Lead.email),
            Field("status", Text("Stan", "Status"), "choice", Lead.status, options=LEAD),
            Field("source", Text("Źródło", "Source"), "text", Lead.source),
            Field("product_line", Text("Linia produktów", "Product line"), "text", Lead.product_line),
            Field("created_at", Text("Powstał", "Created"), "moment", Lead.created_at),
            *_whose(Lead.owner_id, Lead.department_id, LEADS_IT),
            *_client(Lead.client_id),
        ),
        ("title", "company", "contact_name", "status", "source", "owner", "created_at"),
        "-created_at",
    ),
    "contracts": Subject(
        "contracts",
        Text("Umowy", "Contracts"),
        Contract,
        _fields(
            Field("number", Text("Numer", "Number"), "text", Contract.number),
            Field("title", Text("Tytuł", "Title"), "text", Contract.title),
            Field("status", Text("Stan", "Status"), "choice", Contract.status, options=CONTRACT),
            Field("amount", Text("Kwota", "Amount"), "money", Contract.amount),
            Field("signed_on", Text("Podpisana", "Signed on"), "date", Contract.signed_on),
            Field("valid_to", Text("Ważna do", "Valid until"), "date", Contract.valid_to),
            *_whose(Contract.owner_id, Contract.department_id, LEADS_IT),
            *_client(Contract.client_id),
        ),
        ("number", "title", "client.name", "status", "amount", "signed_on"),
        "-number",
    ),
}
