#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of Go programs that do not get on while they are looked at: what is in registers
# only is waited for or read, else nothing is proved and it is said why. And who is proved
# besides: locks in the smallest objects, the first goroutine.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
export GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
for program in register tiny exits; do
	go build -ldflags '-s -w' -o "$work/$program" "$(dirname "$0")/../targets/go/$program.go" \
		>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
done

launch() {	# launch COMMAND…: its pid in $last
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
refused() {	# refused WORDS: no proof, exit status 3, the rows all the same, and why
	prove 2>"$work/why"
	[ $? -eq 3 ] && grep -q "cannot prove leaks now.*$1" "$work/why" &&
		ask "no proven and count >= 20 and has proof.state=failed proof.why*='$1'"
}
is_stopped() { grep -q 'State:[[:space:]]*T' "/proc/$last/status"; }
leaked='count name=main.leaked proven >= 19 and no name!=main.leaked proven and has proof.state=done'

launch "$work/register" 4 20
check 'answers in registers of a program that runs: a proof' prove
check 'finds the leaked, and accuses nobody' ask "$leaked"
in_register() {	# until some goroutine was caught with its registers full
	kill -STOP "$last"
	until_true is_stopped
	refused 'is stopped' && return 0
	kill -CONT "$last"
	return 1
}
until_true in_register
check 'stopped, nothing is proved, and it is said why' refused 'is stopped'
if [ "$(id -u)" -eq 0 ]; then
	check '--ptrace reads the registers of a stopped program' prove --ptrace
	check 'and finds the leaked, and accuses nobody' ask "$leaked"
	check 'it stays stopped' is_stopped
fi
kill -CONT "$last"
stop

launch env GODEBUG=asyncpreemptoff=1 "$work/register" 1 20 0
check 'a loop that is never interrupted: nothing is proved' refused 'has been running without a pause'
stop

launch "$work/tiny" 400
until_true sees "$last" 'row id=g1 has state=chan-recv' -s goruntime
check 'locks in the smallest objects: a proof' prove
check 'nearly all are proved' ask 'count name=main.locked proven >= 392'
check 'and the first goroutine, which waits for ever' ask 'row id=g1 has proven'
check 'of 402 goroutines' ask 'has proof.judged=401 proof.proven>=393'
stop
ends() {	# ends HOW…: a check of a program that leaves five behind, in $work/check
	"$client" check --no-leak --max-stuck 0 -- "$work/exits" 5 "$@" >"$work/check" 2>&1
	grep -q '5 x chan-send in main.leaked' "$work/check"
}
if [ "$(id -u)" -eq 0 ]; then
	for how in return exit; do
		check "left behind at the exit, by $how" ends $how
		check "are proved, by $how" grep -q 'main\.leaked.*proved: nothing alive' "$work/check"
	done
	# Those that last are looked at before: a call seen then is not the one at the end.
	in_calls() {
		for ms in 20 20 20 20 20 20 20 20 300 300 300; do
			"$client" check --no-leak --max-stuck 0 -- "$work/exits" 0 call $ms \
				>"$work/calls" 2>&1 || { cat "$work/calls"; return 1; }
		done
	}
	check 'whose waker is in a short call is not left behind' in_calls
	check 'who could have been answered is not proved' sh -c \
		"grep 'main\.alive' '$work/check' | grep -vq proved"
fi
plan $tests
