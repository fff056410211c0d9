"""pm4py reads an event log in XES and in OCEL 2.0 and says what it found."""

import json
import sys
import tempfile
from pathlib import Path

import pm4py

question = json.load(sys.stdin)
with tempfile.TemporaryDirectory() as folder:
    xes, ocel = Path(folder) / "log.xes", Path(folder) / "log.jsonocel"
    xes.write_text(question["xes"], encoding="utf-8")
    ocel.write_text(question["ocel"], encoding="utf-8")
    log, objects = pm4py.read_xes(str(xes)), pm4py.read_ocel2_json(str(ocel))
    follows, _, _ = pm4py.discover_dfg(log)
said = {
    "cases": int(log["case:concept:name"].nunique()),
    "follows": [[one, two, int(n)] for (one, two), n in follows.items()],
    "events": len(objects.events),
    "objects": len(objects.objects),
    "types": sorted(objects.objects["ocel:type"].unique()),
}
print("answer: " + json.dumps(said))
