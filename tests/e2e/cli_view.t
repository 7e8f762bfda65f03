#!/bin/sh
# SPDX-License-Identifier: MIT
# The command line and the view in a terminal: run with its child and its output, --wait from one
# process of a name to the next, and settings that are written back.
. "$(dirname "$0")/../tui/lib.sh"
plan 33

logs() { ls "$work"/grmon-c-run-* 2>/dev/null; }
mkdir "$work/bin"
cat >"$work/bin/server" <<'PY'
#!/usr/bin/env python3
import ctypes, os, signal, threading, time
ctypes.CDLL(None).prctl(15, b"server-main", 0, 0, 0)
print("the word", flush=True)
threading.Thread(target=threading.Event().wait, daemon=True).start()
with open(os.environ["PID_FILE"], "w") as f:
    f.write(f"{os.getpid()} {os.getsid(0)} {os.readlink('/proc/self/fd/0')}\n")
while not os.path.exists(os.environ["PID_FILE"] + ".end"):
    time.sleep(0.05)
os._exit(5)
PY
chmod +x "$work/bin/server"
child_pid() { [ -s "$work/child" ] && child=$(cut -d' ' -f1 "$work/child") && started="$started $child"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
run_view() {
	rm -f "$work/child" "$work/child.end"
	run_in_shell "clear; TMPDIR=$work PID_FILE=$work/child $client run $* $work/bin/server; echo status=\$?"
	until_true child_pid
}

open_shell 100 30
run_view -i 0.1 --
expect 'pid [0-9]+ +agent' 'run shows the command, through its agent'
expect 'server-main' 'run shows the threads of the command'
[ "$(cut -d' ' -f2,3 "$work/child")" = "$child /dev/null" ]
ok $? 'the child has a session of its own and no input'
press q
expect 'server ended with signal 15' 'leaving the view ends the command'
gone "$child"
ok $? 'the child has ended'
expect "is in $work/grmon-c-run-" 'a message names the file with the output of the command'
grep -qx 'the word' "$(logs)"
ok $? 'that file has the output'
rm -f "$(logs)"

run_view --keep -i 0.1 -o "$work/own-log"
expect 'server-main' 'run --keep shows the command'
press q
expect "is still running as process $child" 'leaving the view with --keep says so'
kill -0 "$child"
ok $? 'the child still runs'
grep -qx 'the word' "$work/own-log"
ok $? '--output chooses the file for the output'
kill "$child"

run_view -i 0.1
wait_for 'server-main'
touch "$work/child.end"
expect "process $child \([a-z0-9-]+\) ended at [0-9:]+ with exit status 5" 'the view says how a command ended by itself'
press q
expect 'server ended with exit status 5' 'so does a message after the view'

run_view -i 0.1
wait_for 'server-main'
kill -KILL "$(view_pid)"
until_true gone "$child"
ok $? 'the command does not outlive a view that is killed'
# The killed view could not restore the terminal.
press C-j
typed 'stty sane; tput rmcup; clear; echo is-sane'
press C-j
wait_for '^is-sane'

run_in_shell "clear; $client run -- $work/bin/nothing; echo status=\$?"
expect '^status=3' 'a command that does not exist leaves the terminal alone'

# A signal that ends the view: the command ends first, and its output stays only if there is some.
mkdir "$work/tmp"
no_log() { [ -z "$(ls "$work/tmp")" ]; }
for signal in TERM HUP INT; do
	case $signal in TERM) status=143 ;; HUP) status=129 ;; *) status=0 ;; esac
	run_in_shell "clear; TMPDIR=$work/tmp $client run -i 0.1 -- sleep 600; echo status=\$?"
	wait_for '^ *>?t[0-9]+ '
	kill -"$signal" "$(view_pid)"
	wait_for "^status=$status" && no_log
	ok $? "SIG$signal ends the view and its command, and an empty output is removed"
done
run_view -i 0.1
wait_for 'server-main'
kill -TERM "$(view_pid)"
expect '^status=143' 'SIGTERM ends a view whose command has written'
sees "is in $work/grmon-c-run-" && gone "$child"
ok $? 'and a message names the file with the output'

# --wait: before the target starts, while it runs, after it has ended, and when the next one starts.
cp "$(command -v sleep)" "$work/bin/grmon-wait-$$"
run_in_shell "clear; $client --wait -i 0.1 grmon-wait-$$; echo status=\$?"
expect "waiting for a process named grmon-wait-" '--wait says that it waits for the start'
"$work/bin/grmon-wait-$$" 600 &
first=$!
started="$started $first"
expect "pid $first" 'the view attaches when the process starts'
expect 'sleep +>?[0-9]' 'the view shows its tasks'
kill -KILL "$first"
expect "process $first .* ended at .*; waiting for the next" 'when the process ends, the view says so and waits for the next'
"$work/bin/grmon-wait-$$" 600 &
second=$!
started="$started $second"
expect "pid $second" 'the next process of that name is watched'
# W keeps the other keys of the file.
mkdir -p "$XDG_CONFIG_HOME/grmon-c"
echo '{"of another version": [1, 2]}' >"$XDG_CONFIG_HOME/grmon-c/config.json"
press i
press W
expect 'config.json' 'W says where it saves the settings'
written() {
	tr -d ' \n' <"$XDG_CONFIG_HOME/grmon-c/config.json" | grep -qF '"ofanotherversion":[1,2]' &&
		grep -q '"hide_idle": true' "$XDG_CONFIG_HOME/grmon-c/config.json"
}
until_true written
ok $? 'the settings are saved, and other keys of the file are kept'
press q
expect '^status=0' 'the view exits with status 0'

rm "$XDG_CONFIG_HOME/grmon-c/config.json"
# The source follows the target: one exec loads the agent, the next one does not.
cat >"$work/second" <<SH
until [ -e "$work/go-2" ]; do sleep 0.05; done
unset LD_PRELOAD
exec sleep 600
SH
cat >"$work/first" <<SH
until [ -e "$work/go-1" ]; do sleep 0.05; done
export LD_PRELOAD="$agent"
exec sh "$work/second"
SH
sh "$work/first" &
changer=$!
started="$started $changer"
run_in_shell "clear; $client -i 0.1 $changer; echo status=\$?"
expect "pid $changer +native" 'a shell without the agent is watched from outside'
touch "$work/go-1"
expect "pid $changer +agent" 'when an exec loads the agent, the view changes to it'
touch "$work/go-2"
expect "pid $changer +native" 'when the next exec does not, the view changes back'
expect 'sleep +>?[0-9]' 'the rows are those of the new program'
press q
wait_for '^status='

# The terminal goes away, and with it the shell.
run_in_shell "clear; TMPDIR=$work/tmp $client run -i 0.1 -- sleep 600"
wait_for '^ *>?t[0-9]+ '
viewer=$(view_pid)
tmux -L "$server" kill-session -t view
until_true gone "$viewer" && no_log
ok $? 'so is one of a view whose terminal goes away'
