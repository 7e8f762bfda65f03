#!/bin/sh
# SPDX-License-Identifier: MIT
# grmon-c beside other programs that tell what a process waits for, which take turns on one target: how long they
# take, and the longest gap between two ticks, of 1 ms, of the target's own ticker meanwhile. Whole commands; a
# look of the view, which is one of many, beside the peer's whole command, because it has nothing else; and the
# view beside others that are drawn once a second. The end has the same in Markdown. A peer that is not
# installed is named: tests/deps.sh bench installs all of them.
# Usage: bench_peers.sh [threads | go | python | view]…
. "$(dirname "$0")/lib.sh"
PATH=$PATH:$("$(dirname "$0")/peers.sh")
[ $# -gt 0 ] || set -- threads go python view
TURNS=${TURNS:-7}
TURNS_MOST=${TURNS_MOST:-14}
socket=grmon-peers-$$
pid=

finish() {
	tmux -L "$socket" kill-server 2>/dev/null
	stop
}
stop() {
	exec 3>&-
	[ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null
	pid=
}
# begin COMMAND…: starts the target, with its pid in $pid, and waits until it is ready. Its input is descriptor 3.
begin() {
	rm -f "$work/input"
	mkfifo "$work/input"
	exec 3<>"$work/input"
	: >"$work/output"
	"$@" <"$work/input" >"$work/output" 2>&1 3>&- &
	pid=$!
	until grep -qE '^(ready|listen)' "$work/output"; do
		kill -0 "$pid" 2>/dev/null || { echo "$1 does not start: $(tail -1 "$work/output")"; pid=; return 1; }
		sleep 0.05
	done
	sleep 1
}
here() { command -v "$1" >/dev/null 2>&1 || { echo "there is no $1: its row is left out"; false; }; }

# The longest gap since it was asked for last, in ms. A target answers a line on its input, or /gap.
ask() {
	asked=$(wc -l <"$work/output")
	case $(cat "$work/output") in
	listen*) gap=$(curl -s "http://$address/gap") ;;
	*)
		echo >&3
		until [ "$(wc -l <"$work/output")" -gt "$asked" ]; do sleep 0.01; done
		gap=$(sed -n '$s/.*worst_us //p' "$work/output")
		;;
	esac
	awk -v us="$gap" 'BEGIN {printf "%.2f\n", us / 1000}'
}
# felt WHOSE COMMAND…: adds to WHOSE.cost what the command takes, and to WHOSE.gap what the target felt.
felt() {
	whose=$1
	shift
	ask >/dev/null
	"$@" >>"$work/$whose.cost"
	ask >>"$work/$whose.gap"
}
side() {
	case $2 in
	# Prints ms: the median of many looks.
	look_*) felt "$1" "$2" ;;
	*) felt "$1" $measure "$2" ;;
	esac
}
turn() {	# turn OURS THEIRS NUMBER
	[ $(($3 % 2)) -eq 0 ] || side ours "$1"
	side theirs "$2"
	[ $(($3 % 2)) -eq 1 ] || side ours "$1"
	felt idle ms sleep 0.5
	tail -qn 1 "$work/theirs.cost" "$work/ours.cost" | paste - - | awk '{print $1 / ($2 ? $2 : 0.001)}'
}
median() { "$BUILD/tests/bench/interval" - <"$work/$1" | cut -d' ' -f1; }
# beside WHAT PEER OURS THEIRS: OURS and THEIRS are commands of one word, whose cost $measure prints in $unit.
# With goal=-, the times are only shown: the peer does less in one run than ours, and its name says so.
measure=ms unit=ms goal='>=1'
beside() {
	rm -f "$work"/*.cost "$work"/*.gap
	turns "$1: $2, multiple of our cost" x "$goal" turn "$3" "$4" || return
	times=$median
	figure "$1: grmon-c" "$(median ours.cost)" "$unit" -
	figure "$1: $2" "$(median theirs.cost)" "$unit" -
	figure "the same: longest gap of the target's ticker: idle" "$(median idle.gap)" ms -
	figure "the same: under grmon-c" "$(median ours.gap)" ms -
	figure "the same: under $2" "$(median theirs.gap)" ms -
	tell() { awk -v value="$(median "$1")" -v unit="$2" 'BEGIN {
		printf value < 10 ? "%.1f %s" : "%.0f %s", value, unit}'; }
	echo "| $1 | $(tell ours.cost "$unit") | $2 | $(tell theirs.cost "$unit") | $(awk -v n="$times" 'BEGIN {printf n < 10 ? "%.1f" : "%.0f", n}') |" \
		"$(tell idle.gap ms) | $(tell ours.gap ms) | $(tell theirs.gap ms) |"
}

dump() { "$BUILD/grmon-c" dump "$pid" --stacks; }
look_native() { "$BUILD/tests/bench/samples" "$pid" 60 20 native | cut -d' ' -f3; }
look_go() { "$BUILD/tests/bench/samples" "$pid" 10 100 | cut -d' ' -f3; }
look_python() { "$BUILD/tests/bench/python_samples" "$pid" 40 20 | cut -d' ' -f4; }
with_ps() { ps -L -o pid,tid,stat,wchan:32 -p "$pid"; }
with_libproc2() { "$BUILD/tests/bench/scan" "$pid"; }
with_gdb() { gdb -p "$pid" -batch -nx -ex 'thread apply all bt'; }
with_debug2() { curl -s "http://$address/debug/pprof/goroutine?debug=2"; }
with_dlv() { printf 'exit\nn\n' | dlv attach "$pid" --allow-non-terminal-interactive=true --init "$work/dlv"; }
with_spy() { py-spy dump --pid "$pid"; }
with_spy_nonblocking() { py-spy dump --nonblocking --pid "$pid"; }

peers_threads() {
	begin "$BUILD/tests/targets/quiet" 10000 rest || return
	here ps && {
		beside '10,000 threads, a look of the view' 'ps -L, no stacks' look_native with_ps
		goal=- beside '10,000 threads, once' 'ps -L, one sample, no stacks' dump with_ps
	}
	[ ! -x "$BUILD/tests/bench/scan" ] || {
		beside '10,000 threads, a look of the view' 'libproc2, no stacks' look_native with_libproc2
		goal=- beside '10,000 threads, once' 'libproc2, one sample, no stacks' dump with_libproc2
	}
	stop
	begin "$BUILD/tests/targets/quiet" 200 rest || return
	here gdb && beside '200 threads, once' 'gdb -batch' dump with_gdb
	stop
}
peers_go() {
	here go && here curl || return
	GOFLAGS='' GOTOOLCHAIN=local go build -o "$work/many" "$(dirname "$0")/../targets/go/many.go" >"$work/log" 2>&1 ||
		{ echo "go cannot build: $(tail -1 "$work/log")"; return; }
	printf 'goroutines -t 50\n' >"$work/dlv"
	for count in 10000 100000; do
		begin "$work/many" $count || return
		address=$(sed -n 's/^listen //p' "$work/output")
		what=$(echo $count | sed 's/000$/,000/')' goroutines'
		beside "$what, a look of the view" 'debug=2 by curl' look_go with_debug2
		beside "$what, once" 'debug=2 by curl, one sample' dump with_debug2
		[ $count -gt 10000 ] || { here dlv && TURNS=3 TURNS_MOST=3 beside "$what, once" 'dlv attach' dump with_dlv; }
		stop
	done
}
peers_python() {
	python=${PYTHON:-python3}
	here "$python" && here py-spy || return
	begin "$python" "$(dirname "$0")/../targets/python/ticks.py" 99 || return
	what='100 Python threads'
	beside "$what, a look of the view" 'py-spy dump' look_python with_spy
	beside "$what, a look of the view" 'py-spy dump --nonblocking' look_python with_spy_nonblocking
	goal=- beside "$what, once" 'py-spy dump, one sample' dump with_spy
	goal=- beside "$what, once" 'py-spy dump --nonblocking, one sample' dump with_spy_nonblocking
	stop
}

# What a view takes of a core, in percent, over five seconds after it has settled.
used_ns() { cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{n += $1} END {printf "%d", n}'; }
share() {
	tmux -L "$socket" -f /dev/null new-session -d -s view -x 200 -y 50 "exec env LC_ALL=C.UTF-8 HOME=$work TERM=screen $("$1")"
	viewer=$(tmux -L "$socket" list-panes -t view -F '#{pane_pid}')
	sleep 4
	ask >/dev/null
	before=$(used_ns "$viewer")
	sleep 5
	awk -v a="$before" -v b="$(used_ns "$viewer")" 'BEGIN {printf "%.3f\n", (b - a) / 5e7}'
	tmux -L "$socket" kill-session -t view
}
view_ours() { echo "'$BUILD/grmon-c' -i 1 $pid"; }
view_htop() { echo "htop -d 10 -p $pid"; }
view_top() { echo "top -d 1 -H -p $pid"; }
peers_view() {
	here tmux || return
	begin "$BUILD/tests/targets/quiet" 200 rest || return
	measure=share unit='% of a core'
	tmux -L "$socket" -f /dev/null new-session -d -s base 'exec cat'
	here htop && TURNS=5 TURNS_MOST=10 beside '200 threads, a view at 1 Hz' 'htop -p' view_ours view_htop
	here top && TURNS=5 TURNS_MOST=10 beside '200 threads, a view at 1 Hz' 'top -H' view_ours view_top
	stop
}

echo '| what is shown | grmon-c | beside it | takes | times ours | longest gap of a 1 ms ticker in the target: nobody looks | grmon-c | the other |'
echo '|---|---|---|---|---|---|---|---|'
for part; do
	"peers_$part"
done
