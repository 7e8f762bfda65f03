# SPDX-License-Identifier: MIT
"""Checks dumps of tests/targets/go/churn.go: each row shows a state that the program can have.
Usage: go_churn_judge.py DUMP…"""
import json, sys
# For each outermost function, the functions that may be innermost in each state.
outer = {"main.main", "main.parked", "main.spawner", "main.pingPong", "main.collector",
         "main.short", "main.burst", "os/signal.loop"}
tops = {"chan-recv": {"main.parked", "main.spawner", "main.pingPong"},
        "chan-send": {"main.short", "main.pingPong"},
        "waitgroup": {"sync.runtime_SemacquireWaitGroup", "sync.runtime_Semacquire"},
        "sleep": {"time.Sleep"}}
creator = {"main.parked": "main.main", "main.spawner": "main.main", "main.short": "main.spawner",
           "main.burst": "main.spawner", "main.pingPong": "main.main", "main.collector": "main.main"}
rows = parked = suspects = wrong = 0
for name in sys.argv[1:]:
    ids = set()
    for task in json.load(open(name))["tasks"]:
        rows += 1
        suspects += task["suspect"]
        if task["id"] in ids:
            print("twice:", task["id"]); wrong += 1
        ids.add(task["id"])
        # A goroutine that has not run yet has only frames of the compiler and the runtime.
        stack = [f["function"] for f in task["stack"] if f["function"] != "runtime.goexit"]
        by = task["created_by"]
        if task["suspect"] or not stack or stack[0].startswith("runtime."):
            continue
        bottom = stack[-1]
        parked += bottom == "main.parked"
        fine = (bottom in outer or bottom.startswith("main.spawner.gowrap") or
                bottom.startswith("main.spawner.func") or bottom.startswith("main.main.func"))
        fine = fine and stack[0] in tops.get(task["state"], {stack[0]})
        fine = fine and (bottom not in creator or by[-1]["function"] == creator[bottom])
        if not fine:
            wrong += 1
            if wrong < 10:
                print(task["id"], task["state"], stack, by)
looks = len(sys.argv) - 1
print(rows, "rows,", parked, "parked,", suspects, "suspect,", wrong, "wrong")
sys.exit(0 if wrong == 0 and parked == 200 * looks and suspects * 20 <= rows else 1)
