#!/bin/sh
# SPDX-License-Identifier: MIT
# A process that only looks like a Go program: wrong lengths, noise, a list that changes all
# the time, pointers in circles. It is refused with a sentence, or survived; a program that is
# not a Go program is left to the native source.
. "$(dirname "$0")/lib.sh"
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
hostile=$BUILD/tests/targets/go_hostile
# The sanitizers want more room than any machine has.
limit=
[ -n "${SAN:-}" ] || ! command -v prlimit >/dev/null 2>&1 || limit='prlimit --as=4000000000'

launch() {	# launch ARG…
	"$hostile" "$@" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q ready "$work/out"
}
# refused WORDS: exit status 3, and the sentence has these words and says what to do.
refused() {
	timeout 20 "$client" dump "$last" -s goruntime >"$work/o" 2>"$work/e"
	status=$?
	cat "$work/e"
	[ $status -eq 3 ] && grep -q "$1" "$work/e"
}
survived() {	# it says something, or refuses; it does not hang, crash or take memory
	timeout 20 $limit "$client" dump "$last" -s goruntime >"$work/o" 2>"$work/e"
	status=$?
	cat "$work/e"
	[ $status -eq 0 ] || [ $status -eq 3 ]
}
unproved() {	# the same of a proof, which takes no longer than it may
	timeout 40 $limit "$client" dump "$last" -s goruntime --prove -f json >"$work/dump.json" 2>"$work/e"
	status=$?
	cat "$work/e"
	[ $status -eq 3 ] || { [ $status -eq 0 ] && ask 'no proven'; }
}
native_instead() {
	timeout 20 "$client" dump "$last" -f json >"$work/dump.json" &&
		ask 'has target.sources=native and count = 1'
}

launch
check 'consistent nonsense is shown' sees "$last" \
	'count = 2 and has tasks.0.id=g1' -s goruntime
kill -9 "$last"
for how in lengths goroutines; do
	launch $how
	check "$how of 2^28 to 2^60 are refused" refused 'process'
	check "$how: the native source is used instead" native_instead
	kill -9 "$last"
done
for seed in 1 2 3 4 5; do
	launch random $seed
	check "noise of seed $seed is survived" survived
	kill -9 "$last"
done
launch loop
for try in 1 2 3; do
	check "a list that changes all the time is survived, $try" survived
done
kill -9 "$last"

launch
check 'nothing can be proved without a heap' unproved
check 'and the message says so' grep -q 'cannot prove leaks' "$work/e"
kill -9 "$last"
for how in 0 1 2 3 4; do
	launch heap $how
	check "a heap that promises too much, $how" unproved
	kill -9 "$last"
done

sleep 1000 &
last=$!
started="$started $last"
check 'a C program is not a Go program' refused 'is not a Go program'
check 'and is shown by the native source' native_instead
kill -9 "$last"
plan $tests
