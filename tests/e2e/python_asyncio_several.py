#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""python_asyncio_several.py DUMP: waits for several tasks list them by their ids, each of these has the one that
waits among those that await it, and the deadlocks are those that nothing can end."""
import json
import re
import sys

with open(sys.argv[1]) as file:
    dump = json.load(file)
tasks = {task["name"]: task for task in dump["tasks"] if task["kind"] == "coroutine"}
names = {task["id"]: name for name, task in tasks.items()}
WANTED = {
    "dead-gather": (["dead-gather-nap", "dead-gather-want"], False, False),
    "dead-nested": (["dead-nested-nap", "dead-nested-want", "dead-nested2-nap"], False, False),
    "dead-shields": (["dead-shields-nap", "dead-shields-want"], False, False),
    "dead-wait_all": (["dead-wait_all-nap", "dead-wait_all-want"], False, False),
    "dead-first_of_two": (["dead-first_of_two-want", "dead-first_of_two2-want"], True, False),
    "live-first_or_future": (["live-first_or_future-want"], True, True),
}
wrong = []
for name, (members, any_of, others) in WANTED.items():
    several = tasks[name]["waits_on"].get("several") or {}
    have = sorted(names[task] for task in several.get("ids", []))
    if (have, several.get("any"), several.get("others")) != (members, any_of, others):
        wrong.append(f"{name}: {several}")
    for member in members:
        if tasks[member].get("awaited_by") != [tasks[name]["id"]] or tasks[member]["labels"].get("awaited_by") != name:
            wrong.append(f"{member}: awaited by {tasks[member].get('awaited_by')}")
# One that is alone is its owner, although a future that nobody knows is not done either.
if tasks["dead-with_future"]["waits_on"]["owner"] != tasks["dead-with_future-want"]["id"]:
    wrong.append("dead-with_future: no owner")
TEXTS = {
    "dead-gather": ("waitgroup", r"gather of 2, 2 not done"),
    "dead-nested": ("waitgroup", r"gather of 2, 2 not done"),
    "dead-wait_all": ("waitgroup", r"wait of 2, 2 not done"),
    "live-first": ("waitgroup", r"wait of 2, 2 not done, any is enough"),
    "live-completed": ("waitgroup", r"as_completed.*, any .*"),
    "dead-shield": ("join", r"task dead-shield-want, c\d+, by shield\(\)"),
}
for name, (state, text) in TEXTS.items():
    if tasks[name]["state"] != state or not re.fullmatch(text, tasks[name]["waits_on"]["text"]):
        wrong.append(f"{name}: {tasks[name]['state']}, {tasks[name]['waits_on']}")
# Members that want the lock are in a cycle with who holds it; others need not be.
have = {names[task] for cycle in dump["cycles"] for task in cycle}
dead = {name for name in tasks if re.fullmatch("dead-[a-z_]*", name)}
if {name for name in have if not name.endswith("want")} != dead or len(dead) < 7 or len(dump["cycles"]) != len(dead):
    wrong.append(f"in cycles: {sorted(have)}")
print("\n".join(wrong))
sys.exit(bool(wrong))
