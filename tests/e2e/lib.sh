# SPDX-License-Identifier: MIT
# For the end-to-end tests: TAP, and processes that are always ended. Sourced by
# tests/e2e/*.t with BUILD set.
# shellcheck shell=sh disable=SC2034

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Ends every process that was started, by its pid.
finish() {
	trap - EXIT INT TERM
	for pid in $started; do
		kill -CONT "$pid" 2>/dev/null
		kill "$pid" 2>/dev/null
	done
	for pid in $started; do
		i=0
		while kill -0 "$pid" 2>/dev/null && [ $i -lt 40 ]; do
			i=$((i + 1))
			sleep 0.05
		done
		kill -9 "$pid" 2>/dev/null
	done
	rm -rf "$work"
	# The plan says whether the script reached its end; the status of its last command
	# does not.
	[ "$failures" -eq 0 ] && exit 0
	exit 1
}
trap finish EXIT INT TERM

# ok CONDITION-STATUS NAME [DETAIL]: reports one test point.
ok() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		failures=$((failures + 1))
		echo "not ok $tests - $2"
		[ -z "${3:-}" ] || printf '%s\n' "$3" | sed 's/^/# /'
	fi
}
# check NAME COMMAND…: ok if the command succeeds; otherwise its output is shown.
check() {
	name=$1
	shift
	if output=$("$@" 2>&1); then ok 0 "$name"; else ok 1 "$name" "$output"; fi
}

# descendant PID NAME: prints the process of that name below PID. If a file system may not
# answer, the client works in a child of its own.
descendant() (
	for child in $(pgrep -P "$1"); do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" = "$2" ] && { echo "$child"; return 0; }
		descendant "$child" "$2" && return 0
	done
	return 1
)

# Skips the test if a debugger may not attach to processes that it has not started.
need_ptrace() {
	[ "$(id -u)" -eq 0 ] || [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2>/dev/null || echo 0)" -eq 0 ] ||
		skip_all 'kernel.yama.ptrace_scope allows it to root only'
}

# start COMMAND…: starts it in the background, with its output in $work/log and its pid in
# $last.
start() {
	"$@" >>"$work/log" 2>&1 </dev/null &
	last=$!
	started="$started $last"
}

# dump PID [OPTION…]: takes a dump into $work/dump.json.
dump() { "$client" dump "$@" -f json >"$work/dump.json"; }

# sees PID QUESTION [OPTION…]: takes a new dump with these options and asks about it.
sees() {
	target=$1
	wanted=$2
	shift 2
	dump "$target" "$@" && ask "$wanted"
}

# start_ready COMMAND…: starts a target that prints "ready" and ends with its stdin, which
# is the fifo $work/in; its pid is in $target. end_ready ends it.
start_ready() {
	: >"$work/out"
	"$@" <"$work/in" >"$work/out" 2>"$work/log" 9>&- &
	target=$!
	started="$started $target"
	until_true grep -q '^ready' "$work/out"
}
end_ready() {
	kill -9 "$target"
	wait "$target" 2>/dev/null
}
