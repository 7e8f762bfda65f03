#!/bin/sh
# SPDX-License-Identifier: MIT
# Files and outputs of Python's threads and asyncio's tasks: a recording has what the live target has, a leak of
# tasks names its coroutine in report, check and diff, other tools get function, file and line, and rows of the
# agent have ids of their own.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
python=$(tail -n 1 "$work/pythons")
plan 16
targets=$(cd "$beside/../targets/python" && pwd)
cd "$work" || exit 1


# same TASKS: a replayed sample from between two dumps that agree is equal to them.
same() {
	for _ in 1 2 3 4 5 6 7 8; do
		rm -f one.grmon
		"$client" dump -f json "$target" >before.json && "$client" record -o one.grmon -i 0.1 --for 0.25 "$target" &&
			"$client" dump -f json one.grmon >replayed.json && "$client" dump -f json "$target" >after.json || return 1
		python3 "$beside/round_trip_same.py" "$1"
		status=$?
		[ $status -eq 2 ] || return $status
	done
	return 1
}
begin_target "$python" "$targets/waits.py" frames
check 'a recorded sample of threads is equal to the live ones' same 10
end_target
begin_target "$python" "$targets/asyncio_waits.py" frames
check 'a recorded sample of tasks is equal to the live ones, with their chains and who awaits them' same 18
"$client" record -o waits.grmon -i 0.1 --for 0.5 "$target"
filtered() { "$client" dump waits.grmon -f json --filter 'label.awaited_by:gather' >dump.json && ask 'count name^=child = 2 and count = 2'; }
check 'a filter by label selects the tasks that another one awaits' filtered
end_target
rm -f socket

touch on
begin_target "$python" "$targets/service.py" on
signalled='row name=signalled has long=true stuck=false'
waits() { dump "$target" --stuck 0.2 && ask "$signalled"; }
check 'a lock that nobody has to hold is a long wait' until_true waits
record_some 3 vague.grmon "$target" -i 0.1
replayed() { "$client" dump vague.grmon -f json --stuck 0.2 >dump.json && ask "$signalled"; }
check 'and so it is when a recording is judged by another rule' replayed
line() { sed -n "/$1/=" "$targets/service.py" | head -n 1; }
audit=$(line 'await done.wait')
"$client" dump "$target" -f json >first.json
leaks() { "$client" check "$target" --no-leak --for 40s -i 0.05 >check 2>&1; [ $? -eq 1 ] && grep -qE "[0-9]+ x cond in audit at service.py:$audit" check; }
check 'check fails and names the coroutine that each request leaves behind' until_true leaks
passes() { "$client" check "$target" --max-tasks 1000000 --no-deadlock >/dev/null 2>&1; }
check 'check passes if only deadlocks are asked for' passes
reported() {
	rm -f leak.grmon
	record_some 80 leak.grmon "$target" -i 0.05
	"$client" report leak.grmon >report
	"$client" report leak.grmon --fail >/dev/null
	[ $? -eq 1 ] && grep -q "^Leak 1: cond in audit at service.py:$audit" report && ! grep -q '^Leak 2' report || { cat report; return 1; }
}
# On a busy machine the load may stand still for a while.
check 'report has one leak, which is that coroutine' until_true reported
rm on
"$client" dump "$target" -f json >second.json
differs() { "$client" diff first.json second.json >diff.txt; grep -q "audit.*service.py:$audit" diff.txt; }
check 'diff says which coroutine there are more of' differs
"$client" dump "$target" -f folded >folded
loads=$(line 'time.sleep')
folded() { grep -qE "^audit \(service.py:$audit\);([A-Za-z.]*wait \(locks.py:[0-9]+\));\[cond\] [0-9]+$" folded && grep -q ";load (service.py:$loads);\[sleep\] 1" folded; }
check 'folded stacks have function, file and line' folded
"$client" dump "$target" -f pprof >one.pb.gz
profile() { "$client" dump one.pb.gz -f json >dump.json && ask "row stack.0.function$=wait has stack.1.function=audit stack.1.file$=service.py stack.1.line=$audit"; }
check 'a profile for pprof has function, file and line' profile
"$client" dump leak.grmon -f speedscope >scope.json
scope() { grep -q "\"name\": \"audit\", \"file\": \".*service.py\", \"line\": $audit" scope.json; }
check 'a timeline for speedscope has function, file and line' scope
"$client" dump "$target" -f openmetrics >metrics
metrics() {
	grep -q "^grmon_tasks{.*state=\"cond\",class=\"lock\"} [0-9]" metrics && [ "$(sed -n 's/^grmon_tasks{.*state="cond".*} //p' metrics)" -gt 10 ]
}
check 'metrics count tasks by state' metrics
end_target

agent_ids=$work/agent_ids.py
cat >"$agent_ids" <<'END'
import asyncio, ctypes, os
agent = ctypes.CDLL(os.environ["AGENT"])
agent.grmon_task_begin.restype = ctypes.c_void_p
fibers = [agent.grmon_task_begin(b"fiber-%d" % n) for n in range(3)]
async def nap():
    await asyncio.sleep(3000)
async def main():
    naps = [asyncio.create_task(nap()) for n in range(3)]
    print("ready", flush=True)
    await asyncio.gather(*naps)
asyncio.run(main())
END
begin_target env LD_PRELOAD="$agent" AGENT="$agent" "$python" "$agent_ids"
beside_agent() { dump "$target" && ask 'count name^=fiber- = 3 and count kind=coroutine = 7'; }
if "$python" -c 'import ctypes' 2>/dev/null && [ -z "${SAN:-}" ]; then
	check "the agent's coroutines and asyncio's tasks are rows" until_true beside_agent
	distinct() { [ "$(ask 'list id kind=coroutine' | sort | uniq -d)" = '' ]; }
	check 'each has an id of its own' distinct
	beside_recorded() { record_some 3 ids.grmon "$target" -i 0.1; "$client" dump ids.grmon -f json >dump.json && ask 'count kind=coroutine = 7' && distinct; }
	check 'in a recording too' beside_recorded
else
	for name in rows ids recording; do ok 0 "$name of the agent # SKIP it cannot be loaded here"; done
fi
end_target
