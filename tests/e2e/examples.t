#!/bin/sh
# SPDX-License-Identifier: MIT
# Coroutines by the task API: a scheduler of one's own and a real library, GNU Pth. Each
# coroutine has a row of its own that says what it waits for and who made it.
. "$(dirname "$0")/lib.sh"
need python3
plan 16

# run NAME: the example, once it says its pid; $last is that pid.
run() {
	: >"$work/log"
	start "$BUILD/examples/$1"
	until_true grep -qx "$1: pid $last" "$work/log"
}
coroutines='{t["name"]: t for t in tasks if t["kind"] == "coroutine"}'
# rows PID EXPRESSION: it holds for r, the coroutines by name.
rows() { until_true sees "$1" "(lambda r: $2)($coroutines)"; }

run scheduler
pid=$last
check 'blocked for good: chan-send and chan-recv' rows "$pid" \
	'r["order"]["state"] == "chan-send" and r["answer"]["state"] == "chan-recv"'
check 'the clock sleeps' rows "$pid" 'r["clock"]["state"] == "sleep"'
check 'the pipeline waits for its channels' rows "$pid" \
	'r["square"]["state"] == "chan-recv" and r["sum"]["state"] == "chan-recv" and r["square"]["waits_on"]["text"] == "ticks" and r["sum"]["waits_on"]["text"] == "squares"'
check 'each wait is at a call in its function' query \
	"all(f in [g['function'] for g in ${coroutines}[n]['stack']] for n, f in {'answer': 'await_answer', 'clock': 'clock_tick', 'order': 'order_goods', 'square': 'square', 'sum': 'sum_up'}.items())"
check 'each was made by co_spawn() in main()' query \
	'all([(f["function"] or "").split(".")[0] for f in t["created_by"]][:2] == ["co_spawn", "main"] for t in '"$coroutines"'.values())'
check 'a label is on its coroutine alone' query \
	'{n: t["labels"] for n, t in '"$coroutines"'.items() if t["labels"]} == {"order": {"customer": "ann"}}'
check 'the thread has a row beside them, asleep while none can run' until_true sees "$pid" \
	'[t["state"] for t in having(kind="thread", tid='"$pid"')] == ["sleep"]'
check 'a coroutine that ended has no row' query '"errand" not in '"$coroutines"
check 'who sends for good is stuck, who receives for good has waited for long' until_true sees "$pid" \
	'[[t["name"] for t in tasks if t[word]] for word in ("stuck", "long")] == [["order"], ["answer"]]' --stuck 1s
kill "$pid"
wait "$pid"
ok $? 'the scheduler ends well'
check 'and its coroutines did their work' grep -q '^the squares of the ticks add up to [1-9]' "$work/log"

if [ -x "$BUILD/examples/pth" ]; then
	run pth
	pid=$last
	check 'Pth: a mutex, its holder asleep, a read' rows "$pid" \
		'(r["fetch"]["state"], r["stock"]["state"], r["door"]["state"], r["main"]["state"]) == ("mutex", "sleep", "io-read", "signal-wait") and r["fetch"]["waits_on"]["text"] == "stock"'
	check 'Pth: rows go on changing' rows "$pid" \
		'r["load"]["switches"] > 5 and r["unload"]["state"] == "cond"'
	check 'Pth: where and by whom' query \
		'(lambda t: "fetch_goods" in [f["function"] for f in t["stack"]] and [(f["function"] or "").split(".")[0] for f in t["created_by"]][:2] == ["visible_spawn", "main"] and t["labels"] == {"order": "17"})('"$coroutines"'["fetch"])'
	kill "$pid"
	wait "$pid"
	ok $? 'Pth: the program ends well'
	check 'Pth: and did its work' grep -q '^[1-9][0-9]* pieces handled' "$work/log"
else
	for name in wait change who end work; do ok 0 "Pth: $name # SKIP not built"; done
fi
