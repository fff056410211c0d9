"""`make bench`: measure, print a line per figure, write bench.json."""

import json
import sys
from pathlib import Path

from tests.bench import (
    clock,
    decisions,
    deploying,
    engine,
    handoffs,
    importing,
    promises,
    reporting,
    reporting_steps,
    reporting_weight,
    sale,
    scripts,
    stock,
    web,
    workers,
)

OUT = Path("bench.json")
PARTS = (
    engine,
    sale,
    stock,
    clock,
    decisions,
    scripts,
    deploying,
    web,
    handoffs,
    importing,
    promises,
    reporting,
    reporting_steps,
    reporting_weight,
    workers,
)


def main() -> int:
    """Print every figure as it is measured, of all parts or of those that are named.

    The exit code is 0 also when a figure is short: a figure is no test.
    """
    found = []
    for part in (each for each in PARTS if not sys.argv[1:] or each.__name__.split(".")[-1] in sys.argv[1:]):
        for figure in part.figures():
            print(figure, flush=True)
            found.append(figure)
    rows = [
        {"name": each.name, "value": round(each.value, 4), "spread": [round(low, 4) for low in each.spread],
         "target": each.target, "at_least": each.at_least, "unit": each.unit, "ok": each.ok}
        for each in found
    ]  # fmt: skip
    OUT.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
