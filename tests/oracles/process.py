"""pm4py as a judge: reads cases of (activity, moment of completion), answers what follows what, variants and rework."""

import json
import sys
from collections import Counter

import pandas as pd
import pm4py


def main() -> None:
    """Standard input: [[case, activity, ISO moment], …] in the order of the log."""
    rows = json.load(sys.stdin)
    frame = pd.DataFrame(rows, columns=["case:concept:name", "concept:name", "time:timestamp"])
    frame["time:timestamp"] = pd.to_datetime(frame["time:timestamp"], utc=True, format="ISO8601")
    frame["case:concept:name"] = frame["case:concept:name"].astype(str)
    log = pm4py.format_dataframe(
        frame, case_id="case:concept:name", activity_key="concept:name", timestamp_key="time:timestamp"
    )
    follows, _, _ = pm4py.discover_dfg(log)
    means, _, _ = pm4py.discover_performance_dfg(log, perf_aggregation_key="mean")
    variants = pm4py.get_variants(log)
    rework = pm4py.get_rework_cases_per_activity(log)
    answer = {
        "follows": [[one, other, int(n)] for (one, other), n in follows.items()],
        "means": [[one, other, _mean(value)] for (one, other), value in means.items()],
        "variants": sorted(
            [[list(steps), int(n if isinstance(n, int) else len(n))] for steps, n in variants.items()]
        ),
        "rework": dict(Counter({activity: int(n) for activity, n in rework.items() if n})),
    }
    print("answer: " + json.dumps(answer))


def _mean(value: object) -> float:
    return float(value["mean"] if isinstance(value, dict) else value)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
