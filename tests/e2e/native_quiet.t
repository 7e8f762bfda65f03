#!/bin/sh
# SPDX-License-Identifier: MIT
# Sampling does not disturb the target: no call is interrupted and no thread is stopped or traced
# while it is sampled ten times a second with every stack, from outside and with the agent.
. "$(dirname "$0")/lib.sh"
need python3
plan 9

# prepare [COMMAND...]: starts the target with a pipe as stdin; its pid is in $target.
prepare() {
	rm -f "$work/in" "$work/out"
	mkfifo "$work/in"
	: >"$work/out"
	"$@" "$BUILD/tests/targets/quiet" 40 <"$work/in" >"$work/out" 2>"$work/log" &
	last=$!
	started="$started $last"
	exec 9>"$work/in"
	until_true grep -q ready "$work/out"
	target=$(pgrep -f -n "$BUILD/tests/targets/quiet 40")
}
lines() { wc -l <"$work/out"; }
has_lines() { [ "$(lines)" -ge "$1" ]; }
# measure: reads the target's figures since the last call into $figures.
measure() {
	wanted=$(($(lines) + 1))
	echo >&9
	until_true has_lines "$wanted"
	figures=$(tail -1 "$work/out")
}
field() { echo "$figures" | sed "s/.*\\<$1 \\([0-9]*\\).*/\\1/"; }
# watch NAME OPTION...: three test points. Records the target, and reads the states and tracers of its
# threads in the meantime.
watch() {
	name=$1
	shift
	measure
	rm -f "$work/stop"
	python3 "$beside/native_quiet_spy.py" "$target" "$work/stop" >"$work/seen" &
	spy=$!
	started="$started $spy"
	"$client" record "$target" "$@" -i 0.1 --for 3s -o "$work/recording" 2>"$work/err"
	ok $? "$name: the target is recorded" "$(cat "$work/err")"
	measure
	: >"$work/stop"
	wait $spy
	[ "$(field eintr)" -eq 0 ] && [ "$(field calls)" -gt 1000 ]
	ok $? "$name: no call was interrupted" "$figures"
	[ "$(cat "$work/seen")" = 'none 0 True' ]
	ok $? "$name: no thread was stopped or traced" "$(cat "$work/seen")"
}

prepare env
watch native --source native
samples=$(grep -c '"time"' "$work/recording")
[ "$samples" -ge 15 ] && grep -q '"epoll_wait' "$work/recording"
ok $? "the recording has stacks, and many samples" "$samples samples"
# The target does count interruptions: a stop makes system calls return early.
measure
kill -STOP "$target"
is_stopped() { grep -q '^State:.T' "/proc/$target/status"; }
until_true is_stopped
kill -CONT "$target"
until_interrupted() { measure && [ "$(field eintr)" -gt 0 ]; }
until_true until_interrupted
ok $? "the target counts the calls that a stop interrupts"
exec 9>&-
wait "$last"

prepare env LD_PRELOAD="$agent"
until_true sees "$target" 'has target.sources.*=agent'
watch agent
exec 9>&-
wait "$last"
ok $? "the target ends with status 0"
