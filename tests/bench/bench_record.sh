#!/bin/sh
# SPDX-License-Identifier: MIT
# The whole recorder with its samples at 1 Hz on 10,000 threads under the agent, of which
# one in a hundred changes each second: its CPU time and what it writes, over a minute
# after it has settled, and the highest resident memory. Then the same without the agent.
set -u
BUILD=${BUILD:-$PWD/build}
threads=${THREADS:-10000}
seconds=${SECONDS_EACH:-60}
work=$(mktemp -d)
target=
recorder=
finish() {
	[ -z "$recorder" ] || kill "$recorder" 2>/dev/null
	[ -z "$target" ] || kill "$target" 2>/dev/null
	wait
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

mkfifo "$work/input"
exec 3<>"$work/input"
ticks() { awk '{print $14 + $15}' "/proc/$recorder/stat"; }
bytes() { wc -c <"$work/file"; }
# measure NAME [VARIABLE=VALUE]
measure() {
	name=$1
	shift
	rm -f "$work/file" "$work/ready"
	env "$@" "$BUILD/tests/targets/many_threads" "$threads" turns >"$work/ready" 2>&1 <&3 &
	target=$!
	until grep -q ready "$work/ready"; do
		kill -0 "$target" 2>/dev/null || { cat "$work/ready"; exit 0; }
		sleep 0.1
	done
	XDG_CONFIG_HOME=$work "$BUILD/grmon-c" record "$target" -o "$work/file" 3<&- &
	recorder=$!
	sleep 12
	used=$(ticks)
	size=$(bytes)
	sleep "$seconds"
	kill -0 "$recorder" && kill -0 "$target" || {
		echo "record, $threads threads $name: one of them has ended"
		exit 0
	}
	used=$(($(ticks) - used))
	size=$(($(bytes) - size))
	awk -v used="$used" -v size="$size" -v hz="$(getconf CLK_TCK)" -v seconds="$seconds" \
		-v name="record, $threads threads $name, 1 % changing a second" 'BEGIN {
		printf "%s\t%.1f\tKB/s\t<=40\n", name, size / 1000 / seconds
		printf "%s: CPU\t%.2f\t%%\t<=2\n", name, 100 * used / hz / seconds }'
	awk -v name="$name" '/VmHWM/ { printf "the same %s: highest memory\t%.1f\tMB\t\n", name, $2 / 1024 }' \
		"/proc/$recorder/status"
	kill "$recorder" "$target"
	wait "$recorder" "$target" 2>/dev/null
	recorder=
	target=
}
measure "under the agent" LD_PRELOAD="$BUILD/libgrmon.so"
measure "without it" GRMON_DISABLE=1
