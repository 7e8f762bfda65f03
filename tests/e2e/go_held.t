#!/bin/sh
# SPDX-License-Identifier: MIT
# The objects that goroutines hold, by their types, compared with what the program prints of itself:
# connections with their addresses and descriptors, contexts, timers, locks, files, URLs and values.
# A client that forgets bodies: each reader has the connection and the path that was asked for on it.
. "$(dirname "$0")/lib.sh"
need go
need python3
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
source=$(dirname "$0")/../targets/go/held.go
compare=$(dirname "$0")/go_held_compare.py
export GOENV=off GOFLAGS="" GOTOOLCHAIN=local GO111MODULE=off GOCACHE="${GOCACHE:-$(go env GOCACHE)}"

# right: a dump says what the program says. Goroutines wait soon after they have printed it.
right() {
	dump "$last" -s goruntime --holds &&
		python3 "$compare" "$work/dump.json" "$work/out" ${mode:+"$mode"} >"$work/wrong" ||
		{ head -n 5 "$work/wrong"; return 1; }
}
builds() {	# builds NAME MODE OPTION…: compares a program that is built with these options
	name=$1 mode=$2
	shift 2
	if ! go build "$@" -o "$work/held" "$source" >"$work/build.log" 2>&1; then
		ok 0 "$name: objects by their types # SKIP it cannot be built: $(tail -1 "$work/build.log")"
		return
	fi
	rm -rf "$work/files" "$work/out"
	mkdir "$work/files"
	"$work/held" "$work/files" >"$work/out" 2>&1 </dev/null &
	last=$!
	started="$started $last"
	until_true grep -q '^ready' "$work/out" || echo "# it is not ready"
	until_true right
	check "$name: objects by their types" right
	kill -9 "$last"
	wait "$last" 2>/dev/null
}
builds stripped stripped -ldflags '-s -w'
builds 'position-independent' '' -buildmode=pie
builds 'without optimisation' loose -gcflags 'all=-N -l'
CGO_ENABLED=1 builds 'with race detection' '' -race
plan $tests
