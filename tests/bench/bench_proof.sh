#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of leaks in a Go program from outside, next to the runtime's own profile of
# leaked goroutines if it has one: time, memory, and the longest gap of a 1 ms ticker in
# the target. Needs go; skips without it.
set -u
BUILD=${BUILD:-$PWD/build}
proofs=$BUILD/tests/bench/go_proofs
command -v go >/dev/null 2>&1 || { echo "no go: skipped"; exit 0; }
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
build() {
	GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/heap" "$(dirname "$0")/../targets/go/heap.go" >"$work/log" 2>&1
}
GOEXPERIMENT=goroutineleakprofile build || build ||
	{ echo "go cannot build: $(tail -1 "$work/log")"; exit 0; }

figure() { printf '%s\t%s\t%s\t%s\n' "$@"; }
count() { grep -c "^$1" "$work/out"; }
# The longest gap in any second since the line FROM, in ms.
gap() { sed -n 's/^gap //p' "$work/out" | tail -n +"$1" | sort -n | tail -1 | awk '{printf "%.1f", $1 / 1000}'; }
measure() {	# measure GOROUTINES MEGABYTES GOAL
	"$work/heap" "$1" "$2" >"$work/out" 2>&1 </dev/null &
	pid=$!
	until grep -q '^ready' "$work/out"; do
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
	done
	what="$1 goroutines, $2 MB"
	from=$(($(count gap) + 2))
	sleep 4.2
	idle=$(gap $from)
	from=$(($(count gap) + 2))
	# shellcheck disable=SC2046
	set -- "$3" $("$proofs" "$pid" 3)
	[ $# -eq 7 ] || { echo "no proof of $what"; stop; return 1; }
	sleep 1.2
	during=$(gap $from)
	figure "proof of leaks, $what: $4 of $3 proven, $5 passes" "$2" ms "$1"
	figure "the same: memory of the client beyond a sample" "$7" MB -
	figure "the same: worst gap of a 1 ms ticker: idle" "$idle" ms -
	figure "the same: during the proofs" "$during" ms -
	from=$(($(count gap) + 2))
	for time in 1 2 3; do
		kill -USR1 "$pid"
		until [ "$(count profile)" -ge $time ]; do sleep 0.1; done
	done
	sleep 1.2
	if grep -q '^profile [0-9]' "$work/out"; then
		figure "the runtime's own profile, $what" \
			"$(sed -n 's/^profile \([0-9]*\) .*/\1/p' "$work/out" | sort -n | sed -n 2p)" ms -
		figure "the same: worst gap meanwhile" "$(gap $from)" ms -
	fi
	stop
}
measure 1000 10 '<=500'
measure 100000 10 '<=3000'
measure 100000 1000 '<=10000'
