#!/bin/sh
# SPDX-License-Identifier: MIT
# The threads of a Python program, by every interpreter that is installed: names and stacks are those
# that Python itself says, and each row says what its thread waits for, and who holds that.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((6 * $(wc -l <"$work/pythons")))
targets=$beside/../targets/python

frames() { dump "$target" && "$beside/python_threads_frames.py" "$work/dump.json" "$work/frames"; }
own() { ask "row name=w_get has stack.1.function~='(Queue.)?get'" && "$client" dump "$target" | grep -q '  w_get  *w_get  *waits.py:'; }

# Name of the thread, its state, and what it waits on.
waits="w_acquire mutex 'lock 0x[0-9a-f]+, holder unknown'
w_barrier barrier 'barrier 0x[0-9a-f]+, 1 of 3 are there'
w_child wait-child 'child [0-9]+ sleep'
w_condition cond 'condition 0x[0-9a-f]+'
w_condition_limited cond 'condition 0x[0-9a-f]+, 50m00s at most'
w_deep cond 'event 0x[0-9a-f]+'
w_event cond 'event 0x[0-9a-f]+'
w_generator cond 'event 0x[0-9a-f]+'
w_get chan-recv 'queue len 0'
w_join join 'thread keeper, t[0-9]+'
w_lock mutex 'lock 0x[0-9a-f]+, held by t[0-9]+'
w_put chan-send 'queue cap 1, len 1'
w_recv io-read 'fd [0-9]+ unix.*'
w_process_lock mutex 'lock between processes 0x[0-9a-f]+, holder unknown'
w_process_semaphore semaphore 'semaphore between processes 0x[0-9a-f]+'
w_queued waitgroup 'future 0x[0-9a-f]+, not begun'
w_result waitgroup 'future 0x[0-9a-f]+'
w_rlock mutex 'rlock 0x[0-9a-f]+, held by t[0-9]+'
w_accept accept 'fd [0-9]+ tcp .* listening'
w_semaphore semaphore 'semaphore 0x[0-9a-f]+, value 0'
w_sleep sleep '.*(until|at most).*'
w_wait waitgroup 'futures'"
words() {
	dump "$target" || return 1
	while read -r name state text; do
		ask "row name=$name has state=$state waits_on.text~=$text" || return 1
	done <<END
$waits
END
	# Which thread of the pool takes the work is open.
	ask "row name^=pool_ state=cond waits_on.text~='event 0x[0-9a-f]+'" &&
		ask "row name^=pool_ state=chan-recv waits_on.text='queue of a thread pool'"
}
holder() {
	dump "$target" && keeper=$(ask 'value id name=keeper') &&
		ask "every name~='w_lock|w_rlock|w_join' has waits_on.owner=$keeper and no name=w_acquire waits_on.owner"
}
same_object() { ask 'distinct waits_on.address name~="w_event|w_deep|w_generator" = 1 and distinct waits_on.address name^=w_condition = 1'; }

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	: >"$work/log"
	start "$python" "$targets/waits.py" "$work/frames"
	target=$last
	until_true grep -qx ready "$work/log" || give_up "Python $version does not start"
	check "$version: every thread has the name and the stack that Python says" until_true frames
	check "$version: the header says which Python it is" ask "has target.runtime^='CPython 3.'"
	check "$version: FUNCTION is the innermost one of the program's own code" own
	check "$version: each thread has the state and the object of its wait" until_true words
	check "$version: a lock taken by with, an rlock and a join name their thread" until_true holder
	check "$version: those who wait for one object have its address" same_object
	kill "$target"
	wait "$target" 2>/dev/null
done <"$work/pythons"
