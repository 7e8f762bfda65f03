#!/bin/sh
# SPDX-License-Identifier: MIT
# The detail view: state, stack, owner, other waiters, history, links, and a task that has ended.
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
expect '^ +[0-9]+ +waiter .*tui_tasks.c:[0-9]+' "the stack reaches the function of the thread, with its line"
expect '^ Created by' "the creator is shown"
expect "^ +t$target +signal-wait +.*tui_tasks" "the creator is a task that can be opened"
expect '^ +[0-9]+ +start .*tui_tasks.c:[0-9]+' "the stack of the creator is shown"
expect '^ > +[0-9]+ +pthread_mutex_lock\(&lock\)' \
	"the source around its line"
press Tab Enter
expect '^ Task +t[0-9]+ +(tui_tasks|waiter-[23])' "n and Enter open a task that is named there"
press Escape
expect '^ Task +t[0-9]+ +waiter-1' "Esc goes back to the task before"
kill -USR2 "$target" # releases the mutex: the three threads continue to pause()
expect '^ State +signal-wait' "the state follows the task"
press G
wait_for 'Switches'
expect '[0-9:]+ +mutex +for +[0-9.]+m?s' "the history says how long the task was in earlier states"
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
expect '^ Ended +it had ended at [0-9:]+; this is its last snapshot' "the view says that the task has ended"
expect '^ State +semaphore' "an ended task keeps its last snapshot"
press q
press Escape
expect 'AGE▼' "the table is still there"
