"""From the funnel's figures to its pictures: words of the reader's language, and an address for every mark."""

from flask_babel import gettext, pgettext
from markupsafe import Markup

from reports import charts, funnel_picture
from reports.charts import Part
from reports.funnel import Cohort, Step
from reports.funnel_flow import OUTCOMES, Flow
from reports.funnel_picture import Range, Row, Slice, Words
from reports.movements import Total
from reports.periods import Period
from reports.survival import Estimate
from webapp import formats
from webapp.reporting import funnel_words as said
from webapp.reporting import words
from webapp.reporting.address import Asked
from webapp.reporting.funnel_lists import ALL, WON
from webapp.reporting.words import NB, Names

COLOURS = {"further": "g", "lost": "r", "open": "o", "gone": "rng", "aside": "gw"}
"""The parts of a bar in their order; they add up to those that reached the stage."""
SHADES = {"forward": "g", "back": "r", "lost": "rw", "suspended": "o", "rerouted": "rng"}


def funnel(ask: Asked, cohort: Cohort, names: Names, *, narrow: bool = False) -> Markup:
    """The picture of a cohort."""
    most = max((words.value(step.reached, ask.measure) for step in cohort.steps), default=0)
    rows = [_row(ask, cohort, step, names, most) for step in cohort.steps]
    draw = funnel_picture.narrow if narrow else funnel_picture.wide
    return Markup(draw(rows, _won(ask, cohort), _words()))  # noqa: S704  # pictures escape every word they are given


def _words() -> Words:
    return Words(
        gettext("How many reached each stage and what became of them"),
        gettext("Each bar: went further, lost here, still open. Every part opens its list."),
        (
            pgettext("report", "Stage"),
            gettext("Reached = went further + lost here + still open"),
            pgettext("report", "Further"),
            "n",
            gettext("When all have ended"),
            gettext("Days here: ● half left ▬ to 85% │ 95%"),
        ),
    )


def _row(ask: Asked, cohort: Cohort, step: Step, names: Names, most: float) -> Row:
    name, measure = names.stage(step.stage), ask.measure
    figures = {fate: words.figure(getattr(step, fate), measure) for fate in COLOURS}
    shorts = _short_fates()
    slices = [
        Slice(
            _part(ask, cohort, name, step.stage, fate, getattr(step, fate)), css, figures[fate], shorts[fate]
        )
        for fate, css in COLOURS.items()
    ]
    aside = [
        (each.said, each.figure)
        for each in slices[1:]
        if each.part.value and not funnel_picture.fits(each.part.value, most, each.figure)
    ]
    shown = [(each.said, each.figure) for each in slices if each.part.value]
    return Row(
        str(step.rank),
        name,
        slices,
        _part(ask, cohort, name, step.stage, "skipped", step.skipped),
        words.figure(step.reached, measure),
        said.rest(aside),
        formats.percent(step.conversion),
        _some_of(step.further.n, step.reached.n),
        _share(step.mature),
        said.interval(step.mature),
        _range(cohort, step),
        below=" · ".join(f"{word}{NB}{figure}" for word, figure in shown),
    )


def _short_fates() -> dict[str, str]:
    return {
        "further": gettext("further"),
        "lost": pgettext("report", "lost"),
        "open": pgettext("report", "open"),
        "gone": pgettext("report", "to another process"),
        "aside": gettext("won another way"),
    }


def _part(ask: Asked, cohort: Cohort, name: str, stage: str, fate: str, total: Total) -> Part:
    title = f"{name}: {said.fate(cohort.view, fate)} – {words.figure(total, ask.measure)}"
    href = ask.cell(cohort.window, cohort.view, fate, stage) if total.n else ""
    return Part(words.value(total, ask.measure), href, title)


def _range(cohort: Cohort, step: Step) -> Range:
    dwell, neck = step.dwell, cohort.bottleneck
    is_hot = neck is not None and neck.stage == step.stage and dwell.total > 0
    return Range(dwell.p50, dwell.p85, dwell.p95, said.span(dwell.p50, dwell.p85), is_hot)


def _won(ask: Asked, cohort: Cohort) -> Row:
    """Those that were won; in the strict view in order."""
    measure, won = ask.measure, cohort.arrived
    figure = words.figure(won, measure)
    title = f"{said.whole('won')}: {figure}"
    stage, fate = (WON, "reached") if cohort.view == "strict" else (ALL, "won")
    part = Part(
        words.value(won, measure), ask.cell(cohort.window, cohort.view, fate, stage) if won.n else "", title
    )
    rest = gettext(
        "of %(created)s created; lost %(lost)s, open %(open)s",
        created=words.figure(cohort.created, measure),
        lost=words.figure(cohort.lost, measure),
        open=words.figure(cohort.open, measure),
    )
    some = _some_of(won.n, cohort.created.n)
    days = Range(text=said.span(cohort.to_win.p50, cohort.to_win.p85))
    return Row(
        "✓",
        said.whole("won"),
        [Slice(part, "gw", "", "")],
        Part(),
        figure,
        rest,
        formats.percent(won.n / cohort.created.n) if cohort.created.n else formats.UNKNOWN,
        some,
        _share(cohort.mature),
        said.interval(cohort.mature),
        days,
        gettext("from creation until won"),
        rest,
    )


def _share(found: Estimate | None) -> str:
    return formats.percent(found.share) if found else formats.UNKNOWN


def _some_of(some: int, whole: int) -> str:
    return str(gettext("%(some)s of %(whole)s", some=formats.number(some), whole=formats.number(whole)))


def left(ask: Asked, window: Period, flow: Flow, names: Names) -> Markup:
    """How one stage was left: the shares of its stays that ended."""
    parts = []
    for outcome in OUTCOMES:
        n = flow.outcomes.get(outcome, 0)
        title = f"{said.fate('flow', outcome)}: {formats.number(n)}"
        href = ask.cell(window, "flow", outcome, flow.stage) if n else ""
        parts.append((Part(n, href, title), SHADES[outcome]))
    return Markup(charts.shares(parts, names.stage(flow.stage)))  # noqa: S704  # charts escape every word


def ended(ask: Asked, cohort: Cohort, title: str, segment: str, value: str) -> Markup:
    """How a part of the cohort stands: won, lost and open as one bar."""
    parts = []
    for fate, css in (("won", "gw"), ("lost", "r"), ("open", "o"), ("gone", "rng")):
        total: Total = getattr(cohort, fate)
        href = within(ask, cohort, fate, ALL, segment, value) if total.n else ""
        parts.append((Part(total.n, href, f"{title}: {said.whole(fate)} {formats.number(total.n)}"), css))
    return Markup(charts.shares(parts, title, 160))  # noqa: S704  # charts escape every word


def within(ask: Asked, cohort: Cohort, fate: str, stage: str, segment: str = "", value: str = "") -> str:
    """The address of a cell of the part of a cohort with one value of a segment, or of the whole of it."""
    more = {"segment": segment, "value": value} if segment else {}
    return ask.listed(cohort.window, cell=cohort.view, fate=fate, stage=stage, **more)


def intervals(first: Estimate | None, second: Estimate | None, title: str) -> Markup:
    """Two estimates with their intervals over each other, from 0 to 100 percent."""
    return Markup(funnel_picture.pair([first, second], title))  # noqa: S704  # pictures escape every word
