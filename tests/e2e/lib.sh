# SPDX-License-Identifier: MIT
# For the end-to-end tests: TAP, and processes that are always ended. Sourced by
# tests/e2e/*.t with BUILD set.
# shellcheck shell=sh disable=SC2034

# shellcheck source=tests/lib.sh
. "$(dirname "$0")/../lib.sh"

# Ends every process that was started, by its pid.
finish() {
	trap - EXIT INT TERM
	# shellcheck disable=SC2086
	started=$(still_ours $started)
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

# record_some NUMBER FILE TARGET [OPTION…]: records until FILE has that many samples, however slow the machine is.
record_some() {
	some_file=$2
	some_lines=$(($1 + 1))
	shift 2
	start "$client" record "$@" -o "$some_file"
	has_some() { [ "$(wc -l <"$some_file")" -ge $some_lines ]; }
	until_true has_some
	kill -INT "$last"
	wait "$last"
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

# pythons: prints each CPython from 3.8 on that is installed, one path a line: pyenv's and the system's, or
# those in GRMON_PYTHONS.
pythons() {
	# The words are separated by blanks.
	# shellcheck disable=SC2086
	for python in ${GRMON_PYTHONS:-"$(pyenv root 2>/dev/null)"/versions/3.*/bin/python3 /usr/bin/python3}; do
		"$python" -c 'import sys; sys.exit(sys.version_info < (3, 8) or sys.implementation.name != "cpython")' \
			2>/dev/null && echo "$python"
	done
}

# begin_target COMMAND…: starts a target and waits until it prints "ready"; its pid is in $target. end_target ends it.
begin_target() {
	: >"$work/log"
	start "$@"
	target=$last
	until_true grep -q '^ready' "$work/log" || give_up "$1 does not start: $(head -c 300 "$work/log" | tr '\n' ' ')"
}
end_target() {
	kill -9 "$target"
	wait "$target" 2>/dev/null
}
# begin_python PYTHON PROGRAM [WORD…]: the same for a program of tests/targets/python.
begin_python() {
	python_binary=$1
	python_program=$beside/../targets/python/$2
	shift 2
	begin_target "$python_binary" "$python_program" "$@"
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

# all_but LIBRARY…: makes the folder $work/pc, in which pkg-config finds every other library.
all_but() {
	rm -rf "$work/pc"
	mkdir "$work/pc"
	pkg-config --variable pc_path pkg-config | tr ':' '\n' | while read -r folder; do
		for file in "$folder"/*.pc; do
			[ ! -e "$file" ] || ln -sf "$file" "$work/pc/"
		done
	done
	for library; do rm "$work/pc/$library.pc"; done
}

# copy_build FOLDER: a build folder that begins with the objects of $BUILD. Another PREFIX or another choice is built
# there, since other tests run the client of $BUILD meanwhile.
copy_build() {
	mkdir "$1" && cp -a "$BUILD/src" "$BUILD/pic" "$BUILD/choice" "$1/" && find "$1" -name '*.d' -delete
}
