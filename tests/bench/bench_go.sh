#!/bin/sh
# SPDX-License-Identifier: MIT
# Samples of parked goroutines of a Go program from outside: time, and the longest gap of a 1 ms ticker in the
# target. Then what goroutines hold: of one, and of a group of 822. bench_peers.sh has debug=2 of net/http/pprof and
# delve. Needs go; skips without it. GO_MILLION=1 adds a million goroutines (4 GB).
set -u
BUILD=${BUILD:-$PWD/build}
sampler=$BUILD/tests/bench/samples
holder=$BUILD/tests/bench/go_holds
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
GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/many" "$(dirname "$0")/../targets/go/many.go" \
	>"$work/log" 2>&1 || { echo "go cannot build: $(tail -1 "$work/log")"; exit 0; }

start() {	# start COUNT: the pid in $pid
	"$work/many" "$1" >"$work/out" 2>&1 </dev/null &
	pid=$!
	until grep -q '^listen' "$work/out"; do
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	sleep 1
}
figure() { printf '%s\t%s\t%s\t%s\n' "$@"; }
# measure ATTACHMENTS LOOKS PAUSE_MS: the medians of each column.
measure() {
	for round in $(seq "$1"); do
		"$sampler" "$pid" "$2" "$3" || echo "round $round failed" >&2
	done >"$work/rounds"
	middle=$(($1 / 2 + 1))
	column() { cut -d' ' -f"$1" "$work/rounds" | sort -n | sed -n ${middle}p; }
	attach=$(column 1) first=$(column 2) next=$(column 3)
	tasks=$(column 4) stacks=$(column 5) memory=$(column 6)
}

for count in 1000 10000 100000; do
	start $count || continue
	measure 5 5 50
	goal_first='-' goal_next='-'
	[ $count -ne 100000 ] || goal_first='<=80' goal_next='<=20'
	figure "$count goroutines: attach" "$attach" ms -
	figure "$count goroutines: first sample, with stacks" "$first" ms "$goal_first"
	figure "$count goroutines: the next ones" "$next" ms "$goal_next"
	[ "$tasks" -gt $count ] && [ "$stacks" -eq "$tasks" ] ||
		echo "$tasks rows, $stacks with a stack: some are missing"
	[ $count -eq 100000 ] || { stop; continue; }
	# The worst gap in a second, median of five seconds.
	gap() { sed -n 's/^gap //p' "$work/out" | tail -n +"$1" | sort -n | sed -n 3p | awk '{printf "%.1f", $1 / 1000}'; }
	seconds() { echo $(($(grep -c '^gap' "$work/out") + 2)); }
	from=$(seconds) && sleep 6.5
	figure "worst gap of a 1 ms ticker in a second: idle" "$(gap "$from")" ms -
	from=$(seconds) && "$sampler" "$pid" 7 950 >/dev/null
	figure "the same, looked at once a second" "$(gap "$from")" ms -
	figure "$count goroutines: memory of the client" "$memory" MB -
	stop
done
# What goroutines hold.
hold() {	# hold OPTION…: starts the program, built with these options
	GOFLAGS='' GOTOOLCHAIN=local go build "$@" -o "$work/holds" \
		"$(dirname "$0")/../targets/go/holds.go" >"$work/log" 2>&1 ||
		{ echo "go cannot build: $(tail -1 "$work/log")"; exit 0; }
	"$work/holds" 822 >"$work/out" 2>&1 </dev/null &
	pid=$!
	until grep -q '^ready' "$work/out"; do sleep 0.05; done
}
hold
read -r first next read things <<END
$("$holder" "$pid" serve 1 20 50)
END
figure "what a goroutine holds: first look, which reads debug information" "$first" ms -
figure "what a goroutine holds, with its variables: the next ones" "$next" ms '<=5'
stop
hold -ldflags '-s -w'
gap() { sed -n 's/^gap //p' "$work/out" | tail -n +"$1" | sort -n | sed -n 3p | awk '{printf "%.1f", $1 / 1000}'; }
seconds() { echo $(($(grep -c '^gap' "$work/out") + 2)); }
read -r first next read things <<END
$("$holder" "$pid" serve 1 20 50)
END
figure "what a goroutine of a stripped program holds: first look" "$first" ms '<=5'
figure "what a goroutine of a stripped program holds: the next ones" "$next" ms '<=5'
read -r first next read things <<END
$("$holder" "$pid" serve 822 20 50)
END
figure "what 822 goroutines hold: first look" "$first" ms '<=300'
figure "what 822 goroutines hold: the next ones" "$next" ms '<=300'
[ "$read" = 822 ] && [ "$things" -ge 1644 ] || echo "$read goroutines hold $things things: some are missing"
from=$(seconds) && sleep 6.5
figure "worst gap of its 1 ms ticker in a second: idle" "$(gap "$from")" ms -
from=$(seconds) && "$holder" "$pid" serve 822 7 950 >/dev/null
figure "the same, asked once a second what 822 hold" "$(gap "$from")" ms -
stop
if [ -n "${GO_MILLION:-}" ] && start 1000000; then
	# Medians: the first attachment gets memory that nothing has used yet, and the host of a virtual machine takes
	# as long to give that as the look takes.
	measure 3 0 0
	figure "1000000 goroutines: first sample" "$first" ms '<=1000'
	figure "1000000 goroutines: memory of the client after the first" "$memory" MB '<=500'
	measure 3 5 100
	figure "1000000 goroutines: the next ones" "$next" ms -
	figure "1000000 goroutines: memory of the client after several" "$memory" MB -
	# Two looks, and what is written; CPU time, user and system.
	for format in json text folded pprof; do
		goal=-
		[ $format != json ] || goal='<=4'
		figure "1000000 goroutines: dump as $format, CPU time" "$({
			"$BUILD/grmon-c" dump -f $format -p "$pid" >/dev/null
			times
		} | tail -1 | awk -F'[ms ]+' '{printf "%.1f", $1 * 60 + $2 + $3 * 60 + $4}')" s "$goal"
	done
fi
