#!/bin/sh
# SPDX-License-Identifier: MIT
# A target that changes: the cursor stays on its task while rows change places, tasks end, the target
# is stopped, and it is killed while it is watched.
. "$(dirname "$0")/lib.sh"
plan 13

esc=$(printf '\033')
start_target LD_PRELOAD="$agent"
open_shell 100 30
view "--interval 0.1 $target"
wait_for 'flicker-2'
cursor_row() { colored | grep -E "$esc\[[0-9;]*7m($esc\[[0-9;]*m)*.? +t[0-9]+"; }
cursor_on() { cursor_row | grep -q "$1"; }
row_of() { screen | grep -n "^. *t[0-9].*$1" | cut -d: -f1; }
put_cursor_on() {
	press Home
	step j cursor_on "$1"
}

# The two flickers change places all the time, because sometimes one and sometimes the other is older.
put_cursor_on flicker-1
ok $? "the cursor is on a task"
first=$(row_of flicker-1)
row_moved() {
	cursor_on flicker-1 || strayed=1
	[ "$(row_of flicker-1)" != "$first" ]
}
strayed=0
until_true row_moved
ok $? "the row of that task moves"
[ $strayed -eq 0 ] && cursor_on flicker-1
ok $? "the cursor moves with its row"

put_cursor_on leaver
ok $? "the cursor is on another task"
at=$(row_of leaver)
kill -USR1 "$target"
expect 't[0-9]+ ended' "the footer says that the task has ended"
row_has_cursor() { colored | sed -n "$1p" | grep -qE "$esc\[[0-9;]*7m"; }
until_true row_has_cursor "$at"
ok $? "the cursor stays in its place when its task ends"

kill -STOP "$target"
frozen() { grep -q '^State:.T' "/proc/$target/status"; }
until_true frozen
age_of() { screen | grep sleeper | grep -oE '[0-9.]+s ' | head -n 1; }
age=$(age_of)
older() { [ "$(age_of)" != "$age" ] && [ -n "$(age_of)" ]; }
until_true older
ok $? "the table of a stopped target is still updated"
press k
until_true cursor_row >/dev/null
ok $? "keys work while the target is stopped"
press q
wait_for '^status=0'
view "--source native --interval 0.1 $target"
expect ' stopped ' "from outside the header says that the target is stopped"
kill -CONT "$target"
expect_gone ' stopped ' "the header no longer says so when the target continues"

kill -KILL "$target"
expect 'ENDED' "the header says that the target has ended"
expect "(ended|gone|killed).*q quits" "the footer says what to do next"
expect 'waiter-1' "the last sample stays"
press q
wait_for '^status='
