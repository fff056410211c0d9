"""The clocks of a promise in words: how much work time is left, how late it is, what stands and what happens by itself."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext, ngettext
from markupsafe import Markup

from engine.calendars import Calendar
from engine.sales.promises import Promise
from webapp import formats


def words(promise: Promise, works: Calendar, now: datetime) -> list[Markup]:
    """What the clocks say, the most important first, in the work time of the one who delivers."""
    if promise.outcome is not None:
        return _closed(promise)
    if promise.manner is not None:
        return []
    if promise.rests:
        return _rests(promise, works)
    if promise.state == "delivered":
        return _delivered(promise, works)
    if promise.due_at is None:
        return _stands(promise, works)
    found = [_due(promise.due_at, works, now)]
    if promise.proposed_due_at is not None:
        found.insert(0, _filled(gettext("proposed: %(when)s"), when=promise.proposed_due_at))
    if promise.respond_by is not None:
        late = gettext("an answer was due %(when)s"), gettext("answer by %(when)s")
        found.append(_filled(late[promise.respond_by > now], when=promise.respond_by))
    if promise.first_due_at is not None and promise.first_due_at != promise.due_at:
        found.append(_filled(gettext("first promised for %(when)s"), when=promise.first_due_at))
    return found


def _due(due: datetime, works: Calendar, now: datetime) -> Markup:
    if due > now:
        left = length(works, works.between(now, due))
        return _filled(gettext("due %(when)s, %(left)s left"), when=due, left=left)
    late = length(works, works.between(due, now))
    return _filled(gettext("was due %(when)s, %(late)s late"), when=due, late=late)


def _rests(promise: Promise, works: Calendar) -> list[Markup]:
    """Its case rests, so nobody is kept to a time."""
    since = _filled(gettext("the case rests since %(when)s: no clock runs"), when=promise.paused_at)
    found = (
        [Markup("{}").format(_left(works, promise.left_seconds))] if promise.left_seconds is not None else []
    )
    return [since, *found]


def _left(works: Calendar, seconds: int) -> str:
    left = length(works, timedelta(seconds=seconds))
    return str(gettext("left when it goes on: %(left)s", left=left))


def _stands(promise: Promise, works: Calendar) -> list[Markup]:
    """Nobody's clock runs."""
    seconds = promise.left_seconds
    kept = (
        _left(works, seconds)
        if seconds is not None
        else gettext("its time begins anew when everything is there")
    )
    if promise.state == "paused" and promise.paused_at is not None:
        since = _filled(
            gettext("the clock stands since %(when)s: %(reason)s"),
            when=promise.paused_at,
            reason=promise.pause_reason,
        )
        return [since, Markup("{}").format(kept)]
    return [Markup("{}").format(gettext("no clock runs")), Markup("{}").format(kept)]


def _delivered(promise: Promise, works: Calendar) -> list[Markup]:
    if promise.delivered_at is None:
        return []
    at, due = promise.delivered_at, promise.due_at
    if due is None or at <= due:
        found = [_filled(gettext("delivered %(when)s, in time"), when=at)]
    else:
        late = length(works, works.between(due, at))
        found = [_filled(gettext("delivered %(when)s, %(late)s late"), when=at, late=late)]
    if promise.accept_by is not None:
        found.append(_filled(gettext("without an answer it is accepted %(when)s"), when=promise.accept_by))
    return found


def _closed(promise: Promise) -> list[Markup]:
    found = []
    if promise.due_at is not None:
        found.append(_filled(gettext("due %(when)s"), when=promise.due_at))
    if promise.delivered_at is not None:
        found.append(_filled(gettext("delivered %(when)s"), when=promise.delivered_at))
    if promise.closed_at is not None:
        found.append(_filled(gettext("closed %(when)s"), when=promise.closed_at))
    return found


def length(works: Calendar, value: timedelta) -> str:
    """A length of work time in at most two units: ``2 work days 3 h``, ``45 min``."""
    minutes = int(value.total_seconds() // 60)
    days, rest = divmod(minutes, max(works.closes - works.opens, 1))
    if days:
        parts = [ngettext("%(num)d work day", "%(num)d work days", days)]
        parts += [gettext("%(hours)d h", hours=rest // 60)] if rest >= 60 and days < 5 else []
        return " ".join(map(str, parts)).replace(" ", formats.NB)
    hours, rest = divmod(rest, 60)
    parts = [gettext("%(hours)d h", hours=hours)] if hours else []
    parts += [gettext("%(minutes)d min", minutes=rest)] if rest or not hours else []
    return " ".join(parts).replace(" ", formats.NB)


def _filled(sentence: str, **places: Any) -> Markup:
    """A sentence of ours with moments as machines read them, too."""
    shown = {
        name: formats.moment(value) if isinstance(value, datetime) else value
        for name, value in places.items()
    }
    return Markup(sentence) % shown  # noqa: S704  # the sentence is ours, its places are escaped
