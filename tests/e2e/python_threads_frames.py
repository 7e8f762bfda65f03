#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_threads_frames.py DUMP FRAMES: the Python stacks of a dump are those that the program itself has
written: the same threads, and of each the same functions, files and lines."""
import json
import sys

with open(sys.argv[1]) as file:
    rows = {task["name"]: task for task in json.load(file)["tasks"]}
with open(sys.argv[2]) as file:
    wanted = json.load(file)
wrong = 0
for name, frames in sorted(wanted.items()):
    if name not in rows:
        print(f"no row '{name}' among {sorted(rows)}")
        wrong += 1
        continue
    have = [[f["function"], f["file"], f["line"] or 0] for f in rows[name]["stack"]]
    if have != frames or rows[name]["suspect"]:
        print(f"{name}:", "suspect" if rows[name]["suspect"] else "")
        for ours, theirs in zip(have + [None] * len(frames), frames + [None] * len(have)):
            if (ours or theirs) and ours != theirs:
                print(f"  {ours} but Python says {theirs}")
        wrong += 1
print(f"{len(wanted) - wrong} of {len(wanted)} stacks are the same")
sys.exit(wrong > 0 or not wanted)
