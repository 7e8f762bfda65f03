#!/bin/sh
# SPDX-License-Identifier: MIT
# The cost of the view at 1 Hz without keys, next to htop and top at 1 Hz in the same
# seconds: on redis and postgres at rest, on 200 threads, and as a list of processes. CPU
# time of all threads is from schedstat. Needs tmux; leaves out what is not installed.
set -u
BUILD=${BUILD:-$PWD/build}
command -v tmux >/dev/null 2>&1 || { echo 'no tmux: skipped'; exit 0; }
seconds=${SECONDS_EACH:-15}
socket=grmon-rest-$$
work=$(mktemp -d)
pids=
finish() {
	tmux -L "$socket" kill-server 2>/dev/null
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	for pid in $pids; do wait "$pid" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# view NAME COMMAND...: runs it in a terminal of its own; exec gives it the pane's pid.
view() {
	name=$1
	shift
	tmux -L "$socket" new-session -d -s "$name" -x 200 -y 50 \
		"exec env XDG_CONFIG_HOME=$work/config HOME=$work/config LC_ALL=C.UTF-8 $*"
}
used_ns() { cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{n += $1} END {printf "%d", n}'; }
# percent NAME: the share of a core since `begin`
percent() {
	awk -v a="$(cat "$work/$1")" -v b="$(used_ns "$(pid_of "$1")")" -v s="$seconds" \
		'BEGIN { printf "%.2f", (b - a) / s / 1e7 }'
}
pid_of() { tmux -L "$socket" list-panes -t "$1" -F '#{pane_pid}'; }
# compare WHAT PID SCREEN: `PID` is empty for the list of processes.
compare() {
	tries=0
	view grmon "'$BUILD/grmon-c' -i 1 $2"
	names=grmon
	command -v htop >/dev/null 2>&1 && view htop "htop -d 10 ${2:+-p $2}" && names="$names htop"
	command -v top >/dev/null 2>&1 && view top "top -d 1 ${2:+-H -p $2}" && names="$names top"
	until tmux -L "$socket" capture-pane -p -t grmon 2>/dev/null | grep -qE "$3"; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { echo "$1: the view does not come"; return; }
		sleep 0.1
	done
	sleep 5
	for name in $names; do used_ns "$(pid_of "$name")" >"$work/$name"; done
	sleep "$seconds"
	for name in $names; do percent "$name" >"$work/$name.percent"; done
	for name in $names; do
		goal=
		[ "$name" != grmon ] || [ ! -e "$work/htop.percent" ] || goal="<= $(cat "$work/htop.percent")"
		printf '%s: %s at 1 Hz, of a core\t%s\t%%\t%s\n' "$1" "$name" "$(cat "$work/$name.percent")" "$goal"
	done
	for name in $names; do tmux -L "$socket" kill-session -t "$name"; done
}

mkdir "$work/config"
tmux -L "$socket" -f /dev/null new-session -d -s base 'exec cat'
mkfifo "$work/input"
exec 3<>"$work/input"
: >"$work/ready"
"$BUILD/tests/targets/many_threads" 200 <"$work/input" >"$work/ready" &
threads=$!
pids=$!
until grep -q ready "$work/ready"; do sleep 0.1; done
compare '200 threads' "$threads" 'tasks 201'

if command -v redis-server >/dev/null 2>&1; then
	redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --dir "$work" >/dev/null 2>&1 &
	redis=$!
	pids="$pids $redis"
	until [ -S "$work/redis.sock" ]; do sleep 0.1; done
	compare redis "$redis" 'ID +STATE'
fi

# postgres refuses to run as root.
for bin in /usr/lib/postgresql/*/bin; do :; done
as=
[ "$(id -u)" -ne 0 ] || as='setpriv --reuid=65534 --regid=65534 --clear-groups'
if [ -x "$bin/initdb" ]; then
	mkdir "$work/pg" && chmod 777 "$work" "$work/pg"
	if $as env HOME="$work/pg" "$bin/initdb" -D "$work/pg/data" -A trust >"$work/initdb" 2>&1; then
		$as "$bin/postgres" -D "$work/pg/data" -k "$work/pg" -c listen_addresses= >"$work/postgres" 2>&1 &
		postgres=$!
		pids="$pids $postgres"
		until [ -e "$work/pg/.s.PGSQL.5432" ]; do
			kill -0 $postgres 2>/dev/null || break
			sleep 0.1
		done
		kill -0 $postgres 2>/dev/null && compare postgres "$postgres" 'ID +STATE'
	fi
fi
compare 'list of processes' '' 'PID.*NAME'
