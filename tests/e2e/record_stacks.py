# SPDX-License-Identifier: MIT
"""Checks turns.grmon: the stack contains the sleep while the thread sleeps, and not while it waits."""
import json
stacks, task, wrong, seen = {}, {}, 0, {"sleep": 0, "semaphore": 0}
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
            names = " ".join(f.get("function") or "" for f in stacks[t["stack"]])
            seen[t["state"]] += 1
            wrong += ("sleep" in names) != (t["state"] == "sleep")
print(seen, wrong)
# Sometimes a thread wakes up between the two reads.
assert min(seen.values()) > 10 and wrong <= sum(seen.values()) / 10
