"""Whatever the address of a report asks wrongly is refused by the name of its field, in the reader's language: no page of zeros."""

import pytest
from sqlalchemy.orm import Session

from engine.people import Person
from engine.process.definitions import Definition
from tests.web.report_kit import As, director, long_sale, page

__all__ = ["director", "long_sale"]

WRONG = {
    "dynamics": (
        "by=century",
        "measure=luck",
        "group=planet",
        "as_of=2099-01-01",
        "as_of=yesterday",
        "from=2026-02-31",
        "product=Nieznany",
        "department=0",
        "owner=-1",
        "team=1e3",
        "section=0x1",
    ),
    "funnel": (
        "view=sideways",
        "segment=planet",
        "against=tomorrow",
        "against=version&version_a=99&version_b=1",
        "against=version&version_b=99",
        "against=days&other_from=2026-05-05&other_to=2026-05-01",
    ),
    "moves": (
        "page=-1",
        "page=0",
        "page=two",
        "kinds=forward,sideways",
        "unit=999999",
        "person=999999",
        "cause=999999",
        "reason=because",
        "left=moon",
        "entered=moon",
        "standing=moon",
        "at=soon&standing=*",
        "idle=maybe&standing=*",
        "cell=planet&stage=meet&fate=reached",
        "cell=cohort&stage=moon&fate=reached",
        "cell=cohort&stage=meet&fate=luck",
        "cell=flow&stage=meet&fate=luck",
        "cell=cohort&stage=meet&fate=reached&segment=planet",
        "cell=cohort&stage=meet&fate=reached&segment=owner&value=Anna",
        "cell=reach&stage=moon",
    ),
    "moves.csv": ("kinds=sideways", "left=moon"),
    "steps": (
        "kind=lost",
        "giver=999999",
        "receiver=999999",
        "holder=999999",
        "person=999999",
        "back=perhaps",
        "handed=2",
        "diagram=sales&element=nowhere",
        "page=-1",
        "version=999",
    ),
    "steps.csv": ("kind=lost",),
    "cases": ("variant=deadbeef", "page=-1", "again=nowhere", "again=sales.nowhere", "first=a.b&then=c.d"),
    "bottlenecks": ("heat=hot", "drawing=other.bpmn", "version=999"),
    "variants": ("variant=deadbeef", "drawing=other.bpmn"),
    "forecast": ("horizon=91", "horizon=-30"),
    "promises": ("by=century", "department=999999"),
    "promises/list": ("what=luck", "what=kept&provider=999999", "what=kept&agreement=999999"),
    "promises/felt": ("cause=999999", "from=2026-11-10&to=2026-11-01"),
    "alarms": ("page=-1",),
}


DAYS = ("from=2026-11-10&to=2026-11-02", "from=2099-01-01", "as_of=2099-01-01", "ladder=nothing")


def fields(wrong: str) -> list[str]:
    """The fields of which one must be named."""
    return [each.partition("=")[0] for each in wrong.split("&")]


@pytest.mark.parametrize("report", WRONG)
def test_what_an_address_asks_wrongly_is_refused_by_name(
    as_: As, director: Person, long_sale: Definition, report: str
) -> None:
    client, taken = as_(director), []
    for wrong in WRONG[report]:
        answer = client.get(f"/reports/{report}?{wrong}")
        text = answer.get_data(as_text=True)
        named = any(f"{name} =" in text or f"“{name}”" in text for name in fields(wrong))
        if not (400 <= answer.status_code < 500 and named):
            taken.append((wrong, answer.status_code))

    assert taken == []


def test_days_that_make_no_sense_are_refused_by_every_report(
    as_: As, director: Person, long_sale: Definition
) -> None:
    client = as_(director)
    reports = ("dynamics", "funnel", "flow", "workload", "hand-overs", "bottlenecks", "variants")
    asked = [f"/reports/{report}?{wrong}" for report in reports for wrong in DAYS]

    assert [each for each in asked if not 400 <= client.get(each).status_code < 500] == []


def test_the_refusal_is_polish_for_whoever_reads_polish(
    as_: As, session: Session, director: Person, long_sale: Definition
) -> None:
    director.locale = "pl"
    session.commit()
    client = as_(director)

    future = client.get("/reports/dynamics?as_of=2099-01-01").get_data(as_text=True)
    unknown = client.get("/reports/moves?kinds=sideways").get_data(as_text=True)
    assert "nic jeszcze nie wiadomo" in future
    assert "kinds = „sideways”" in unknown


def test_a_version_chosen_alone_stands_beside_the_newest_other(
    as_: As, director: Person, long_sale: Definition
) -> None:
    text = page(as_(director).get("/reports/funnel?against=version&version_a=1"))

    assert "version_a" in text
