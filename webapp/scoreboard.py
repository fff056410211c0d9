"""The scoreboard of agreements on a page: a row for each, unfolded into both sides, and every number opens its promises."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext, ngettext
from sqlalchemy import func, select

from engine import access, lengths
from engine.calendars import local_day
from engine.errors import NotFound
from engine.people import Department
from engine.sales import promises
from engine.sales.agreements import Agreement
from engine.sales.deals import Deal
from reports import scoreboard
from reports.periods import DAY, Period
from reports.scoreboard import PERIODS, TOGETHER, Rate, Score
from webapp import promise_panel, promise_words
from webapp.access import me, needs
from webapp.clock import now
from webapp.database import db
from webapp.formats import number, percent
from webapp.languages import current
from webapp.reporting import words

bp = Blueprint("scoreboard", __name__, url_prefix="/agreements/scoreboard")

MOST = 500
NAMES = {
    "week": lazy_gettext("Week"),
    "month": lazy_gettext("Month"),
    "quarter": lazy_gettext("Quarter"),
    "days90": lazy_gettext("90 days"),
}
ORDERS = {
    "worst": lazy_gettext("worst first"),
    "fallen": lazy_gettext("most worsened first"),
    "name": lazy_gettext("by name"),
}
LISTS = {
    "requested": lazy_gettext("asked for"),
    "ready_first": lazy_gettext("ready at the first try"),
    "returned": lazy_gettext("returned as not ready"),
    "asked_ready": lazy_gettext("looked at, whether everything was there"),
    "promised": lazy_gettext("answered by the provider"),
    "promised_in_time": lazy_gettext("answered by the provider in time"),
    "kept": lazy_gettext("kept"),
    "kept_first": lazy_gettext("kept as first promised"),
    "kept_renegotiated": lazy_gettext("kept by a date agreed later"),
    "broken": lazy_gettext("broken, or overdue now"),
    "judged": lazy_gettext("kept or broken"),
    "overdue": lazy_gettext("open and overdue now"),
    "accepted_first_try": lazy_gettext("accepted at the first try"),
    "answered": lazy_gettext("accepted or rejected with a time to do so"),
    "accepted_in_window": lazy_gettext("accepted or rejected in time"),
    "cancelled": lazy_gettext("cancelled"),
    "ended": lazy_gettext("ended"),
}
"""What the promises behind a number have in common. Names of `reports.scoreboard.TOGETHER` that a page links to."""

PROVIDER = (
    (lazy_gettext("Answered in time"), "promised_in_time", "promised"),
    (lazy_gettext("Kept"), "kept", "judged"),
    (lazy_gettext("of them as first promised"), "kept_first", "judged"),
    (lazy_gettext("of them by a date agreed later"), "kept_renegotiated", "judged"),
    (lazy_gettext("Accepted at the first try"), "accepted_first_try", "judged"),
)
CONSUMER = (
    (lazy_gettext("Ready at the first try"), "ready_first", "asked_ready"),
    (lazy_gettext("Accepted or rejected in time"), "accepted_in_window", "answered"),
    (lazy_gettext("Cancelled"), "cancelled", "ended"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the trend: where it stands, how high, and what it says."""

    x: int
    height: float
    is_few: bool
    title: str


@bp.get("/")
@needs("employee", "director")
def index() -> ResponseReturnValue:
    """All agreements of a period: ``period`` is its kind, ``day`` a day in it, ``order`` which come first."""
    name, day = _asked()
    order = request.args.get("order", "worst")
    if order not in ORDERS:
        raise NotFound
    found = scoreboard.scoreboard(db.session(), me(), name, now=now(), day=day)
    today = local_day(now())
    return render_template(
        "agreements/scoreboard.html",
        board=found,
        scores=sorted(filter(_is_shown, found.scores), key=_KEYS[order]),
        order=order,
        orders=ORDERS,
        silent=sum(not _is_shown(each) for each in found.scores),
        name=name,
        names=NAMES,
        days=words.span(found.period),
        earlier=(found.period.start - DAY).isoformat(),
        later=found.period.end.isoformat() if found.period.end <= today else None,
        units={each.id: each for each in db.session.scalars(select(Department))},
        provider=PROVIDER,
        consumer=CONSUMER,
        href=lambda score, what: _href(score, what, found.period),
        bars=_bars,
        worked=worked,
        agreed=agreed,
        trend_words=trend_words,
        trend_read=trend_read,
        address=_address,
    )


@bp.get("/promises")
@needs("employee", "director")
def listed() -> ResponseReturnValue:
    """The promises that a number counts."""
    what, a, b = request.args.get("what", ""), _day("from"), _day("to")
    agreement_id = request.args.get("agreement", type=int)
    if what not in TOGETHER or a is None or b is None or agreement_id is None:
        raise NotFound
    session = db.session()
    agreement = access.one(session, me(), Agreement, agreement_id, on=local_day(now()))
    sides = {side: request.args.get(side, type=int) for side in ("provider", "consumer")}
    query = scoreboard.promises_of(me(), agreement.id, what, a, b + DAY, now(), **sides)
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    rows = session.scalars(query.limit(MOST)).all()
    deals = session.scalars(
        select(Deal).where(Deal.id.in_({each.deal_id for each in rows}), access.visible(me(), Deal))
    )
    return render_template(
        "agreements/counted.html",
        agreement=agreement,
        what=LISTS.get(what, what),
        days=words.days(a, b),
        total=total,
        promises=rows,
        deals={each.id: each for each in deals},
        opened=promise_panel.may_open(rows),
        units={each.id: each for each in session.scalars(select(Department))},
        title_of=promise_words.title,
        standing=promises.judge(session, now=now()),
    )


@bp.get("/scoreboard.csv")
@needs("employee", "director")
def download() -> ResponseReturnValue:
    """The same figures as a CSV file: numbers, so that somebody can reckon on."""
    name, day = _asked()
    found = scoreboard.scoreboard(db.session(), me(), name, now=now(), day=day)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    columns = [key for key in TOGETHER if key in LISTS]
    heads = ("from", "to", "code", "agreement", "provider", "consumer", "target", *columns, "p85_seconds")
    writer.writerow(heads)
    units = {each.id: each.name for each in db.session.scalars(select(Department))}
    for each in found.scores:
        of = each.agreement
        about = (found.period.start, found.period.last, of.code, of.title, units.get(of.provider_id))
        figures = (each.terms.get("target"), *(each.n(key) for key in columns), each.p85)
        row = (*about, units.get(of.consumer_id), *figures)
        writer.writerow([words.plain("" if cell is None else cell) for cell in row])
    headers = {"Content-Disposition": f"attachment; filename=scoreboard-{found.period.start.isoformat()}.csv"}
    return Response("\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue(), mimetype="text/csv", headers=headers)


def tab(*, is_current: bool = False) -> dict[str, Any]:
    """The entry of this page among the tabs of agreements."""
    return {
        "title": gettext("Scoreboard"),
        "href": url_for("scoreboard.index"),
        "count": None,
        "current": is_current,
    }


def _asked() -> tuple[str, date | None]:
    name = request.args.get("period", "days90")
    if name not in PERIODS:
        raise NotFound
    return name, _day("day")


def _day(name: str) -> date | None:
    """A day in the address. Raises NotFound for one that is none."""
    text = request.args.get(name)
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError as error:
        raise NotFound from error
    if day is not None and not 2000 <= day.year < 2100:
        raise NotFound
    return day


def _is_shown(score: Score) -> bool:
    return bool(score.counts) or score.overdue > 0 or score.agreement.current_version_id is not None


def _worst(score: Score) -> tuple[int, float, str]:
    """Short of the target first, by how much; of too few promises after that; what nothing was judged of last."""
    kept = score.kept
    if kept.share is None:
        return 3, 0.0, _title(score)
    gap = kept.share - score.terms.get("target", 100) / 100
    return (2 if gap >= 0 else int(kept.is_few)), gap, _title(score)


def _fallen(score: Score) -> tuple[bool, float, str]:
    """By what was lost since the period before; what cannot be compared last."""
    change = _change(score)
    return change is None, change or 0, _title(score)


def _title(score: Score) -> str:
    of = score.agreement
    return ((of.title_en if current() == "en" else "") or of.title).casefold()


_KEYS: dict[str, Callable[[Score], Any]] = {"worst": _worst, "fallen": _fallen, "name": _title}


def _address(**changed: Any) -> str:
    kept = {name: request.args.get(name) for name in ("period", "day", "order")} | changed
    return url_for(".index", **{key: value for key, value in kept.items() if value})


def _href(score: Score, what: str, period: Period) -> str:
    days: dict[str, Any] = {"from": period.start.isoformat(), "to": period.last.isoformat()}
    return url_for(".listed", agreement=score.agreement.id, what=what, **days)


def _bars(score: Score) -> Sequence[Bar]:
    """The trend as bars 22 high; a period without anything judged is a line on the floor."""
    return [
        Bar(
            place * 9,
            max(22 * (rate.share or 0), 1),
            rate.is_few,
            f"{words.span(period)}: {rate_words(rate)}",
        )
        for place, (period, rate) in enumerate(score.trend)
    ]


def rate_words(rate: Rate) -> str:
    """``84 % (38 of 45)``, or that there is nothing."""
    if rate.share is None:
        return str(gettext("nothing judged"))
    of = gettext("%(some)s of %(whole)s", some=number(rate.n), whole=number(rate.whole))
    return f"{percent(rate.share)} ({of})"


def trend_words(score: Score) -> str:
    """What changed since the period before, in words."""
    points = _change(score)
    if points is None:
        return str(gettext("too few to compare"))
    if points == 0:
        return str(gettext("as in the period before"))
    said = ngettext("%(num)d point", "%(num)d points", abs(points))
    return str(
        gettext("▲ %(points)s better than before", points=said)
        if points > 0
        else gettext("▼ %(points)s worse than before", points=said)
    )


def _change(score: Score) -> int | None:
    """Percentage points since the period before; None where there is too little to compare."""
    before, this = score.before, score.kept
    if before.share is None or this.share is None or before.is_few or this.is_few:
        return None
    return round(100 * this.share) - round(100 * before.share)


def trend_read(score: Score) -> str:
    """The whole trend read out: each period with its share, the oldest first."""
    return "; ".join(bar.title for bar in _bars(score))


def worked(seconds: int, unit: Department | None) -> str:
    """Work time in days and hours of the department that works."""
    day = _day_of(unit)
    days, rest = divmod(seconds, day)
    hours = round(rest / 360) / 10
    parts = [
        ngettext("%(num)d work day", "%(num)d work days", days) if days else "",
        gettext("%(hours)s h", hours=number(hours, 0 if hours == int(hours) or days else 1))
        if hours or not days
        else "",
    ]
    return " ".join(part for part in parts if part)


def agreed(terms: Mapping[str, Any], unit: Department | None) -> int | None:
    """The plain time to deliver in seconds of the provider's usual work day."""
    if "deliver_time" not in terms:
        return None
    said, week = lengths.read(terms["deliver_time"]), len(unit.work_days) if unit else 5
    return int((said.days + said.weeks * week) * _day_of(unit) + said.time.total_seconds())


def _day_of(unit: Department | None) -> int:
    return (unit.closes - unit.opens) * 60 if unit and unit.closes > unit.opens else 8 * 3600
