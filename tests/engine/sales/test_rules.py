"""Filters as data: each comparison, nesting, emptiness, people, time, refusals, words."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.blueprint import Text
from engine.sales import rules, subjects
from engine.sales.records import Client, Lead
from engine.sales.rules import UnknownField, UnknownOperator, Viewer, WrongRules, WrongValue
from engine.sales.subjects import OPERATORS, SUBJECTS
from tests.conftest import MONDAY
from tests.engine.sales.kit import sale

CLIENTS, DEALS, LEADS = SUBJECTS["clients"], SUBJECTS["deals"], SUBJECTS["leads"]


def rule(field: str, op: str, value: Any = None) -> dict[str, Any]:
    """One rule."""
    return {"field": field, "op": op, **({} if value is None else {"value": value})}


def names(
    session: Session, who: Person, filter_: Any, *, now: datetime = MONDAY, sort: str = "name"
) -> list[str]:
    """The clients somebody finds."""
    found = rules.query(CLIENTS, filter_, Viewer(session, who, now), sort=sort)
    return [client.name for client in session.scalars(found)]


def deals(
    session: Session, who: Person, filter_: Any, *, now: datetime = MONDAY, sort: str = "title"
) -> list[str]:
    """The deals somebody finds."""
    found = rules.query(DEALS, filter_, Viewer(session, who, now), sort=sort)
    return [deal.title for deal in session.scalars(found)]


@pytest.fixture
def clients(session: Session, anna: Person, borys: Person, departments: dict[str, Department]) -> None:
    """Three companies; of the last one hardly anything is known."""
    session.add_all(
        [
            Client(name="Łąka Mleko", city="Łódź", class_="a", created_at=MONDAY, owner_id=anna.id,
                   department_id=departments["sales"].id),
            Client(name="Młyn 100%", city="Łowicz", class_="b", created_at=MONDAY - timedelta(days=10),
                   owner_id=borys.id, department_id=departments["legal"].id),
            Client(name="Tartak", created_at=MONDAY - timedelta(days=100)),
        ]
    )  # fmt: skip
    session.flush()


# ------------------------------------------------------------------------------------------------ each comparison


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("name", "contains", "łĄKA", ["Łąka Mleko"]),
        ("name", "contains", "100%", ["Młyn 100%"]),
        ("name", "contains", "_", []),
        ("name", "starts", "mły", ["Młyn 100%"]),
        ("name", "is", "Tartak", ["Tartak"]),
        ("city", "is_not", "Łódź", ["Młyn 100%"]),
        ("city", "empty", None, ["Tartak"]),
        ("city", "filled", None, ["Młyn 100%", "Łąka Mleko"]),
        ("class", "is", "a", ["Łąka Mleko"]),
        ("class", "is_not", "a", ["Młyn 100%"]),
        ("class", "one_of", ["a", "b"], ["Młyn 100%", "Łąka Mleko"]),
        ("class", "empty", None, ["Tartak"]),
        ("class", "filled", None, ["Młyn 100%", "Łąka Mleko"]),
        ("owner", "is", "@me", ["Łąka Mleko"]),
        ("owner", "is_not", "@me", ["Młyn 100%"]),
        ("owner", "empty", None, ["Tartak"]),
        ("owner", "filled", None, ["Młyn 100%", "Łąka Mleko"]),
        ("department", "is", "@my_department", ["Łąka Mleko"]),
        ("department", "is_not", "@my_department", ["Młyn 100%"]),
        ("department", "below", "@my_department", ["Łąka Mleko"]),
        ("department", "empty", None, ["Tartak"]),
        ("department", "filled", None, ["Młyn 100%", "Łąka Mleko"]),
        ("created_at", "on", "today", ["Łąka Mleko"]),
        ("created_at", "on", "2026-11-06", ["Młyn 100%"]),
        ("created_at", "before", "this_month", ["Tartak"]),
        ("created_at", "after", "2026-11-05", ["Młyn 100%", "Łąka Mleko"]),
        ("created_at", "within", 10, ["Młyn 100%", "Łąka Mleko"]),
        ("created_at", "ahead", "3", ["Łąka Mleko"]),
        ("created_at", "older", "30", ["Tartak"]),
        ("created_at", "empty", None, []),
        ("created_at", "filled", None, ["Młyn 100%", "Tartak", "Łąka Mleko"]),
    ],
)
def test_each_comparison_of_texts_choices_people_and_moments(
    session: Session, clients: None, anna: Person, field: str, op: str, value: Any, expected: list[str]
) -> None:
    assert sorted(names(session, anna, rule(field, op, value))) == expected


@pytest.mark.parametrize(
    ("field", "op", "value", "expected"),
    [
        ("amount", "over", "1 000", ["Big"]),
        ("amount", "at_least", "1000", ["Big", "Small"]),
        ("amount", "under", "1000,01", ["Small"]),
        ("amount", "at_most", 1000, ["Small"]),
        ("amount", "is", "1000.00", ["Small"]),
        ("amount", "empty", None, ["Unknown"]),
        ("amount", "filled", None, ["Big", "Small"]),
        ("probability", "at_least", "50", ["Big"]),
        ("probability", "under", "50,5", ["Big"]),
        ("stage", "is", "offer", ["Big"]),
        ("stage", "one_of", ["offer", "nowhere"], ["Big"]),
        ("expected_close", "on", "next_month", ["Big"]),
        ("expected_close", "ahead", 20, ["Big"]),
        ("expected_close", "within", 20, []),
        ("client.class", "is", "a", ["Big"]),
        ("client.class", "one_of", ["a"], ["Big"]),
        ("client.city", "contains", "łÓ", ["Big"]),
        ("client.city", "empty", None, ["Small", "Unknown"]),
        ("client.city", "filled", None, ["Big"]),
        ("client.name", "is_not", "Łąka Mleko", ["Small"]),
    ],
)
def test_each_comparison_of_numbers_stages_days_and_of_the_client(
    session: Session, clients: None, anna: Person, field: str, op: str, value: Any, expected: list[str]
) -> None:
    by_name = {client.name: client.id for client in session.scalars(select(Client))}
    big, small, unknown = (sale(session, anna, title=title) for title in ("Big", "Small", "Unknown"))
    big.amount, big.probability, big.stage = Decimal("50000.5"), 50, "offer"
    big.expected_close, big.client_id = date(2026, 12, 1), by_name["Łąka Mleko"]
    small.client_id, unknown.amount = by_name["Tartak"], None
    session.flush()

    assert deals(session, anna, rule(field, op, value)) == expected


@pytest.mark.slow
def test_every_comparison_of_every_field_can_be_asked_and_read_out(session: Session, anna: Person) -> None:
    samples = {"text": "x", "stage": "offer", "person": "@me", "department": "@my_department", "money": "1",
               "number": "1", "date": "today", "moment": "2026-01-31"}  # fmt: skip
    asked = 0
    for about in SUBJECTS.values():
        for field in about.fields.values():
            for operator in OPERATORS[field.type].values():
                value: Any = field.options[0][0] if field.options else samples[field.type]
                value = {"none": None, "many": [value], "days": 7}.get(operator.takes, value)
                leaf = rule(field.key, operator.key, value)
                session.scalars(
                    rules.query(about, {"not": leaf}, Viewer(session, anna, MONDAY), sort=field.key)
                ).all()
                assert "{" not in rules.sentence(about, leaf, "pl") + rules.sentence(about, leaf, "en")
                asked += 1
    assert asked > 250


# ------------------------------------------------------------------------------------------------ nesting


def test_and_or_not_nest(session: Session, clients: None, anna: Person) -> None:
    milk, mill = rule("name", "contains", "mleko"), rule("name", "contains", "młyn")
    known = rule("city", "filled")

    assert names(session, anna, {"any": [milk, mill]}) == ["Młyn 100%", "Łąka Mleko"]
    assert names(session, anna, {"all": [milk, mill]}) == []
    assert names(session, anna, {"all": [known, {"not": {"any": [milk]}}]}) == ["Młyn 100%"]
    assert names(session, anna, {"not": {"not": milk}}) == ["Łąka Mleko"]
    assert len(names(session, anna, {})) == 3


def test_not_loses_no_row_where_a_field_is_empty(session: Session, clients: None, anna: Person) -> None:
    in_lodz = rule("city", "is", "Łódź")

    assert names(session, anna, {"not": in_lodz}) == ["Młyn 100%", "Tartak"]
    assert names(session, anna, {"not": rule("city", "is_not", "Łódź")}) == ["Tartak", "Łąka Mleko"]


CITIES, CLASSES = ("Łódź", "łowicz", "100%", "a_b", "", None), ("a", "b", None)


def _leaf() -> st.SearchStrategy[dict[str, Any]]:
    text = st.sampled_from(["Łódź", "ł", "100%", "_", "ź"])
    return st.one_of(
        st.builds(rule, st.sampled_from(["company", "client.city"]),
                  st.sampled_from(["is", "is_not", "contains", "starts"]), text),
        st.builds(rule, st.sampled_from(["company", "client.city", "owner", "client.class"]),
                  st.sampled_from(["empty", "filled"])),
        st.builds(rule, st.just("client.class"), st.sampled_from(["is", "is_not"]), st.sampled_from("abc")),
        st.builds(rule, st.just("client.class"), st.just("one_of"), st.lists(st.sampled_from("abc"), min_size=1)),
        st.builds(rule, st.just("owner"), st.sampled_from(["is", "is_not"]), st.sampled_from(["@me", 2])),
        st.builds(rule, st.just("created_at"), st.sampled_from(["on", "before", "after"]),
                  st.sampled_from(["today", "this_week", "last_month", "2026-11-15"])),
        st.builds(rule, st.just("created_at"), st.sampled_from(["within", "older", "ahead"]), st.integers(0, 40)),
    )  # fmt: skip


TREES = st.recursive(
    _leaf(),
    lambda inner: st.one_of(
        st.builds(lambda each: {"not": each}, inner),
        st.builds(lambda each: {"all": each}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda each: {"any": each}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=8,
).filter(lambda tree: _depth(tree) <= rules.DEEPEST)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([name for name in CITIES if name != ""]),
        st.sampled_from([None, 1, 2]),
        st.one_of(st.none(), st.tuples(st.sampled_from(CITIES), st.sampled_from(CLASSES))),
        st.integers(-40 * 24, 40 * 24),
    ),
    max_size=6,
)


def _depth(tree: Any) -> int:
    kind = next((key for key in ("all", "any", "not") if key in tree), None)
    inside = [] if kind is None else [tree["not"]] if kind == "not" else tree[kind]
    return 1 + max(map(_depth, inside), default=-1) if inside else 0


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=TREES, rows=ROWS)
@pytest.mark.slow
def test_sql_and_a_plain_reading_of_the_rules_find_the_same_leads(
    session: Session, clara: Person, tree: Any, rows: list[Any]
) -> None:
    with session.begin_nested() as point:
        for number, (company, owner, client, hours) in enumerate(rows):
            made = (
                Client(name=str(number), city=client[0], class_=client[1], created_at=MONDAY)
                if client
                else None
            )
            if made:
                session.add(made)
                session.flush()
            session.add(
                Lead(title=str(number), company=company, owner_id=clara.id if owner else None,
                     client_id=made.id if made else None, created_at=MONDAY + timedelta(hours=hours))
            )  # fmt: skip
        session.flush()

        found = session.scalars(rules.query(LEADS, tree, Viewer(session, clara, MONDAY), sort="title")).all()
        expected = [
            each
            for each in session.scalars(select(Lead).order_by(Lead.title))
            if _holds(session, tree, each, clara)
        ]
        ids = [[lead.id for lead in each] for each in (found, expected)]
        point.rollback()

    assert ids[0] == ids[1]


def _holds(session: Session, tree: Any, lead: Lead, me: Person) -> bool:
    """The rules read plainly, without SQL."""
    value: Any
    if "not" in tree:
        return not _holds(session, tree["not"], lead, me)
    if "all" in tree:
        return all(_holds(session, each, lead, me) for each in tree["all"])
    if "any" in tree:
        return any(_holds(session, each, lead, me) for each in tree["any"])
    field, op, value = tree["field"], str(tree["op"]), tree.get("value")
    client = session.get(Client, lead.client_id) if lead.client_id else None
    has: Any = {
        "company": lead.company,
        "owner": lead.owner_id,
        "created_at": lead.created_at,
        "client.city": client.city if client else None,
        "client.class": client.class_ if client else None,
    }[field]
    if op in {"empty", "filled"}:
        return (has is None) == (op == "empty")
    if has is None:
        return False
    if field == "created_at":
        return _in_time(has, op, value)
    value = me.id if value == "@me" else value
    compared: dict[str, Callable[[], bool]] = {
        "is": lambda: bool(has == value),
        "is_not": lambda: bool(has != value),
        "one_of": lambda: has in value,
        "contains": lambda: value.lower() in has.lower(),
        "starts": lambda: str(has).lower().startswith(value.lower()),
    }
    return compared[op]()


def _in_time(at: datetime, op: str, value: Any) -> bool:
    """MONDAY is 16 November 2026; Warsaw is an hour ahead."""
    day = (
        (at + timedelta(hours=1)).date()
        if at >= datetime(2026, 10, 25, 1, tzinfo=UTC)
        else (at + timedelta(hours=2)).date()
    )
    today = date(2026, 11, 16)
    if op == "within":
        return today - timedelta(days=value) <= day <= today
    if op == "ahead":
        return today <= day <= today + timedelta(days=value)
    if op == "older":
        return day < today - timedelta(days=value)
    first, last = {
        "today": (today, today),
        "this_week": (today, date(2026, 11, 22)),
        "last_month": (date(2026, 10, 1), date(2026, 10, 31)),
        "2026-11-15": (date(2026, 11, 15), date(2026, 11, 15)),
    }[value]
    return {"on": first <= day <= last, "before": day < first, "after": day > last}[op]


# ------------------------------------------------------------------------------------------------ who looks, and when


def test_me_is_whoever_looks(session: Session, clients: None, anna: Person, borys: Person) -> None:
    mine = rule("owner", "is", "@me")

    assert names(session, anna, mine) == ["Łąka Mleko"]
    assert names(session, borys, mine) == ["Młyn 100%"]


def test_my_department_is_nobodys_for_who_belongs_nowhere(
    session: Session, clients: None, dorota: Person
) -> None:
    assert names(session, dorota, rule("department", "is", "@my_department")) == []
    assert names(session, dorota, rule("department", "below", "@my_department")) == []


def test_below_takes_in_the_departments_underneath(
    session: Session, clients: None, anna: Person, departments: dict[str, Department]
) -> None:
    board = departments["board"].id

    assert names(session, anna, rule("department", "below", board)) == ["Młyn 100%", "Łąka Mleko"]
    assert names(session, anna, rule("department", "is", board)) == []


@pytest.mark.parametrize(
    ("now", "today"),
    [
        ("2026-11-15T22:59:59", False),  # 23:59:59 on Sunday in Warsaw
        ("2026-11-15T23:00:00", True),  # midnight: Monday begins
        ("2026-11-16T22:59:59", True),
        ("2026-11-16T23:00:00", False),
    ],
)
def test_today_begins_at_midnight_in_warsaw(session: Session, anna: Person, now: str, today: bool) -> None:
    session.add(Client(name="Mewa", created_at=MONDAY))
    session.flush()

    found = names(
        session, anna, rule("created_at", "on", "today"), now=datetime.fromisoformat(now).replace(tzinfo=UTC)
    )

    assert (found == ["Mewa"]) is today


@pytest.mark.parametrize(
    ("at", "inside"),
    [("2026-03-28T22:59:59", False), ("2026-03-28T23:00:00", True), ("2026-03-29T21:59:59", True),
     ("2026-03-29T22:00:00", False)],
)  # fmt: skip
def test_the_day_the_clocks_change_has_twenty_three_hours(
    session: Session, anna: Person, at: str, inside: bool
) -> None:
    session.add(Client(name="Mewa", created_at=datetime.fromisoformat(at).replace(tzinfo=UTC)))
    session.flush()

    assert (names(session, anna, rule("created_at", "on", "2026-03-29")) == ["Mewa"]) is inside


@pytest.mark.parametrize(
    ("word", "first", "last"),
    [
        ("yesterday", "2026-12-30", "2026-12-30"),
        ("tomorrow", "2027-01-01", "2027-01-01"),
        ("this_week", "2026-12-28", "2027-01-03"),
        ("last_week", "2026-12-21", "2026-12-27"),
        ("next_week", "2027-01-04", "2027-01-10"),
        ("this_month", "2026-12-01", "2026-12-31"),
        ("last_month", "2026-11-01", "2026-11-30"),
        ("next_month", "2027-01-01", "2027-01-31"),
        ("this_quarter", "2026-10-01", "2026-12-31"),
        ("this_year", "2026-01-01", "2026-12-31"),
    ],
)
def test_relative_times_on_new_years_eve(word: str, first: str, last: str) -> None:
    start, end = rules._relative(word, date(2026, 12, 31))

    assert (start.isoformat(), (end - timedelta(days=1)).isoformat()) == (first, last)


def test_what_i_may_not_see_no_rule_shows(
    session: Session, anna: Person, borys: Person, departments: dict[str, Department]
) -> None:
    sale(session, anna, title="Suwnica").department_id = departments["sales"].id
    session.flush()

    assert deals(session, anna, {}) == ["Suwnica"]
    assert deals(session, borys, {}) == []
    assert deals(session, borys, {"not": rule("number", "empty")}) == []
    assert deals(session, borys, {"any": [rule("number", "filled"), rule("number", "empty")]}) == []


# ------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("leaf", "refusal", "said"),
    [
        (rule("password", "is", "x"), UnknownField, "password"),
        ({"op": "is", "value": "x"}, UnknownField, "None"),
        ({"field": ["a"], "op": "is"}, UnknownField, "['a']"),
        (rule("amount", "contains", "5"), UnknownOperator, "contains"),
        (rule("amount", "contains", "5"), UnknownOperator, "Amount"),
        ({"field": "amount"}, UnknownOperator, "None"),
        (rule("amount", "over", "many"), WrongValue, "many"),
        (rule("amount", "over", "NaN"), WrongValue, "NaN"),
        (rule("amount", "over", "1e400"), WrongValue, "1e400"),
        (rule("amount", "over", True), WrongValue, "True"),
        (rule("amount", "over"), WrongValue, "None"),
        (rule("status", "is", "sleeping"), WrongValue, "sleeping"),
        (rule("status", "one_of", "open"), WrongValue, "open"),
        (rule("status", "one_of", []), WrongValue, "[]"),
        (rule("status", "one_of", [["open"]]), WrongValue, "Status"),
        (rule("title", "contains", "a\0b"), WrongValue, "Title"),
        (rule("title", "contains", "a" * 201), WrongValue, "Title"),
        (rule("title", "is", {"a": 1}), WrongValue, "Title"),
        (rule("opened_at", "on", "whenever"), WrongValue, "whenever"),
        (rule("opened_at", "on", "9999-12-31"), WrongValue, "9999-12-31"),
        (rule("opened_at", "older", "-1"), WrongValue, "-1"),
        (rule("opened_at", "within", "99999999"), WrongValue, "99999999"),
        (rule("owner", "is", "Anna"), WrongValue, "Anna"),
        (rule("owner", "is", 10**30), WrongValue, "Owner"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_name(
    session: Session, anna: Person, leaf: Any, refusal: type[Exception], said: str
) -> None:
    for tree in (leaf, {"any": [rule("title", "filled"), {"not": leaf}]}):
        with pytest.raises(refusal, match=said.replace("[", r"\[")):
            rules.query(DEALS, tree, Viewer(session, anna, MONDAY))


@pytest.mark.parametrize(
    "tree",
    [
        [],
        "all",
        {"all": []},
        {"any": "x"},
        {"all": {}},
        {"not": {}},
        {"any": [None]},
        {"all": [rule("title", "filled")], "any": [rule("title", "filled")]},
        {"all": [rule("title", "filled")] * (rules.MOST + 1)},
    ],
)
def test_what_is_no_tree_of_rules_is_refused(tree: Any) -> None:
    with pytest.raises((WrongRules, UnknownField)):
        rules.check(DEALS, tree)


def test_rules_nested_too_deeply_are_refused() -> None:
    tree: dict[str, Any] = rule("title", "filled")
    for _ in range(rules.DEEPEST):
        tree = {"not": tree}
    rules.check(DEALS, tree)

    with pytest.raises(WrongRules):
        rules.check(DEALS, {"not": tree})


def test_an_order_by_something_unknown_is_refused(session: Session, anna: Person) -> None:
    with pytest.raises(UnknownField, match="secret"):
        rules.query(DEALS, {}, Viewer(session, anna, MONDAY), sort="-secret")


def test_an_unknown_subject_is_refused() -> None:
    with pytest.raises(subjects.UnknownSubject, match="payroll"):
        subjects.of("payroll")


# ------------------------------------------------------------------------------------------------ order and words


def test_lists_are_ordered_by_names_not_by_ids_and_empty_ones_stand_last(
    session: Session, clients: None, anna: Person
) -> None:
    assert names(session, anna, {}, sort="owner") == ["Łąka Mleko", "Młyn 100%", "Tartak"]
    assert names(session, anna, {}, sort="-owner") == ["Młyn 100%", "Łąka Mleko", "Tartak"]
    assert names(session, anna, {}, sort="-created_at") == ["Łąka Mleko", "Młyn 100%", "Tartak"]


def test_deals_are_ordered_by_their_client_and_stage(session: Session, clients: None, anna: Person) -> None:
    first, second = sale(session, anna, title="One"), sale(session, anna, title="Two")
    first.stage, first.stage_rank = "qualification", 1
    second.stage, second.stage_rank = "offer", 2
    session.flush()

    assert deals(session, anna, {}, sort="-stage") == ["Two", "One"]
    assert sorted(deals(session, anna, {}, sort="client.name")) == ["One", "Two"]


SAID = {
    "all": [
        rule("status", "is", "open"),
        {"any": [rule("amount", "over", "50000"), rule("owner", "is", "@me"), rule("owner", "is", 7)]},
        {"not": rule("stage", "one_of", ["offer", "contract"])},
        rule("expected_close", "before", "this_month"),
        rule("client.city", "contains", "{łódź}"),
    ]
}
NAMES = {"person:7": "Borys Jawor", "stage:offer": "Oferta"}


def test_a_filter_reads_itself_out_in_english() -> None:
    assert rules.sentence(DEALS, SAID, "en", NAMES) == (
        "Status is open and (Amount is over 50,000 or Owner is me or Owner is Borys Jawor)"
        " and not (Stage is one of (Oferta, contract)) and Expected close before this month"
        " and Client: city contains “{łódź}”"
    )
    assert rules.sentence(DEALS, {}, "en") == "all"


def test_a_filter_reads_itself_out_in_polish() -> None:
    assert rules.sentence(DEALS, SAID, "pl", NAMES) == (
        "Stan: otwarta i (Kwota powyżej 50\N{NO-BREAK SPACE}000 lub Prowadzi: ja lub Prowadzi: Borys Jawor)"
        " i nieprawda, że (Etap: jedno z (Oferta, contract)) i Oczekiwane zamknięcie przed: ten miesiąc"
        " i Klient: miasto zawiera „{łódź}”"
    )


def test_every_word_of_the_catalogue_is_in_both_languages() -> None:
    words: list[Text] = [*rules.RELATIVE.values()]
    for about in SUBJECTS.values():
        words += [about.title, *(field.label for field in about.fields.values())]
    for operators in OPERATORS.values():
        words += [text for operator in operators.values() for text in (operator.label, operator.says)]

    assert [text for text in words if not (text.pl and text.en)] == []


def test_rules_survive_being_stored_as_json(session: Session, clients: None, anna: Person) -> None:
    kept = json.loads(json.dumps({"any": [rule("class", "one_of", ["a"]), rule("created_at", "older", 30)]}))

    assert names(session, anna, kept) == ["Tartak", "Łąka Mleko"]
