#!/bin/sh
# SPDX-License-Identifier: MIT
# The heap of a Go program in the view: the header, the resources view with graphs, and what a
# mark before the load and d after it say.
. "$(dirname "$0")/lib.sh"
need go
export GOFLAGS="" GOTOOLCHAIN=local GOCACHE="${GOCACHE:-$(go env GOCACHE)}"
[ "$(uname -m)" = x86_64 ] || skip_all 'Go programs are read on x86-64 only'
go build -ldflags '-s -w' -o "$work/heapstats" "$(dirname "$0")/../targets/go/heapstats.go" \
	>"$work/build.log" 2>&1 || skip_all "go cannot build: $(tail -1 "$work/build.log")"
plan 13

tell() {
	rm -f "$work/stats"
	: >"$work/ready"
	"$work/heapstats" "$1" "$work/stats" >"$work/ready" 2>/dev/null &
	target=$!
	started="$started $target"
	until_true is_ready || give_up "the target does not start"
}
load() {
	kill -USR1 "$target"
	until_true grep -q '"number":1' "$work/stats"
}

tell pointers
open_shell 150 40
view "-i 0.1 $target"
expect 'heap [0-9.]+[KM] live, [0-9.]+[KMB] idle' "the header has the heap"
press m
expect 'mark 1 [0-9:]+: d shows what changes' "a mark before the load"
load
press d
expect 'since the mark: live heap [0-9]+ MB to [0-9]+ MB, a leak\?' "d says that the live heap grew"
press d x
expect 'Go heap: [0-9]+M live after the last collection, [0-9]+M in use, [0-9.]+[KMB]+ idle, [0-9.]+[KMB]+ returned to the system; stacks [0-9.]+[KM]' "x shows where the memory is"
expect 'Go collector: [0-9]+ collections, the last one [0-9.msh]+ ago, .*the next one aims at [0-9]+M, GOGC 100' "and the collector"
expect 'The live heap grew from [0-9]+ MB to [0-9]+ MB' "and what has changed since the mark"
expect 'go tool pprof http://HOST:PORT/debug/pprof/heap' "and what shows the allocations"
press End
expect 'go stacks [0-9.]+[KM] .*stacks of goroutines' "with graphs"
press x q
wait_for '^status=0'
kill -9 "$target"

tell proxy
view "-i 0.1 $target"
wait_for 'heap [0-9]+M live'
press m
load
press d
expect 'since the mark: [0-9]+ MB of idle heap, not a leak' "a proxy that is idle again: not a leak"
press d x
expect 'It is not a leak' "x says why"
press x q
wait_for '^status=0'
kill -9 "$target"

tell goroutines
view "-i 0.1 $target"
wait_for 'heap [0-9]+M live'
press m
load
press d
expect 'since the mark: 2,00[0-9] goroutines hold 3[0-9] MB, a leak\?' "leaked goroutines"
press d x
expect '2,00[0-9] goroutines hold 3[0-9] MB' "x says how many"
expect_gone 'The live heap grew' "and nothing of the heap"
