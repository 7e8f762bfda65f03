# SPDX-License-Identifier: MIT
"""Compares dumps at several times of a recording with its samples: each is the last sample not later
than its time. Usage: round_trip_at.py RECORDING FIRST MIDDLE LATE END: dumps of the start, +300ms,
-200ms and the end."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as lines:
    records = [record for record in map(json.loads, lines) if "seq" in record]
times = [record["real_ns"] for record in records]
wanted = [times[0], times[0] + 300_000_000, times[-1] - 200_000_000, times[-1]]
failed = len(times) < 10
print(f"{len(times)} samples in {(times[-1] - times[0]) / 1e9} s")
for name, until in zip(sys.argv[2:], wanted):
    with open(name, encoding="utf-8") as file:
        clock_ns = json.load(file)["clock_ns"]
    last = max((record for record in records if record["real_ns"] <= until), key=lambda record: record["seq"])
    print(f"{name}: {clock_ns}, expected {last['clock_ns']}")
    failed |= clock_ns != last["clock_ns"]
sys.exit(failed)
