"""Lifelines as a judge: reads stays as JSON, writes the curves it finds. Run by the interpreter of ``.oracle``.

In: {"stays": [[since, until, outcome or 0, n], …], "of": an outcome, or null for Kaplan and Meier}, as a list of such.
Out: for each [[time, share, low, high], …] at every time somebody left; an interval it cannot give is null.
"""

import json
import math
import sys

from lifelines import AalenJohansenFitter, KaplanMeierFitter


def judge(stays, of):
    """The curve of these stays."""
    entry, durations, events, weights = (list(each) for each in zip(*stays, strict=True))
    entry = None if not any(entry) else entry
    if of is None:
        model = KaplanMeierFitter().fit(durations, [e > 0 for e in events], entry=entry, weights=weights)
        curve, bounds = model.survival_function_, model.confidence_interval_
    else:
        model = AalenJohansenFitter().fit(durations, events, of, entry=entry, weights=weights)
        curve, bounds = model.cumulative_density_, model.confidence_interval_
    ended = sorted({time for time, event in zip(durations, events, strict=True) if event})
    return [
        [time, curve.loc[time].iloc[0], *sorted(map(_finite, bounds.loc[time]), key=_last)] for time in ended
    ]


def _finite(value):
    return float(value) if math.isfinite(value) else None


def _last(value):
    return math.inf if value is None else value


if __name__ == "__main__":
    print("answer:", json.dumps([judge(case["stays"], case["of"]) for case in json.load(sys.stdin)]))
