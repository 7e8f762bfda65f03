# SPDX-License-Identifier: MIT
"""Checks turns.grmon: the stack is in the line that sleeps while the thread sleeps, and in the line that
waits while it waits."""
import json
import os
with open(os.path.join(os.path.dirname(__file__), "record_turns.py"), encoding="utf-8") as program:
    text = list(program)
lines = {state: 1 + [words in line for line in text].index(True)
         for state, words in (("sleep", "sleep(0.25)"), ("mutex", "acquire(timeout"))}
stacks, task, wrong, seen = {}, {}, 0, dict.fromkeys(lines, 0)
for line in open("turns.grmon"):
    sample = json.loads(line)
    if "seq" not in sample:
        continue
    # If the outermost frames are not known, the stack is an object.
    stacks.update({int(k): v["frames"] if isinstance(v, dict) else v for k, v in sample.get("stacks", {}).items()})
    for t in sample["tasks"]:
        if t["id"] != "t%d" % sample.get("target", {}).get("pid", 0) or not sample["key"]:
            task.setdefault(t["id"], {}).update(t)
    for t in task.values():
        if t.get("state") in seen and t.get("stack") in stacks:
            seen[t["state"]] += 1
            wrong += stacks[t["stack"]][0].get("line") != lines[t["state"]]
print(seen, wrong)
# Sometimes a thread wakes up between the two reads.
assert min(seen.values()) > 10 and wrong <= sum(seen.values()) / 10
