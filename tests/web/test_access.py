"""Every address declares whom it serves; a stranger sees the door and nothing else."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, BaseConverter, IntegerConverter

from engine.people import Person
from tests.web.conftest import Visitor
from webapp import access

PUBLIC = {"static", "favicon", "health.alive", "health.ready", "doors.index", "doors.enter"}


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Each (endpoint, method, path) of the product, with something plausible in its places."""
    found = []
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            _, path = rule.build({name: _plausible(rule._converters[name]) for name in rule.arguments}) or (
                "",
                "",
            )
            found += [
                (rule.endpoint, method, path)
                for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
            ]
    return found


def _plausible(converter: BaseConverter) -> int | str:
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    return 1 if isinstance(converter, IntegerConverter) else "x"


def test_every_endpoint_declares_whom_it_serves(app: Flask) -> None:
    silent = [name for name, view in app.view_functions.items() if access.declared(view) is None]

    assert silent == []


def test_the_public_ones_are_these(app: Flask) -> None:
    public = {name for name, view in app.view_functions.items() if access.declared(view) == access.PUBLIC}

    assert public == PUBLIC


def test_a_stranger_sees_the_door_wherever_they_knock(app: Flask, client: Visitor) -> None:
    for endpoint, method, path in addresses(app):
        if endpoint in PUBLIC:
            continue
        answer = client.open(path, method=method)
        assert answer.status_code == 303, (endpoint, method)
        assert answer.location.startswith("/log-in"), (endpoint, method)


def test_a_strangers_fragment_is_told_to_go_to_the_door(app: Flask, client: Visitor) -> None:
    for endpoint, method, path in addresses(app):
        if endpoint in PUBLIC:
            continue
        answer = client.open(path, method=method, headers={"HX-Request": "true"})
        assert answer.status_code == 401, (endpoint, method)
        assert answer.data == b""
        assert answer.headers["HX-Redirect"].startswith("/log-in")


def test_an_endpoint_that_forgot_to_declare_is_refused(
    app: Flask, as_: Callable[[Person], Visitor], adam: Person
) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")

    answer = as_(adam).get("/forgotten")

    assert answer.status_code == 403
    assert "secret" not in answer.get_data(as_text=True)


def test_an_address_that_needs_a_role_refuses_others(
    app: Flask, as_: Callable[[Person], Visitor], anna: Person, adam: Person
) -> None:
    for endpoint, method, path in addresses(app):
        if not endpoint.startswith("administration."):
            continue
        if method == "GET":
            assert as_(anna).get(path).status_code == 403, endpoint
        else:
            assert as_(anna).send(path).status_code == 403, endpoint
    assert as_(adam).get("/administration/people").status_code == 200


def test_somebody_sees_only_the_places_they_may_enter(
    as_: Callable[[Person], Visitor], anna: Person, adam: Person
) -> None:
    assert "Administration" not in as_(anna).get("/preferences").get_data(as_text=True)
    assert "Administration" in as_(adam).get("/preferences").get_data(as_text=True)


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("/work?tab=1", True),
        ("", False),
        (None, False),
        ("work", False),
        ("//x", False),
        ("/\\x", False),
        ("http://x/", False),
    ],
)
def test_a_redirect_stays_at_home(target: str | None, kept: bool) -> None:
    assert access.local(target) == (target if kept else None)
