#!/bin/sh
# SPDX-License-Identifier: MIT
# Every kind of wait, through the whole client: tests/targets/wrap_waits prints what each of its
# threads is about to do, and `grmon-c dump` must show exactly that.
. "$(dirname "$0")/lib.sh"
need python3
plan 8


mkfifo "$work/in"
# Keeps the fifo open: the program ends when its stdin is closed.
exec 9<>"$work/in"
LD_PRELOAD=$agent "$BUILD/tests/targets/wrap_waits" <"$work/in" >"$work/expected" 2>"$work/log" &
target=$!
started="$started $target"
until_true grep -q '^ready' "$work/expected"
ok $? 'the program enters every wait' "$(cat "$work/log")"

agrees() { dump "$target" && python3 "$beside/agent_waits_compare.py" "$work/dump.json" "$work/expected" "$1"; }
for what in state address descriptor; do
	check "the $what of each is right" until_true agrees $what
done
# The program's own exit removes objects that outlive a process.
echo >&9
exec 9>&-
wait "$target"

# A wait that siglongjmp() left: its slot still says io-read, but the kernel says that the thread
# runs. It is shown as running and stale, and is not stuck.
mkfifo "$work/odd"
exec 9<>"$work/odd"
LD_PRELOAD=$agent "$BUILD/tests/targets/src_odd_threads" <"$work/odd" >"$work/tids" 2>>"$work/log" &
target=$!
started="$started $target"
until_true grep -q ' ' "$work/tids"
read -r jumper leaver <"$work/tids"
filtered() { dump "$target" --stuck 100ms --filter "$1"; }
# limit CODE FILTER RULE…: check of these tasks by this rule exits with CODE.
limit() {
	code=$1
	filter=$2
	shift 2
	"$client" check "$target" --filter "$filter" "$@" --stuck 100ms --for 2 -i 0.2 2>&1
	[ $? -eq "$code" ]
}
check 'a slot that the kernel contradicts is stale' limit 1 "is:stale id:t$jumper" --max-tasks 0
check 'a stale slot is not stuck' limit 0 "id:t$jumper" --max-stuck 0
truly() { dump "$target" --stuck io-read=100ms --filter 'is:stuck' && ask "row tid=$leaver and no tid=$jumper"; }
check 'a slot that the kernel confirms is stuck' until_true truly
kill "$target"
exec 9>&-

# More threads than the view has time to ask the kernel about in one sample. A dump has no next
# sample, so it takes the time.
mkfifo "$work/many"
exec 9<>"$work/many"
LD_PRELOAD=$agent "$BUILD/tests/targets/many_threads" 4000 <"$work/many" >"$work/out" 2>>"$work/log" 9>&- &
target=$!
started="$started $target"
until_true grep -q . "$work/out"
if grep -q ready "$work/out"; then
	timers() { dump "$target" --filter 'state:sleep' && ask 'count = 1000 and every has waits_on.kind=timer'; }
	# The kernel is asked about waits that are half a second old.
	until_true timers
	check 'a dump says of each of 4,000 threads what it waits for' timers
else
	ok 0 "a dump says of each of 4,000 threads what it waits for # SKIP $(tail -1 "$work/out")"
fi
exec 9>&-
wait "$target"
