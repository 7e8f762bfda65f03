#!/bin/sh
# SPDX-License-Identifier: MIT
# Thousands of threads, with fewer descriptors than threads: every sample is complete, and the next
# sample shows that one thread among all those that wait has run.
. "$(dirname "$0")/lib.sh"
need python3
plan 12
count=1500

# prepare [COMMAND...]: starts the target with a pipe as stdin; its pid is in $target.
prepare() {
	rm -f "$work/in"
	mkfifo "$work/in"
	: >"$work/out"
	"$@" "$BUILD/tests/targets/many_threads" $count <"$work/in" >"$work/out" 2>&1 &
	target=$!
	started="$started $target"
	exec 9>"$work/in"
	until_true grep -q . "$work/out"
	grep -q ready "$work/out"
}
if ! prepare env; then
	seq 1 12 | sed "s/.*/ok & - $count threads # SKIP they cannot be started: $(tail -1 "$work/out")/"
	exit 0
fi
check "every thread is shown in the state of its wait" sees "$target" \
	"count = $((count + 1)) and every has state~=mutex|cond|io-read|sleep"
check "every thread has its stack" ask "count stack.*.function~=wait_(mutex|cond|read|sleep) = $count"

# Samples of 1,500 threads with 300 descriptors; no thread runs at first, then one does.
on_samples() { python3 "$beside/native_scale_samples.py" "$client" "$work/recording" $((count + 1)) "t$target" "$1"; }
# record_samples OPTION...: records the target, and wakes its main thread once.
record_samples() {
	rm -f "$work/recording"
	(ulimit -n 300 && exec "$client" record "$target" "$@" -i 0.1 -o "$work/recording") 2>"$work/err" &
	recorder=$!
	started="$started $recorder"
	has_samples() { [ "$(grep -c '"tasks"' "$work/recording")" -ge "$1" ]; }
	until_true has_samples 8
	ls "/proc/$recorder/fd" | wc -l >"$work/fds"
	echo >&9
	until_true has_samples 16
	kill -INT $recorder
	wait $recorder
}
judge() {
	ok $? "$1: the target is recorded with 300 descriptors" "$(cat "$work/err")"
	check "$1: each sample has every thread" on_samples whole
	check "$1: no thread has a wrong state" on_samples states
	check "$1: the thread that woke has a new wait, the others have their old ones" on_samples woken
}
record_samples --source native
judge native
[ "$(cat "$work/fds")" -lt 300 ]
ok $? "the recorder keeps to its limit of descriptors" "$(cat "$work/fds")"
exec 9>&-
wait "$target"

prepare env LD_PRELOAD="$agent"
until_true sees "$target" 'has target.sources.*=agent'
record_samples --source agent
judge agent
exec 9>&-
wait "$target"
ok $? "the target ends with status 0"
