#!/bin/sh
# SPDX-License-Identifier: MIT
# Tasks of asyncio, by every interpreter that is installed: which there are and what each awaits, as the program
# itself sees it, what they wait for, and tasks that leak.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((3 * $(wc -l <"$work/pythons") + 7))

same_frames() { dump "$target" && "$(dirname "$0")/python_asyncio_frames.py" "$work/dump.json" "$work/frames"; }
kinds='row name=getter has kind=coroutine state=chan-recv waits_on.kind=channel waits_on.text="queue len 0"
	and row name=putter has state=chan-send waits_on.text="queue cap 1, len 1"
	and row name=event has state=cond waits_on.text^="event 0x"
	and row name=condition has state=cond waits_on.text^="condition 0x"
	and row name=semaphore has state=semaphore waits_on.text~="semaphore .*, value 0$"
	and row name=sleeper has state=sleep waits_on.text^="until " idle=true
	and row name=future has state=waitgroup waits_on.text^="future 0x"
	and row name=executor has state=join waits_on.text="work in another thread"
	and row name=wait has state=waitgroup waits_on.text="wait of 2, 2 not done"
	and row name=gather has state=waitgroup waits_on.text="gather of 2, 2 not done" labels.awaited_by=Task-1
	and row name=reader has state=io-read waits_on.kind=fd waits_on.text~="fd [0-9]+ unix"
	and row name=child-1 has labels.awaited_by=gather'
words() { dump "$target" && ask "$(echo "$kinds" | tr '\n"' " '")"; }
owners() {
	dump "$target" --stuck 50ms && holder=$(ask 'value id name=holder') && sleeper=$(ask 'value id name=sleeper') &&
		ask "row name=waiter has state=mutex evidence^='waits for a mutex held by $holder, for ' waits_on.owner=$holder waits_on.text~='^lock 0x.*, held by holder, $holder\$' and row name=task has state=join waits_on.owner=$sleeper waits_on.text='task sleeper, $sleeper'"
}

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	rm -f "$work/socket"
	begin_python "$python" asyncio_waits.py "$work/frames"
	check "$version: every task is a row, with the functions and lines that it awaits" until_true same_frames
	check "$version: waits have asyncio's words" until_true words
	check "$version: a lock and a task that is awaited lead to the task that it depends on" until_true owners
	end_target
done <"$work/pythons"

begin_python python3 asyncio_leak.py
leaks() { "$client" check "$target" --no-leak --for 30s -i 0.05 >"$work/check" 2>&1; [ $? -eq 1 ] && grep -q forgotten "$work/check"; }
check 'check names the coroutine that is forgotten for each request' leaks
rests() { dump "$target" && ask 'every name^=worker has idle=true state=chan-recv'; }
check 'workers that share a queue rest' until_true rests
stable() {
	dump "$target" && ask 'value id name=worker-1' >"$work/first" && dump "$target" && ask 'value id name=worker-1' | cmp - "$work/first"
}
check 'a task has the same number in every look' stable
end_target

begin_python python3 asyncio_rest.py "$work/wanted"
# A look takes a fraction of a second.
waited() { dump "$target" && ask 'row stack.0.function=Queue.get has age_ns>3000000000 age_exact=false stuck=false'; }
check 'one look shows that a task has waited as long as its loop has slept' until_true waited
touch "$work/wanted" # another thread now makes a task, and does not wake the loop
newborn() { dump "$target" && ask 'row name=late has state=runnable age_ns<2500000000'; }
check 'a task that another thread has just made has not waited as long' until_true newborn
end_target

begin_python python3 asyncio_turns.py
record_some 6 "$work/turns" "$target" -i 1
check 'a task that waits for another one than before has not waited since before that' \
	"$beside/python_asyncio_turns.py" "$work/turns"
end_target

begin_python python3 asyncio_leak.py awaited
awaited() { "$client" check "$target" --no-leak --for 30s -i 0.05 >"$work/check" 2>&1; [ $? -eq 1 ] && grep -q '^ *awaited by the-server$' "$work/check"; }
check 'check says who awaits the tasks of a leak' awaited
end_target
