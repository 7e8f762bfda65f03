#!/bin/sh
# SPDX-License-Identifier: MIT
# Thousands of goroutines per second start and end while they are read, with the garbage
# collector running: no row may say what the program could not have shown.
. "$(dirname "$0")/lib.sh"
need go
need python3
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
go build -o "$work/churn" "$(dirname "$0")/../targets/go/churn.go" >"$work/build.log" 2>&1 ||
	skip_all "go cannot build: $(tail -1 "$work/build.log")"
"$work/churn" 2>"$work/out" </dev/null &
last=$!
started="$started $last"
until_true grep -q started "$work/out"

cat >"$work/judge.py" <<'PY'
import json, sys
# The outermost function, and what may stand at the top of the stack in which state.
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
        # One that has not run yet has only what the compiler and the runtime made.
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
PY
count() { sed -n 's/^started //p' "$work/out" | tail -1; }
first=$(count)
files=
for look in 1 2 3 4 5 6 7 8; do
	dump "$last" -s goruntime || echo "# dump failed"
	mv "$work/dump.json" "$work/$look.json"
	files="$files $work/$look.json"
done
# shellcheck disable=SC2086
check 'every row is one that the program could show' python3 "$work/judge.py" $files
check 'thousands of goroutines had come and gone meanwhile' test $(($(count) - first)) -gt 2000
check 'the target runs on' kill -0 "$last"
plan $tests
