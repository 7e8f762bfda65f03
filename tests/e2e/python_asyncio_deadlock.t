#!/bin/sh
# SPDX-License-Identifier: MIT
# Deadlocks of asyncio's tasks, by every interpreter that is installed; in dump, check and recordings.
. "$(dirname "$0")/lib.sh"
need python3
pythons >"$work/pythons"
[ -s "$work/pythons" ] || skip_all 'there is no CPython from 3.8 on'
plan $((2 * $(wc -l <"$work/pythons") + 3))

names() {
	dump "$target" && ask 'has cycles.#=2' || return 1
	for cycle in 0 1; do
		for id in $(ask "in cycles.$cycle.* list ."); do ask "value name id=$id"; done | sort | tr '\n' ' '
		echo
	done | sort >"$work/names"
	printf 'mutual-0 mutual-1 \nring-0 ring-1 ring-2 \n' | cmp -s - "$work/names"
}
late() { dump "$target" && first=$(ask 'value id name=ring-0') && ask "row name=late has state=mutex waits_on.owner=$first and every name^=taken has state=mutex waits_on.owner=null and count name^=taken = 2"; }

while read -r python; do
	version=$("$python" -c 'import platform; print(platform.python_version())')
	begin_python "$python" asyncio_deadlock.py
	check "$version: a ring of locks and one of tasks are deadlocks, and one with a timeout is not" until_true names
	check "$version: a task that waits for one of their locks names its holder" until_true late
	end_target
done <"$work/pythons"

begin_python python3 asyncio_deadlock.py
checked() { "$client" check "$target" --no-deadlock >"$work/check" 2>&1; [ $? -eq 1 ] && grep -q ring-1 "$work/check"; }
check 'check fails and says who is in a deadlock of tasks' until_true checked
record_some 4 "$work/tape" "$target" -i 0.2
replayed() { "$client" dump "$work/tape" -f json >"$work/dump.json" && ask "has cycles.#=2 and count kind=coroutine > 9"; }
check 'a recording has the tasks and their deadlocks' replayed
folded() { "$client" dump "$target" -f folded | grep -q '^main (asyncio_deadlock.py:[0-9]*);sleep (tasks.py:[0-9]*);'; }
check 'stacks of tasks are folded' folded
end_target
