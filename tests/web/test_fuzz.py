"""Nothing anybody sends breaks a page: every address, as everybody, with wild ids, arguments and forms."""

import logging
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from werkzeug.datastructures import MultiDict
from werkzeug.routing import Rule

from engine.db import Base
from tests.web.conftest import Visitor
from tests.web.house import EVERYBODY, House, opened
from webapp.app import create_app
from webapp.settings import Settings

WEBAPP = Path(__file__).parents[2] / "webapp"
RULES = sorted(
    create_app(Settings(database_url="sqlite://", secret_key="for tests only")).url_map.iter_rules(),  # type: ignore[arg-type]
    key=lambda rule: (rule.rule, rule.endpoint),
)
GETS = [rule for rule in RULES if "GET" in (rule.methods or ())]
POSTS = [rule for rule in RULES if "POST" in (rule.methods or ())]

NAMES = sorted(
    {
        name
        for path in WEBAPP.glob("*.py")
        for name in re.findall(
            r"(?:args|form|values|sent)(?:\.get(?:list)?\(|\[)\"([\w-]+)\"", path.read_text()
        )
    }
)
"""Every argument and field that some view reads."""

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
    "commitment_id": "commitments", "document_id": "documents", "incident_id": "incidents", "instance_id": "instances",
    "upload_id": "uploads", "definition_id": "definitions", "task_id": "user_tasks",
}  # fmt: skip


@pytest.fixture(scope="module")
def house(empty_database: Callable[[Path], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with opened(empty_database(folder), folder) as made:
        made.app.config["WTF_CSRF_ENABLED"] = False  # so that what is sent reaches the views
        yield made


@pytest.fixture(autouse=True)
def _loudly(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)


@pytest.fixture
def visitors(house: House) -> dict[str, Visitor]:
    """Everybody, logged in, with the roles and departments they began with."""
    return {name: house.enter(name) for name in EVERYBODY}


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


def _garbage(dice: random.Random, many: int) -> MultiDict[str, str]:
    return MultiDict([(dice.choice(NAMES), dice.choice(WILD)) for _ in range(many)])


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
            for many in (0, 1, 3, 12, 40):
                path, query = _address(house, rule, dice), _garbage(dice, many)
                answer = client.get(
                    path, query_string=query, headers={"HX-Request": "true"} if many == 3 else {}
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
        for many in (0, 1, 5, 30, 90):
            path, form = _address(house, rule, dice), _garbage(dice, many)
            answer = client.post(path, data=form, query_string=_garbage(dice, many // 30))
            if fault := _complaint(answer, caplog):
                broken.append(f"{name} {path[:80]} {dict(form)}"[:400] + f" → {fault}")

    assert broken == []
