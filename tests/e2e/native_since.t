#!/bin/sh
# SPDX-License-Identifier: MIT
# A process that hangs before the client starts: its age is known from outside at once, and it is
# stuck at once. The age is never too large.
. "$(dirname "$0")/lib.sh"
need python3
grep -q '^se.exec_start' /proc/self/sched 2>/dev/null || skip_all 'this kernel does not say when a thread ran last'
plan 7

mkfifo "$work/in"
exec 9<>"$work/in"
python3 "$beside/native_since_hung.py" <"$work/in" >"$work/out" 2>"$work/log" &
target=$!
started="$started $target"
until_true grep -q . "$work/out"
read -r began <"$work/out"
now() { python3 -c 'import time; print(time.monotonic_ns())'; }
is_old() { [ $(($(now) - began)) -gt 3000000000 ]; }
until_true is_old

# The locks of a Python without symbols appear as semaphores.
locked='state~=mutex|semaphore'
dump "$target" -s native --stuck 2s
most=$(($(now) - began))
check 'a dump includes the time that a lock was waited for before the client started' ask \
	"count $locked age_ns>2.5e9 age_ns<$most = 1"
# Python's Event and Queue use the same lock as its Lock.
check 'that wait is long, as its holder is unknown' ask "row $locked has long"
check 'the age of that wait is a lower bound' ask "row $locked has !age_exact"
check 'a thread that wakes up in between has a small age' until_true sees "$target" \
	'row state=sleep and every state=sleep has age_ns<2e9' -s native
# The main thread reads, then sleeps: the earlier wait does not count.
woken=$(now)
echo >&9
until_true sees "$target" "row tid=$target state=sleep"
dump "$target" -s native
most=$(($(now) - woken))
check 'the age of a new wait starts at 0' ask "row tid=$target has age_ns<$most"

# Every sample agrees as soon as the waits are old enough, also on a busy machine.
mkfifo "$work/threads.in"
exec 8<>"$work/threads.in"
"$BUILD/tests/targets/many_threads" 200 <"$work/threads.in" >"$work/threads.out" &
target=$!
started="$started $target"
until_true grep -q ready "$work/threads.out"
until_true sees "$target" "row tid!=$target and every tid!=$target has age_ns>2.5e9" -s native
for _ in 1 2 3 4 5 6; do
	sh -c 'while :; do :; done' &
	started="$started $!"
	spinning="${spinning:-} $!"
done
for _ in 1 2 3; do
	nice -n 10 "$client" dump "$target" -s native --stuck 2s -f json >>"$work/samples.json"
done
# shellcheck disable=SC2086
kill $spinning
same() { python3 "$(dirname "$0")/native_since_samples.py" "$work/samples.json" "$1"; }
check 'under load every sample has the same ages' same ages
check 'under load every sample has the same stuck threads' same marks
