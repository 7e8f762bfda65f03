#!/bin/sh
# SPDX-License-Identifier: MIT
# What else is read of a Go program: its heap, 100,000 timers, and the ancestors of goroutines;
# and the longest gap of a 1 ms ticker in the program. Needs go; skips without it.
set -u
BUILD=${BUILD:-$PWD/build}
sampler=$BUILD/tests/bench/samples
command -v go >/dev/null 2>&1 || { echo 'no go: skipped'; exit 0; }
work=$(mktemp -d)
pid=
stop() {
	[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null
	pid=
}
finish() {
	stop
	rm -rf "$work"
}
trap finish EXIT INT TERM
GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/many" "$(dirname "$0")/../targets/go/many.go" \
	>"$work/log" 2>&1 || { echo "go cannot build: $(tail -1 "$work/log")"; exit 0; }

start() {	# start COUNT [TIMERS]: the pid in $pid
	"$work/many" "$@" >"$work/out" 2>&1 </dev/null &
	pid=$!
	until grep -q '^listen' "$work/out"; do
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	sleep 1
}
figure() { printf '%s\t%s\t%s\t%s\n' "$@"; }
# Five times SAMPLES samples, each after INTERVAL ms: the medians.
measure() {
	for round in 1 2 3 4 5; do
		"$sampler" "$pid" "$1" "$2" || echo "round $round failed" >&2
	done >"$work/rounds"
	column() { cut -d' ' -f"$1" "$work/rounds" | sort -n | sed -n 3p; }
	first=$(column 2) next=$(column 3) mean=$(column 7)
}
# The worst gap in a second, median of five seconds.
gap() { sed -n 's/^gap //p' "$work/out" | tail -n +"$1" | sort -n | sed -n 3p | awk '{printf "%.1f", $1 / 1000}'; }
seconds() { echo $(($(grep -c '^gap' "$work/out") + 2)); }

start 10 && measure 100 10
few=$mean
figure '10 goroutines, no timers, the heap: mean of a sample' "$few" ms -
stop
start 10 100000 && measure 100 10
figure 'the same with 100,000 timers, read every sixth time' "$mean" ms -
figure 'of which timers and heap' "$(awk -v a="$mean" -v b="$few" 'BEGIN {printf "%.2f", a - b}')" ms '<=2'
from=$(seconds) && sleep 6.5
figure 'worst gap of its 1 ms ticker in a second: idle' "$(gap "$from")" ms -
from=$(seconds) && "$sampler" "$pid" 70 90 >/dev/null
figure 'the same, looked at ten times a second' "$(gap "$from")" ms -
stop
start 10000 && measure 20 50
figure '10,000 goroutines: first sample' "$first" ms -
figure '10,000 goroutines: the next ones' "$next" ms -
stop
export GODEBUG=tracebackancestors=5
start 10000 && measure 20 50
figure 'the same with their ancestors: first sample' "$first" ms -
figure 'the same with their ancestors: the next ones' "$next" ms -
stop
