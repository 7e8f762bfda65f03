#!/bin/sh
# SPDX-License-Identifier: MIT
# The waits view: deadlocks first, many waiters folded into one line, the task that blocks all
# others, Enter to open a task and back; and the signs of a deadlock in the other views.
. "$(dirname "$0")/lib.sh"
plan 19

# start_locks KIND...: starts tests/targets/lock_cycles; its pid is in $target.
start_locks() {
	: >"$work/ready"
	[ -p "$work/hold" ] || mkfifo "$work/hold"
	"$BUILD/tests/targets/lock_cycles" "$@" <"$work/hold" >"$work/ready" 2>/dev/null &
	target=$!
	started="$started $target"
	exec 9>"$work/hold"
	until_true is_ready || give_up "the target does not start"
}

start_locks wide 12
open_shell 110 23
view "--interval 0.2 $target"
expect '^! 1 deadlock of t[0-9]+ and t[0-9]+, 12 wait behind *$' "the header says that there is a deadlock"
expect '^D t[0-9]+ +mutex .* ring ' "D marks the rows of the deadlock"
sees '^D t[0-9]+ .* behind '
[ $? -ne 0 ]
ok $? "rows that only wait for the deadlock have no D"
press w
expect '^Deadlock 1: t[0-9]+ and t[0-9]+ wait for each other' "w shows waiters and holders"
[ "$(screen | grep -cE '^D t[0-9]+ +ring +mutex ')" -eq 2 ]
ok $? "every task of the cycle is shown"
expect '^ +.. \+ 12 wait for mutex 0x[0-9a-f]+, oldest [0-9.]+s' "many tasks that wait for one object are one line"
expect 'blocks 12, mutex' "the holder has the number of tasks that it blocks"
expect '1 deadlock, [0-9]+ waiting for others' "the footer counts deadlocks and waiters"
press Down Down
press Enter
expect '^ +.. +t[0-9]+ +behind +mutex' "Enter unfolds that line"
press Enter
expect_gone ' behind ' "Enter folds it again"
press e
expect ' behind ' "e unfolds everything"
press e
expect_gone ' behind ' "e folds it again"
press Home
mouse 0 10 20
mouse 0 10 20
press Down Enter
expect '^ D +in a deadlock' "Enter opens a task, which has a D too; a click below the lines moved nothing"
press q
expect '^Deadlock 1:' "q goes back to the waits"
press q
expect '^! +ID +STATE' "q again goes back to the tasks"
press q
wait_for '^status=0'
view "--interval 0.2 --ascii $target"
press w
expect '^ +`- \+ 12 wait for mutex' "--ascii draws branches in ASCII"
press q q
wait_for '^status=0'

# Not a deadlock: the thread that holds the mutex sleeps.
start_target
view "--interval 0.2 $target"
press w
expect '^t[0-9]+ holds mutex 0x[0-9a-f]+, itself in [a-z-]+.*; 3 wait' "a sentence names the task that blocks all others"
sees 'Deadlock|deadlock '
[ $? -ne 0 ]
ok $? "such a wait is not called a deadlock"
resize 20 5
expect '^`-|^..? ?t|^t[0-9]+' "a very small terminal shows a part of the waits"
press q q
