"""The filter of a report lives in its address: sections, products, departments, teams, days; what makes no sense is refused."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.people import Department, Person
from engine.process.definitions import Definition
from engine.sales import sections
from engine.sales.deals import Deal
from engine.sales.sections import Section
from engine.sales.subjects import SUBJECTS
from tests.conftest import MONDAY
from tests.web.report_kit import (
    THURSDAY,
    As,
    counted,
    director,
    length,
    long_sale,
    page,
)

__all__ = ["director", "long_sale"]


def keep(session: Session, by: Person, rules: dict[str, object], title: str = "Duże hurtownie") -> Section:
    made = sections.save(session, SUBJECTS["deals"], title, rules, by=by, now=THURSDAY)
    session.commit()
    return made


@pytest.fixture
def big(session: Session, director: Person, long_sale: Definition) -> Section:
    return keep(session, director, {"field": "amount", "op": "over", "value": "200000"})


def test_a_section_narrows_the_report_and_is_read_out(
    as_: As,
    session: Session,
    director: Person,
    big: Section,
) -> None:
    client = as_(director)
    text = page(client.get(f"/reports/dynamics?section={big.id}&by=month"))
    ids = {f"/deals/{id_}" for id_ in session.scalars(select(Deal.id).where(Deal.amount <= 200_000))}
    numbers = list(dict.fromkeys(counted(text)))

    assert "Section <b>Duże hurtownie</b>" in text
    assert len(numbers) > 10
    assert all(f"section={big.id}" in address for _, address in numbers)
    for number, address in numbers[:: len(numbers) // 8]:
        assert length(client, address) == number
    assert not any(f'"{each}"' in page(client.get(numbers[0][1])) for each in ids)


@pytest.mark.slow
def test_every_number_of_a_section_opens_a_list_as_long_as_it_says(
    as_: As, director: Person, big: Section
) -> None:
    client = as_(director)
    numbers = dict.fromkeys(counted(page(client.get(f"/reports/dynamics?section={big.id}&by=month"))))

    for number, address in numbers:
        assert length(client, address) == number


def test_a_section_that_is_not_shared_is_refused_and_one_that_is_shared_shows_only_ones_own(
    as_: As,
    session: Session,
    director: Person,
    anna: Person,
    big: Section,
) -> None:
    address = f"?section={big.id}&from=2026-01-01&to=2026-11-19"
    client = as_(anna)
    answer = client.get(f"/reports/dynamics{address}")
    assert answer.status_code == 404
    assert f"There is no section with the number {big.id} that you may use." in answer.get_data(as_text=True)

    sections.share(session, big, "everyone", by=director, now=THURSDAY)
    session.commit()
    mine, whole = (
        length(client, f"/reports/moves{address}"),
        length(as_(director), f"/reports/moves{address}"),
    )
    assert 0 < mine < whole


def test_a_section_of_clients_or_with_a_field_that_is_gone_is_refused(
    as_: As,
    session: Session,
    director: Person,
    big: Section,
) -> None:
    clients = sections.save(session, SUBJECTS["clients"], "Młyny", {}, by=director, now=THURSDAY)
    big.rules = {"field": "luck", "op": "is", "value": "1"}
    session.commit()

    for section, said in ((clients, "does not choose deals"), (big, "There is no field “luck”")):
        answer = as_(director).get(f"/reports/dynamics?section={section.id}")
        assert answer.status_code == 400
        assert said in answer.get_data(as_text=True)


def test_a_product_and_a_team_narrow_and_stay_in_every_address(
    as_: As,
    session: Session,
    director: Person,
    departments: dict[str, Department],
    long_sale: Definition,
) -> None:
    for place, deal in enumerate(session.scalars(select(Deal))):
        deal.product_line = ("Regały", "Wagi", None)[place % 3]
    session.commit()
    client, whole = as_(director), "?from=2026-01-01&to=2026-11-19"
    team = departments["legal"].id

    parts = [length(client, f"/reports/moves{whole}&product={each}") for each in ("Regały", "Wagi", "-")]
    assert sum(parts) == length(client, f"/reports/moves{whole}")
    assert all(parts)
    text = page(client.get(f"/reports/dynamics?by=month&product=Regały&team={team}"))
    assert "product <b>Regały</b>" in text
    for number, address in counted(text)[:12]:
        assert f"team={team}" in address
        assert length(client, address) == number


def test_a_department_is_read_with_those_below_it_and_a_team_without(
    as_: As,
    director: Person,
    departments: dict[str, Department],
    long_sale: Definition,
) -> None:
    address, client = "/reports/moves?from=2026-01-01&to=2026-11-19", as_(director)
    board = departments["board"].id

    assert length(client, f"{address}&department={board}") == length(client, address)
    assert "Nothing was counted here" in page(client.get(f"{address}&team={board}"))


def test_a_section_as_of_a_past_day_knows_deals_as_they_were(
    as_: As,
    session: Session,
    director: Person,
    long_sale: Definition,
) -> None:
    first = MONDAY - timedelta(days=28)
    section = keep(session, director, {"field": "status", "op": "is", "value": "open"})
    address = f"/reports/dynamics?section={section.id}&as_of={first.date()}"
    client = as_(director)
    before = page(client.get(address)).partition('<p class="finding">')[2]

    for deal in session.scalars(select(Deal)):
        deal.status, deal.stage, deal.owner_id = "lost", None, None
    session.commit()

    assert len(counted(before)) > 10
    assert page(client.get(address)).partition('<p class="finding">')[2] == before


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("dynamics?ladder=nothing", 404, "There is no ladder “nothing”."),
        ("dynamics?from=2026-11-10&to=2026-11-02", 400, "end on"),
        ("moves?from=2026-11-10&to=2026-11-02", 400, "end on"),
        ("dynamics?from=2026-12-24", 400, "has not come yet"),
        ("moves?left=moon", 400, "left"),
        ("moves?standing=moon", 400, "standing"),
        ("dynamics?section=x", 400, "section"),
        ("dynamics?section=99", 404, "section with the number 99"),
        ("dynamics?department=999999", 400, "department"),
        ("dynamics?team=999999", 400, "team"),
        ("dynamics?owner=999999", 400, "owner"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    as_: As,
    director: Person,
    long_sale: Definition,
    address: str,
    status: int,
    said: str,
) -> None:
    answer = as_(director).get(f"/reports/{address}")

    assert answer.status_code == status
    assert said in answer.get_data(as_text=True)


@pytest.mark.parametrize("group", ["department", "team", "owner", "stage", "product", "section"])
def test_every_number_side_by_side_opens_a_list_as_long_as_it_says(
    as_: As,
    session: Session,
    director: Person,
    departments: dict[str, Department],
    long_sale: Definition,
    group: str,
) -> None:
    for place, deal in enumerate(session.scalars(select(Deal))):
        deal.product_line = ("Regały", "Wagi", None)[place % 3]
    keep(session, director, {"field": "amount", "op": "over", "value": "200000"})
    keep(session, director, {"field": "amount", "op": "over", "value": "300000"}, "Największe")
    client = as_(director)

    text = page(client.get(f"/reports/dynamics?by=month&group={group}"))
    rows = counted(text.partition("<h2>Who moved</h2>")[2].partition("</table>")[0])

    assert len(rows) >= 3
    for number, address in rows:
        assert length(client, address) == number, address
