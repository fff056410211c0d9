"""Words of the funnel: what each view counts, what became of whom, what a cohort is split by."""

from collections.abc import Callable, Mapping
from functools import lru_cache

from flask_babel import gettext, ngettext, pgettext
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from engine.process import definitions, forms
from engine.process.blueprint import Text
from reports.funnel import Cohort, Velocity
from reports.funnel_compare import Verdict
from reports.funnel_flow import Closed, Flow
from reports.ladders import Ladder
from reports.movements import Total
from reports.periods import Period
from webapp import formats
from webapp.languages import current
from webapp.reporting import words
from webapp.reporting.words import NB, Names


def view(name: str) -> str:
    """What a view is called."""
    said: dict[str, str] = {
        "cohort": pgettext("report", "Cohort"),
        "strict": pgettext("report", "Strict"),
        "touched": pgettext("report", "Touched"),
        "flow": pgettext("report", "Flow"),
    }
    return said[name]


def definition(name: str, window: Period) -> list[str]:
    """What a view counts, in sentences."""
    days = words.days(window.start, window.last)
    said: dict[str, str] = {
        "cohort": gettext(
            "Those created %(days)s. A stage counts who ever stood on it or beyond; a return counts once.",
            days=days,
        ),
        "strict": gettext(
            "Those created %(days)s. A stage counts only who stood on every stage before it, in their order: "
            "whoever skipped one comes no further here.",
            days=days,
        ),
        "touched": gettext(
            "Those created %(days)s. A stage counts only who ever stood on it; whoever skipped it is not among them, "
            "so a stage may have more than the one before.",
            days=days,
        ),
        "flow": gettext(
            "Stays on a stage that ended %(days)s, whenever they began. The shares of one stage add up to 100%%; "
            "who comes back stays again. This is not a conversion: it says how stages are left.",
            days=days,
        ),
    }
    if name == "flow":
        return [said[name]]
    mature = gettext(
        "“When all have ended” estimates the share once the open ones have decided (Aalen–Johansen, 95% interval)."
    )
    return [said[name], mature]


def fate(view_: str, name: str) -> str:
    """What became of those in a cell."""
    flows: dict[str, str] = {
        "forward": gettext("left forward"),
        "back": gettext("left backward"),
        "lost": gettext("left because they were lost"),
        "suspended": gettext("left because they were put aside"),
        "rerouted": gettext("left for another process"),
        "entries": gettext("came to this stage"),
        "": gettext("left this stage"),
    }
    reached: dict[str, str] = {
        "cohort": gettext("reached this stage or one beyond"),
        "strict": gettext("came here through every stage in order"),
        "touched": gettext("stood on this stage"),
    }
    said: dict[str, str] = {
        "reached": reached.get(view_, ""),
        "further": gettext("went further"),
        "won": pgettext("report", "won"),
        "lost": gettext("lost, having come no further"),
        "open": gettext("still open, having come no further"),
        "gone": gettext("went over to another process"),
        "aside": gettext("won without standing on every stage in order"),
        "touched": gettext("stood on this stage"),
        "skipped": gettext("skipped this stage"),
    }
    return (flows if view_ == "flow" else said).get(name, name)


def whole(name: str) -> str:
    """Those of the whole cohort that stand so."""
    said: dict[str, str] = {
        "reached": gettext("All created"),
        "won": pgettext("report", "Won"),
        "lost": pgettext("report", "Lost"),
        "open": pgettext("report", "Open"),
        "gone": gettext("To another process"),
    }
    return said[name]


def segment(name: str) -> str:
    """What a cohort is split by."""
    said: dict[str, str] = {
        "owner": pgettext("report", "Owner"),
        "department": gettext("Department"),
        "product": pgettext("report", "Product"),
        "source": pgettext("report", "Source"),
        "sector": pgettext("report", "Sector"),
        "version": pgettext("report", "Version"),
    }
    return said[name]


def value(session: Session, ladder: Ladder, names: Names, segment_: str, value_: str) -> str:
    """One value of a segment in words: a person, a department, an answer of the form that asked for it."""
    if not value_:
        return str(gettext("not given"))
    if segment_ == "owner":
        return names.person(int(value_))
    if segment_ == "department":
        return names.department(int(value_))
    if segment_ == "version":
        return str(gettext("version %(number)s", number=value_))
    said = answers(session, ladder).get(value_)
    return said.into(current()) if said else value_


def answers(session: Session, ladder: Ladder) -> Mapping[str, Text]:
    """The words of every answer that the process's forms offer for a product or a source."""
    newest = definitions.newest(session, ladder.key)
    if newest is None:
        return {}
    return _answers(newest.content_hash, tuple(definitions.files(session, newest, "form").values()))


@lru_cache(20)
def _answers(_content_hash: str, texts: tuple[bytes, ...]) -> dict[str, Text]:
    return {
        str(option.value): option.label
        for text in texts
        for field in forms.load(text).fields
        if field.key in ("source", "product_line")
        for option in field.options
    }


def finding(cohort: Cohort, names: Names, cell: Callable[[str, str], str]) -> Markup:
    """What the cohort says, in a few sentences whose figures open their lists: ``cell`` gives the address of a fate
    and a stage."""
    said = [_won(cohort, cell)]
    leak, neck = cohort.leak, cohort.bottleneck
    if leak:
        some = gettext(
            "%(some)s of %(whole)s",
            some=formats.number(leak.further.n),
            whole=formats.number(leak.reached.n),
        )
        href = cell("further", leak.stage)
        share = _link(some, href, leak.further.n) + f" ({formats.percent(leak.conversion)})"
        said.append(_least(leak.dwell.p50) % {"stage": names.stage(leak.stage), "share": share})
    if neck and neck.dwell.total and (not leak or neck.stage != leak.stage):
        most = _ours(gettext("Most time in all is spent on <b>%(stage)s</b>."))
        said.append(most % {"stage": names.stage(neck.stage)})
    return Markup(" ").join(said)


def _least(half: float | None) -> Markup:
    if half is None or half < 1:
        return _ours(gettext("Fewest go on from <b>%(stage)s</b>: %(share)s."))
    text = gettext(
        "Fewest go on from <b>%(stage)s</b>: %(share)s, and half stay there for more than %(days)s days."
    )
    return _ours(text.replace("%(days)s", in_days(half)))


def _won(cohort: Cohort, cell: Callable[[str, str], str]) -> Markup:
    count, share = formats.number(cohort.arrived.n), formats.percent(cohort.won_share)
    won = gettext("%(n)s, that is %(share)s", n=count, share=share)
    if cohort.view == "strict":
        created = ngettext(
            "Of %(num)d created we won in order",
            "Of %(num)d created we won in order",
            cohort.created.n,
        )
        href = cell("reached", "won")
    else:
        created = ngettext("Of %(num)d created we won", "Of %(num)d created we won", cohort.created.n)
        href = cell("won", "all")
    said = escape(created) + _ours(" <b>%s</b>") % _link(won, href, cohort.arrived.n)
    if cohort.mature and cohort.open.n:
        mature = _ours(gettext("; when all have ended it will be about <b>%(share)s</b>"))
        said += mature % {"share": formats.percent(cohort.mature.share)}
    return said + "."


def _ours(text: str) -> Markup:
    return Markup(text)  # noqa: S704  # our own words and their translations


def _link(said: str, href: str, n: int) -> Markup:
    return Markup('<a class="count-link" href="%s">%s</a>') % (href, said) if n else escape(said)


def flow_finding(neck: Flow, names: Names) -> Markup:
    """Where time goes, and how that stage is left."""
    said = _ours(gettext("Most time is spent on <b>%(stage)s</b>: %(days)s days in all")) % {
        "stage": names.stage(neck.stage),
        "days": formats.number(neck.dwell.total),
    }
    if neck.dwell.p50 is not None:
        said += ", " + gettext(
            "and half of the stays last more than %(days)s days", days=in_days(neck.dwell.p50)
        )
    said += "."
    if neck.ended:
        said += " " + gettext(
            "%(share)s of those that left it went forward.", share=formats.percent(neck.share("forward"))
        )
    return said


def closing(closed: Closed) -> str:
    """Out of how many the win rate by close date is."""
    return str(
        gettext(
            "%(won)s won and %(lost)s lost in these days",
            won=formats.number(closed.won.n),
            lost=formats.number(closed.lost.n),
        )
    )


def velocity(found: Velocity | None) -> str:
    """The velocity with what it is made of."""
    if found is None:
        return str(gettext("Velocity: not enough yet; it needs some that were won."))
    return str(
        gettext(
            "Velocity: %(open)s open × %(rate)s × %(amount)s ÷ %(days)s days = %(daily)s a day.",
            open=formats.number(found.open.n),
            rate=formats.percent(found.rate),
            amount=formats.short_money(round(found.amount / 100)),
            days=in_days(found.days),
            daily=formats.short_money(round(found.daily / 100)),
        )
    )


def verdict(found: Verdict) -> str:
    """What may be said of two shares."""
    points = formats.number(abs(found.points or 0), 1)
    said: dict[str, str] = {
        "few": gettext("not enough yet"),
        "unclear": gettext("not enough yet: the intervals overlap"),
        "better": gettext("▲ better by %(points)s points", points=points),
        "worse": gettext("▼ worse by %(points)s points", points=points),
    }
    return said[found.kind]


def interval(found: object) -> str:
    """“60–78”, the bounds in percent."""
    low, high = getattr(found, "low", None), getattr(found, "high", None)
    return "" if low is None or high is None else f"{low * 100:.0f}–{high * 100:.0f}"


def in_days(value_: float | None) -> str:
    """Days, with a tenth where there are few."""
    if value_ is None:
        return formats.UNKNOWN
    return formats.number(value_, 0 if value_ >= 10 or abs(value_ - round(value_)) < 0.05 else 1)


def percentile(value_: float | None, n: int) -> str:
    """Days, or that so many have not left yet."""
    if value_ is None and n:
        return str(pgettext("report", "not reached"))
    return in_days(value_)


def span(low: float | None, high: float | None) -> str:
    """“19–47”: from half to 85 %; “19–…” where 85 % is not reached."""
    if low is None:
        return formats.UNKNOWN
    return f"{in_days(low)}–{in_days(high) if high is not None else '…'}"


def money(total: Total) -> str:
    """Money in a table."""
    return words.figure(total, "money")


def rest(parts: list[tuple[str, str]]) -> str:
    """What has no room in the bar, in words beside it."""
    return ", ".join(f"{said}{NB}{figure}" for said, figure in parts)
