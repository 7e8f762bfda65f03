#!/bin/sh
# SPDX-License-Identifier: MIT
# The whole client with its view at 1 Hz on a service of 100 processes with 5,000 tasks, at rest and
# with a thread in every process that works: CPU time from /proc over 20 s after it has settled, and
# the highest resident memory. Needs tmux.
set -u
BUILD=${BUILD:-$PWD/build}
command -v tmux >/dev/null 2>&1 || { echo 'no tmux: skipped'; exit 0; }
processes=${PROCESSES:-100}
threads=${THREADS:-49}
socket=grmon-bench-$$
work=$(mktemp -d)
started=
finish() {
	tmux -L "$socket" kill-server 2>/dev/null
	for pid in $started; do kill "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM
ticks() { awk '{print $14 + $15}' "/proc/$client/stat"; }
mkfifo "$work/input"
cp "$BUILD/tests/targets/many_threads" "$work/grmon-many"
tmux -L "$socket" -f /dev/null new-session -d -s base 'exec cat'

# measure NAME CPU-GOAL [busy]
measure() {
	name=$1
	goal=$2
	shift 2
	exec 3<>"$work/input"
	: >"$work/ready"
	i=0
	while [ $i -lt "$processes" ]; do
		"$work/grmon-many" "$threads" "$@" >>"$work/ready" 2>&1 <&3 &
		started="$started $!"
		i=$((i + 1))
	done
	until [ "$(grep -c ready "$work/ready")" -ge "$processes" ]; do sleep 0.1; done
	tmux -L "$socket" new-session -d -s view -x 200 -y 50 \
		"exec env XDG_CONFIG_HOME=$work '$BUILD/grmon-c' name:grmon-many"
	client=$(tmux -L "$socket" list-panes -t view -F '#{pane_pid}')
	until tmux -L "$socket" capture-pane -p -t view | grep -qE 'tasks [0-9]+[,.k]?[0-9]'; do
		[ -n "$client" ] && kill -0 "$client" 2>/dev/null || { echo 'the client has ended'; return; }
		sleep 0.2
	done
	sleep 15
	before=$(ticks)
	sleep 20
	after=$(ticks)
	awk -v used=$((after - before)) -v hz="$(getconf CLK_TCK)" -v goal="$goal" -v what="$name" \
		-v size="$processes processes, $((processes * (threads + 1))) tasks" 'BEGIN {
		printf "view of %s, %s, of a core\t%.2f\t%%\t%s\n", size, what, 100 * used / hz / 20, goal }'
	awk -v what="$name" '/VmHWM/ { printf "the same, %s, highest memory\t%.1f\tMB\t-\n", what, $2 / 1024 }' \
		"/proc/$client/status"
	tmux -L "$socket" kill-session -t view
	for pid in $started; do kill "$pid" 2>/dev/null; done
	started=
	wait
}
measure 'at rest' '<=5'
measure 'a thread of each works' '-' busy
