"""Nothing anybody sends breaks a page: every address, as everybody, with wild ids, arguments and forms."""

import inspect
import logging
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule

from engine.db import Base
from tests.conftest import Another
from tests.web.conftest import Visitor
from tests.web.house import EVERYBODY, House, opened
from webapp.app import create_app
from webapp.settings import Settings

WEBAPP = Path(__file__).parents[2] / "webapp"
FORMS = WEBAPP.parent / "bpmn" / "forms"
ASKED = re.compile(r'"key": "(\w+)"')
RULES = sorted(
    create_app(Settings(database_url="sqlite://", secret_key="for tests only")).url_map.iter_rules(),  # type: ignore[arg-type]
    key=lambda rule: (rule.rule, rule.endpoint),
)
GETS = [rule for rule in RULES if "GET" in (rule.methods or ())]
POSTS = [rule for rule in RULES if "POST" in (rule.methods or ())]

READ = re.compile(r"(?:args|form|values|sent|request\.\w+)(?:\.get(?:list)?\(|\[)\"([\w-]+)\"")
WRITTEN = re.compile(r"name=\"([\w-]+)\"")
BUILT = (
    "rules",
    "g0",
    "g0m",
    "g0r0f",
    "g0r0o",
    "g0r0v",
    "g0r0d",
    "deliver_time_number",
    "deliver_time_unit",
    "table-asked",
    "table-0-from",
    "table-0-to",
    "table-0-product_line",
    "table-0-other",
    "table-0-deliver_number",
    "table-0-deliver_unit",
    "steps-asked",
    "steps-0-number",
    "steps-0-unit",
    "steps-0-side",
    "steps-0-who",
    "steps-0-how",
    "target",
)
"""Names that views put together."""
NAMES = sorted(
    {name for path in WEBAPP.rglob("*.html") for name in WRITTEN.findall(path.read_text(encoding="utf-8"))}
    | {name for path in WEBAPP.glob("*.py") for name in READ.findall(path.read_text(encoding="utf-8"))}
    | {name for path in FORMS.glob("*.json") for name in ASKED.findall(path.read_text(encoding="utf-8"))}
    | set(BUILT)
)
"""Every argument and field that some view reads or some page sends."""

WILD = (
    "", "0", "1", "-1", "²", "٣", "1.5", "1e999", "NaN", "9" * 30, "9223372036854775808", "x" * 5000, "a\0b", "Łódź",
    "'; --", "null", "[]", "{}", '{"all": [{"field": "amount"}]}', '{"any": 7}', "[" * 900, "2026-13-45", "0001-01-01",
    "9999-12-31", "2026-11-16", "2026-11-16..0001-01-01", "../../etc/passwd", "..%2f..", "//evil.example", "<script>",
    "%s%(x)s{0}{x}", "kept", "open", "sales_funnel", "all", "mine", "%", "\ud7ff\U0010ffff", "-", "*", "1,1,1", "day",
)  # fmt: skip
PATHS = (
    "nothing",
    "..",
    "../../etc/passwd",
    "a%00b",
    "%",
    "Łódź",
    "x" * 3000,
    "sales_funnel",
    "deals",
    "route",
    "²",
)
IDS = (0, 1, 2, 3, 10**6, 2**31, 2**63, 10**40)
TABLES = {
    "department_id": "departments", "person_id": "people", "agreement_id": "agreements", "client_id": "clients",
    "contract_id": "contracts", "lead_id": "leads", "section_id": "sections", "deal_id": "deals",
    "message_id": "messages", "plan_id": "migration_plans", "promise_id": "promises", "notice_id": "notices",
    "commitment_id": "commitments", "document_id": "documents", "incident_id": "incidents", "instance_id": "instances",
    "act_id": "agreement_acts", "absence_id": "absences", "file_id": "files", "import_id": "imports",
    "job_id": "report_jobs", "kept_id": "saved_reports", "schedule_id": "report_schedules",
    "number": "agreement_versions", "upload_id": "uploads", "definition_id": "definitions", "task_id": "user_tasks",
}  # fmt: skip


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(empty_database: Another, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with empty_database(folder) as url, opened(url, folder) as made:
        made.app.config["WTF_CSRF_ENABLED"] = False  # so that what is sent reaches the views
        yield made


@pytest.fixture(autouse=True)
def _loudly(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@pytest.fixture(scope="module")
def people(house: House) -> dict[str, list[Any]]:
    return house.rows()


@pytest.fixture
def visitors(house: House, people: dict[str, list[Any]]) -> dict[str, Visitor]:
    """Everybody, logged in, with the roles and departments they began with."""
    house.restore(people)
    return {name: house.inside(name) for name in EVERYBODY}


def _ids(house: House, argument: str) -> list[int]:
    table: Table = Base.metadata.tables[TABLES[argument]]
    with house.engine.connect() as connection:
        return list(connection.scalars(select(table.c["id"])))


def _address(house: House, rule: Rule, dice: random.Random) -> str:
    """An address under this rule; half of the time one that exists."""
    path = rule.rule
    for converter, argument in re.findall(r"<(?:(\w+)(?:\([^)]*\))?:)?(\w+)>", rule.rule):
        known = _ids(house, argument) if converter == "int" and dice.random() < 0.6 else []
        wild = {"int": known or IDS, "any": ("withdrawal", "amount", "commitments")}.get(converter, PATHS)
        path = re.sub(rf"<[^>]*{argument}>", lambda _, some=wild: str(dice.choice(some)), path, count=1)  # type: ignore[misc]
    return path


def _read(house: House, rule: Rule) -> list[str]:
    """The names that the module of the view reads: more likely than others."""
    module = sys.modules[house.app.view_functions[rule.endpoint].__module__]
    return sorted(set(READ.findall(inspect.getsource(module)))) or NAMES


def _garbage(house: House, rule: Rule, dice: random.Random, many: int) -> MultiDict[str, str]:
    pools = (NAMES, _read(house, rule))
    return MultiDict([(dice.choice(dice.choice(pools)), dice.choice(WILD)) for _ in range(many)])


def _complaint(answer: Any, caplog: pytest.LogCaptureFixture) -> str:
    """Why this answer is a fault, or nothing."""
    if answer.status_code < 500:
        return ""
    said = [str(record.exc_info[1]).splitlines()[0] for record in caplog.records if record.exc_info]
    caplog.clear()
    return f"{answer.status_code}: {(said or ['?'])[-1][:200]}"


def test_the_fuzz_knows_what_views_read() -> None:
    assert {"page", "rules", "tab", "outcome", "title"} <= set(NAMES)
    assert {name for rule in RULES for name in rule.arguments if name.endswith("_id")} <= set(TABLES)


@pytest.mark.parametrize("rule", GETS, ids=lambda rule: rule.rule)
def test_every_page_answers_everybody_whatever_is_asked(
    rule: Rule, house: House, visitors: dict[str, Visitor], caplog: pytest.LogCaptureFixture
) -> None:
    dice, broken = random.Random(rule.rule), []
    with house.unchanged():
        for name, client in visitors.items():
            for many in (0, 4, 16):
                path, query = _address(house, rule, dice), _garbage(house, rule, dice, many)
                answer = client.get(
                    path, query_string=query, headers={"HX-Request": "true"} if many == 4 else {}
                )
                if fault := _complaint(answer, caplog):
                    broken.append(f"{name} {path[:80]} {dict(query)}"[:400] + f" → {fault}")

    assert broken == []


@pytest.mark.parametrize("rule", POSTS, ids=lambda rule: rule.rule)
def test_every_form_answers_everybody_whatever_is_sent(
    rule: Rule, house: House, visitors: dict[str, Visitor], caplog: pytest.LogCaptureFixture
) -> None:
    dice, broken = random.Random(rule.rule), []
    for name, client in visitors.items():
        for many in (0, 12, 40):
            path, form = _address(house, rule, dice), _garbage(house, rule, dice, many)
            answer = client.post(path, data=form, query_string=_garbage(house, rule, dice, many // 10))
            if fault := _complaint(answer, caplog):
                broken.append(f"{name} {path[:80]} {dict(form)}"[:400] + f" → {fault}")

    assert broken == []
