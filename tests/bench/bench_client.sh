#!/bin/sh
# SPDX-License-Identifier: MIT
# The whole client, view and all, at 1 Hz on 10,000 threads under the agent: CPU time from
# /proc over 20 s after it has settled, and the highest resident memory. Needs tmux.
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

# It ends with its input.
mkfifo "$work/input"
exec 3<>"$work/input"
LD_PRELOAD=$BUILD/libgrmon.so "$BUILD/tests/targets/many_threads" "$threads" \
	>"$work/ready" 2>&1 <&3 &
target=$!
until grep -q ready "$work/ready"; do
	kill -0 "$target" 2>/dev/null || { cat "$work/ready"; exit 0; }
	sleep 0.1
done
# The pane's own process is the client: exec, so that its pid is the pane's.
tmux -L "$socket" -f /dev/null new-session -d -x 200 -y 50 \
	"exec env XDG_CONFIG_HOME=$work '$BUILD/grmon-c' $target"
client=$(tmux -L "$socket" list-panes -F '#{pane_pid}')
until tmux -L "$socket" capture-pane -p | grep -qE "tasks 1?[0-9]?[0-9]{4}|tasks [0-9]+[,.k]"; do
	kill -0 "$client" 2>/dev/null || { echo 'the client has ended'; exit 0; }
	sleep 0.2
done
ticks() { awk '{print $14 + $15}' "/proc/$client/stat"; }
sleep 15
before=$(ticks)
sleep 20
after=$(ticks)
awk -v used=$((after - before)) -v hz="$(getconf CLK_TCK)" -v threads="$threads" 'BEGIN {
	printf "client with its view at 1 Hz, %d threads, of a core\t%.2f\t%%\t<=1.5\n",
		threads, 100 * used / hz / 20 }'
awk -v threads="$threads" '/VmHWM/ { printf "client with its view, %d threads, highest memory\t%.1f\tMB\t<=40\n",
	threads, $2 / 1024 }' "/proc/$client/status"
