#!/bin/sh
# SPDX-License-Identifier: MIT
# Proofs of leaks in a Go program from outside, next to the runtime's own profile of
# leaked goroutines if it has one: time, time of the processor, memory, and the longest gap
# of a 1 ms ticker in the target. Needs go, and 5 GB for the largest; skips without.
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
measure() {	# measure GOROUTINES MEGABYTES MS CPU_MS CLIENT_MB: the goals; - for none
	need=$(($1 * 4 / 1000 + $2 * 3 + 500))
	[ "$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)" -gt $need ] ||
		{ echo "proof of $1 goroutines: skipped, needs $need MB"; return 0; }
	"$work/heap" "$1" "$2" >"$work/out" 2>&1 </dev/null &
	pid=$!
	until grep -q '^ready' "$work/out"; do
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
	done
	what="$1 goroutines, $2 MB"
	ms=$3 cpu=$4 mb=$5
	from=$(($(count gap) + 2))
	sleep 4.2
	idle=$(gap $from)
	from=$(($(count gap) + 2))
	# shellcheck disable=SC2046
	set -- $("$proofs" "$pid" 3)
	[ $# -eq 8 ] || { echo "no proof of $what"; stop; return 1; }
	sleep 1.2
	during=$(gap $from)
	figure "proof of leaks, $what: $3 of $2 proven, $4 passes" "$1" ms "$ms"
	figure "the same: time of the processor" "$7" ms "$cpu"
	figure "the same: memory of the client, most" "$8" MB "$mb"
	figure "the same: memory of the client beyond a sample" "$6" MB -
	figure "the same: worst gap of a 1 ms ticker: idle" "$idle" ms -
	figure "the same: during the proofs" "$during" ms -
	from=$(($(count gap) + 2))
	for time in 1 2 3; do
		kill -USR1 "$pid"
		left=600
		until [ "$(count profile)" -ge $time ] || [ $left -eq 0 ]; do
			sleep 0.1
			left=$((left - 1))
		done
	done
	sleep 1.2
	if grep -q '^profile [0-9]' "$work/out"; then
		figure "the runtime's own profile, $what" \
			"$(sed -n 's/^profile \([0-9]*\) .*/\1/p' "$work/out" | sort -n | sed -n 2p)" ms -
		figure "the same: worst gap meanwhile" "$(gap $from)" ms -
	fi
	stop
}
measure 1000 10 '<=500' '<=100' -
measure 100000 10 '<=3000' '<=1000' -
measure 100000 1000 '<=10000' '<=5000' -
measure 1000000 10 '<=8000' '<=6000' '<=700'
