#!/bin/sh
# SPDX-License-Identifier: MIT
# What a target notices: one of its threads ticks every millisecond and measures how late
# it is, while 200 others wait. Periods without a client and with the view at 1 Hz and at
# 10 Hz alternate. The goal of each figure is the value that a quarter of the periods
# without a client exceed: the noise. Needs tmux.
set -u
BUILD=${BUILD:-$PWD/build}
command -v tmux >/dev/null 2>&1 || { echo 'no tmux: skipped'; exit 0; }
spell=${SPELL:-5}
rounds=${ROUNDS:-6}
socket=grmon-quiet-$$
work=$(mktemp -d)
target=
finish() {
	tmux -L "$socket" kill-server 2>/dev/null
	[ -z "$target" ] || kill "$target" 2>/dev/null
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

mkfifo "$work/input"
exec 3<>"$work/input"
: >"$work/output"
"$BUILD/tests/targets/quiet" 200 <"$work/input" >"$work/output" &
target=$!
until grep -q ready "$work/output"; do sleep 0.1; done
lines() { wc -l <"$work/output"; }
# Prints what it has measured since the last call: "eintr N calls N … worst_us N".
figures() {
	wanted=$(($(lines) + 1))
	echo >&3
	until [ "$(lines)" -ge "$wanted" ]; do sleep 0.01; done
	tail -1 "$work/output"
}
# spell KIND [INTERVAL]: one period, with the view open for all of it
spell() {
	if [ $# -gt 1 ]; then
		tmux -L "$socket" -f /dev/null new-session -d -x 200 -y 50 \
			"exec env XDG_CONFIG_HOME=$work '$BUILD/grmon-c' -i $2 $target"
		until tmux -L "$socket" capture-pane -p | grep -q 'tasks 203'; do sleep 0.1; done
		sleep 1
	fi
	figures >/dev/null
	sleep "$spell"
	echo "$1 $(figures)" >>"$work/spells"
	[ $# -le 1 ] || tmux -L "$socket" kill-server
}
round=0
while [ "$round" -lt "$rounds" ]; do
	round=$((round + 1))
	spell idle
	spell 1Hz 1
	spell idle
	spell 10Hz 0.1
done
# column KIND NAME: prints its values, sorted.
column() { sed -n "s/^$1 .*\\<$2 \\([0-9]*\\).*/\\1/p" "$work/spells" | sort -n; }
median() { awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
limit() { column idle "$1" | awk '{v[NR] = $1} END {print v[int((3 * NR + 3) / 4)]}'; }
for kind in idle 1Hz 10Hz; do
	goal="<= "
	[ $kind != idle ] || goal=
	for figure in worst p99 p50; do
		printf 'ticker of 1 ms, %s, median of %s\t%s\tus\t%s\n' "$kind" "$figure" \
			"$(column $kind "${figure}_us" | median)" "${goal:+$goal$(limit "${figure}_us")}"
	done
	printf 'calls that were interrupted, %s\t%s\t\t<= 0\n' "$kind" \
		"$(column $kind eintr | awk '{n += $1} END {print n + 0}')"
done
