#!/bin/sh
# SPDX-License-Identifier: MIT
# python3 with threads in every wait of its standard library, with and without the agent: the result
# of the program is right, and the rows say what each thread waits for.
. "$(dirname "$0")/lib.sh"
need python3
plan 7

expected='row name=w-recv has state=io-read and row name=w-accept has state=accept and row name=w-sleep has state=sleep and row name=w-child has state=wait-child'

for preload in '' "$agent"; do
	: >"$work/log"
	start env LD_PRELOAD="$preload" python3 "$beside/python_program.py"
	pid=$last
	with=${preload:+with the agent}
	with=${with:-without the agent}
	check "the program computes the right result, $with" until_true grep -qx 'ready 2666646666700000' "$work/log"
	check "its threads have their states, $with" until_true sees "$pid" "$expected"
	check "every state agrees with the system call, $with" \
		until_true "$(dirname "$0")/syscall_truth.py" "$client" "$pid" 8
done
check 'with the agent, too, waits for locks, events and queues are what Python calls them' until_true sees "$pid" \
	'row name=w-lock has state=mutex waits_on.address and row name=w-event has state=cond and row name=w-queue has state=chan-recv'
