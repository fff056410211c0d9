"""Whether a forecast is worth showing: what it would have said at days of the past, beside a forecast that knows nothing.

At each of a few days the model learns only what was known then and foretells the items that were open; what became of them
within the horizon is known today. The naive base gives everybody the share that was won in the horizon just before that
day, and the median time it took. Scores: Brier (1950) of the chances, mean absolute error of the days. Less is better.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reports import forecast
from reports.forecast import Model, Path

ROUNDS = 3
"""How many days of the past, one horizon apart."""
ENOUGH = 50
"""Fewer items foretold prove nothing."""
ENOUGH_WON = 10
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Round:
    """One day of the past: who was open, how many were foreseen to be won and how many were."""

    at: datetime
    n: int
    foreseen: float
    won: int


@dataclass(frozen=True, slots=True)
class Trial:
    """How good the forecast was. Brier scores are means of squared errors of chances, errors of dates are days."""

    n: int
    won: int
    brier: float | None
    base_brier: float | None
    error: float | None
    base_error: float | None
    rounds: Sequence[Round] = ()

    @property
    def is_enough(self) -> bool:
        """Whether there was enough to try it on."""
        return self.n >= ENOUGH and self.won >= ENOUGH_WON

    @property
    def is_better(self) -> bool:
        """Whether the chances beat the naive base: only then are they shown."""
        beaten = self.brier is not None and self.base_brier is not None and self.brier < self.base_brier
        return self.is_enough and beaten

    @property
    def knows_when(self) -> bool:
        """Whether the days beat the naive base."""
        beaten = self.error is not None and self.base_error is not None and self.error < self.base_error
        return self.is_enough and beaten


@dataclass(frozen=True, slots=True)
class _Base:
    share: float
    days: float | None


def tried(history: Sequence[Path], *, as_of: datetime, horizon: timedelta) -> Trial:
    """The trial of the forecast on `ROUNDS` days of these histories."""
    squares: list[float] = []
    base_squares: list[float] = []
    errors: list[float] = []
    base_errors: list[float] = []
    rounds = []
    for number in range(1, ROUNDS + 1):
        moment = as_of - number * horizon
        base = _base(history, moment, horizon)
        known = [path for each in history if (path := forecast.until(each, moment)) is not None]
        if base is None:
            continue
        model = forecast.learn(known, as_of=moment, horizon=horizon, reach=1)
        foreseen = [(path, *_said(model, path, moment, horizon)) for path in known if path.last.until is None]
        fates = _fates(history, moment, horizon)
        rounds.append(_round(moment, [chance for _, chance, _ in foreseen], fates, foreseen))
        for path, chance, days in foreseen:
            took = fates.get(path.item)
            happened = 0.0 if took is None else 1.0
            squares.append((chance - happened) ** 2)
            base_squares.append((base.share - happened) ** 2)
            if took is not None and days is not None and base.days is not None:
                errors.append(abs(days - took))
                base_errors.append(abs(base.days - took))
    return Trial(
        len(squares),
        sum(each.won for each in rounds),
        _mean(squares),
        _mean(base_squares),
        _mean(errors),
        _mean(base_errors),
        tuple(rounds),
    )


def _round(
    moment: datetime,
    chances: Sequence[float],
    fates: dict[str, float],
    foreseen: Sequence[tuple[Path, float, float | None]],
) -> Round:
    won = sum(1 for path, _, _ in foreseen if path.item in fates)
    return Round(moment, len(chances), sum(chances), won)


def _said(model: Model, path: Path, moment: datetime, horizon: timedelta) -> tuple[float, float | None]:
    outlook = model.outlook(path.last.state, moment - path.last.since, horizon)
    return (outlook.chance, outlook.half) if outlook else (0.0, None)


def _fates(history: Sequence[Path], moment: datetime, horizon: timedelta) -> dict[str, float]:
    """Who was won within the horizon after a moment, and after how many days."""
    found = {}
    for path in history:
        for stay in path.stays:
            if stay.to == forecast.WON and stay.until and moment < stay.until <= moment + horizon:
                found[path.item] = (stay.until - moment) / DAY
    return found


def _base(history: Sequence[Path], moment: datetime, horizon: timedelta) -> _Base | None:
    """What somebody knows who only counts: of those open one horizon earlier, how many were won since, and how fast."""
    before = moment - horizon
    then = [path for each in history if (path := forecast.until(each, before)) is not None]
    stood = {path.item for path in then if path.last.until is None}
    if not stood:
        return None
    fates = {item: days for item, days in _fates(history, before, horizon).items() if item in stood}
    return _Base(len(fates) / len(stood), statistics.median(fates.values()) if fates else None)


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None
