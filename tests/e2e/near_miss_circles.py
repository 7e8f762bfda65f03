# SPDX-License-Identifier: MIT
"""Prints the deadlocks of a dump, and the pairs of tasks that wait for each other in it.
Usage: near_miss_circles.py DUMP"""
import json, sys
dump = json.load(open(sys.argv[1]))
owner = {t["id"]: (t["waits_on"] or {}).get("owner") for t in dump["tasks"]}
print("cycles", len(dump["cycles"]), "circles", sum(owner.get(o) == i for i, o in owner.items() if o))
