#!/bin/sh
# SPDX-License-Identifier: MIT
# Go tests that take milliseconds and leave a goroutine blocked fail under check. Tests that leave
# nothing pass, even if goroutines of libraries are idle.
. "$(dirname "$0")/lib.sh"
need go
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
cp "$(dirname "$0")"/../targets/go/left/*_test.go "$work"
cd "$work" || exit 1
export GOTOOLCHAIN=local GOFLAGS=
printf 'module left\n\ngo 1.16\n' >go.mod
go test -c -ldflags '-s -w' -o left.test . >build.log 2>&1 ||
	skip_all "go cannot build tests: $(tail -1 build.log)"

# judged STATUS NAME [PATTERN]: the test NAME under check. A goroutine counts as left behind only if
# none that could still wake it is about to run. On a busy machine one sometimes is, so the test is
# run up to five times.
judged() {
	for attempt in 1 2 3 4 5; do
		"$client" check --no-leak --max-stuck 0 -- ./left.test -test.run "^$2\$" >out 2>&1
		got=$?
		[ $got -eq "$1" ] && grep -q '^PASS' out && grep -qE -- "${3:-.}" out && break
		[ "$1" -eq 1 ] && [ $got -eq 0 ] && [ "$attempt" -lt 5 ] || break
	done
	[ $got -eq "$1" ] && grep -q '^PASS' out && grep -qE -- "${3:-.}" out
	ok $? "$2" "$got: $(cat out)"
}
for name in $(./left.test -test.list . | grep '^TestClean'); do judged 0 "$name"; done
judged 1 TestLeakSend '1 x chan-send in left\.produce\.func1 .*created by left\.produce'
judged 1 TestLeakReceive '1 x chan-recv in left\.\(\*store\)\.watch'
judged 1 TestLeakSelect '1 x select in left\.serve'
judged 1 TestLeakBody '1 x select in net/http\.\(\*persistConn\)\.readLoop'
judged 1 TestLeakTicker '1 x select in left\.newCache\.func1'
judged 1 TestLeakMutex '1 x mutex in left\.\(\*account\)\.withdraw'
judged 1 TestLeakWaitgroup '1 x waitgroup in left\.TestLeakWaitgroup\.func2'
judged 1 TestLeakServer '1 x accept in net/http\.\(\*Server\)\.Serve'
judged 1 TestLeakSleep '1 x sleep in left\.refresh'
judged 1 TestLeakPipe '1 x select in left\.TestLeakPipe\.func1 .*created by left\.TestLeakPipe'
"$client" check --no-leak -- ./left.test -test.run '^TestLeakSend$' >out 2>&1
[ $? -eq 1 ] && [ "$(grep -c '1 x chan-send' out)" = 1 ]
ok $? '--no-leak alone finds a goroutine that is left behind' "$(cat out)"
"$client" check --max-stuck 1 -- ./left.test -test.run '^TestLeakSend$' >out 2>&1
ok $? '--max-stuck 1 permits one such goroutine' "$(cat out)"
"$client" check --no-leak --filter '!fn:left.produce' -- ./left.test -test.run '^TestLeakSend$' >out 2>&1
ok $? 'a filter can exclude such a goroutine' "$(cat out)"
plan $tests
