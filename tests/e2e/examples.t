#!/bin/sh
# SPDX-License-Identifier: MIT
# Coroutines through the task API: a small scheduler, and a real library, GNU Pth. Each coroutine
# has its own row, which says what it waits for and who created it.
. "$(dirname "$0")/lib.sh"
need python3
plan 16

# run NAME: starts the example and waits until it prints its pid; the pid is in $last.
run() {
	: >"$work/log"
	start "$BUILD/examples/$1"
	until_true grep -qx "$1: pid $last" "$work/log"
}
# Prints the beginning of a question about the coroutine NAME.
the() { echo "row kind=coroutine name=$1 has"; }

run scheduler
pid=$last
check 'two coroutines are blocked for ever, in chan-send and chan-recv' until_true sees "$pid" \
	"$(the order) state=chan-send and $(the answer) state=chan-recv"
check 'the coroutine clock sleeps' until_true sees "$pid" "$(the clock) state=sleep"
check 'the coroutines of the pipeline wait for their channels' until_true sees "$pid" \
	"$(the square) state=chan-recv waits_on.text=ticks and $(the sum) state=chan-recv waits_on.text=squares"
check 'each stack has the function that waits' ask \
	"$(the answer) stack.*.function=await_answer" "$(the clock) stack.*.function=clock_tick" \
	"$(the order) stack.*.function=order_goods" "$(the square) stack.*.function=square" \
	"$(the sum) stack.*.function=sum_up"
check 'each coroutine was created by co_spawn() in main()' ask \
	"every kind=coroutine has created_by.0.function~='co_spawn(\..*)?' created_by.1.function~='main(\..*)?'"
check 'only the coroutine that set a label has it' ask \
	'values name kind=coroutine labels = order' "$(the order) labels='{\"customer\": \"ann\"}'"
check 'the thread has a row, and sleeps while no coroutine can run' until_true sees "$pid" \
	"values state kind=thread tid=$pid = sleep"
check 'a coroutine that ended has no row' ask 'no kind=coroutine name=errand'
check 'the sender is stuck, and the receiver has waited for long' until_true sees "$pid" \
	'values name stuck = order and values name long = answer' --stuck 1s
kill "$pid"
wait "$pid"
ok $? 'the scheduler ends with status 0'
check 'the coroutines did their work' grep -q '^the squares of the ticks add up to [1-9]' "$work/log"

if [ -x "$BUILD/examples/pth" ]; then
	run pth
	pid=$last
	check 'Pth: a coroutine waits for a mutex, its holder sleeps, and another reads' until_true sees "$pid" \
		"$(the fetch) state=mutex waits_on.text=stock and $(the stock) state=sleep and $(the door) state=io-read and $(the main) state=signal-wait"
	check 'Pth: rows keep changing' until_true sees "$pid" \
		"$(the load) switches>5 and $(the unload) state=cond"
	check 'Pth: a row has its function and its creator' ask \
		"$(the fetch) stack.*.function=fetch_goods created_by.0.function~='visible_spawn(\..*)?' created_by.1.function~='main(\..*)?' labels='{\"order\": \"17\"}'"
	kill "$pid"
	wait "$pid"
	ok $? 'Pth: the program ends with status 0'
	check 'Pth: the program did its work' grep -q '^[1-9][0-9]* pieces handled' "$work/log"
else
	for name in wait change who end work; do ok 0 "Pth: $name # SKIP the example is not built"; done
fi
