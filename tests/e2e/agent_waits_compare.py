# SPDX-License-Identifier: MIT
"""Compares a dump with the waits that tests/targets/wrap_waits has printed for its threads.
Usage: agent_waits_compare.py DUMP WAITS state|address|descriptor"""
import json, re, sys
states = {}
for line in open("src/core/state.def"):
    found = re.match(r'STATE\((\d+), \w+, \w+, "([^"]+)"', line)
    if found:
        states[int(found.group(1))] = found.group(2)
tasks = {t["tid"]: t for t in json.load(open(sys.argv[1]))["tasks"]}
what, wrong, seen = sys.argv[3], 0, 0
for line in open(sys.argv[2]):
    words = line.split()
    if words[0] != "wait":
        continue
    name, tid, state, address, fd = words[1], *(int(w, 0) for w in words[2:])
    task = tasks.get(tid)
    if not task:
        print(name, "has no row")
        wrong += 1
        continue
    waits = task["waits_on"] or {}
    if what == "state":
        good = task["state"] == states[state] and task["age_exact"]
    elif what == "address":
        if address == 0 or task["state"] == "join":
            continue
        good = int(waits.get("address") or "0", 16) == address
    else:
        if fd < 0 or task["state"].startswith("chan"):
            continue
        text = {"join": f"t{fd}", "wait-child": f"child {fd}"}.get(task["state"], f"fd {fd}")
        shown = (waits.get("text") or "").split(" /")[0]
        good = shown.startswith(text) or shown.startswith(f"epoll {fd} ")
    seen += 1
    if not good:
        print(name, "want", states[state], hex(address), fd, "have", task["state"], waits)
        wrong += 1
if seen < (80 if what == "state" else 30):
    sys.exit(f"only {seen} threads to compare")
sys.exit(wrong > 0)
