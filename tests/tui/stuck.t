#!/bin/sh
# SPDX-License-Identifier: MIT
# Stuck tasks: a sign, an attribute and the evidence after the threshold, the count in the header,
# and the keys that go there. Long tasks have their own sign and count.
. "$(dirname "$0")/lib.sh"
plan 15

esc=$(printf '\033')
start_target
open_shell 100 30
view "--stuck 4s --interval 0.2 $target"
wait_for 'waiter-1'
sees '^! +t[0-9]+'
[ $? -ne 0 ]
ok $? "no task is stuck at first"
expect '^\? +t[0-9]+ +semaphore .*leaver' "a wait for an event during work is long, with another sign"
expect '^! +t[0-9]+ +mutex .*waiter-1' "a task over the threshold is stuck, with a sign"
style="$esc\[[0-9;]*m"
stuck_is_strong() {
	colored | grep -qE "$esc\[([0-9;]*;)?1(;[0-9;]*)?m($style)*!($style)* t[0-9]+ ($style)*mutex"
}
until_true stuck_is_strong
ok $? "a stuck row has its own attribute"
red='(38;5;196|[^0-9]91|[^0-9]31)m'
stuck_is_red() { colored | grep -qE "$red($style)*!($style)* t[0-9]+ .*${red}mutex.*$red>"; }
until_true stuck_is_red
ok $? "the mark, state and age of a stuck row are red"
expect '!3 stuck +\?1 long' "the header counts stuck and long tasks"
sees '^[!?] +t[0-9]+ +sleep'
[ $? -ne 0 ]
ok $? "an idle state is not stuck"
on_stuck() { # succeeds if the row of the cursor is stuck
	colored | grep -E "$esc\[[0-9;]*7m" | grep -qE "!($style)* +t[0-9]+"
}
expect '^\? help .* n next stuck .* x resources' "the footer has the key that goes there, and those of other views"
until_true on_stuck
ok $? "before any key, the cursor is on a stuck task"
press G
until_true cursor_is_at flicker
ok $? "a key moves it away, and it stays"
press n
until_true on_stuck
ok $? "n goes to a stuck task"
press q
wait_for '^status=0'
view "--stuck mutex=never,sleep=1s --interval 0.2 $target"
expect '^! +t[0-9]+ +sleep .*sleeper' "--stuck can name an idle state"
sees '^! +t[0-9]+ +mutex'
[ $? -ne 0 ]
ok $? "--stuck can exempt another state"
press q
wait_for '^status=0'

# With the agent a task has one frame in the table, and its whole stack when it is open.
start_target LD_PRELOAD="$agent"
view "--stuck 1s --interval 0.1 --filter waiter-1 $target"
wait_for '^! t[0-9]+'
press Enter
wait_for '^ +[0-9]+ +(start_thread|waiter) '
expect '^ ! +stuck: waits for .*; threshold 1.0s$' "an open task stays stuck when its stack is read"
# The page grows when the whole stack is read, so the test goes to its end again.
at_end() {
	press G
	sees '^ Thread +[0-9]+' && sees '^ History'
}
until_true at_end && [ "$(screen | grep -cE '[0-9:]{8} +mutex +for')" -eq 1 ]
ok $? "reading the stack does not begin a new wait"
press q q
