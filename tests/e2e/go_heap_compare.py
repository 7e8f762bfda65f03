# SPDX-License-Identifier: MIT
"""Compares the go_heap of a dump with what the program said of its own heap afterwards.
Usage: go_heap_compare.py DUMP STATS"""
import json, sys
heap = json.load(open(sys.argv[1]))["resources"]["go_heap"]
stats = json.load(open(sys.argv[2]))
wrong = []
def near(key, have, want, within):
    if abs(have - want) > within:
        wrong.append(f"{key} is {have}, not {want} (within {within})")
# Between the two, the runtime may start a thread, or return idle pages to the system.
page = 1 << 18
near("in_use_bytes", heap["in_use_bytes"], stats["in_use"], page)
near("stack_bytes", heap["stack_bytes"], stats["stacks"], page)
near("idle and returned", heap["idle_bytes"] + heap["returned_bytes"], stats["idle"] + stats["returned"], page)
if heap["returned_bytes"] > stats["returned"] + page:
    wrong.append(f"returned_bytes is {heap['returned_bytes']}, later {stats['returned']}")
# What is allocated after a collection is nearly what the collection found alive.
near("live_bytes", heap["live_bytes"], stats["alloc"], 1 << 20)
for ours, theirs in ("collections", "collections"), ("last_gc_real_ns", "last_gc"), ("gc_pause_ns", "pause"):
    near(ours, heap[ours], stats[theirs], 0)
if stats["goal"] < 1 << 47:
    near("goal_bytes", heap["goal_bytes"], stats["goal"], 0)
elif "goal_bytes" in heap:
    wrong.append(f"goal_bytes is {heap['goal_bytes']}, but collections are off")
sys.exit("\n".join(wrong) if wrong else 0)
