"""What is known of the world: countries with their public holidays, and time zones."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from zoneinfo import available_timezones

import holidays

CONTINENTS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
}  # fmt: skip


@lru_cache(1)
def countries() -> Mapping[str, tuple[str, ...]]:
    """Countries whose public holidays are known, by ISO code, each with the codes of its regions that have their own."""
    known = holidays.list_supported_countries(include_aliases=False)
    return {code: tuple(regions) for code, regions in sorted(known.items()) if len(code) == 2}


@lru_cache(1)
def zones() -> tuple[str, ...]:
    """Time zones by place, as Europe/Warsaw, and UTC."""
    places = {name for name in available_timezones() if name.split("/")[0] in CONTINENTS}
    return (*sorted(places), "UTC")


@lru_cache(1024)
def public_holidays(country: str, subdivision: str, year: int) -> frozenset[date]:
    """The public holidays of a country (and a part of it) in a year; of no country there are none."""
    if not country:
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
