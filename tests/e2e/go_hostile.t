#!/bin/sh
# SPDX-License-Identifier: MIT
# A process that only looks like a Go program: wrong lengths, noise, a list that changes all the
# time, circular pointers. The client refuses it with a sentence or shows what it can, and does not
# hang or crash. A program that is not a Go program is left to the native source.
. "$(dirname "$0")/lib.sh"
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
hostile=$BUILD/tests/targets/go_hostile
# The sanitizers need more address space than the limit below.
limit=
[ -n "${SAN:-}" ] || ! command -v prlimit >/dev/null 2>&1 || limit='prlimit --as=4000000000'

launch() {	# launch ARG…
	"$hostile" "$@" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q ready "$work/out"
}
# refused WORDS: the exit status is 3, and the message contains WORDS and says what to do.
refused() {
	timeout 20 "$client" dump "$last" -s goruntime >"$work/o" 2>"$work/e"
	status=$?
	cat "$work/e"
	[ $status -eq 3 ] && grep -q "$1" "$work/e"
}
survived() {	# a dump completes or is refused; it does not hang, crash or use too much memory
	timeout 20 $limit "$client" dump "$last" -s goruntime >"$work/o" 2>"$work/e"
	status=$?
	cat "$work/e"
	[ $status -eq 0 ] || [ $status -eq 3 ]
}
unproved() {	# the same with a proof, which keeps to its time limit
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
check 'consistent but invented goroutines are shown' sees "$last" \
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
	check "the client survives noise of seed $seed" survived
	kill -9 "$last"
done
launch loop
for try in 1 2 3; do
	check "the client survives a list that changes all the time, $try" survived
done
kill -9 "$last"

launch
check 'without a heap nothing is proven' unproved
check 'a message says that nothing can be proven' grep -q 'cannot prove leaks' "$work/e"
kill -9 "$last"
for how in 0 1 2 3 4; do
	launch heap $how
	check "a heap that claims too much proves nothing, $how" unproved
	kill -9 "$last"
done

sleep 1000 &
last=$!
started="$started $last"
check 'a C program is refused as a Go program' refused 'is not a Go program'
check 'a C program is shown by the native source' native_instead
kill -9 "$last"
plan $tests
