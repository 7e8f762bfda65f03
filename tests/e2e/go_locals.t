#!/bin/sh
# SPDX-License-Identifier: MIT
# Arguments and variables of goroutines, by name and value, compared with what the program prints of
# them: optimised and not, position-independent, with race detection, from a file that others can
# change, and after the file was deleted. Without debug information there are none, and no error.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
source=$(dirname "$0")/../targets/go/locals.go
compare=$(dirname "$0")/go_locals_compare.py
export GOENV=off GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"

launch() {	# its pid is in $last
	rm -f "$work/out"
	"$work/locals" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || echo "# it is not ready"
}
stop() {
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
# right HOW: a dump says what the program says. Goroutines wait soon after they have printed it.
right() {
	dump "$last" -s goruntime --holds || return 1
	python3 "$compare" "$work/dump.json" "$work/out" "$1" >"$work/wrong" ||
		{ head -n 5 "$work/wrong"; return 1; }
}
build() {	# build OPTION…
	rm -f "$work/locals"
	go build "$@" -o "$work/locals" "$source" >"$work/build.log" 2>&1
}
builds() {	# builds NAME HOW OPTION…: compares a program that is built with these options
	name=$1
	how=$2
	shift 2
	if ! build "$@"; then
		ok 0 "$name: variables # SKIP it cannot be built: $(tail -1 "$work/build.log")"
		return
	fi
	launch
	until_true right "$how"
	check "$name: variables are as the program says" right "$how"
	stop
}
builds 'without optimisation' all -gcflags 'all=-N -l'
CGO_ENABLED=1 builds 'with race detection' kept -race
builds 'position-independent' kept -buildmode=pie
builds 'without debug information' none -ldflags=-w
check 'and that is not an error' ask 'has !errors'
builds stripped none -ldflags '-s -w'

build
launch
until_true right kept
check 'optimised: variables are as the program says' right kept
first='name=main.main.func1 has holds.list.0.kind=local holds.list.0.name=a holds.list.0.text=42'
check 'variables come before all else, arguments first' ask "row $first holds.list.0.steps=0 holds.list.0.way=main.scalars"
check 'the index is that of the frame' ask "row name=main.main.func1 has holds.list.0.frame=1 stack.1.function=main.scalars"
check 'ways begin with the name of a variable' ask 'row name=main.main.func3 has holds.list.*.way^=bytes'
check 'what was in a register is named' ask 'in tasks.*.holds.list.* row kind=local text^="not kept: "'
"$client" dump "$last" -s goruntime --holds >"$work/text" 2>&1
check 'the text has a line for each variable' grep -q '^ *local *b = 200  (frame 1 main.scalars)$' "$work/text"
rm "$work/locals"
check 'of a file that has been deleted' right kept
stop

build
chmod 666 "$work/locals"
chmod a+x "$work/locals"
launch
until_true right kept
check 'of a file that others can change' right kept
stop
plan $tests
