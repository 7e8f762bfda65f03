#!/bin/sh
# SPDX-License-Identifier: MIT
# check ends as soon as nothing can change its result. Files are judged at once. Tasks that were
# stuck before are counted or mentioned.
. "$(dirname "$0")/lib.sh"
need python3
here=$(cd "$(dirname "$0")/../targets" && pwd)
python=$(python3 -c 'import sys; print(sys.executable)')
cd "$work" || exit 1

touch dump.txt
# takes STATUS SECONDS NAME PATTERN COMMAND…: the command exits with STATUS within SECONDS, which is
# well before its usual end, and prints PATTERN.
takes() {
	status=$1
	most=$2
	what=$3
	pattern=$4
	shift 4
	from=$(date +%s)
	"$client" "$@" >out 2>&1 <dump.txt
	got=$?
	took=$(($(date +%s) - from))
	[ $got -eq "$status" ] && [ $took -le "$most" ] && grep -qE -- "$pattern" out
	ok $? "$what" "$got in ${took}s: $(cat out)"
}
mkfifo hold
"$BUILD/tests/targets/lock_cycles" abba <hold >>log 2>&1 &
deadlock=$!
started="$started $deadlock"
exec 3>hold
start "$python" "$here/leak_waiters.py" 120 0
waiter=$last
start "$python" "$here/leak_pool.py" pool
pool=$last
waits() { grep -q '^waits' log; }
until_true waits
takes 1 15 'check ends as soon as it sees a deadlock' '^check: 1 deadlock' check "$deadlock" --no-deadlock
takes 1 15 'check ends as soon as there are too many tasks' '^check: [0-9]* tasks, at most 1 allowed' \
	check "$pool" --max-tasks 1
takes 1 15 'check ends a command that is in a deadlock' '^check: 1 deadlock' \
	check --no-deadlock -- sh -c "exec '$BUILD/tests/targets/lock_cycles' abba <'$work/hold'"

takes 0 10 'check mentions a task that was stuck before' \
	'^grmon-c: 1 task was stuck before and is not counted' check "$waiter" --max-stuck 0 --stuck 0.2 --for 1
[ "$(tail -1 out | cut -c1-31)" = 'grmon-c: 1 task was stuck befor' ]
ok $? 'the last line mentions it too' "$(cat out)"
takes 1 10 '--count-existing counts a task that was stuck before' '^check: 1 stuck task' \
	check "$waiter" --max-stuck 0 --stuck 0.2 --for 1 --count-existing
takes 0 10 'check passes if no task was stuck before' 'check passed' \
	check "$waiter" --max-stuck 0 --stuck 1h --for 1
check 'then no line mentions tasks that were stuck before' test "$(grep -c 'stuck before' out)" = 0

cat >dump.txt <<'TEXT'
goroutine 7 [chan receive, 4 minutes]:
shop.(*Store).next(0xc000010000)
	/src/shop/store.go:31 +0x1c
created by shop.Start in goroutine 1
	/src/shop/start.go:9 +0x51

goroutine 9 [chan send, 2 minutes]:
shop.(*Pump).run(0xc000012000)
	/src/shop/pump.go:77 +0x8f
created by shop.Start in goroutine 1
	/src/shop/start.go:10 +0x6e
TEXT
"$client" dump "$waiter" -f json --stuck 0.2 >dump.json
record_some 8 recording "$waiter" -i 0.1
takes 1 10 'a dump of goroutines is judged at once' '^check: 2 stuck or long tasks, at most 0 allowed' \
	check dump.txt --max-stuck 0
takes 0 10 'a dump of goroutines is judged by the given limits' 'check passed' check dump.txt --max-stuck 2
takes 1 10 'a dump from a pipe is judged at once' '^check: 2 stuck or long tasks' check --max-stuck 0 -
takes 1 10 'a JSON dump is judged at once' '^check: 1 stuck task' check dump.json --max-stuck 0 --stuck 0.2
takes 1 10 '--max-long limits long waits' '^check: 1 long task, at most 0 allowed' \
	check dump.txt --max-long 0
check 'with --max-long, long waits do not count as stuck' test "$("$client" check dump.txt --max-long 1 --max-stuck 0 |
	grep -c '^check: 1 stuck task, at most 0')" = 1
takes 0 10 'for a recording, check mentions a task that was stuck before it' '1 task was stuck before' \
	check recording --max-stuck 0 --stuck 0.2
takes 1 10 'for a recording, --count-existing counts that task' '^check: 1 stuck task' \
	check recording --max-stuck 0 --stuck 0.2 --count-existing
takes 0 10 'a report of a file is written at once' 'One sample' report dump.txt
takes 1 10 '--max-tasks limits the tasks of a file' '^check: 2 tasks' check dump.txt --max-tasks 1
check 'after SIGTERM check has neither passed nor failed' python3 "$beside/check_ends_interrupt.py" SIGTERM "$client" "$pool" --for 60s
check 'after SIGHUP a check of a command has neither passed nor failed' python3 "$beside/check_ends_interrupt.py" SIGHUP "$client" -- sh -c 'echo $$ >pid; exec sleep 600'
gone() { ! kill -0 "$(cat pid)"; }
check 'SIGHUP ends the command too' until_true gone
plan $tests
