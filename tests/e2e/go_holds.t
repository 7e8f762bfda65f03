#!/bin/sh
# SPDX-License-Identifier: MIT
# What goroutines hold, compared with what the program prints of itself: strings, channels, functions
# and locks. Also of programs that are stripped, position-independent, and built for race detection;
# while a string changes, and while the goroutines end.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
source=$(dirname "$0")/../targets/go/holds.go
compare=$(dirname "$0")/go_holds_compare.py
export GOENV=off GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"

launch() {	# launch COUNT: its pid is in $last
	rm -f "$work/out"
	"$work/holds" "$1" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || echo "# it is not ready"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
# right: a dump says what the program says. Goroutines wait soon after they have printed it.
loose=
right() {
	dump "$last" -s goruntime --holds || return 1
	python3 "$compare" "$work/dump.json" "$work/out" $loose >"$work/wrong" ||
		{ head -n 5 "$work/wrong"; return 1; }
}
builds() {	# builds NAME OPTION…: compares a program that is built with these options
	name=$1
	shift
	if ! go build "$@" -o "$work/holds" "$source" >"$work/build.log" 2>&1; then
		ok 0 "$name: what goroutines hold # SKIP it cannot be built: $(tail -1 "$work/build.log")"
		return
	fi
	launch 3
	until_true right
	check "$name: goroutines hold what the program says" right
	stop
}
builds plain
builds stripped -ldflags '-s -w'
builds 'position-independent' -buildmode=pie
loose=loose
builds 'without optimisation' -gcflags 'all=-N -l'
loose=
CGO_ENABLED=1 builds 'with race detection' -race

go build -o "$work/holds" "$source" >"$work/build.log" 2>&1
launch 300
dump "$last" -s goruntime --holds
many='name="main.(*request).serve"'
check 'each member of a group holds its own path' ask "distinct holds.list.0.text $many = 300"
check 'and the same host' ask "every $many has holds.list.*.text=many.example:8080"
check 'what others reach too comes last' ask 'every waits_on.text="chan cap 0, 15 receivers" has holds.list.-1.kind=channel'
seen=0
while [ $seen -lt 30 ]; do
	seen=$((seen + 1))
	right || break
done
check 'a string that changes is never put together from two' test $seen -eq 30
stop
plan $tests
