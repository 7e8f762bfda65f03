# SPDX-License-Identifier: MIT
"""Compares a dump with what jstack prints about the same threads.
Usage: java_compare.py DUMP JSTACK"""
import json, re, sys
rows = {t["tid"]: t for t in json.load(open(sys.argv[1]))["tasks"]}
said = re.findall(r'^"(j-[^"]*)".*nid=(\S+) .*\n\s+java\.lang\.Thread\.State: (.*)$', open(sys.argv[2]).read(), re.M)
ways = {"BLOCKED (on object monitor)": ("mutex", "monitor"), "WAITING (on object monitor)": ("cond", "monitor"),
        "WAITING (parking)": ("cond", "park"), "TIMED_WAITING (sleeping)": ("sleep", "Thread.sleep"),
        "RUNNABLE": ("io-read", "fd ")}
wrong = []
for name, nid, state in said:
    row = rows.get(int(nid, 0))
    want = ways[state]
    # Another thread may have the turn by now.
    if name.startswith("j-turn"):
        continue
    if not row or row["name"] != name or row["state"] != want[0] or not row["waits_on"]["text"].startswith(want[1]):
        wrong.append((name, state, row and (row["state"], row["waits_on"])))
print(len(said), wrong)
sys.exit(len(said) != 8 or wrong != [])
