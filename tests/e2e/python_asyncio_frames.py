#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_asyncio_frames.py DUMP FRAMES: the rows of tasks are those that the program itself has written: of each
task the same functions, files and lines. The dump may have other tasks too."""
import json
import sys

with open(sys.argv[1]) as file:
    rows = {task["name"]: task for task in json.load(file)["tasks"] if task["kind"] == "coroutine"}
with open(sys.argv[2]) as file:
    wanted = json.load(file)
wrong = 0
for name, frames in sorted(wanted.items()):
    have = [[f["function"], f["file"], f["line"] or 0] for f in rows[name]["stack"]] if name in rows else None
    if have != frames or rows[name]["suspect"]:
        print(f"{name}: {have}\n  but Python says {frames}")
        wrong += 1
print(f"{len(wanted) - wrong} of {len(wanted)} tasks are the same")
sys.exit(wrong > 0 or len(wanted) < 20)
