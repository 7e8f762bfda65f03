#!/bin/sh
# SPDX-License-Identifier: MIT
# grmon-c run without a terminal: the command keeps its output, exit status, signals and pid, and
# has the agent inside if it can load it.
. "$(dirname "$0")/lib.sh"
need python3
plan 21

out_and_status() {
	"$client" run -- sh -c 'echo one; echo two >&2; exit 7' >"$work/out" 2>"$work/err"
	[ $? -eq 7 ] && [ "$(cat "$work/out")" = one ] && grep -qx two "$work/err"
}
check 'output and exit status are those of the command' out_and_status
check 'one line says how to watch the command' grep -qE "^grmon-c: .*grmon-c [0-9]+\.$" "$work/err"
input() { [ "$(echo word | "$client" run -- cat 2>/dev/null)" = word ]; }
check 'the command reads the input of the client' input
by_signal() { python3 "$beside/cli_run_how.py" signal "$client" run -- sh -c 'kill -TERM $$'; }
check 'the client ends by the signal that ends the command' by_signal
pipe_is_reset() { python3 "$beside/cli_run_how.py" pipe "$client" run -- grep SigIgn /proc/self/status; }
check 'SIGPIPE is not ignored in the command' pipe_is_reset
check 'options after the command belong to it' sh -c '[ "$("$0" run echo --filter -x 2>/dev/null)" = "--filter -x" ]' "$client"
preload() {
	"$client" run -- env 2>/dev/null | grep -qxE 'LD_PRELOAD=.*/libgrmon\.so[.0-9]*' || return 1
	# A sanitizer in the client must be loaded before every other library.
	[ -n "${SAN:-}" ] ||
		LD_PRELOAD="$agent" "$client" run -- env 2>/dev/null | grep -qxE "LD_PRELOAD=.*/libgrmon\.so[.0-9]*:$agent"
}
check 'the agent is preloaded before other libraries' preload
start "$client" run -- sleep 600
check 'the command has the pid of the client' until_true sh -c '[ "$(cat /proc/$0/comm)" = sleep ]' "$last"
check 'the agent is in the command' until_true sees "$last" 'has target.sources.0=agent'
threads='import threading, time
threading.Thread(target=time.sleep, args=(600,)).start()'
start "$client" run -- python3 -c "$threads"
check 'ls finds the agent' until_true sh -c '"$0" ls -s agent | grep -qE "^ *$1 agent "' "$client" "$last"
check 'the program has no thread and no socket of the agent' until_true sh -c \
	'[ "$(ls /proc/$0/task | wc -l)" -eq 2 ] && [ ! -e "$1/grmon" ]' "$last" "$XDG_RUNTIME_DIR"
start env GRMON_SOCKET=1 "$client" run -- python3 -c "$threads"
check 'with GRMON_SOCKET=1 the program has both' until_true sh -c \
	'test -S "$1/grmon/$0.sock" && [ "$(ls /proc/$0/task | wc -l)" -eq 3 ]' "$last" "$XDG_RUNTIME_DIR"
start sleep 600
python3 "$beside/cli_run_sockets.py" "$XDG_RUNTIME_DIR/grmon" "$last.sock"
check 'a socket that an earlier process has left is not an agent' sh -c \
	'"$0" ls | grep -qE "^ *$1 native "' "$client" "$last"
# Listing processes removes the sockets that killed processes have left, and nothing else.
python3 "$beside/cli_run_sockets.py" "$work/run/grmon" 4194200.sock 4194201.sock
: >"$work/run/grmon/4194202.sock"
python3 "$beside/cli_run_sockets.py" "$work/run/grmon" --listen 4194203.sock &
started="$started $!"
# A socket that is bound and does not listen yet looks like one that was left.
until_true grep -q ' 00010000 .*/4194203.sock$' /proc/net/unix
swept() {
	"$client" ls >/dev/null
	[ ! -e "$work/run/grmon/4194200.sock" ] && [ ! -e "$work/run/grmon/4194201.sock" ]
}
until_true swept
ok $? 'sockets that no process listens on are removed' "$(ls "$work/run/grmon")"
check 'other files in the folder of sockets stay' sh -c 'test -S "$0/4194203.sock" && test -f "$0/4194202.sock"' "$work/run/grmon"
to_file() {
	"$client" run -o "$work/log2" -- sh -c 'echo one; echo two >&2' >"$work/out" 2>"$work/err" &&
		[ "$(cat "$work/log2")" = "one
two" ] && [ ! -s "$work/out" ]
}
check 'run writes the output of the command to a file' to_file

# Programs that cannot load the agent run without it, and a message says so.
echo 'int main(void) { return 3; }' >"$work/static.c"
if cc -static -o "$work/static" "$work/static.c" 2>/dev/null; then
	static() {
		"$client" run -- "$work/static" 2>"$work/err"
		[ $? -eq 3 ] && grep -q 'statically linked' "$work/err"
	}
	check 'a static program runs without the agent, and a message says so' static
else
	echo 'ok 13 - a static program # SKIP there is no static libc'
	tests=$((tests + 1))
fi
printf '#!%s\n' "$work/static" >"$work/script"
chmod +x "$work/script"
script() { "$client" run -- "$work/script" 2>"$work/err"; [ $? -eq 3 ] && grep -q 'statically linked' "$work/err"; }
if [ -x "$work/static" ]; then
	check 'so does a script of a static interpreter' script
else
	echo 'ok 14 - a script of a static interpreter # SKIP there is no static libc'
	tests=$((tests + 1))
fi
no_agent() {
	mkdir -p "$work/bin" && cp "$client" "$work/bin/" || return 1
	"$work/bin/grmon-c" run -- true 2>"$work/err"
	code=$?
	# The agent may be installed on this machine.
	[ $code -eq 0 ] || { [ $code -eq 3 ] && grep -q 'libgrmon.so is neither' "$work/err"; }
}
check 'a missing agent is reported' no_agent
in_lib() {
	mkdir -p "$work/lib" && cp "$agent" "$work/lib/" &&
		"$work/bin/grmon-c" run -- env 2>/dev/null | grep -qx "LD_PRELOAD=$work/lib/libgrmon.so"
}
check 'the agent is found in ../lib' in_lib
runtime_only() {
	rm -f "$work"/lib/libgrmon.so* && cp "$agent" "$work/lib/libgrmon.so.0" &&
		"$work/bin/grmon-c" run -- env 2>/dev/null | grep -qx "LD_PRELOAD=$work/lib/libgrmon.so.0"
}
check 'the agent is found if only the runtime package is installed' runtime_only
