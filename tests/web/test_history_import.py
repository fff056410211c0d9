"""A director brings in the event log of the old system: looks at it, corrects the map, and lets it be imported."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from engine.db import sessions
from engine.people import Person
from engine.sales.ladders import Move
from engine.sales.past import jobs, maps
from engine.sales.past.rows import Import, ImportFile
from tests.web.conftest import Visitor
from webapp.past_reports import add_up

Doors = Callable[[Person], Visitor]
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
LOG = """nr;czynność;kiedy;osoba;dział;kwota;powód
17;Zapytanie;03.03.2025 09:12;Anna Wilk;sales;;
17;Oferta;05.03.2025 14:00;Anna Wilk;sales;12000,50;
17;Zapytanie;10.03.2025 10:00;Anna Wilk;sales;;zmiana zakresu
17;Oferta;12.03.2025 16:30;Anna Wilk;sales;14000,00;
17;Podpisana;20.03.2025 11:00;Borys Jawor;legal;;
18;Zapytanie;04.03.2025 09:00;Ktoś Inny;nieznany;900,00;
18;Rezygnacja;07.03.2025 12:00;Ktoś Inny;nieznany;;=HYPERLINK("http://x")
"""


def upload(visitor: Visitor, content: bytes, name: str = "dawna.csv") -> int:
    """Send a file; the number of its draft."""
    answer = visitor.send("/reports/history/", {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return int(answer.location.rsplit("/", 1)[1])


def carry_out(database: Engine) -> None:
    """What the clock does."""
    assert jobs.work(sessions(database), add_up, now=NOW) == 1


@pytest.fixture
def director(as_: Doors, clara: Person) -> Visitor:
    """Clara, at her desk."""
    return as_(clara)


def test_a_file_is_looked_at_corrected_and_imported(
    director: Visitor, database: Engine, session: Session
) -> None:
    number = upload(director, LOG.encode())
    shown = director.get(f"/reports/history/{number}").get_data(as_text=True)
    assert "Zapytanie" in shown
    assert "12,000.50" in shown or "12000.50" in shown

    asked = director.send(f"/reports/history/{number}/map", typed(press="import"))
    assert asked.status_code == 303
    assert "Waits for its turn" in director.get(f"/reports/history/{number}").get_data(as_text=True)
    carry_out(database)

    page = director.get(f"/reports/history/{number}").get_data(as_text=True)
    assert "Imported" in page
    kinds = session.scalars(select(Move.kind).where(Move.ladder == "dawna").order_by(Move.id)).all()
    assert kinds == ["new", "forward", "backward", "forward", "won", "new", "lost"]
    assert session.scalar(select(func.count()).select_from(ImportFile)) == 0
    for report in ("funnel", "dynamics", "moves"):
        answer = director.get(f"/reports/{report}?ladder=dawna&from=2025-03-01&to=2025-03-31")
        assert answer.status_code == 200, report


def typed(**more: str) -> dict[str, str]:
    """The form as somebody fills it in."""
    names = ["Zapytanie", "Oferta", "Podpisana", "Rezygnacja"]
    means = ["position", "position", "won", "lost"]
    found = {
        "title": "Dawna sprzedaż",
        "ladder": "dawna",
        "zone": "Europe/Warsaw",
        "currency": "PLN",
        "encoding": "",
        "time": "%d.%m.%Y %H:%M",
        "decimal": ",",
    }
    columns = {
        "case": "nr",
        "activity": "czynność",
        "time": "kiedy",
        "actor": "osoba",
        "department": "dział",
        "amount": "kwota",
        "reason": "powód",
    }
    found |= {f"column-{role}": name for role, name in columns.items()}
    for place, (name, meaning) in enumerate(zip(names, means, strict=True)):
        found |= {
            f"activity-{place}": name,
            f"means-{place}": meaning,
            f"place-{place}": str(place + 1) if meaning == "position" else "",
        }
    return found | more


def test_the_rest_of_the_house_copes_with_a_process_that_has_only_a_past(
    director: Visitor, as_: Doors, dorota: Person, database: Engine, session: Session
) -> None:
    number = upload(director, LOG.encode())
    director.send(f"/reports/history/{number}/map", typed(press="import"))
    carry_out(database)
    case = session.scalars(select(Move.instance_id).where(Move.ladder == "dawna")).first()
    for visitor in (director, as_(dorota)):
        assert "dawna" in visitor.get("/processes/").get_data(as_text=True)
        page = visitor.get("/processes/dawna").get_data(as_text=True)
        assert "history from elsewhere" in page
        assert "bpmn-view" not in page
        assert visitor.get("/processes/dawna/start").status_code == 404
    assert "zmiana zakresu" in director.get(f"/processes/instances/{case}").get_data(as_text=True)
    assert "Dawna sprzedaż" in director.get("/reports/").get_data(as_text=True)
    assert director.get("/").status_code in (200, 302, 303)
    again = upload(director, LOG.replace("18;", "19;").replace("Rezygnacja", "Odmowa").encode(), "druga.csv")
    assert director.send(f"/reports/history/{again}/map", typed(press="import")).status_code == 303
    carry_out(database)
    assert director.get("/processes/dawna/hand-offs").status_code == 404
    for path in ("/sales/", "/work/", "/processes/dawna/differences", "/processes/"):
        answer = director.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
        assert "bpmn-view" not in answer.get_data(as_text=True), path


def test_what_is_no_log_is_refused_beside_its_field(director: Visitor) -> None:
    sent: list[tuple[bytes, str, str]] = [
        (b"", "a.csv", "There are no events"),
        (b"<html/>", "a.xes", "This XML is not an event log"),
        (b'<!DOCTYPE log [<!ENTITY a "b">]><log/>', "a.xes", "document type"),
        (b"\x1f\x8b\x08\x00broken", "a.xes.gz", "damaged"),
    ]
    for content, name, said in sent:
        answer = director.send("/reports/history/", {"file": (io.BytesIO(content), name)})
        assert answer.status_code == 422, name
        assert said in answer.get_data(as_text=True), name
    assert "Choose a file" in director.send("/reports/history/").get_data(as_text=True)


def test_a_broken_map_comes_back_as_it_was_typed_with_what_is_wrong(director: Visitor) -> None:
    number = upload(director, LOG.encode())
    answer = director.send(
        f"/reports/history/{number}/map", {"map": "[history]\nladder = ''", "press": "import"}
    )
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "says nothing under" in page
    assert "ladder = &#39;&#39;" in page
    wrong_column = director.send(f"/reports/history/{number}/map", typed(**{"column-time": "nr"}))
    shown = director.get(wrong_column.location).get_data(as_text=True)
    assert "is not a time" in shown
    assert "Line 2" in shown
    position = director.send(f"/reports/history/{number}/map", typed(**{"means-0": "moon"}))
    assert position.status_code in (303, 422)


def test_wrong_rows_are_told_in_polish_with_their_lines(
    director: Visitor, clara: Person, database: Engine, session: Session
) -> None:
    number = upload(director, LOG.replace("05.03.2025", "35.03.2025").encode())
    assert director.send(f"/reports/history/{number}/map", typed(press="import")).status_code == 303
    carry_out(database)
    page = director.get(f"/reports/history/{number}?lang=pl").get_data(as_text=True)
    assert "Wiersz 3" in page
    assert "to nie jest czas" in page


def test_drafts_are_nobody_elses_and_employees_do_not_import(
    director: Visitor, as_: Doors, adam: Person, anna: Person
) -> None:
    number = upload(director, LOG.encode())
    assert as_(adam).get(f"/reports/history/{number}").status_code == 404
    assert as_(anna).get("/reports/history/").status_code == 403
    assert as_(adam).get("/reports/history/").status_code == 200
    assert director.send(f"/reports/history/{number}/end").status_code == 303
    assert director.get(f"/reports/history/{number}").status_code == 404


def test_several_activities_may_share_a_position_and_positions_change_places(
    director: Visitor, session: Session
) -> None:
    number = upload(director, LOG.encode())
    fields = typed(**{"means-2": "position", "place-2": "1", "place-0": "2", "place-1": "1"})
    assert director.send(f"/reports/history/{number}/map", fields).status_code == 303
    made = session.scalars(select(Import).where(Import.id == number)).one()
    chosen = maps.read(made.map)
    assert [each.key for each in chosen.positions] == ["oferta", "zapytanie"]
    assert chosen.activities["Podpisana"] == "oferta"
    assert chosen.activities["Rezygnacja"] == "lost"


def test_one_wrong_time_does_not_hide_how_the_others_are_written(director: Visitor) -> None:
    wrong = LOG + "19;Zapytanie;wczoraj;Anna Wilk;sales;;\n"
    page = director.get(f"/reports/history/{upload(director, wrong.encode())}").get_data(as_text=True)

    assert re.findall(r"<b>Line (\d+)</b>", page) == ["9"]
    assert "%d.%m.%Y %H:%M" in page
