"""What the funnel's address asks for beyond what every report's does: a segment, and a second cohort to compare with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reports.funnel_segments import OF_DEALS, SEGMENTS
from reports.periods import DAY, Period
from webapp.reporting.address import Asked, Unknown, day

AGAINST = ("before", "year", "days", "version")
"""The days just before, the same days a year earlier, days of one's own choice, another version of the process."""
VIEWS = ("cohort", "strict", "touched", "flow")


@dataclass(frozen=True, slots=True)
class Options:
    """``segment`` splits the cohort; ``against`` sets a second one beside it: other days, or two versions."""

    segment: str = ""
    against: str = ""
    other: Period | None = None
    versions: tuple[str, str] = ("", "")


def segments(ask: Asked) -> tuple[str, ...]:
    """What the ladder's items may be split by: only deals are of a product, a source, a sector."""
    of_others = ask.ladder.key in ("commitment", "promise")
    return tuple(each for each in SEGMENTS if not (of_others and each in OF_DEALS))


def options(ask: Asked) -> Options:
    """What the address asks for. Raises `Unknown`."""
    args = ask.more
    segment, against = _one_of(args, "segment", segments(ask)), _one_of(args, "against", AGAINST)
    versions = (_version(args, "version_a"), _version(args, "version_b"))
    return Options(segment, against, _other(ask, against), versions)


def _one_of(args: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = args.get(name, "")
    if value and value not in known:
        raise Unknown(name=name, value=value[:60])
    return value


def _version(args: Mapping[str, str], name: str) -> str:
    value = args.get(name, "")
    if value and not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Unknown(name=name, value=value[:60])
    return value


def _other(ask: Asked, against: str) -> Period | None:
    """The days of the second cohort; None when it differs in something else."""
    mine = ask.cohort()
    if against == "before":
        return Period(mine.start - mine.days * DAY, mine.start, "month")
    if against == "year":
        return Period(_year_ago(mine.start), _year_ago(mine.last) + DAY, "month")
    if against != "days":
        return None
    first, last = (day(ask.more, name) for name in ("other_from", "other_to"))
    if first is None or last is None:
        return None
    if first > last:
        raise Unknown(name="other_to", value=last)
    return Period(first, last + DAY, "month")


def _year_ago(of: date) -> date:
    return (
        of.replace(year=of.year - 1, day=28)
        if (of.month, of.day) == (2, 29)
        else of.replace(year=of.year - 1)
    )
