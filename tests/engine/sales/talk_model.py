"""A small model of the conversation for action, written from the rules and not from the code, with a minute counter."""

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

BEGIN = datetime(2026, 11, 16, tzinfo=UTC)
CLOSED = {date(2026, 11, 27)}
"""A day on which Legal does not work, though others do."""

MINUTE = timedelta(minutes=1)


def is_worked(at: datetime) -> bool:
    """Monday to Friday, 8 to 16 in Warsaw, which is an hour ahead of UTC in these weeks."""
    wall = at + timedelta(hours=1)
    return wall.weekday() < 5 and 8 <= wall.hour < 16 and wall.date() not in CLOSED


WORKED = [BEGIN + n * MINUTE for n in range(38 * 24 * 60) if is_worked(BEGIN + n * MINUTE)]
"""Every minute in which Legal works, one by one, until before Christmas."""


def between(start: datetime, end: datetime) -> int:
    """Minutes worked from one moment to another."""
    return bisect_left(WORKED, end) - bisect_left(WORKED, start)


def after(start: datetime, minutes: int) -> datetime:
    """When so many minutes have been worked; none is the next minute of work."""
    first = bisect_left(WORKED, start)
    return WORKED[first + minutes - 1] + MINUTE if minutes else WORKED[first]


def at(day: date, hour: int) -> datetime:
    """A full hour of a day in Warsaw."""
    return datetime.combine(day, time(hour - 1), tzinfo=UTC)


READY, ACCEPTANCE = {"Dane klienta", "Zakres"}, {"Podpisany przez radcę", "Zgodny z ofertą"}
"""What a request, and what is delivered, must have: nothing else can be missing."""

ANSWER, DELIVER, WINDOW = 4 * 60, 24 * 60, 8 * 60
WARNS, RISES = 4 * 60, 8 * 60
"""Four hours before it is due the provider's head is told; eight hours after it a manager is asked."""

REWORK = 1
PROVIDER, CONSUMER = "provider", "consumer"
SPEAKS = {
    "anna": {CONSUMER},
    "clara": {CONSUMER},
    "borys": {PROVIDER},
    "ewa": set[str](),
    "dorota": set[str](),
}
HEADS = {"clara": CONSUMER, "borys": PROVIDER}

SAID_INSTEAD = {
    "requested": "StillAsked",
    "returned": "Returned",
    "countered": "Countered",
    "promised": "Promised",
    "delivered": "Delivered",
    "declined": "Declined",
    "paused": "Paused",
    "waived": "Waived",
    "revoked": "Revoked",
}


class No(Exception):  # what the model answers
    """The model refuses, too: the name of the refusal."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass
class Talk:
    """One promise as the rules have it."""

    ready: datetime
    state: str = "requested"
    due: datetime | None = None
    respond_by: datetime | None = None
    proposed: datetime | None = None
    asked: str | None = None
    """Which side has to answer about a date."""
    left: int | None = None
    promised: datetime | None = None
    first: datetime | None = None
    delivered: datetime | None = None
    accept_by: datetime | None = None
    returns: int = 0
    changes: int = 0
    rework: int = 0
    steps: int = 0
    outcome: str | None = None
    manner: str | None = None
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.becomes_ready(self.ready)

    def becomes_ready(self, now: datetime) -> None:
        self.ready, self.state, self.left = now, "requested", None
        self.due, self.respond_by = after(now, DELIVER), after(now, ANSWER)

    @property
    def turn(self) -> str | None:
        """Whose turn it is."""
        if self.outcome is not None or self.state == "declined":
            return None
        if self.state in {"returned", "countered", "delivered", "revoked"}:
            return CONSUMER
        return self.asked or PROVIDER

    def counts_as(self, now: datetime) -> str:
        """Where it belongs in every report."""
        if self.outcome in {"kept", "broken"}:
            return self.outcome
        if self.outcome is not None or self.manner is not None:
            return "out of scope"
        late = self.due is not None and self.due < (self.delivered or now)
        return "broken" if late else "pending"

    # ---- what everybody is asked first

    def listens(self, who: str, side: str | None, *states: str, stale: bool) -> None:
        if side is not None and side not in SPEAKS[who]:
            raise No("NotYourSide")
        if stale:
            raise No("Stale")
        if self.outcome is not None:
            raise No("Settled")
        if self.state not in states:
            raise No(SAID_INSTEAD[self.state])

    def before_due(self, now: datetime) -> datetime:
        assert self.due is not None
        if self.due <= now:
            raise No("DuePassed")
        return self.due

    def works_then(self, when: datetime, now: datetime) -> None:
        if when <= now:
            raise No("InThePast")
        if not is_worked(when - MINUTE):
            raise No("NoWorkThen")

    def stop(self, now: datetime) -> None:
        if self.due is not None:
            self.left = max(between(now, self.due), 0)
        self.due = self.respond_by = self.proposed = self.asked = None

    def run_until(self, due: datetime, now: datetime) -> None:
        self.state, self.due, self.left = "promised", due, None
        self.proposed = self.asked = self.respond_by = None
        self.promised, self.first = self.promised or now, self.first or due

    # ---- words

    def give_back(self, who: str, now: datetime, *, missing: list[str], note: str, stale: bool) -> None:
        self.listens(who, PROVIDER, "requested", "promised", stale=stale)
        if self.proposed:
            raise No("AnswerFirst")
        self.before_due(now)
        if not READY.issuperset(missing):
            raise No("NotOnTheList")
        if not missing and not note:
            raise No("NothingMissing")
        self.returns += 1
        looked = self.promised is not None
        self.stop(now)
        if not looked:
            self.left = None
        self.state = "returned"
        self.words.append("returned")

    def bring(self, who: str, now: datetime, *, stale: bool) -> None:
        self.listens(who, CONSUMER, "returned", stale=stale)
        if self.left is None:
            self.becomes_ready(now)
        else:
            self.ready = now
            self.run_until(after(now, self.left), now)
        self.words.append("brought")

    def promise(self, who: str, now: datetime, *, stale: bool, when: datetime | None = None) -> None:
        self.listens(who, PROVIDER, "requested", stale=stale)
        agreed = self.before_due(now)
        if when is not None and when > agreed:
            raise No("LaterThanAgreed")
        if when is not None and when != agreed:
            self.works_then(when, now)
        self.run_until(when or agreed, now)
        self.words.append("promised")

    def counter(self, who: str, now: datetime, *, when: datetime, reason: str, stale: bool) -> None:
        self.listens(who, PROVIDER, "requested", stale=stale)
        agreed = self.before_due(now)
        self.works_then(when, now)
        if when <= agreed:
            raise No("NotLater")
        if not reason:
            raise No("SayWhy")
        self.state, self.proposed, self.asked = "countered", when, CONSUMER
        self.respond_by = after(now, ANSWER)
        self.words.append("countered")

    def is_asked(self, who: str, stale: bool) -> datetime:
        self.listens(who, None, "countered", "promised", stale=stale)
        if self.proposed is None:
            raise No("NothingAsked")
        if self.turn not in SPEAKS[who]:
            raise No("NotYourSide")
        return self.proposed

    def consent(self, who: str, now: datetime, *, stale: bool) -> None:
        wanted = self.is_asked(who, stale)
        self.before_due(now)
        if wanted <= now:
            raise No("InThePast")
        if self.state == "promised":
            self.changes, self.steps = self.changes + 1, 0
        self.run_until(wanted, now)
        self.words.append("consented")

    def refuse(self, who: str, now: datetime, *, stale: bool) -> None:
        self.is_asked(who, stale)
        self.proposed = self.asked = self.respond_by = None
        if self.state == "countered":
            self.state, self.respond_by = "requested", after(now, ANSWER)
        self.words.append("refused")

    def decline(self, who: str, now: datetime, *, reason: str, stale: bool) -> None:
        self.listens(who, PROVIDER, "requested", stale=stale)
        if not reason:
            raise No("SayWhy")
        self.stop(now)
        self.state = "declined"
        self.words.append("declined")

    def deliver(self, who: str, now: datetime, *, stale: bool) -> None:
        self.listens(who, PROVIDER, "requested", "countered", "promised", stale=stale)
        self.state, self.delivered, self.accept_by = "delivered", now, after(now, WINDOW)
        self.proposed = self.asked = self.respond_by = None
        self.words.append("delivered")

    def accept(self, who: str | None, now: datetime, *, stale: bool = False) -> None:
        if who is not None:
            self.listens(who, CONSUMER, "delivered", stale=stale)
        assert self.delivered is not None
        late = self.due is not None and self.due < self.delivered
        if late or self.rework > REWORK:
            self.outcome, self.manner = "broken", "quality" if self.rework else "late"
        else:
            self.outcome, self.manner = "kept", "renegotiated" if self.changes else "first"
        self.state, self.accept_by = "accepted", None
        self.words.append("accepted")

    def reject(self, who: str, now: datetime, *, missing: list[str], reason: str, stale: bool) -> None:
        self.listens(who, CONSUMER, "delivered", stale=stale)
        if not ACCEPTANCE.issuperset(missing):
            raise No("NotOnTheList")
        if not reason:
            raise No("SayWhy")
        assert self.delivered is not None
        assert self.due is not None
        if self.due > self.delivered:
            self.due = after(now, max(between(self.delivered, self.due), 0))
        self.rework += 1
        self.state, self.delivered, self.accept_by = "promised", None, None
        self.promised, self.first = self.promised or now, self.first or self.due
        self.words.append("rejected")

    def renegotiate(self, who: str, now: datetime, *, when: datetime, reason: str, stale: bool) -> None:
        self.listens(who, None, "promised", stale=stale)
        if not SPEAKS[who]:
            raise No("NotYourSide")
        if self.proposed:
            raise No("AnswerFirst")
        agreed = self.before_due(now)
        self.works_then(when, now)
        if when == agreed:
            raise No("SameDate")
        if not reason:
            raise No("SayWhy")
        self.proposed, self.respond_by = when, after(now, ANSWER)
        self.asked = CONSUMER if PROVIDER in SPEAKS[who] else PROVIDER
        self.words.append("renegotiated")

    def pause(self, who: str, now: datetime, *, reason: str, stale: bool) -> None:
        self.listens(who, PROVIDER, "promised", stale=stale)
        if self.proposed:
            raise No("AnswerFirst")
        if reason != "Czekamy na klienta":
            raise No("NotAReason")
        self.before_due(now)
        self.stop(now)
        self.state = "paused"
        self.words.append("paused")

    def resume(self, who: str, now: datetime, *, stale: bool) -> None:
        self.listens(who, PROVIDER, "paused", stale=stale)
        self.run_until(after(now, self.left or 0), now)
        self.words.append("resumed")

    def revoke(self, who: str, now: datetime, *, reason: str, stale: bool) -> None:
        self.listens(who, CONSUMER, *NOT_DELIVERED, stale=stale)
        self.gives_up("revoked", reason, now)

    def waive(self, who: str, now: datetime, *, reason: str, stale: bool) -> None:
        self.listens(who, None, *NOT_DELIVERED, stale=stale)
        if HEADS.get(who) != CONSUMER:
            raise No("HeadOnly")
        self.gives_up("waived", reason, now)

    def gives_up(self, how: str, reason: str, now: datetime) -> None:
        if not reason:
            raise No("SayWhy")
        self.stop(now)
        self.state = self.manner = how
        self.words.append(how)

    def decide(
        self, who: str, now: datetime, *, what: str, when: datetime | None, reason: str, stale: bool
    ) -> None:
        self.listens(who, None, *NOT_DELIVERED, "delivered", stale=stale)
        if who != "ewa":
            raise No("NotAllowed")
        if not reason:
            raise No("SayWhy")
        if what in {"waive", "revoke"}:
            if self.state == "delivered":
                raise No("Delivered")
            self.gives_up({"waive": "waived", "revoke": "revoked"}[what], reason, now)
            return
        if what == "new_date":
            assert when is not None
            self.works_then(when, now)
            if self.state in {"returned", "paused", "delivered"}:
                raise No(SAID_INSTEAD[self.state])
            if self.first is not None:
                self.changes += 1
            self.steps = 0
            self.run_until(when, now)
        elif self.state == "declined":
            self.run_until(after(now, self.left or 0), now)
        self.words.append("decided")

    # ---- what happens by itself and around it

    def done(self) -> None:
        """Somebody did the step although nobody is held to the promise."""
        self.outcome = "cancelled" if self.manner == "revoked" else "waived"
        self.state = self.manner or ""

    def gone(self, how: str) -> None:
        """The case took its task away."""
        self.state = self.state if self.manner else "cancelled"
        self.outcome, self.manner = "cancelled", self.manner or how

    def ring(self, before: datetime, now: datetime) -> None:
        """Time has passed from one moment to another."""
        if self.outcome is not None or self.manner is not None:
            return
        if self.state == "delivered":
            if self.accept_by is not None and self.accept_by <= now:
                self.accept(None, now)
            return
        if self.respond_by is not None and before < self.respond_by <= now:
            self.words.append("unanswered")
        if self.due is not None:
            warned = after(self.ready, max(between(self.ready, self.due) - WARNS, 0))
            if between(self.ready, self.due) <= WARNS:
                warned = self.ready
            for moment in sorted([warned, after(self.due, RISES)])[self.steps :]:
                if moment <= now:
                    self.steps += 1
                    self.words.append("escalated")


NOT_DELIVERED = ("requested", "returned", "countered", "promised", "declined", "paused")
