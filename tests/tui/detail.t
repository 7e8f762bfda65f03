#!/bin/sh
# SPDX-License-Identifier: MIT
# The detail view: state, stack, owner, who else waits, history, links, and an ended task.
. "$(dirname "$0")/lib.sh"
plan 19

start_target LD_PRELOAD="$agent"
open_shell 120 50
view "--filter waiter-1 $target"
wait_for 'waiter-1'
press Enter
expect '^ Task +t[0-9]+ +waiter-1' "Enter opens the task"
expect '^ State +mutex: waiting for a mutex' "the state has its help"
expect '^ Since +.*[0-9]s, (from|seen from) [0-9:]+' "the wait has its age"
expect "^ Held by +t$target +signal-wait" "the holder is shown with its state"
expect 'Other tasks that wait on it \(2\)' "the number of other waiters is shown"
expect '^ +t[0-9]+ +mutex +[0-9.]+s +waiter-2' "the other waiters are listed"
expect '^ +[0-9]+ +waiter .*tui_tasks.c:[0-9]+' "the stack reaches its own function, with line"
expect '^ Created by' "the creator is shown"
expect "^ +t$target +signal-wait +.*tui_tasks" "the creator is a task to go to"
expect '^ +[0-9]+ +start .*tui_tasks.c:[0-9]+' "the creator's stack"
expect '^ > +[0-9]+ +pthread_mutex_lock\(&lock\)' \
	"the source around its line"
press Tab Enter
expect '^ Task +t[0-9]+ +(tui_tasks|waiter-[23])' "n and Enter go to a task named there"
press Escape
expect '^ Task +t[0-9]+ +waiter-1' "Esc goes back to the one before"
kill -USR2 "$target" # frees the mutex: the three go on to pause()
expect '^ State +signal-wait' "the state follows the task"
press G
wait_for 'Switches'
expect '[0-9:]+ +mutex +for +[0-9.]+m?s' "the history says how long it was in earlier states"
press q
expect 'AGE▼' "q goes back to the table"

press /
press C-u
typed 'leaver'
press Enter
wait_for '1 of [0-9]+ shown'
press Enter
wait_for '^ Task +t[0-9]+ +leaver'
kill -USR1 "$target"
expect '^ Ended +it had ended at [0-9:]+; this is its last snapshot' "an ended task says so"
expect '^ State +semaphore' "an ended task keeps its last snapshot"
press q
press Escape
expect 'AGE▼' "the table is still there"
