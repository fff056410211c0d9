"""Numbers, money and time as people here write them. Moments are shown in the organization's zone."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, get_currency_symbol
from flask import Flask
from flask_babel import gettext, ngettext
from markupsafe import Markup, escape

from engine.calendars import HOME, local_day
from webapp import clock
from webapp.languages import current

NB = "\N{NO-BREAK SPACE}"
ZERO, UNKNOWN = "·", "–"
SIZES: tuple[tuple[int, str, str], ...] = ((10**9, "mld", "bn"), (10**6, "mln", "m"), (10**3, "tys.", "k"))
_DAYS = ("pn", "wt", "śr", "czw", "pt", "sb", "nd")

Number = int | float | Decimal


def number(value: Number | None, digits: int = 0) -> str:
    """``1 240 000`` or ``31,5``; a dash for unknown."""
    if value is None:
        return UNKNOWN
    return format_decimal(value, "#,##0" + ("." + "0" * digits if digits else ""), locale=current())


def count(value: int | None) -> str:
    """A count in a table: a dot for zero, a dash for unknown."""
    return ZERO if value == 0 else number(value)


def money(value: Number | None, currency: str | None = "PLN") -> str:
    """``1 240 000 zł`` or ``PLN 1,240,000``; grosze only where there are some."""
    if value is None:
        return UNKNOWN
    amount = Decimal(str(value))
    return _with_currency(number(amount, 0 if amount == amount.to_integral_value() else 2), currency or "PLN")


def short_money(value: Number | None, currency: str | None = "PLN") -> str:
    """``1,24 mln zł`` or ``PLN 1.24m``: for heads and pictures, with `money` on hover."""
    if value is None:
        return UNKNOWN
    amount = Decimal(str(value))
    for size, pl, en in SIZES:
        if abs(amount) >= size:
            figure = format_decimal(amount / size, "#,##0.##", locale=current())
            return _with_currency(figure + (en if current() == "en" else NB + pl), currency or "PLN")
    return money(value, currency)


def _with_currency(figure: str, currency: str) -> str:
    if current() == "en":
        return f"{currency}{NB}{figure}"
    return f"{figure}{NB}{get_currency_symbol(currency, locale='pl')}"


def percent(fraction: float | None, digits: int = 0) -> str:
    """``31,5 %`` or ``31.5%`` of a fraction between 0 and 1."""
    if fraction is None:
        return UNKNOWN
    return number(fraction * 100, digits) + ("%" if current() == "en" else f"{NB}%")


def part(some: int, whole: int) -> str:
    """``168 z 212 · 79 %``."""
    share = f" · {percent(some / whole)}" if whole else ""
    return str(gettext("%(some)s of %(whole)s", some=number(some), whole=number(whole))) + share


def day(value: date | datetime) -> str:
    """A day near in words (today, tomorrow, Tue 24 Nov), with the year when it is another."""
    on = local_day(value) if isinstance(value, datetime) else value
    today = local_day(clock.now())
    near = {-1: gettext("yesterday"), 0: gettext("today"), 1: gettext("tomorrow")}.get((on - today).days)
    if near:
        return str(near)
    week_day = _DAYS[on.weekday()] if current() == "pl" else format_date(on, "EEE", locale="en")
    pattern = "d MMM" if on.year == today.year else "d MMM y"
    return f"{week_day} {format_date(on, pattern, locale=current())}".replace(" ", NB)


def when(value: datetime) -> str:
    """``dziś 16:00``: a day near and the hour."""
    return f"{day(value)}{NB}{hour(value)}"


def hour(value: datetime) -> str:
    """``16:00``."""
    return value.astimezone(HOME).strftime("%H:%M")


def full(value: datetime) -> str:
    """``czwartek, 19 listopada 2026, 16:00``: on hover, on focus, in print."""
    pattern = "EEEE, d MMMM y, HH:mm" if current() == "pl" else "EEEE d MMMM y, HH:mm"
    return format_datetime(value.astimezone(HOME), pattern, locale=current())


def full_day(value: date) -> str:
    """``czwartek, 19 listopada 2026``."""
    return format_date(value, "EEEE, d MMMM y" if current() == "pl" else "EEEE d MMMM y", locale=current())


def span(value: timedelta) -> str:
    """How long, in at most two units: ``3 dni``, ``1 godz. 42 min``, ``9 min``."""
    minutes = int(abs(value.total_seconds()) // 60)
    if minutes >= 48 * 60:
        return str(ngettext("%(num)d day", "%(num)d days", minutes // (24 * 60)))
    hours, minutes = divmod(minutes, 60)
    parts = [gettext("%(hours)d h", hours=hours)] if hours else []
    if minutes or not hours:
        parts.append(gettext("%(minutes)d min", minutes=minutes))
    return " ".join(parts).replace(" ", NB)


def left(due: datetime) -> str:
    """``zostało 1 godz. 42 min`` before a date, ``1 dzień po`` after it."""
    late = clock.now() - due
    if late < timedelta():
        return str(gettext("%(span)s left", span=span(late)))
    days = (local_day(clock.now()) - local_day(due)).days
    if days:
        return str(ngettext("%(num)d day late", "%(num)d days late", days))
    return str(gettext("%(span)s late", span=span(late)))


def moment(value: datetime | date | None, words: str | None = None) -> Markup:
    """A ``<time>`` with near words, and the full date on hover and for machines."""
    if value is None:
        return escape(UNKNOWN)
    if isinstance(value, datetime):
        shown, exact = words or when(value), full(value)
    else:
        shown, exact = words or day(value), full_day(value)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(value.isoformat(), exact, shown)


def lines(text: str | None) -> Markup:
    """Plain text with its line breaks kept."""
    return Markup("<br>").join(escape(line) for line in (text or "").splitlines())


def init_app(app: Flask) -> None:
    """Offer every format as a template filter."""
    filters = (
        number,
        count,
        money,
        short_money,
        percent,
        part,
        day,
        when,
        hour,
        full,
        full_day,
        span,
        left,
        moment,
        lines,
    )
    app.jinja_env.filters.update({function.__name__: function for function in filters})
