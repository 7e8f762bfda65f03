#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of Go programs that do not proceed while they are read. The client waits for the values in
# registers or reads them; otherwise nothing is proven and a message says why. Also proofs of locks in
# the smallest objects, and of the first goroutine.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
for program in register tiny exits; do
	go build -ldflags '-s -w' -o "$work/$program" "$(dirname "$0")/../targets/go/$program.go" \
		>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
done

launch() {	# launch COMMAND…: its pid is in $last
	"$@" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
# shellcheck disable=SC2120 # a check passes it an option
prove() { dump "$last" -s goruntime --prove "$@"; }
# refused WORDS: nothing is proven and the exit status is 3; all rows are there, and WORDS say why.
refused() {
	prove 2>"$work/why"
	[ $? -eq 3 ] && grep -q "cannot prove leaks now.*$1" "$work/why" &&
		ask "no proven and count >= 20 and has proof.state=failed proof.why*='$1'"
}
is_stopped() { grep -q 'State:[[:space:]]*T' "/proc/$last/status"; }
leaked='count name=main.leaked proven >= 19 and no name!=main.leaked proven and has proof.state=done'

launch "$work/register" 4 20
# On a busy machine the program may not run for as long as a proof waits for it. That is true of that moment.
check 'a proof completes while answers are in registers of a running program' until_true prove
check 'that proof finds the leaked goroutines, and no other' ask "$leaked"
in_register() {	# tries until a goroutine is stopped with an answer in its registers
	kill -STOP "$last"
	until_true is_stopped
	refused 'is stopped' && return 0
	kill -CONT "$last"
	return 1
}
until_true in_register
check 'nothing is proven of a stopped program, and a message says why' refused 'is stopped'
if [ "$(id -u)" -eq 0 ]; then
	check '--ptrace reads the registers of a stopped program' prove --ptrace
	check 'with --ptrace the proof finds the leaked goroutines, and no other' ask "$leaked"
	check 'the program stays stopped' is_stopped
fi
kill -CONT "$last"
stop

launch env GODEBUG=asyncpreemptoff=1 "$work/register" 1 20 0
check 'nothing is proven while a loop runs that is never interrupted' until_true refused 'has been running without a pause'
stop

launch "$work/tiny" 400
until_true sees "$last" 'row id=g1 has state=chan-recv' -s goruntime
# A thread that has just parked the first goroutine may be on its way to sleep; what it still holds counts.
first_proven() { prove && ask 'row id=g1 has proven'; }
check 'a proof completes with locks in the smallest objects' until_true first_proven
check 'nearly all locked goroutines are proven' ask 'count name=main.locked proven >= 392'
check 'the first goroutine, which waits for ever, is proven' ask 'row id=g1 has proven'
check 'the dump counts judged and proven goroutines' ask 'has proof.judged=401 proof.proven>=393'
stop
# ends HOW…: check of a program that leaves five goroutines behind; its output is in $work/check.
ends() {
	"$client" check --no-leak --max-stuck 0 -- "$work/exits" 5 "$@" >"$work/check" 2>&1
	grep -q '5 x chan-send in main.leaked' "$work/check"
}
if [ "$(id -u)" -eq 0 ]; then
	for how in return exit; do
		check "check finds goroutines left behind at the exit, by $how" ends $how
		check "goroutines left behind at the exit are proven leaked, by $how" grep -q 'main\.leaked.*proved: nothing alive' "$work/check"
	done
	# Programs that run longer are sampled before their end: a call seen then is not the last one.
	in_calls() {
		for ms in 20 20 20 20 20 20 20 20 300 300 300; do
			"$client" check --no-leak --max-stuck 0 -- "$work/exits" 0 call $ms \
				>"$work/calls" 2>&1 || { cat "$work/calls"; return 1; }
		done
	}
	check 'a goroutine whose waker is in a short call is not left behind' in_calls
	check 'a goroutine that could have been answered is not proven' sh -c \
		"grep 'main\.alive' '$work/check' | grep -vq proved"
fi
plan $tests
