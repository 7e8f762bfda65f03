#!/bin/sh
# SPDX-License-Identifier: MIT
# The terminal is restored however the client ends: quit, SIGTERM, SIGHUP, SIGINT, SIGSEGV, SIGABRT;
# ctrl-z and fg; a terminal that goes away; terminals that cannot be used.
. "$(dirname "$0")/lib.sh"
plan 25

start_target
open_shell 80 24
run_in_shell "stty -a >$work/before; clear"
until_true test -s "$work/before"

alternate_is() { [ "$(state alternate_on)" = "$1" ]; }
cursor_is() { [ "$(state cursor_flag)" = "$1" ]; }
mouse_is() { [ "$(state mouse_any_flag)" = "$1" ]; }

restored() { # restored NAME: the shell is back and the terminal is restored
	wait_for '^status=' && until_true alternate_is 0 && until_true cursor_is 1 &&
		until_true mouse_is 0 && run_in_shell "stty -a >$work/after; echo done" &&
		wait_for '^done' && cmp -s "$work/before" "$work/after"
	ok $? "$1: the terminal is restored"
	rm -f "$work/after"
}

view "$target"
alternate_is 1 && mouse_is 1 && cursor_is 0
ok $? "the view uses the other screen and the mouse, and hides the cursor"
press q
restored "quit"
expect '^status=0' "quit: the status is 0"

for signal in TERM:143 HUP:129 SEGV:139 ABRT:134 BUS:135; do
	view "$target"
	kill "-${signal%:*}" "$(view_pid)"
	restored "SIG${signal%:*}"
	# A sanitizer handles the signals of faults itself.
	if [ -n "${SAN:-}" ] && [ "${signal%:*}" != TERM ]; then
		expect '^status=' "SIG${signal%:*}: the client ends"
	else
		expect "^status=${signal#*:}" "SIG${signal%:*}: the signal ends the client"
	fi
done

view "$target"
press C-c
restored "ctrl-c"
expect '^status=0' "ctrl-c: the client ends with status 0"

run_in_shell 'set -m'
view "$target"
pid=$(view_pid)
press C-z
until_true alternate_is 0
wait_for '^back>|Stopped'
ok $? "ctrl-z: the shell is back"
stopped() { grep -q '^State:.T' "/proc/$pid/status"; }
until_true stopped
ok $? "ctrl-z: the client is stopped"
run_in_shell 'clear; fg'
wait_for 'ID +STATE'
ok $? "fg: the view is back"
alternate_is 1 && mouse_is 1
ok $? "fg: the view uses the other screen and the mouse"
press j q
wait_gone 'ID +STATE'
wait_for '^back>'
run_in_shell 'echo status=again'
restored "quit after fg"

run_in_shell "clear; TERM=no-such-type $client $target; echo status=\$?"
expect 'no-such-type is unknown here.*|set TERM' "an unknown TERM: a sentence says what to do"
wait_for '^status='
run_in_shell "clear; TERM=dumb $client $target; echo status=\$?"
expect 'cannot position its cursor' "TERM=dumb: a sentence says what is missing"
wait_for '^status='
run_in_shell "clear; $client $target | cat; echo status=\$?"
expect 'grmon-c dump' "stdout is a pipe: a sentence says what to use instead"
wait_for '^status='

view "$target"
pid=$(view_pid)
tmux -L "$server" kill-server
gone() { ! kill -0 "$pid" 2>/dev/null; }
until_true gone
ok $? "a terminal that goes away ends the client"
kill -9 "$pid" 2>/dev/null
kill -0 "$target"
ok $? "the target still runs"
