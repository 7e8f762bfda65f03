#!/bin/sh
# SPDX-License-Identifier: MIT
# The process list: the first screen without a target, filter, sort, attach, and P.
. "$(dirname "$0")/lib.sh"
plan 14

start_target
open_shell 100 30
run_in_shell "clear; $client; echo status=\$?"
expect '^ *PID +SOURCE[▲▼]? +TASKS' "without a target the list of processes is shown first"
press w
expect 'choose a process first' "there is no view of waits yet"
wait_gone 'choose a process first'
press t
expect 'choose a process first' "without a target there is no view of tasks yet"
press /
typed "$target"
expect "^ *$target +(native|agent) +[0-9]+ .*tui_tasks" "the list is filtered while the filter is typed"
press Enter
expect 'Processes: [0-9]+ of [0-9]+, filter:' "the footer counts matches"
press Enter
expect "^tui_tasks +pid $target" "Enter watches the process"
expect 'waiter-1' "the view shows its tasks"
press P
expect "^ *$target .*tui_tasks" "P goes back to the list"
press q
expect 'waiter-1' "q goes back to the tasks"
press P Escape
expect 'Processes: ([0-9]+) of \1\.' "Esc shows all processes again"
press s
wait_for 'Sort by'
press Home Enter
expect '^ *PID[▲▼]' "the list is sorted by pid"
press P q q
expect '^status=0' "q ends the client"

ln -s "$(command -v sleep)" "$work/twin$$"
for _ in 1 2; do
	"$work/twin$$" 600 &
	started="$started $!"
done
run_in_shell "clear; $client twin$$"
expect "Processes: 2 of [0-9]+, filter: twin$$" "for a name that several processes have, the list is shown"
press Enter
expect "^twin$$ +pid [0-9]+" "Enter watches the chosen process"
