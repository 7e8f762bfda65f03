#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_asyncio_turns.py RECORDING: the task "turns" has never waited since before the last time that it was seen
to wait for something else."""
import json
import sys

ID = None
since = text = seen = None
changes = 0
for line in open(sys.argv[1], encoding="utf-8"):
    sample = json.loads(line)
    for task in sample.get("tasks", []):
        if task.get("name") == "turns":
            ID = task["id"]
        if ID is None or task["id"] != ID:
            continue
        since = task.get("since_ns", since)
        waits_on = task.get("waits_on")
        if waits_on and waits_on["text"] != text:
            changes += text is not None
            if text is not None and since <= seen:
                sys.exit(f"waits for {waits_on['text']} since {since}, but for {text} at {seen}")
            text = waits_on["text"]
    if text is not None and "clock_ns" in sample:
        seen = sample["clock_ns"]
sys.exit(changes < 2 and f"only {changes} changes")
