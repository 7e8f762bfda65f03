# SPDX-License-Identifier: MIT
"""Compares several dumps of one process in one file.
Usage: native_since_samples.py FILE ages|marks
ages: there are three dumps, and the start of each wait differs by less than 250 ms between them: an age is
a lower bound, which is less by the time for which the client itself did not run while it read the clocks.
marks: the same threads are stuck, and the same are long, in all three."""
import json
import sys

path, question = sys.argv[1:]
with open(path, encoding="utf-8") as file:
    text = file.read()
dumps = []
while text.strip():
    dump, end = json.JSONDecoder().raw_decode(text.lstrip())
    dumps.append(dump)
    text = text.lstrip()[end:]
since = {}
for dump in dumps:
    for task in dump["tasks"]:
        since.setdefault(task["tid"], []).append(dump["clock_ns"] - task["age_ns"])
spread = max(max(s) - min(s) for s in since.values())
marks = [[sorted(t["tid"] for t in dump["tasks"] if t.get(mark)) for mark in ("stuck", "long")] for dump in dumps]
print(f"{len(dumps)} dumps, spread {spread} ns, stuck and long {[[len(m) for m in mark] for mark in marks]}")
sys.exit(not {"ages": len(dumps) == 3 and spread < 250e6,
              "marks": marks[0] == marks[1] == marks[2]}[question])
