"""Reports as files: PDF with its pictures, a workbook, CSV, single pictures; kept, shared, sent by mail, each once."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from lxml import etree
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, sessionmaker
from werkzeug.test import TestResponse

from connectors import paper as printing
from engine import notices, report_jobs, report_schedules
from engine.db import sessions
from engine.notices import Notice
from engine.people import Department, Membership, Person
from engine.process.definitions import Definition
from engine.process.outbox import Job
from engine.report_jobs import ReportFile, ReportJob
from engine.report_schedules import ReportSchedule
from engine.reports_kept import KeptReport
from tests.conftest import MONDAY
from tests.reports import company
from tests.web import papers
from tests.web.conftest import Clock, Visitor
from webapp.reporting import files
from webapp.reporting.jobs_worker import Worker
from webapp.settings import Settings

As = Callable[[Person], Visitor]
THURSDAY = MONDAY + timedelta(days=3)
NEXT_MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
"""7:00 in Warsaw."""


@pytest.fixture(autouse=True)
def shelf() -> Iterator[None]:
    with papers.shelved():
        yield


@pytest.fixture
def sale(
    session: Session, departments: dict[str, Department], anna: Person, borys: Person, clock: Clock
) -> Definition:
    clock.at = THURSDAY
    sellers = [(anna, departments["sales"]), (borys, departments["legal"])]
    return company.half_year(session, sellers, [None, departments["presales"]], until=THURSDAY, count=60)


@pytest.fixture
def director(session: Session, clara: Person, departments: dict[str, Department]) -> Person:
    clara.memberships.append(Membership(department_id=departments["board"].id))
    session.commit()
    return clara


@pytest.fixture
def factory(database: Engine) -> sessionmaker[Session]:
    return sessions(database)


@pytest.fixture
def worker(app: Flask) -> Worker:
    return Worker(Settings(secret_key="for tests only"), app)  # type: ignore[arg-type]


def export(visitor: Visitor, form: str, **more: str) -> TestResponse:
    return visitor.send("/reports/exports", {"report": "dynamics", "query": "by=month", "form": form, **more})


def keep(visitor: Visitor, title: str = "Monthly look", query: str = "by=month&lang=pl") -> str:
    answer = visitor.send("/reports/kept", {"report": "dynamics", "query": query, "title": title})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.location


def plan(visitor: Visitor, kept: str, *people: Person, **more: str) -> TestResponse:
    fields = {
        "rhythm": "weekly",
        "day": "1",
        "at": "7:00",
        "people": [str(each.id) for each in people],
        **more,
    }
    return visitor.send(f"{kept}/schedules", fields)


# ------------------------------------------------------------------------------------------------ files


def test_csv_is_read_back_as_it_stands_and_holds_no_formula(
    as_: As, director: Person, sale: Definition
) -> None:
    answer = export(as_(director), "csv", part="names")
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))

    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Content-Disposition"] == "attachment; filename=dynamics-2026-11-19-names.csv"
    assert rows[0] == ["Name", "n"]
    assert all(row[0].startswith("'=HYPERLINK") for row in rows[1:])


def test_all_tables_as_csv_come_as_one_archive_with_numbers_a_program_reads(
    as_: As, director: Person, sale: Definition
) -> None:
    archive = zipfile.ZipFile(io.BytesIO(export(as_(director), "csv").data))
    rows = list(csv.reader(io.StringIO(archive.read("periods.csv").decode("utf-8-sig"))))

    assert archive.namelist() == ["periods.csv", "names.csv"]
    assert rows[0][2] == "'=Money"
    assert re.fullmatch(r"\d{4}-\d\d-01", rows[1][0])
    assert sum(int(row[1]) for row in rows[1:]) > 20


def test_a_workbook_has_typed_cells_and_says_what_it_is(as_: As, director: Person, sale: Definition) -> None:
    book = zipfile.ZipFile(io.BytesIO(export(as_(director), "xlsx").data))
    names = re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())
    words = book.read("xl/sharedStrings.xml").decode()
    periods, texts = (book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (2, 3))

    assert names == ["About this report", "Period by period", "Names"]
    assert "Forward is every move to a later stage." in words
    assert "=HYPERLINK" in words
    assert "<f>" not in periods + texts
    assert re.search(r'<c r="B2" s="\d+"><v>\d+</v>', periods)
    assert '<hyperlink ref="B2"' in periods


def test_a_pdf_carries_the_same_picture_and_every_table(as_: As, director: Person, sale: Definition) -> None:
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(export(as_(director), "pdf").data)
    text = "".join(page.get_textpage().get_text_range() for page in document)

    assert "Agreement dynamics" in text
    assert re.search(r"\d+ forward, \d+ back", text)
    assert "Share back" in text
    assert "Too few to judge." in text
    document.close()


def test_a_picture_comes_alone_as_svg_with_its_colours_inside(
    as_: As, director: Person, sale: Definition
) -> None:
    root = etree.fromstring(export(as_(director), "svg").data)

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.findtext("{*}desc") is not None
    fills = {each.get("fill") for each in root.iter("{*}rect")}
    assert "#9aa3b3" in fills
    assert b"class=" not in etree.tostring(root)


def test_a_picture_comes_as_png_twice_as_fine_as_on_the_screen(
    as_: As, director: Person, sale: Definition
) -> None:
    pytest.importorskip("pypdfium2")
    data = export(as_(director), "png").data

    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") == pytest.approx(2 * 932, abs=4)


def test_what_is_not_given_out_is_refused_by_name(as_: As, director: Person, sale: Definition) -> None:
    visitor = as_(director)
    assert "“docx”" in export(visitor, "docx").get_data(as_text=True)
    assert "“nothing”" in export(visitor, "svg", part="nothing").get_data(as_text=True)
    unknown = visitor.send("/reports/exports", {"report": "weather", "query": "", "form": "pdf"})
    assert unknown.status_code == 400
    assert "“weather”" in unknown.get_data(as_text=True)
    late = visitor.send("/reports/exports", {"report": "dynamics", "query": "from=2027-01-01", "form": "csv"})
    assert late.status_code == 400


def test_on_a_bare_machine_it_says_that_nothing_prints(
    as_: As, director: Person, sale: Definition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bare(_: str) -> bytes:
        raise printing.NoPrinter

    monkeypatch.setattr(printing, "print_", bare)
    assert "Print the page instead" in export(as_(director), "pdf").get_data(as_text=True)


def test_the_menu_stands_on_the_report_and_leads_to_the_page_for_print(
    as_: As, director: Person, sale: Definition
) -> None:
    visitor = as_(director)
    text = visitor.get("/reports/dynamics?by=month").get_data(as_text=True)
    assert 'href="/reports/paper/dynamics?by=month"' in text
    shown = visitor.get("/reports/paper/dynamics?by=month").get_data(as_text=True)
    assert re.search(r'<svg class="plot"[^>]*>.*<a href="/reports/moves.*</svg>', shown)
    assert "<style" not in shown
    assert "style=" not in shown


# ------------------------------------------------------------------------------------------------ exports in the background


def test_a_large_export_is_made_in_the_background_and_only_its_owner_may_fetch_it(
    as_: As,
    director: Person,
    anna: Person,
    sale: Definition,
    worker: Worker,
    factory: sessionmaker[Session],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(files.AT_ONCE, "xlsx", 1)
    visitor = as_(director)
    place = export(visitor, "xlsx").location
    waiting = visitor.get(place)
    assert waiting.headers["Refresh"] == "2"
    assert "Waiting" in waiting.get_data(as_text=True)

    assert worker.work(factory, lambda: THURSDAY) == 1
    done = visitor.get(place)
    address = re.search(r'href="(/reports/exports/\d+/files/\d+)"', done.get_data(as_text=True))
    assert address
    assert "Refresh" not in done.headers
    assert visitor.get(address[1]).data.startswith(b"PK")
    assert as_(anna).get(address[1]).status_code == 404
    assert as_(anna).get(place).status_code == 404


def test_a_background_export_shows_what_its_owner_may_see_when_it_is_made(
    as_: As,
    anna: Person,
    director: Person,
    sale: Definition,
    worker: Worker,
    factory: sessionmaker[Session],
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(files.AT_ONCE, "csv", 1)
    counts = {}
    for who in (director, anna):
        export(as_(who), "csv", part="periods")
        worker.work(factory, lambda: THURSDAY)
        file = session.scalars(select(ReportFile).order_by(ReportFile.id.desc()).limit(1)).one()
        rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
        counts[who.name] = sum(int(row[1]) for row in rows[1:])
    assert 0 < counts[anna.name] < counts[director.name]


def test_results_are_forgotten_after_a_week_and_the_list_says_so(
    session: Session, director: Person, sale: Definition
) -> None:
    job = report_jobs.ask(
        session, "dynamics", "Dynamics", "csv", "", key="k", locale="en", by=director, now=MONDAY
    )
    made = [ReportFile(name="a.csv", media_type="text/csv", content=b"a")]
    report_jobs.finish(session, job, made, now=MONDAY)
    report_jobs.sweep(session, now=MONDAY + timedelta(days=6))
    assert session.scalars(report_jobs.files(job)).all()
    report_jobs.sweep(session, now=MONDAY + timedelta(days=8))
    assert not session.scalars(report_jobs.files(job)).all()


def test_an_export_that_breaks_is_tried_thrice_and_then_given_up(
    app: Flask,
    session: Session,
    director: Person,
    sale: Definition,
    worker: Worker,
    factory: sessionmaker[Session],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("webapp.reporting.files.make", broken)
    report_jobs.ask(
        session, "dynamics", "Dynamics", "pdf", "", key="k", locale="en", by=director, now=THURSDAY
    )
    session.commit()
    made = [worker.work(factory, lambda n=n: THURSDAY + timedelta(minutes=2 * n)) for n in range(5)]  # type: ignore[misc]
    session.expire_all()
    job = session.scalars(select(ReportJob)).one()
    assert made == [1, 1, 1, 0, 0]
    assert (job.tries, job.failed_at is not None, job.error) == (3, True, report_jobs.BROKEN)


# ------------------------------------------------------------------------------------------------ kept


def test_a_kept_report_opens_with_its_filter_and_each_sees_their_own(
    as_: As, director: Person, anna: Person, sale: Definition
) -> None:
    kept = keep(as_(director))
    assert as_(director).get(f"{kept}/open").location == "/reports/dynamics?by=month"
    assert as_(anna).get(kept).status_code == 404
    as_(director).send(f"{kept}/shares", {"circle": "department:sales"})
    assert as_(anna).get(f"{kept}/open").location == "/reports/dynamics?by=month"
    assert "Monthly look" in as_(anna).get("/reports/").get_data(as_text=True)
    assert as_(anna).send(kept, {"title": "Mine"}).status_code == 403
    assert as_(anna).send(f"{kept}/removal").status_code == 403


def test_pinned_reports_stand_first(as_: As, director: Person, sale: Definition) -> None:
    visitor = as_(director)
    keep(visitor, "Alpha")
    second = keep(visitor, "Beta")
    visitor.send(f"{second}/pin", {"on": "1"})
    text = visitor.get("/reports/").get_data(as_text=True)
    assert text.index("Beta") < text.index("Alpha")


def test_a_nameless_or_wrongly_shared_report_is_refused_beside_its_field(
    as_: As, director: Person, sale: Definition
) -> None:
    visitor = as_(director)
    kept = keep(visitor)
    long = visitor.send(kept, {"title": "x" * 81})
    assert long.status_code == 422
    assert "at most 80" in long.get_data(as_text=True)
    assert visitor.send(f"{kept}/shares", {"circle": "planet:mars"}).status_code == 422


# ------------------------------------------------------------------------------------------------ sent


def test_a_report_is_mailed_once_a_period_to_each_reader_with_its_pictures_and_a_pdf(
    as_: As,
    director: Person,
    anna: Person,
    sale: Definition,
    worker: Worker,
    factory: sessionmaker[Session],
    session: Session,
) -> None:
    pytest.importorskip("pypdfium2")
    kept = keep(as_(director))
    as_(director).send(f"{kept}/shares", {"circle": "everyone:"})
    assert plan(as_(director), kept, director, anna).status_code == 303
    assert "every Monday at 7:00" in as_(director).get(kept).get_data(as_text=True)

    assert worker.plan(factory, lambda: NEXT_MONDAY - timedelta(seconds=1)) == 0
    assert worker.plan(factory, lambda: NEXT_MONDAY) == 2
    assert worker.plan(factory, lambda: NEXT_MONDAY) == 0
    while worker.work(factory, lambda: NEXT_MONDAY):
        pass
    session.expire_all()
    mails = session.scalars(select(Job).where(Job.name == "mail").order_by(Job.id)).all()
    assert sorted(each.inputs["to"] for each in mails) == sorted([director.id, anna.id])
    for mail in mails:
        files = [session.get_one(ReportFile, id_) for id_ in mail.inputs["files"]]
        assert [each.media_type for each in files] == ["application/pdf", "image/png"]
        assert f"cid:{files[1].cid}" in mail.inputs["html"]
        assert re.search(r"\d+ forward", mail.inputs["text"])
    assert mails[0].inputs["text"] != mails[1].inputs["text"]


def test_a_period_planned_again_is_not_sent_again(
    as_: As,
    director: Person,
    sale: Definition,
    worker: Worker,
    factory: sessionmaker[Session],
    session: Session,
) -> None:
    kept = keep(as_(director))
    plan(as_(director), kept, director)
    worker.plan(factory, lambda: NEXT_MONDAY)
    schedule = session.scalars(select(ReportSchedule)).one()
    schedule.next_at = NEXT_MONDAY
    session.commit()
    worker.plan(factory, lambda: NEXT_MONDAY)
    assert session.scalar(select(func.count()).select_from(ReportJob)) == 1


def test_who_lost_the_right_gets_nothing_and_the_owner_is_told(
    as_: As,
    director: Person,
    anna: Person,
    sale: Definition,
    worker: Worker,
    factory: sessionmaker[Session],
    session: Session,
) -> None:
    kept = keep(as_(director))
    as_(director).send(f"{kept}/shares", {"circle": "department:sales"})
    plan(as_(director), kept, anna)
    as_(director).send(f"{kept}/shares/removal", {"circle": "department:sales"})
    worker.plan(factory, lambda: NEXT_MONDAY)
    worker.work(factory, lambda: NEXT_MONDAY)
    session.expire_all()
    assert not session.scalars(select(Job).where(Job.name == "mail")).all()
    notice = session.scalars(notices.recent(director)).one()
    assert isinstance(notice, Notice)
    assert (notice.kind, notice.data["about"]) == ("report_not_sent", anna.name)
    told = as_(director).get("/notices/").get_data(as_text=True)
    assert "could not be sent" in told
    assert f'href="{kept}"' in told or kept in as_(director).get(f"/notices/{notice.id}").location


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"at": "25:00"}, "time of day"),
        ({"rhythm": "sometimes"}, "how often"),
        ({"day": "9"}, "day of the week"),
        ({"rhythm": "monthly", "monthday": "40"}, "from 1 to 31"),
        ({"people": []}, "who gets"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_by_its_field(
    as_: As, director: Person, sale: Definition, fields: dict[str, str], said: str
) -> None:
    visitor = as_(director)
    answer = plan(visitor, keep(visitor), director, **fields)
    assert answer.status_code == 422
    assert said in answer.get_data(as_text=True)


def test_nobody_without_rights_is_put_on_a_schedule(
    as_: As, director: Person, anna: Person, sale: Definition
) -> None:
    visitor = as_(director)
    answer = plan(visitor, keep(visitor), director, anna)
    assert answer.status_code == 422
    assert f"{anna.name} may not open this report" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("rhythm", "day", "expected"),
    [
        ("daily", None, ["2026-11-17", "2026-11-18", "2026-11-19"]),
        ("workdays", None, ["2026-11-17", "2026-11-18", "2026-11-19", "2026-11-20", "2026-11-23"]),
        ("weekly", 5, ["2026-11-20", "2026-11-27"]),
        ("month_start", None, ["2026-12-01", "2027-01-04"]),
        ("month_end", None, ["2026-11-30", "2026-12-31"]),
        ("monthly", 31, ["2026-11-30", "2026-12-31", "2027-01-31", "2027-02-28"]),
    ],
)
def test_rhythms_fall_on_their_days_at_their_hour(rhythm: str, day: int | None, expected: list[str]) -> None:
    schedule = ReportSchedule(rhythm=rhythm, day=day, minute=7 * 60)
    at, found = MONDAY, []
    for _ in expected:
        at = report_schedules.next_after(schedule, at)
        assert at.hour == 6
        found.append(at.date().isoformat())
    assert found == expected


def test_the_hour_is_the_wall_clocks_across_the_change_of_time() -> None:
    schedule = ReportSchedule(rhythm="daily", day=None, minute=7 * 60)
    before = report_schedules.next_after(schedule, datetime(2027, 3, 26, 12, tzinfo=UTC))
    after = report_schedules.next_after(schedule, datetime(2027, 3, 27, 12, tzinfo=UTC))
    assert (before.hour, after.hour) == (6, 5)


def test_after_a_stop_of_weeks_the_latest_period_is_sent_and_no_other() -> None:
    schedule = ReportSchedule(rhythm="weekly", day=1, minute=7 * 60, next_at=NEXT_MONDAY)
    period = report_schedules.turn(schedule, NEXT_MONDAY + timedelta(days=16))
    assert (period.isoformat(), schedule.next_at) == ("2026-12-07", NEXT_MONDAY + timedelta(days=21))


def test_removing_a_kept_report_removes_its_mails(
    as_: As, director: Person, sale: Definition, session: Session
) -> None:
    visitor = as_(director)
    kept = keep(visitor)
    plan(visitor, kept, director)
    assert visitor.send(f"{kept}/removal").status_code == 303
    session.expire_all()
    assert not session.scalars(select(ReportSchedule)).all()
    assert not session.scalars(select(KeptReport)).all()
