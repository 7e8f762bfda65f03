# SPDX-License-Identifier: MIT
"""Compares the rows of wire_client.py with dumps before and after them.
Usage: wire_compare.py BEFORE AFTER ROWS LEAST"""
import json, re, sys
before, after, rows = json.load(open(sys.argv[1])), json.load(open(sys.argv[2])), sys.argv[3]
before, after = ({t["id"]: t for t in dump["tasks"] if t["age_exact"]} for dump in (before, after))
wrong, seen = [], set()
for line in open(rows):
    id, name, state, age, waits = line[:-1].split("\t")
    task = after.get(id)
    if state == "running":
        continue
    if not task or id not in before:
        wrong.append(f"{id} has no row in the dump: {line}")
        continue
    shown = task["waits_on"] or {}
    text = shown.get("text") or ""
    number = waits.split(" ")[-1]
    good = (waits == "" or shown.get("address") == waits
            or shown.get("owner") == waits
            or waits == "any child" and "child" in text
            or waits.startswith("fd ") and re.match(rf"(fd|epoll) {number}\b", text)
            or not re.match(r"0x|fd |t\d", waits) and waits in text)
    if (task["name"], task["state"]) != (name, state) or not good:
        wrong.append(f"{line[:-1]}: the dump says {task['name']} {task['state']} {shown}")
    if not before[id]["age_ns"] / 1e9 - 0.001 <= float(age) <= task["age_ns"] / 1e9 + 0.001:
        wrong.append(f"{line[:-1]}: not between {before[id]['age_ns']} and {task['age_ns']} ns")
    seen.add((id, state, waits))
missing = set(before) - {id for id, _, _ in seen}
print(*wrong, *(f"only the dump has {id}" for id in missing), f"{len(seen)} rows", sep="\n")
sys.exit(bool(wrong or missing) or len(seen) < int(sys.argv[4]))
