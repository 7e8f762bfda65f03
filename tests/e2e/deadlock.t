#!/bin/sh
# SPDX-License-Identifier: MIT
# Deadlocks of every kind, in one process and across two, with and without the agent: the cycle has
# its members and no other task, in JSON and in text.
. "$(dirname "$0")/lib.sh"
need python3
kinds="abba self three recursive checking robust inherit rwlock join pipe socket flock child shared"
plan 37

is_ready() { grep -q ready "$work/out"; }
# start_locks KIND [VAR=VALUE]: starts the program; its pid is in $last, the members of its cycle are
# in $members.
start_locks() {
	kind=$1
	shift
	rm -f "$work/out" "$work/hold"
	mkfifo "$work/hold"
	env "$@" "$BUILD/tests/targets/lock_cycles" $kind <"$work/hold" >"$work/out" 2>>"$work/log" &
	last=$!
	started="$started $last"
	exec 9>"$work/hold"
	until_true is_ready || give_up "$kind does not start"
}
stop_locks() {
	exec 9>&-
	kill -9 "$last" 2>/dev/null
	wait "$last" 2>/dev/null
}
# one_cycle [TARGET]: the one cycle has the expected members. It is asked until the threads have
# blocked.
one_cycle() {
	dump "${1:-$last}" || return 1
	members=$(sed -n 's/^member \([0-9]*\).*/t\1/p' "$work/out")
	[ -n "$members" ] && ask "has cycles.#=1 and in cycles.0.* sorted . = $members"
}

for kind in $kinds; do
	[ "$kind" != flock ] || kind="flock $work/a $work/b"
	start_locks "$kind"
	until_true one_cycle
	ok $? "${kind%% *}: the deadlock is found from outside" "$(one_cycle)"
	stop_locks
	start_locks "$kind" LD_PRELOAD="$agent"
	until_true one_cycle
	ok $? "${kind%% *}: the deadlock is found through the agent" "$(one_cycle)"
	stop_locks
done

for kind in pipe socket flock child shared; do
	[ "$kind" != flock ] || kind="flock $work/a $work/b"
	start_locks "$kind"
	until_true one_cycle "tree:$last"
	ok $? "${kind%% *}: the deadlock is found if both processes are the target" "$(one_cycle "tree:$last")"
	stop_locks
done

start_locks "wide 5000"
until_true one_cycle
ok $? "a cycle is found although 5000 threads wait behind it" "$(one_cycle)"
says() {
	"$client" dump "$last" >"$work/text"
	head -12 "$work/text" | grep -q "$1"
}
until_true says '^deadlock 1 of 1: they wait for each other'
ok $? "the text begins with the cycle" "$(head -12 "$work/text")"
[ "$(grep -c '^D ' "$work/text")" -eq 2 ]
ok $? "the text marks only the two rows of the cycle"
stop_locks

start_locks pipe
until_true says "of process [0-9]* in io-read for .* on fd [0-9]* pipe:.*, with lock_cycles $last"
ok $? "the text says what the other process waits for" "$(head -12 "$work/text")"
stop_locks
