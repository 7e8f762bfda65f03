#!/bin/sh
# SPDX-License-Identifier: MIT
# The whole client with its view at 1 Hz on 10,000 blocked threads, under the agent and
# from outside: CPU time from /proc over 20 s after it has settled, and the highest
# resident memory. Needs tmux.
set -u
BUILD=${BUILD:-$PWD/build}
command -v tmux >/dev/null 2>&1 || { echo 'no tmux: skipped'; exit 0; }
threads=${THREADS:-10000}
socket=grmon-bench-$$
work=$(mktemp -d)
target=
finish() {
	tmux -L "$socket" kill-server 2>/dev/null
	[ -z "$target" ] || kill "$target" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
ticks() { awk '{print $14 + $15}' "/proc/$client/stat"; }
mkfifo "$work/input"
tmux -L "$socket" -f /dev/null new-session -d -s base 'exec cat'

# measure NAME PRELOAD CPU-GOAL MEMORY-GOAL
measure() {
	# The target ends with its input.
	exec 3<>"$work/input"
	: >"$work/ready"
	LD_PRELOAD=$2 "$BUILD/tests/targets/many_threads" "$threads" >"$work/ready" 2>&1 <&3 &
	target=$!
	until grep -q ready "$work/ready"; do
		kill -0 "$target" 2>/dev/null || { cat "$work/ready"; return; }
		sleep 0.1
	done
	# exec makes the client the pane's own process, with the pane's pid.
	tmux -L "$socket" new-session -d -s "$1" -x 200 -y 50 \
		"exec env XDG_CONFIG_HOME=$work '$BUILD/grmon-c' $target"
	client=$(tmux -L "$socket" list-panes -t "$1" -F '#{pane_pid}')
	until tmux -L "$socket" capture-pane -p -t "$1" | grep -qE "tasks 1?[0-9]?[0-9]{4}|tasks [0-9]+[,.k]"; do
		kill -0 "$client" 2>/dev/null || { echo 'the client has ended'; return; }
		sleep 0.2
	done
	sleep 15
	before=$(ticks)
	sleep 20
	after=$(ticks)
	awk -v used=$((after - before)) -v hz="$(getconf CLK_TCK)" -v what="$threads threads, $1" -v goal="$3" 'BEGIN {
		printf "client with its view at 1 Hz, %s, of a core\t%.2f\t%%\t%s\n",
			what, 100 * used / hz / 20, goal }'
	awk -v what="$threads threads, $1" -v goal="$4" '/VmHWM/ { printf "client with its view, %s, highest memory\t%.1f\tMB\t%s\n",
		what, $2 / 1024, goal }' "/proc/$client/status"
	tmux -L "$socket" kill-session -t "$1"
	kill "$target"
	wait "$target" 2>/dev/null
	target=
}
measure agent "$BUILD/libgrmon.so" '<=1' '<=40'
measure native '' '' '<=80'
