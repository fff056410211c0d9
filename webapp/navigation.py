"""The main navigation: where it leads, and who sees it."""

from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_babel import lazy_gettext

from webapp.access import somebody


@dataclass(frozen=True, slots=True)
class Place:
    """One entry. ``blueprints`` are those whose pages belong to it; ``roles`` empty means everybody."""

    endpoint: str
    title: Any
    icon: str
    blueprints: tuple[str, ...]
    roles: tuple[str, ...] = ()


PLACES = (
    Place("work.index", lazy_gettext("My work"), "checklist", ("work", "tasks")),
    Place(
        "sales.index",
        lazy_gettext("Sales"),
        "layout-kanban",
        ("sales", "deals", "fast", "agenda"),
        ("employee", "director"),
    ),
    Place(
        "records.index",
        lazy_gettext("Database"),
        "database",
        ("records", "clients", "leads", "documents"),
        ("employee", "director"),
    ),
    Place(
        "agreements.index",
        lazy_gettext("Agreements"),
        "writing-sign",
        ("agreements", "promises", "week", "scoreboard"),
        ("employee", "director"),
    ),
    Place("reports.index", lazy_gettext("Reports"), "chart-bar", ("reports",), ("employee", "director")),
    Place(
        "processes.index",
        lazy_gettext("Processes"),
        "sitemap",
        ("processes", "crossings", "cases", "uploads"),
        ("designer", "director"),
    ),
    Place(
        "operations.index",
        lazy_gettext("Operations"),
        "plug",
        ("operations", "messages"),
        ("administrator", "designer"),
    ),
    Place(
        "administration.index",
        lazy_gettext("Administration"),
        "users",
        ("administration",),
        ("administrator",),
    ),
)


ON_A_PHONE = 5
"""Entries a phone's bar has room for; of more of them the last place is “More”."""


def places() -> list[dict[str, Any]]:
    """The entries this person sees, those that exist, with the one they are in marked."""
    person = somebody()
    if person is None or person.must_change_password:
        return []
    return [
        {
            "href": url_for(place.endpoint),
            "title": place.title,
            "icon": place.icon,
            "current": g.get("place", request.blueprint) in place.blueprints,
        }
        for place in PLACES
        if place.endpoint in current_app.view_functions and (not place.roles or person.has(*place.roles))
    ]


def first() -> str:
    """The page a person starts on."""
    seen = places()
    return str(seen[0]["href"]) if seen else url_for("doors.preferences")


def init_app(app: Flask) -> None:
    """Offer the entries to the layout."""
    app.context_processor(lambda: {"places": places, "on_a_phone": ON_A_PHONE, "me": somebody()})
